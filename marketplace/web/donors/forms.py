"""Forms of donors: register, what one wants to give, what is public, relations, one's pledge."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from marketplace.core.errors import Invalid
from marketplace.core.kinds import DonorType, NeedCategory, SupportKind, find_member
from marketplace.core.money import Money, parse_money
from marketplace.donors.models import Donor, Preference
from marketplace.donors.service import Registration, Wishes
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm

PERSON, FIRM, ORGANISATION = "person", "firm", "organisation"
_FIRM_TYPES = (DonorType.PRIVATE_FIRM, DonorType.STATE_FIRM)
_TYPES = {
    PERSON: (DonorType.INDIVIDUAL,),
    FIRM: _FIRM_TYPES,
    ORGANISATION: tuple(t for t in DonorType if not t.is_person and t not in _FIRM_TYPES),
}


class RegisterForm(BaseForm):
    """Who wants to give; fields that do not fit the kind of giver are left out of the form."""

    kind = HiddenField()
    next = HiddenField()
    donor_type = SelectField(_l("Kind of unit"), validate_choice=False)
    name = StringField(_l("Your name"), [DataRequired(_l("Write the name.")), Length(max=120)])
    credit_code = StringField(_l("Unified social credit code"), [Length(max=40)])
    contact = StringField(_l("Who speaks for the unit"), [Length(max=60)])
    employer = StringField(_l("Where you work"), [Optional(), Length(max=120)])
    phone = StringField(_l("Mobile number"), [DataRequired(_l("Write your mobile number.")), Length(max=20)])
    password = PasswordField(_l("Choose a password"), [DataRequired(_l("Write a password.")), Length(max=200)])
    shows_name = BooleanField(_l("My name may be shown with my gifts"))
    agrees = BooleanField(
        _l("I have read how my data is used, and agree"),
        [DataRequired(_l("Please read and accept how your data is used."))],
    )

    def offer(self, kind: str, *, has_account: bool) -> "RegisterForm":
        """Keep the fields of this kind of giver; somebody who has signed in is known by phone already."""
        self.kind.data = kind if kind in _TYPES else PERSON
        types = _TYPES[self.kind.data]
        self.donor_type.choices = [(t.value, term(t)) for t in types]
        if self.kind.data == PERSON:
            del self.donor_type, self.credit_code, self.contact
        else:
            del self.employer
            self.name.label.text = _l("Name of the unit")
            self.name.validators = [DataRequired(_l("Write the unit's name.")), Length(max=120)]
            self.shows_name.label.text = _l("The unit's name may be shown with its gifts")
        if has_account:
            del self.phone, self.password
            if self.contact is not None:
                del self.contact
        return self

    @property
    def is_person(self) -> bool:
        """True for somebody who gives as a person."""
        return bool(self.kind.data == PERSON)

    def said(self) -> Registration:
        """What was typed, for the service to judge."""
        chosen = find_member(DonorType, self._text("donor_type"))
        types = _TYPES[self.kind.data]
        return Registration(
            donor_type=chosen if chosen in types else types[0],
            name=self._text("name"),
            phone=self._text("phone"),
            password=self._text("password"),
            contact=self._text("contact"),
            credit_code=self._text("credit_code"),
            employer=self._text("employer"),
            shows_name=bool(self.shows_name.data),
            agrees=bool(self.agrees.data),
        )

    def _text(self, name: str) -> str:
        field = self._fields.get(name)
        return "" if field is None or field.data is None else str(field.data)


class _Ticks(SelectMultipleField):  # type: ignore[misc]
    """A list to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class PreferenceForm(BaseForm):
    """What a donor wants to give; nothing ticked means anything."""

    kinds = _Ticks(_l("What I give"), validate_choice=False)
    categories = _Ticks(_l("What for"), validate_choice=False)
    areas = _Ticks(_l("Where"), validate_choice=False)
    budget = StringField(_l("What is left to give, yuan"), [Optional(), Length(max=30)])
    places = StringField(_l("Jobs and training places in all"), [Optional(), Length(max=10)])
    words = TextAreaField(
        _l("In your own words"), [Optional(), Length(max=500, message=_l("Write at most 500 characters."))]
    )
    paused = BooleanField(_l("Make no suggestions for now"))

    def offer(self, areas: Sequence[tuple[str, str]]) -> "PreferenceForm":
        """The choices; ``areas`` are (code, name)."""
        self.kinds.choices = [(kind.value, term(kind)) for kind in SupportKind]
        self.categories.choices = [(category.value, term(category)) for category in NeedCategory]
        self.areas.choices = list(areas)
        return self

    def wishes(self) -> Wishes:
        """What was chosen; Invalid for an amount that cannot be read."""
        kinds = [find_member(SupportKind, code) for code in self.kinds.data]
        categories = [find_member(NeedCategory, code) for code in self.categories.data]
        typed = (self.budget.data or "").strip()
        return Wishes(
            kinds=[kind for kind in kinds if kind is not None],
            categories=[category for category in categories if category is not None],
            areas=self.areas.data,
            budget_fen=_budget(typed),
            places=_places((self.places.data or "").strip()),
            words=self.words.data or "",
            paused=bool(self.paused.data),
        )


def _budget(typed: str) -> int | None:
    if not typed:
        return None
    return 0 if typed.strip("0.") == "" else parse_money(typed).fen


def _places(typed: str) -> int | None:
    if not typed:
        return None
    if not typed.isdecimal():
        raise Invalid("Write a number of places from 0 to 100,000.", field="places")
    return int(typed)


def preference_values(preference: Preference) -> dict[str, object]:
    """A stored preference as the form shows it."""
    budget = preference.budget_fen
    return {
        "kinds": preference.kinds,
        "categories": preference.categories,
        "areas": preference.areas,
        "budget": "" if budget is None else Money(budget).short,
        "places": "" if preference.places is None else str(preference.places),
        "words": preference.words,
        "paused": preference.paused,
    }


class VisibilityForm(BaseForm):
    """What the public sees of a donor by default."""

    shows_name = BooleanField(_l("Show my name with new gifts"))
    shows_amount = BooleanField(_l("Show the amount of new gifts"))
    has_public_page = BooleanField(_l("Keep a public page with the gifts under my name"))


def visibility_values(donor: Donor) -> dict[str, object]:
    """A donor's defaults as the form shows them."""
    return {name: getattr(donor, name) for name in ("shows_name", "shows_amount", "has_public_page")}


class GiftVisibilityForm(BaseForm):
    """What the public sees of one gift."""

    shows_name = BooleanField(_l("Show my name"))
    shows_amount = BooleanField(_l("Show the amount"))


class RelationForm(BaseForm):
    """A relation to a household, declared."""

    household_code = StringField(
        _l("Household code"), [DataRequired(_l("Write the household's code.")), Length(max=30)]
    )
    relation = StringField(_l("How you are related"), [DataRequired(_l("Say how you are related.")), Length(max=40)])


class TokenForm(BaseForm):
    """Carries the form token only."""
