"""``marketplace match``: run, explain, benchmark."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from marketplace.cli.match_train import VERDICTS
from marketplace.config import Settings
from marketplace.core.kinds import NeedCategory, PovertyAttribute, SupportKind, Urgency
from marketplace.pledges.models import Pledge
from tests import factories
from tests.cli.running import run
from tests.factories import TREE, Line, days_ago
from tests.subjects.histories import write_market

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
WARM = {"kinds": [SupportKind.GOODS.value], "categories": [NeedCategory.WRM.value], "areas": [TREE.county]}


@SQLITE
def test_a_run_is_followed_by_an_explanation_whose_points_add_up(app: Flask, settings: Settings) -> None:
    need, donor = factories.make_need(), factories.make_donor(preference=WARM)
    need_code, donor_code = need.code, donor.code
    ran = run(settings, "match", "run", "--seed", "4", "--json")
    assert ran.status == 0
    assert {"needs": 1, "donors": 1, "seed": 4}.items() <= json.loads(ran.out).items()
    told = run(settings, "match", "explain", need_code, "--json")
    (shown,) = json.loads(told.out)["donors"]
    assert shown["donor"] == donor_code
    assert shown["score"] == sum(reason["points"] for reason in shown["reasons"])
    plain = run(settings, "match", "explain", need_code.lower(), "--donor", donor_code)
    assert plain.status == 0
    assert f"{shown['score']:>3}  " in plain.out


@SQLITE
def test_a_pair_that_is_kept_apart_says_why(app: Flask, settings: Settings) -> None:
    need = factories.make_need()
    donor = factories.make_donor(preference={**WARM, "areas": [TREE.other_county]})
    need_code, donor_code = need.code, donor.code
    assert run(settings, "match", "run").status == 0
    told = json.loads(run(settings, "match", "explain", need_code, "--donor", donor_code, "--json").out)
    assert not told["is_allowed"]
    assert told["why_not"]


@SQLITE
@pytest.mark.parametrize("code", ["nonsense", "XQ-222222-00", "AX-7K3QBD-92"])
def test_a_wrong_code_gets_one_sentence(app: Flask, settings: Settings, code: str) -> None:
    said = run(settings, "match", "explain", code)
    assert said.status == 1
    assert len(said.err.strip().splitlines()) == 1


@SQLITE
def test_explaining_before_any_run_says_what_to_do(app: Flask, settings: Settings) -> None:
    code = factories.make_need().code
    said = run(settings, "match", "explain", code)
    assert said.status == 1
    assert "marketplace match run" in said.err


@SQLITE
def test_the_benchmark_prints_one_document_and_is_exact(settings: Settings) -> None:
    said = run(settings, "match", "benchmark", "--needs", "40", "--donors", "30", "--rounds", "1", "--json")
    assert said.status == 0
    measured = json.loads(said.out)
    assert measured["exact"] is True
    assert {"machine", "rows", "ratios", "exact"} == set(measured)
    assert {"method", "case", "needs", "donors", "best_s", "median_s", "cpu_s", "peak_mb"} <= set(measured["rows"][0])


@SQLITE
def test_a_history_is_measured_and_a_bad_row_is_refused_in_two_languages(settings: Settings, tmp_path: Path) -> None:
    files = write_market(tmp_path, donors=30, needs=150)
    asked = ["match", "evaluate", "--needs", str(files.needs), "--split", "2021-09-01", "--min-gifts", "2"]
    said = run(settings, *asked, "--gifts", str(files.gifts), "--json")
    assert said.status == 0
    measured = json.loads(said.out)
    assert {"jiedui", "random", "cogiving_knn"} <= {row["ranker"] for row in measured["rows"]}
    assert {"auc", "brier", "brier_base", "ece", "n"} <= set(measured["success"])
    files.gifts.write_text("donor_id,need_id,amount,date\nd,n,1,yesterday\n", encoding="utf-8")
    refused = run(settings, *asked, "--gifts", str(files.gifts))
    assert refused.status == 1
    assert "第 2 行" in refused.err
    assert "row 2: date is yesterday" in refused.err


@SQLITE
def test_several_splits_are_measured_and_pooled_in_one_go(settings: Settings, tmp_path: Path) -> None:
    files = write_market(tmp_path, donors=30, needs=150)
    asked = ["match", "evaluate", "--needs", str(files.needs), "--gifts", str(files.gifts), "--min-gifts", "2"]
    splits = ["--split", "2021-09-01", "--split", "2021-06-01"]
    said = run(settings, *asked, *splits, "--months", "2", "--json")
    assert said.status == 0
    measured = json.loads(said.out)
    assert [(one["split"], one["until"]) for one in measured["origins"]] == [
        ("2021-06-01", "2021-08-01"),
        ("2021-09-01", "2021-11-01"),
    ]
    assert {"split", "rows", "success"} <= set(measured)
    refused = run(settings, *asked, *splits, "--years", "1")
    assert refused.status == 1
    assert "越过了下一个 --split 2021-09-01" in refused.err
    assert "over the next split 2021-09-01" in refused.err


def give_to_the_urgent(*, donors: int = 45, gifts: int = 4) -> None:
    """Donors without any wish who help urgent needs alone, though others have a harder life and were never helped."""
    rng = random.Random(0)
    hard = {"attribute": PovertyAttribute.FIVE_GUARANTEES, "unsafe_house": True, "scarce_water": True}
    home, poor, clerk = factories.make_household(), factories.make_household(**hard), factories.make_user()
    common: dict[str, Any] = {"lines": (Line(quantity=500),), "poster": clerk, "published_at": days_ago(105)}
    for _ in range(20):
        factories.make_need(household=poor, **common)
    urgent = [
        factories.make_need(urgency=Urgency.CRITICAL, household=home, helped_before=True, **common) for _ in range(10)
    ]
    people = [factories.make_donor() for _ in range(donors)]
    for turn in range(donors * gifts):
        need = rng.choice(urgent)
        at = days_ago(100 - 80 * turn / (donors * gifts))
        factories.make_pledge(need=need, donor=people[turn % donors], quantities={need.lines[0].id: 1}, accepted_at=at)


@SQLITE
def test_training_without_a_history_prints_the_card_and_says_that_there_is_too_little(settings: Settings) -> None:
    said = run(settings, "match", "train")
    assert said.status == 0
    assert said.out.startswith("Model learnt-1")
    assert "shown 0, opened 0, pledged 0, lapsed 0" in said.out
    assert said.out.strip().splitlines()[-1] == VERDICTS["too_few"]


@SQLITE
def test_a_better_model_is_adopted_with_its_card_and_one_that_is_no_better_is_kept_and_not_used(
    app: Flask, settings: Settings
) -> None:
    give_to_the_urgent()
    said = run(settings, "match", "train")
    assert said.out.splitlines()[0] == "Model learnt-1"
    assert [line for line in said.out.splitlines() if "a step is followed by the next: opened 0.100" in line]
    assert said.out.strip().splitlines()[-1] == VERDICTS[""]
    assert json.loads(run(settings, "match", "run", "--json").out)["model"] == "learnt-1"
    again = json.loads(run(settings, "match", "train", "--json").out)
    assert (again["version"], again["refusal"], again["compared_with"]) == ("learnt-2", "not_better", "learnt-1")
    assert again["metrics"]["ndcg_new"] <= again["metrics"]["ndcg_old"]
    assert json.loads(run(settings, "match", "run", "--json").out)["model"] == "learnt-1"


@SQLITE
def test_a_proposal_is_printed_and_waits_for_a_decision(app: Flask, settings: Settings) -> None:
    factories.make_need(lines=[factories.money_line(100_000)])
    factories.make_donor(preference={"areas": [TREE.county], "budget_fen": 60_000})
    told = run(settings, "match", "allocate", "--area", TREE.county, "--json")
    assert told.status == 0
    document = json.loads(told.out)
    assert document["parts"] == 1
    assert document["figures"]["money"]["placed"] == 60_000
    assert factories.count_rows(Pledge) == 0
    plain = run(settings, "match", "allocate")
    assert plain.status == 0
    assert "/desk/allocation/FP-" in plain.out


@SQLITE
def test_a_proposal_for_a_place_that_does_not_exist_gets_one_sentence(app: Flask, settings: Settings) -> None:
    refused = run(settings, "match", "allocate", "--area", "999999000000")
    assert refused.status != 0
    assert "999999000000" in refused.err
