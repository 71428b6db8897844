"""What every form shares: our own sentences for faults, and rules' refusals shown at the field they name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import Field

from marketplace.core.errors import Conflict, Invalid
from marketplace.web.i18n import say, sentence_of


class _Sentences:
    """WTForms' own messages, from our catalogues."""

    def gettext(self, message: str) -> str:
        return say(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return say(singular if n == 1 else plural)


class BaseForm(FlaskForm):  # type: ignore[misc]
    """A form that speaks the reader's language and leaves checking to the server."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """The browser's own bubbles speak its language, not the page's: they are left out."""

        def get_translations(self, form: FlaskForm) -> _Sentences:
            return _Sentences()

        def render_field(self, field: Field, render_kw: dict[str, Any]) -> Markup:
            render_kw.setdefault("required", False)
            drawn: Markup = super().render_field(field, render_kw)
            return drawn


@contextmanager
def form_errors(form: FlaskForm) -> Iterator[None]:
    """Show a rule's refusal at the field that it names, or above the form; nothing typed is lost."""
    try:
        yield
    except (Invalid, Conflict) as error:
        for each in (error, *getattr(error, "others", ())):
            add_error(form, each.field, sentence_of(each))


def add_error(form: FlaskForm, field_name: str | None, sentence: str) -> None:
    """Put a sentence at a field; above the form where it has no such field."""
    field = form._fields.get(field_name) if field_name else None
    if field is None:
        form.form_errors.append(sentence)
    else:
        field.errors = [*field.errors, sentence]


def sentences(errors: object) -> list[str]:
    """The sentences in a field's errors, however deep: lists of fields nest them."""
    if isinstance(errors, Mapping):
        return [sentence for part in errors.values() for sentence in sentences(part)]
    if isinstance(errors, (list, tuple)):
        return [sentence for part in errors for sentence in sentences(part)]
    return [str(errors)] if errors else []


def control(field: Field, *, look: str, hint: str = "", attributes: Mapping[str, Any] | None = None) -> Markup:
    """An input that names its hint and its error to a screen reader."""
    given = dict(attributes or {})
    wrong = " is-invalid" if field.errors else ""
    given["class"] = f"{look}{wrong} {given.pop('class', '')}".strip()
    described = described_by(field, hint)
    if described:
        given["aria-describedby"] = described
    if field.errors:
        given["aria-invalid"] = "true"
    return Markup(field(**given))  # noqa: S704  (WTForms escapes what it renders)


def described_by(field: Field, hint: str = "") -> str:
    """The ids of a field's hint and error, as aria-describedby wants them."""
    parts = (f"{field.id}-hint" if hint else "", f"{field.id}-error" if field.errors else "")
    return " ".join(part for part in parts if part)
