"""Consent: given by purpose, read by version, taken back by slip, account or clerk; then no page names the need."""

import hashlib
import re

import pytest
from flask import Flask

from marketplace.core.actor import PUBLIC
from marketplace.core.errors import Conflict
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.db.clock import utc_now
from marketplace.ledger.check import check_ledger
from marketplace.media.models import Photo
from marketplace.needs import queries, service
from marketplace.needs.consent_texts import CONSENT_TEXT, consent_texts
from marketplace.needs.models import Consent, ConsentHow, ConsentPurpose, Need, Purpose, WithdrawnBy
from marketplace.needs.slips import slip_index
from marketplace.notices.service import plan_notice
from tests import posting
from tests.client import Client
from tests.factories import NOW, TREE, actor_for, make_household, make_need, make_user
from tests.scenes import Scene, confirmed, make_scene

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
SLIP = "K7QP-3XWD"
# A published text never changes: whoever changes one makes a new version and adds its line here.
PUBLISHED = {"2018-01": "edf23b2d7b695131"}


def test_a_published_text_of_the_agreement_never_changes() -> None:
    """R-P5: every agreement can be read as it was given."""
    digests = {v: hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] for v, lines in consent_texts().items()}
    assert digests == PUBLISHED
    assert CONSENT_TEXT in PUBLISHED


@SQLITE
def test_everybody_can_read_what_a_household_agrees_to(client: Client) -> None:
    assert "我随时可以撤回" in client.get(f"/consent/{CONSENT_TEXT}").get_data(as_text=True)
    assert client.get("/consent/1999-01").status_code == 404


def public_pages(client: Client, scene: Scene) -> dict[str, str]:
    """Everything that anybody may ask for about a need, its place, its gift and the figures."""
    need, pledge = scene.need, scene.pledge
    paths = [
        "/",
        "/needs",
        "/needs?s=open",
        "/needs?s=covered",
        "/needs?s=done",
        "/needs?q=棉被",
        "/needs?q=取暖炉&s=done",
        f"/needs?area={TREE.county}&s=done",
        f"/needs/{need.code}",
        f"/needs/{need.code}/pledge",
        f"/find?q={need.code}",
        f"/divisions/{TREE.township}",
        f"/divisions/{TREE.village}",
        "/disclosure",
        "/disclosure.csv",
        f"/disclosure/{pledge.code}",
        "/statistics?kind=all",
        "/statistics/codes?kind=all&step=published",
        "/statistics/codes?kind=all&step=confirmed",
        f"/donors/{scene.donor.code}",
        f"/consent/{CONSENT_TEXT}",
    ]
    return {path: client.get(path).get_data(as_text=True) for path in paths}


def test_taken_back_consent_leaves_no_public_page_and_no_export(app: Flask, client: Client) -> None:
    """P6, R-P5: off every list, page, search, export and photo at once; public pages are kept for 60 seconds."""
    scene = confirmed(make_scene())
    story = scene.need.story
    before = public_pages(client, scene)
    assert sum(scene.need.code in text for text in before.values()) >= 5
    assert any(story in text for text in before.values())
    photos = [photo.token for photo in db.session.query(Photo).filter(Photo.is_public)]
    assert photos

    client.post("/slip", data={"slip": scene.slip})
    assert client.post("/slip/withdraw", data={"purpose": "publication"}).status_code == 303

    stranger = app.test_client()
    assert isinstance(stranger, Client)
    after = public_pages(stranger, scene)
    named = {path for path, text in after.items() if scene.need.code in text}
    # What a visitor typed stands in the answer to it: the address of the page that is gone, and the search for it.
    assert named <= {f"/needs/{scene.need.code}", f"/needs/{scene.need.code}/pledge", f"/find?q={scene.need.code}"}
    assert [path for path, text in after.items() if story in text or "炉子不漏烟了" in text] == []
    assert stranger.get(f"/needs/{scene.need.code}").status_code == 410
    assert [token for token in photos if stranger.get(f"/photos/{token}.jpg").status_code != 404] == []
    kept = [stranger.get(path).headers["Cache-Control"] for path in ("/", "/needs", "/disclosure", "/disclosure.csv")]
    assert all(int(found[1]) <= 60 for text in kept if (found := re.search(r"max-age=(\d+)", text)))
    # The book stays, without the household: the gift is there and every invariant holds.
    assert scene.pledge.code in after["/disclosure.csv"]
    assert all(result.holds for result in check_ledger())


