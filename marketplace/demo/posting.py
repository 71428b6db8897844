"""Made-up notices in every state, changes of status that wait or took effect, and complaints at every step."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import sqlalchemy as sa

from marketplace.core.codes import Prefix, new_slip_code
from marketplace.core.divisions import Level, at_level, level_of
from marketplace.core.kinds import MonitoredAs, NeedCategory, StatusMove
from marketplace.core.workdays import Calendar
from marketplace.core.workflow import HOUSEHOLD_MOVES, GrievanceState, HouseholdStatus, NeedState, NoticeState
from marketplace.db import db
from marketplace.db.clock import china_day
from marketplace.demo.facts import AS_OF
from marketplace.demo.pictures import Drawn
from marketplace.demo.places import Places
from marketplace.demo.telling import Teller
from marketplace.grievances.models import Cause, Grievance, StaffLevel
from marketplace.grievances.service import ANSWER_WITHIN
from marketplace.households.models import Household, ProposalState, StatusChange, StatusProposal
from marketplace.media.bulk import PhotoRow, insert_photos
from marketplace.needs.models import Need
from marketplace.notices.models import BoardPhoto, Notice, NoticeEntry, NoticeKind

_S, _G = HouseholdStatus, GrievanceState
_DAY = timedelta(days=1)
_REASONS = {
    StatusMove.EXIT: "两不愁三保障已达标，收入稳定",
    StatusMove.MONITOR: "收入下降，有返贫风险",
}
# Villages beside the accounts' own that have a notice: closed ones, and ones that hang.
_CLOSED_VILLAGES, _OPEN_VILLAGES = 12, 6


@dataclass(frozen=True, slots=True)
class _Plan:
    """A notice to be made: the statuses of its households, when it was posted, whether names stand on it."""

    village: str
    wanted: tuple[HouseholdStatus, ...]
    posted_days_ago: float | None
    days: int = 7
    shows_names: bool = False


@dataclass(slots=True)
class Poster:
    """Writes notices and complaints with codes that the seed decides."""

    teller: Teller
    places: Places
    rng: Random

    def write(self) -> int:
        """Insert everything; returns how many notices and complaints there are."""
        notices = [self._notice(plan) for plan in self._plans()]
        self._propose(self._households(self.places.stage, (_S.REGISTERED,)), AS_OF - 2 * _DAY)
        return len(notices) + len(self._complaints(notices))

    def _plans(self) -> list[_Plan]:
        stage = self.places.stage
        places = {division for _, division in self.teller.staff.posts if level_of(division) is Level.VILLAGE}
        villages = sorted(places - {stage})
        drawn = self.rng.sample(villages, min(_CLOSED_VILLAGES + _OPEN_VILLAGES, len(villages)))
        closed = [_Plan(v, (_S.EXITED,) * 2, self.rng.uniform(20, 200)) for v in drawn[:_CLOSED_VILLAGES]]
        hanging = [_Plan(v, (_S.EXITED, _S.REGISTERED), self.rng.uniform(1, 6)) for v in drawn[_CLOSED_VILLAGES:]]
        own = [
            _Plan(stage, (_S.EXITED, _S.EXITED), 60),
            _Plan(stage, (_S.REGISTERED, _S.EXITED), 3, shows_names=True),
            _Plan(stage, (_S.REGISTERED,), 12),
            _Plan(stage, (_S.EXITED,), None),
        ]
        return [*closed, *hanging, *own]

    def _notice(self, plan: _Plan) -> Notice:
        staff = self.teller.staff
        posted = None if plan.posted_days_ago is None else _office_hours(AS_OF - plan.posted_days_ago * _DAY)
        planned = (posted or AS_OF) - 2 * _DAY
        ends_on = None if posted is None else china_day(posted) + plan.days * _DAY
        # A notice of the accounts' village hangs longer than its days: an objection holds it.
        is_over = ends_on is not None and ends_on < AS_OF.date() and plan.posted_days_ago != 12
        closed = _office_hours(datetime.combine(ends_on + _DAY, AS_OF.timetz())) if is_over and ends_on else None
        notice = Notice(
            code=self.teller.code(Prefix.NOTICE),
            kind=NoticeKind.STATUS,
            division_code=plan.village,
            days=plan.days,
            shows_names=plan.shows_names,
            state=NoticeState.CLOSED if closed else NoticeState.OPEN if posted else NoticeState.PLANNED,
            open_objections=0,
            planned_by=staff.reviewer(plan.village),
            planned_at=planned,
            posted_by=staff.clerk(plan.village) if posted else None,
            posted_at=posted,
            ends_on=ends_on,
            closed_at=closed,
        )
        homes = self._households(plan.village, plan.wanted)
        proposals = self._propose(homes, planned - 3 * _DAY)
        notice.entries = [NoticeEntry(position=n, proposal_id=row.id) for n, row in enumerate(proposals, start=1)]
        db.session.add(notice)
        db.session.flush()
        if posted is not None:
            self._photograph(notice, posted)
        if closed is not None:
            self._apply(proposals, homes, closed)
        return notice

    def _households(self, village: str, wanted: Sequence[HouseholdStatus]) -> list[Household]:
        """One household for each status that is wanted, none of which has a change pending."""
        busy = sa.select(StatusProposal.household_id)
        found: list[Household] = []
        for status in wanted:
            chosen = sa.select(Household).where(
                Household.division_code == village,
                Household.status == status,
                Household.id.not_in(busy),
                Household.id.not_in([home.id for home in found]),
            )
            found += list(db.session.scalars(chosen.order_by(Household.id.desc()).limit(1)))
        return found

    def _propose(self, homes: Sequence[Household], at: datetime) -> list[StatusProposal]:
        at = _office_hours(at)
        photos = self._photos([(home.division_code, at) for home in homes])
        rows = [self._proposal(home, at, photo_id) for home, (photo_id, _) in zip(homes, photos, strict=True)]
        db.session.add_all(rows)
        db.session.flush()
        return rows

    def _proposal(self, home: Household, at: datetime, photo_id: int) -> StatusProposal:
        rng = self.rng
        move = StatusMove.EXIT if home.status is _S.REGISTERED else StatusMove.MONITOR
        against, abstained = rng.randrange(3), rng.randrange(3)
        votes = rng.randrange(24, 46)
        return StatusProposal(
            household_id=home.id,
            move=move,
            status_after=HOUSEHOLD_MOVES[(home.status, move)],
            monitored_as=rng.choice((MonitoredAs.UNSTABLE, MonitoredAs.SUDDEN)) if move is StatusMove.MONITOR else None,
            reason=_REASONS[move],
            appraised_on=china_day(at - _DAY),
            present=votes + against + abstained,
            votes_for=votes,
            votes_against=against,
            abstained=abstained,
            minutes_id=photo_id,
            proposed_by=self.teller.staff.reviewer(home.division_code),
            proposed_at=at,
            state=ProposalState.PENDING,
        )

    def _apply(self, proposals: Sequence[StatusProposal], homes: Sequence[Household], at: datetime) -> None:
        for proposal, home in zip(proposals, homes, strict=True):
            kind = proposal.monitored_as
            home.status = proposal.status_after
            proposal.state, proposal.decided_at = ProposalState.APPLIED, at
            db.session.add(
                StatusChange(
                    household_id=home.id,
                    status=home.status,
                    effective_on=china_day(at),
                    reason=f"{kind.label}：{proposal.reason}" if kind else proposal.reason,
                    recorded_at=at,
                    recorded_by=proposal.proposed_by,
                )
            )
        db.session.flush()

    def _photograph(self, notice: Notice, at: datetime) -> None:
        ((photo_id, drawn),) = self._photos([(notice.division_code, at)])
        digest = hashlib.sha256(drawn.picture.full).digest()
        db.session.add(
            BoardPhoto(notice_id=notice.id, photo_id=photo_id, sha256=digest, taken_by=notice.posted_by, taken_at=at)
        )

    def _photos(self, places: Sequence[tuple[str, datetime]]) -> list[tuple[int, Drawn]]:
        drawn = [self.teller.album.picture(NeedCategory.LAW, variant=number) for number in range(len(places))]
        rows = [
            PhotoRow(
                token=self.teller.token(),
                picture=picture.picture,
                upload_sha256=picture.sha256,
                division_code=village,
                caption="",
                uploaded_by=self.teller.staff.clerk(village),
                uploaded_at=at,
            )
            for picture, (village, at) in zip(drawn, places, strict=True)
        ]
        return list(zip(insert_photos(rows), drawn, strict=True))

    def _complaints(self, notices: Sequence[Notice]) -> list[Grievance]:
        stage, own = self.places.stage, [n for n in notices if n.division_code == self.places.stage and n.posted_at]
        closed, hanging, held = own
        needs = {
            state: db.session.scalars(
                sa.select(Need).where(Need.division_code == stage, Need.state == state).order_by(Need.id)
            ).first()
            for state in (NeedState.PUBLISHED, NeedState.SUSPENDED)
        }
        made = [
            self._complaint(Cause.UNTRUE, "这户去年添了农用车，收入应该够了。", 5, notice=held, state=_G.ASSIGNED),
            self._complaint(Cause.UNTRUE, "这户儿子在外做工，情况要再核实。", 1, notice=hanging),
            self._complaint(Cause.OTHER, "公示栏太高，看不清。", 58, notice=closed, state=_G.CLOSED, is_upheld=False),
            self._complaint(Cause.LEFT_OUT, "二组有一户遭了雪灾，没有纳入监测。", 16),
            self._complaint(Cause.CONDUCT, "送东西时要求先合影。", 4, about_staff=StaffLevel.VILLAGE),
            self._complaint(Cause.CONDUCT, "打电话问进度没有人理。", 3, about_staff=StaffLevel.TOWNSHIP),
        ]
        if (need := needs[NeedState.SUSPENDED]) is not None:
            made.append(
                self._complaint(Cause.UNTRUE, "价格比集市上高。", 9, need=need, state=_G.UPHELD, is_upheld=True)
            )
        if (need := needs[NeedState.PUBLISHED]) is not None:
            made.append(self._complaint(Cause.PRIVACY, "照片里看得到门牌。", 3, need=need, state=_G.ANSWERED))
        db.session.flush()
        return made

    def _complaint(
        self,
        cause: Cause,
        words: str,
        days_ago: float,
        *,
        notice: Notice | None = None,
        need: Need | None = None,
        state: GrievanceState = _G.RECEIVED,
        is_upheld: bool | None = None,
        about_staff: StaffLevel | None = None,
    ) -> Grievance:
        stage = self.places.stage
        received = _office_hours(AS_OF - days_ago * _DAY)
        handler = self.teller.staff.county_admin(stage)
        answered = state not in (_G.RECEIVED, _G.ASSIGNED)
        is_holding = notice is not None and notice.state is NoticeState.OPEN and is_upheld is None
        if notice is not None and is_holding:
            notice.open_objections += 1
        grievance = Grievance(
            code=new_slip_code(self.rng.choice),
            client_key=f"demonstration-{cause}-{days_ago}",
            cause=cause,
            notice_id=notice.id if notice else None,
            held_notice_id=notice.id if notice and is_holding else None,
            need_id=need.id if need else None,
            division_code=stage,
            about_staff=about_staff,
            named_division=_named(stage, about_staff),
            words=words,
            state=state,
            received_at=received,
            due_on=Calendar().after(china_day(received), ANSWER_WITHIN),
            assigned_to=None if state is _G.RECEIVED else handler,
            assigned_at=None if state is _G.RECEIVED else received + _DAY / 4,
            answer="已到村核实，情况如结论所述。" if answered else "",
            answered_at=received + _DAY if answered else None,
            is_upheld=is_upheld,
            decided_by=None if is_upheld is None else handler,
            decided_at=None if is_upheld is None else received + _DAY,
            decision_reason={None: "", True: "比对参考价，确实偏高。", False: "已加装放大版，与资格无关。"}[is_upheld],
            put_right="已加装大字版" if state is _G.CLOSED else "",
            closed_at=received + 1.2 * _DAY if state is _G.CLOSED else None,
        )
        db.session.add(grievance)
        return grievance


def _named(stage: str, about: StaffLevel | None) -> str | None:
    return None if about is None else at_level(stage, about.level)


def _office_hours(moment: datetime) -> datetime:
    """Ten in the morning of the same day in China."""
    return moment.replace(hour=10, minute=0, second=0, microsecond=0)
