"""Write the planned gifts: pledges, the book's entries in the order of time, and what was seen on the way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from marketplace.core.actor import Actor
from marketplace.core.codes import Prefix
from marketplace.core.divisions import Level, at_level
from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.core.workflow import PledgeState
from marketplace.demo.asks import Ask
from marketplace.demo.gifts import PROMISE_DAYS, Gift
from marketplace.demo.pictures import Drawn
from marketplace.demo.places import Places
from marketplace.demo.telling import Teller
from marketplace.donors.service import declare_relation
from marketplace.fulfilment.bulk import (
    ConfirmationRow,
    DeliveryRow,
    FeedbackRow,
    ReceiptRow,
    UseRow,
    insert_confirmations,
    insert_deliveries,
    insert_feedbacks,
    insert_receipts,
    insert_uses,
)
from marketplace.fulfilment.models import ConfirmerKind, ConfirmHow, Witness
from marketplace.ledger.models import EntryKind
from marketplace.ledger.rules import Quantity, Subject
from marketplace.ledger.service import EntryRow, insert_entries
from marketplace.media.bulk import PhotoRow, insert_photos
from marketplace.needs.models import Need, NeedLine
from marketplace.pledges.queries import PLEDGE
from marketplace.pledges.service import PledgeRow, insert_pledges

_ENDED = frozenset({PledgeState.LAPSED, PledgeState.CANCELLED})
_NEVER_ACCEPTED = frozenset({PledgeState.OFFERED, PledgeState.DECLINED})
_PAYEES = {
    NeedCategory.EDU: "学校（演示）",
    NeedCategory.MED: "县人民医院（演示）",
    NeedCategory.HOU: "建材商店（演示）",
    NeedCategory.PUB: "施工队（演示）",
}
_OTHER_PAYEE = "县供销社（演示）"
_THANKS = (
    "东西都收到了，和单子上一样，家里用上了。谢谢！",
    "收到了，很合用。谢谢好心人，扎西德勒！",
    "钱用在该用的地方，票据都留着。谢谢！",
    "送到的时候正好下雪，帮了大忙。",
    "收到了。一家人都记着这份心意。",
    "比想的还好，谢谢你们这么远送来。",
)
_NOT_ARRIVED = "只到了一部分，还差一样。"
_RELATIONS = ("亲属", "同乡", "同事", "老师")


@dataclass(slots=True)
class Deed:
    """One gift with the need that it went to, as they stand in the database."""

    ask: Ask
    gift: Gift
    need: Need

    def at(self, step: str) -> datetime:
        """When a step was made."""
        return self.ask.calendar.at(self.gift.days[step])

    def when(self, step: str) -> datetime | None:
        """As ``at``; None for a step that was not made."""
        return self.at(step) if step in self.gift.days else None

    @property
    def parts(self) -> list[tuple[NeedLine, int]]:
        """The need's lines with the quantity promised of each."""
        return [(self.need.lines[position], quantity) for position, quantity in self.gift.parts]

    @property
    def value_fen(self) -> int:
        """What it is worth."""
        return sum(line.unit_price_fen * quantity for line, quantity in self.parts)

    @property
    def quantities(self) -> list[Quantity]:
        """What the book counts."""
        return [Quantity(quantity, line.unit, line.name) for line, quantity in self.parts]

    @property
    def by_line(self) -> dict[int, int]:
        """Quantity by the line's id."""
        return {line.id: quantity for line, quantity in self.parts}

    @property
    def is_money(self) -> bool:
        """True where it moves in fen."""
        return self.ask.text.kind is SupportKind.MONEY

    @property
    def subject(self) -> Subject:
        """The gift as the book knows it."""
        earmark = f"need:{self.need.code}"
        return Subject(PLEDGE, self.gift.id, self.gift.code, donor=self.gift.giver.code, earmark=earmark)


