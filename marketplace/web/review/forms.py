"""Forms of review: approve with what was seen, return or refuse with a ready reason, pause."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, SelectMultipleField, StringField
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


class ApproveForm(BaseForm):
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


class ReturnForm(BaseForm):
    """One tap: the reason; a note for what is not in the list."""

    reason = SelectField(_l("Reason"), [InputRequired(_l("Choose a reason."))])
    note = StringField(_l("What has to be changed"), [Length(max=_LONGEST_NOTE)], id="return-note")

    def offer(self) -> None:
        """The ready reasons."""
        self.reason.choices = [(reason.value, term(reason)) for reason in ReturnReason]


class PauseForm(BaseForm):
    """Why a public need is paused."""

    note = StringField(_l("Why it is paused"), [Length(max=_LONGEST_NOTE)], id="pause-note")
