"""A pledged need with everybody around it, played through the services step by step."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from PIL import Image

from marketplace.accounts.models import User
from marketplace.core.actor import PUBLIC, Actor
from marketplace.core.codes import new_slip_code
from marketplace.core.money import Money
from marketplace.core.permissions import Role
from marketplace.core.workflow import NeedState, PledgeState
from marketplace.db import db, transaction
from marketplace.donors.models import Donor
from marketplace.fulfilment import service
from marketplace.fulfilment.models import Confirmation, Delivery, Feedback, GivenBack, Receipt, Use, Witness
from marketplace.households.models import Household
from marketplace.ledger.models import LedgerEntry
from marketplace.needs.models import Need
from marketplace.needs.slips import slip_index
from marketplace.pledges.models import Pledge, Way
from marketplace.pledges.service import pledge_need
from tests import factories as f
from tests.factories import NOW, TREE, Line, money_line

GOODS = (Line("棉被", 4, "床", 18_000), Line("取暖炉", 1, "台", 86_000))


def picture() -> io.BytesIO:
    """A small JPEG, as a telephone sends it."""
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 100)).save(stream, "JPEG")
    stream.seek(0)
    return stream


@dataclass(frozen=True)
class Scene:
    """One pledged need with the people around it; amounts of lines by position."""

    need: Need
    pledge: Pledge
    donor: Donor
    clerk: User
    reviewer: User
    supervisor: User
    slip: str

    @property
    def lines(self) -> list[int]:
        """Ids of the need's lines, by position."""
        return [line.id for line in db.session.get_one(Need, self.need.id).lines]

    def actor(self, user: User) -> Actor:
        """The user as the services see him."""
        return f.actor_for(user)

    def receive(
        self, quantities: Mapping[int, int], *, key: str = "r1", by: User | None = None, **fields: str
    ) -> Receipt:
        """Record a receipt as the township's reviewer."""
        said = {"custodian": "石渠县慈善会（演示）", "voucher_no": "川财 0083-1147", **fields}
        with transaction():
            return service.record_receipt(
                self.pledge.code,
                quantities=quantities,
                client_key=f"{self.pledge.code}:{key}",
                by=self.actor(by or self.reviewer),
                now=NOW,
                **said,
            )

    def disburse(self, receipt: Receipt, *, payee: str = "县供销社", by: User | None = None) -> LedgerEntry:
        """Pass the money of a receipt on."""
        with transaction():
            return service.record_disbursement(
                self.pledge.code, receipt_id=receipt.id, payee=payee, by=self.actor(by or self.reviewer), now=NOW
            )

    def give_back(self, receipt: Receipt, *, by: User, **changes: Any) -> GivenBack:
        """Give back to the donor what a receipt brought."""
        said = {"reason": "需求已撤下", "voucher_no": "退款 2018-9", "to_origin": True, "photo": None, **changes}
        with transaction():
            return service.give_back(self.pledge.code, receipt_id=receipt.id, by=self.actor(by), **{"now": NOW, **said})

    def use(self, yuan: int, *, key: str = "u1", payee: str = "县供销社", photo: bool = False) -> Use:
        """Spend money that was passed on."""
        with transaction():
            return service.record_use(
                self.pledge.code,
                payee=payee,
                what="棉被、取暖炉",
                amount=Money(yuan * 100),
                voucher_no="发票 21",
                photo=picture() if photo else None,
                client_key=f"{self.pledge.code}:{key}",
                by=self.actor(self.reviewer),
                now=NOW,
            )

    def deliver(self, *, by: User | None = None) -> Delivery:
        """Hand over, as the clerk."""
        with transaction():
            return service.record_delivery(
                self.pledge.code,
                photo=picture(),
                witness=Witness.WORK_TEAM,
                by=self.actor(by or self.clerk),
                now=NOW,
            )

    def household_says(
        self, *, arrived: bool = True, by: Actor = PUBLIC, slip: str | None = None, now: datetime = NOW
    ) -> list[Confirmation]:
        """Answer with the slip."""
        with transaction():
            return service.confirm_by_slip(
                self.slip if slip is None else slip, arrived=arrived, note="", by=by, now=now
            )

    def second_says(
        self, user: User | None = None, *, arrived: bool = True, clean: bool = False, note: str = "到户看过"
    ):
        """Answer as the village's supervisor."""
        with transaction():
            return service.confirm_as_second(
                self.pledge.code,
                arrived=arrived,
                note=note,
                photo_is_clean=clean,
                by=self.actor(user or self.supervisor),
                now=NOW,
            )

    def report(self, *, words: str = "炉子不漏烟了。谢谢。", may_publish: bool = True) -> Feedback:
        """Tell the donor, as the clerk."""
        with transaction():
            return service.give_feedback(
                self.pledge.code,
                words=words,
                rating=5,
                may_publish=may_publish,
                by=self.actor(self.clerk),
                now=NOW,
            )

    def state(self) -> tuple[PledgeState, NeedState]:
        """Where pledge and need stand in the database."""
        db.session.rollback()
        db.session.expire_all()
        return db.session.get_one(Pledge, self.pledge.id).state, db.session.get_one(Need, self.need.id).state


def make_scene(
    *,
    lines: tuple[Line, ...] = GOODS,
    household: Household | None = None,
    donor: Donor | None = None,
    shows_name: bool = False,
    shows_amount: bool = True,
    days_before: float = 2,
) -> Scene:
    """A need of goods (or ``lines``), pledged by its donor through the service, with a slip at the household."""
    clerk = f.make_user(Role.VILLAGE_CLERK, division=TREE.village)
    slip = new_slip_code()
    need = f.make_need(lines=lines, poster=clerk, household=household, slip_index=slip_index(slip))
    donor = donor or f.make_donor()
    with transaction():
        pledge = pledge_need(
            need.code,
            quantities={line.id: line.quantity for line in need.lines},
            way=Way.CHARITY,
            intent="先买炉子，天冷。",
            shows_name=shows_name,
            shows_amount=shows_amount,
            client_key=f"scene-{need.code}",
            by=f.actor_for(db.session.get_one(User, donor.user_id)),
            now=NOW - timedelta(days=days_before),
        )
    return Scene(
        need=need,
        pledge=pledge,
        donor=donor,
        clerk=clerk,
        reviewer=f.make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township),
        supervisor=f.make_user(Role.VILLAGE_SUPERVISOR, division=TREE.village),
        slip=slip,
    )


def delivered(scene: Scene) -> Scene:
    """Goods all arrived and handed over."""
    scene.receive(dict(zip(scene.lines, (4, 1), strict=True)))
    scene.deliver()
    return scene


def confirmed(scene: Scene, *, clean: bool = True) -> Scene:
    """Delivered, and confirmed by both."""
    delivered(scene)
    scene.household_says()
    scene.second_says(clean=clean)
    return scene


def settled_money(scene: Scene) -> Scene:
    """1,480 yuan arrived and were passed on, 1,452 used, delivered, confirmed, reported."""
    scene.disburse(scene.receive({scene.lines[0]: 148_000}))
    scene.use(1_452, photo=True)
    scene.deliver()
    scene.household_says()
    scene.second_says(clean=True)
    scene.report()
    return scene


def make_money_scene(**fields: Any) -> Scene:
    """A pledge of 1,480 yuan."""
    return make_scene(lines=(money_line(148_000),), **fields)
