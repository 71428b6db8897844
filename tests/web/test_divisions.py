"""Public pages of places: names, what lies above and below, figures that point to nobody."""

import pytest

from marketplace.core.actor import SYSTEM
from marketplace.core.workflow import NeedState
from marketplace.db import transaction
from marketplace.regions import service
from tests import factories
from tests.client import Client
from tests.factories import TREE, Tree


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_each_level_shows_its_name_its_parents_and_its_children(client: Client, tree: Tree) -> None:
    whole = page(client, "/divisions")
    assert "甘孜藏族自治州" in whole
    assert f'href="/divisions/{tree.county}"' in whole
    county = page(client, f"/divisions/{tree.county}")
    assert f'href="/divisions/{tree.township}"' in county
    village = page(client, f"/divisions/{tree.village}")
    assert "<h1>温拖村</h1>" in village
    assert f'href="/divisions/{tree.township}"' in village
    assert f'href="/divisions/{tree.county}"' in village


def test_a_place_that_does_not_exist_is_not_found(client: Client, tree: Tree) -> None:
    for code in ("513399000000", "5133", "abc", "51333210120１"):
        assert client.get(f"/divisions/{code}").status_code == 404


def test_an_old_code_leads_to_the_present_place_which_names_the_old_one(client: Client) -> None:
    with transaction():
        service.import_builtin(by=SYSTEM)
    answer = client.get("/divisions/513321000000")
    assert (answer.status_code, answer.location) == (301, "/divisions/513301000000")
    assert "曾用名 康定县" in page(client, "/divisions/513301000000")
    assert "18 个县（市），289 个乡镇（街道），2,253 个村（社区）" in page(client, "/divisions")


def test_a_site_without_divisions_says_how_to_get_them(client: Client) -> None:
    assert "marketplace import divisions --builtin" in page(client, "/divisions")


@pytest.mark.parametrize("number", [4, 5])
def test_figures_of_fewer_than_five_households_are_not_shown(client: Client, tree: Tree, number: int) -> None:
    """P2 on the pages of places: k is 5."""
    for _ in range(number):
        factories.make_need(NeedState.PUBLISHED)
    township = page(client, f"/divisions/{tree.township}")
    assert ("不足 5 户的数字不显示" in township) is (number < 5)
    assert ("对接 / 发布" in township) is (number >= 5)


def test_a_village_has_no_figures_of_its_own(client: Client, tree: Tree) -> None:
    for _ in range(5):
        factories.make_need(NeedState.PUBLISHED, household=factories.make_household(tree.other_village))
    village = page(client, f"/divisions/{tree.village}")
    assert "数字按全乡镇统计" in village
    assert "石渠县 · 洛须镇" in village


def test_no_personal_datum_stands_on_a_page_of_a_place(client: Client, tree: Tree) -> None:
    """P1: names of households never leave the desk."""
    household = factories.make_household(head_name="泽仁旺堆", phone="13900000001")
    factories.make_need(NeedState.PUBLISHED, household=household)
    for code in (TREE.village, TREE.township, TREE.county, TREE.prefecture):
        shown = page(client, f"/divisions/{code}")
        for secret in ("泽仁旺堆", "13900000001", household.registry_no, household.members[0].id_number):
            assert secret not in shown
