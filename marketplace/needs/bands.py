"""The catalogue as a county keeps it: its own price band for an item, what it offers, new items, CSV in and out."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor, ensure_can
from marketplace.core.divisions import Level, at_level
from marketplace.core.errors import Invalid, NotFound
from marketplace.core.kinds import NeedCategory
from marketplace.core.money import FEN_PER_YUAN, LARGEST_FEN, Money
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.needs.catalogue import COLUMNS, fields_of, items_by_code, list_items, search_items
from marketplace.needs.models import CatalogueBand, CatalogueItem

_MOST_ROWS = 5_000
# What all counties share of an item, and the column of the file in which it stands.
_COMMON = {
    "name": "name",
    "variant": "variant",
    "unit": "unit",
    "kind": "kind",
    "category": "category",
    "most": "most",
    "is_winter": "winter",
}


@dataclass(frozen=True, slots=True)
class Band:
    """What an item costs in an area, in fen, where that is from, and whether needs may be made of it."""

    low_fen: int
    typical_fen: int
    high_fen: int
    basis: str
    is_offered: bool = True
    # True where the county set it itself.
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a file: what it does, or why it is refused."""

    row: int
    code: str
    name: str
    # "made", "changed" or "refused".
    act: str
    why: str = ""
    params: Mapping[str, object] | None = None


def county_of(division: str) -> str:
    """The county that a division lies in, or the division itself above that."""
    return at_level(division, Level.COUNTY)


def bands_for(items: Collection[CatalogueItem], *, area: str) -> dict[int, Band]:
    """The band of each item in the county of ``area``, by the item's id."""
    own = {
        band.item_id: band
        for band in db.session.scalars(sa.select(CatalogueBand).where(CatalogueBand.division_code == county_of(area)))
    }
    return {item.id: _band(item, own.get(item.id)) for item in items}


def list_catalogue(
    *, area: str, words: str = "", category: NeedCategory | None = None
) -> list[tuple[CatalogueItem, Band]]:
    """All items with the county's bands, those that fit the words best first; retired ones too."""
    found = search_items(words, most=60) if words.strip() else list_items(category=category)
    bands = bands_for(found, area=area)
    return [(item, bands[item.id]) for item in found if category is None or item.category is category]


def get_item(code: str) -> CatalogueItem:
    """The item with this code; NotFound where there is none."""
    found = items_by_code([code])
    if not found:
        raise NotFound("There is nothing here that you may see.")
    return found[0]


def set_band(code: str, *, area: str, band: Band, by: Actor, now: datetime) -> CatalogueItem:
    """Set what an item costs in a county, and whether it is offered there; the item's own figures stay as they are."""
    ensure_can(by, Permission.CATALOGUE_KEEP, area)
    _ensure_band(band)
    item = get_item(code)
    before = bands_for([item], area=area)[item.id]
    if _values(before) == _values(band):
        return item
    row = db.session.scalar(
        sa.select(CatalogueBand).where(CatalogueBand.item_id == item.id, CatalogueBand.division_code == area)
    )
    if row is None:
        row = CatalogueBand(item_id=item.id, division_code=area)
        db.session.add(row)
    row.low_fen, row.typical_fen, row.high_fen = band.low_fen, band.typical_fen, band.high_fen
    row.basis, row.is_offered = band.basis.strip()[:60] or "county", band.is_offered
    row.set_by, row.set_at = by.user_id, now
    db.session.flush()
    audit.record(
        by,
        "catalogue.band",
        subject="catalogue",
        subject_id=item.id,
        at=now,
        division=area,
        code=item.code,
        before=f"{before.low_fen}-{before.high_fen}",
        after=f"{band.low_fen}-{band.high_fen}",
        offered=band.is_offered,
    )
    return item


def add_item(row: Mapping[str, str], *, area: str, by: Actor, now: datetime, number: int = 1) -> CatalogueItem:
    """Add an item to the catalogue; its figures hold wherever no county has set its own."""
    ensure_can(by, Permission.CATALOGUE_KEEP, area)
    fields = fields_of(row, number=number)
    if items_by_code([row["code"]]):
        raise Invalid("There is an item with this code already.", field="code")
    if any(item.full_name == f"{fields['name']}（{fields['variant']}）" for item in list_items()):
        raise Invalid("There is an item of this name and size already.", field="variant")
    item = CatalogueItem(**fields)
    db.session.add(item)
    db.session.flush()
    audit.record(by, "catalogue.add", subject="catalogue", subject_id=item.id, at=now, division=area, code=item.code)
    return item


