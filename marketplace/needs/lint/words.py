"""Luxury, forbidden and brand words, complaints, and signs that are no words."""

import re
from collections.abc import Iterator

from marketplace.needs.lint.model import Draft, Finding, Severity
from marketplace.needs.lint.plain import closed, plain
from marketplace.needs.lint.vocabulary import word_list

_SIGNS = re.compile(r"<[a-z/!]|^\s*[=+@]|;\s*--|\{\{|\$\{|https?://|www\.|javascript:")
# The lists are written for the usual pretexts, not to be complete: a person decides.
_LISTS = (
    ("luxury", "“%(word)s” sounds like more than a household needs."),
    ("forbidden", "“%(word)s” is nothing that may be asked for here."),
    ("brand", "“%(word)s” names a brand: write what it is for instead."),
    ("complaint", "“%(word)s” sounds like a complaint: it belongs to the hotline, not here."),
)


def words_to_look_at(draft: Draft) -> Iterator[Finding]:
    """Luxury, forbidden and brand words, and complaints that are no need."""
    text = "，".join(closed(part) for part in (draft.story, *(line.name for line in draft.lines)))
    for rule, message in _LISTS:
        listed = word_list(rule)
        found = listed.search(text) or listed.search_sound(text)
        if found:
            yield Finding(rule, Severity.FLAG, message, "story", {"word": found})


def odd_signs(draft: Draft) -> Iterator[Finding]:
    """Markup, formulas and addresses of the web: harmless here, where all text is escaped, but no reason for help."""
    for where, text in draft.texts():
        if _SIGNS.search(plain(text)):
            yield Finding(
                "odd_signs", Severity.FLAG, "Take code and web addresses out of the text: plain words only.", where
            )
