"""The demonstration's case of suspected fraud: a gift had arrived when a complaint turned out to be right (R-V6).

Everybody acts through the services, in the order in which it would happen in the last week.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from marketplace.accounts.queries import actor_of, find_user_by_phone
from marketplace.core.actor import Actor
from marketplace.core.codes import Choose
from marketplace.core.divisions import Level, at_level
from marketplace.core.kinds import SupportKind
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.demo.cast import phone_of
from marketplace.demo.places import Places
from marketplace.donors.queries import find_donor_id
from marketplace.fulfilment.service import record_receipt
from marketplace.grievances import service as grievances
from marketplace.grievances.fraud import Police, Suspected, open_case
from marketplace.grievances.fraud_models import Suspicion
from marketplace.grievances.models import Cause
from marketplace.grievances.queries import find_subject
from marketplace.needs.models import Need
from marketplace.pledges.models import Way
from marketplace.pledges.service import pledge_need

_KEY = "demonstration-suspected"
_LAST_DAYS = timedelta(days=6)
_STEPS = 6
_SAID = Suspected(
    Suspicion.INVENTED,
    "申请里说家里没有收入；入户核实，在镇上开小卖部已有两年。（演示，均为虚构）",
    "营业执照复印件和入户照片，存乡镇档案 2018-17（演示）",
)


def suspect(places: Places, *, choose: Choose, now: datetime) -> None:
    """Help arrives for a public need of the accounts' village, somebody complains, and the county records a case.

    ``choose`` picks the characters of new codes. Nothing happens where the village has no second need of that kind
    to keep: the published figures count money that found its whole, which this never does.
    """
    need = _find_need(places)
    if need is None:
        return
    at = _moments(need, now)
    _give(need, places, at=at, choose=choose)
    subject = find_subject(need.code)
    if subject is None:
        raise LookupError(f"{need.code} is not public")
    complaint = grievances.Complaint(
        Cause.UNTRUE, "这户在镇上开着小卖部，不是没有收入。（演示）", client_key=f"{_KEY}-complaint"
    )
    ticket = grievances.receive(subject, complaint, now=at(3), choose=choose).code
    county = _actor(Role.COUNTY_ADMIN)
    grievances.take_on(ticket, by=county, now=at(4))
    grievances.answer(ticket, words="已入户核实，反映的情况属实。", by=county, now=at(4))
    grievances.uphold(ticket, reason="入户看到的和申请不一致。", by=county, now=at(5))
    police = Police(reported_on=china_day(at(5)), reference="洛须派出所 受案 2018-77（演示）")
    open_case(ticket, suspected=_SAID, police=police, by=county, now=at(5))


def _find_need(places: Places) -> Need | None:
    """The later of two public needs of the village's households that both ask for money, or both for other help."""
    chosen = sa.select(Need).where(
        Need.division_code == places.stage, Need.state == NeedState.PUBLISHED, Need.household_id.is_not(None)
    )
    of_money: dict[bool, list[Need]] = {True: [], False: []}
    for need in db.session.scalars(chosen.order_by(Need.id)):
        of_money[need.kind is SupportKind.MONEY].append(need)
    return next((needs[-1] for needs in of_money.values() if len(needs) > 1), None)


def _moments(need: Need, now: datetime) -> Callable[[int], datetime]:
    """Equal steps through the need's last days in public; the last one is ``now``."""
    begin = max(need.published_at or now, now - _LAST_DAYS)
    return lambda step: begin + step * (now - begin) / _STEPS


def _give(need: Need, places: Places, *, at: Callable[[int], datetime], choose: Choose) -> None:
    """A part of one line is promised by the donor's account, and has arrived."""
    line = next(line for line in need.lines if line.open)
    quantities = {line.id: max(line.open // 2, 1)}
    pledge = pledge_need(
        need.code,
        quantities=quantities,
        way=Way.CHARITY if need.kind is SupportKind.MONEY else Way.SHIP,
        intent="请用在这一户身上。",
        shows_name=False,
        shows_amount=True,
        client_key=f"{_KEY}-pledge",
        by=_actor(Role.DONOR),
        now=at(1),
        choose=choose,
    )
    record_receipt(
        pledge.code,
        quantities=quantities,
        custodian=f"{places.names[at_level(places.stage, Level.COUNTY)]}慈善会（演示）",
        voucher_no="SJ-90001",
        client_key=f"{_KEY}-receipt",
        by=_actor(Role.TOWNSHIP_REVIEWER),
        now=at(2),
    )


def _actor(role: Role) -> Actor:
    user = find_user_by_phone(phone_of(role))
    if user is None:
        raise LookupError(f"nobody was made for the role {role}")
    return actor_of(user, donor_id=find_donor_id(user.id))
