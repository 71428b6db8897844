"""Matching as a service: what is ranked, who is left out, what a change touches, what a donor is shown."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from marketplace.core.errors import NotFound
from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.donors.models import Donor, Preference, RelatedParty
from marketplace.matching import service
from marketplace.matching.models import Direction, MatchChange, MatchRun, MatchSnapshot, Slot, Suggestion
from marketplace.matching.queries import donors_for_need, find_reasons, needs_for_donor
from marketplace.needs.models import Need
from marketplace.web.matching.refresh import settle_once
from tests import factories
from tests.factories import NOW, TREE

WARM = {"kinds": [SupportKind.GOODS.value], "categories": [NeedCategory.WRM.value]}


def run(seed: int = 0) -> MatchRun:
    """Rank everything at the tests' moment."""
    with transaction():
        record = service.run(now=NOW, seed=seed)
        db.session.flush()
        db.session.expunge(record)
    return record


def make_donor(**wishes: object) -> Donor:
    """A donor who wants to give warm things in the tests' county."""
    return factories.make_donor(preference={**WARM, "areas": [TREE.county], "budget_fen": 500_000, **wishes})


def settle() -> None:
    """Bring every list up to the last change."""
    assert settle_once()
    db.session.rollback()


def codes_for(need: Need) -> list[str]:
    """The donors suggested for a need."""
    db.session.rollback()
    return [suggested.code for suggested in donors_for_need(need.id)]


def test_open_needs_meet_donors_who_fit_both_ways(app: Flask) -> None:
    need, donor = factories.make_need(), make_donor()
    record = run()
    assert (record.needs, record.donors, record.model_version) == (1, 1, "expert-1")
    assert codes_for(need) == [donor.code]
    (shown,) = needs_for_donor(donor.id)
    assert shown.need.id == need.id


def test_the_reasons_add_up_to_the_score(app: Flask) -> None:
    need, donor = factories.make_need(), make_donor(words="棉被")
    run()
    (suggested,) = donors_for_need(need.id)
    assert suggested.score == sum(term.points for term in suggested.terms) > 0
    (shown,) = needs_for_donor(donor.id)
    assert shown.score == sum(term.points for term in shown.terms)
    assert "Wants to help with this category" in [term.message for term in suggested.terms]


def test_only_published_needs_are_ranked(app: Flask) -> None:
    made = {state: factories.make_need(state) for state in NeedState}
    donor = make_donor()
    assert run().needs == 1
    assert [shown.need.id for shown in needs_for_donor(donor.id)] == [made[NeedState.PUBLISHED].id]


def test_ten_are_kept_for_a_need(app: Flask) -> None:
    need = factories.make_need()
    for _ in range(13):
        make_donor()
    run()
    assert len(codes_for(need)) == 10
    ranks = db.session.scalars(sa.select(Suggestion.rank).where(Suggestion.direction == Direction.DONORS_FOR_NEED))
    assert sorted(ranks) == list(range(1, 11))


def test_a_new_run_takes_the_place_of_the_suggestions_before_and_keeps_the_runs(app: Flask) -> None:
    need, first = factories.make_need(), make_donor()
    run()
    with transaction():
        db.session.get_one(Preference, first.id).paused = True
    second = make_donor()
    run(seed=5)
    assert codes_for(need) == [second.code]
    assert factories.count_rows(MatchRun) == 2
    assert set(db.session.scalars(sa.select(MatchRun.seed))) == {0, 5}


def test_the_same_run_twice_suggests_the_same(app: Flask) -> None:
    """Yesterday's ranking can be replayed from its seed and day."""
    for _ in range(3):
        factories.make_need()
        make_donor()
    run(seed=3)
    before = _stored()
    run(seed=3)
    assert _stored() == before


def _stored() -> list[tuple[object, ...]]:
    columns = (
        Suggestion.direction,
        Suggestion.need_id,
        Suggestion.donor_id,
        Suggestion.rank,
        Suggestion.score,
        Suggestion.propensity,
    )
    db.session.rollback()
    return sorted(tuple(row) for row in db.session.execute(sa.select(*columns)))


def test_the_poster_is_never_suggested(app: Flask) -> None:
    """R-V8: a clerk who also gives does not give to what he posted."""
    clerk = factories.make_user(Role.DONOR, division=TREE.prefecture)
    need = factories.make_need(poster=clerk)
    factories.make_donor(user=clerk, preference=WARM)
    run()
    assert codes_for(need) == []


def test_staff_of_the_area_are_never_suggested(app: Flask) -> None:
    """R-V8: above the village counts, beside it does not."""
    near = factories.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township)
    far = factories.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township_of_other_county)
    need = factories.make_need()
    factories.make_donor(user=near, preference=WARM)
    other = factories.make_donor(user=far, preference=WARM)
    run()
    assert codes_for(need) == [other.code]


