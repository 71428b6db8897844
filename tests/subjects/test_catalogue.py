"""The catalogue as a county keeps it: prices by area, items taken out, CSV there and back."""

import dataclasses
import io

import pytest
from flask import Flask

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.errors import DomainError, Invalid
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db, transaction
from marketplace.needs import bands, catalogue, queries, service
from marketplace.needs.bands import Band
from marketplace.needs.checking import lint_of
from marketplace.needs.lines import lines_of
from marketplace.needs.models import CatalogueBand, Need
from tests.client import Client
from tests.factories import NOW, TREE, Line, count_rows, make_actor, make_household, make_need, make_user

DEAR = Band(30_000, 40_000, 50_000, "county")


@pytest.fixture
def keeper(app: Flask) -> Actor:
    """The administrator of the county, with the first catalogue loaded."""
    with transaction():
        service.load_catalogue(catalogue.builtin_rows(), by=SYSTEM, now=NOW)
    return make_actor(Role.COUNTY_ADMIN, division=TREE.county)


def _quilt_need(village: str) -> Need:
    need = make_need(
        NeedState.SUBMITTED, household=make_household(village), lines=[Line(unit_price_fen=40_000, quantity=2)]
    )
    with transaction() as session:
        session.get_one(Need, need.id).lines[0].item_id = bands.get_item("quilt").id
    return need


def test_a_countys_own_band_holds_there_and_nowhere_else(keeper: Actor) -> None:
    with transaction():
        bands.set_band("quilt", area=TREE.county, band=DEAR, by=keeper, now=NOW)
    here, there = _quilt_need(TREE.village), _quilt_need(TREE.village_of_other_county)
    rules = [{finding.rule for finding in lint_of(need, now=NOW)} for need in (here, there)]
    assert ["price_high" in found for found in rules] == [False, True]
    assert [queries.preview_card(need).lines[0].high_fen for need in (here, there)] == [50_000, 26_000]


def test_what_a_county_takes_out_is_offered_elsewhere_only(keeper: Actor) -> None:
    before = bands.bands_for([bands.get_item("quilt")], area=TREE.county)
    (band,) = before.values()
    with transaction():
        bands.set_band("quilt", area=TREE.county, band=dataclasses.replace(band, is_offered=False), by=keeper, now=NOW)
    offered = [
        {item.code for item in catalogue.search_items("棉被", area=village)}
        for village in (TREE.village, TREE.village_of_other_county)
    ]
    assert ["quilt" in codes for codes in offered] == [False, True]
    assert "quilt" not in {row["code"] for row in bands.rows_of(area=TREE.county)}


def test_the_file_goes_out_and_comes_back_equal(keeper: Actor) -> None:
    with transaction():
        bands.set_band("quilt", area=TREE.county, band=Band(12_050, 18_000, 26_000, "county"), by=keeper, now=NOW)
    text = bands.csv_of(bands.rows_of(area=TREE.county)).removeprefix("\ufeff")
    rows = catalogue.read_rows(io.StringIO(text, newline=""))
    assert len(rows) >= 150
    with transaction():
        assert bands.import_rows(rows, area=TREE.county, by=keeper, now=NOW, dry_run=False) == []
    assert bands.csv_of(bands.rows_of(area=TREE.county)).removeprefix("\ufeff") == text


def test_a_file_is_written_wholly_or_not_at_all(keeper: Actor) -> None:
    rows = bands.rows_of(area=TREE.county)[:3]
    rows[0] |= {"high": "990"}
    rows[1] |= {"code": "new-thing", "name": "新东西"}
    rows[2] |= {"low": "9000"}
    done = bands.import_rows(rows, area=TREE.county, by=keeper, now=NOW, dry_run=False)
    assert [change.act for change in done] == ["changed", "made", "refused"]
    assert count_rows(CatalogueBand) == 0
    with transaction():
        dry = bands.import_rows(rows[:2], area=TREE.county, by=keeper, now=NOW, dry_run=True)
    assert [change.act for change in dry] == ["changed", "made"]
    assert count_rows(CatalogueBand) == 0
    with transaction():
        bands.import_rows(rows[:2], area=TREE.county, by=keeper, now=NOW, dry_run=False)
    assert count_rows(CatalogueBand) == 1
    assert bands.get_item("new-thing").name == "新东西"


def test_nobody_sets_prices_of_another_county(keeper: Actor) -> None:
    """Z2."""
    for by in (keeper, make_actor(Role.TOWNSHIP_REVIEWER, division=TREE.other_county)):
        with pytest.raises(DomainError), transaction():
            bands.set_band("quilt", area=TREE.other_county, band=DEAR, by=by, now=NOW)


