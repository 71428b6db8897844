"""Success rates that nest, that can be had again for an old day, and that nobody can read wrongly."""

from collections.abc import Sequence
from fractions import Fraction

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.kinds import Channel, NeedCategory, SupportKind
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.ledger.models import EntryKind
from marketplace.needs.models import Need
from marketplace.pairings.service import AgreementRow, insert_agreements
from marketplace.pairings.service import Step as AgreementStep
from marketplace.pledges.models import Pledge, Way
from marketplace.pledges.service import cancel_pledge, lapse_due, pledge_need
from marketplace.statistics import queries
from marketplace.statistics.queries import Rates, Step
from marketplace.statistics.rates import cells_of
from marketplace.statistics.waiting import summarise, survival
from tests import factories as f
from tests.counting import count_queries
from tests.factories import NOW, TREE, Line, days_ago, money_line

MONEY = (money_line(100_000),)


def pledged(state: PledgeState = PledgeState.ACCEPTED, **fields: object) -> Need:
    """A money need with one pledge of the whole of it."""
    need = f.make_need(lines=MONEY)
    f.make_pledge(state, need=need, **fields)
    return need


def money_rates(**fields: object) -> Rates:
    """Rates of money needs as of NOW."""
    return queries.need_rates(as_of=fields.pop("as_of", NOW), **fields)  # type: ignore[arg-type]


def test_each_step_is_a_part_of_the_one_before(app: Flask) -> None:
    f.make_need(lines=MONEY)
    pledged()
    pledged(PledgeState.RECEIVED)
    pledged(PledgeState.DELIVERED)
    pledged(PledgeState.CONFIRMED, at_arms_length=False)
    pledged(PledgeState.REPORTED)
    assert money_rates() == Rates(published=6, pledged=5, delivered=3, confirmed=2, arms_length=1)


def test_a_need_counts_as_pledged_when_every_line_is_wholly_covered(app: Flask) -> None:
    lines = (money_line(1_000, name="路费"), money_line(2_000))
    part = f.make_need(lines=lines)
    f.make_pledge(need=part, quantities={part.lines[0].id: 1_000, part.lines[1].id: 1_999})
    whole = f.make_need(lines=lines)
    f.make_pledge(need=whole, quantities={whole.lines[0].id: 1_000})
    f.make_pledge(need=whole, quantities={whole.lines[1].id: 2_000})
    assert money_rates() == Rates(published=2, pledged=1)


def test_a_need_is_delivered_when_all_that_covers_it_is(app: Flask) -> None:
    lines = (money_line(1_000, name="路费"), money_line(2_000))
    need = f.make_need(lines=lines)
    f.make_pledge(PledgeState.DELIVERED, need=need, quantities={need.lines[0].id: 1_000})
    f.make_pledge(PledgeState.RECEIVED, need=need, quantities={need.lines[1].id: 2_000})
    assert money_rates() == Rates(published=1, pledged=1)


def test_one_pledge_that_is_not_at_arms_length_is_enough(app: Flask) -> None:
    lines = (money_line(1_000, name="路费"), money_line(2_000))
    need = f.make_need(lines=lines)
    f.make_pledge(PledgeState.CONFIRMED, need=need, quantities={need.lines[0].id: 1_000})
    f.make_pledge(PledgeState.CONFIRMED, need=need, quantities={need.lines[1].id: 2_000}, at_arms_length=False)
    assert money_rates() == Rates(published=1, pledged=1, delivered=1, confirmed=1)


def test_an_offer_that_nobody_accepted_covers_nothing(app: Flask) -> None:
    pledged(PledgeState.OFFERED)
    assert money_rates() == Rates(published=1)


def test_what_was_never_published_is_in_no_cohort(app: Flask) -> None:
    for state in (NeedState.DRAFT, NeedState.SUBMITTED, NeedState.RETURNED, NeedState.REJECTED):
        f.make_need(state, lines=MONEY)
    assert money_rates() == Rates()


