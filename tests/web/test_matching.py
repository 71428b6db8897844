"""Suggestions on pages: the reviewer's list of donors, the donor's list of needs, the reasons on a need's page."""

import re

import pytest
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.donors.models import Donor
from marketplace.matching import service
from marketplace.matching.engine.features import FEATURES
from marketplace.matching.engine.model import EXPERT
from marketplace.web.matching.refresh import wait_until_settled
from tests import factories
from tests.client import Client
from tests.factories import NOW, TREE

WARM = {"kinds": [SupportKind.GOODS.value], "categories": [NeedCategory.WRM.value], "areas": [TREE.county]}


def run() -> None:
    """Rank everything."""
    with transaction():
        service.run(now=NOW)


def text(client: Client, path: str) -> str:
    """A page that must be there."""
    response = client.get(path)
    assert response.status_code == 200, path
    return response.get_data(as_text=True)


def test_a_reviewer_sees_who_could_help_and_why_by_code_alone(app: Flask) -> None:
    need = factories.make_need()
    donor = factories.make_donor(preference=WARM, name="王小明")
    run()
    reviewer = factories.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    page = text(app.test_client().login(reviewer), f"/desk/needs/{need.code}/donors")
    assert donor.code in page
    assert "愿意帮这一类" in page
    assert "王小明" not in page


def test_a_reviewer_of_another_township_finds_nothing(app: Flask) -> None:
    """Z2: 404, not 403."""
    need = factories.make_need()
    stranger = factories.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.other_township)
    client = app.test_client().login(stranger)
    assert client.get(f"/desk/needs/{need.code}/donors").status_code == 404
    assert client.post(f"/desk/needs/{need.code}/donors").status_code == 404


def test_ranking_again_finds_who_came_since(app: Flask) -> None:
    need = factories.make_need()
    run()
    donor = factories.make_donor(preference=WARM)
    reviewer = factories.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    client = app.test_client().login(reviewer)
    path = f"/desk/needs/{need.code}/donors"
    assert donor.code not in text(client, path)
    assert client.submit(path, form=path).status_code == 303
    assert donor.code in text(client, path)


def test_an_auditor_reads_and_cannot_rank(app: Flask) -> None:
    need = factories.make_need()
    client = app.test_client().login(factories.make_user(Role.AUDITOR, division=TREE.prefecture))
    path = f"/desk/needs/{need.code}/donors"
    assert "重新推荐" not in text(client, path)
    assert client.post(path).status_code == 403


def test_a_donor_finds_suggestions_with_reasons_on_the_own_page(app: Flask) -> None:
    need = factories.make_need()
    donor = factories.make_donor(preference=WARM)
    run()
    page = text(_signed_in(app, donor), "/my")
    assert f"/needs/{need.code}" in page
    assert "愿意帮这一类" in page


def test_the_needs_own_page_says_why_to_that_donor_alone(app: Flask) -> None:
    need = factories.make_need()
    donor = factories.make_donor(preference=WARM)
    run()
    path = f"/needs/{need.code}"
    assert "为什么推荐给您" in text(_signed_in(app, donor), path)
    assert "为什么推荐给您" not in text(app.test_client(), path)


def test_without_personalisation_no_reasons_are_shown(app: Flask) -> None:
    need = factories.make_need()
    donor = factories.make_donor(preference={**WARM, "personalised": False})
    run()
    client = _signed_in(app, donor)
    page = text(client, "/my")
    assert f"/needs/{need.code}" in page
    assert "按等待时间和紧急程度排" in page
    assert "愿意帮这一类" not in page
    assert "为什么推荐给您" not in text(client, f"/needs/{need.code}")


def _signed_in(app: Flask, donor: Donor) -> Client:
    client: Client = app.test_client()
    return client.login(db.session.get_one(User, donor.user_id))


def test_personal_suggestions_go_off_and_on_in_one_tap_from_the_list(app: Flask) -> None:
    """R-P8: a donor may refuse personal suggestions where they stand."""
    need = factories.make_need()
    donor = factories.make_donor(preference=WARM)
    run()
    client = _signed_in(app, donor)
    for choice, words in (("off", "按等待时间和紧急程度排"), ("on", "愿意帮这一类")):
        answer = client.submit("/my", form=f"/my/preferences/personalised/{choice}")
        assert (answer.status_code, answer.location) == (303, "/my")
        page = text(client, "/my")
        assert words in page
        assert f"/needs/{need.code}" in page
        assert f"/my/preferences/personalised/{'on' if choice == 'off' else 'off'}" in page
    wait_until_settled()


def test_the_method_is_told_with_the_weights_that_rank(app: Flask) -> None:
    page = text(app.test_client(), "/how-we-match")
    shown = [float(number) for number in re.findall(r'<td class="n">([\d.]+)</td>', page)]
    assert len(shown) == len(FEATURES)
    assert sum(shown) == pytest.approx(100, abs=0.7)
    assert EXPERT.version in page
    assert "从未受助" in page


def test_staff_read_why_a_donor_is_not_suggested(app: Flask) -> None:
    need = factories.make_need()
    near = factories.make_donor(preference=WARM)
    far = factories.make_donor(preference={**WARM, "areas": [TREE.other_county]})
    run()
    reviewer = factories.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    client, path = app.test_client().login(reviewer), f"/desk/needs/{need.code}/donors?donor="
    near_code, far_code = near.code, far.code
    assert "不会推荐给这个需求" in text(client, path + far_code)
    assert "按分数排第 1，共 1 位" in text(client, path + near_code)
    assert "不是爱心人士编号" in text(client, path + "nonsense")
    assert "nonsense" in text(client, path + "nonsense")
