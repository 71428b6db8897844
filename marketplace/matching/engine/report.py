"""A comparison of rankers as a table for a terminal."""

from collections.abc import Mapping
from typing import Any

_HEAD = f"{'ranker':<18}{'recall@10':>24}{'NDCG@10':>24}{'share shown':>13}{'Gini':>7}{'queries':>9}"
_TITLES = {"donor_to_need": "needs for a donor", "need_to_donor": "donors for a need"}


def describe(measured: Mapping[str, Any]) -> str:
    """evaluate.run()'s document in lines: each figure with its 95 % interval."""
    lines = [f"split {measured['split']}, tested until {measured['until']}, seed {measured['seed']}"]
    for direction, title in _TITLES.items():
        rows = [row for row in measured["rows"] if row["direction"] == direction]
        if rows:
            lines += ["", title, _HEAD, *(_line(row) for row in rows)]
    if "donors" in measured and not measured["rows"]:
        lines.append("No donor has enough needs before the split and a new one after it: lower --min-gifts.")
    if "exposure" in measured:
        lines += ["", f"what spreading the lists costs (strength; the table above uses {measured['strength']:g})"]
        lines += [f"{row['strength']:<18}{_line(row)[18:]}" for row in measured["exposure"]]
    success = measured["success"]
    if success and success["n"]:
        lines += ["", f"success model, {success['n']} cases: " + ", ".join(_figures(success))]
    return "\n".join([*lines, "", f"{measured['seconds']} s"])


def _line(row: Mapping[str, Any]) -> str:
    recall, ndcg = (_with_interval(row[name], row[ci]) for name, ci in _SHOWN)
    return f"{row['ranker']:<18}{recall:>24}{ndcg:>24}{row['share_shown']:>13.4f}{row['gini']:>7.3f}{row['queries']:>9}"


_SHOWN = (("recall_at_10", "recall_ci"), ("ndcg_at_10", "ndcg_ci"))


def _with_interval(value: float, interval: list[float]) -> str:
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def _figures(success: Mapping[str, Any]) -> list[str]:
    named = {"AUC": "auc", "Brier": "brier", "ECE": "ece"}
    told = [
        f"{words} {_with_interval(success[name], success[f'{name}_ci'])}"
        for words, name in named.items()
        if success[name] is not None and success[f"{name}_ci"][0] is not None
    ]
    by_chance = f"ECE to expect of true chances {success['ece_if_true']:.3f}"
    return [*told, f"Brier of the base rate {success['brier_base']:.4f}", by_chance]