def test_withdrawn_before_any_pledge_stands_beside_the_cohort(app: Flask) -> None:
    gone = {"published_at": days_ago(28), "reviewer_id": f.make_user().id, "closed_at": days_ago(20)}
    f.make_need(NeedState.WITHDRAWN, lines=MONEY, **gone)
    after_a_pledge = f.make_need(NeedState.WITHDRAWN, lines=MONEY, **gone)
    f.make_pledge(PledgeState.CANCELLED, need=after_a_pledge, accepted_at=days_ago(25), ended_at=days_ago(22))
    assert money_rates() == Rates(published=1, withdrawn=1, expired=1)


def test_before_its_withdrawal_a_need_was_in_the_cohort(app: Flask) -> None:
    gone = {"published_at": days_ago(28), "reviewer_id": f.make_user().id, "closed_at": days_ago(20)}
    f.make_need(NeedState.WITHDRAWN, lines=MONEY, **gone)
    assert money_rates(as_of=days_ago(21)) == Rates(published=1)


def test_expired_and_waiting_are_told_apart(app: Flask) -> None:
    f.make_need(NeedState.EXPIRED, lines=MONEY)
    f.make_need(lines=MONEY)
    rates = money_rates()
    assert (rates.published, rates.expired, rates.waiting) == (2, 1, 1)
    earlier = money_rates(as_of=days_ago(2))
    assert (earlier.expired, earlier.waiting) == (0, 2)


def test_the_cohort_is_cut_by_kind_category_area_and_day(app: Flask) -> None:
    f.make_need(lines=MONEY)
    f.make_need(lines=(Line(),))
    f.make_need(lines=MONEY, category=NeedCategory.EDU)
    f.make_need(lines=MONEY, household=f.make_household(TREE.village_of_other_county))
    f.make_need(lines=MONEY, published_at=days_ago(300))
    assert money_rates().published == 4
    assert money_rates(kind=SupportKind.GOODS).published == 1
    assert money_rates(kind=None).published == 5
    assert money_rates(category=NeedCategory.EDU).published == 1
    assert money_rates(area=TREE.other_county).published == 1
    assert money_rates(area=TREE.county).published == 3
    assert money_rates(since=days_ago(100)).published == 3
    assert money_rates(as_of=days_ago(100)).published == 1


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (29, Rates()),
        (21, Rates(published=1)),
        (15, Rates(published=1, pledged=1)),
        (9, Rates(published=1, pledged=1, delivered=1)),
        (7, Rates(published=1, pledged=1, delivered=1, confirmed=1, arms_length=1)),
    ],
)
def test_an_old_day_shows_how_far_a_need_had_come_by_then(app: Flask, days: int, expected: Rates) -> None:
    pledged(PledgeState.REPORTED)
    assert money_rates(as_of=days_ago(days)) == expected


def promise(need: Need, *, fen: int, days: float, key: str) -> Pledge:
    """A pledge through the service, as it was made some days ago."""
    donor = f.make_donor()
    with transaction() as session:
        by = f.actor_for(session.get_one(f.User, donor.user_id))
        return pledge_need(
            need.code,
            quantities={need.lines[0].id: fen},
            way=Way.CHARITY,
            intent="",
            shows_name=False,
            shows_amount=True,
            client_key=key,
            by=by,
            now=days_ago(days),
        )


def test_a_pledge_that_lapsed_since_still_counts_on_the_day_before(app: Flask) -> None:
    need = f.make_need(lines=MONEY)
    promise(need, fen=100_000, days=10, key="a")
    before = money_rates(as_of=days_ago(5))
    assert before == Rates(published=1, pledged=1)
    with transaction():
        lapse_due(days_ago(2))
    assert money_rates() == Rates(published=1)
    assert money_rates(as_of=days_ago(5)) == before


def test_a_pledge_that_was_cancelled_since_still_counts_on_the_day_before(app: Flask) -> None:
    need = f.make_need(lines=MONEY)
    pledge = promise(need, fen=100_000, days=6, key="a")
    with transaction() as session:
        donor = session.get_one(f.Donor, pledge.donor_id)
        cancel_pledge(pledge.code, by=f.actor_for(session.get_one(f.User, donor.user_id)), now=days_ago(3))
    assert [money_rates(as_of=days_ago(day)).pledged for day in (7, 5, 2)] == [0, 1, 0]


