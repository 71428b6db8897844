"""Households at the desk: lists with masks, registering without scripts, changing, revealing, importing."""

import io
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from marketplace.accounts.models import User
from marketplace.audit.models import AuditEntry
from marketplace.core.actor import SYSTEM
from marketplace.core.permissions import Role
from marketplace.core.workflow import HouseholdStatus
from marketplace.db import db, transaction
from marketplace.households.models import Household, Member
from marketplace.households.service import MANY_REVEALS, import_sheet, read_sheet
from marketplace.needs.review_models import ReviewSignal, SignalKind
from tests import factories
from tests.client import Client
from tests.counting import count_queries
from tests.factories import NOW, TREE, Tree
from tests.register import NUMBER, csv_bytes, household, id_of, person

As = Callable[..., Client]
NEW = "/desk/households/new"


def typed(**fields: str) -> dict[str, str]:
    """A household as a clerk types it: a head and nobody else."""
    return {
        "village": TREE.village,
        "group_name": "一组",
        "attribute": "一般贫困户",
        "exit_attribute": "未脱贫",
        "main_cause": "因病",
        "income": "2736.50",
        "unsafe_house": "否",
        "phone": "13900000001",
        "members-0-name": "扎西次仁",
        "members-0-id_number": id_of(),
        "members-0-relation": "户主",
        "members-0-ethnicity": "藏族",
        "members-0-education": "小学",
        "members-0-school_status": "非在校",
        "members-0-health": "长期慢性病",
        "members-0-labour": "普通劳动力",
        **fields,
    }


def registered(**cells: object) -> Household:
    """A household that came with the register, a child among its members."""
    child = person(
        "之子", 姓名="泽仁旺堆", 户编号="", 证件号码=id_of(born="20080901"), 在校生状况="小学", 劳动技能="无劳动力"
    )
    sheet = read_sheet(csv_bytes(household(others=[child], **cells)))
    with transaction():
        import_sheet(sheet, by=SYSTEM, now=NOW)
    return only()


def only() -> Household:
    db.session.rollback()
    return db.session.scalars(sa.select(Household)).one()


def text(response: TestResponse) -> str:
    return response.get_data(as_text=True)


def actions() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_clerk_registers_a_household_and_finds_it_masked(client_as: As) -> None:
    clerk = client_as(Role.VILLAGE_CLERK)
    answer = clerk.post(NEW, data=typed())
    assert answer.status_code == 303
    made = only()
    assert answer.location == f"/desk/households/{made.code}"
    assert (made.registry_no, made.division_code) == (NUMBER, TREE.village)
    assert made.members[0].person_no == f"{NUMBER}01"
    page = text(clerk.get(answer.location))
    assert "扎**" in page
    assert "139****0001" in page
    for secret in ("扎西次仁", "13900000001", made.members[0].id_number):
        assert secret not in page
    assert "household.register" in actions()


def test_another_member_keeps_everything_typed_and_needs_no_script(client_as: As) -> None:
    clerk = client_as(Role.VILLAGE_CLERK)
    sent = typed(do="add", income="三千")
    page = clerk.post(NEW, data=sent)
    assert page.status_code == 200
    for kept in (sent["members-0-name"], sent["members-0-id_number"], "三千", 'name="members-1-name"'):
        assert kept in text(page)
    fewer = clerk.post(NEW, data={**sent, "members-1-name": "卓玛", "do": "remove-1"})
    assert 'name="members-1-name"' not in text(fewer)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0


def test_every_fault_stands_at_its_field_and_nothing_typed_is_lost(client_as: As) -> None:
    clerk = client_as(Role.VILLAGE_CLERK)
    sent = typed(**{"income": "0", "members-0-id_number": "510101800506001", "members-0-education": "", "phone": "123"})
    answer = clerk.post(NEW, data=sent)
    assert answer.status_code == 422
    page = text(answer)
    for sentence in ("人均纯收入要大于 0", "这是旧的 15 位号码", "不在校的人要写文化程度", "手机号"):
        assert sentence in page
    for field in ("income", "members-0-id_number", "members-0-education", "phone"):
        assert f'href="#{field}"' in page
        assert f'id="{field}-error"' in page
    for kept in ("扎西次仁", "510101800506001", "123"):
        assert f'value="{kept}"' in page
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0


def test_a_duplicate_id_number_is_refused_at_its_field(client_as: As) -> None:
    number = id_of()
    registered(证件号码=number)
    answer = client_as(Role.VILLAGE_CLERK).post(NEW, data=typed(**{"members-0-id_number": number}))
    assert answer.status_code == 422
    assert "已登记在" in text(answer)
    assert 'id="members-0-id_number-error"' in text(answer)


