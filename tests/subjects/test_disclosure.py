"""What the public is told: every figure from the ledger, nothing that leads to a person."""

import csv
import io
from dataclasses import fields, is_dataclass
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import NotFound
from marketplace.core.exports import amount_cell, text_cell
from marketplace.core.kinds import Channel, DonorType, SupportKind
from marketplace.core.permissions import Role
from marketplace.core.workflow import PledgeState
from marketplace.db import db, transaction
from marketplace.disclosure import queries
from marketplace.disclosure.public import amount_class, giver_of
from marketplace.disclosure.queries import EventKind, GiftFilters, Period, PublicGift, Standing
from marketplace.donors.models import Donor
from marketplace.ledger.models import EntryKind, LedgerEntry
from marketplace.ledger.service import reverse_entry
from marketplace.pairings.service import AgreementRow, insert_agreements
from marketplace.pairings.service import Step as AgreementStep
from marketplace.pledges.service import lapse_due
from tests import factories as f
from tests.counting import count_queries
from tests.factories import NOW, TREE, days_ago, money_line
from tests.scenes import GOODS, confirmed, delivered, make_money_scene, make_scene, settled_money

LATER = NOW + timedelta(minutes=5)


def period(**fields: object) -> Period:
    """The year up to a moment after NOW."""
    return queries.make_period(now=LATER, **fields)  # type: ignore[arg-type]


def listed(**fields: object) -> list[PublicGift]:
    """The first page of the list."""
    filters = GiftFilters(fields.pop("period", period()), **fields)  # type: ignore[arg-type]
    return list(queries.list_gifts(filters, now=LATER).gifts)


def make_agreement(*, agreed: int, received: int = 0, used: int = 0, county: str = TREE.county, days: int = 50) -> None:
    """One project of the Guangdong channel."""
    f.make_tree()
    steps = [AgreementStep(EntryKind.RECEIVE, received, days_ago(days - 1), custodian="州财政专户")] if received else []
    if used:
        steps.append(
            AgreementStep(EntryKind.DISBURSE, used, days_ago(days - 2), custodian="州财政专户", payee="县交通局")
        )
        steps.append(AgreementStep(EntryKind.USE, used, days_ago(days - 3), payee="县交通局", what="牧道"))
    row = AgreementRow(
        code=f"XY-{f.new_code(f.Prefix.AGREEMENT)[3:]}",
        channel=Channel.GUANGDONG,
        unit="某协作单位",
        title="牧道",
        division_code=county,
        agreed_fen=agreed,
        signed_on=days_ago(days).date(),
        signed_at=days_ago(days),
        steps=tuple(steps),
    )
    with transaction():
        insert_agreements([row])


# Totals.


def test_the_statement_foots_by_movements_and_by_accounts(app: Flask) -> None:
    """D4"""
    settled_money(make_money_scene())
    make_agreement(agreed=9_000, received=5_000, used=3_000)
    found = queries.statement_of(period())
    gifts, channels, whole = found.gifts, found.channels, found.whole
    assert (gifts.agreed, gifts.during.received, gifts.during.used, gifts.closing) == (148_000, 148_000, 145_200, 2_800)
    assert (channels.agreed, channels.during.received, channels.during.used, channels.closing) == (
        9000,
        5000,
        3000,
        2000,
    )
    assert (whole.closing, whole.held, found.foots) == (4_800, 4_800, True)


def test_what_happened_before_the_period_is_its_opening_balance(app: Flask) -> None:
    make_agreement(agreed=9_000, received=5_000, used=3_000, days=50)
    found = queries.statement_of(period(since=days_ago(20).date()))
    column = found.channels
    assert (column.opening, column.during.received, column.during.used, column.closing) == (2_000, 0, 0, 2_000)
    assert found.foots


def test_an_old_day_has_its_old_statement(app: Flask) -> None:
    make_agreement(agreed=9_000, received=5_000, used=3_000, days=50)
    found = queries.statement_of(period(until=days_ago(49).date()))
    assert (found.channels.during.received, found.channels.during.used, found.foots) == (5_000, 0, True)


def test_a_place_has_its_own_statement(app: Flask) -> None:
    settled_money(make_money_scene())
    make_agreement(agreed=9_000, received=5_000, county=TREE.other_county)
    here = queries.statement_of(period(area=TREE.county))
    there = queries.statement_of(period(area=TREE.other_county))
    assert (here.gifts.closing, here.channels.closing, here.foots) == (2_800, 0, True)
    assert (there.gifts.closing, there.channels.closing, there.foots) == (0, 5_000, True)


