"""Forms of accounts: log in, set and change a password, add a colleague."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, Length
from wtforms.widgets import HiddenInput

from marketplace.accounts.passwords import LONGEST
from marketplace.accounts.policy import GRANTABLE
from marketplace.core.permissions import Role
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm

_NAME_LENGTH = 60
_PHONE_LENGTH = 20


class LoginForm(BaseForm):
    """Phone number and password."""

    phone = StringField(_l("Mobile number"), [DataRequired(_l("Write your mobile number.")), Length(max=_PHONE_LENGTH)])
    password = PasswordField(_l("Password"), [DataRequired(_l("Write your password."))])
    next = HiddenField()
    # A form that met an ended session, sealed.
    kept = HiddenField()


class WelcomeForm(BaseForm):
    """The first password of an invited person."""

    password = PasswordField(_l("Choose a password"), [DataRequired(_l("Write a password.")), Length(max=LONGEST)])


class NameForm(BaseForm):
    """What the pages call the reader."""

    name = StringField(_l("Name"), [DataRequired(_l("Write the name.")), Length(max=_NAME_LENGTH)])


class PasswordForm(BaseForm):
    """A new password for somebody who knows the present one."""

    current = PasswordField(_l("Present password"), [DataRequired(_l("Write your present password."))])
    password = PasswordField(_l("New password"), [DataRequired(_l("Write a password.")), Length(max=LONGEST)])


class LogoutForm(BaseForm):
    """Carries the form token only."""


class ColleagueForm(BaseForm):
    """Add somebody to the staff of the area."""

    phone = StringField(_l("Mobile number"), [DataRequired(_l("Write the mobile number.")), Length(max=_PHONE_LENGTH)])
    name = StringField(_l("Name"), [DataRequired(_l("Write the name.")), Length(max=_NAME_LENGTH)])
    role = SelectField(_l("Role"), coerce=Role)
    division = SelectField(_l("For which place"))

    def offer(self, divisions: list[tuple[str, str]]) -> None:
        """The roles that may be granted and the places of the area as (code, name)."""
        self.role.choices = [SelectChoice(role.value, term(role)) for role in GRANTABLE]
        self.division.choices = [SelectChoice(code, name) for code, name in divisions]


class GrantForm(BaseForm):
    """Names one granted role."""

    grant = IntegerField(widget=HiddenInput())
