"""The form of a pledge: what, how much, how it travels, what is public; made from the need's open lines."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from marketplace.core.actor import Actor
from marketplace.core.errors import Invalid
from marketplace.core.kinds import SupportKind, find_member
from marketplace.core.money import Money, parse_money
from marketplace.db import db
from marketplace.donors.models import Donor
from marketplace.needs.models import MONEY_UNIT
from marketplace.needs.public import PublicLine, PublicNeed
from marketplace.pledges.models import Way
from marketplace.pledges.service import LONGEST_INTENT
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm

ALL, PART = "all", "part"
_LONGEST_NUMBER = 20
_QUANTITIES = re.compile(r"\d{1,12}:\d{1,14}(?: \d{1,12}:\d{1,14})*")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the donor chose, in the units of the lines."""

    quantities: Mapping[int, int]
    way: Way
    intent: str
    shows_name: bool
    shows_amount: bool


class PledgeForm(BaseForm):
    """Shown beside a need and sent as an address, so that signing in on the way loses nothing."""

    choose = RadioField(_l("What do you pledge?"), default=ALL, validate_choice=False)
    way = RadioField(_l("How will it travel?"), validate_choice=False)
    intent = StringField(
        _l("Your words about its use"),
        [Optional(), Length(max=LONGEST_INTENT, message=_l("Write at most 200 characters."))],
    )
    hide_name = BooleanField(_l("Do not show my name"))
    hide_amount = BooleanField(_l("Do not show the amount"))

    lines: tuple[PublicLine, ...] = ()

    @property
    def parts(self) -> list[tuple[PublicLine, Any]]:
        """Each open line with the field for a part of it; nothing where there is only one thing to give."""
        if len(self.lines) == 1 and self.lines[0].open == 1:
            return []
        return [(line, self[f"line_{line.id}"]) for line in self.lines]

    def choice(self) -> Choice:
        """What was chosen; Invalid, naming the field, where a number cannot be read."""
        typed = {line: self[f"line_{line.id}"].data or "" for line, _field in self.parts}
        wants_part = self.choose.data == PART or any(text.strip() for text in typed.values())
        if wants_part and self.parts:
            quantities = {line.id: _quantity(line, text) for line, text in typed.items() if text.strip()}
            if not quantities:
                raise Invalid("Write how much you want to give.", field="choose")
        else:
            quantities = {line.id: line.open for line in self.lines}
        way = find_member(Way, self.way.data)
        if way is None or way not in _ways_for(self.lines):
            raise Invalid("Choose how it will travel.", field="way")
        if len(self.intent.data or "") > LONGEST_INTENT:
            raise Invalid("Write at most 200 characters.", field="intent")
        return Choice(
            quantities=quantities,
            way=way,
            intent=(self.intent.data or "").strip(),
            shows_name=not self.hide_name.data,
            shows_amount=not self.hide_amount.data,
        )


class ConditionForm(BaseForm):
    """A condition for a pledge that is made already."""

    condition = TextAreaField(_l("Condition"), render_kw={"rows": 3})


class RefusalForm(BaseForm):
    """Why a condition is not accepted."""

    reason = StringField(_l("Why not: the donor reads it"))


class MakeForm(BaseForm):
    """What the check page sends: the choice in plain numbers, so that a repeat means the same whatever is open then."""

    quantities = HiddenField(validators=[DataRequired(), Length(max=2_000)])
    way = HiddenField(validators=[DataRequired()])
    intent = HiddenField(validators=[Length(max=LONGEST_INTENT)])
    shows_name = HiddenField()
    shows_amount = HiddenField()
    client_key = HiddenField(validators=[DataRequired(), Length(max=64)])
    # The one thing that is typed here; the service says what is wrong with it.
    condition = TextAreaField(_l("Condition"), [Optional()], render_kw={"rows": 3})

    def choice(self) -> Choice | None:
        """The choice, or None where the form was not sent as it was drawn."""
        way = find_member(Way, self.way.data)
        if way is None or not self.validate() or not _QUANTITIES.fullmatch(self.quantities.data):
            return None
        pairs = (pair.split(":") for pair in self.quantities.data.split())
        return Choice(
            quantities={int(line_id): int(quantity) for line_id, quantity in pairs},
            way=way,
            intent=self.intent.data or "",
            shows_name=bool(self.shows_name.data),
            shows_amount=bool(self.shows_amount.data),
        )


def make_form(choice: Choice | None = None, *, client_key: str = "") -> MakeForm:
    """The form of the check page for a choice; without one, the form that was sent."""
    if choice is None:
        return MakeForm()
    drawn = MakeForm(formdata=None)
    drawn.quantities.data = " ".join(f"{line_id}:{quantity}" for line_id, quantity in choice.quantities.items())
    drawn.way.data, drawn.intent.data, drawn.client_key.data = choice.way.value, choice.intent, client_key
    drawn.shows_name.data, drawn.shows_amount.data = _tick(choice.shows_name), _tick(choice.shows_amount)
    return drawn