def test_a_reversal_is_taken_off_what_it_reverses(app: Flask) -> None:
    """L8"""
    scene = make_money_scene()
    receipt = scene.receive({scene.lines[0]: 148_000})
    admins = [f.make_actor(Role.COUNTY_ADMIN, division=TREE.county) for _ in range(2)]
    with transaction():
        reverse_entry(
            receipt.entry_id,
            reason="录入错误",
            by=admins[0],
            approved_by=admins[1],
            division=TREE.county,
            at=NOW + timedelta(minutes=1),
        )
    found = queries.statement_of(period())
    assert (found.gifts.during.received, found.gifts.closing, found.foots) == (0, 0, True)
    page = queries.get_gift(scene.pledge.code, now=LATER)
    assert [row.is_reversed for row in page.book] == [False, True, False]
    assert page.flows[0].totals.received == 0


def test_goods_are_not_money(app: Flask) -> None:
    delivered(make_scene())
    assert queries.statement_of(period()).whole.agreed == 0


def test_a_broken_book_is_told(app: Flask) -> None:
    """D4"""
    scene = make_money_scene()
    scene.receive({scene.lines[0]: 148_000})
    # Only somebody with the database file itself can do this: a line to a payee without any entry of its kind.
    with transaction() as session:
        entry = session.scalars(sa.select(LedgerEntry).where(LedgerEntry.kind == EntryKind.RECEIVE)).one()
        line = entry.lines[0]
        session.execute(
            sa.insert(type(line)).values(
                entry_id=entry.id,
                from_account_id=line.target.id,
                to_account_id=line.source.id,
                unit="fen",
                amount=1,
                memo="",
            )
        )
    found = queries.statement_of(period())
    assert not found.foots
    assert found.gifts.gap == -2


def test_donors_who_were_not_told_are_counted(app: Flask) -> None:
    confirmed(make_scene())
    settled_money(make_money_scene())
    found = queries.reports_of(period())
    assert (found.delivered, found.untold) == (2, 1)


# The list.


def test_a_gift_is_listed_with_what_was_promised_and_what_arrived(app: Flask) -> None:
    """R-P2"""
    scene = make_scene()
    scene.receive({scene.lines[0]: 3})
    (gift,) = listed()
    assert gift == PublicGift(
        code=scene.pledge.code,
        promised_on=(NOW - timedelta(days=2)).date(),
        giver=giver_of(DonorType.INDIVIDUAL, "", None, shows_name=False),
        items="棉被 4 床、取暖炉 1 台",
        kind=SupportKind.GOODS,
        township=TREE.township,
        state=PledgeState.RECEIVED,
        is_late=False,
        agreed_fen=4 * 18_000 + 86_000,
        received_fen=3 * 18_000,
        amount_class="",
        received_class="",
    )


def test_a_donor_is_named_only_where_chosen_and_a_unit_with_its_tail(app: Flask) -> None:
    """R-P2"""
    unit = f.make_donor(DonorType.PRIVATE_FIRM, name="川西某纺织企业", credit_code="91510000MA61TX6K2R")
    make_scene(donor=unit, shows_name=True, days_before=1)
    make_scene(donor=unit, shows_name=False, days_before=2)
    person = f.make_donor(name="卓玛拉姆")
    make_scene(donor=person, shows_name=True, days_before=3)
    make_scene(donor=person, shows_name=False, days_before=4)
    givers = [gift.giver for gift in listed()]
    assert [(g.is_person, g.name, g.credit_tail) for g in givers] == [
        (False, "川西某纺织企业", "6K2R"),
        (False, "", ""),
        (True, "卓玛拉姆", ""),
        (True, "", ""),
    ]


def test_a_hidden_amount_is_a_class_and_in_no_total(app: Flask) -> None:
    """R-P2"""
    make_money_scene(shows_amount=False)
    make_money_scene()
    shown = {gift.agreed_fen: gift for gift in listed()}
    assert set(shown) == {None, 148_000}
    assert (shown[None].amount_class, shown[None].received_class) == ("1,000–5,000", "0.00")
    assert "1,480" not in shown[None].items
    totals = queries.totals_of_gifts(GiftFilters(period()), now=LATER)
    assert (totals.gifts, totals.hidden, totals.money_agreed_fen) == (2, 1, 148_000)


