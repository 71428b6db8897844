"""Languages: Chinese first, English second; catalogues are compiled from .po files in memory."""

import io
from functools import cache
from typing import Any

from babel.core import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale, gettext, lazy_gettext

from marketplace.core.errors import DomainError
from marketplace.core.kinds import Labelled
from marketplace.paths import TRANSLATIONS
from marketplace.web.display import LANGUAGE_COOKIE
from marketplace.web.terms import english

CHINESE = "zh_Hans_CN"
ENGLISH = "en"
# What html's lang attribute says for each locale.
HTML_LANG = {CHINESE: "zh-Hans-CN", ENGLISH: "en"}

__all__ = ["CHINESE", "ENGLISH", "current_code", "gettext", "lazy_gettext", "say", "sentence_of", "setup_i18n"]


class _Catalogues(Domain):  # type: ignore[misc]
    """All subjects' catalogues of a language as one."""

    def get_translations(self) -> NullTranslations:
        return translations(current_code())


def setup_i18n(app: Flask) -> None:
    """Choose the language of each request and load the catalogues at start."""
    Babel(app, default_locale=CHINESE, default_timezone="Asia/Shanghai", locale_selector=_chosen_locale)
    # Babel would look for compiled files of one domain: ours stands in for that.
    app.extensions["babel"].instance.domain_instance = _Catalogues()
    app.jinja_env.globals["html_lang"] = lambda: HTML_LANG[current_code()]
    translations(CHINESE)


def current_code() -> str:
    """The code of the reader's language."""
    return _code_of(get_locale())


@cache
def translations(locale: str) -> NullTranslations:
    """The merged catalogues of a language, compiled once per process; English is the source itself."""
    merged = Translations()
    for path in sorted((TRANSLATIONS / locale / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as source:
            catalogue = read_po(source, locale=locale)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        merged.merge(Translations(compiled))
    return merged


def say(message: str, **params: Any) -> str:
    """A sentence in the reader's language; gettext under a name for messages that are not literals here."""
    return str(gettext(message, **params))


def sentence_of(error: DomainError) -> str:
    """What a refused act says to the reader."""
    return say(error.message, **{name: _spoken(value) for name, value in error.params.items()})


@cache
def _code_of(locale: Locale | None) -> str:
    """Kept, because a page asks for it with each of its words."""
    return str(locale)


def _spoken(value: object) -> object:
    if isinstance(value, Labelled):
        return english(value) if current_code() == ENGLISH else value.label
    return say(value) if isinstance(value, str) and value else value


def _chosen_locale() -> str:
    chosen = request.cookies.get(LANGUAGE_COOKIE) if has_request_context() else None
    return ENGLISH if chosen == ENGLISH else CHINESE
