"""The tree of divisions: import, former names, and places found by what people write."""

from datetime import date

import pytest
from flask import Flask

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.divisions import Level
from marketplace.core.errors import Forbidden, Invalid, NotFound
from marketplace.db import transaction
from marketplace.regions import queries, service
from marketplace.regions.places import short_name
from tests.counting import count_queries

_HEADER = "code12,name,level,parent12\n"
_PREFECTURE = "513300000000,甘孜藏族自治州,prefecture,510000000000\n"
_COUNTY = "513332000000,石渠县,county,513300000000\n"


def _import(text: str, *, dry_run: bool = False) -> service.DivisionReport:
    with transaction():
        return service.import_divisions(text.encode(), by=SYSTEM, dry_run=dry_run)


@pytest.fixture
def whole_tree(app: Flask) -> None:
    with transaction():
        service.import_builtin(by=SYSTEM)


def test_the_builtin_tree_holds_the_whole_prefecture_and_comes_twice_without_a_change(app: Flask) -> None:
    with transaction():
        first = service.import_builtin(by=SYSTEM)
    with transaction():
        second = service.import_builtin(by=SYSTEM)
    assert (first.made, first.refused) == (2566, [])
    assert (second.made, second.changed, second.unchanged) == (0, 0, 2566)
    assert queries.count_below("513300000000") == {Level.COUNTY: 18, Level.TOWNSHIP: 289, Level.VILLAGE: 2253}


def test_a_dry_run_writes_nothing(app: Flask) -> None:
    report = _import(_HEADER + _PREFECTURE, dry_run=True)
    assert report.made == 1
    assert queries.find_division("513300000000") is None


def test_a_changed_name_is_changed_and_the_old_one_stays_findable(whole_tree: None) -> None:
    changed = _import(_HEADER + "513332000000,石渠新县,county,513300000000\n")
    assert changed.changed == 1
    assert queries.place_name("513332000000") == "石渠新县"
    assert queries.resolve_code(county="石渠县", township="洛须镇", village="") is not None


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("51333200000,石渠县,county,513300000000", "needs 12 digits"),
        ("５１３３３２００００００,,county,513300000000", "needs a name"),
        ("513332000000,石渠县,continent,513300000000", "The level must be"),
        ("513332101000,洛须镇,county,513300000000", "does not fit the level"),
        ("513332101000,洛须镇,township,513331000000", "must be the code of the level above"),
        ("513332101000,洛须镇,township,513332000000", "neither in the file nor registered"),
    ],
)
def test_a_row_that_breaks_the_arithmetic_refuses_the_file_and_says_which(app: Flask, row: str, sentence: str) -> None:
    report = _import(_HEADER + _PREFECTURE + row + "\n")
    assert [refusal.row for refusal in report.refused] == [3]
    assert sentence in report.refused[0].message
    assert queries.find_division("513300000000") is None


def test_a_code_that_stands_twice_refuses_both_rows(app: Flask) -> None:
    report = _import(_HEADER + _PREFECTURE + _COUNTY + _COUNTY)
    assert [refusal.row for refusal in report.refused] == [3, 4]


def test_a_table_without_its_columns_is_refused_by_their_names(app: Flask) -> None:
    with pytest.raises(Invalid, match="level, parent12"):
        service.import_divisions(b"code12,name\n1,2\n", by=SYSTEM)


def test_nobody_but_the_system_imports_divisions(app: Flask) -> None:
    with pytest.raises(Forbidden):
        service.import_divisions(_HEADER.encode(), by=Actor(user_id=1))


def test_places_are_named_from_the_county_down_and_no_finer_than_asked(whole_tree: None) -> None:
    village = "513301001200"
    assert queries.place_name(village) == "康定市 · 炉城街道"
    assert queries.place_name(village, Level.VILLAGE) == "康定市 · 炉城街道 · 清泉一村"
    assert queries.place_name("513300000000") == "甘孜藏族自治州"
    assert queries.names_of([village, "999999999999"]) == {village: "清泉一村", "999999999999": "999999999999"}


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("升航村民委员会", "升航村"),
        ("向阳社区居民委员会", "向阳社区"),
        ("城关居委会", "城关社区"),
        ("洛须镇", "洛须镇"),
    ],
)
def test_villages_are_called_as_people_call_them(name: str, short: str) -> None:
    assert short_name(name) == short


@pytest.mark.parametrize(
    ("county", "township", "village", "code"),
    [
        ("康定市", "炉城街道", "升航村民委员会", "513301001202"),
        ("康定", "炉城", "升航村", "513301001202"),
        ("康定县", "炉城街道办事处", "升航", "513301001202"),
        ("康定县", "瓦泽乡", "瓦泽村", "513301102215"),
        ("炉霍县", "斯木乡", "瓦达上街村", "513327103217"),
        ("", "", "升航村", None),
        ("康定市", "", "升航村", None),
        ("泸定县", "炉城街道", "升航村", None),
        ("康定市", "炉城街道", "不存在村", None),
    ],
)
def test_a_village_is_found_by_three_names_present_or_former_and_never_by_one(
    whole_tree: None, county: str, township: str, village: str, code: str | None
) -> None:
    assert queries.resolve_code(county=county, township=township, village=village) == code
    found = queries.resolve_place(county, township, village)
    assert (found.code if found else None) == code


def test_an_old_code_leads_to_the_present_division_and_to_what_lies_below_it(whole_tree: None) -> None:
    county, street = queries.find_division("513321000000"), queries.find_division("513321001000")
    assert county is not None
    assert street is not None
    assert (county.code, street.code) == ("513301000000", "513301001000")
    with pytest.raises(NotFound):
        queries.get_division("513399000000")


def test_former_names_carry_their_last_possible_day(whole_tree: None) -> None:
    alias = queries.list_aliases("513301000000")[0]
    assert (alias.old_name, alias.valid_to) == ("康定县", date(2015, 2, 16))


def test_an_alias_of_an_unknown_division_or_with_a_bad_day_is_refused(whole_tree: None) -> None:
    table = "old_name,level,code12,valid_to\n旧乡,township,513399101000,\n旧镇,township,513332101000,2018\n"
    with transaction():
        report = service.import_aliases(table.encode(), by=SYSTEM)
    assert [refusal.row for refusal in report.refused] == [2, 3]


def test_a_division_that_comes_after_the_first_look_is_named_at_once(app: Flask) -> None:
    _import(_HEADER + _PREFECTURE)
    assert queries.place_name("513332000000") == "513332000000"
    _import(_HEADER + _COUNTY)
    assert queries.place_name("513332000000") == "石渠县"


def test_names_of_many_rows_cost_one_reading_of_the_tree(whole_tree: None) -> None:
    codes = [division.code for division in queries.list_level(Level.VILLAGE, area="513332")]
    queries.place_name(codes[0])
    with count_queries() as seen:
        assert len({queries.place_name(code, Level.VILLAGE) for code in codes}) == 165
    assert seen == []