def test_a_hidden_amount_stands_nowhere_on_its_own_page(app: Flask) -> None:
    """R-P2"""
    scene = make_money_scene(shows_amount=False)
    page = queries.get_gift(scene.pledge.code, now=LATER)
    assert (page.shows_amount, page.items, page.amount_class) == (False, "学费", "1,000–5,000")


def test_the_totals_row_is_the_sum_of_the_rows(app: Flask) -> None:
    settled_money(make_money_scene())
    scene = make_scene()
    scene.receive({scene.lines[0]: 3})
    make_money_scene(days_before=3)
    rows = listed()
    totals = queries.totals_of_gifts(GiftFilters(period()), now=LATER)
    for kind, agreed, received in (
        (SupportKind.MONEY, totals.money_agreed_fen, totals.money_received_fen),
        (SupportKind.GOODS, totals.goods_agreed_fen, totals.goods_received_fen),
    ):
        assert agreed == sum(gift.agreed_fen or 0 for gift in rows if gift.kind is kind)
        assert received == sum(gift.received_fen or 0 for gift in rows if gift.kind is kind)
    assert totals.gifts == len(rows) == 3


def test_the_gifts_column_of_the_statement_is_the_total_of_the_money_gifts(app: Flask) -> None:
    """D4"""
    settled_money(make_money_scene())
    make_money_scene(days_before=3)
    totals = queries.totals_of_gifts(GiftFilters(period()), now=LATER)
    assert queries.statement_of(period()).gifts.agreed == totals.money_agreed_fen == 296_000


def test_the_list_is_filtered_by_state(app: Flask) -> None:
    accepted = make_scene(days_before=1).pledge.code
    done = confirmed(make_scene()).pledge.code
    gone = make_scene(days_before=9).pledge.code
    with transaction():
        lapse_due(NOW)
    codes = {standing: {gift.code for gift in listed(standing=standing)} for standing in Standing}
    assert codes[Standing.CURRENT] == {accepted, done}
    assert codes[Standing.ACCEPTED] == {accepted}
    assert codes[Standing.CONFIRMED] == {done}
    assert codes[Standing.ENDED] == {gone}
    assert codes[Standing.LATE] == codes[Standing.RECEIVED] == set()


def test_a_promise_past_its_day_is_late(app: Flask) -> None:
    """R-G7"""
    code = make_scene(days_before=9).pledge.code
    (gift,) = listed(standing=Standing.LATE)
    assert (gift.code, gift.is_late) == (code, True)


@pytest.mark.parametrize("words", ["棉被", "取暖", "石渠", "洛须镇", " 棉被 "])
def test_the_list_is_searched_by_item_and_place(app: Flask, words: str) -> None:
    code = make_scene().pledge.code
    make_money_scene(household=f.make_household(TREE.village_of_other_county))
    assert [gift.code for gift in listed(words=words)] == [code]


def test_the_list_is_searched_by_code_however_it_is_typed(app: Flask) -> None:
    scene = make_scene()
    make_scene()
    for words in (scene.pledge.code.lower().replace("-", ""), scene.need.code):
        assert [gift.code for gift in listed(words=words)] == [scene.pledge.code]


@pytest.mark.parametrize("words", ["温拖", "扎西", "%", "_", "'", "\\", "不公开的人", "x" * 5000])
def test_villages_households_and_hidden_names_cannot_be_searched(app: Flask, words: str) -> None:
    """R-P1"""
    make_scene(donor=f.make_donor(name="不公开的人"))
    assert listed(words=words) == []


def test_a_named_donor_can_be_searched(app: Flask) -> None:
    code = make_scene(donor=f.make_donor(name="卓玛拉姆"), shows_name=True).pledge.code
    assert [gift.code for gift in listed(words="卓玛")] == [code]


def test_the_list_is_cut_by_place_and_day(app: Flask) -> None:
    here = make_scene(days_before=2).pledge.code
    make_scene(household=f.make_household(TREE.village_of_other_county), days_before=6)
    assert [gift.code for gift in listed(period=period(area=TREE.township))] == [here]
    assert [gift.code for gift in listed(period=period(since=days_ago(4).date()))] == [here]


def test_pages_follow_one_another_without_hole_or_repeat(app: Flask) -> None:
    """E2"""
    wanted = [make_scene(days_before=day).pledge.code for day in (1, 1, 2, 3, 3)]
    filters = GiftFilters(period())
    seen, cursor = [], ""
    while True:
        page = queries.list_gifts(filters, cursor, now=LATER, size=2)
        seen += [gift.code for gift in page.gifts]
        cursor = page.next_cursor
        if not cursor:
            break
    assert sorted(seen) == sorted(wanted)
    assert [gift.code for gift in queries.all_gifts(filters, now=LATER)] == seen