def rows_of(*, area: str) -> list[dict[str, str]]:
    """The catalogue as a county sees it, in the columns of the file; what it does not offer is left out."""
    return [_row(item, band) for item, band in list_catalogue(area=area) if band.is_offered]


def csv_of(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as CSV with the marks by which a spreadsheet knows UTF-8."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return "\ufeff" + out.getvalue()


def import_rows(
    rows: Sequence[Mapping[str, str]], *, area: str, by: Actor, now: datetime, dry_run: bool
) -> list[Change]:
    """Set the county's bands from rows of a file and add items that are new; returns what is done or refused.

    All or nothing: with one row refused nothing is written. A row that agrees with what stands is left out.
    """
    ensure_can(by, Permission.CATALOGUE_KEEP, area)
    if len(rows) > _MOST_ROWS:
        raise Invalid("The file has more than %(most)s rows.", field="file", most=_MOST_ROWS)
    known = {item.code: item for item in list_items()}
    bands = bands_for(list(known.values()), area=area)
    changes: list[Change] = []
    todo: list[tuple[Mapping[str, str], Band | None]] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        try:
            if row["code"] in seen:
                raise Invalid("Row %(row)s: the code stands twice.", field="file", row=number)
            seen.add(row["code"])
            fields = fields_of(row, number=number)
            item = known.get(row["code"])
            _ensure_same_thing(item, fields, number=number)
            band = Band(fields["low_fen"], fields["typical_fen"], fields["high_fen"], str(fields["basis"]), True, True)
            _ensure_band(band)
        except Invalid as error:
            changes.append(Change(number, row["code"], row["name"], "refused", error.message, error.params))
            continue
        if item is None:
            changes.append(Change(number, row["code"], row["name"], "made"))
            todo.append((row, None))
        elif _values(bands[item.id]) != _values(band):
            changes.append(Change(number, row["code"], row["name"], "changed"))
            todo.append((row, band))
    if not dry_run and not any(change.act == "refused" for change in changes):
        for row, new in todo:
            if new is None:
                add_item(row, area=area, by=by, now=now)
            else:
                set_band(row["code"], area=area, band=new, by=by, now=now)
    return changes


def _band(item: CatalogueItem, own: CatalogueBand | None) -> Band:
    if own is None:
        return Band(item.low_fen, item.typical_fen, item.high_fen, item.basis)
    return Band(own.low_fen, own.typical_fen, own.high_fen, own.basis, own.is_offered, True)


def _values(band: Band) -> tuple[int, int, int, str, bool]:
    return band.low_fen, band.typical_fen, band.high_fen, band.basis, band.is_offered


def _ensure_same_thing(item: CatalogueItem | None, fields: Mapping[str, object], *, number: int) -> None:
    """What is common to all counties cannot be changed by the file of one."""
    other = [column for name, column in _COMMON.items() if item is not None and getattr(item, name) != fields[name]]
    if other:
        raise Invalid(
            "Row %(row)s: %(columns)s is the same for all counties; only prices and their source are your own."
            " Give another thing a new code.",
            field="file",
            row=number,
            columns=", ".join(other),
        )


def _ensure_band(band: Band) -> None:
    if not 0 <= band.low_fen <= band.typical_fen <= band.high_fen <= LARGEST_FEN:
        raise Invalid("The lowest price may not be above the usual one, nor that above the highest.", field="low")


def _row(item: CatalogueItem, band: Band) -> dict[str, str]:
    return {
        "code": item.code,
        "name": item.name,
        "variant": item.variant,
        "unit": "元" if item.unit == "fen" else item.unit,
        "kind": item.kind.value,
        "category": item.category.value,
        "low": _yuan(band.low_fen),
        "typical": _yuan(band.typical_fen),
        "high": _yuan(band.high_fen),
        "most": str(item.most),
        "winter": "1" if item.is_winter else "0",
        "basis": band.basis,
    }


def _yuan(fen: int) -> str:
    return str(fen // FEN_PER_YUAN) if fen % FEN_PER_YUAN == 0 else Money(fen).short.replace(",", "")
