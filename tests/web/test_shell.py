"""What every page shares: headers, form tokens, languages, type size, errors, health, logs."""

import gzip
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale

from marketplace.audit.models import AuditEntry
from marketplace.config import Settings
from marketplace.core.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.paths import STATIC
from marketplace.web.filters import term
from marketplace.web.guard import public
from marketplace.web.headers import COMMON
from marketplace.web.health import has_wal_reset_bug
from marketplace.web.i18n import say, translations
from marketplace.web.site import static_version
from tests.client import Client
from tests.factories import NOW, make_user

PHONE = "13912345678"
MakeApp = Callable[[Settings], Flask]
SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def broken(settings: Settings, make_app: MakeApp):
    """An application with views that fail in every foreseen way."""
    app = make_app(settings)
    app.testing = False
    app.test_client_class = Client

    def fail(error: Exception):
        @public
        def view():
            raise error

        return view

    failures = {
        "forbidden": Forbidden("Your role does not allow this."),
        "missing": NotFound("There is nothing here that you may see."),
        "conflict": Conflict("This role has already been revoked."),
        "invalid": Invalid("A password has at least %(least)s characters. A sentence does well.", least=12),
        "bug": RuntimeError(f"what was typed: {PHONE}\n\x1b[31mred"),
    }
    for name, error in failures.items():
        app.add_url_rule(f"/fails/{name}", name, fail(error))
    with app.app_context():
        yield app


def _client(app: Flask) -> Client:
    client = app.test_client()
    assert isinstance(client, Client)
    return client


# Headers


@SQLITE
@pytest.mark.parametrize("path", ["/login", "/nothing-here", "/static/css/look.css", "/healthz", "/account"])
def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    """I2: pages, redirects, errors, files and machine answers alike."""
    response = client.get(path)
    assert {name: response.headers.get(name) for name in COMMON} == COMMON


@SQLITE
def test_the_content_policy_allows_our_own_script_and_nothing_inline(client: Client) -> None:
    """I2: no unsafe-inline, no data:, no other host; who is not signed in gets no script at all."""
    policy = client.get("/login").headers["Content-Security-Policy"]
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["script-src"] == "'self'"
    assert parts["object-src"] == parts["base-uri"] == parts["frame-ancestors"] == "'none'"
    assert set(parts.values()) == {"'self'", "'none'"}


@SQLITE
def test_behind_https_cookies_are_bound_to_the_host(settings: Settings, make_app: MakeApp) -> None:
    """A4: __Host-, Secure, HttpOnly, SameSite=Lax; and HSTS."""
    app = make_app(replace(settings, secure_cookies=True))
    response = app.test_client().get("/login", base_url="https://localhost")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@SQLITE
def test_plain_http_on_the_same_machine_gets_no_hsts(client: Client) -> None:
    assert "Strict-Transport-Security" not in client.get("/login").headers


@SQLITE
def test_public_pages_may_be_kept_for_a_minute_and_set_no_cookie(client: Client) -> None:
    response = client.get("/privacy")
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert "Cookie" in response.headers["Vary"]
    assert "Set-Cookie" not in response.headers


@SQLITE
@pytest.mark.parametrize("path", ["/login", "/account", "/privacy", "/nothing-here"])
def test_pages_with_something_of_the_reader_in_them_are_never_kept(client: Client, path: str) -> None:
    """U6, P6: neither the reader's own pages nor public ones with his name at the top."""
    client.login(make_user(Role.DONOR))
    assert client.get(path).headers["Cache-Control"] == "private, no-store"


@SQLITE
def test_a_static_file_is_kept_for_a_year_under_its_version_only(client: Client) -> None:
    version = static_version("css/look.css")
    kept = client.get(f"/static/css/look.css?v={version}").headers["Cache-Control"]
    assert kept == "public, max-age=31536000, immutable"
    assert client.get("/static/css/look.css?v=old").headers["Cache-Control"] == "public, max-age=300"
    assert f"look.css?v={version}" in client.get("/login").text
    assert client.get("/static/css/none.css").status_code == 404


def test_the_two_style_sheets_stay_within_their_budget() -> None:
    """The first visit on a slow line has to afford them."""
    both = b"".join((STATIC / "css" / name).read_bytes() for name in ("tokens.css", "look.css"))
    assert len(gzip.compress(both, 9)) <= 6_500


# Form tokens


@SQLITE
@pytest.mark.parametrize("path", ["/login", "/display", "/logout", "/account/name", "/account/password"])
def test_a_form_without_a_token_or_with_a_foreign_one_is_refused(app: Flask, client: Client, path: str) -> None:
    """A6: missing, made up, and another session's."""
    client.login(make_user(Role.DONOR))
    foreign = _client(app).csrf_token()
    for token in ({}, {"csrf_token": "x"}, {"csrf_token": foreign}):
        response = client.post(path, data=token, csrf=False)
        assert response.status_code == 400
        assert "这次没有收下" in response.text
    assert client.get("/account").status_code == 200


# Languages and type size


