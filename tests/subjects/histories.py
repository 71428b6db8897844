"""Synthetic histories of giving as CSV files: donors with a taste in category and area, needs that open and close."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

FIRST = date(2020, 1, 1)
CATEGORIES = ("school", "health", "house", "farm", "winter", "road")
WORDS = {
    "school": "学费 课本 宿舍",
    "health": "医药费 手术 住院",
    "house": "屋顶 漏雨 加固",
    "farm": "牦牛 饲料 大棚",
    "winter": "棉被 取暖炉 冬衣",
    "road": "桥 便道 路灯",
}


@dataclass(frozen=True)
class Files:
    """Where the three files of one history lie."""

    gifts: Path
    needs: Path
    donors: Path


def write_csv(path: Path, *, rows: Iterable[Mapping[str, object]], columns: Iterable[str]) -> Path:
    """Write rows as CSV with a header; columns that a row lacks are empty."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(columns), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def keep_columns(path: Path, *, to: Path, columns: Iterable[str]) -> Path:
    """The same rows with some of the columns."""
    names = tuple(columns)
    with path.open(newline="", encoding="utf-8") as lines:
        rows = [{name: row[name] for name in names} for row in csv.DictReader(lines)]
    return write_csv(to, rows=rows, columns=names)


def write_market(
    folder: Path,
    *,
    donors: int = 150,
    needs: int = 900,
    days: int = 900,
    gifts: tuple[int, int] | None = None,
    open_days: int = 60,
    seed: int = 0,
) -> Files:
    """Donors, each with one category and one county; needs open 10 days and up to ``open_days`` more; outcomes.

    ``gifts``: the fewest and the most of a donor, any number between them alike; else a dozen and more.
    """
    rng = np.random.default_rng(seed)
    counties = [f"5133{number:02d}" for number in range(22, 32)]
    published = np.sort(rng.integers(0, days, needs))
    lasts = 10 + rng.integers(0, open_days, needs)
    category, county = rng.integers(0, len(CATEGORIES), needs), rng.integers(0, len(counties), needs)
    asked = np.exp(rng.normal(7.5, 1.0, needs))
    chance = 1 / (1 + np.exp(-(1.2 - 0.6 * category - 0.7 * (np.log(asked) - 7.5))))
    need_rows = [
        {
            "need_id": f"n{row:05d}",
            "published_at": _day(published[row]),
            "closed_at": _day(published[row] + lasts[row]),
            "category": CATEGORIES[category[row]],
            "area": f"{counties[county[row]]}100200",
            "amount": round(float(asked[row]), 2),
            "text": WORDS[CATEGORIES[category[row]]],
            "outcome": int(rng.random() < chance[row]),
        }
        for row in range(needs)
    ]
    taste, home = rng.integers(0, len(CATEGORIES), donors), rng.integers(0, len(counties), donors)
    gift_rows = []
    for donor in range(donors):
        likes = 1.0 + 8.0 * (category == taste[donor]) + 6.0 * (county == home[donor])
        count = int(rng.integers(gifts[0], gifts[1] + 1)) if gifts else 12 + int(rng.exponential(12))
        chosen = rng.choice(needs, min(needs, count), replace=False, p=likes / likes.sum())
        gift_rows += [
            {
                "donor_id": f"d{donor:04d}",
                "need_id": f"n{need:05d}",
                "amount": round(float(np.exp(rng.normal(5, 0.5))), 2),
                "date": _day(published[need] + rng.integers(0, lasts[need])),
            }
            for need in chosen
        ]
    donor_rows = [{"donor_id": f"d{donor:04d}", "categories": CATEGORIES[taste[donor]]} for donor in range(donors)]
    return Files(
        gifts=write_csv(folder / "gifts.csv", rows=gift_rows, columns=("donor_id", "need_id", "amount", "date")),
        needs=write_csv(folder / "needs.csv", rows=need_rows, columns=tuple(need_rows[0])),
        donors=write_csv(folder / "donors.csv", rows=donor_rows, columns=("donor_id", "categories")),
    )


def _day(after: int) -> str:
    return (FIRST + timedelta(days=int(after))).isoformat()