@dataclass(slots=True)
class Booker:
    """Writes gifts and everything that followed from them."""

    teller: Teller
    places: Places
    rng: Random
    photos: dict[int, tuple[int, Drawn]] = field(default_factory=dict)
    # The running number of each gift's receipt, on its papers and in the book's keys.
    papers: dict[int, int] = field(default_factory=dict)

    def write(self, asks: Sequence[Ask], *, needs: Sequence[Need]) -> list[Deed]:
        """Insert all gifts of ``asks``, whose needs are ``needs`` in the same order."""
        deeds = [Deed(a, gift, need) for a, need in zip(asks, needs, strict=True) for gift in a.gifts]
        deeds.sort(key=lambda deed: deed.at("accepted"))
        for deed in deeds:
            deed.gift.code = self.teller.code(Prefix.GIFT)
        ids = insert_pledges([self._pledge(deed, number) for number, deed in enumerate(deeds)])
        for deed, gift_id in zip(deeds, ids, strict=True):
            deed.gift.id = gift_id
        self._relate(deeds)
        self._keep_photos([deed for deed in deeds if "delivered" in deed.gift.days])
        self._book(deeds)
        self._see(deeds)
        return deeds

    def _pledge(self, deed: Deed, number: int) -> PledgeRow:
        gift = deed.gift
        made = deed.at("accepted")
        confirmed = gift.level >= 3
        return PledgeRow(
            code=gift.code,
            need_id=deed.need.id,
            donor_id=gift.giver.id,
            state=gift.state,
            kind=deed.ask.text.kind,
            value_fen=deed.value_fen,
            way=gift.way,
            at_arms_length=not gift.is_related,
            client_key=f"demonstration-{number}",
            created_at=made,
            expires_at=made + timedelta(days=PROMISE_DAYS),
            quantities=deed.by_line,
            released={} if gift.holds else deed.by_line,
            intent=gift.intent,
            shows_name=gift.shows_name,
            shows_amount=gift.shows_amount,
            accepted_at=None if gift.state in _NEVER_ACCEPTED else made,
            received_at=deed.when("received"),
            delivered_at=deed.when("delivered"),
            confirmed_at=max(deed.at("by_household"), deed.at("by_second")) if confirmed else None,
            reported_at=deed.when("reported"),
            ended_at=deed.when("ended"),
        )

    def _relate(self, deeds: Iterable[Deed]) -> None:
        """Donors who gave to somebody they know have said so."""
        for deed in deeds:
            if not deed.gift.is_related:
                continue
            giver = deed.gift.giver
            declare_relation(
                self.rng.choice(_RELATIONS),
                by=Actor(user_id=giver.user_id, donor_id=giver.id),
                now=deed.at("accepted"),
                user_id=deed.need.poster_id,
            )

    def _keep_photos(self, deeds: Sequence[Deed]) -> None:
        album = self.teller.album
        drawn = [album.picture(deed.ask.text.category, variant=deed.gift.id) for deed in deeds]
        ids = insert_photos([self._photo(deed, photo) for deed, photo in zip(deeds, drawn, strict=True)])
        for deed, photo_id, photo in zip(deeds, ids, drawn, strict=True):
            self.photos[deed.gift.id] = (photo_id, photo)

    def _photo(self, deed: Deed, photo: Drawn) -> PhotoRow:
        village, seen = deed.ask.village, deed.when("by_second")
        return PhotoRow(
            token=self.teller.token(),
            picture=photo.picture,
            upload_sha256=photo.sha256,
            division_code=village,
            caption=deed.need.title,
            uploaded_by=self.teller.staff.clerk(village),
            uploaded_at=deed.at("delivered"),
            checked_by=None if seen is None else self._second(deed),
            checked_at=seen,
        )

    def _second(self, deed: Deed) -> int:
        """Who goes to see a delivery: the supervisor of the village or the officer, by turns."""
        staff, village = self.teller.staff, deed.ask.village
        return staff.supervisor(village) if deed.gift.id % 3 else staff.officer(village)

    def _book(self, deeds: Sequence[Deed]) -> None:
        """Entries of all gifts in the order of time, and the receipts and uses that name theirs."""
        arrived = sorted((d for d in deeds if "received" in d.gift.days), key=lambda d: d.at("received"))
        self.papers = {deed.gift.id: number for number, deed in enumerate(arrived, start=1)}
        entries = [entry for deed in deeds for entry in self._entries(deed)]
        entries.sort(key=lambda entry: entry.at)
        ids = dict(zip((entry.client_key for entry in entries), insert_entries(entries), strict=True))
        insert_receipts([self._receipt(deed, ids[_receive_key(deed)]) for deed in arrived])
        spent = [deed for deed in arrived if deed.is_money and "used" in deed.gift.days]
        insert_uses([self._use(deed, ids[_use_key(deed)]) for deed in spent])

    def _entries(self, deed: Deed) -> list[EntryRow]:
        gift, subject, amounts = deed.gift, deed.subject, deed.quantities
        if gift.state in _NEVER_ACCEPTED:
            return []
        reviewer = self.teller.staff.reviewer(deed.ask.village)
        donor, code = gift.giver.user_id, gift.code
        made = [
            EntryRow(EntryKind.PLEDGE, subject, subject.pledged(amounts), f"pledge:{code}", deed.at("accepted"), donor)
        ]
        if gift.state in _ENDED:
            is_lapsed = gift.state is PledgeState.LAPSED
            key, by = (f"lapse:{code}", None) if is_lapsed else (f"cancel:{code}", donor)
            made.append(EntryRow(EntryKind.RELEASE, subject, subject.released(amounts), key, deed.at("ended"), by))
        if "received" not in gift.days:
            return made
        custodian, payee, paper = self._custodian(deed), _payee(deed), self.papers[gift.id]
        came = subject.received(custodian, amounts)
        voucher = f"SJ-{paper:05d}"
        made.append(
            EntryRow(EntryKind.RECEIVE, subject, came, _receive_key(deed), deed.at("received"), reviewer, voucher)
        )
        if deed.is_money and "disbursed" in gift.days:
            passed = subject.disbursed(custodian, payee, amounts)
            key = f"disburse:{paper}:1"
            made.append(EntryRow(EntryKind.DISBURSE, subject, passed, key, deed.at("disbursed"), reviewer))
            if "used" in gift.days:
                spent, voucher = subject.used(payee, _purpose(deed), amounts), f"FP-{paper:05d}"
                made.append(EntryRow(EntryKind.USE, subject, spent, _use_key(deed), deed.at("used"), reviewer, voucher))
        elif not deed.is_money and "delivered" in gift.days:
            _, photo = self.photos[gift.id]
            clerk = self.teller.staff.clerk(deed.ask.village)
            handed = subject.disbursed(custodian, deed.need.code, amounts)
            key, when = f"deliver:{gift.id}:1", deed.at("delivered")
            made.append(EntryRow(EntryKind.DISBURSE, subject, handed, key, when, clerk, evidence_sha256=photo.sha256))
        return made

    def _custodian(self, deed: Deed) -> str:
        """Money goes to the county's charity, things to the township's store."""
        if deed.is_money:
            return f"{self.places.names[at_level(deed.ask.village, Level.COUNTY)]}慈善会（演示）"
        return f"{self.places.words(at_level(deed.ask.village, Level.TOWNSHIP))}物资点（演示）"

    def _receipt(self, deed: Deed, entry_id: int) -> ReceiptRow:
        return ReceiptRow(
            pledge_id=deed.gift.id,
            value_fen=deed.value_fen,
            custodian=self._custodian(deed),
            entry_id=entry_id,
            at=deed.at("received"),
            quantities=deed.by_line,
            voucher_no=f"SJ-{self.papers[deed.gift.id]:05d}",
            recorded_by=self.teller.staff.reviewer(deed.ask.village),
        )

    def _use(self, deed: Deed, entry_id: int) -> UseRow:
        return UseRow(
            pledge_id=deed.gift.id,
            what=_purpose(deed),
            payee=_payee(deed),
            voucher_no=f"FP-{self.papers[deed.gift.id]:05d}",
            amount_fen=deed.value_fen,
            entry_id=entry_id,
            at=deed.at("used"),
            recorded_by=self.teller.staff.reviewer(deed.ask.village),
        )

    def _see(self, deeds: Sequence[Deed]) -> None:
        """Deliveries, confirmations and thanks."""
        delivered = [deed for deed in deeds if "delivered" in deed.gift.days]
        insert_deliveries([self._delivery(deed) for deed in delivered])
        insert_confirmations([row for deed in delivered for row in self._answers(deed)])
        insert_feedbacks([self._feedback(deed) for deed in delivered if "reported" in deed.gift.days])

    def _delivery(self, deed: Deed) -> DeliveryRow:
        return DeliveryRow(
            pledge_id=deed.gift.id,
            photo_id=self.photos[deed.gift.id][0],
            witness=self.rng.choice(tuple(Witness)[:5]),
            at=deed.at("delivered"),
            recorded_by=self.teller.staff.clerk(deed.ask.village),
        )

    def _answers(self, deed: Deed) -> list[ConfirmationRow]:
        gift, rows = deed.gift, []
        if "by_household" in gift.days:
            rows.append(ConfirmationRow(gift.id, ConfirmerKind.HOUSEHOLD, ConfirmHow.SLIP, deed.at("by_household")))
        if "by_second" in gift.days:
            rows.append(
                ConfirmationRow(
                    gift.id,
                    ConfirmerKind.SECOND,
                    ConfirmHow.VISIT,
                    deed.at("by_second"),
                    user_id=self._second(deed),
                )
            )
        if not rows and gift.id % 12 == 0:
            missing = deed.at("delivered") + timedelta(minutes=40)
            rows.append(
                ConfirmationRow(gift.id, ConfirmerKind.HOUSEHOLD, ConfirmHow.SLIP, missing, False, _NOT_ARRIVED)
            )
        return rows

    def _feedback(self, deed: Deed) -> FeedbackRow:
        return FeedbackRow(
            pledge_id=deed.gift.id,
            words=self.rng.choice(_THANKS),
            at=deed.at("reported"),
            recorded_by=self.teller.staff.clerk(deed.ask.village),
            rating=self.rng.choice((4, 5, 5, 5)),
            may_publish=self.rng.random() < 0.7,
        )


def _receive_key(deed: Deed) -> str:
    return f"receive:demonstration-{deed.gift.code}"


def _use_key(deed: Deed) -> str:
    return f"use:demonstration-{deed.gift.code}"


def _payee(deed: Deed) -> str:
    return _PAYEES.get(deed.ask.text.category, _OTHER_PAYEE)


def _purpose(deed: Deed) -> str:
    return deed.ask.lines[0].name