@SQLITE
def test_pages_are_chinese_until_english_is_chosen(client: Client) -> None:
    page = client.get("/login").text
    assert '<html lang="zh-Hans-CN"' in page
    assert "<h1>登录</h1>" in page
    response = client.submit("/display?next=/login", language="en")
    assert response.location == "/login"
    page = client.get("/login").text
    assert '<html lang="en"' in page
    assert "<h1>Log in</h1>" in page


@SQLITE
def test_the_link_at_the_top_needs_one_more_tap_only(client: Client) -> None:
    """The page of choices opens with what the link promised."""
    client.submit("/display?size=large&language=en&next=/login")
    assert '<html lang="en" data-size="large">' in client.get("/login").text


@SQLITE
def test_type_size_and_ground_are_kept_and_can_be_taken_back(client: Client) -> None:
    client.submit("/display", size="large", theme="dark")
    assert 'data-size="large" data-theme="dark"' in client.get("/login").text
    client.submit("/display", size="normal", theme="system")
    page = client.get("/login").text
    assert "data-size" not in page
    assert "data-theme" not in page


@SQLITE
def test_an_unknown_choice_is_refused_and_an_unknown_cookie_ignored(client: Client) -> None:
    response = client.submit("/display", language="tlh")
    assert response.status_code == 422
    assert "请从列出的选项里选。" in response.text
    for name in ("language", "size", "theme"):
        client.set_cookie(name, "'\"><script>")
    page = client.get("/login").text
    assert '<html lang="zh-Hans-CN">' in page
    assert "<script" not in page


@SQLITE
def test_the_way_back_from_display_stays_on_this_site(client: Client) -> None:
    assert client.submit("/display?next=https://evil.example").location == "/"
    assert client.submit("/display?next=//evil.example").location == "/"


@SQLITE
def test_a_link_to_display_leads_back_to_the_open_page(client: Client) -> None:
    assert (
        'href="/display?size=large&amp;next=%2Flogin%3Fnext%3D%252Faccount"'
        in client.get("/login?next=%2Faccount").text
    )


@SQLITE
def test_members_of_closed_lists_are_named_in_the_readers_language(app: Flask) -> None:
    with app.test_request_context("/"):
        assert term(Role.VILLAGE_CLERK) == "村信息员"
    with app.test_request_context("/"), force_locale("en"):
        assert term(Role.VILLAGE_CLERK) == "village clerk"


@SQLITE
def test_a_sentence_without_a_translation_is_shown_as_it_is(app: Flask) -> None:
    with app.test_request_context("/"):
        assert say("No catalogue holds %(what)s.", what="this") == "No catalogue holds this."
    assert translations("xx").gettext("anything") == "anything"


@SQLITE
def test_each_page_says_that_its_data_are_synthetic_only_where_they_are(
    settings: Settings, client: Client, make_app: MakeApp
) -> None:
    assert "演示数据" not in client.get("/login").text
    shown = make_app(replace(settings, demonstration=True))
    assert "演示数据" in shown.test_client().get("/login").text


# Navigation


@SQLITE
@pytest.mark.parametrize(
    ("role", "tabs"),
    [
        (None, ["首页", "需求", "公示", "怎么算"]),
        (Role.DONOR, ["首页", "需求", "公示", "我的帮扶"]),
        (Role.VILLAGE_CLERK, ["首页", "需求", "公示", "待办"]),
        (Role.HOUSEHOLD, ["首页", "需求", "公示", "我的需求"]),
    ],
)
def test_each_reader_finds_the_own_pages_at_the_top(client: Client, role: Role | None, tabs: list[str]) -> None:
    if role is not None:
        client.login(make_user(role))
    nav = client.get("/privacy").text.split('<nav class="tabs"')[1].split("</nav>")[0]
    found = [part.split("<")[0] for part in nav.split('">')[2:]]
    assert found == tabs


# Errors


@pytest.mark.parametrize(
    ("name", "status", "chinese", "english"),
    [
        ("forbidden", 403, "您的角色没有这个权限。", "Your role does not allow this."),
        ("missing", 404, "这里没有您能看的内容。", "There is nothing here that you may see."),
        ("conflict", 409, "这个角色已经撤销了。", "This role has already been revoked."),
        ("invalid", 422, "密码至少 12 个字符", "A password has at least 12 characters."),
        ("bug", 500, "系统出了问题", "Something went wrong on our side"),
    ],
)
def test_each_refusal_has_its_page_in_both_languages(
    broken: Flask, name: str, status: int, chinese: str, english: str
) -> None:
    client = _client(broken)
    shown = client.get(f"/fails/{name}")
    assert (shown.status_code, chinese in shown.text) == (status, True)
    client.set_cookie("language", "en")
    assert english in client.get(f"/fails/{name}").text
    assert PHONE not in shown.text


