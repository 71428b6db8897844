"""What the page on the method says: read off the engine that ranks, so that it cannot say anything else."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from marketplace.matching.engine.features import FEATURES, TOPS, Feature
from marketplace.matching.engine.lists import Policy
from marketplace.matching.engine.model import Model

PERCENT = 100
_WORDS: dict[Feature, LazyString] = {
    Feature.CATEGORY: _l("The donor names this category; half where it names none at all."),
    Feature.AREA: _l(
        "How near the need is to where the donor wants to help: the village counts most, the country least."
    ),
    Feature.AMOUNT: _l("What is missing is about what the donor usually gives."),
    Feature.BUDGET: _l("The donor's budget covers what is missing."),
    Feature.TEXT: _l("The need's words and the donor's are alike."),
    Feature.NEIGHBOURS: _l("Donors who gave like this one gave to this category."),
    Feature.SUCCESS: _l("What the donor promised arrived; without a history it counts as half."),
    Feature.CAPACITY: _l("How much budget the donor has left."),
    Feature.RECENCY: _l("How lately the donor was active; it halves every 90 days."),
    Feature.URGENCY: _l("How soon help is wanted."),
    Feature.VULNERABILITY: _l(
        "How hard life is for the household: its class in the register, house, water, a return to poverty."
    ),
    Feature.WAITING: _l("How long the need has been waiting, full after one year."),
    Feature.NEVER_HELPED: _l("The household was never helped before."),
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """What is looked at, in words, and the most points of 100 that it can bring, in tenths."""

    words: LazyString
    tenths: int


def weights_of(model: Model) -> list[Weighed]:
    """Every feature that counts, the weightiest first."""
    terms = (model.steps() * TOPS).tolist()
    full = sum(terms)
    weighed = [
        Weighed(_WORDS[feature], round(10 * PERCENT * term / full))
        for feature, term in zip(FEATURES, terms, strict=True)
    ]
    return sorted((one for one in weighed if one.tenths), key=lambda one: -one.tenths)


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of every list, in percent, that the score alone does not decide."""

    floor: int
    worst_off: int
    explored: int


def shares_of(policy: Policy) -> Shares:
    """The floor, who it is for, and what goes by lot."""
    return Shares(
        floor=round(PERCENT * policy.floor_share),
        worst_off=round(PERCENT * policy.worst_off),
        explored=round(PERCENT * policy.exploration),
    )
