"""Suggestions on pages: the reviewer's list of donors, the donor's list of needs, the reasons on a need's page."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.accounts.models import User
from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.donors.models import Donor
from marketplace.matching import service
from marketplace.matching.engine.features import FEATURES
from marketplace.matching.engine.model import EXPERT
from marketplace.matching.models import Direction, MatchChange, Suggestion
from marketplace.needs.models import Need
from marketplace.pledges.offering import offer_need
from marketplace.web.matching.refresh import wait_until_settled
from tests import factories
from tests.client import Client
from tests.factories import NOW, TREE
from tests.scenes import make_scene, picture

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


def listed(need: Need, *, direction: Direction) -> int:
    """In how many lists of that direction the need stands."""
    db.session.rollback()
    of_need = (Suggestion.need_id == need.id, Suggestion.direction == direction)
    return db.session.scalar(sa.select(sa.func.count()).select_from(Suggestion).where(*of_need)) or 0


def test_a_withdrawn_need_leaves_its_own_list_at_once_and_every_other_soon(app: Flask) -> None:
    clerk = factories.make_user(Role.VILLAGE_CLERK, division=TREE.village)
    need, other = factories.make_need(poster=clerk), factories.make_need()
    factories.make_donor(preference=WARM)
    run()
    service.warm_up()
    client = app.test_client().login(clerk)
    path = f"/desk/needs/{need.code}"
    assert client.submit(path, form=f"{path}/withdraw").status_code == 303
    assert listed(need, direction=Direction.DONORS_FOR_NEED) == 0
    wait_until_settled()
    assert listed(need, direction=Direction.NEEDS_FOR_DONOR) == 0
    assert listed(other, direction=Direction.NEEDS_FOR_DONOR) == 1


@pytest.mark.parametrize(("answer", "lists"), [("accept", 0), ("decline", 1)])
def test_an_answered_offer_ranks_its_need_and_its_donor_again(app: Flask, answer: str, lists: int) -> None:
    need, donor = factories.make_need(), factories.make_donor(preference=WARM)
    factories.make_donor(preference=WARM)
    run()
    with transaction() as session:
        pledge = offer_need(
            session.get_one(Need, need.id),
            donor=session.get_one(Donor, donor.id),
            quantities={line.id: line.quantity for line in need.lines},
            client_key="offer-1",
            by=factories.make_actor(Role.COUNTY_ADMIN),
            now=NOW,
        )
        code = pledge.code
    client = _signed_in(app, donor)
    assert client.submit("/my", form=f"/my/pledges/{code}/{answer}").status_code == 303
    assert changed() == {(need.id, None), (None, donor.id)}
    wait_until_settled()
    assert listed(need, direction=Direction.DONORS_FOR_NEED) == 2 * lists


def test_every_step_of_a_gift_ranks_its_need_and_its_donor_again(app: Flask) -> None:
    scene = make_scene()
    run()
    service.warm_up()
    touched = {(scene.need.id, None), (None, scene.donor.id)}
    record = f"/desk/pledges/{scene.pledge.code}"
    answer = {"slip": scene.slip.lower(), "arrived": "yes", "note": ""}
    steps: list[tuple[User | None, str, str, dict[str, object]]] = [
        (scene.reviewer, record, f"{record}/receipt", {"receipt-custodian": "乡政府仓库"}),
        (
            scene.clerk,
            record,
            f"{record}/delivery",
            {"delivery-photo": (picture(), "photo.jpg"), "delivery-witness": "work_team"},
        ),
        (None, "/confirm", "/confirm", answer),
    ]
    for who, page, form, fields in steps:
        client = app.test_client().login(who) if who else app.test_client()
        assert client.submit(page, form=form, **fields).status_code == 303
        assert changed() == touched, form
        run()
    wait_until_settled()


def test_a_page_that_was_refused_ranks_nothing_again(app: Flask) -> None:
    factories.make_need()
    donor = factories.make_donor(preference=WARM)
    run()
    answer = _signed_in(app, donor).submit("/my/preferences", form="/my/preferences", budget="much")
    assert answer.status_code == 422
    assert changed() == set()


def changed() -> set[tuple[int | None, int | None]]:
    """What was written down as changed since the last run."""
    db.session.rollback()
    return {
        (need_id, donor_id)
        for need_id, donor_id in db.session.execute(sa.select(MatchChange.need_id, MatchChange.donor_id))
    }
