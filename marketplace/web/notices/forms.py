"""Forms of notices: propose a change with its appraisal, plan a notice, a photo of the board."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileAllowed, FileField, FileRequired
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from marketplace.core.kinds import MonitoredAs, StatusMove, find_member
from marketplace.households.service import Appraisal
from marketplace.notices.models import LONGEST_DAYS, SHORTEST_DAYS
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm

_IMAGES = FileAllowed(["jpg", "jpeg", "png", "webp"], _l("Send a JPEG, PNG or WebP photo."))
_FILL_IN = _l("Fill this in.")
_MOST_VILLAGERS = 5000


def _votes(label: Any) -> IntegerField:
    whole = NumberRange(0, _MOST_VILLAGERS, _l("Write a whole number of people."))
    return IntegerField(label, [InputRequired(_l("Write a whole number of people.")), whole])


class ProposalForm(BaseForm):
    """A change of status with the appraisal of the villagers' meeting."""

    move = RadioField(_l("What changes"), [InputRequired(_l("Choose what changes."))])
    monitored_as = RadioField(_l("Which kind of monitoring"), [Optional()])
    reason = StringField(_l("Why"), [DataRequired(_FILL_IN), Length(max=160)])
    appraised_on = DateField(_l("Day of the villagers' meeting"), [InputRequired(_l("Choose the day."))])
    present = _votes(_l("Present"))
    votes_for = _votes(_l("In favour"))
    votes_against = _votes(_l("Against"))
    abstained = _votes(_l("Abstained"))
    minutes = FileField(_l("Photo of the minutes"), [FileRequired(_l("Take a photo of the minutes.")), _IMAGES])

    def offer(self, moves: Sequence[StatusMove]) -> "ProposalForm":
        """The moves that are possible from here, and the three kinds of monitoring."""
        self.move.choices = [SelectChoice(move.value, term(move)) for move in moves]
        self.monitored_as.choices = [SelectChoice(kind.value, term(kind)) for kind in MonitoredAs]
        return self

    @property
    def chosen_move(self) -> StatusMove:
        """The move that was chosen; the list of choices has been checked."""
        return next(move for move in StatusMove if move.value == self.move.data)

    @property
    def chosen_kind(self) -> MonitoredAs | None:
        """The kind of monitoring, where it is one; a kind left over from another choice says nothing."""
        return find_member(MonitoredAs, self.monitored_as.data) if self.move.data == StatusMove.MONITOR else None

    @property
    def appraisal(self) -> Appraisal:
        """The meeting as it was typed."""
        return Appraisal(
            self.appraised_on.data,
            self.present.data,
            self.votes_for.data,
            self.votes_against.data,
            self.abstained.data,
        )


class PlanForm(BaseForm):
    """Which lines a notice has and how long it hangs."""

    lines = SelectMultipleField(
        _l("What goes on the notice"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    days = IntegerField(
        _l("How many days it hangs"),
        [InputRequired(_FILL_IN), NumberRange(SHORTEST_DAYS, LONGEST_DAYS, _l("A notice hangs for 5 to 60 days."))],
        default=7,
    )
    shows_names = BooleanField(_l("The rule asks for names on this board"))


class BoardForm(BaseForm):
    """A photo of the board on which the notice hangs."""

    photo = FileField(_l("Photo of the posted board"), [FileRequired(_l("Take a photo of the board.")), _IMAGES])