@SQLITE
def test_an_unknown_address_and_a_wrong_method_have_pages(client: Client) -> None:
    assert client.get("/nothing-here").status_code == 404
    wrong = client.post("/privacy")
    assert wrong.status_code == 405
    assert set(wrong.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@SQLITE
def test_a_form_that_is_too_large_says_how_large_it_may_be(client: Client) -> None:
    response = client.post("/login", data={"phone": "1" * (3 * 1024 * 1024)})
    assert response.status_code == 413
    assert "表单最大 2 MB" in response.text


@SQLITE
def test_an_error_page_leads_back_to_where_the_reader_came_from(client: Client) -> None:
    page = client.get("/nothing-here", headers={"Referer": "http://localhost/needs?q=x"}).text
    assert 'href="/needs?q=x"' in page
    foreign = client.get("/nothing-here", headers={"Referer": "https://evil.example/"}).text
    assert "evil.example" not in foreign


@SQLITE
def test_a_failure_in_the_middle_of_reading_leaves_no_old_snapshot_behind(broken: Flask) -> None:
    """C4: the next writer on that connection would be told that the database is locked."""
    unread = []

    @public
    def fail():
        unread.append(db.session.execute(sa.text("SELECT name FROM sqlite_master")))
        raise RuntimeError

    @public
    def write():
        with transaction() as session:
            session.add(AuditEntry(at=NOW, action="test", subject_type="test", detail={}))
        return ""

    broken.add_url_rule("/fails/reading", "reading", fail)
    broken.add_url_rule("/writes", "writing", write)
    client = _client(broken)
    assert client.get("/fails/reading").status_code == 500
    with closing(sqlite3.connect(str(db.engine.url.database))) as elsewhere:
        elsewhere.execute("CREATE TABLE meanwhile (id INTEGER)")
    # As often as the pool has connections, so that each has its turn.
    assert [client.get("/writes").status_code for _ in range(4)] == [200] * 4


# Health


def test_health_tells_that_database_and_migrations_are_there(app: Flask, client: Client, backend: str) -> None:
    response = client.get("/healthz")
    report = response.get_json()
    assert response.status_code == 200
    assert (report["ok"], report["database"], report["migrated"]) == (True, True, True)
    assert ("sqlite_version" in report) == (backend == "sqlite")


@SQLITE
def test_health_is_503_without_migrations_and_without_a_database(
    settings: Settings, tmp_path: Path, make_app: MakeApp
) -> None:
    empty = make_app(replace(settings, database_url=f"sqlite:///{tmp_path / 'empty.sqlite'}"))
    response = empty.test_client().get("/healthz")
    assert (response.status_code, response.get_json()["migrated"]) == (503, False)
    nowhere = "postgresql+psycopg://nobody@127.0.0.1:9/none"
    tried = make_app(replace(settings, database_url=nowhere, clock_start=None))
    response = tried.test_client().get("/healthz")
    assert (response.status_code, response.get_json()["database"]) == (503, False)


@pytest.mark.parametrize(
    ("version", "has_bug"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 6, 23), False)]
)
def test_the_sqlite_with_the_wal_reset_bug_is_known(version: tuple[int, int, int], has_bug: bool) -> None:
    """K7: 3.7.0 to 3.51.2."""
    assert has_wal_reset_bug(version) is has_bug


# Logs


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line]


@SQLITE
def test_one_request_writes_one_json_line_without_what_was_typed(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """P8: the pattern of the path, never the query, the form, or the number in an address."""
    user = make_user(Role.DONOR, phone=PHONE)
    client.login(user)
    client.post(f"/login?phone={PHONE}", data={"phone": PHONE, "password": "hunter2hunter2"})
    client.get(f"/welcome/{PHONE}-secret-token")
    client.get(f"/nothing/{PHONE}")
    written = _lines(capsys)
    entries = [json.loads(line) for line in written]
    assert [(e["method"], e["path"], e["status"]) for e in entries] == [
        ("POST", "/login", 422),
        ("GET", "/welcome/<token>", 404),
        ("GET", None, 404),
    ]
    assert all(e["user"] == user.id and e["ms"] >= 0 for e in entries)
    for secret in (PHONE, "hunter2", "secret-token", user.name):
        assert not any(secret in line for line in written)


@SQLITE
def test_a_failure_is_logged_by_kind_and_place_without_its_message(
    broken: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    """P8, I4: a message may quote what was typed; line breaks and escapes stay out."""
    assert _client(broken).get("/fails/bug").status_code == 500
    written = _lines(capsys)
    failure, request = (json.loads(line) for line in written)
    assert failure["kind"] == "builtins.RuntimeError"
    assert "test_shell.py" in failure["frames"][-1]
    assert (request["path"], request["status"]) == ("/fails/bug", 500)
    assert not any(PHONE in line or "\x1b" in line for line in written)


def test_a_null_character_is_refused_wherever_it_stands(client: Client) -> None:
    """I1: PostgreSQL stores no text with U+0000, so that no page may pass one on."""
    for address in ("/needs?q=%00", "/find?q=a%00b", "/divisions/5133%00", "/donors/%00"):
        assert client.get(address).status_code == 400
    assert client.submit("/login", phone="138\x0000000000", password="x").status_code == 400