def test_a_band_upside_down_is_refused(keeper: Actor) -> None:
    with pytest.raises(Invalid), transaction():
        bands.set_band("quilt", area=TREE.county, band=Band(3, 2, 1, "county"), by=keeper, now=NOW)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_county_keeps_its_catalogue_on_its_pages(keeper: Actor, client: Client) -> None:
    client.login(make_user(Role.COUNTY_ADMIN, division=TREE.county))
    assert "棉被" in client.get("/desk/catalogue?q=mianbei").get_data(as_text=True)
    prices = {"low": "300", "typical": "400", "high": "500", "basis": "县供销社", "is_offered": "y"}
    assert client.post("/desk/catalogue/quilt", data=prices).status_code == 303
    assert "县供销社" in client.get("/desk/catalogue").get_data(as_text=True)
    wrong = client.post("/desk/catalogue/quilt", data=prices | {"low": "900"})
    assert "最低价不能高于常用价" in wrong.get_data(as_text=True)
    assert 'value="900"' in wrong.get_data(as_text=True)
    text = client.get("/desk/catalogue.csv").get_data(as_text=True)
    changed = text.removeprefix("\ufeff").replace(",300,400,500,", ",310,400,500,")
    dry = client.post("/desk/catalogue/import", data={"file": (io.BytesIO(changed.encode()), "a.csv")})
    assert "改本县价格" in dry.get_data(as_text=True)
    assert client.post("/desk/catalogue/import", data={"rows": changed, "apply": "1"}).status_code == 303
    assert "310" in client.get("/desk/catalogue/quilt").get_data(as_text=True)
    new = prices | {
        "code": "yak-rug",
        "name": "牦牛毛毯",
        "unit": "床",
        "kind": "goods",
        "category": "WRM",
        "most": "2",
    }
    assert client.post("/desk/catalogue/new", data=new).status_code == 303
    assert client.post("/desk/catalogue/new", data=new).status_code == 422
    assert client.get(f"/desk/catalogue?county={TREE.other_county}").status_code == 404
    db.session.rollback()


def test_a_band_is_called_published_only_where_a_figure_stands_behind_it() -> None:
    """The figures themselves stand in the source; every other band waits for the county's own."""
    rows = {row["code"]: row for row in catalogue.builtin_rows()}
    assert len(rows) >= 150
    figures = {
        "piglet": ("2000", "500"),
        "boarding-cost": ("2000–6000", "4000"),
        "pupil-grant": ("500", "500"),
        "illness-cost": ("3万–20万", "35000"),
        "house-repair": ("1000元、一户1万", "10000"),
        "activity-room": ("28万", "280000"),
    }
    assert {code for code, row in rows.items() if row["basis"] != "estimate"} == set(figures)
    for code, (said, usual) in figures.items():
        assert said in rows[code]["basis"]
        assert rows[code]["typical"] == usual
    assert (rows["boarding-cost"]["low"], rows["boarding-cost"]["high"]) == ("2000", "6000")
    assert (rows["illness-cost"]["low"], rows["illness-cost"]["high"]) == ("30000", "200000")


def test_a_size_is_a_column_of_its_own_and_stands_in_brackets_on_a_need(keeper: Actor) -> None:
    quilt = bands.get_item("quilt")
    assert (quilt.name, quilt.variant, quilt.full_name) == ("棉被", "3 公斤，双人", "棉被（3 公斤，双人）")
    (line,) = lines_of([quilt], area=TREE.county)
    assert line.name == "棉被（3 公斤，双人）"
    assert {item.variant for item in catalogue.search_items("棉被") if item.name == "棉被"} == {
        "3 公斤，双人",
        "2 公斤，单人",
    }
    assert catalogue.search_items("双人")[0].code == "bed-double"
    assert not [item.name for item in catalogue.list_items() if "（" in item.name]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_file_of_old_columns_reads_sizes_out_of_the_names(keeper: Actor) -> None:
    text = bands.csv_of(bands.rows_of(area=TREE.county)[:1]).removeprefix("\ufeff")
    old = (
        text.replace(",variant,", ",", 1)
        .replace('棉被,"3 公斤，双人"', "棉被（3 公斤，双人）")
        .replace("棉被,3 公斤，双人", "棉被（3 公斤，双人）")
    )
    assert "variant" not in old
    rows = catalogue.read_rows(io.StringIO(old, newline=""))
    assert bands.import_rows(rows, area=TREE.county, by=keeper, now=NOW, dry_run=True) == []
    rows[0] |= {"code": "quilt-thick", "name": "棉被（4 公斤）"}
    with transaction():
        bands.import_rows(rows, area=TREE.county, by=keeper, now=NOW, dry_run=False)
    made = bands.get_item("quilt-thick")
    assert (made.name, made.variant) == ("棉被", "4 公斤")
    rows[0] |= {"code": "quilt-again"}
    with pytest.raises(Invalid, match="name and size"), transaction():
        bands.import_rows(rows, area=TREE.county, by=keeper, now=NOW, dry_run=False)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("column", "value"), [("name", "羽绒被"), ("variant", "5 公斤"), ("unit", "条"), ("most", "9"), ("winter", "0")]
)
def test_what_all_counties_share_is_refused_in_the_file_of_one_and_not_passed_over(
    keeper: Actor, column: str, value: str
) -> None:
    (row,) = bands.rows_of(area=TREE.county)[:1]
    (change,) = bands.import_rows([row | {column: value}], area=TREE.county, by=keeper, now=NOW, dry_run=False)
    assert (change.act, change.params) == ("refused", {"row": 2, "columns": column})
    assert count_rows(CatalogueBand) == 0
