"""Write the planned needs as the platform would have kept them: consent, reviews, photos, slips."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from marketplace.core.codes import Prefix, new_code, new_slip_code
from marketplace.core.kinds import SupportKind
from marketplace.core.workflow import NeedState
from marketplace.db.clock import china_day
from marketplace.demo.asks import OPEN_DAYS, Ask
from marketplace.demo.facts import AS_OF
from marketplace.demo.pictures import Album
from marketplace.demo.staff import Staff
from marketplace.media.bulk import PhotoRow, insert_photos
from marketplace.needs.models import ConsentHow, Decision, Need, ReturnReason
from marketplace.needs.service import ConsentRow, LineRow, NeedRow, ReviewRow, insert_needs

_N = NeedState
_WITNESSES = ("村委会主任", "村民小组长", "驻村工作队员")
_DOCUMENTS = ("consent", "home_visit", "price")
_RETURN_REASONS = (ReturnReason.PRICE_HIGH, ReturnReason.QUANTITY_UNCLEAR, ReturnReason.STORY_SHORT)
_REJECT_REASONS = (ReturnReason.DUPLICATE, ReturnReason.NOT_A_NEED)
_PHOTO_SHARE = 0.4
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_NAME_LENGTH = 32
_STEPS = ("what", "how_much", "why")


@dataclass(slots=True)
class Teller:
    """Writes needs and photos with codes that the seed decides."""

    staff: Staff
    album: Album
    rng: Random
    codes: set[str] = field(default_factory=set)

    def code(self, prefix: Prefix) -> str:
        """A fresh code."""
        while (code := new_code(prefix, self.rng.choice)) in self.codes:
            pass
        self.codes.add(code)
        return code

    def token(self) -> str:
        """A photo's random name."""
        return "".join(self.rng.choices(_LETTERS, k=_NAME_LENGTH))

    def write_needs(self, asks: Sequence[Ask], *, items: dict[tuple[str, str], int]) -> list[Need]:
        """Insert the needs; ``items`` maps (name, unit) to the catalogue's ids. In the order of ``asks``."""
        photos = self._write_photos(asks)
        return insert_needs(
            self._row(ask, number, photo_ids=photos.get(number, ()), items=items) for number, ask in enumerate(asks)
        )

    def _write_photos(self, asks: Sequence[Ask]) -> dict[int, tuple[int, ...]]:
        chosen = [
            number
            for number, ask in enumerate(asks)
            if ask.text.kind is SupportKind.GOODS and ask.days and self.rng.random() < _PHOTO_SHARE
        ]
        ids = insert_photos([self._photo(asks[number], number) for number in chosen])
        return {number: (photo_id,) for number, photo_id in zip(chosen, ids, strict=True)}

    def _photo(self, ask: Ask, number: int) -> PhotoRow:
        drawn = self.album.picture(ask.text.category, variant=number)
        published = ask.days.get("published")
        return PhotoRow(
            token=self.token(),
            picture=drawn.picture,
            upload_sha256=drawn.sha256,
            division_code=ask.village,
            caption=ask.lines[0].name,
            uploaded_by=self.staff.clerk(ask.village),
            uploaded_at=ask.calendar.at(0),
            checked_by=None if published is None else self.staff.reviewer(ask.village),
            checked_at=None if published is None else ask.calendar.at(published),
        )

    def _row(self, ask: Ask, number: int, *, photo_ids: tuple[int, ...], items: dict[tuple[str, str], int]) -> NeedRow:
        rng, days, at = self.rng, ask.days, ask.calendar.at
        created = at(0)
        moments = {
            f"{step}_at": at(days[day]) if (day := _last_of(step, days)) else None
            for step in ("submitted", "published", "pledged", "delivered", "confirmed", "closed")
        }
        published = moments["published_at"]
        return NeedRow(
            code=self.code(Prefix.NEED),
            client_key=f"demonstration-{number}",
            division_code=ask.village,
            poster_id=self.staff.clerk(ask.village),
            category=ask.text.category,
            story=ask.story,
            lines=_with_pledged(ask, items),
            created_at=created,
            state=ask.state,
            household_id=ask.household.id if ask.household else None,
            urgency=ask.urgency,
            needed_by=(AS_OF + timedelta(days=rng.randrange(5, 60))).date() if rng.random() < 0.2 else None,
            helped_before=ask.helped_before,
            consent=self._consent(ask),
            reviews=self._reviews(ask),
            slip_code=new_slip_code(rng.choice) if ask.household and days else None,
            photo_ids=photo_ids,
            expires_on=china_day(published + timedelta(days=OPEN_DAYS)) if published else None,
            step="check" if days else rng.choice(_STEPS),
            **moments,
        )

    def _consent(self, ask: Ask) -> ConsentRow | None:
        if ask.household is None or not ask.days:
            return None
        spoken = self.rng.random() < 0.3
        return ConsentRow(
            given_by=ask.household.head_name,
            how=ConsentHow.SPOKEN if spoken else ConsentHow.SIGNED,
            witness=self.rng.choice(_WITNESSES) if spoken else "",
            given_at=ask.calendar.at(0),
        )

    def _reviews(self, ask: Ask) -> tuple[ReviewRow, ...]:
        reviewer, days, at = self.staff.reviewer(ask.village), ask.days, ask.calendar.at
        made = []
        if "returned" in days:
            reason = self.rng.choice(_RETURN_REASONS)
            made.append(ReviewRow(reviewer, Decision.RETURN, at(days["returned"]), _DOCUMENTS, reason))
        if "rejected" in days:
            reason = self.rng.choice(_REJECT_REASONS)
            made.append(ReviewRow(reviewer, Decision.REJECT, at(days["rejected"]), _DOCUMENTS, reason))
        if "published" in days:
            documents = _DOCUMENTS if ask.household else _DOCUMENTS[1:]
            made.append(ReviewRow(reviewer, Decision.APPROVE, at(days["published"]), documents))
        return tuple(made)


def _last_of(step: str, days: dict[str, float]) -> str | None:
    """The day to show for a step; a need that was sent twice shows the second time."""
    name = "resubmitted" if step == "submitted" and "resubmitted" in days else step
    return name if name in days else None


def _with_pledged(ask: Ask, items: dict[tuple[str, str], int]) -> tuple[LineRow, ...]:
    """The lines with what living promises hold of each."""
    held = [0] * len(ask.lines)
    for gift in ask.gifts:
        if gift.holds:
            for position, quantity in gift.parts:
                held[position] += quantity
    return tuple(
        replace(line, pledged=pledged, item_id=items.get((line.name, line.unit)))
        for line, pledged in zip(ask.lines, held, strict=True)
    )
