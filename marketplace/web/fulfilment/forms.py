"""Forms of the desk for what arrives, is passed on, used, delivered, confirmed and reported."""

import secrets
from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileAllowed, FileField, FileRequired
from wtforms import BooleanField, HiddenField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from marketplace.core.errors import Invalid
from marketplace.core.money import Money, parse_money
from marketplace.fulfilment.models import Receipt, Witness
from marketplace.fulfilment.queries import Case, CaseLine
from marketplace.web.filters import term
from marketplace.web.forms import BaseForm, add_error
from marketplace.web.i18n import say, sentence_of

_FILL_IN = _l("Please fill this in.")
_IMAGES = FileAllowed(["jpg", "jpeg", "png", "webp"], _l("Choose a picture: JPEG, PNG or WebP."))
_KEY_LENGTH = 40
_YES, _NO = "yes", "no"


def _new_key() -> str:
    return secrets.token_urlsafe(18)


class ReceiptForm(BaseForm):
    """What arrived; one field for each line of the pledge is added when the form is made."""

    custodian = StringField(_l("Who received it"), [DataRequired(_FILL_IN), Length(max=120)])
    voucher_no = StringField(_l("Number of the receipt"), [Length(max=60)])
    client_key = HiddenField(default=_new_key, validators=[Length(min=8, max=_KEY_LENGTH)])

    def quantities(self, lines: Sequence[CaseLine]) -> dict[int, int] | None:
        """Line id -> quantity in the line's unit; None, with a sentence at the field, where one cannot be read."""
        found: dict[int, int] = {}
        for line in lines:
            typed = (self[_name(line)].data or "").strip()
            if typed in ("", "0"):
                continue
            try:
                found[line.line_id] = parse_money(typed).fen if line.is_money else _whole(typed)
            except Invalid as error:
                add_error(self, _name(line), sentence_of(error))
        return None if self.errors else found

    def line_fields(self, lines: Sequence[CaseLine]) -> list[tuple[CaseLine, Any]]:
        """Each line still to come with its field."""
        return [(line, self[_name(line)]) for line in lines if line.open]


def receipt_form(case: Case) -> ReceiptForm:
    """The form with a field for each line, filled with what is still to come."""
    members = {_name(line): StringField(line.name, [Length(max=20)], default=_open_words(line)) for line in case.lines}
    form: ReceiptForm = type("ReceiptFormOfCase", (ReceiptForm,), members)(prefix="receipt-")
    return form


def _name(line: CaseLine) -> str:
    return f"line_{line.line_id}"


def _open_words(line: CaseLine) -> str:
    if not line.open:
        return ""
    return Money(line.open).short.replace(",", "") if line.is_money else str(line.open)


