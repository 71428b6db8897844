"""``marketplace stats``: the success rates as a table and as one document."""

import json

from flask import Flask

from marketplace.config import Settings
from marketplace.core.workflow import PledgeState
from tests import factories as f
from tests.cli.running import run
from tests.factories import TREE, days_ago, money_line

MONEY = (money_line(100_000),)


def make_needs() -> None:
    """Three money needs, one of them pledged ten days ago, and one of goods."""
    f.make_need(lines=MONEY)
    f.make_need(lines=MONEY)
    f.make_pledge(PledgeState.ACCEPTED, need=f.make_need(lines=MONEY), accepted_at=days_ago(10))
    f.make_need()


def test_one_json_document_and_nothing_else(app: Flask, settings: Settings) -> None:
    make_needs()
    said = run(settings, "stats", "--json", "--as-of", "2018-12-17")
    assert said.status == 0
    found = json.loads(said.out)
    assert list(found["needs"]) == ["published", "pledged", "delivered", "confirmed", "arms_length"]
    assert found["needs"]["published"] == 3
    assert found["success_rate"] == {"numerator": 1, "denominator": 3}
    assert (found["as_of"], found["kind"], found["households"], found["donors"]) == ("2018-12-17", "money", 4, 1)
    assert found["coverage"]["households_with_need"] == 4
    assert [set(row) for row in found["channels"]] == [{"name", "code", "projects", "agreed_fen", "received_fen"}] * 5


def test_an_old_day_has_its_old_figures(app: Flask, settings: Settings) -> None:
    make_needs()
    day = days_ago(12).date().isoformat()
    found = json.loads(run(settings, "stats", "--json", "--as-of", day).out)
    assert found["success_rate"] == {"numerator": 0, "denominator": 3}


def test_kind_and_area_cut_the_cohort(app: Flask, settings: Settings) -> None:
    make_needs()
    goods = json.loads(run(settings, "stats", "--json", "--kind", "goods").out)
    every = json.loads(run(settings, "stats", "--json", "--kind", "all").out)
    there = json.loads(run(settings, "stats", "--json", "--area", TREE.other_county).out)
    assert [found["needs"]["published"] for found in (goods, every, there)] == [1, 4, 0]


def test_the_table_says_the_fraction(app: Flask, settings: Settings) -> None:
    make_needs()
    said = run(settings, "stats", "--as-of", "2018-12-17")
    assert said.status == 0
    assert "1 of 3" in said.out or "1 / 3" in said.out


def test_wrong_options_are_told(app: Flask, settings: Settings) -> None:
    assert run(settings, "stats", "--area", "999999999999").status == 1
    assert run(settings, "stats", "--as-of", "yesterday").status == 2
    assert run(settings, "stats", "--kind", "gold").status == 2
