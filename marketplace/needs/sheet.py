"""Many needs from one spreadsheet: each row an item, rows of one number a need; the same lint, the same review."""

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import openpyxl
import sqlalchemy as sa

from marketplace.core.actor import Actor
from marketplace.core.divisions import Level
from marketplace.core.errors import DomainError, Invalid
from marketplace.core.exports import text_cell
from marketplace.core.kinds import Labelled
from marketplace.core.masking import mask_name
from marketplace.core.money import Money, parse_money
from marketplace.core.tables import read_table
from marketplace.core.text import normal_form
from marketplace.db import db
from marketplace.households.models import Household
from marketplace.needs.bands import bands_for
from marketplace.needs.catalogue import list_items, search_items
from marketplace.needs.checking import lint_of
from marketplace.needs.consenting import ConsentGiven, give_consent
from marketplace.needs.drafts import SHEET_KEY
from marketplace.needs.lint import flags
from marketplace.needs.models import MONEY_UNIT, CatalogueItem, ConsentHow, Need, OverrideReason
from marketplace.needs.posting import Amount, Reason, choose_items, give_reason, set_amounts, start_need, submit_need
from marketplace.needs.wording import title_of
from marketplace.regions.models import Division

NUMBER, WHO, ITEM, QUANTITY, PRICE, STORY, NEEDED_BY, GIVEN_BY, HOW, WITNESS, WHY_STILL, TRUE = COLUMNS = (
    "序号",
    "户号",
    "物品",
    "数量",
    "单价",
    "理由",
    "何时要",
    "同意人",
    "同意方式",
    "见证人",
    "仍可通过的理由",
    "保证属实",
)
_ESSENTIAL = (NUMBER, WHO, ITEM, QUANTITY, STORY, TRUE)
_HOWS = {"签字": ConsentHow.SIGNED, "口头": ConsentHow.SPOKEN, "": ConsentHow.SIGNED}
_YES = ("是", "y", "yes", "1", "true")
MOST_NEEDS = 500
_ROWS_ABOVE_HEADER = 5
# So much of a code that does not exist is repeated to whoever wrote it.
_SHOWN = 30


class Outcome(Labelled):
    """What becomes of a need of the file (结果)."""

    MADE = "made", "已提交"
    KNOWN = "known", "以前交过"
    REFUSED = "refused", "未收"


class _TakenBack(Exception):
    """Ends a dry run: the savepoint goes back."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One need of the file: its first row, what became of it, its title and code, and why it was refused."""

    row: int
    outcome: Outcome
    title: str = ""
    code: str = ""
    message: str = ""
    params: Mapping[str, object] = field(default_factory=dict)


Cells = Mapping[str, str]
Group = list[tuple[int, Cells]]


def read_need_sheet(content: bytes) -> list[Group]:
    """The needs of an XLSX or CSV file, each with its rows; raises Invalid where it is not such a table."""
    rows = read_table(content)
    names: list[str] = []
    for _, (_number, cells) in zip(range(_ROWS_ABOVE_HEADER), rows, strict=False):
        names = [cell.split("(")[0].strip() for cell in cells]
        if NUMBER in names and ITEM in names:
            break
    absent = [column for column in _ESSENTIAL if column not in names]
    if absent:
        raise Invalid("The file has no column: %(columns)s.", field="file", columns=", ".join(absent))
    groups: dict[str, Group] = {}
    for number, cells in rows:
        named = dict(zip(names, cells, strict=False))
        groups.setdefault(named.get(NUMBER) or f"row {number}", []).append((number, named))
    if not groups:
        raise Invalid("The file has a header but no rows below it.", field="file")
    if len(groups) > MOST_NEEDS:
        raise Invalid("A file has at most %(most)s needs: split it.", field="file", most=MOST_NEEDS)
    return list(groups.values())


def import_needs(
    groups: Sequence[Group], *, poster: Callable[[str], Actor], now: datetime, dry_run: bool = False
) -> list[Entry]:
    """Send every need that is complete to its review; what is refused leaves nothing behind.

    ``poster`` gives the person who posts for a village, by its code. The same rows again are KNOWN.
    A dry run does all of it and takes it back.
    """
    entries: list[Entry] = []
    try:
        with db.session.begin_nested():
            entries += [_take(group, poster=poster, now=now) for group in groups]
            if dry_run:
                raise _TakenBack
    except _TakenBack:
        db.session.expire_all()
    return entries