def test_whoever_declared_a_relation_is_never_suggested(app: Flask) -> None:
    """R-V8: to the household, or to the poster."""
    need = factories.make_need()
    to_household, to_poster, free = make_donor(), make_donor(), make_donor()
    with transaction() as session:
        for donor, whom in (
            (to_household, {"household_id": need.household_id}),
            (to_poster, {"user_id": need.poster_id}),
        ):
            session.add(RelatedParty(donor_id=donor.id, relation="亲属", declared_at=NOW, **whom))
    run()
    assert codes_for(need) == [free.code]


def test_a_household_is_not_suggested_its_own_need(app: Flask) -> None:
    user = factories.make_user(Role.DONOR, division=TREE.prefecture)
    need = factories.make_need(household=factories.make_household(user=user))
    factories.make_donor(user=user, preference=WARM)
    run()
    assert codes_for(need) == []


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"paused": True}, "The donor is not taking requests now."),
        ({"budget_fen": 0}, "The donor has no budget left."),
        ({"kinds": ["money"]}, "The donor does not give this kind of help."),
        ({"areas": [TREE.other_county]}, "The donor does not give in this area."),
    ],
)
def test_what_keeps_a_pair_apart_is_said(app: Flask, wishes: dict[str, object], sentence: str) -> None:
    need, donor = factories.make_need(), make_donor(**wishes)
    run()
    assert codes_for(need) == []
    judged = service.judge(need.code, donor_code=donor.code)
    assert sentence in [phrase.message for phrase in judged.hindrances]


def test_a_pair_that_is_not_there_cannot_be_judged(app: Flask) -> None:
    need = factories.make_need(NeedState.CLOSED)
    donor = make_donor()
    with pytest.raises(NotFound, match="ranked yet"):
        service.judge(need.code, donor_code=donor.code)
    run()
    with pytest.raises(NotFound, match=need.code):
        service.judge(need.code, donor_code=donor.code)


def test_a_need_that_is_published_later_is_ranked_alone(app: Flask) -> None:
    donor = make_donor()
    first = factories.make_need()
    run()
    second = factories.make_need()
    with transaction():
        service.rerank_need(second.id, now=NOW)
    settle()
    assert codes_for(second) == [donor.code]
    assert {shown.need.id for shown in needs_for_donor(donor.id)} == {first.id, second.id}
    assert factories.count_rows(MatchRun) == 1


def test_re_ranking_one_need_gives_what_a_full_run_gives(app: Flask) -> None:
    donors = [make_donor(budget_fen=1000 * n, areas=[TREE.prefecture]) for n in range(1, 13)]
    needs = [factories.make_need() for _ in range(3)]
    run(seed=2)
    with transaction():
        db.session.get_one(Preference, donors[0].id).budget_fen = 900_000
    with transaction():
        service.rerank_donor(donors[0].id, now=NOW)
    settle()
    alone = [(s.code, s.score) for s in donors_for_need(needs[0].id)]
    run(seed=2)
    db.session.rollback()
    assert [(s.code, s.score) for s in donors_for_need(needs[0].id)] == alone


def test_a_need_that_is_covered_leaves_every_list(app: Flask) -> None:
    need, donor = factories.make_need(), make_donor()
    run()
    factories.make_pledge(need=need)
    assert needs_for_donor(donor.id) == []
    with transaction():
        service.rerank_need(need.id, now=NOW)
    assert factories.count_rows(Suggestion) == 0


def test_the_first_change_before_any_run_ranks_everything(app: Flask) -> None:
    need, donor = factories.make_need(), make_donor()
    with transaction():
        service.rerank_need(need.id, now=NOW)
    assert codes_for(need) == [donor.code]
    assert factories.count_rows(MatchRun) == 1


def test_re_ranking_what_does_not_exist_is_not_found(app: Flask) -> None:
    make_donor()
    run()
    with pytest.raises(NotFound):
        service.rerank_need(999_999, now=NOW)
    with pytest.raises(NotFound):
        service.rerank_donor(999_999, now=NOW)


def test_without_personalisation_the_longest_waiting_come_first_without_a_score(app: Flask) -> None:
    """The kinds and areas that the donor chose still hold."""
    donor = make_donor(personalised=False)
    young = factories.make_need(published_at=NOW - timedelta(days=2))
    old = factories.make_need(published_at=NOW - timedelta(days=70))
    factories.make_need(lines=[factories.money_line()], published_at=NOW - timedelta(days=90))
    run()
    shown = needs_for_donor(donor.id)
    assert [s.need.id for s in shown] == [old.id, young.id]
    assert {(s.score, s.slot, s.terms) for s in shown} == {(0, Slot.NEUTRAL, ())}
    assert find_reasons(old.id, donor_id=donor.id) is None


def test_switching_personalisation_off_holds_at_once(app: Flask) -> None:
    donor, need = make_donor(), factories.make_need()
    run()
    assert find_reasons(need.id, donor_id=donor.id) is not None
    with transaction():
        db.session.get_one(Preference, donor.id).personalised = False
    assert find_reasons(need.id, donor_id=donor.id) is None
    assert [s.terms for s in needs_for_donor(donor.id)] == [()]


def test_a_run_over_nothing_is_a_run(app: Flask) -> None:
    record = run()
    assert (record.needs, record.donors) == (0, 0)


