"""Build the synthetic prefecture, stage by stage; the same seed and scale make the same rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from random import Random

import sqlalchemy as sa

from marketplace.accounts.bulk import insert_users
from marketplace.core.actor import SYSTEM
from marketplace.core.codes import Prefix
from marketplace.core.kinds import PovertyCause, SupportKind
from marketplace.core.workflow import NeedState
from marketplace.db import db, refresh_statistics, transaction
from marketplace.demo import cast, channels, facts, people
from marketplace.demo.asks import Ask, Asker, Planner
from marketplace.demo.booking import Booker
from marketplace.demo.conditions import attach_condition
from marketplace.demo.following import Follower, keep_month_ends
from marketplace.demo.gifts import Circle
from marketplace.demo.givers import Giver, make_givers
from marketplace.demo.pictures import Album
from marketplace.demo.places import Places, read_places, spread
from marketplace.demo.posting import Poster
from marketplace.demo.second_looks import Looker
from marketplace.demo.shared_phones import SharedPhones
from marketplace.demo.staff import make_staff
from marketplace.demo.suspected import suspect
from marketplace.demo.telling import Teller
from marketplace.demo.texts import read_need_texts, read_offer_texts
from marketplace.donors.service import DonorRow, insert_donors
from marketplace.households.duplicates import find_duplicates
from marketplace.households.rows import HouseholdRow
from marketplace.households.service import insert_households
from marketplace.matching import service as matching
from marketplace.needs.catalogue import builtin_rows, load_catalogue
from marketplace.needs.models import CatalogueItem
from marketplace.pairings.service import insert_agreements
from marketplace.regions.service import import_builtin
from marketplace.workdays.service import builtin_days, load_days

NOW = facts.AS_OF.astimezone(UTC)
_KIND_WEIGHTS = {
    SupportKind.GOODS: 70,
    SupportKind.SERVICE: 14,
    SupportKind.JOB: 6,
    SupportKind.TRAINING: 4,
    SupportKind.PURCHASE: 6,
}


class Stage(StrEnum):
    """What is being made, in this order."""

    PLACES = "places"
    HOUSEHOLDS = "households"
    PLANS = "plans"
    DONORS = "donors"
    NEEDS = "needs"
    GIFTS = "gifts"
    CHANNELS = "channels"
    NOTICES = "notices"
    ACCOUNTS = "accounts"
    MATCHING = "matching"


# Hears how many rows of a stage were just made.
Progress = Callable[[Stage, int], None]


@dataclass(slots=True)
class _Builder:
    seed: int
    sizes: facts.Sizes
    progress: Progress

    def rng(self, stage: str) -> Random:
        """A stage's own chance, so that a change in one stage leaves the others alone."""
        return Random(f"{self.seed}/{stage}")


def build(*, seed: int, scale: float, password: str, progress: Progress) -> list[cast.Account]:
    """Fill an empty, migrated database inside an application context, a few stages to a transaction; the accounts."""
    builder = _Builder(seed, facts.sizes_at(scale), progress)
    places = _make_places(builder)
    counts = spread(places, total=builder.sizes.households, rng=builder.rng("spread"))
    with transaction():
        staff = make_staff(places, villages=counts, easy_phones=cast.staff_phones(places), rng=builder.rng("staff"))
        askers = _make_households(builder, counts, places)
    givers = make_givers(builder.sizes.donors, places=places, offers=read_offer_texts(), rng=builder.rng("givers"))
    leads = cast.choose_givers(givers, places=places)
    asks, stage_asks = _plan(builder, askers, givers=givers, places=places)
    cast.give_to_stage(stage_asks, givers=leads)
    teller = Teller(staff, Album(), builder.rng("teller"))
    _write(builder, asks, givers=givers, places=places, teller=teller)
    with transaction():
        cast.speak_for_household(stage_asks, askers=askers, places=places, now=NOW)
        accounts = cast.open_accounts(places, password=password)
        progress(Stage.ACCOUNTS, len(accounts))
    with transaction() as session:
        find_duplicates(area=places.stage, by=SYSTEM, now=NOW, choose=builder.rng("shared numbers").choice)
        attach_condition(places, now=NOW)
        suspect(places, choose=builder.rng("suspected").choice, now=NOW)
        refresh_statistics(session)
    with transaction():
        record = matching.run(now=NOW, seed=seed)
        progress(Stage.MATCHING, record.needs)
    return accounts


def _make_places(builder: _Builder) -> Places:
    with transaction():
        import_builtin(by=SYSTEM)
        load_catalogue(builtin_rows(), by=SYSTEM, now=facts.OPENED)
        load_days(builtin_days(), division=facts.PREFECTURE, by=SYSTEM, now=facts.OPENED)
        places = read_places()
        builder.progress(Stage.PLACES, len(places.names))
    return places


def _make_households(builder: _Builder, counts: dict[str, int], places: Places) -> list[Asker]:
    """All households; some left the phone of others, for the accounts' county to decide about."""
    rng = builder.rng("people")
    phones = SharedPhones(counts, places.stage)
    seen: list[tuple[str, str, int, PovertyCause]] = []

    def rows() -> Iterator[HouseholdRow]:
        for row in people.households(counts, rng=rng, registrar=people.Registrar(rng)):
            seen.append((row.division_code, row.head_name, len(row.members), row.main_cause or PovertyCause.OTHER))
            yield phones.of(row)

    ids = insert_households(
        rows(),
        now=NOW,
        choose=builder.rng("household codes").choice,
        progress=lambda count: builder.progress(Stage.HOUSEHOLDS, count),
    )
    return [Asker(household_id, *known) for household_id, known in zip(ids, seen, strict=True)]


