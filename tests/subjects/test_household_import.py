"""Import of the register: what is made, changed, left and refused, and that nothing is half-done."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import Workbook

from marketplace.audit.models import AuditEntry
from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.errors import Forbidden, Invalid
from marketplace.core.permissions import Role
from marketplace.core.workflow import HouseholdStatus
from marketplace.db import db, transaction
from marketplace.households import bulk
from marketplace.households.columns import PROFILE
from marketplace.households.findings import Finding
from marketplace.households.models import Household, Member, StatusChange
from marketplace.households.service import Action, Report, import_sheet, read_sheet
from tests import factories
from tests.factories import NOW, Tree
from tests.register import NUMBER, csv_bytes, household, id_of, person, xlsx_bytes

Rows = Sequence[dict[str, object]]


def take(content: bytes, *, by: Actor = SYSTEM, dry_run: bool = False) -> Report:
    sheet = read_sheet(content)
    with transaction():
        return import_sheet(sheet, by=by, now=NOW, dry_run=dry_run)


def counts(report: Report) -> dict[str, int]:
    return {action.value: report.count(action) for action in Action if report.count(action)}


def errors(report: Report) -> list[Finding]:
    return [finding for entry in report.entries for finding in entry.findings if finding.is_error]


def codes(report: Report) -> list[str]:
    return [finding.code for finding in errors(report)]


def registered() -> list[Household]:
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Household).order_by(Household.registry_no)))


def people() -> list[Member]:
    return list(db.session.scalars(sa.select(Member).order_by(Member.person_no)))


@pytest.mark.parametrize(
    "write",
    [
        csv_bytes,
        lambda rows: csv_bytes(rows, encoding="utf-8-sig"),
        lambda rows: csv_bytes(rows, encoding="gb18030"),
        xlsx_bytes,
        lambda rows: xlsx_bytes(rows, above=["石渠县贫困户花名册", "2018年12月"]),
    ],
    ids=["utf-8", "byte order mark", "gb18030", "xlsx", "title above the header"],
)
def test_the_register_is_read_in_the_forms_that_offices_send(tree: Tree, write: Callable[[Rows], bytes]) -> None:
    report = take(write(household()))
    assert counts(report) == {"made": 1}
    (made,) = registered()
    assert (made.registry_no, made.division_code, made.group_name) == (NUMBER, tree.village, "一组")
    assert (made.head_name, made.member_count, made.income_fen) == ("扎西次仁", 2, 273_650)
    assert (made.phone, made.unsafe_house, made.safe_water) == ("13900000001", False, True)
    assert [member.relation for member in people()] == ["户主", "配偶"]


def test_a_head_starts_a_household_and_the_next_rows_are_its_members(tree: Tree) -> None:
    child = person("之子", 姓名="泽仁", 户编号="", 证件号码=id_of(born="20080901"), 在校生状况="小学")
    rows = [*household(number=f"{tree.village}0001", others=[child]), *household(number=f"{tree.village}0002")]
    report = take(csv_bytes(rows))
    assert counts(report) == {"made": 2}
    assert [(entry.row, entry.action) for entry in report.entries] == [(2, Action.MADE), (5, Action.MADE)]
    assert [made.member_count for made in registered()] == [3, 2]


def test_the_order_of_columns_is_free_and_their_other_names_are_known(tree: Tree) -> None:
    names = {"证件号码": "身份证号码", "乡": "乡(镇)", "务工时间(月)": "务工时间（月）"}
    rows = [{names.get(column, column): cell for column, cell in row.items()} for row in household()]
    columns = [names.get(column, column) for column in reversed(PROFILE)]
    report = take(csv_bytes(rows, columns=columns))
    assert counts(report) == {"made": 1}
    assert (report.missing, report.unknown) == ([], [])


def test_quirks_of_cells_are_read_as_what_they_mean(tree: Tree) -> None:
    number = id_of()
    quirks = {
        "证件号码": f'="{number}"',
        "联系电话": "　１３９ ００００ ０００１",
        "人均纯收入": "2,736.50元",
        "务工时间(月)": "0.0",
        "人数": "2.0",
        "姓名": " 扎西  次仁 ",
    }
    assert counts(take(csv_bytes(household(**quirks)))) == {"made": 1}
    (made,) = registered()
    assert (made.phone, made.income_fen, made.head_name) == ("13900000001", 273_650, "扎西 次仁")
    assert number in {member.id_number for member in people()}


def test_formulas_and_numbers_of_a_workbook_are_read_by_their_value(tree: Tree) -> None:
    rows = household(人均纯收入=2736.5, 人数=2, 联系电话=13900000001)
    assert counts(take(xlsx_bytes(rows))) == {"made": 1}
    assert registered()[0].income_fen == 273_650


def test_an_id_number_that_the_spreadsheet_has_rounded_is_refused_with_the_way_out(tree: Tree) -> None:
    report = take(xlsx_bytes(household(证件号码=513332198005060018)))
    assert counts(report) == {"refused": 1}
    assert any("Format the column as text" in finding.sentence for finding in errors(report))


def test_the_same_file_twice_changes_nothing(tree: Tree) -> None:
    content = xlsx_bytes(household())
    take(content)
    before = [(h.updated_at, h.code) for h in registered()]
    report = take(content)
    assert counts(report) == {"unchanged": 1}
    assert [(h.updated_at, h.code) for h in registered()] == before
    assert len(list(db.session.scalars(sa.select(AuditEntry)))) == 1


def test_a_dry_run_tells_and_writes_nothing(tree: Tree) -> None:
    report = take(csv_bytes(household()), dry_run=True)
    assert counts(report) == {"made": 1}
    assert registered() == []


def test_only_what_changed_is_written_and_named(tree: Tree) -> None:
    rows = household()
    take(csv_bytes(rows))
    rows[0]["人均纯收入"] = "3000"
    rows[1]["文化程度"] = "初中"
    report = take(csv_bytes(rows))
    assert counts(report) == {"changed": 1}
    assert report.entries[0].changes == ("人均纯收入", "文化程度")
    (changed,) = registered()
    assert (changed.income_fen, changed.main_cause.label) == (300_000, "因病")
    assert [member.education for member in people()] == ["小学", "初中"]


def test_an_empty_cell_and_a_missing_column_change_nothing(tree: Tree) -> None:
    rows = household()
    take(csv_bytes(rows))
    rows[0]["联系电话"] = ""
    columns = [column for column in PROFILE if column != "自然村"]
    report = take(csv_bytes(rows, columns=columns))
    assert counts(report) == {"unchanged": 1}
    assert report.missing == ["自然村"]
    assert (registered()[0].phone, registered()[0].group_name) == ("13900000001", "一组")


def test_a_file_changes_no_status_and_says_where_it_differs(tree: Tree) -> None:
    """A status changes by a proposal with a notice; the rest of the row is taken."""
    rows = household()
    take(csv_bytes(rows))
    for row in rows:
        row["脱贫属性"] = "已脱贫"
        row["人均纯收入"] = "3100"
    report = take(csv_bytes(rows))
    assert counts(report) == {"changed": 1}
    assert [(f.code, f.is_error) for entry in report.entries for f in entry.findings] == [("RG04", False)]
    (changed,) = registered()
    assert (changed.status, changed.income_fen) == (HouseholdStatus.REGISTERED, 310_000)
    history = list(db.session.scalars(sa.select(StatusChange).order_by(StatusChange.id)))
    assert [change.status for change in history] == [HouseholdStatus.REGISTERED]


def test_a_namesake_with_another_id_number_is_another_household(tree: Tree) -> None:
    take(csv_bytes(household()))
    report = take(csv_bytes(household(number=f"{tree.village}0002")))
    assert counts(report) == {"made": 1}
    assert [made.head_name for made in registered()] == ["扎西次仁", "扎西次仁"]


def test_a_namesake_never_takes_the_place_of_a_household_with_the_same_number(tree: Tree) -> None:
    take(csv_bytes(household()))
    before = {member.id_number for member in people()}
    report = take(csv_bytes(household()))
    assert (counts(report), codes(report)) == ({"refused": 1}, ["RG02"])
    assert {member.id_number for member in people()} == before


def test_a_member_joins_and_one_who_is_missing_is_reported_and_kept(tree: Tree) -> None:
    rows = household()
    take(csv_bytes(rows))
    child = person("之子", 姓名="泽仁", 人编号=f"{NUMBER}03", 证件号码=id_of(born="20080901"), 在校生状况="小学")
    report = take(csv_bytes([rows[0], child]))
    assert counts(report) == {"changed": 1}
    assert [finding.code for finding in report.entries[0].findings] == ["RG05"]
    assert registered()[0].member_count == len(people()) == 3


def test_two_members_may_swap_their_numbers(tree: Tree) -> None:
    rows = household()
    take(csv_bytes(rows))
    rows[0]["人编号"], rows[1]["人编号"] = rows[1]["人编号"], rows[0]["人编号"]
    assert counts(take(csv_bytes(rows))) == {"changed": 1}
    assert [member.relation for member in people()] == ["配偶", "户主"]


def test_a_person_number_of_somebody_else_is_refused(tree: Tree) -> None:
    rows = household()
    take(csv_bytes(rows))
    stranger = person("之女", 人编号=rows[1]["人编号"], 证件号码=id_of(man=False))
    assert codes(take(csv_bytes([rows[0], stranger]))) == ["RG03"]


def test_an_error_refuses_the_household_whole_and_leaves_the_others(tree: Tree) -> None:
    bad = household(number=f"{tree.village}0002")
    bad[1]["证件号码"] = "510101800506001"
    report = take(csv_bytes([*household(), *bad]))
    assert counts(report) == {"made": 1, "refused": 1}
    (finding,) = errors(report)
    assert (finding.code, finding.row) == ("ID01", 5)
    assert [made.registry_no for made in registered()] == [NUMBER]


def test_a_warning_is_listed_and_refuses_nothing(tree: Tree) -> None:
    report = take(csv_bytes(household(健康状况="残疾")))
    assert counts(report) == {"made": 1}
    assert [(f.code, f.row) for f in report.entries[0].findings] == [("NU04", 2)]
    assert report.warnings == 1


def test_one_id_number_in_two_households_of_a_file_refuses_both_and_names_the_rows(tree: Tree) -> None:
    number = id_of()
    rows = [*household(证件号码=number), *household(number=f"{tree.village}0002", 证件号码=number)]
    report = take(csv_bytes(rows))
    assert counts(report) == {"refused": 2}
    assert [(finding.row, finding.params["other"]) for finding in errors(report)] == [(2, "4"), (4, "2")]


def test_an_id_card_and_the_disability_card_made_from_it_are_one_person(tree: Tree) -> None:
    number = id_of()
    take(csv_bytes(household(证件号码=number)))
    again = household(number=f"{tree.village}0002", 证件号码=number + "41", 健康状况="残疾")
    assert codes(take(csv_bytes(again))) == ["ID05"]


def test_a_registered_id_number_is_named_with_its_household_only_to_who_may_see_it(tree: Tree) -> None:
    number = id_of()
    take(csv_bytes(household(证件号码=number)))
    again = csv_bytes(household(number=f"{tree.other_village}0001", 行政村="拉空龙村", 证件号码=number))
    (known,) = errors(take(again))
    assert (known.params["code"], known.params["place"]) == (registered()[0].code, "石渠县 · 洛须镇")
    clerk = factories.make_actor(Role.VILLAGE_CLERK, division=tree.other_village)
    (hidden,) = errors(take(again, by=clerk))
    assert (hidden.code, hidden.params) == ("ID05", {})


def test_a_village_outside_the_area_is_refused_and_nothing_is_told_of_its_households(tree: Tree) -> None:
    take(csv_bytes(household()))
    clerk = factories.make_actor(Role.VILLAGE_CLERK, division=tree.other_village)
    report = take(csv_bytes(household(人均纯收入="1")), by=clerk)
    assert set(codes(report)) == {"PL03", "RG02"}
    assert report.entries[0].changes == ()


def test_an_unknown_village_is_refused_with_the_three_names(tree: Tree) -> None:
    (finding,) = errors(take(csv_bytes(household(乡="尼呷镇"))))
    assert finding.code == "PL01"
    assert finding.params == {"village": "温拖村", "township": "尼呷镇", "county": "石渠县"}


def test_a_member_of_another_place_than_the_head_is_refused(tree: Tree) -> None:
    rows = household()
    rows[1]["行政村"] = "拉空龙村"
    assert codes(take(csv_bytes(rows))) == ["PL02"]


def test_a_household_number_at_two_places_of_the_file_refuses_both(tree: Tree) -> None:
    rows = [*household(), *household(number=f"{tree.village}0002"), *household()]
    report = take(csv_bytes(rows))
    assert counts(report) == {"made": 1, "refused": 2}
    assert codes(report) == ["RG01", "RG01"]


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("贫困户属性", "富裕户", "FM01"),
        ("脱贫属性", "", "FM02"),
        ("姓名", "", "FM02"),
        ("姓名", "扎" * 61, "FM03"),
        ("危房户", "也许", "FM01"),
        ("联系电话", "12345", "FM01"),
        ("人均纯收入", "很多", "FM01"),
        ("人均纯收入", "NaN", "FM01"),
        ("人均纯收入", "1e400", "FM01"),
        ("人均纯收入", "-5", "IN02"),
        ("务工时间(月)", "半年", "FM01"),
        ("务工时间(月)", "13", "WK01"),
        ("主要致贫原因", "因懒", "FM01"),
        ("主要致贫原因", "", "NU01"),
        ("户编号", "", "FM02"),
        ("户编号", "一号", "FM01"),
    ],
)
def test_a_cell_that_cannot_be_read_says_what_to_write(tree: Tree, column: str, text: str, code: str) -> None:
    report = take(csv_bytes([person(**{column: text})]))
    assert counts(report) == {"refused": 1}
    assert code in codes(report)
    assert registered() == []


def test_unknown_columns_are_named_and_extra_ones_checked(tree: Tree) -> None:
    rows = [{**row, "帮扶责任人": "", "心情": "好"} for row in household()]
    report = take(csv_bytes(rows, columns=[*PROFILE, "帮扶责任人", "心情"]))
    assert report.unknown == ["心情"]
    assert "HP01" not in report.unchecked
    assert "HP02" in report.unchecked
    assert codes(report) == ["HP01"]


def test_a_poor_officer_is_found_among_the_registered(tree: Tree) -> None:
    number = id_of()
    take(csv_bytes(household(证件号码=number)))
    rows = [{**row, "帮扶责任人证件号码": number} for row in household(number=f"{tree.village}0002")]
    assert codes(take(csv_bytes(rows, columns=[*PROFILE, "帮扶责任人证件号码"]))) == ["HP02"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "lacks these columns"),
        ("县,乡\n石渠县,洛须镇\n".encode(), "户编号"),
        (",".join(PROFILE).encode(), "no rows"),
        (",".join([*PROFILE, "姓名"]).encode(), "twice"),
        (b"\xd0\xcf\x11\xe0 old", "old Excel"),
        (b"PK\x03\x04 broken", "damaged"),
        (b"\x00\x01\x02", "not a table"),
    ],
)
def test_a_file_that_is_no_register_is_refused_in_a_sentence(app: Flask, content: bytes, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        read_sheet(content)


def test_a_sheet_with_one_cell_far_out_is_refused_before_it_fills_the_memory(app: Flask) -> None:
    far = xlsx_bytes([{f"c{at}": "" for at in range(300)}, {"c299": "x"}], columns=[f"c{at}" for at in range(300)])
    assert len(far) < 20_000
    with pytest.raises(Invalid, match="lacks these columns"):
        read_sheet(far)
    book = Workbook()
    book.active["XFD1048576"] = "x"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(Invalid, match="too large"):
        read_sheet(out.getvalue())


def test_who_may_not_register_households_may_not_import_them(tree: Tree) -> None:
    reviewer = factories.make_actor(Role.TOWNSHIP_REVIEWER, division=tree.township)
    with pytest.raises(Forbidden):
        take(csv_bytes(household()), by=reviewer)


def test_a_failure_in_the_middle_leaves_nothing(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 1)
    rows = [*household(), *household(number=f"{tree.village}0002")]
    sheet = read_sheet(csv_bytes(rows))
    written: list[int] = []

    def stop_at_the_second(count: int) -> None:
        written.append(count)
        if len(written) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), transaction():
        import_sheet(sheet, by=SYSTEM, now=NOW, progress=stop_at_the_second)
    assert registered() == []
    assert people() == []


def test_numbers_and_phones_are_ciphertext_in_the_table(tree: Tree) -> None:
    number = id_of()
    rows = [{**row, "银行账号": "6228480012345678901"} for row in household(证件号码=number)]
    take(csv_bytes(rows, columns=[*PROFILE, "银行账号"]))
    stored: list[Any] = []
    for table in ("household", "member"):
        stored += [str(cell) for row in db.session.execute(sa.text(f"SELECT * FROM {table}")) for cell in row]
    assert registered()[0].bank_account == "6228480012345678901"
    for secret in (number, "13900000001", "6228480012345678901"):
        assert not any(secret in cell for cell in stored)