def test_lists_are_read_in_a_fixed_number_of_queries(app: Flask) -> None:
    donor = make_donor()
    for _ in range(6):
        factories.make_need()
    run()
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    donor_id = donor.id
    db.session.rollback()
    sa.event.listen(db.engine, "before_cursor_execute", note)
    shown = needs_for_donor(donor_id)
    assert len(shown) == 6
    assert all(one.need.lines for one in shown)
    assert len([s for s in seen if s.lstrip().upper().startswith("SELECT")]) <= 3


def test_a_run_is_replayed_bit_for_bit_from_what_was_stored(app: Flask) -> None:
    """Leap 2: yesterday's ranking, although needs and donors have changed since."""
    donors = [make_donor(words="棉被", budget_fen=10_000 * n) for n in range(1, 14)]
    for _ in range(4):
        factories.make_need()
    first = run(seed=9)
    stored = _stored()
    with transaction():
        db.session.get_one(Preference, donors[0].id).paused = True
    run(seed=10)
    replayed = service.replay(first.id)
    assert replayed.is_same
    lists = [replayed.ranking.for_need(code) for code in replayed.ranking.problem.needs.codes]
    assert sorted(one.propensity for ranked in lists for one in ranked) == sorted(
        row[5] for row in stored if row[0] is Direction.DONORS_FOR_NEED
    )


def test_a_tampered_or_unknown_run_is_not_the_same(app: Flask) -> None:
    factories.make_need()
    make_donor()
    record = run()
    with transaction():
        db.session.get_one(MatchSnapshot, record.id).digest = "0" * 64
    assert not service.replay(record.id).is_same
    with pytest.raises(NotFound, match="no stored run"):
        service.replay(record.id + 1)
    with transaction():
        other = MatchRun(at=NOW, day=NOW.date(), seed=0, model_version="expert-1", needs=0, donors=0, milliseconds=0)
        db.session.add(other)
    with pytest.raises(NotFound, match="kept nothing"):
        service.replay(other.id)
    with transaction():
        db.session.get_one(MatchSnapshot, record.id).content = None
    with pytest.raises(NotFound, match="too old"):
        service.replay(record.id)


def test_what_another_process_changed_is_seen_by_the_next_change(app: Flask) -> None:
    """Each change is written down; a process brings its warm arrays up to the last one first."""
    need, other = factories.make_need(), factories.make_need()
    donor = make_donor()
    run()
    with transaction():
        service.rerank_need(need.id, now=NOW)
    with transaction():
        db.session.get_one(Preference, donor.id).paused = True
        service.note_change(donor_id=donor.id, now=NOW)
    with transaction():
        service.rerank_need(other.id, now=NOW)
    settle()
    assert factories.count_rows(Suggestion) == 0


def test_who_notes_a_change_waits_for_the_one_before(app: Flask) -> None:
    """A number that was seen has all smaller ones committed: else a change would be passed over."""
    need, donor = factories.make_need(), make_donor()
    run()
    seen: list[int] = []

    def note_too() -> None:
        with app.app_context(), transaction():
            service.note_change(donor_id=donor.id, now=NOW)
            seen.extend(db.session.scalars(sa.select(MatchChange.need_id).where(MatchChange.need_id.is_not(None))))

    with ThreadPoolExecutor(1) as pool:
        with transaction():
            service.note_change(need_id=need.id, now=NOW)
            other = pool.submit(note_too)
            with pytest.raises(TimeoutError):
                other.result(timeout=0.3)
        other.result(timeout=30)
    assert seen == [need.id]


def test_a_change_that_was_rolled_back_is_not_kept(app: Flask) -> None:
    need, donor = factories.make_need(), make_donor()
    run()

    class Stopped(Exception):
        """The page that failed after its re-ranking."""

    def fail_after_ranking() -> None:
        with transaction():
            db.session.get_one(Preference, donor.id).paused = True
            service.rerank_donor(donor.id, now=NOW)
            raise Stopped

    with pytest.raises(Stopped):
        fail_after_ranking()
    with transaction():
        service.rerank_need(need.id, now=NOW)
    assert codes_for(need) == [donor.code]


def test_changes_one_by_one_end_where_a_full_run_ends(app: Flask) -> None:
    """Every stored list after needs and donors came, changed and went, against a full run of the same seed."""
    donors = [make_donor(budget_fen=20_000 * n) for n in range(1, 13)]
    needs = [factories.make_need() for _ in range(4)]
    run(seed=5)
    late = factories.make_need()
    with transaction():
        db.session.get_one(Preference, donors[3].id).paused = True
        db.session.get_one(Preference, donors[4].id).personalised = False
        db.session.get_one(Need, needs[0].id).state = NeedState.SUSPENDED
    for changed in (late.id, needs[0].id):
        with transaction():
            service.rerank_need(changed, now=NOW)
    for donor in donors[3:5]:
        with transaction():
            service.rerank_donor(donor.id, now=NOW)
    settle()
    alone = [row[:5] for row in _stored()]
    run(seed=5)
    assert [row[:5] for row in _stored()] == alone
