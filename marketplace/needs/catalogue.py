"""The item catalogue: read from CSV, kept by code, searched by name, sound and likeness."""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import IO, Any

import sqlalchemy as sa
from rapidfuzz import fuzz

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import DomainError, Forbidden, Invalid
from marketplace.core.kinds import NeedCategory, SupportKind, find_member
from marketplace.core.money import parse_money
from marketplace.core.text import SYNONYMS, normal_form, pinyin
from marketplace.db import db
from marketplace.needs.models import MONEY_UNIT, CatalogueBand, CatalogueItem, NeedLine

COLUMNS = ("code", "name", "variant", "unit", "kind", "category", "low", "typical", "high", "most", "winter", "basis")
# What a file may lack: sizes then stand in brackets in the names.
_OPTIONAL = {"variant"}
# A need's line holds the name with its variant.
_LONGEST_NAME = 60
_LONGEST_VARIANT = 40
_LIKE_ENOUGH = 60.0
_SAME = {word: row for row in SYNONYMS for word in row}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did, counted by rows."""

    made: int
    changed: int
    same: int


def builtin_rows() -> list[dict[str, str]]:
    """The catalogue that a new deployment starts with."""
    with files("marketplace.needs").joinpath("data/catalogue.csv").open(encoding="utf-8") as file:
        return read_rows(file)


def read_rows(file: IO[str]) -> list[dict[str, str]]:
    """Rows of a catalogue CSV; Invalid where a column is missing."""
    reader = csv.DictReader(file)
    absent = [column for column in COLUMNS if column not in _OPTIONAL | set(reader.fieldnames or [])]
    if absent:
        raise Invalid("The file has no column: %(columns)s.", field="file", columns=", ".join(absent))
    return [{column: (row.get(column) or "").strip() for column in COLUMNS} for row in reader]


def load_catalogue(rows: Sequence[Mapping[str, str]], *, by: Actor, now: datetime) -> Loaded:
    """Make or change items by their code; the same rows twice change nothing. Prices are in yuan.

    Raises Invalid naming the row; the caller's transaction then holds nothing of the file.
    """
    if not by.is_system:
        raise Forbidden("Your role does not allow this.")
    known = {item.code: item for item in db.session.scalars(sa.select(CatalogueItem))}
    made = changed = same = 0
    for number, row in enumerate(rows, start=2):
        fields = fields_of(row, number=number)
        code = str(fields["code"])
        item = known.get(code)
        if item is None:
            known[code] = item = CatalogueItem(**fields)
            db.session.add(item)
            made += 1
        elif any(getattr(item, name) != value for name, value in fields.items()):
            for name, value in fields.items():
                setattr(item, name, value)
            changed += 1
        else:
            same += 1
    db.session.flush()
    if made or changed:
        audit.record(by, "catalogue.load", subject="catalogue", subject_id=None, at=now, made=made, changed=changed)
    return Loaded(made, changed, same)


def list_items(*, category: NeedCategory | None = None, area: str | None = None) -> list[CatalogueItem]:
    """All items in the order of the catalogue, or those of a category; with ``area`` what its county offers."""
    statement = sa.select(CatalogueItem).where(_is_offered(area)).order_by(CatalogueItem.id)
    if category is not None:
        statement = statement.where(CatalogueItem.category == category)
    return list(db.session.scalars(statement))


def list_often_asked(*, winter: bool, most: int, area: str | None = None) -> list[CatalogueItem]:
    """The items of the winter, or those outside it, that needs name most often; then the catalogue's order."""
    asked = (
        sa.select(NeedLine.item_id, sa.func.count().label("times"))
        .where(NeedLine.item_id.is_not(None))
        .group_by(NeedLine.item_id)
        .subquery()
    )
    statement = (
        sa.select(CatalogueItem)
        .outerjoin(asked, asked.c.item_id == CatalogueItem.id)
        .where(CatalogueItem.is_winter.is_(winter), _is_offered(area))
        .order_by(sa.func.coalesce(asked.c.times, 0).desc(), CatalogueItem.id)
    )
    return list(db.session.scalars(statement.limit(most)))


def items_by_id(ids: Collection[int]) -> dict[int, CatalogueItem]:
    """The items with these ids."""
    if not ids:
        return {}
    return {item.id: item for item in db.session.scalars(sa.select(CatalogueItem).where(CatalogueItem.id.in_(ids)))}


def items_by_code(codes: Collection[str]) -> list[CatalogueItem]:
    """The items with these codes, in the order of the catalogue; unknown codes are left out."""
    if not codes:
        return []
    wanted = sa.select(CatalogueItem).where(CatalogueItem.code.in_(codes)).order_by(CatalogueItem.id)
    return list(db.session.scalars(wanted))


