"""Forms of the declarations of relatives."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length

from marketplace.relatives.models import Kinship
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm


class DeclareForm(BaseForm):
    """Who it is, named in one of three ways, and how they are related."""

    household_code = StringField(_l("A household: its code"), [Length(max=20)])
    phone = StringField(_l("A colleague: the phone number"), [Length(max=20)])
    id_number = StringField(_l("Somebody else: the ID number"), [Length(max=30)])
    kinship = SelectField(_l("How are you related?"), validate_choice=False)

    def offer(self) -> None:
        """The closed list of relations."""
        self.kinship.choices = [("", _l("Choose")), *((kinship.value, term(kinship)) for kinship in Kinship)]


class OwnNumberForm(BaseForm):
    """One's own ID number, of which only a keyed trace is kept."""

    own_id_number = StringField(_l("My ID number"), [Length(max=30)])


class EndForm(BaseForm):
    """A token alone: end a declaration."""
