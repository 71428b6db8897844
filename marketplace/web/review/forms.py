"""Forms of review: approve with what was seen, return or refuse with a ready reason, look again, pause."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import current_app
from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, URLSafeSerializer
from wtforms import HiddenField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from marketplace.core.errors import Invalid
from marketplace.media.models import Photo
from marketplace.needs.models import ReturnReason
from marketplace.needs.service import Seen
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm, add_error
from marketplace.web.i18n import sentence_of

_LONGEST_NOTE = 300
_SALT = "review-opened"


class Ticks(SelectMultipleField):  # type: ignore[misc]
    """Any number of a closed list, as tick rows."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


@contextmanager
def shown_at(form: BaseForm) -> Iterator[None]:
    """Show what is missing at its field; a decision that came second stays a conflict (C2)."""
    try:
        yield
    except Invalid as error:
        add_error(form, error.field, sentence_of(error))


class DecisionForm(BaseForm):
    """What both decisions carry: when the page was opened, signed, so that a look of two seconds is seen."""

    opened = HiddenField()

    def open(self, code: str, now: datetime) -> None:
        """Note that the page of this need is being opened; a page shown again keeps its first moment."""
        if self.opened_at(code) is None:
            self.opened.data = _signer().dumps([code, now.isoformat()])

    def opened_at(self, code: str) -> datetime | None:
        """When this need's page was opened; None where nothing credible is said."""
        try:
            opened, moment = _signer().loads(self.opened.data or "")
        except (BadSignature, ValueError):
            return None
        return datetime.fromisoformat(moment) if opened == code else None


class ApproveForm(DecisionForm):
    """What was looked at, and which photos may be shown."""

    seen = Ticks(_l("What have you looked at?"))
    photos = Ticks(_l("No face, no document, no address on it"))

    def offer(self, photos: list[Photo], *, has_household: bool) -> None:
        """The closed list of documents, and the photos at hand by their token."""
        kinds = [seen for seen in Seen if has_household or seen is not Seen.CONSENT]
        self.seen.choices = [(seen.value, term(seen)) for seen in kinds]
        self.photos.choices = [
            (photo.token, photo.caption or str(_l("Photo %(number)s", number=number)))
            for number, photo in enumerate(photos, start=1)
        ]


class ReturnForm(DecisionForm):
    """One tap: the reason; a note for what is not in the list."""

    reason = SelectField(_l("Reason"), [InputRequired(_l("Choose a reason."))])
    note = StringField(_l("What has to be changed"), [Length(max=_LONGEST_NOTE)], id="return-note")

    def offer(self) -> None:
        """The ready reasons."""
        self.reason.choices = [(reason.value, term(reason)) for reason in ReturnReason]


class RecheckForm(BaseForm):
    """Agree, or say which reason speaks against the approval."""

    reason = SelectField(_l("What is not right"), validate_choice=False, id="recheck-reason")
    note = StringField(_l("What is not right, in words"), [Length(max=_LONGEST_NOTE)], id="recheck-note")

    def offer(self) -> None:
        """The ready reasons, none chosen."""
        reasons = [(reason.value, term(reason)) for reason in ReturnReason]
        self.reason.choices = [("", _l("Choose a reason.")), *reasons]


class PauseForm(BaseForm):
    """Why a public need is paused."""

    note = StringField(_l("Why it is paused"), [Length(max=_LONGEST_NOTE)], id="pause-note")


class CloseForm(BaseForm):
    """Why nothing more has to be done about a signal."""

    reason = StringField(_l("What you found"), [Length(max=_LONGEST_NOTE)])


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt=_SALT)
