"""What becomes of suggestions: each thing once, at the place where it was shown, without a word about a person."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.permissions import Role
from marketplace.core.workflow import PledgeState
from marketplace.db import db, transaction
from marketplace.donors.models import Donor
from marketplace.matching import outcomes
from marketplace.matching.models import Direction, MatchRun, Outcome, Slot, Suggestion, SuggestionOutcome
from marketplace.needs.models import Need
from marketplace.pledges.models import Pledge
from tests import factories as f
from tests.client import Client
from tests.counting import count_queries
from tests.factories import NOW, TREE, days_ago

WARM = {"kinds": [SupportKind.GOODS.value], "categories": [NeedCategory.WRM.value], "areas": [TREE.county]}


@pytest.fixture
def pair(app: Flask) -> tuple[Need, Donor]:
    """An open need and a donor whom it is suggested to."""
    need, donor = f.make_need(), f.make_donor(preference=WARM)
    suggest(need, donor)
    return need, donor


def suggest(need: Need, donor: Donor, *, slot: Slot = Slot.SCORE) -> int:
    """Both lists of a run that ranked one pair; the id of the run."""
    with transaction() as session:
        session.execute(sa.delete(Suggestion))
        run = MatchRun(at=NOW, day=NOW.date(), seed=1, model_version="m1", needs=1, donors=1, milliseconds=1)
        session.add(run)
        session.flush()
        ids = {"run_id": run.id, "need_id": need.id, "donor_id": donor.id, "slot": slot}
        session.add_all(
            Suggestion(direction=d, rank=3, score=60, propensity=0.5, terms=[["x", {}, 60]], **ids) for d in Direction
        )
        return run.id


def show(need: Need, donor: Donor, *, now: datetime = NOW) -> int:
    """The donor's list is shown."""
    with transaction():
        return outcomes.note_shown(Direction.NEEDS_FOR_DONOR, need_ids=[need.id], donor_ids=[donor.id], now=now)


def noted(kind: Outcome | None = None) -> list[SuggestionOutcome]:
    """What stands on record, in order."""
    db.session.rollback()
    chosen = sa.select(SuggestionOutcome).order_by(SuggestionOutcome.id)
    return list(db.session.scalars(chosen if kind is None else chosen.where(SuggestionOutcome.kind == kind)))


def test_a_showing_keeps_the_place_in_the_list_and_is_noted_once_a_run(pair: tuple[Need, Donor]) -> None:
    need, donor = pair
    run = suggest(need, donor)
    assert [show(need, donor), show(need, donor)] == [1, 0]
    (row,) = noted()
    assert (row.run_id, row.model_version, row.rank, row.slot, row.propensity) == (run, "m1", 3, Slot.SCORE, 0.5)
    assert (row.kind, row.good) == (Outcome.SHOWN, True)
    suggest(need, donor)
    assert show(need, donor) == 1


def test_a_list_without_personalisation_is_not_noted(app: Flask) -> None:
    """R-P8"""
    need, donor = f.make_need(), f.make_donor(preference={**WARM, "personalised": False})
    suggest(need, donor, slot=Slot.NEUTRAL)
    assert show(need, donor) == 0


def test_only_a_need_that_was_shown_before_counts_as_opened(pair: tuple[Need, Donor]) -> None:
    need, donor = pair

    def opened() -> int:
        with transaction():
            return outcomes.note_opened(need.id, donor_id=donor.id, now=NOW)

    assert opened() == 0
    show(need, donor)
    assert [opened(), opened()] == [1, 0]


def test_a_pledge_brings_its_outcomes_once_with_the_place_where_it_was_shown(pair: tuple[Need, Donor]) -> None:
    need, donor = pair
    show(need, donor, now=days_ago(22))
    f.make_pledge(PledgeState.CONFIRMED, need=need, donor=donor)
    with transaction():
        first, again = outcomes.collect(now=NOW), outcomes.collect(now=NOW)
    assert (first, again) == (3, 0)
    rows = [row for row in noted() if row.kind is not Outcome.SHOWN]
    assert [(row.kind, row.rank) for row in rows] == [
        (Outcome.PLEDGED, 3),
        (Outcome.DELIVERED, 3),
        (Outcome.CONFIRMED, 3),
    ]
    assert {row.run_id for row in rows} == {noted(Outcome.SHOWN)[0].run_id}


def test_a_pledge_of_a_need_that_was_never_shown_has_no_place(app: Flask) -> None:
    f.make_pledge(PledgeState.LAPSED)
    with transaction():
        outcomes.collect(now=NOW)
    assert [(row.kind, row.run_id, row.rank) for row in noted()] == [
        (Outcome.PLEDGED, None, None),
        (Outcome.LAPSED, None, None),
    ]