@pytest.mark.parametrize("cursor", ["x", "1-", "-1", "9" * 40, "1" * 17 + "-" + "9" * 18, "１-２"])
def test_a_malformed_place_in_the_list_begins_at_its_start(app: Flask, cursor: str) -> None:
    make_scene()
    assert len(queries.list_gifts(GiftFilters(period()), cursor, now=LATER).gifts) in (0, 1)


def test_the_list_asks_the_same_number_of_questions_for_any_length(app: Flask) -> None:
    def ask() -> int:
        with count_queries() as seen:
            queries.list_gifts(GiftFilters(period()), now=LATER)
            queries.totals_of_gifts(GiftFilters(period()), now=LATER)
            queries.statement_of(period())
        return len(seen)

    make_scene()
    few = ask()
    for _ in range(4):
        make_scene()
    assert ask() == few


# One gift.


def test_one_yuan_can_be_followed_from_promise_to_use(app: Flask) -> None:
    """R-G6"""
    scene = settled_money(make_money_scene())
    page = queries.get_gift(scene.pledge.code, now=LATER)
    (flow,) = page.flows
    assert [(step.kind, step.amount, step.percent) for step in flow.steps] == [
        (EntryKind.PLEDGE, 148_000, 100),
        (EntryKind.RECEIVE, 148_000, 100),
        (EntryKind.DISBURSE, 148_000, 100),
        (EntryKind.USE, 145_200, 98),
    ]
    assert flow.totals.left == 2_800
    assert [event.kind for event in page.events] == [
        EventKind.PROMISED,
        EventKind.RECEIVED,
        EventKind.DISBURSED,
        EventKind.USED,
        EventKind.DELIVERED,
        EventKind.HOUSEHOLD,
        EventKind.SECOND,
        EventKind.REPORTED,
    ]
    assert all(event.is_done for event in page.events)
    assert (page.intent, page.used_for, page.words) == ("先买炉子，天冷。", ("棉被、取暖炉",), "炉子不漏烟了。谢谢。")


def test_goods_are_followed_in_their_own_units(app: Flask) -> None:
    """L11"""
    scene = delivered(make_scene())
    page = queries.get_gift(scene.pledge.code, now=LATER)
    assert {(flow.unit, flow.totals.pledged, flow.totals.disbursed) for flow in page.flows} == {
        ("床", 4, 4),
        ("台", 1, 1),
    }


def test_what_is_still_to_come_is_shown_as_such(app: Flask) -> None:
    page = queries.get_gift(make_scene().pledge.code, now=LATER)
    assert [(e.kind, e.is_done) for e in page.events] == [
        (EventKind.PROMISED, True),
        (EventKind.RECEIVED, False),
        (EventKind.DELIVERED, False),
        (EventKind.HOUSEHOLD, False),
        (EventKind.SECOND, False),
        (EventKind.REPORTED, False),
    ]


def test_a_gift_that_did_not_arrive_says_so(app: Flask) -> None:
    scene = delivered(make_scene())
    scene.household_says(arrived=False)
    page = queries.get_gift(scene.pledge.code, now=LATER)
    said = [(event.kind, event.is_done, event.arrived) for event in page.events]
    assert (EventKind.HOUSEHOLD, True, False) in said
    assert (EventKind.HOUSEHOLD, False, True) in said


def test_a_lapsed_gift_is_marked_not_removed(app: Flask) -> None:
    scene = make_scene(days_before=9)
    with transaction():
        lapse_due(NOW)
    page = queries.get_gift(scene.pledge.code, now=LATER)
    assert (page.state, page.events[-1].kind) == (PledgeState.LAPSED, EventKind.ENDED)


def test_days_of_visits_are_told_by_month_alone(app: Flask) -> None:
    """R-P1"""
    page = queries.get_gift(confirmed(make_scene()).pledge.code, now=LATER)
    visits = {EventKind.DELIVERED, EventKind.HOUSEHOLD, EventKind.SECOND}
    assert all(event.by_month for event in page.events if event.kind in visits)
    assert [row.by_month for row in page.book if row.kind is EntryKind.DISBURSE] == [True, True]