def blank_sheet(households: Sequence[Household], *, area: str) -> bytes:
    """The XLSX to fill in: the columns, beside them the county's items and the households to choose from."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "需求"
    sheet.append(COLUMNS)
    things = book.create_sheet("物品")
    things.append(("物品", "单位", "参考单价（元）"))
    items = list_items(area=area)
    bands = bands_for(items, area=area)
    for item in items:
        unit = "元" if item.unit == MONEY_UNIT else item.unit
        things.append((text_cell(item.full_name), unit, Money(bands[item.id].typical_fen).short))
    reasons = book.create_sheet(WHY_STILL)
    for reason in OverrideReason:
        reasons.append((reason.label,))
    people = book.create_sheet("农户")
    people.append(("户号", "户主", "组"))
    for household in households:
        people.append((household.code, mask_name(household.head_name), text_cell(household.group_name)))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _take(group: Group, *, poster: Callable[[str], Actor], now: datetime) -> Entry:
    row, first = group[0]
    key = _key(group)
    known = db.session.scalar(sa.select(Need).where(Need.client_key == key))
    if known is not None:
        return Entry(row, Outcome.KNOWN, known.title, known.code)
    try:
        with db.session.begin_nested():
            who = first.get(WHO, "").upper()
            need = _post(group, who=who, key=key, by=poster(_village_of(who)), now=now)
            return Entry(row, Outcome.MADE, title_of(need.lines), need.code)
    except DomainError as error:
        db.session.expire_all()
        return Entry(row, Outcome.REFUSED, first.get(ITEM, ""), message=error.message, params=error.params)


def _village_of(who: str) -> str:
    """The village of a household's code, or the village's own code; Invalid where there is neither."""
    if who.isdigit():
        village = db.session.get(Division, who)
        found = village.code if village is not None and village.level is Level.VILLAGE else None
    else:
        found = db.session.scalar(sa.select(Household.division_code).where(Household.code == who))
    if found is None:
        raise Invalid(
            "Column 户号: no household and no village has the code “%(code)s”. Copy it from the list of households.",
            code=who[:_SHOWN],
        )
    return found


def _post(group: Group, *, who: str, key: str, by: Actor, now: datetime) -> Need:
    """The same steps as on the pages, one after the other."""
    first = group[0][1]
    is_village = who.isdigit()
    if first.get(TRUE, "").lower() not in _YES:
        raise Invalid("Column 保证属实: write 是, the household and the clerk vouch for it.")
    need = start_need(
        household_code=None if is_village else who, village=who if is_village else None, client_key=key, by=by, now=now
    )
    wanted = list(_items(group, area=need.division_code))
    choose_items(need.code, items=[item.code for item, _ in wanted], by=by, now=now)
    amounts = {item.id: amount for item, amount in wanted}
    at = {line.position: amounts[line.item_id or 0] for line in need.lines}
    set_amounts(need.code, amounts=at, by=by, now=now)
    give_reason(
        need.code, reason=Reason(first.get(STORY, ""), needed_by=_day(first.get(NEEDED_BY, ""))), by=by, now=now
    )
    if not is_village:
        how = next((way for word, way in _HOWS.items() if first.get(HOW, "").startswith(word) and word), None)
        given = ConsentGiven(how or _HOWS[""], first.get(GIVEN_BY, ""), first.get(WITNESS, ""))
        give_consent(need.code, given=given, by=by, now=now)
    overrides = _overrides(need, first.get(WHY_STILL, ""), now=now)
    return submit_need(need.code, is_true=True, overrides=overrides, with_slip=False, by=by, now=now)[0]


def _overrides(need: Need, typed: str, *, now: datetime) -> dict[str, OverrideReason]:
    """One reason for all that stands out; without it the first of these says what to change."""
    asking = list(flags(lint_of(need, now=now)))
    reason = next((each for each in OverrideReason if each.label == typed), None)
    if asking and reason is None:
        raise Invalid(asking[0].message, field=asking[0].field, **asking[0].params)
    return {finding.rule: reason for finding in asking if reason is not None}


def _items(group: Group, *, area: str) -> Iterator[tuple[CatalogueItem, Amount]]:
    items = list_items()
    bands = bands_for(items, area=area)
    for _row, cells in group:
        item = _item_named(cells.get(ITEM, ""), items)
        quantity, price = cells.get(QUANTITY, ""), cells.get(PRICE, "")
        if item.unit == MONEY_UNIT:
            yield item, Amount(parse_money(quantity).fen)
            continue
        if not quantity.isascii() or not quantity.isdigit() or len(quantity) > 9:
            raise Invalid("%(name)s: write how many, as a number above 0.", name=item.full_name)
        yield item, Amount(int(quantity), parse_money(price).fen if price else bands[item.id].typical_fen)


def _item_named(name: str, items: Sequence[CatalogueItem]) -> CatalogueItem:
    """The item with this code, or this name with its size; the name alone is enough where one item has it."""
    wanted = normal_form(name)
    exact = [item for item in items if wanted in (normal_form(item.code), normal_form(item.full_name))]
    found = exact or [item for item in items if normal_form(item.name) == wanted]
    if len(found) == 1:
        return found[0]
    like = "、".join(item.full_name for item in found or search_items(name, most=3)) or "–"
    if found:
        raise Invalid("“%(name)s” comes in several sizes: write which: %(like)s.", name=name, like=like)
    raise Invalid("“%(name)s” is not in the catalogue. Like it: %(like)s.", name=name, like=like)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text.replace("/", "-").replace(".", "-"))
    except ValueError as error:
        raise Invalid("Column 何时要: write a day as 2018-12-31.") from error


def _key(group: Group) -> str:
    """What the rows say, without their numbers: the same file twice, or sorted anew, makes nothing new."""
    said = [[cells.get(column, "") for column in COLUMNS[1:]] for _, cells in group]
    return SHEET_KEY + hashlib.sha256(repr(said).encode()).hexdigest()[:40]