def test_a_village_outside_the_area_cannot_be_chosen(client_as: As) -> None:
    clerk = client_as(Role.VILLAGE_CLERK)
    assert "拉空龙村" not in text(clerk.get(NEW))
    assert clerk.post(NEW, data=typed(village=TREE.other_village)).status_code == 404
    assert clerk.post(NEW, data=typed(village="")).status_code == 404
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0


def test_the_list_masks_names_pages_and_searches(client_as: As, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [factories.make_household(head_name=f"次仁{at}") for at in range(32)]
    clerk = client_as(Role.VILLAGE_CLERK)
    first = text(clerk.get("/desk/households"))
    assert "次**" in first
    assert "次仁1" not in first
    assert first.count('href="/desk/households/HB-') == 30
    second = text(clerk.get(f"/desk/households?after={made[29].code}"))
    assert second.count('href="/desk/households/HB-') == 2
    for words in ("次仁31", made[31].code, made[31].registry_no):
        found = text(clerk.get("/desk/households", query_string={"q": words}))
        assert found.count('href="/desk/households/HB-') == 1
        assert made[31].code in found
    assert "没有找到" in text(clerk.get("/desk/households?q=无此人"))


def test_a_list_of_any_length_costs_the_same_number_of_statements(client_as: As) -> None:
    clerk = client_as(Role.COUNTY_ADMIN)
    counts = []
    for more in (2, 20):
        for _ in range(more):
            factories.make_household()
        clerk.get("/desk/households")
        with count_queries() as seen:
            clerk.get("/desk/households")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_child_shows_nothing_but_that_it_is_one(client_as: As) -> None:
    made = registered()
    page = text(client_as(Role.TOWNSHIP_REVIEWER).get(f"/desk/households/{made.code}"))
    assert "未成年人，不显示。" in page
    assert "泽**" not in page
    assert made.members[2].id_number[-2:] + "<" not in page


@pytest.mark.parametrize("path", ["", "/edit"])
def test_a_clerk_of_another_village_finds_nothing(client_as: As, path: str) -> None:
    """Z2: not even that the household exists."""
    made = registered()
    stranger = client_as(Role.VILLAGE_CLERK, TREE.other_village)
    unknown = stranger.get(f"/desk/households/HB-222222-00{path}")
    answer = stranger.get(f"/desk/households/{made.code}{path}")
    assert answer.status_code == unknown.status_code == 404
    # A form's token holds the second in which it was signed.
    shown, other = (re.sub(r'(name="csrf_token"[^>]* value)="[^"]*"', r"\1", text(page)) for page in (answer, unknown))
    assert shown.replace(made.code, "") == other.replace("HB-222222-00", "")
    assert "csrf_token" in shown
    assert stranger.post(f"/desk/households/{made.code}/reveal", data={"reason": "核对证件"}).status_code == 404
    assert stranger.post(f"/desk/households/{made.code}/edit", data=typed()).status_code == 404
    assert made.code not in text(stranger.get("/desk/households"))
    assert made.code not in text(stranger.get(f"/desk/households?q={made.registry_no}"))


def test_full_numbers_ask_a_reason_and_leave_a_trail(client_as: As) -> None:
    """P5: who, when, whose, why."""
    made = registered()
    reviewer = client_as(Role.TOWNSHIP_REVIEWER)
    path = f"/desk/households/{made.code}/reveal"
    refused = reviewer.post(path, data={"reason": " "})
    assert refused.status_code == 422
    assert made.members[0].id_number not in text(refused)
    shown = reviewer.post(path, data={"reason": "入户核对身份证"})
    assert shown.status_code == 200
    assert "no-store" in shown.headers["Cache-Control"]
    for member in made.members:
        assert member.id_number in text(shown)
    assert "13900000001" in text(shown)
    db.session.rollback()
    (entry,) = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "personal.reveal"))
    assert (entry.subject_id, entry.detail["reason"]) == (made.id, "入户核对身份证")
    assert entry.user_id is not None


def test_who_reveals_very_often_is_flagged_once(client_as: As) -> None:
    """P5: more than 20 on one day."""
    made = registered()
    reviewer = client_as(Role.TOWNSHIP_REVIEWER)
    for _ in range(MANY_REVEALS + 2):
        reviewer.post(f"/desk/households/{made.code}/reveal", data={"reason": "入户核对身份证"})
    assert actions().count("personal.reveal") == MANY_REVEALS + 2
    assert actions().count("personal.reveal-flag") == 1