def test_what_was_shown_after_the_pledge_did_not_lead_to_it(pair: tuple[Need, Donor]) -> None:
    need, donor = pair
    show(need, donor, now=days_ago(1))
    f.make_pledge(need=need, donor=donor)
    with transaction():
        outcomes.collect(now=NOW)
    assert [row.rank for row in noted(Outcome.PLEDGED)] == [None]


def test_an_outcome_is_noted_as_of_its_day(app: Flask) -> None:
    f.make_pledge(PledgeState.DELIVERED)
    with transaction():
        assert outcomes.collect(now=days_ago(15)) == 1
        assert outcomes.collect(now=NOW) == 1


def test_of_use_or_not_is_noted_for_each_confirmed_pledge(app: Flask) -> None:
    pledge = f.make_pledge(PledgeState.CONFIRMED)
    with transaction():
        assert outcomes.note_effect(pledge.need_id, days=30, useful=True, now=NOW) == 1
        assert outcomes.note_effect(pledge.need_id, days=30, useful=False, now=NOW) == 0
        assert outcomes.note_effect(pledge.need_id, days=90, useful=False, now=NOW) == 1
    assert [(row.kind, row.good) for row in noted()] == [(Outcome.EFFECTIVE_30, True), (Outcome.EFFECTIVE_90, False)]


def test_an_outcome_holds_ids_and_places_and_nothing_else() -> None:
    """R-P1"""
    assert set(SuggestionOutcome.__table__.columns.keys()) == {
        *("id", "key", "kind", "need_id", "donor_id", "pledge_id", "run_id", "model_version"),
        *("direction", "rank", "slot", "propensity", "good", "at"),
    }


@pytest.mark.parametrize(
    "fields",
    [{"kind": Outcome.SHOWN}, {"kind": Outcome.PLEDGED, "good": False}, {"kind": Outcome.PLEDGED, "rank": 1}],
)
def test_the_database_refuses_half_a_place_and_a_bad_showing(app: Flask, fields: dict[str, object]) -> None:
    pledge = f.make_pledge()
    values = {"key": "x", "need_id": pledge.need_id, "donor_id": pledge.donor_id, "good": True, "at": NOW, **fields}
    row = sa.insert(SuggestionOutcome).values(model_version="", **values)
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(row)


# On the pages: the same code on both databases.

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@ONE_DATABASE
def test_a_donors_page_notes_what_it_showed_once_its_answer_has_left(pair: tuple[Need, Donor], client: Client) -> None:
    need, donor = pair
    client.login(db.session.get_one(f.User, donor.user_id))
    with count_queries() as seen:
        assert need.code in client.get("/my").get_data(as_text=True)
    assert len([sql for sql in seen if sql.lstrip().upper().startswith("INSERT")]) == 1
    client.get("/my")
    client.get(f"/needs/{need.code}")
    assert [(row.kind, row.donor_id) for row in noted()] == [(Outcome.SHOWN, donor.id), (Outcome.OPENED, donor.id)]


@ONE_DATABASE
def test_a_page_that_is_only_fetched_in_advance_was_seen_by_nobody(pair: tuple[Need, Donor], client: Client) -> None:
    client.login(db.session.get_one(f.User, pair[1].user_id))
    client.get("/my", headers={"Sec-Purpose": "prefetch;prerender"})
    assert noted() == []


@ONE_DATABASE
def test_a_visitor_leaves_no_trace(pair: tuple[Need, Donor], client: Client) -> None:
    """R-P1"""
    client.get(f"/needs/{pair[0].code}")
    client.get("/needs")
    assert noted() == []


@ONE_DATABASE
def test_the_reviewers_list_is_noted_in_its_own_direction(pair: tuple[Need, Donor], client: Client) -> None:
    client.login(f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township))
    client.get(f"/desk/needs/{pair[0].code}/donors")
    assert [row.direction for row in noted()] == [Direction.DONORS_FOR_NEED]
    assert noted()[0].slot in Slot


@ONE_DATABASE
def test_a_page_is_served_where_nothing_can_be_noted(pair: tuple[Need, Donor], client: Client) -> None:
    client.login(db.session.get_one(f.User, pair[1].user_id))
    with transaction() as session:
        session.execute(sa.text("ALTER TABLE suggestion_outcome RENAME TO elsewhere"))
    assert client.get("/my").status_code == 200
    with transaction() as session:
        session.execute(sa.text("ALTER TABLE elsewhere RENAME TO suggestion_outcome"))
    assert noted() == []
    assert f.count_rows(Pledge) == 0
