"""The tree in memory: names for thousands of rows, and places found by what people write."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from marketplace.core.divisions import DIGITS, Level, at_level, level_of
from marketplace.db import db
from marketplace.regions.models import Division, DivisionAlias

# Another process may have imported divisions: its names are seen here after this many seconds.
SECONDS_FRESH = 30.0
# Counties are looked for without knowing what lies above them.
ANYWHERE = "*"
_COMMITTEE = re.compile(r"(社区)?(村民委员会|居民委员会|村委会|居委会|牧民委员会|民委员会|委员会|委员)$")
_LEVEL_WORD = re.compile(r"(自治州|自治县|街道办事处|街道|社区|村|镇|乡|县|市|州)$")


def short_name(name: str) -> str:
    """How people say it: ``升航村民委员会`` -> ``升航村``, ``向阳社区居民委员会`` -> ``向阳社区``."""
    found = _COMMITTEE.search(name)
    if found is None:
        return name
    stem = name[: found.start()]
    is_town = bool(found[1]) or found[2].startswith("居")
    ending = "社区" if is_town else "村"
    return stem if stem.endswith(ending) else stem + ending


def stem_of(name: str) -> str:
    """The name without the word for its level: ``洛须镇`` and ``洛须乡`` both give ``洛须``."""
    spoken = short_name("".join(name.split()))
    stem = _LEVEL_WORD.sub("", spoken)
    return stem if len(stem) > 1 else spoken


@dataclass(frozen=True, slots=True)
class Places:
    """Every division of one database, read at ``read_at`` (a monotonic second)."""

    read_at: float
    names: dict[str, str]
    # (parent code, name or stem) -> codes; a name that two siblings share finds both, so neither.
    below: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    old_codes: dict[str, str] = field(default_factory=dict)

    def spoken(self, code: str, level: Level) -> str:
        """``石渠县 · 洛须镇``: from the county down to the code, no finer than ``level``."""
        shown = at_level(code, level)
        if level_of(shown) in (Level.PROVINCE, Level.PREFECTURE):
            return self.names.get(shown, shown)
        levels = list(DIGITS)
        wanted = levels[levels.index(Level.COUNTY) : levels.index(level_of(shown)) + 1]
        return " · ".join(short_name(self.names.get(c, c)) for c in (at_level(shown, step) for step in wanted))

    def find(self, parent: str, name: str, level: Level) -> str | None:
        """The one division of this level below ``parent`` that is called so, exactly or by its stem."""
        for written in ("".join(name.split()), short_name("".join(name.split())), stem_of(name)):
            codes = {c for c in self.below.get((parent, written), ()) if level_of(c) is level}
            if len(codes) == 1:
                return next(iter(codes))
        return None

    def current_code(self, code: str) -> str:
        """The code that took the place of an old one, for what lies below it too."""
        for level in (Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY):
            old = at_level(code, level)
            if old in self.old_codes:
                return self.old_codes[old][: DIGITS[level]] + code[DIGITS[level] :]
        return code


_read: WeakKeyDictionary[sa.Engine, Places] = WeakKeyDictionary()
_lock = Lock()


def places(*, holding: str | None = None) -> Places:
    """The tree of the current database; read again when stale, or when ``holding`` is a code it does not know."""
    known = _read.get(db.engine)
    if known is None or time.monotonic() - known.read_at > SECONDS_FRESH:
        return _load()
    if holding is not None and holding not in known.names and db.session.get(Division, holding) is not None:
        return _load()
    return known


def forget_places() -> None:
    """Let the next reader see what an import has changed."""
    with _lock:
        _read.pop(db.engine, None)


def _load() -> Places:
    divisions = db.session.execute(sa.select(Division.code, Division.name, Division.parent_code)).all()
    aliases = db.session.execute(sa.select(DivisionAlias.old_name, DivisionAlias.old_code, DivisionAlias.code)).all()
    fresh = Places(read_at=time.monotonic(), names={code: name for code, name, _ in divisions})
    parents = {code: parent or "" for code, _, parent in divisions}
    for code, name, parent in divisions:
        _put(fresh, parent or "", code, (name, short_name(name), stem_of(name)))
    for old_name, old_code, code in aliases:
        _put(fresh, parents.get(code, ""), code, (old_name, stem_of(old_name)))
        if old_code:
            fresh.old_codes[old_code] = code
    with _lock:
        _read[db.engine] = fresh
    return fresh


def _put(places_: Places, parent: str, code: str, written: Iterable[str]) -> None:
    above = ANYWHERE if level_of(code) is Level.COUNTY else parent
    for name in written:
        places_.below.setdefault((above, name), set()).add(code)