def test_the_county_looks_into_many_reveals_and_the_named_person_cannot_close_it(client_as: As) -> None:
    """P5, F2, fraud rule 16: at once on the county's page, at whom and why; closed by another, with a reason."""
    made = registered()
    reviewer, county = client_as(Role.TOWNSHIP_REVIEWER), client_as(Role.COUNTY_ADMIN)
    county_too = client_as(Role.COUNTY_ADMIN)
    path = f"/desk/households/{made.code}/reveal"
    for number in range(MANY_REVEALS):
        reviewer.post(path, data={"reason": f"入户核对身份证{number}"})
    assert "没有异常" in text(county.get("/desk/oversight"))
    for number in range(MANY_REVEALS, MANY_REVEALS + 2):
        county_too.post(path, data={"reason": "县里抽查"})
        reviewer.post(path, data={"reason": f"入户核对身份证{number}"})
    page = text(county.get("/desk/oversight"))
    assert page.count(SignalKind.REVEALS.label) == 1
    assert f"查看完整号码 {MANY_REVEALS + 2} 次" in page
    assert page.count(f"/desk/households/{made.code}") == MANY_REVEALS + 2
    assert (page.count("入户核对身份证"), page.count("县里抽查")) == (MANY_REVEALS + 2, 0)
    assert "查看异常提示" in text(county.get("/desk"))
    db.session.rollback()
    (signal,) = db.session.scalars(sa.select(ReviewSignal))
    close = f"/desk/oversight/signals/{signal.id}/close"
    assert reviewer.post(close, data={"reason": "没有问题"}).status_code == 403
    named = db.session.get_one(User, signal.user_id)
    factories.grant(named, Role.COUNTY_ADMIN, division=TREE.county)
    assert SignalKind.REVEALS.label not in text(reviewer.get("/desk/oversight"))
    assert reviewer.post(close, data={"reason": "没有问题"}).status_code == 403
    assert county.post(close, data={"reason": ""}).status_code == 422
    assert county.post(close, data={"reason": "普查核对，已看过名单"}).status_code == 303
    assert "普查核对，已看过名单" in text(county.get("/desk/oversight"))
    assert "查看异常提示" not in text(county.get("/desk"))


def test_an_auditor_reads_and_reveals_nothing(client_as: As) -> None:
    made = registered()
    auditor = client_as(Role.AUDITOR)
    page = text(auditor.get(f"/desk/households/{made.code}"))
    assert "reveal" not in page
    assert f"{made.code}/edit" not in page
    assert auditor.post(f"/desk/households/{made.code}/reveal", data={"reason": "核对"}).status_code == 403


def test_a_change_shows_no_secret_and_keeps_what_is_left_empty(client_as: As) -> None:
    made = registered()
    secrets = [member.id_number for member in made.members] + ["扎西次仁", "卓玛", "泽仁旺堆", "13900000001"]
    numbers = [(member.name, member.id_number) for member in made.members]
    clerk = client_as(Role.VILLAGE_CLERK)
    path = f"/desk/households/{made.code}/edit"
    page = text(clerk.get(path))
    for secret in secrets:
        assert secret not in page
    answer = clerk.submit(path, form=path, income="3000", **{"members-1-education": "初中"})
    assert answer.status_code == 303
    changed = only()
    assert (changed.income_fen, changed.status, changed.phone) == (300_000, HouseholdStatus.REGISTERED, "13900000001")
    assert [(member.name, member.id_number) for member in changed.members] == numbers
    assert changed.members[1].education == "初中"
    (entry,) = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "household.change"))
    assert entry.detail["columns"] == ["人均纯收入", "文化程度"]


def test_a_form_changes_no_status(client_as: As) -> None:
    """It changes by a proposal with a notice; what else was typed is not lost."""
    path = f"/desk/households/{registered().code}/edit"
    answer = client_as(Role.VILLAGE_CLERK).submit(path, form=path, income="3000", exit_attribute="已脱贫")
    assert answer.status_code == 422
    assert "公示后生效" in text(answer)
    assert 'value="3000"' in text(answer)
    assert only().status is HouseholdStatus.REGISTERED