def test_taken_back_consent_leaves_the_notices_and_the_tickets(app: Flask, client: Client) -> None:
    """P6: what hangs on a public notice, and what somebody has asked about, is struck with the card."""
    told = {"story": "灶房的炉子锈穿漏烟，一家五口挤在一间屋。", "title": "青稞磨面机 1 台"}
    need = make_need(slip_index=slip_index(SLIP), **told)
    with transaction() as session:
        needs = [session.get_one(Need, need.id)]
        by = actor_for(posting.reviewer())
        notice = plan_notice(division=TREE.village, days=5, needs=needs, by=by, now=utc_now())
    posting.post(notice, now=utc_now())
    ticket = posting.complain(need.code, words=f"{need.code}这条需求写得不实。", now=utc_now())
    handler = make_user(Role.COUNTY_ADMIN, division=TREE.county)
    posting.settle(ticket, "dismiss", by=handler, words=f"{need.code}已入户核实。", now=utc_now())
    pages = ["/notices", f"/notices/{notice.code}", f"/report/{ticket.code}", f"/divisions/{TREE.village}"]
    assert need.title in client.get(f"/notices/{notice.code}").get_data(as_text=True)
    assert client.get(f"/report/{ticket.code}").get_data(as_text=True).count(need.code) == 2
    client.post("/slip", data={"slip": SLIP})
    assert client.post("/slip/withdraw", data={"purpose": "publication"}).status_code == 303
    stranger = app.test_client()
    for page in pages:
        answer = stranger.get(page)
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200, page
        assert (need.title in text, need.story in text) == (False, False), page
        assert need.code not in text, page
    assert stranger.get(f"/report?about={need.code}").status_code == 404


@pytest.mark.parametrize("way", ["slip", "clerk", "account"])
def test_consent_is_taken_back_as_easily_as_it_was_given(app: Flask, client: Client, way: str) -> None:
    """R-P5: by the slip on any phone, by the clerk for the household, or by its own account."""
    user = make_user(Role.HOUSEHOLD)
    household = make_household(TREE.village, user=user)
    need = make_need(household=household, slip_index=slip_index(SLIP))
    if way == "slip":
        client.post("/slip", data={"slip": SLIP.lower()})
        client.post("/slip/withdraw", data={"purpose": "publication"})
    else:
        client.login(user if way == "account" else make_user(Role.VILLAGE_CLERK, division=TREE.village))
        client.submit(
            f"/desk/needs/{need.code}", form=f"/desk/needs/{need.code}/consent/withdraw", purpose="publication"
        )
    db.session.rollback()
    row = db.session.query(ConsentPurpose).one()
    hows = {"slip": WithdrawnBy.SLIP, "clerk": WithdrawnBy.STAFF, "account": WithdrawnBy.OWN_ACCOUNT}
    assert (row.withdrawn_how, row.withdrawn_at is not None) == (hows[way], True)
    assert db.session.get_one(Need, need.id).state is NeedState.WITHDRAWN
    assert client.get(f"/needs/{need.code}").status_code == 410


@SQLITE
def test_clerk_of_another_village_takes_nobodys_consent_back(app: Flask, client: Client) -> None:
    """Z2: hidden needs answer like missing ones."""
    need = make_need()
    client.login(make_user(Role.VILLAGE_CLERK, division=TREE.other_village))
    assert client.post(f"/desk/needs/{need.code}/consent/withdraw").status_code == 404
    assert queries.find_public_need(need.code) is not None


def test_purposes_are_given_and_taken_back_apart(app: Flask) -> None:
    """R-P9: sharing with a named enterprise is an agreement of its own; taking it back leaves the need public."""
    need = make_need()
    with transaction() as session:
        consent = session.query(Consent).filter_by(need_id=need.id).one()
        consent.purposes.append(ConsentPurpose(purpose=Purpose.ENTERPRISE, receiver="川西青稞有限公司", given_at=NOW))
    by_slip = {"how": WithdrawnBy.SLIP, "by": PUBLIC, "now": NOW}
    with transaction():
        service.withdraw_consent(db.session.get_one(Need, need.id), purpose=Purpose.ENTERPRISE, **by_slip)
    assert queries.find_public_need(need.code) is not None
    with pytest.raises(Conflict), transaction():
        service.withdraw_consent(db.session.get_one(Need, need.id), purpose=Purpose.ENTERPRISE, **by_slip)


def test_a_need_with_pledges_is_hidden_and_takes_no_more(app: Flask, client: Client) -> None:
    """R-P5 beside the book: what was promised goes on, nobody new can find or pledge to it."""
    scene = make_scene()
    with transaction():
        need = db.session.get_one(Need, scene.need.id)
        service.withdraw_consent(need, purpose=Purpose.PUBLICATION, how=WithdrawnBy.SLIP, by=PUBLIC, now=NOW)
    assert scene.state() == (PledgeState.ACCEPTED, NeedState.PLEDGED)
    assert client.get(f"/needs/{scene.need.code}/pledge").status_code in (404, 410)
    assert queries.find_public_need(scene.need.code) is None


@SQLITE
def test_spoken_and_own_consent_say_how_they_were_given(app: Flask, client: Client) -> None:
    need = make_need(NeedState.PUBLISHED)
    consent = queries.get_consent(need)
    assert consent is not None
    assert (consent.how, consent.witness) == (ConsentHow.SPOKEN, "村委会主任")
    client.login(make_user(Role.VILLAGE_CLERK, division=TREE.village))
    page = client.get(f"/desk/needs/{need.code}").get_data(as_text=True)
    assert "口头同意，有见证人" in page
    assert "村委会主任" in page
    assert "公开发布" in page
