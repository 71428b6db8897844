"""Rows for the engine's tests: a small prefecture with every kind of donor, made from a seed."""

import random

from marketplace.core.kinds import NeedCategory
from marketplace.matching.engine.problem import CATEGORIES, KINDS, DonorRow, NeedRow

VILLAGES = [
    f"5133{county:02d}{town:03d}{village:03d}"
    for county in range(1, 5)
    for town in range(100, 103)
    for village in range(201, 204)
]
TEXTS = (
    "冬天很冷,需要两床棉被",
    "高中学费还差三千元",
    "想买四头牦牛犊",
    "村里需要太阳能路灯",
    "手术医疗费不够",
    "",
)
LARGEST = 10**12


def make_need(code: str = "n1", **changes: object) -> NeedRow:
    """A valid need; name only what matters."""
    defaults: dict[str, object] = {
        "code": code,
        "kind": KINDS[0],
        "category": NeedCategory.EDU,
        "division": VILLAGES[0],
        "open_fen": 300_000,
        "waiting_days": 61,
        "text": TEXTS[1],
    }
    return NeedRow(**{**defaults, **changes})  # type: ignore[arg-type]


def make_donor(code: str = "d1", **changes: object) -> DonorRow:
    """A valid donor; name only what matters."""
    defaults: dict[str, object] = {
        "code": code,
        "kinds": KINDS[:1],
        "budget_fen": 1_000_000,
        "typical_fen": 300_000,
        "text": TEXTS[1],
    }
    return DonorRow(**{**defaults, **changes})  # type: ignore[arg-type]


def random_need(rng: random.Random, code: str) -> NeedRow:
    """Any need, related to one household in thirty."""
    return make_need(
        code,
        kind=rng.choice(KINDS[:3]),
        category=rng.choice(CATEGORIES),
        division=rng.choice(VILLAGES),
        open_fen=rng.choice((0, 1, 99, 40_000, 300_000, 28_000_000, LARGEST)),
        urgency=rng.randrange(3),
        vulnerability=rng.random(),
        waiting_days=rng.choice((0, 3, 61, 61, 400)),
        never_helped=rng.random() < 0.3,
        text=rng.choice(TEXTS),
        parties=(f"household:{rng.randrange(30)}",),
    )


def random_donor(rng: random.Random, code: str) -> DonorRow:
    """Any donor: with nested areas, none at all, closed, without a budget, related to some."""
    village = rng.choice(VILLAGES)
    county = f"{village[:6]}000000"
    areas = ([], [village], [f"{village[:9]}000", village], [county], ["513300000000"], ["510000000000", county])
    outcomes = rng.randrange(6)
    return make_donor(
        code,
        kinds=[kind for kind in KINDS if rng.random() < 0.5],
        categories=[category for category in CATEGORIES if rng.random() < 0.2],
        areas=rng.choice(areas),
        budget_fen=rng.choice((None, 0, 1, 50_000, 2_000_000, LARGEST)),
        typical_fen=rng.choice((None, 0, 50_000, 2_000_000)),
        text=rng.choice(TEXTS),
        outcomes=outcomes,
        successes=rng.randint(0, outcomes),
        last_active_days=rng.choice((None, 0, 30, 500)),
        is_open=rng.random() < 0.9,
        is_personalised=rng.random() < 0.9,
        excluded=[f"household:{rng.randrange(40)}"] if rng.random() < 0.4 else (),
        neighbours={category: rng.random() for category in CATEGORIES[:5]},
    )


def random_rows(seed: int, *, needs: int, donors: int) -> tuple[list[NeedRow], list[DonorRow]]:
    """Rows of a seed."""
    rng = random.Random(seed)
    return (
        [random_need(rng, f"n{index:04d}") for index in range(needs)],
        [random_donor(rng, f"d{index:04d}") for index in range(donors)],
    )