def test_a_need_covered_again_by_another_donor_counts_once(app: Flask) -> None:
    need = f.make_need(lines=MONEY)
    promise(need, fen=100_000, days=12, key="a")
    with transaction():
        lapse_due(days_ago(4))
    db.session.expire_all()
    promise(db.session.get_one(Need, need.id), fen=100_000, days=1, key="b")
    assert [money_rates(as_of=days_ago(day)).pledged for day in (11, 3, 0)] == [1, 0, 1]


def test_the_codes_behind_a_count_are_as_many_as_the_count(app: Flask) -> None:
    needs = {pledged(PledgeState.DELIVERED).code, pledged(PledgeState.CONFIRMED).code}
    pledged()
    cohort = queries.make_cohort(as_of=NOW)
    assert set(queries.codes_of(cohort, Step.DELIVERED)) == needs
    assert len(queries.codes_of(cohort, Step.PUBLISHED)) == money_rates().published == 3


def test_codes_are_paged_without_a_hole(app: Flask) -> None:
    wanted = sorted(f.make_need(lines=MONEY).code for _ in range(5))
    cohort = queries.make_cohort(as_of=NOW)
    seen: list[str] = []
    while page := queries.codes_of(cohort, Step.PUBLISHED, after=seen[-1] if seen else "", size=2):
        seen += page
    assert seen == wanted


def test_parts_by_county_category_and_month_add_up_to_the_whole(app: Flask) -> None:
    pledged()
    f.make_need(lines=MONEY, household=f.make_household(TREE.village_of_other_county))
    f.make_need(lines=MONEY, category=NeedCategory.EDU, published_at=days_ago(70))
    cohort = queries.make_cohort(as_of=NOW)
    whole = money_rates()
    for parts in (
        queries.rates_by_county(cohort).values(),
        queries.rates_by_category(cohort).values(),
        queries.rates_in_grid(cohort, [days_ago(60), days_ago(30)]).values(),
    ):
        assert sum(part.published for part in parts) == whole.published
        assert sum(part.pledged for part in parts) == whole.pledged
    assert set(queries.rates_by_county(cohort)) == {TREE.county, TREE.other_county}


def test_coverage_counts_households_not_needs(app: Flask) -> None:
    household = f.make_household()
    f.make_household()
    f.make_need(lines=MONEY, household=household)
    f.make_need(household=household)
    f.make_need(NeedState.SUBMITTED)
    reach = queries.coverage(as_of=NOW)
    assert (reach.registered, reach.with_need, reach.with_money_need) == (3, 1, 1)
    assert queries.coverage(TREE.other_county, as_of=NOW).registered == 0


def test_the_arrival_rate_is_of_channels_and_not_of_needs(app: Flask) -> None:
    f.make_tree()
    pledged()
    with transaction():
        insert_agreements(
            [
                AgreementRow(
                    code="XY-234567-11",
                    channel=Channel.GUANGDONG,
                    unit="某协作单位",
                    title="牧道",
                    division_code=TREE.county,
                    agreed_fen=1_000,
                    signed_on=days_ago(50).date(),
                    signed_at=days_ago(50),
                    steps=(AgreementStep(EntryKind.RECEIVE, 770, days_ago(10), custodian="州财政专户"),),
                )
            ]
        )
    rows = {row.channel: row for row in queries.channels(as_of=NOW)}
    assert (rows[Channel.GUANGDONG].projects, rows[Channel.GUANGDONG].agreed_fen) == (1, 1_000)
    assert [queries.channels(as_of=days_ago(day))[1].received_fen for day in (11, 9)] == [0, 770]
    assert rows[Channel.CENTRAL].projects == 0


