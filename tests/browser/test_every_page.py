"""Every page of the url map in a real browser, on a telephone and on a desk, over a small demonstration."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin

import pytest
import sqlalchemy as sa
from _pytest.mark import ParameterSet
from flask import Flask
from playwright.sync_api import APIResponse, Browser, FilePayload, Locator, Page, Response

from marketplace.accounts.models import User
from marketplace.accounts.queries import actor_of, find_user_by_phone
from marketplace.accounts.service import make_login_link
from marketplace.core.actor import SYSTEM
from marketplace.core.kinds import SupportKind
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.db.clock import utc_now
from marketplace.donors.models import Donor
from marketplace.donors.queries import find_donor_id
from marketplace.fulfilment.service import record_receipt
from marketplace.grievances.fraud_models import FraudCase
from marketplace.grievances.models import Grievance
from marketplace.households.models import Household, SharedContact
from marketplace.needs.models import Need
from marketplace.notices.models import Notice
from marketplace.pledges.models import Pledge, Way
from marketplace.pledges.offering import offer_need
from marketplace.pledges.service import pledge_need
from tests import register
from tests.apps import opened
from tests.browser.conftest import DESK, PHONE, Window, new_window
from tests.browser.demonstration import Demonstration, demonstration
from tests.html import Element, form_of, parse

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Addresses that answer with something else than a page.
FILES = {
    "/desk/catalogue.csv",
    "/desk/needs/sheet.xlsx",
    "/static/<path:filename>",
    "/photos/<token>.jpg",
    "/disclosure.csv",
    "/statistics.csv",
    "/healthz",
}
# What stands in Latin letters on a Chinese page, beside codes.
# The keys of a keyboard and the columns of a file have Latin names, too.
LATIN = {"Alt", "Control", "Option", "day", "works", "name"} | {
    *("English", "mianbei", "xlsx", "csv", "WebP", "cookie"),
    *("marketplace", "stats", "json"),
}


@dataclass(frozen=True)
class Example:
    """A page as somebody sees it; ``{names}`` in the path are filled in from the demonstration."""

    path: str
    role: Role | None = None
    status: int = 200
    # What is done on the page before it is looked at.
    act: Callable[[Page], None] | None = None


def _press(words: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        _send(page, page.get_by_role("main").get_by_role("button", name=words, exact=True).last)

    return act


def _send(page: Page, button: Locator) -> None:
    """Press, and wait for the page that answers: the script sends some forms first and goes there afterwards."""
    with page.expect_navigation():
        button.click()


def _upload_register(page: Page) -> None:
    """A file with a household of the clerk's village, one that is refused, and one of no village."""
    rows = [
        *register.household(number="51333210120109001"),
        *register.household(number="51333210120109002", 证件号码="513332198005060000"),
        *register.household(number="51333210120109003", 行政村="没有这个村"),
    ]
    file: FilePayload = {"name": "名册.csv", "mimeType": "text/csv", "buffer": register.csv_bytes(rows)}
    page.locator("input[type=file]").set_input_files(file)
    _send(page, page.get_by_role("main").get_by_role("button").last)


