"""P1, P4: two hundred households with marked data; nothing of them is public, and no number stands in the clear."""

import io
import os
import re
import shutil
import sqlite3
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from marketplace.accounts.models import User
from marketplace.config import Settings
from marketplace.core.kinds import ExitAttribute, PovertyAttribute, PovertyCause
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.donors.models import Donor
from marketplace.grievances.fraud import Police, Suspected, open_case
from marketplace.grievances.fraud_models import Suspicion
from marketplace.grievances.models import Grievance
from marketplace.households.models import Household
from marketplace.households.rows import HouseholdRow, MemberRow
from marketplace.households.service import insert_households
from marketplace.media.models import Photo
from marketplace.needs.models import Need
from marketplace.needs.slips import slip_index
from marketplace.notices.models import Notice
from marketplace.notices.service import plan_notice
from marketplace.pledges.conditions import propose_condition
from marketplace.pledges.models import Pledge
from marketplace.web.guard import is_public
from tests import factories as f
from tests import posting, scenes
from tests.client import Client
from tests.factories import NOW, TREE, make_need, make_user
from tests.postgres import Server, installed_binaries, packaged_binaries
from tests.register import id_of
from tests.server import Answer, LiveServer, Visitor

HOUSEHOLDS = 200
# Scenes are costly; each goes the whole way from promise to feedback.
SCENES = 4
SLIPS = ("K7QP-3XWD", "M4RT-9KWE", "P2VC-6HXN")
DAY = timedelta(days=1)
# The characters that marks are made of: as they are, and as JSON, an address or HTML would write them.
_RARE = re.compile(rb"\xe3[\x90-\x93]|\\u34[0-9a-fA-F]{2}|%[eE]3%9[0-3]|&#(?:13[345]\d\d|x34[0-9a-fA-F]{2});")
_NUMBER = re.compile(rb"[0-9]{11,}[Xx]?")
_LINK = re.compile(r"""(?:href|src|srcset|action)="([^"]+)\"""")
# The addresses of the url map come first, then what pages lead to.
_MOST_PAGES = 600


@dataclass(frozen=True)
class Marks:
    """What may not be found, by kind."""

    names: list[str]
    ids: list[str]
    phones: list[str]
    accounts: list[str]
    addresses: list[str]
    schools: list[str]
    diseases: list[str]
    registry_nos: list[str]
    villages: tuple[str, ...] = ("温拖", "拉空龙")

    @property
    def secret(self) -> list[str]:
        """What is ciphertext even for those who hold the file (P4)."""
        return [*self.ids, *self.phones, *self.accounts]

    @property
    def private(self) -> list[str]:
        """What the public, a feed, a picture or a log never holds (P1)."""
        return [*self.secret, *self.names, *self.addresses, *self.schools, *self.diseases, *self.registry_nos]