def test_a_photo_is_shown_once_a_second_person_has_checked_it(app: Flask) -> None:
    """R-P1"""
    unchecked = queries.get_gift(confirmed(make_scene(), clean=False).pledge.code, now=LATER)
    checked = queries.get_gift(confirmed(make_scene(), clean=True).pledge.code, now=LATER)
    shown = [[e.photo != "" for e in page.events if e.kind is EventKind.DELIVERED] for page in (unchecked, checked)]
    assert shown == [[False], [True]]


def test_words_that_are_not_to_be_published_are_not(app: Flask) -> None:
    """R-P1"""
    scene = confirmed(make_scene())
    scene.report(words="谢谢好心人，炉子好用。", may_publish=False)
    assert queries.get_gift(scene.pledge.code, now=LATER).words == ""


@pytest.mark.parametrize("state", [PledgeState.OFFERED, PledgeState.DECLINED])
def test_an_offer_is_no_gift(app: Flask, state: PledgeState) -> None:
    code = f.make_pledge(state).code
    with pytest.raises(NotFound):
        queries.get_gift(code, now=LATER)
    assert listed() == []


def test_no_name_and_no_number_of_a_person_is_in_what_the_public_reads(app: Flask) -> None:
    """P1, R-P1"""
    household = f.make_household(head_name="嘎玛曲珍")
    scene = make_scene(household=household, donor=f.make_donor(name="不公开的人"))
    confirmed(scene)
    scene.report()
    page = queries.get_gift(scene.pledge.code, now=LATER)
    said = " ".join([*strings_of(page), *strings_of(listed()[0])])
    donor = db.session.get_one(Donor, scene.donor.id)
    secrets = ["嘎玛曲珍", "不公开的人", donor.code, TREE.village, "温拖", household.code, household.registry_no]
    secrets += [user.name for user in (scene.clerk, scene.reviewer, scene.supervisor)]
    assert [secret for secret in secrets if secret in said] == []


def strings_of(value: object) -> list[str]:
    """Every string in a tree of dataclasses and tuples."""
    if is_dataclass(value):
        return [text for field in fields(value) for text in strings_of(getattr(value, field.name))]
    if isinstance(value, (tuple, list)):
        return [text for part in value for text in strings_of(part)]
    return [value] if isinstance(value, str) else []


# Cells.


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", '"='])
def test_no_cell_can_be_taken_for_a_formula(start: str) -> None:
    """E1"""
    cell = text_cell(f"{start}1+1")
    assert cell.startswith("'")
    assert not set(cell) & set("\t\r\n")


@pytest.mark.parametrize("name", ["扎西", "川西某纺织企业", "500–1,000", "JZ-4M8TGK-61", ""])
def test_plain_words_stay_as_they_are(name: str) -> None:
    """E1"""
    assert text_cell(name) == name


@given(st.text(max_size=40))
def test_a_cell_survives_the_csv_as_one_cell(text: str) -> None:
    """E1"""
    stream = io.StringIO()
    csv.writer(stream).writerow([text_cell(text), amount_cell(148_000)])
    ((first, second),) = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    assert (first, float(second)) == (text_cell(text), 1480.0)


@given(st.integers(-(10**13), 10**13))
def test_amounts_stay_numbers_to_the_fen(fen: int) -> None:
    """E1"""
    whole, _, rest = amount_cell(fen).lstrip("-").partition(".")
    assert int(whole) * 100 + int(rest) == abs(fen)
    assert len(rest) == 2


@pytest.mark.parametrize(
    ("yuan", "expected"),
    [(0, "0–100"), (99, "0–100"), (100, "100–500"), (1_480, "1,000–5,000"), (2_000_000, "> 1,000,000")],
)
def test_a_hidden_amount_falls_into_one_class(yuan: int, expected: str) -> None:
    assert amount_class(yuan * 100) == expected


def test_a_period_ends_now_at_the_latest_and_starts_with_the_year() -> None:
    found = queries.make_period(now=NOW, until=date(2030, 1, 1))
    assert (found.until, found.first_day) == (NOW, date(2018, 1, 1))
    backwards = queries.make_period(now=NOW, since=date(2019, 1, 1), until=date(2018, 5, 1))
    assert backwards.since == backwards.until


def test_money_and_goods_are_listed_under_their_kind(app: Flask) -> None:
    make_scene(lines=GOODS)
    make_scene(lines=(money_line(5_000),))
    assert {gift.kind for gift in listed()} == {SupportKind.GOODS, SupportKind.MONEY}
