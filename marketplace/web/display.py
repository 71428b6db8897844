"""How a reader wants to see the pages: language, type size, light or dark; kept in cookies."""

from dataclasses import dataclass
from enum import StrEnum

from flask import has_request_context, request
from werkzeug.wrappers import Response

LANGUAGE_COOKIE = "language"
SIZE_COOKIE = "size"
THEME_COOKIE = "theme"
_YEAR = 365 * 24 * 3600


class Language(StrEnum):
    """The two languages of the pages."""

    CHINESE = "zh_Hans_CN"
    ENGLISH = "en"


class Size(StrEnum):
    """The two type sizes."""

    NORMAL = "normal"
    LARGE = "large"


class Theme(StrEnum):
    """The ground: the system's choice, or a fixed one."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Display:
    """What base.html needs to know to draw itself."""

    is_large: bool
    is_english: bool
    theme: str

    def as_form(self) -> dict[str, str]:
        """The choice as the form's values."""
        return {
            "size": Size.LARGE if self.is_large else Size.NORMAL,
            "language": Language.ENGLISH if self.is_english else Language.CHINESE,
            "theme": self.theme or Theme.SYSTEM,
        }


def chosen_display() -> Display:
    """The reader's choice; anything unknown in a cookie is the default."""
    cookies = request.cookies if has_request_context() else {}
    theme = cookies.get(THEME_COOKIE, "")
    return Display(
        is_large=cookies.get(SIZE_COOKIE) == Size.LARGE,
        is_english=cookies.get(LANGUAGE_COOKIE) == Language.ENGLISH,
        theme=theme if theme in (Theme.LIGHT, Theme.DARK) else "",
    )


def remember(response: Response, name: str, value: str, *, secure: bool) -> None:
    """Keep one choice for a year; it tells nothing about the reader."""
    response.set_cookie(name, value, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax")