def test_the_number_of_queries_does_not_grow_with_the_needs(app: Flask) -> None:
    def ask() -> int:
        with count_queries() as seen:
            cohort = queries.make_cohort(as_of=NOW)
            queries.rates_of(cohort)
            queries.rates_by_county(cohort)
            queries.waiting_of(cohort)
            queries.coverage(as_of=NOW)
        return len(seen)

    pledged()
    few = ask()
    for _ in range(4):
        pledged(PledgeState.CONFIRMED)
    assert ask() == few


# Waiting times.


def test_open_needs_are_censored_not_failed(app: Flask) -> None:
    need = f.make_need(lines=MONEY, published_at=days_ago(40))
    f.make_pledge(need=need, accepted_at=days_ago(30))
    f.make_need(lines=MONEY, published_at=days_ago(5))
    waiting = queries.waiting_of(queries.make_cohort(as_of=NOW))
    # One of two at risk after five days; the open one had been watched for five days only.
    assert (waiting.needs, waiting.matched, waiting.median_days) == (2, 1, 10)
    assert waiting.within == ((7, 0), (30, None), (90, None))


def test_the_curve_agrees_with_a_worked_example() -> None:
    # Kaplan and Meier's own kind of table: matches after 6, 6, 6, 7, 10 days; censored at 6, 9, 10, 11.
    spells = [(6, True)] * 3 + [(6, False), (7, True), (9, False), (10, True), (10, False), (11, False)]
    assert survival(spells) == [
        (6, Fraction(6, 9)),
        (7, Fraction(6, 9) * Fraction(4, 5)),
        (10, Fraction(6, 9) * Fraction(4, 5) * Fraction(2, 3)),
    ]


@pytest.mark.parametrize("spells", [[], [(3, False)], [(0, False), (0, False)]])
def test_without_a_match_there_is_no_median(spells: Sequence[tuple[int, bool]]) -> None:
    assert summarise(spells).median_days is None


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=60))
def test_the_curve_falls_from_one_to_zero_at_least(spells: list[tuple[int, bool]]) -> None:
    shares = [Fraction(1), *(share for _, share in survival(spells))]
    assert shares == sorted(shares, reverse=True)
    assert 0 <= shares[-1] <= 1


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60))
def test_without_censoring_the_curve_is_the_plain_share(days: list[int]) -> None:
    found = summarise([(day, True) for day in days])
    assert found.median_days == sorted(days)[(len(days) - 1) // 2]
    for within, tenths in found.within:
        if tenths is not None:
            plain = Fraction(sum(day <= within for day in days), len(days))
            assert tenths == int(plain * 1000 + Fraction(1, 2))


# Small cells.


def cells(**published: int) -> dict[str, int | None]:
    """Published counts as a public table shows them."""
    return {cell.key: cell.published for cell in cells_of({k: Rates(published=n) for k, n in published.items()})}


def test_a_small_cell_is_hidden_and_one_more_so_that_it_cannot_be_worked_out() -> None:
    """P2"""
    assert cells(a=20, b=4, c=9, d=0) == {"a": 20, "b": None, "c": None, "d": 0}


def test_two_small_cells_hide_each_other() -> None:
    """P2"""
    assert cells(a=20, b=4, c=3) == {"a": 20, "b": None, "c": None}


def test_large_cells_are_shown() -> None:
    """P2"""
    assert cells(a=20, b=5) == {"a": 20, "b": 5}


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 12), max_size=12))
def test_no_hidden_cell_can_be_found_by_subtraction(published: dict[str, int]) -> None:
    """P2"""
    shown = cells_of({key: Rates(published=number) for key, number in published.items()})
    hidden = [cell for cell in shown if cell.published is None]
    assert len(hidden) != 1 or sum(1 for number in published.values() if number) == 1
    assert all(cell.published is None for cell in shown if 0 < published[cell.key] < 5)


def test_statistics_write_nothing(app: Flask) -> None:
    pledged()
    db.session.rollback()
    with count_queries() as seen:
        queries.need_rates(as_of=NOW)
        queries.coverage(as_of=NOW)
        queries.channels(as_of=NOW)
    assert not [sql for sql in seen if not sql.lstrip().upper().startswith(("SELECT", "WITH"))]
    assert db.session.scalar(sa.select(sa.func.count(Pledge.id))) == 1
