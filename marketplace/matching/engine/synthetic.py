"""Made-up problems of any size for measuring: needs in villages, donors with wishes, texts put together from words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine import features
from marketplace.matching.engine.problem import (
    CATEGORIES,
    KINDS,
    NATIONWIDE,
    NOT_STATED,
    Donors,
    Needs,
    Problem,
    make_parties,
)
from marketplace.matching.engine.text import fit_text

VILLAGES_PER_TOWNSHIP = 8
TOWNSHIPS_PER_COUNTY = 16
COUNTIES_PER_PREFECTURE = 18
NEEDS_PER_VILLAGE = 15
DISTINCT_TEXTS = 20_000
# How donors name areas: the country, province, prefecture, county, township, village.
AREA_SHARES = (0.10, 0.15, 0.20, 0.35, 0.12, 0.08)
OPEN_DIGITS = np.array([10**12, 10**10, 10**8, 10**6, 10**3, 1], dtype=np.int64)
KIND_SHARES = (0.45, 0.30, 0.10, 0.06, 0.05, 0.04)

WHO = ("老人", "大女儿", "小学生", "一家五口", "残疾人", "单亲家庭", "合作社", "村小学", "牧民", "独居奶奶")
WHAT = (
    *("棉被", "学费", "取暖炉", "棉衣", "牦牛", "轮椅", "药费", "路灯", "房屋加固", "奶粉"),
    *("书包", "太阳能灯", "种子", "手术费", "饮水管", "助听器", "化肥", "课桌", "务工岗位", "技能培训"),
)
WHY = ("冬天很冷", "家里没有劳力", "路远难行", "今年受灾", "刚做完手术", "收入很少", "考上高中", "房子漏雨")

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Synthetic:
    """A problem and its texts: texts[text_of_need[i]] is need i's, texts[text_of_donor[j]] donor j's."""

    problem: Problem
    texts: tuple[str, ...]
    text_of_need: Array
    text_of_donor: Array

    def need_texts(self) -> list[str]:
        """The text of every need."""
        return [self.texts[index] for index in self.text_of_need]

    def donor_texts(self) -> list[str]:
        """The text of every donor."""
        return [self.texts[index] for index in self.text_of_donor]


def synthetic_problem(needs: int, *, donors: int, seed: int = 0, stride: int = 1) -> Synthetic:
    """A seeded problem of the given size; made of nothing but chance, so only fit for measuring.

    ``stride``: every so many villages have needs, so that few needs can lie in many counties.
    """
    rng = np.random.default_rng(seed)
    villages = _villages(max(1, needs // NEEDS_PER_VILLAGE), stride=stride)
    texts = _texts(rng, count=min(DISTINCT_TEXTS, max(1, needs + donors)))
    space = fit_text(texts)
    vectors = space.vectors(texts)
    text_of_need = rng.integers(0, len(texts), needs)
    text_of_donor = rng.integers(0, len(texts), donors)
    problem = Problem(
        needs=_needs(rng, villages=villages, vectors=vectors[text_of_need]),
        donors=_donors(rng, villages=villages, vectors=vectors[text_of_donor]),
        text=space,
        excluded=_excluded(rng, needs=needs, donors=donors),
        need_parties=make_parties([]),
        donor_parties=make_parties([]),
    )
    return Synthetic(problem=problem, texts=texts, text_of_need=text_of_need, text_of_donor=text_of_donor)


def _villages(count: int, *, stride: int) -> Array:
    index = np.arange(count) * stride
    township = index // VILLAGES_PER_TOWNSHIP
    county = township // TOWNSHIPS_PER_COUNTY
    prefecture = county // COUNTIES_PER_PREFECTURE
    return np.asarray(
        (11 + prefecture // 20) * 10**10
        + (1 + prefecture % 20) * 10**8
        + (1 + county % COUNTIES_PER_PREFECTURE) * 10**6
        + (200 + township % TOWNSHIPS_PER_COUNTY) * 10**3
        + (200 + index % VILLAGES_PER_TOWNSHIP),
        dtype=np.int64,
    )


def _texts(rng: np.random.Generator, *, count: int) -> tuple[str, ...]:
    return tuple(
        f"{WHO[rng.integers(len(WHO))]}需要{rng.integers(1, 9)}份{WHAT[rng.integers(len(WHAT))]}"
        f"和{WHAT[rng.integers(len(WHAT))]},{WHY[rng.integers(len(WHY))]},{WHY[rng.integers(len(WHY))]}"
        for _ in range(count)
    )


def _needs(rng: np.random.Generator, *, villages: Array, vectors: Array) -> Needs:
    count = len(vectors)
    amounts = np.where(rng.random(count) < 0.9, 10 ** rng.uniform(4, 7.5, count), 0).astype(np.int64)
    waiting_days = rng.integers(0, 400, count).astype(np.int32)
    return Needs(
        codes=_Codes("N", count),
        kind=rng.choice(len(KINDS), count, p=KIND_SHARES).astype(np.uint8),
        category=rng.integers(0, len(CATEGORIES), count).astype(np.uint8),
        division=rng.choice(villages, count),
        amount_fen=amounts,
        log_amount=features.amount_levels(amounts),
        urgency=rng.choice(3, count, p=(0.7, 0.2, 0.1)).astype(np.uint8),
        vulnerability=rng.integers(0, 101, count).astype(np.uint8),
        waiting_days=waiting_days,
        waiting=features.waiting_levels(waiting_days).astype(np.uint8),
        never_helped=(rng.random(count) < 0.3).astype(np.uint8),
        vectors=np.ascontiguousarray(vectors),
    )


def _donors(rng: np.random.Generator, *, villages: Array, vectors: Array) -> Donors:
    count = len(vectors)
    budgets = np.where(rng.random(count) < 0.8, 10 ** rng.uniform(4, 9, count), NOT_STATED).astype(np.int64)
    typical = np.where(rng.random(count) < 0.8, 10 ** rng.uniform(4, 7, count), NOT_STATED).astype(np.int64)
    outcomes = rng.integers(0, 12, count).astype(np.int32)
    successes = (outcomes * rng.random(count)).astype(np.int32)
    active = rng.integers(NOT_STATED, 500, count).astype(np.int32)
    starts, codes = _areas(rng, villages=villages, count=count)
    return Donors(
        codes=_Codes("D", count),
        kinds=_bits(rng, size=len(KINDS), count=count, most=3, least=1).astype(np.uint8),
        categories=_bits(rng, size=len(CATEGORIES), count=count, most=4, least=0).astype(np.uint16),
        budget_fen=budgets,
        typical_fen=typical,
        log_budget=features.amount_levels(budgets),
        log_typical=features.amount_levels(typical),
        successes=successes,
        outcomes=outcomes,
        success=features.success_levels(successes, outcomes).astype(np.uint8),
        capacity=features.capacity_levels(budgets).astype(np.uint8),
        last_active_days=active,
        recency=features.recency_levels(active).astype(np.uint8),
        is_open=rng.random(count) < 0.95,
        is_personalised=rng.random(count) < 0.98,
        vectors=np.ascontiguousarray(vectors),
        neighbours=rng.integers(0, 30, (count, len(CATEGORIES))).astype(np.uint8),
        area_start=starts,
        area_codes=codes,
    )


@dataclass(frozen=True, slots=True)
class _Codes(Sequence[str]):
    """``N007``: a letter and the row, made when asked for; a million strings would take more than what is ranked."""

    letter: str
    size: int

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...

    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        rows = range(self.size)[at]
        return self._code(rows) if isinstance(rows, int) else tuple(map(self._code, rows))

    def _code(self, row: int) -> str:
        return f"{self.letter}{row:0{len(str(self.size))}d}"


def _bits(rng: np.random.Generator, *, size: int, count: int, most: int, least: int) -> Array:
    """Rows of ``least`` to ``most`` bits of ``size``."""
    wanted = rng.integers(least, most + 1, count)
    order = rng.random((count, size)).argsort(axis=1)
    return np.asarray(((order < wanted[:, np.newaxis]) << np.arange(size)).sum(axis=1))


def _areas(rng: np.random.Generator, *, villages: Array, count: int) -> tuple[Array, Array]:
    """One area for most donors, two for a fifth; a second one equal to the first, or the country's, is dropped."""
    levels = rng.choice(len(AREA_SHARES), (count, 2), p=AREA_SHARES)
    chosen = rng.choice(villages, (count, 2))
    areas = np.where(levels == 0, NATIONWIDE, chosen - chosen % OPEN_DIGITS[levels])
    has_second = (rng.random(count) < 0.2) & (areas[:, 0] != areas[:, 1]) & (areas != NATIONWIDE).all(axis=1)
    areas.sort(axis=1)
    keep = np.stack([np.ones(count, dtype=np.bool_), has_second], axis=1)
    starts = np.concatenate([[0], np.cumsum(keep.sum(axis=1))]).astype(np.int64)
    return starts, areas[keep]


def _excluded(rng: np.random.Generator, *, needs: int, donors: int) -> Array:
    """One need in fifty has a related donor."""
    if not needs or not donors:
        return np.empty(0, dtype=np.int64)
    rows = rng.choice(needs, needs // 50, replace=False)
    return np.sort(rows.astype(np.int64) << 32 | rng.integers(0, donors, len(rows)))
