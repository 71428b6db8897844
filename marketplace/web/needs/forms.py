"""Forms of posting a need, one for each step."""

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from marketplace.core.kinds import NeedCategory, SupportKind, Urgency
from marketplace.core.masking import mask_name
from marketplace.households.models import Household
from marketplace.needs.models import MONEY_UNIT, NeedLine
from marketplace.regions.models import Division
from marketplace.web.filters import short, term
from marketplace.web.forms import BaseForm

# A village's own need is told from a household's by this mark before its code.
VILLAGE_MARK = "village:"


class ActForm(BaseForm):
    """Carries the form token only."""


class WhoForm(BaseForm):
    """For whom: one of the households found, or the village itself."""

    who = RadioField(_l("For whom"), [InputRequired(_l("Choose a household, or the village itself."))])
    client_key = HiddenField()

    def offer(self, households: Sequence[Household], villages: Sequence[Division]) -> None:
        """Households by masked name and code, then the villages themselves."""
        self.who.choices = [(h.code, f"{mask_name(h.head_name)} {h.code}") for h in households]
        self.villages = [(VILLAGE_MARK + v.code, v.name) for v in villages]
        self.who.choices += self.villages


class WhatForm(BaseForm):
    """Something that the catalogue does not have; the ticks are read beside it."""

    q = StringField(_l("Find an item"), [Length(max=60)])
    own_name = StringField(_l("What is it?"), [Length(max=60)])
    own_kind = SelectField(_l("What kind of help?"))
    own_category = SelectField(_l("What is it for?"))
    own_unit = StringField(_l("Counted in"), [Length(max=16)])

    def offer(self) -> None:
        """The closed lists in the reader's language."""
        self.own_kind.choices = [(kind.value, term(kind)) for kind in SupportKind]
        self.own_category.choices = [(category.value, term(category)) for category in NeedCategory]


class AmountsForm(BaseForm):
    """How much of each line; its fields are made for the lines at hand by amounts_form()."""


def quantity_name(position: int) -> str:
    """The field of a line's quantity; the lint and the service point to it."""
    return f"line-{position}"


def price_name(position: int) -> str:
    """The field of a line's unit price."""
    return f"price-{position}"


def amounts_form(lines: Sequence[NeedLine]) -> AmountsForm:
    """A form with a quantity and a price for each line; a money line has its amount alone."""

    class ForTheseLines(AmountsForm):
        """The fields of these lines."""

    values: dict[str, str] = {}
    for line in lines:
        is_money = line.unit == MONEY_UNIT
        word = _("Amount (yuan)") if is_money else _("Quantity (%(unit)s)", unit=line.unit)
        field = StringField(word, [Length(max=20)])
        setattr(ForTheseLines, quantity_name(line.position), field)
        values[quantity_name(line.position)] = short(line.quantity) if is_money else str(line.quantity)
        if not is_money:
            setattr(ForTheseLines, price_name(line.position), StringField(_("Unit price (yuan)"), [Length(max=20)]))
            values[price_name(line.position)] = short(line.unit_price_fen)
    return ForTheseLines(data=values)


class WhyForm(BaseForm):
    """Why it is needed, how soon, and a photo of the thing."""

    story = TextAreaField(_l("Reason in words"), [DataRequired(_l("Write why it is needed."))])
    urgency = RadioField(_l("How soon?"), [Optional()], validate_choice=False)
    needed_by = DateField(_l("Needed by"), [Optional()])
    photo = FileField(_l("Photo of the thing or the place"), [Optional()])
    caption = StringField(_l("What the photo shows"), [Optional(), Length(max=120)])

    def offer(self) -> None:
        """The closed list in the reader's language."""
        self.urgency.choices = [(urgency.value, term(urgency)) for urgency in Urgency]


class AgreeForm(BaseForm):
    """How the household agreed: one button for each way; only the household itself uses its own account."""

    how = RadioField(_l("How did they agree?"), validate_choice=False)
    given_by = StringField(_l("Who agreed, if not the head of the household"), [Optional(), Length(max=60)])
    witness = StringField(_l("Witness"), [Optional(), Length(max=60)])
    signature = FileField(_l("Photo of the signed paper"), [Optional()])
    receiver = StringField(_l("An enterprise that may also have the details"), [Optional(), Length(max=120)])


class CheckForm(BaseForm):
    """The tick that everything is true (R-V1)."""

    truth = BooleanField(
        _l("The household and I vouch that all of this is true. Whoever invents or conceals something is liable.")
    )
