"""From what somebody typed to the page that answers it: a code from anywhere, else a search."""

import re
import unicodedata
from urllib.parse import urlencode

from marketplace.core.codes import Prefix, parse_code

_PAGES = {
    Prefix.NEED: "/needs/{}",
    Prefix.GIFT: "/disclosure/{}",
    Prefix.DONOR: "/donors/{}",
    Prefix.NOTICE: "/notices/{}",
}
# Two letters, then figures: meant as a code, even where a character is wrong.
_LIKE_A_CODE = re.compile(r"^[a-z]{2}[\s-]?(?=[a-z]*\d)[0-9a-z]{3,8}[\s-]?\d{0,2}$", re.IGNORECASE)
_LONGEST = 100


def page_for(typed: str) -> str | None:
    """The address to go to; None for what looks like a code and is none."""
    words = " ".join(unicodedata.normalize("NFKC", typed).split())[:_LONGEST]
    if not words:
        return "/"
    code = parse_code(words)
    if code is not None and code[0] in _PAGES:
        return _PAGES[code[0]].format(code[1])
    if code is None and _LIKE_A_CODE.match(words):
        return None
    return f"/needs?{urlencode({'q': code[1] if code else words})}"