def _whole(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
        raise Invalid("Write a whole number, for example 3.")
    return int(typed)


class DisbursementForm(BaseForm):
    """Money of one receipt passed on to a payee."""

    def __init__(self) -> None:
        super().__init__(prefix="disbursement-")

    receipt = SelectField(_l("Which money"), coerce=int)
    payee = StringField(_l("Paid to"), [DataRequired(_FILL_IN), Length(max=120)])
    disbursement_no = StringField(_l("Number of the payment"), [Optional(), Length(max=60)])

    def offer(self, case: Case) -> "DisbursementForm":
        """The receipts whose money lies in custody."""
        self.receipt.choices = [
            SelectChoice(
                receipt.id,
                say("%(amount)s yuan at %(place)s", amount=Money(receipt.value_fen).yuan, place=receipt.custodian),
            )
            for receipt in case.undisbursed
        ]
        return self


class UseForm(BaseForm):
    """What money was spent on."""

    def __init__(self) -> None:
        super().__init__(prefix="use-")

    payee = SelectField(_l("Paid to"))
    what = StringField(_l("What was bought"), [DataRequired(_FILL_IN), Length(max=120)])
    amount = StringField(_l("Amount in yuan"), [DataRequired(_FILL_IN), Length(max=20)])
    use_no = StringField(_l("Number of the invoice or voucher"), [DataRequired(_FILL_IN), Length(max=60)])
    photo = FileField(_l("Photo of the voucher"), [Optional(), _IMAGES])
    client_key = HiddenField(default=_new_key, validators=[Length(min=8, max=_KEY_LENGTH)])

    @property
    def money(self) -> Money:
        """The amount; Invalid at its field where it cannot be read."""
        try:
            return parse_money(self.amount.data or "")
        except Invalid as error:
            raise Invalid(error.message, field="amount", **error.params) from error

    def offer(self, case: Case) -> "UseForm":
        """The payees who hold money that is not used."""
        self.payee.choices = [
            SelectChoice(holder, say("%(place)s, %(amount)s yuan not used yet", place=holder, amount=Money(fen).yuan))
            for holder, fen in case.payees
        ]
        return self


class GiveBackForm(BaseForm):
    """What one receipt brought, given back to the donor."""

    def __init__(self) -> None:
        super().__init__(prefix="back-")

    receipt = SelectField(_l("What is given back"), coerce=int)
    reason = StringField(_l("Why"), [DataRequired(_FILL_IN), Length(max=200)])
    voucher_no = StringField(_l("Number of the payment or waybill"), [DataRequired(_FILL_IN), Length(max=60)])
    photo = FileField(_l("Photo of the paper"), [Optional(), _IMAGES])
    to_origin = BooleanField(_l("It went to the account or person it came from"))

    def offer(self, receipts: Sequence[Receipt], case: Case) -> "GiveBackForm":
        """The receipts that lie in custody, all of each."""
        self.receipt.choices = [
            SelectChoice(
                receipt.id, say("%(things)s at %(place)s", things=brought(receipt, case), place=receipt.custodian)
            )
            for receipt in receipts
        ]
        return self


def brought(receipt: Receipt, case: Case) -> str:
    """What a receipt brought, in words: ``1,480 yuan``, ``quilt 4 床``."""
    lines = {line.line_id: line for line in case.lines}
    return say(" + ").join(
        say("%(yuan)s yuan", yuan=Money(each.quantity).short)
        if (line := lines[each.line_id]).is_money
        else f"{line.name} {each.quantity:,} {line.unit}"
        for each in receipt.lines
    )


class DeliveryForm(BaseForm):
    """A hand-over."""

    def __init__(self) -> None:
        super().__init__(prefix="delivery-")

    photo = FileField(_l("Photo of the things"), [FileRequired(_l("Take a photo of the things.")), _IMAGES])
    witness = SelectField(_l("Who was there as a witness"))
    note = StringField(_l("Remark"), [Optional(), Length(max=200)])

    @property
    def chosen_witness(self) -> Witness:
        """The role that was chosen; the list of choices has been checked."""
        return next(role for role in Witness if role.value == self.witness.data)

    def offer(self) -> "DeliveryForm":
        """The roles that may witness."""
        self.witness.choices = [SelectChoice(role.value, term(role)) for role in Witness]
        return self


def _arrived_field(label: Any) -> RadioField:
    choices = [
        SelectChoice(_YES, _l("Yes, everything arrived")),
        SelectChoice(_NO, _l("No, something is missing or wrong")),
    ]
    return RadioField(label, [DataRequired(_l("Choose yes or no."))], choices=choices)


class SecondForm(BaseForm):
    """What a second person saw."""

    def __init__(self) -> None:
        super().__init__(prefix="second-")

    arrived = _arrived_field(_l("Is it there?"))
    note = StringField(_l("What you saw"), [Optional(), Length(max=200)])
    photo_is_clean = BooleanField(_l("The photo shows no face, no document and no address: it may be public"))

    @property
    def says_yes(self) -> bool:
        """True for "it arrived"."""
        return bool(self.arrived.data == _YES)


class FeedbackForm(BaseForm):
    """Thanks and the report of use."""

    def __init__(self) -> None:
        super().__init__(prefix="feedback-")

    words = TextAreaField(
        _l("What the donor is told"), [DataRequired(_FILL_IN), Length(max=300)], render_kw={"rows": 3}
    )
    rating = RadioField(
        _l("How content is the household?"),
        [Optional()],
        choices=[SelectChoice(str(n), str(n)) for n in range(1, 6)],
        default="5",
    )
    may_publish = BooleanField(_l("The household agrees that these words be public"))


class SlipForm(BaseForm):
    """The household answers with the code on its slip."""

    slip = StringField(
        _l("The code on the slip"), [DataRequired(_l("Write the code that stands on the slip.")), Length(max=20)]
    )
    arrived = _arrived_field(_l("Did the help arrive?"))
    note = StringField(_l("Anything to say?"), [Optional(), Length(max=200)])

    @property
    def says_yes(self) -> bool:
        """True for "it arrived"."""
        return bool(self.arrived.data == _YES)


class OwnForm(BaseForm):
    """The household answers through its own account; one form for each of its needs."""

    def __init__(self, need_code: str, **fields: Any) -> None:
        super().__init__(prefix=f"{need_code}-", **fields)
        self.need_code = need_code

    arrived = _arrived_field(_l("Did the help arrive?"))
    note = StringField(_l("Anything to say?"), [Optional(), Length(max=200)])

    @property
    def says_yes(self) -> bool:
        """True for "it arrived"."""
        return bool(self.arrived.data == _YES)
