"""The demonstration accounts: one person for each role, placed so that the whole job can be walked with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.accounts.bulk import UserRow, insert_users, set_same_password
from marketplace.accounts.queries import find_user_by_phone
from marketplace.core.actor import SYSTEM
from marketplace.core.divisions import Level, at_level
from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.permissions import DONOR_ROLES, Role
from marketplace.core.workflow import NeedState
from marketplace.demo import impossible
from marketplace.demo.asks import Ask, Asker
from marketplace.demo.facts import OPENED, PREFECTURE
from marketplace.demo.givers import Giver
from marketplace.demo.places import Places
from marketplace.households.speaker import link_user

_FEN = 100
# A need of each of these kinds and states is made in the village of the accounts, before all others.
STAGE_OTHER = tuple(NeedState)
# Of most states one: some wait for the reviewer's account, and of two that are public one will be suspected.
STAGE_MOST = {NeedState.SUBMITTED: 4, NeedState.PUBLISHED: 2}
STAGE_MONEY = (NeedState.PUBLISHED, NeedState.PLEDGED, NeedState.DELIVERED, NeedState.CLOSED)


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody needs to know to sign in as a role."""

    role: Role
    phone: str
    password: str
    division: str


def phone_of(role: Role) -> str:
    """The easy number of a role's account: 15400000001 for the first role, and so on."""
    return impossible.phone(list(Role).index(role) + 1)


def division_of(role: Role, places: Places) -> str:
    """The division for which the account's role is granted."""
    village = places.stage
    match role:
        case Role.VILLAGE_CLERK | Role.VILLAGE_SUPERVISOR | Role.HOUSEHOLD:
            return village
        case Role.TOWNSHIP_REVIEWER | Role.ASSIGNED_OFFICER:
            return at_level(village, Level.TOWNSHIP)
        case Role.COUNTY_ADMIN:
            return at_level(village, Level.COUNTY)
        case _:
            return PREFECTURE


def choose_givers(givers: Sequence[Giver], *, places: Places) -> dict[Role, Giver]:
    """One donor for each of the donors' roles, set up so that many needs suit it."""
    chosen: dict[Role, Giver] = {}
    for role in Role:
        if role not in DONOR_ROLES:
            continue
        giver = next((g for g in givers if g.role is role), None) or next(
            g for g in givers if g.donor_type.is_person and all(g is not other for other in chosen.values())
        )
        giver.role, giver.phone = role, phone_of(role)
        giver.joined_at = OPENED
        giver.kinds = tuple(dict.fromkeys((*giver.kinds, SupportKind.MONEY, SupportKind.GOODS)))
        giver.categories = (NeedCategory.WRM, NeedCategory.EDU, NeedCategory.DLY)
        giver.areas = (at_level(places.stage, Level.COUNTY),)
        giver.words = "棉被、棉衣、取暖炉，学习用品，米面油；愿意先帮石渠县的农户"
        giver.budget_fen = (5_000 if giver.donor_type.is_person else 100_000) * _FEN
        giver.personalised, giver.paused = True, False
        chosen[role] = giver
    return chosen


def give_to_stage(asks: Sequence[Ask], *, givers: Mapping[Role, Giver]) -> None:
    """Let the donors' accounts have gifts in every state, all of them in the village of the other accounts."""
    turns = [givers[Role.DONOR], givers[Role.DONOR], givers[Role.ENTERPRISE], givers[Role.ORGANISATION]]
    given = [ask for ask in asks if ask.gifts]
    for number, ask in enumerate(given):
        giver = turns[number % len(turns)]
        if all(gift.giver is not giver for gift in ask.gifts):
            ask.gifts[0].giver = giver
            ask.gifts[0].is_related = False


def staff_phones(places: Places) -> dict[tuple[Role, str], str]:
    """The easy numbers of the staff accounts, by role and division."""
    return {
        (role, division_of(role, places)): phone_of(role)
        for role in Role
        if role not in DONOR_ROLES and role is not Role.HOUSEHOLD
    }


def speak_for_household(asks: Sequence[Ask], *, askers: Sequence[Asker], places: Places, now: datetime) -> None:
    """Give an own account to a household of the village, best one that is to confirm a delivery."""
    waiting = [ask.household for ask in asks if ask.household and ask.state is NeedState.DELIVERED]
    asker = (waiting or [a for a in askers if a.village == places.stage])[0]
    grants = ((Role.HOUSEHOLD, asker.village),)
    (user_id,) = insert_users([UserRow(asker.head_name, phone_of(Role.HOUSEHOLD), now, grants)])
    link_user(asker.id, user_id=user_id, by=SYSTEM, now=now)


def open_accounts(places: Places, *, password: str) -> list[Account]:
    """Let every demonstration account sign in with one password; in the order of roles."""
    accounts, user_ids = [], []
    for role in Role:
        user = find_user_by_phone(phone_of(role))
        if user is None:
            raise LookupError(f"nobody was made for the role {role}")
        user_ids.append(user.id)
        accounts.append(Account(role, phone_of(role), password, division_of(role, places)))
    set_same_password(user_ids, password=password)
    return accounts
