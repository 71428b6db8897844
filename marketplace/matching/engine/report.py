"""A comparison of rankers as a table for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marketplace.matching.engine.compare import OURS

_HEAD = f"{'ranker':<18}{'recall@10':>24}{'NDCG@10':>24}{'share shown':>13}{'Gini':>7}{'queries':>9}"
_AHEAD = f"{OURS + ' ahead of':<18}{'recall@10':>35}{'NDCG@10':>35}"
_BY_ORIGIN = f"{'tested':<26}{'donors':>7}{'recall@10':>34}{'share shown':>13}{'needs':>8}{'NDCG@10':>34}{'ECE':>8}"
_RECALL = "recall@10: of a query's new partners, or of ten where it has more, those among the first ten"
_TITLES = {"donor_to_need": "needs for a donor", "need_to_donor": "donors for a need"}
_SHOWN = (("recall_at_10", "recall_ci"), ("ndcg_at_10", "ndcg_ci"))
_LEADS = (("ours_ahead_recall", "ours_ahead_recall_ci"), ("ours_ahead_ndcg", "ours_ahead_ndcg_ci"))


def describe(measured: Mapping[str, Any]) -> str:
    """evaluate.run()'s or origins.run()'s document in lines: each figure with its 95 % interval."""
    lines = [*_head(measured), *_tables(measured["rows"])]
    if "donors" in measured and not measured["rows"]:
        lines.append("No donor has enough needs before the split and a new one after it: lower --min-gifts.")
    if "exposure" in measured:
        used = f"the table above uses {measured['strength']:g}" if "strength" in measured else "each origin its own"
        lines += ["", f"what spreading the lists costs (strength; {used})"]
        lines += [f"{row['strength']:<18}{_line(row)[18:]}" for row in measured["exposure"]]
    success = measured["success"]
    if success and success["n"]:
        lines += ["", f"success model, {success['n']} cases: " + ", ".join(_figures(success))]
    elif not measured["rows"]:
        lines.append(
            "Nothing to measure: give gifts, or needs with published_at and outcome on both sides of the split."
        )
    if "origins" in measured and measured["rows"]:
        lines += ["", f"{OURS} by origin, the best other in brackets", _BY_ORIGIN, *_origins(measured["origins"])]
    return "\n".join([*lines, "", f"{measured['seconds']} s"])


def _head(measured: Mapping[str, Any]) -> Iterator[str]:
    if "origins" not in measured:
        yield f"split {measured['split']}, tested until {measured['until']}, seed {measured['seed']}"
        return
    yield f"{len(measured['origins'])} origins from {measured['split']} to {measured['until']}, seed {measured['seed']}"
    yield "pooled: each query counts alike; share shown and Gini are means over the origins"


def _tables(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for direction, title in _TITLES.items():
        found = [row for row in rows if row["direction"] == direction]
        if found:
            yield from ("", title, _HEAD, *(_line(row) for row in found), _RECALL)
            yield from ("", f"{title}, query by query", _AHEAD, *(_lead(row) for row in found if row["ranker"] != OURS))


def _line(row: Mapping[str, Any]) -> str:
    recall, ndcg = (_with_interval(row[name], row[ci]) for name, ci in _SHOWN)
    return f"{row['ranker']:<18}{recall:>24}{ndcg:>24}{row['share_shown']:>13.4f}{row['gini']:>7.3f}{row['queries']:>9}"


def _lead(row: Mapping[str, Any]) -> str:
    recall, ndcg = (f"{_with_interval(row[name], row[ci], sign='+')} {_verdict(row[ci])}" for name, ci in _LEADS)
    return f"{row['ranker']:<18}{recall:>35}{ndcg:>35}"


def _verdict(interval: Sequence[float]) -> str:
    low, high = interval
    return "above" if low > 0 else "below" if high < 0 else "level"


def _origins(documents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in documents:
        tested = f"{one['split']} .. {one['until']}"
        if not one["rows"]:
            yield f"{tested:<26}{0:>7}"
            continue
        to_need, to_donor = ({row["ranker"]: row for row in one["rows"] if row["direction"] == d} for d in _TITLES)
        recall, ndcg = _beside(to_need, "recall_at_10"), _beside(to_donor, "ndcg_at_10")
        ours, queries = to_need[OURS], to_donor[OURS]["queries"]
        ece = f"{one['success']['ece']:.4f}" if one["success"] and one["success"]["n"] else ""
        yield f"{tested:<26}{ours['queries']:>7}{recall:>34}{ours['share_shown']:>13.4f}{queries:>8}{ndcg:>34}{ece:>8}"


def _beside(rows: Mapping[str, Mapping[str, Any]], figure: str) -> str:
    best = max((name for name in rows if name != OURS), key=lambda name: float(rows[name][figure]))
    return f"{rows[OURS][figure]:.3f} ({best} {rows[best][figure]:.3f})"


def _with_interval(value: float, interval: Sequence[float], *, sign: str = "") -> str:
    return f"{value:{sign}.3f} [{interval[0]:{sign}.3f}, {interval[1]:{sign}.3f}]"


def _figures(success: Mapping[str, Any]) -> list[str]:
    named = {"AUC": "auc", "Brier": "brier", "ECE": "ece"}
    told = [
        f"{words} {_with_interval(success[name], success[f'{name}_ci'])}"
        for words, name in named.items()
        if success[name] is not None and success[f"{name}_ci"][0] is not None
    ]
    by_chance = f"ECE to expect of true chances {success['ece_if_true']:.3f}"
    return [*told, f"Brier of the base rate {success['brier_base']:.4f}", by_chance]