def items_called(names: Collection[str]) -> list[CatalogueItem]:
    """The items that carry one of these names, with or without their size."""
    stems = {name.partition("（")[0] for name in names}
    if not stems:
        return []
    found = db.session.scalars(sa.select(CatalogueItem).where(CatalogueItem.name.in_(stems)).order_by(CatalogueItem.id))
    return [item for item in found if item.name in names or item.full_name in names]


def search_items(typed: str, *, most: int = 12, area: str | None = None) -> list[CatalogueItem]:
    """Items by name, synonym, pinyin (``mianbei``), its initials (``mb``) or with a wrong character, best first."""
    wanted = normal_form(typed[:60]).replace(" ", "")
    if not wanted:
        return []
    scored = [(-_likeness(wanted, item.full_name), item.id, item) for item in list_items(area=area)]
    return [item for score, _, item in sorted(scored, key=lambda row: row[:2])[:most] if -score >= _LIKE_ENOUGH]


def _is_offered(area: str | None) -> sa.ColumnElement[bool]:
    """Not what the county of ``area`` has taken out of its catalogue."""
    if area is None:
        return sa.true()
    taken_out = sa.select(CatalogueBand.item_id).where(
        CatalogueBand.division_code == area[:6].ljust(12, "0"), CatalogueBand.is_offered.is_(False)
    )
    return CatalogueItem.id.not_in(taken_out)


def _likeness(wanted: str, name: str) -> float:
    """0 to 100: the whole word in the name, a synonym of it, its sound, its initials, or something like it."""
    plain = normal_form(name)
    if wanted in plain:
        return 100.0 - 0.1 * len(plain)
    if any(word in plain for word in _SAME.get(wanted, ())):
        return 90.0
    sound = pinyin(wanted) if not wanted.isascii() else wanted
    whole = pinyin(plain)
    if len(sound) > 2 and sound in whole:
        return 85.0 - 0.1 * len(whole)
    initials = "".join(pinyin(character)[:1] for character in plain)
    if wanted.isascii() and len(wanted) > 1 and initials.startswith(wanted):
        return 80.0
    if len(wanted) < 2:
        return 0.0
    return max(fuzz.partial_ratio(wanted, plain), 0.9 * fuzz.partial_ratio(sound, whole)) * 0.75


def split_name(name: str, variant: str = "") -> tuple[str, str]:
    """``棉被（3 公斤，双人）`` as its name and its size; a size that is given by itself stands."""
    if variant or not name.endswith("）"):
        return name, variant
    plain, _, size = name.removesuffix("）").partition("（")
    return plain.strip(), size.strip()


def fields_of(row: Mapping[str, str], *, number: int) -> dict[str, Any]:
    """A row of the file as columns of an item; Invalid, naming the row, where it cannot be one."""
    kind, category = find_member(SupportKind, row["kind"]), find_member(NeedCategory, row["category"])
    if kind is None or category is None:
        raise Invalid("Row %(row)s: unknown kind or category.", field="file", row=number)
    try:
        low, typical, high = (_fen(row[name]) for name in ("low", "typical", "high"))
        name, variant = split_name(row["name"], row.get("variant", ""))
        fields: dict[str, Any] = {
            "code": row["code"],
            "name": name,
            "variant": variant,
            "unit": MONEY_UNIT if kind is SupportKind.MONEY else row["unit"],
            "kind": kind,
            "category": category,
            "low_fen": low,
            "typical_fen": typical,
            "high_fen": high,
            "most": int(row["most"]),
            "is_winter": row["winter"] == "1",
            "basis": row["basis"] or "estimate",
        }
    except (ValueError, DomainError) as error:
        raise Invalid("Row %(row)s cannot be read: %(why)s", field="file", row=number, why=str(error)) from error
    if len(name) + len(variant) + len("（）") > _LONGEST_NAME or len(variant) > _LONGEST_VARIANT:
        raise Invalid("Row %(row)s: name and size are too long together.", field="variant", row=number)
    if not (row["code"] and name and fields["unit"]) or not low <= typical <= high or int(row["most"]) < 1:
        raise Invalid(
            "Row %(row)s: code, name and unit are needed, and low <= typical <= high, most >= 1.",
            field="file",
            row=number,
        )
    return fields


def _fen(yuan: str) -> int:
    """Yuan as text in fen; zero stands for what is given without money."""
    return 0 if yuan in ("", "0") else parse_money(yuan).fen