def _upload_needs(page: Page) -> None:
    """A spreadsheet whose one need names no household."""
    text = "序号,户号,物品,数量,单价,理由,保证属实\n1,HB-000000-00,毛毯,2,,冬天夜里冷，家里的被子太薄了，不够盖。,是\n"
    file: FilePayload = {"name": "需求.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files(file)
    _send(page, page.get_by_role("main").get_by_role("button").last)


CLERK, REVIEWER, DONOR = Role.VILLAGE_CLERK, Role.TOWNSHIP_REVIEWER, Role.DONOR
# By the url map's own rule: one example at least for each page.
PAGES: dict[str, tuple[Example, ...]] = {
    "/": (Example("/"), Example("/", DONOR)),
    "/needs": (Example("/needs"), Example("/needs?q=mianbei&area=513332000000"), Example("/needs?q=没有的东西")),
    "/needs/<code>": (
        Example("/needs/{published}"),
        Example("/needs/{money}", DONOR),
        Example("/needs/{pledged}"),
        Example("/needs/{closed}"),
        Example("/needs/XQ-000000-00", status=404),
    ),
    "/needs/<code>/pledge": (Example("/needs/{published}/pledge?choose=part"),),
    "/needs/<code>/pledge/check": (Example("/needs/{published}/pledge/check?choose=all&way=ship", DONOR),),
    "/divisions": (Example("/divisions"),),
    "/divisions/<code>": (
        Example("/divisions/513300000000"),
        Example("/divisions/513332000000"),
        Example("/divisions/{township}"),
        Example("/divisions/{village}"),
    ),
    "/donors/<code>": (Example("/donors/{donor}"),),
    "/disclosure": (Example("/disclosure"), Example("/disclosure?area=513332000000&since=x")),
    "/disclosure/<code>": (
        Example("/disclosure/{gift_accepted}"),
        Example("/disclosure/{gift_reported}"),
        Example("/disclosure/{money_gift}"),
    ),
    "/statistics": (Example("/statistics"), Example("/statistics?kind=all&area=513332000000")),
    "/statistics/codes": (Example("/statistics/codes?step=pledged&kind=all"),),
    "/notices": (Example("/notices"), Example("/notices?area=513338000000")),
    "/notices/<code>": (Example("/notices/{notice_open}"), Example("/notices/{notice_closed}")),
    "/notices/<code>/names": (Example("/notices/{notice_named}/names"),),
    "/report": (
        Example("/report"),
        Example("/report?about={notice_open}"),
        Example("/report?about={published}", act=_press("提交")),
    ),
    "/report/<code>": (Example("/report/{ticket_open}"), Example("/report/{ticket_closed}")),
    "/desk/notices": (Example("/desk/notices", REVIEWER), Example("/desk/notices", CLERK)),
    "/desk/notices/new": (Example("/desk/notices/new?village={village}", REVIEWER),),
    "/desk/notices/<code>": (
        Example("/desk/notices/{notice_planned}", CLERK),
        Example("/desk/notices/{notice_named}", REVIEWER),
    ),
    "/desk/notices/<code>/board": (Example("/desk/notices/{notice_named}/board", CLERK),),
    "/desk/households/<code>/status": (
        Example("/desk/households/{household}/status", REVIEWER),
        Example("/desk/households/{household}/status", REVIEWER, act=_press("提出变更")),
    ),
    "/my/pledges/<code>/condition": (
        Example("/my/pledges/{mine_open}/condition", DONOR),
        Example("/my/pledges/{mine_open}/condition", DONOR, act=_press("交乡镇审核")),
    ),
    "/desk/conditions": (Example("/desk/conditions", REVIEWER),),
    "/desk/grievances": (
        Example("/desk/grievances", REVIEWER),
        Example("/desk/grievances?decided=1", Role.COUNTY_ADMIN),
    ),
    "/desk/grievances/<code>": (
        Example("/desk/grievances/{ticket_open}", Role.COUNTY_ADMIN),
        Example("/desk/grievances/{ticket_answered}", Role.COUNTY_ADMIN),
        Example("/desk/grievances/{ticket_upheld}", Role.COUNTY_ADMIN),
    ),
    "/desk/grievances/<code>/fraud": (
        Example("/desk/grievances/{ticket_upheld}/fraud", Role.COUNTY_ADMIN),
        Example("/desk/grievances/{ticket_answered}/fraud", Role.COUNTY_ADMIN),
        Example("/desk/grievances/{ticket_fraud}/fraud", Role.COUNTY_ADMIN),
    ),
    "/how-we-count": (Example("/how-we-count"),),
    "/privacy": (Example("/privacy"),),
    "/display": (Example("/display"),),
    "/find": (Example("/find"), Example("/find?q=XQ-000000-00", status=404)),
    "/confirm": (Example("/confirm"), Example("/confirm", Role.HOUSEHOLD), Example("/confirm", act=_press("交上去"))),
    "/login": (Example("/login"), Example("/login", act=_press("登录"))),
    "/welcome/<token>": (Example("/welcome/{token}"), Example("/welcome/none", status=404)),
    "/register": (
        Example("/register"),
        Example("/register?as=firm"),
        Example("/register?as=organisation", act=_press("注册")),
    ),
    "/account": (Example("/account", CLERK),),
    "/my": (Example("/my", DONOR), Example("/my", Role.VOLUNTEER)),
    "/my/pledges/<code>": tuple(
        Example(f"/my/pledges/{{mine_{way}}}", DONOR) for way in ("open", "done", "offered", "stopped")
    ),
    "/my/preferences": (Example("/my/preferences", DONOR),),
    "/desk": (
        *(Example("/desk", role) for role in (CLERK, Role.VILLAGE_SUPERVISOR, REVIEWER, Role.COUNTY_ADMIN)),
        *(Example("/desk", role) for role in (Role.PREFECTURE_OBSERVER, Role.AUDITOR, Role.ASSIGNED_OFFICER)),
        Example("/desk", DONOR, status=403),
    ),
    "/confirm/later": (Example("/confirm/later"),),
    "/how-we-match": (Example("/how-we-match"),),
    "/desk/allocation": (Example("/desk/allocation", Role.COUNTY_ADMIN, act=_press("算一份方案")),),
    "/desk/allocation/<code>": (Example("/desk/allocation/none", Role.COUNTY_ADMIN, status=404),),
    "/desk/follow-ups": (Example("/desk/follow-ups", CLERK),),
    "/desk/follow-ups/<code>": (Example("/desk/follow-ups/none", CLERK, status=404),),
    "/desk/duplicates": (Example("/desk/duplicates", Role.COUNTY_ADMIN),),
    "/desk/shared-numbers/<code>": (
        Example("/desk/shared-numbers/{shared}", Role.COUNTY_ADMIN),
        Example("/desk/shared-numbers/none-such", Role.COUNTY_ADMIN, status=404),
    ),
    "/desk/duplicates/<first>/<second>": (Example("/desk/duplicates/none/such", Role.COUNTY_ADMIN, status=404),),
    "/desk/catalogue": (
        Example("/desk/catalogue", Role.COUNTY_ADMIN),
        Example("/desk/catalogue?q=没有的东西", Role.COUNTY_ADMIN),
    ),
    "/desk/catalogue/new": (Example("/desk/catalogue/new", Role.COUNTY_ADMIN, act=_press("保存")),),
    "/desk/catalogue/<code>": (Example("/desk/catalogue/quilt", Role.COUNTY_ADMIN),),
    "/desk/people": (Example("/desk/people", Role.COUNTY_ADMIN),),
    "/desk/households": (Example("/desk/households", CLERK), Example("/desk/households?q=无此人", CLERK)),
    "/desk/households/new": (
        Example("/desk/households/new", CLERK),
        Example("/desk/households/new", CLERK, act=_press("登记这一户")),
    ),
    "/desk/households/<code>": (Example("/desk/households/{household}", CLERK),),
    "/desk/households/<code>/edit": (Example("/desk/households/{household}/edit", CLERK),),
    "/desk/households/import": (Example("/desk/households/import", CLERK),),
    "/desk/households/import/<token>": (Example("/desk/households/import", CLERK, act=_upload_register),),
    "/desk/needs": (Example("/desk/needs", CLERK), Example("/desk/needs?state=published", REVIEWER)),
    "/desk/needs/<code>": (
        Example("/desk/needs/{returned}", CLERK),
        Example("/desk/needs/{published}", CLERK),
        Example("/desk/needs/{closed}", Role.AUDITOR),
    ),
    "/desk/needs/new": (
        Example("/desk/needs/new", CLERK),
        Example("/desk/needs/new?q=没有的人", CLERK),
        Example("/desk/needs/new", Role.HOUSEHOLD),
    ),
    "/desk/needs/slips": (
        Example("/desk/needs/slips", CLERK),
        Example("/desk/needs/slips", CLERK, act=_press("生成纸条")),
    ),
    "/desk/needs/slips/print": (Example("/desk/needs/slips/print", CLERK),),
    "/desk/needs/paper": (Example("/desk/needs/paper?household={household}", CLERK),),
    "/desk/needs/sheet": (
        Example("/desk/needs/sheet", CLERK),
        Example("/desk/needs/sheet", CLERK, act=_press("先检查")),
    ),
    "/desk/needs/sheet/<token>": (Example("/desk/needs/sheet", CLERK, act=_upload_needs),),
    "/desk/needs/<code>/agree": (Example("/desk/needs/{returned}/agree", CLERK),),
    "/consent/<version>": (Example("/consent/2018-01"), Example("/consent/1999-01", status=404)),
    "/slip": (Example("/slip"), Example("/slip", act=_press("看一看"))),
    "/slip/<code>": (Example("/slip/2222-2222", status=422),),
    "/desk/needs/<code>/what": (Example("/desk/needs/{draft}/what", CLERK),),
    "/desk/needs/<code>/how-much": (Example("/desk/needs/{returned}/how-much", CLERK),),
    "/desk/needs/<code>/why": (
        Example("/desk/needs/{returned}/why", CLERK),
        Example("/desk/needs/{draft}/why", CLERK, act=_press("下一步：同意书")),
    ),
    "/desk/needs/<code>/check": (Example("/desk/needs/{returned}/check", CLERK),),
    "/desk/needs/<code>/slip": (
        Example("/desk/needs/{submitted}/slip", CLERK),
        Example("/desk/needs/{published}/slip", CLERK, act=_press("打一张新纸条")),
    ),
    "/desk/needs/<code>/donors": (Example("/desk/needs/{published}/donors", REVIEWER),),
    "/desk/review": (Example("/desk/review", REVIEWER), Example("/desk/review", Role.COUNTY_ADMIN)),
    "/desk/oversight": (Example("/desk/oversight", Role.COUNTY_ADMIN), Example("/desk/oversight", Role.AUDITOR)),
    "/desk/relatives": (Example("/desk/relatives", CLERK), Example("/desk/relatives", CLERK, act=_press("申报"))),
    "/desk/people/<int:grant_id>/relatives": (Example("/desk/people/{grant}/relatives", Role.COUNTY_ADMIN),),
    "/desk/calendar": (
        Example("/desk/calendar", Role.COUNTY_ADMIN),
        Example("/desk/calendar", Role.COUNTY_ADMIN, act=_press("填上")),
    ),
    "/how-needs-are-checked": (Example("/how-needs-are-checked"),),
    "/desk/review/<code>": (
        Example("/desk/review/{submitted}", REVIEWER),
        Example("/desk/review/{submitted}", REVIEWER, act=_press("通过，去公示")),
        Example("/desk/review/{published}", REVIEWER),
        Example("/desk/review/{suspended}", REVIEWER),
    ),
    "/desk/pledges": (
        Example("/desk/pledges", REVIEWER),
        Example("/desk/pledges?act=confirm", Role.VILLAGE_SUPERVISOR),
        Example("/desk/pledges?act=report", CLERK),
    ),
    "/desk/pledges/<code>": (
        Example("/desk/pledges/{gift_accepted}", REVIEWER),
        Example("/desk/pledges/{gift_accepted}", REVIEWER, act=_press("登记到位")),
        Example("/desk/pledges/{mine_stopped}", Role.COUNTY_ADMIN),
        Example("/desk/pledges/{mine_stopped}", Role.COUNTY_ADMIN, act=_press("登记退回")),
        Example("/desk/pledges/{mine_stopped}", REVIEWER),
        Example("/desk/pledges/{gift_received}", CLERK),
        Example("/desk/pledges/{gift_received}", CLERK, act=_press("登记送达")),
        Example("/desk/pledges/{gift_delivered}", Role.VILLAGE_SUPERVISOR),
        Example("/desk/pledges/{gift_confirmed}", CLERK),
        Example("/desk/pledges/{gift_reported}", REVIEWER),
    ),
}


@dataclass
class Site:
    """The demonstration with its rules, the names that fill examples in, and one window for each role."""

    demo: Demonstration
    browser: Browser
    rules: set[str]
    names: dict[str, str]
    windows: dict[Role | None, Window] = field(default_factory=dict)
    # Pictures, sheets and the like that the server did not have.
    lost: list[str] = field(default_factory=list)

    def window(self, role: Role | None) -> Window:
        """The window of somebody with this role, or of a visitor; each signs in once."""
        if role not in self.windows:
            window = new_window(self.browser, self.demo.server)
            window.page.on("response", self._listen)
            self.windows[role] = window
            if role is not None:
                self.demo.sign_in(window.page, role)
        window = self.windows[role]
        window.faults.clear()
        return window

    def _listen(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self.lost.append(f"{response.status} {response.url}")


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A demonstration for all examples; they change nothing in it."""
    with demonstration(tmp_path_factory.mktemp("site") / "instance", scale="0.01") as demo:
        with opened(demo.settings) as app, app.app_context():
            site = Site(demo, browser, _page_rules(app), _names(demo))
        yield site
        for window in site.windows.values():
            window.page.context.close()


def _page_rules(app: Flask) -> set[str]:
    return {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or set())}


def _names(demo: Demonstration) -> dict[str, str]:
    """Codes by the names that stand in PAGES: needs and gifts of the accounts' village, by state."""
    village = demo.accounts[CLERK].division
    names = {"village": village, "township": demo.accounts[REVIEWER].division}
    needs = sa.select(Need).where(Need.division_code == village).order_by(Need.kind == SupportKind.MONEY)
    for need in db.session.scalars(needs):
        names.setdefault(need.state.value, need.code)
        if need.state is NeedState.PUBLISHED:
            names["money"] = need.code
        if need.household_id is not None:
            names["household"] = db.session.get_one(Household, need.household_id).code
    _receive_things(demo)
    gifts = sa.select(Pledge).join(Need, Need.id == Pledge.need_id).where(Need.division_code == village)
    gifts = gifts.order_by(Pledge.kind == SupportKind.MONEY, Pledge.id)
    mine = find_donor_id(_user(demo, DONOR).id)
    for gift in db.session.scalars(gifts):
        if gift.need.state is NeedState.WITHDRAWN:
            names["mine_stopped"] = gift.code
            continue
        names.setdefault(f"gift_{gift.state.value}", gift.code)
        if gift.donor_id == mine and gift.state is not PledgeState.ACCEPTED:
            names["mine_done"] = gift.code
        if gift.kind is SupportKind.MONEY and gift.state is PledgeState.REPORTED:
            names["money_gift"] = gift.code
    names["mine_open"] = _promise(demo, village, donor_id=mine)
    names["mine_offered"] = _offer(names["published"], donor_id=mine)
    named = sa.select(Donor.code).where(Donor.has_public_page, Donor.shows_name).order_by(Donor.id).limit(1)
    names["donor"] = db.session.scalars(named).one()
    names["shared"] = db.session.scalars(sa.select(SharedContact.code)).one()
    names["grant"] = str(_user(demo, CLERK).grants[0].id)
    names |= _notices_and_tickets(village)
    with transaction():
        names["token"] = make_login_link(_user(demo, CLERK), now=utc_now())
    return names


def _promise(demo: Demonstration, village: str, *, donor_id: int | None) -> str:
    """A gift of the donor that has not arrived and has no condition yet, to a need of another village."""
    with transaction() as session:
        elsewhere = sa.select(Need).where(Need.state == NeedState.PUBLISHED, Need.division_code != village)
        need = session.scalars(elsewhere.order_by(Need.id)).first()
        assert need is not None
        pledge = pledge_need(
            need.code,
            quantities={next(line.id for line in need.lines if line.open): 1},
            way=Way.SHIP,
            intent="",
            shows_name=False,
            shows_amount=True,
            client_key="browser-promise",
            by=actor_of(_user(demo, DONOR), donor_id=donor_id),
            now=utc_now(),
        )
        return pledge.code


def _offer(need_code: str, *, donor_id: int | None) -> str:
    """What the county proposes to the donor, who has not answered yet."""
    with transaction() as session:
        need = session.scalars(sa.select(Need).where(Need.code == need_code)).one()
        offer = offer_need(
            need,
            donor=session.get_one(Donor, donor_id),
            quantities={line.id: line.open for line in need.lines if line.open},
            client_key="browser-offer",
            by=SYSTEM,
            now=utc_now(),
        )
        return offer.code


def _notices_and_tickets(village: str) -> dict[str, str]:
    """Notices of the accounts' village and tickets of complaints there, by state."""
    names = {}
    for notice in db.session.scalars(sa.select(Notice).where(Notice.division_code == village).order_by(Notice.id)):
        names.setdefault(f"notice_{notice.state.value}", notice.code)
        if notice.shows_names:
            names["notice_named"] = notice.code
    suspected = set(db.session.scalars(sa.select(FraudCase.grievance_id)))
    for grievance in db.session.scalars(sa.select(Grievance).order_by(Grievance.id)):
        if grievance.id in suspected:
            names["ticket_fraud"] = grievance.code
            continue
        names.setdefault(f"ticket_{grievance.state.value}", grievance.code)
        if grievance.held_notice_id is not None:
            names["ticket_open"] = grievance.code
    return names


def _user(demo: Demonstration, role: Role) -> User:
    user = find_user_by_phone(demo.accounts[role].phone)
    assert user is not None
    return user


def _receive_things(demo: Demonstration) -> None:
    """Record that the things which are promised to the accounts' village arrived, so that they can be handed over."""
    village, kind = demo.accounts[CLERK].division, SupportKind.GOODS
    with transaction():
        waits = sa.select(Pledge).join(Need, Need.id == Pledge.need_id).where(Pledge.kind == kind)
        waits = waits.where(Need.division_code == village, Pledge.state == PledgeState.ACCEPTED)
        for gift in db.session.scalars(waits):
            record_receipt(
                gift.code,
                quantities={line.line_id: line.quantity for line in gift.lines},
                custodian="石渠县慈善会",
                client_key=f"every-page-{gift.code}",
                by=actor_of(_user(demo, REVIEWER)),
                now=utc_now(),
            )


def test_every_page_has_an_example(site: Site) -> None:
    """A page that is new in the url map fails here until PAGES says how to look at it."""
    assert sorted(site.rules - FILES - set(PAGES)) == [], "pages without an example"
    assert sorted(set(PAGES) - site.rules) == [], "examples without a page"


def _examples() -> Iterator[ParameterSet]:
    for rule, examples in PAGES.items():
        for number, example in enumerate(examples, start=1):
            words = re.sub(r"<\w+>", "x", rule).strip("/").replace("/", "-") or "home"
            yield pytest.param(example, id=f"{words}-{number}" if len(examples) > 1 else words)


@pytest.mark.parametrize("example", list(_examples()))
def test_page_is_sound_on_a_telephone_and_on_a_desk(
    site: Site, example: Example, request: pytest.FixtureRequest
) -> None:
    """W1, R-P14: not wider than the screen, a quiet console, nobody else called, nothing for axe, all in Chinese."""
    window = site.window(example.role)
    page = window.page
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    answer = page.goto(site.demo.server.url + example.path.format(**site.names))
    assert answer is not None
    assert answer.status == example.status
    if example.act is not None:
        example.act(page)
    name = request.node.callspec.id
    window.shoot(f"page-{name}")
    window.check()
    assert page.locator("h1").count() == 1
    assert leaked_words(page) == []
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    window.shoot(f"page-{name}")
    assert too_wide(page) <= 0
    assert site.lost == []


def leaked_words(page: Page) -> list[str]:
    """Latin words in what is read or read aloud, outside codes: Chinese that is missing."""
    texts = page.evaluate("""() => {
        const copy = document.body.cloneNode(true);
        copy.querySelectorAll(".code, input[type=hidden]").forEach(node => node.remove());
        const spoken = ["alt", "title", "placeholder", "aria-label"].flatMap(
            name => [...copy.querySelectorAll(`[${name}]`)].map(node => node.getAttribute(name)));
        return [copy.textContent, document.title, ...spoken];
    }""")
    plain = [re.sub(r"https?://\S+", "", text) for text in texts]
    return [word for text in plain for word in re.findall(r"[A-Za-z][a-z]{2,}", text) if word not in LATIN]


def too_wide(page: Page) -> int:
    """By how many pixels the page is wider than its screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


# More than any field takes, no number, no date, none of the choices.
SPOILT = "字" * 2_001
TYPED = {"", "text", "tel", "search", "email", "number", "date", "password", "url"}


def test_bad_input_is_answered_with_a_sentence_and_nothing_typed_is_lost(site: Site) -> None:
    """Every form that takes something typed, as each role sees it: spoilt throughout, then empty throughout."""
    seen: set[tuple[Role | None, str, tuple[str, ...]]] = set()
    wrong: list[str] = []
    for example in (example for examples in PAGES.values() for example in examples if example.status == 200):
        window = site.window(example.role)
        address = example.path.format(**site.names)
        page = window.page.context.request.get(site.demo.server.url + address)
        for form in (e for main in parse(page.text()).all("main") for e in main.all("form") if e["method"] == "post"):
            typed = _typed(form)
            target = urljoin(page.url, form["action"])
            if not typed or (example.role, target, tuple(typed)) in seen:
                continue
            seen.add((example.role, target, tuple(typed)))
            kept = form_of(form).fields
            for value in (SPOILT, ""):
                sent = [*((n, v) for n, vs in kept.items() if n not in typed for v in vs), *((n, value) for n in typed)]
                answer = window.page.context.request.post(
                    target,
                    data=urlencode(sent),
                    headers={"Content-Type": "application/x-www-form-urlencoded"},
                    max_redirects=0,
                )
                what = f"{example.role} {address} -> {target} {sorted(typed)} {'spoilt' if value else 'empty'}"
                wrong += [f"{what}: {fault}" for fault in _answer_faults(answer, typed, value)]
    assert len(seen) >= 40
    assert wrong == []


def _typed(form: Element) -> list[str]:
    """Names of the fields of a form that somebody types into or chooses in."""
    found = [e["name"] for e in form.all("input") if e["type"] in TYPED and e["name"]]
    return sorted({*found, *(e["name"] for e in form.all("textarea", "select") if e["name"])})


def _answer_faults(answer: APIResponse, typed: list[str], value: str) -> Iterator[str]:
    if answer.status >= 500:
        yield f"status {answer.status}"
    if not value:
        return
    if answer.status < 400:
        yield f"taken, status {answer.status}"
    text = answer.text()
    if answer.status in (422, 400) and not any(e["role"] == "alert" for e in parse(text).walk()):
        yield f"status {answer.status} without a sentence"
    is_secret = set(typed) <= {"current", "password"}
    if answer.status == 422 and SPOILT not in text and not is_secret:
        yield "what was typed is gone"