def test_a_member_joins_in_a_change_and_gets_the_next_number(client_as: As) -> None:
    made = registered()
    clerk = client_as(Role.VILLAGE_CLERK)
    path = f"/desk/households/{made.code}/edit"
    with_row = clerk.submit(path, form=path, do="add")
    assert 'name="members-3-name"' in text(with_row)
    joined = {"name": "拉姆", "id_number": id_of(man=False), "relation": "之女", "ethnicity": "藏族", "health": "健康"}
    more = {"education": "初中", "school_status": "非在校", "labour": "普通劳动力", "person_no": ""}
    answer = clerk.submit(path, form=path, **{f"members-3-{name}": word for name, word in {**joined, **more}.items()})
    assert answer.status_code == 303
    changed = only()
    assert (changed.member_count, changed.members[3].person_no) == (4, f"{NUMBER}04")


def test_a_change_that_breaks_a_rule_is_refused_whole(client_as: As) -> None:
    made = registered()
    clerk = client_as(Role.VILLAGE_CLERK)
    path = f"/desk/households/{made.code}/edit"
    answer = clerk.submit(path, form=path, income="3000", main_cause="因残")
    assert answer.status_code == 422
    assert "没有残疾人" in text(answer)
    assert 'value="3000"' in text(answer)
    assert only().income_fen == 273_650


def test_a_form_cannot_touch_what_it_does_not_show(client_as: As) -> None:
    """Z4: no assignment beyond the form."""
    made = registered()
    clerk = client_as(Role.VILLAGE_CLERK)
    hidden = {"village": TREE.other_village, "registry_no": "1", "status": "exited", "user_id": "1"}
    path = f"/desk/households/{made.code}/edit"
    assert clerk.submit(path, form=path, code="HB-222222-00", **hidden).status_code == 303
    same = only()
    assert (same.division_code, same.registry_no, same.status) == (TREE.village, NUMBER, HouseholdStatus.REGISTERED)
    assert (same.code, same.user_id) == (made.code, None)


def upload(client: Client, content: bytes, *, name: str = "名册.csv") -> TestResponse:
    return client.post(
        "/desk/households/import",
        data={"file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
    )


def test_an_upload_shows_what_would_happen_and_writes_only_when_confirmed(client_as: As) -> None:
    bad = household(number=f"{TREE.village}0002", 证件号码="510101800506001")
    clerk = client_as(Role.VILLAGE_CLERK)
    answer = upload(clerk, csv_bytes([*household(), *bad]))
    assert answer.status_code == 303
    page = text(clerk.get(answer.location))
    assert "导入 1 户" in page
    assert "第 4 行：这是旧的 15 位号码" in page
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0
    assert clerk.post(answer.location).status_code == 303
    assert only().registry_no == NUMBER
    assert "新增 1 户，修改 0 户，不变 0 户，不收 1 户" in text(clerk.get("/desk/households"))
    assert clerk.get(answer.location).status_code == 404


def test_an_upload_is_ciphertext_on_disk_and_nobody_elses(client_as: As, client: Client) -> None:
    """P4 and Z2: between dry run and confirmation."""
    number = id_of()
    clerk = client_as(Role.VILLAGE_CLERK)
    answer = upload(clerk, csv_bytes(household(证件号码=number)))
    folder = client.application.config["SETTINGS"].instance / "uploads"
    (kept,) = folder.iterdir()
    assert number.encode() not in kept.read_bytes()
    other = client_as(Role.VILLAGE_CLERK, TREE.other_village)
    assert other.get(answer.location).status_code == 404
    assert other.post(answer.location).status_code == 404
    assert clerk.get("/desk/households/import/..%2f..%2fsettings").status_code == 404


def test_an_upload_that_is_no_register_says_what_to_send(client_as: As) -> None:
    clerk = client_as(Role.VILLAGE_CLERK)
    answer = upload(clerk, "县,乡\n石渠县,洛须镇\n".encode())
    assert answer.status_code == 422
    assert "文件缺这些列：行政村、户编号" in text(answer)
    empty = clerk.post("/desk/households/import", data={}, content_type="multipart/form-data")
    assert empty.status_code == 422
    assert "请选择文件" in text(empty)


def test_an_import_takes_only_villages_of_the_area(client_as: As) -> None:
    clerk = client_as(Role.VILLAGE_CLERK, TREE.other_village)
    answer = upload(clerk, csv_bytes(household()))
    assert "这个村不在您的辖区" in text(clerk.get(answer.location))
    clerk.post(answer.location)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Member)) == 0


def test_the_pages_speak_english_too(client_as: As, tree: Tree) -> None:
    made = registered()
    clerk = client_as(Role.VILLAGE_CLERK)
    clerk.set_cookie("language", "en")
    for path in ("/desk/households", NEW, f"/desk/households/{made.code}", "/desk/households/import"):
        assert clerk.get(path).status_code == 200