def _mark(number: int) -> str:
    """Two rare characters that stand for a number and in no page's own words."""
    return chr(0x3400 + number // 64) + chr(0x3480 + number % 64)


def _marks() -> Marks:
    numbers = range(HOUSEHOLDS)
    return Marks(
        names=[f"扎{_mark(n)}次仁" for n in numbers],
        ids=[id_of() for _ in numbers],
        phones=[f"1670000{n:04d}" for n in numbers],
        accounts=[f"622809900000000{n:04d}" for n in numbers],
        addresses=[f"{_mark(n)}沟口三组" for n in numbers],
        schools=[f"{_mark(n)}寄宿小学" for n in numbers],
        diseases=[f"{_mark(n)}包虫病" for n in numbers],
        registry_nos=[f"{TREE.village}77{n:04d}" for n in numbers],
    )


def _household(marks: Marks, n: int) -> HouseholdRow:
    number = marks.registry_nos[n]
    member = MemberRow(
        f"{number}01",
        marks.names[n],
        marks.ids[n],
        "户主",
        health=marks.diseases[n],
        school_status=marks.schools[n][:20],
        work_place="",
    )
    return HouseholdRow(
        registry_no=number,
        division_code=TREE.village if n % 2 or n >= HOUSEHOLDS - SCENES else TREE.other_village,
        head_name=marks.names[n],
        attribute=PovertyAttribute.GENERAL,
        exit_attribute=ExitAttribute.POOR,
        main_cause=PovertyCause.ILLNESS,
        members=(member,),
        group_name=marks.addresses[n],
        phone=marks.phones[n],
        bank_account=marks.accounts[n],
    )


def marked_picture(mark: str) -> io.BytesIO:
    """A photo whose metadata carries a name, a phone and a place, as a telephone writes them."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = exif[0x8298] = mark
    exif.get_ifd(0x8825)[1] = "N"
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 100)).save(stream, "JPEG", exif=exif, comment=mark.encode())
    stream.seek(0)
    return stream


@pytest.fixture
def marks(app: Flask) -> Marks:
    """The households with what hangs on them: needs in every state, gifts with photos and feedback."""
    marked = _marks()
    f.make_tree()
    with transaction():
        ids = insert_households([_household(marked, n) for n in range(HOUSEHOLDS)], now=NOW)
    homes = [db.session.get_one(Household, row) for row in ids]
    poster, reviewer = make_user(Role.VILLAGE_CLERK, division=TREE.village), make_user(Role.TOWNSHIP_REVIEWER)
    states = list(NeedState)
    with pytest.MonkeyPatch.context() as patch:
        for n, home in enumerate(homes[: HOUSEHOLDS - SCENES]):
            state = states[n % len(states)] if n % 3 else NeedState.PUBLISHED
            make_need(state, household=home, poster=poster, reviewer=reviewer)
        patch.setattr(scenes, "picture", lambda: marked_picture("13900006666 扎西的家 沟口三组"))
        for home in homes[-SCENES:]:
            scene = scenes.make_scene(household=home)
            scenes.confirmed(scene)
            scene.report()
        _put_up_notices([home for home in homes if home.division_code == TREE.village])
        _suspect(homes[1])
    return marked


def _plan(needs: Sequence[Need]) -> Notice:
    with transaction() as session:
        again = [session.get_one(Need, need.id) for need in needs]
        by = f.actor_for(posting.reviewer())
        return plan_notice(division=TREE.village, days=5, needs=again, by=by, now=NOW)


def _put_up_notices(homes: list[Household]) -> None:
    """A notice that is planned, one that hangs, one that is over, one of needs, and what somebody said about them."""
    posting.plan(posting.propose(homes[0]))
    hanging = posting.post(posting.plan(posting.propose(homes[1])))
    over = posting.post(posting.plan(posting.propose(homes[2]), now=NOW - 20 * DAY), now=NOW - 20 * DAY)
    posting.pass_night(NOW)
    needs = db.session.scalars(
        sa.select(Need).where(Need.state == NeedState.PUBLISHED, Need.division_code == TREE.village).limit(3)
    ).all()
    of_needs = _plan(needs)
    posting.post(of_needs)
    for code in (hanging.code, over.code, needs[0].code):
        posting.complain(code, words=f"{homes[3].head_name}家住{homes[3].group_name}，电话{homes[3].phone}。")
    for number, need in enumerate(needs):
        with transaction() as session:
            session.get_one(Need, need.id).slip_index = slip_index(SLIPS[number])


def _suspect(home: Household) -> None:
    """A need whose household is suspected, with its name in the case, and a condition with it that nobody accepted."""
    said = f"{home.head_name}家住{home.group_name}，电话{home.phone}"
    scene = scenes.make_scene(household=home)
    with transaction():
        donor = f.actor_for(db.session.get_one(User, scene.donor.user_id))
        propose_condition(scene.pledge.code, f"请先给{home.head_name}用", by=donor, now=NOW)
    by = make_user(Role.COUNTY_ADMIN, division=TREE.county)
    grievance = posting.settle(posting.complain(scene.need.code, words=said), "uphold", by=by)
    with transaction():
        open_case(
            grievance.code,
            suspected=Suspected(Suspicion.INVENTED, said, said),
            police=Police(why_not="材料还在核对"),
            by=f.actor_for(by),
            now=NOW,
        )


def _found(text: str | bytes, words: list[str]) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [word for word in words if word.encode() in data]


def _leaked(body: bytes, marks: Marks, places: Sequence[str]) -> list[str]:
    """What of the households stands in an answer, plainly or escaped; words are looked for only where a mark is."""
    numbers = b" ".join(_NUMBER.findall(body))
    found = [number for number in (*marks.secret, *marks.registry_nos) if number.encode() in numbers]
    if _RARE.search(body):
        found += _found(body, marks.private) or ["a mark, escaped"]
    return found + _found(body, [*places, "13900006666", "扎西的家"])


def _addresses(app: Flask) -> Iterator[str]:
    """Every public address of the url map, with what exists in each place, and with what does not."""
    named = {
        "needs": list(db.session.scalars(sa.select(Need.code))),
        "disclosure": list(db.session.scalars(sa.select(Pledge.code))),
        "donors": list(db.session.scalars(sa.select(Donor.code))),
        "divisions": [TREE.prefecture, TREE.county, TREE.township, TREE.village],
        "notices": list(db.session.scalars(sa.select(Notice.code))),
        "report": list(db.session.scalars(sa.select(Grievance.code))),
        "slip": list(SLIPS),
        "photos": list(db.session.scalars(sa.select(Photo.token))),
    }
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if "GET" not in (rule.methods or set()) or rule.endpoint == "static" or not is_public(view):
            continue
        first, *more = rule.rule.strip("/").split("/")
        # Every row's own page; of the pages below it a tenth.
        known = named.get(first, [])[:: 1 if len(more) < 2 else 10]
        values = ["none-such", *known] if rule.arguments else [""]
        for value in values:
            yield re.sub(r"<[^>]+>", value, rule.rule)


def _crawl(visitor: Visitor, starts: Iterator[str]) -> Iterator[tuple[str, Answer]]:
    """Every start and every address of this site that a page names, each once."""
    waiting, seen = deque(starts), set()
    while waiting and len(seen) < _MOST_PAGES:
        path = waiting.popleft()
        if path in seen:
            continue
        seen.add(path)
        answer = visitor.get(path)
        yield path, answer
        if "html" in answer.headers.get("Content-Type", answer.headers.get("content-type", "")):
            links = [urlsplit(urljoin(path, unescape(link))) for link in _LINK.findall(answer.text)]
            waiting += [
                link.path + (f"?{link.query}" if link.query else "")
                for link in links
                if not link.netloc and not link.scheme and link.path.startswith("/") and link.query.count("=") < 2
            ]


def test_nothing_of_two_hundred_marked_households_is_public_or_stands_in_the_clear(
    app: Flask,
    marks: Marks,
    settings: Settings,
    backend: str,
    serve: Callable[..., LiveServer],
    request: pytest.FixtureRequest,
) -> None:
    """P1, P4, P8: every public page, file, picture, error page and the log of the real server; then the database."""
    _crawl_everything(app, marks, settings, serve())
    dump = _dump_of(backend, settings, request)
    assert [found for part in dump if (found := _found(part, marks.secret))] == []
    # Names prove that the dump holds the households.
    assert _found(dump[-1], marks.names) == marks.names


def _crawl_everything(app: Flask, marks: Marks, settings: Settings, server: LiveServer) -> None:
    """Over all addresses of the url map, and all that pages lead to."""
    visitor = server.visitor()
    leaks, pages, pictures = {}, 0, 0
    starts = list(_addresses(app))
    for path, answer in _crawl(visitor, iter(starts)):
        assert answer.status < 500, path
        pages += 1
        pictures += answer.status == 200 and path.startswith("/photos/")
        # A village has a page of its own, and its name stands nowhere else.
        places = () if path.startswith("/divisions") else marks.villages
        if found := _leaked(answer.body, marks, places):
            leaks[path] = found[:3]
    assert leaks == {}
    assert pages >= len(set(starts)) >= 150
    assert pictures > 0
    for word in (marks.names[0], marks.ids[0], marks.phones[0]):
        for path in (f"/needs?q={quote(word)}", f"/find?q={quote(word)}", f"/{quote(word)}"):
            assert visitor.get(path).status in (200, 303, 404), path
        visitor.post("/login", {"phone": word, "password": "x"})
    assert _found(server.log.read_bytes(), marks.private) == []
    kept = list(settings.media_folder.rglob("*.jpg"))
    assert len(kept) >= SCENES
    assert [path for path in kept if _found(path.read_bytes(), ["13900006666", "扎西的家", "Exif", "GPS"])] == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_staff_lists_and_pages_are_masked(app: Flask, marks: Marks, client_as: Callable[..., Client]) -> None:
    """P5: without a reason nobody sees a whole number; an illness is a class."""
    clerk = client_as(Role.VILLAGE_CLERK)
    code = db.session.scalars(sa.select(Household.code).where(Household.registry_no == marks.registry_nos[1])).one()
    for path in ("/desk/households", f"/desk/households/{code}", f"/desk/households/{code}/edit", "/desk/needs"):
        text = clerk.get(path).get_data(as_text=True)
        assert _found(text, [*marks.secret, *marks.diseases]) == [], path
    told = clerk.post(f"/desk/households/{code}/reveal", data={"reason": "送达前核对身份"}).get_data(as_text=True)
    assert _found(told, marks.secret) == [marks.ids[1], marks.phones[1], marks.accounts[1]]


def _dump_of(backend: str, settings: Settings, request: pytest.FixtureRequest) -> list[bytes]:
    """The file and its log as they lie on the disk, and a dump, which is the last."""
    db.session.rollback()
    if backend != "sqlite":
        return [_pg_dump(request.getfixturevalue("migrated_postgres"), settings.database_url)]
    path = settings.database_url.removeprefix("sqlite:///")
    stored = [Path(path + end).read_bytes() for end in ("", "-wal") if Path(path + end).exists()]
    with sqlite3.connect(path) as connection:
        stored.append("\n".join(connection.iterdump()).encode())
    connection.close()
    return stored


def test_a_leak_is_found_however_it_is_written() -> None:
    """The search itself: plain, in JSON, in an address, in HTML, and numbers within longer runs."""
    marked = _marks()
    name, number = marked.names[70], marked.ids[3]
    written = (name, name.encode("unicode_escape").decode(), quote(name), "".join(f"&#{ord(c)};" for c in name))
    for text in (*written, f"{number}00", f"tel:{marked.phones[9]}", marked.registry_nos[5], "温拖"):
        assert _leaked(f"<p>{text}</p>".encode(), marked, marked.villages) != [], text
    assert _leaked("<p>扎**，513300000000，棉被 4 床</p>".encode(), marked, marked.villages) == []


def _pg_dump(server: Server, url: str) -> bytes:
    """What pg_dump writes; where the binaries lack it, every table as COPY writes it."""
    homes = [home for home in (installed_binaries(), packaged_binaries()) if home is not None]
    tool = next((home / "pg_dump" for home in homes if (home / "pg_dump").exists()), None) or shutil.which("pg_dump")
    if tool is not None:
        plain = url.replace("postgresql+psycopg://", "postgresql://")
        environment = {**os.environ, "PGCLIENTENCODING": "UTF8"}
        done = subprocess.run([str(tool), plain], capture_output=True, check=False, env=environment)
        if done.returncode == 0:
            return done.stdout
    written = bytearray()
    raw = db.session.connection().connection.dbapi_connection
    for table in sa.inspect(db.engine).get_table_names():
        with raw.cursor().copy(f'COPY "{table}" TO STDOUT') as copied:  # type: ignore[union-attr]
            for block in copied:
                written += bytes(block)
    return bytes(written)