def sent_for(card: PublicNeed, choice: Choice) -> dict[str, str]:
    """A choice as the choosing form would send it: for the way back, and for a second try."""
    lines = {line.id: line for line in card.lines}
    is_all = choice.quantities == {line.id: line.open for line in card.lines if line.open}
    sent = {"choose": ALL if is_all else PART, "way": choice.way.value, "intent": choice.intent}
    sent |= {"hide_name": _tick(not choice.shows_name), "hide_amount": _tick(not choice.shows_amount)}
    if not is_all:
        known = {i: q for i, q in choice.quantities.items() if i in lines}
        sent |= {f"line_{i}": Money(q).short if lines[i].unit == MONEY_UNIT else str(q) for i, q in known.items()}
    return {name: text for name, text in sent.items() if text}


def _tick(on: bool) -> str:
    return "y" if on else ""


def pledge_form(
    card: PublicNeed,
    *,
    sent: Mapping[str, str] | None = None,
    hides_name: bool = True,
    hides_amount: bool = False,
) -> PledgeForm:
    """The form for a need's open lines, filled with what was ``sent`` or with the donor's own defaults."""
    lines = tuple(line for line in card.lines if line.open)
    bound = {f"line_{line.id}": StringField(_part_label(line), [Length(max=_LONGEST_NUMBER)]) for line in lines}
    form_class: type[PledgeForm] = type("PledgeForm", (PledgeForm,), bound)
    was_sent = MultiDict(sent) if sent and "way" in sent else None
    defaults = {"choose": ALL, "way": _ways_for(lines)[0], "hide_name": hides_name, "hide_amount": hides_amount}
    form = form_class(formdata=was_sent, data=None if was_sent else defaults, meta={"csrf": False})
    form.lines = lines
    form.choose.choices = [(ALL, all_words(lines)), (PART, _("Only a part"))][: 2 if form.parts else 1]
    form.way.choices = [(way.value, term(way)) for way in _ways_for(lines)]
    return form


def form_for(card: PublicNeed, actor: Actor) -> PledgeForm:
    """The form as this reader finds it: what the address says, else the donor's own defaults, else hidden."""
    donor = db.session.get(Donor, actor.donor_id) if actor.donor_id is not None else None
    return pledge_form(
        card,
        sent=request.args,
        hides_name=not (donor is not None and donor.shows_name),
        hides_amount=donor is not None and not donor.shows_amount,
    )


def all_words(lines: tuple[PublicLine, ...]) -> str:
    """``取暖炉 1 台``, or everything that is still open."""
    if len(lines) == 1:
        return quantity_words(lines[0], lines[0].open)
    return str(_("Everything that is still open"))


def quantity_words(line: PublicLine, quantity: int) -> str:
    """``棉被 4 床``; money in yuan."""
    if line.unit == MONEY_UNIT:
        return str(_("%(name)s %(yuan)s yuan", name=line.name, yuan=Money(quantity).short))
    return f"{line.name} {quantity:,} {line.unit}"


def _part_label(line: PublicLine) -> str:
    if line.unit == MONEY_UNIT:
        return str(_("%(name)s, yuan (open: %(open)s)", name=line.name, open=Money(line.open).short))
    return str(_("%(name)s, %(unit)s (open: %(open)s)", name=line.name, unit=line.unit, open=f"{line.open:,}"))


def _ways_for(lines: tuple[PublicLine, ...]) -> list[Way]:
    """Money goes to a charity's account; things may be bought by one; time is given in person."""
    kinds = {line.kind for line in lines}
    if kinds == {SupportKind.MONEY}:
        return [Way.CHARITY]
    if kinds <= {SupportKind.MONEY, SupportKind.GOODS}:
        return [Way.CHARITY, Way.SHIP, Way.DIRECT]
    if kinds.isdisjoint({SupportKind.MONEY, SupportKind.GOODS}):
        return [Way.DIRECT]
    return [Way.DIRECT, Way.CHARITY]


def _quantity(line: PublicLine, text: str) -> int:
    field = f"line_{line.id}"
    if line.unit == MONEY_UNIT:
        try:
            given = parse_money(text)
        except Invalid as error:
            raise Invalid(error.message, field=field) from error
        if given.fen > line.open:
            raise Invalid("Only %(yuan)s yuan are still open.", field=field, yuan=Money(line.open).short)
        return given.fen
    digits = text.strip()
    if not digits.isdecimal() or not 0 < int(digits) <= line.open:
        raise Invalid("Write a whole number from 1 to %(open)d.", field=field, open=line.open)
    return int(digits)
