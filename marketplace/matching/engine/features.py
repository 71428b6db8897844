"""What a pair is judged by: thirteen monotone features, each a whole number of steps from 0 to its top.

A feature's value is ``level / top`` in [0, 1]. Levels are integers, so that a score is a sum of integers:
the compiled kernel, the numpy peer and the explanation agree to the last unit on every machine.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

# One step of an amount is a sixteenth of a doubling; four doublings away nothing is left of the fit.
STEPS_PER_DOUBLING = 16
AMOUNT_REACH = 64
UNKNOWN_AMOUNT = -20_000
# Text vectors have length 127 in whole numbers, so that a product of two fits 16 bits; >> 7 makes it a level.
TEXT_DIMENSIONS = 32
TEXT_LENGTH = 127
TEXT_SHIFT = 7
PERCENT = 100
LONGEST_WAIT_DAYS = 365
RECENCY_HALF_LIFE_DAYS = 90
LARGEST_BUDGET_FEN = 10**10
# Beta prior of a donor's success: half of ten outcomes.
PRIOR_SUCCESSES = 5.0
PRIOR_OUTCOMES = 10.0

Levels = NDArray[np.int16]


class Feature(StrEnum):
    """The features in the order of every weight vector."""

    CATEGORY = "category"
    AREA = "area"
    AMOUNT = "amount"
    BUDGET = "budget"
    TEXT = "text"
    NEIGHBOURS = "neighbours"
    SUCCESS = "success"
    CAPACITY = "capacity"
    RECENCY = "recency"
    URGENCY = "urgency"
    VULNERABILITY = "vulnerability"
    WAITING = "waiting"
    NEVER_HELPED = "never_helped"


class Side(StrEnum):
    """What a feature depends on."""

    PAIR = "pair"
    NEED = "need"
    DONOR = "donor"


@dataclass(frozen=True, slots=True)
class Definition:
    """One feature: its number of steps, whose it is, its unit, and what it says. More is never worse."""

    top: int
    side: Side
    unit: str
    meaning: str


DEFINITIONS = {
    Feature.CATEGORY: Definition(
        2, Side.PAIR, "0 not named, 1 donor named none, 2 named", "The donor names this category."
    ),
    Feature.AREA: Definition(
        6,
        Side.PAIR,
        "0 outside, 1 nationwide, 2 province, 3 prefecture, 4 county, 5 township, 6 village",
        "The nearest area that the donor names around the need.",
    ),
    Feature.AMOUNT: Definition(
        AMOUNT_REACH,
        Side.PAIR,
        "1/16 of a doubling",
        "How near the open amount is to what the donor usually gives; 0 from sixteen times more or less.",
    ),
    Feature.BUDGET: Definition(
        AMOUNT_REACH,
        Side.PAIR,
        "1/16 of a doubling",
        "How far the donor's budget covers the open amount; 0 where it covers a sixteenth or less.",
    ),
    Feature.TEXT: Definition(127, Side.PAIR, "cosine in 1/127", "How alike the need's words and the donor's are."),
    Feature.NEIGHBOURS: Definition(
        PERCENT,
        Side.PAIR,
        "percent",
        "The share of gifts to this category by donors who gave like this one.",
    ),
    Feature.SUCCESS: Definition(
        PERCENT, Side.DONOR, "percent", "The donor's kept promises, shrunk towards one half by ten cases."
    ),
    Feature.CAPACITY: Definition(
        PERCENT, Side.DONOR, "percent of log(100 m yuan)", "How much budget the donor has left."
    ),
    Feature.RECENCY: Definition(
        PERCENT, Side.DONOR, "percent", "How lately the donor was active; halves every 90 days."
    ),
    Feature.URGENCY: Definition(2, Side.NEED, "0 normal, 1 urgent, 2 critical", "How soon help is wanted."),
    Feature.VULNERABILITY: Definition(PERCENT, Side.NEED, "percent", "How vulnerable the household is."),
    Feature.WAITING: Definition(
        PERCENT, Side.NEED, "percent of log(1 + 365 days)", "How long the need has been waiting."
    ),
    Feature.NEVER_HELPED: Definition(1, Side.NEED, "0 or 1", "The household was never helped before."),
}
FEATURES = tuple(DEFINITIONS)
TOPS = np.array([DEFINITIONS[feature].top for feature in FEATURES], dtype=np.int64)

CATEGORY_OTHER, CATEGORY_ANY, CATEGORY_NAMED = 0, 1, 2


def amount_levels(fen: NDArray[np.int64]) -> Levels:
    """Amounts in fen -> sixteenths of a doubling; UNKNOWN_AMOUNT where there is none (0 or less)."""
    known = fen > 0
    steps = np.rint(STEPS_PER_DOUBLING * np.log2(np.where(known, fen, 1)))
    levels: Levels = np.where(known, steps, UNKNOWN_AMOUNT).astype(np.int16)
    return levels


def waiting_levels(days: NDArray[np.int32]) -> Levels:
    """Days of waiting -> 0..100, by the logarithm, full from one year."""
    share = np.log1p(np.clip(days, 0, LONGEST_WAIT_DAYS)) / np.log1p(LONGEST_WAIT_DAYS)
    levels: Levels = np.rint(PERCENT * share).astype(np.int16)
    return levels


def success_levels(successes: NDArray[np.int32], outcomes: NDArray[np.int32]) -> Levels:
    """Kept promises of all with an outcome -> 0..100, the mean of the Beta posterior."""
    share = (successes + PRIOR_SUCCESSES) / (outcomes + PRIOR_OUTCOMES)
    levels: Levels = np.rint(PERCENT * share).astype(np.int16)
    return levels


def capacity_levels(budget_fen: NDArray[np.int64]) -> Levels:
    """Budget left in fen (-1 where none is stated) -> 0..100, by the logarithm, full from 100 m yuan."""
    share = np.log1p(np.clip(budget_fen, 0, LARGEST_BUDGET_FEN)) / np.log1p(LARGEST_BUDGET_FEN)
    levels: Levels = np.rint(PERCENT * share).astype(np.int16)
    return levels


def recency_levels(days: NDArray[np.int32]) -> Levels:
    """Days since the donor was last active (-1 where never) -> 0..100."""
    share = np.where(days < 0, 0.0, np.exp2(-np.maximum(days, 0) / RECENCY_HALF_LIFE_DAYS))
    levels: Levels = np.rint(PERCENT * share).astype(np.int16)
    return levels


def percent_levels(share: NDArray[np.float64]) -> Levels:
    """Shares in [0, 1] (clipped; not-a-number counts as 0) -> 0..100."""
    levels: Levels = np.rint(PERCENT * np.clip(np.nan_to_num(share), 0.0, 1.0)).astype(np.int16)
    return levels
