"""Forms of complaints: what somebody reports, and what handlers answer and decide."""

import secrets
from typing import Any, Self

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileAllowed, FileField
from wtforms import DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from marketplace.core.kinds import find_member
from marketplace.grievances.fraud import Police, Suspected
from marketplace.grievances.fraud_models import Suspicion
from marketplace.grievances.models import Cause, StaffLevel
from marketplace.grievances.queries import Subject
from marketplace.grievances.service import Complaint
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm
from marketplace.web.i18n import say

_IMAGES = FileAllowed(["jpg", "jpeg", "png", "webp"], _l("Send a JPEG, PNG or WebP photo."))
_NOBODY = ""
_REPORTED, _NOT_YET = "yes", "no"


def _new_key() -> str:
    return secrets.token_urlsafe(16)


class ReportForm(BaseForm):
    """What is wrong; nobody has to say who he is."""

    county = SelectField(_l("Where is it?"))
    entry = SelectField(_l("Which line of the notice?"))
    cause = RadioField(_l("What is wrong?"), [InputRequired(_l("Choose what is wrong."))])
    words = TextAreaField(
        _l("Say it in your own words"),
        [DataRequired(_l("Say in 4 to 1,000 characters what is wrong.")), Length(max=1000)],
        render_kw={"rows": 5},
    )
    about_staff = SelectField(_l("Is it about somebody who works for the village, township or county?"))
    photo = FileField(_l("Photo as evidence"), [Optional(), _IMAGES])
    contact = StringField(_l("How we can reach you"), [Optional(), Length(max=100)])
    client_key = HiddenField(default=_new_key, validators=[Length(min=8, max=40)])
    # People do not see this field; whatever fills it in is no person.
    website = StringField(_l("Leave this empty"))

    def offer(self, subject: Subject | None, counties: list[tuple[str, str]]) -> "ReportForm":
        """The closed lists, and only the questions that this subject leaves open."""
        self.cause.choices = [SelectChoice(cause.value, term(cause)) for cause in Cause]
        self.about_staff.choices = [
            SelectChoice(_NOBODY, _l("No")),
            *(SelectChoice(level.value, term(level)) for level in StaffLevel),
        ]
        if subject is not None:
            del self.county
        else:
            self.county.choices = counties
        if subject is None or subject.shown is None or len(subject.shown.entries) < 2:
            del self.entry
        else:
            self.entry.choices = [
                SelectChoice("", _l("All of it")),
                *(SelectChoice(str(e.id), _line(e)) for e in subject.shown.entries),
            ]
        return self

    @property
    def complaint(self) -> Complaint:
        """As it was typed; the lists of choices have been checked."""
        entry = self.entry.data if "entry" in self else None
        return Complaint(
            cause=next(cause for cause in Cause if cause.value == self.cause.data),
            words=self.words.data,
            contact=self.contact.data or "",
            about_staff=find_member(StaffLevel, self.about_staff.data),
            entry_id=int(entry) if entry else None,
            client_key=self.client_key.data,
        )


def _line(entry: Any) -> str:
    return f"{entry.code} · {term(entry.move) if entry.move else entry.title or say('Taken back')}"


class AnswerForm(BaseForm):
    """What whoever has the ticket reads."""

    words = TextAreaField(
        _l("The answer"),
        [DataRequired(_l("Write the answer in 4 to 600 characters, without names."))],
        render_kw={"rows": 4},
    )


class DecisionForm(BaseForm):
    """Right or not, and why."""

    reason = StringField(
        _l("Reason for the decision"),
        [DataRequired(_l("Every decision has a reason: write it in 4 to 300 characters.")), Length(max=300)],
    )


class SuspicionForm(BaseForm):
    """What is suspected, and what speaks for it."""

    suspicion = RadioField(_l("What is suspected?"), [InputRequired(_l("Choose what is suspected."))])
    summary = TextAreaField(_l("What is suspected, in your words"), render_kw={"rows": 4})
    evidence = TextAreaField(_l("What speaks for it, and where it is kept"), render_kw={"rows": 3})

    def offer(self) -> Self:
        """The closed list."""
        self.suspicion.choices = [SelectChoice(each.value, term(each)) for each in Suspicion]
        return self

    @property
    def suspected(self) -> Suspected:
        """As it was typed; the list of choices has been checked."""
        chosen = next(each for each in Suspicion if each.value == self.suspicion.data)
        return Suspected(chosen, self.summary.data or "", self.evidence.data or "")


class PoliceForm(BaseForm):
    """Reported to the police, when and under which number; or not yet, and why."""

    is_reported = RadioField(
        _l("Is it reported to the police?"),
        [InputRequired(_l("Choose whether it is reported to the police."))],
        choices=[SelectChoice(_REPORTED, _l("Reported")), SelectChoice(_NOT_YET, _l("Not yet"))],
    )
    reported_on = DateField(_l("Day of the report"), [Optional()])
    reference = StringField(_l("Police station and number of the receipt"), [Optional(), Length(max=120)])
    why_not = StringField(_l("Why it is not reported yet"), [Optional(), Length(max=300)])

    def validate_reported_on(self, field: DateField) -> None:
        """Who says yes says when."""
        if self.is_reported.data == _REPORTED and field.data is None and not field.errors:
            raise ValidationError(_l("Choose the day on which it was reported."))

    @property
    def police(self) -> Police:
        """As it was typed; what belongs to the other answer says nothing."""
        if self.is_reported.data == _REPORTED:
            return Police(reported_on=self.reported_on.data, reference=self.reference.data or "")
        return Police(why_not=self.why_not.data or "")


class FraudForm(SuspicionForm, PoliceForm):
    """A new case: what is suspected, then whether the police knows."""


class CloseForm(BaseForm):
    """What was put right."""

    put_right = StringField(_l("What was put right"), [Optional(), Length(max=300)])