def _plan(
    builder: _Builder, askers: Sequence[Asker], *, givers: Sequence[Giver], places: Places
) -> tuple[list[Ask], list[Ask]]:
    """All needs with their histories, and those among them of the accounts' village."""
    rng = builder.rng("plans")
    texts = read_need_texts()
    planner = Planner(
        texts={kind: [text for text in texts if text.kind is kind] for kind in SupportKind},
        by_cause={cause: [a for a in askers if a.cause is cause] for cause in {a.cause for a in askers}},
        villages=sorted({asker.village for asker in askers}),
        circle=Circle.of(givers, rng=rng),
        rng=rng,
    )
    neighbours = [asker for asker in askers if asker.village == places.stage]
    asks: list[Ask] = []
    staged: list[Ask] = []
    for kind, state in _wanted(builder.sizes, rng=rng):
        is_staged = bool(neighbours) and _belongs_on_stage(kind, state, staged)
        asker = neighbours.pop(0) if is_staged else None
        ask = planner.plan(kind, state, asker=asker)
        asks.append(ask)
        staged += [ask] if is_staged else []
    for ask in asks:
        for gift in ask.gifts:
            gift.giver.joined_at = min(gift.giver.joined_at, ask.calendar.at(gift.days["accepted"]))
    builder.progress(Stage.PLANS, len(asks))
    # A database that grew by itself holds its needs in the order in which they were drafted.
    return sorted(asks, key=lambda ask: -ask.horizon), staged


def _wanted(sizes: facts.Sizes, *, rng: Random) -> list[tuple[SupportKind, NeedState]]:
    wanted = [(SupportKind.MONEY, state) for state, count in sizes.money_needs.items() for _ in range(count)]
    kinds, weights = list(_KIND_WEIGHTS), list(_KIND_WEIGHTS.values())
    for state, count in sizes.other_needs.items():
        drawn = rng.choices(kinds, weights=weights, k=count)
        # Things come first, so that the first of each state can stand on the accounts' stage.
        wanted += [(kind, state) for kind in sorted(drawn, key=lambda kind: kind is not SupportKind.GOODS)]
    return wanted


def _belongs_on_stage(kind: SupportKind, state: NeedState, staged: Sequence[Ask]) -> bool:
    is_money = kind is SupportKind.MONEY
    wanted = state in (cast.STAGE_MONEY if is_money else cast.STAGE_OTHER)
    made = sum(ask.state is state and (ask.text.kind is SupportKind.MONEY) is is_money for ask in staged)
    return wanted and made < cast.STAGE_MOST.get(state, 1)


def _catalogue() -> dict[tuple[str, str], int]:
    """Catalogue ids by name and unit; a name without its size stands for the first item of that name."""
    found: dict[tuple[str, str], int] = {}
    for item in db.session.scalars(sa.select(CatalogueItem).order_by(CatalogueItem.id)):
        found[item.full_name, item.unit] = item.id
        found.setdefault((item.name, item.unit), item.id)
    return found


def _write(builder: _Builder, asks: Sequence[Ask], *, givers: Sequence[Giver], places: Places, teller: Teller) -> None:
    with transaction():
        _insert_givers(givers, teller=teller)
        builder.progress(Stage.DONORS, len(givers))
    with transaction():
        needs = teller.write_needs(asks, items=_catalogue())
        builder.progress(Stage.NEEDS, len(needs))
        deeds = Booker(teller, places, builder.rng("booker")).write(asks, needs=needs)
        builder.progress(Stage.GIFTS, len(deeds))
        Looker(teller.staff, places, builder.rng("second looks"), NOW).write()
    with transaction():
        follower = Follower(builder.rng("follower"))
        follower.write_suggestions(deeds)
        follower.write_answers(deeds, staff=teller.staff)
    with transaction():
        rows = channels.make_agreements(
            dict(builder.sizes.channels), places=places, teller=teller, rng=builder.rng("channels")
        )
        insert_agreements(rows)
        builder.progress(Stage.CHANNELS, len(rows))
    with transaction():
        builder.progress(Stage.NOTICES, Poster(teller, places, builder.rng("notices")).write())
        keep_month_ends()


def _insert_givers(givers: Sequence[Giver], *, teller: Teller) -> None:
    user_ids = insert_users([giver.user_row for giver in givers])
    for giver, user_id in zip(givers, user_ids, strict=True):
        giver.user_id, giver.code = user_id, teller.code(Prefix.DONOR)
    ids = insert_donors([_donor_row(giver) for giver in givers])
    for giver, donor_id in zip(givers, ids, strict=True):
        giver.id = donor_id


def _donor_row(giver: Giver) -> DonorRow:
    return DonorRow(
        code=giver.code,
        donor_type=giver.donor_type,
        name=giver.name,
        joined_at=giver.joined_at,
        user_id=giver.user_id,
        credit_code=giver.credit_code,
        phone=None if giver.donor_type.is_person else giver.phone,
        has_public_page=giver.has_public_page,
        shows_name=giver.shows_name,
        shows_amount=giver.shows_amount,
        kinds=tuple(giver.kinds),
        categories=tuple(giver.categories),
        areas=giver.areas,
        budget_fen=giver.budget_fen,
        places=giver.places,
        words=giver.words,
        personalised=giver.personalised,
        paused=giver.paused,
    )
