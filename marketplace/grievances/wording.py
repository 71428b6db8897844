"""What people write about complaints, in one form."""

import unicodedata

from marketplace.core.errors import Invalid


def clean(text: str) -> str:
    """Without control characters and with single spaces, lines kept."""
    lines = unicodedata.normalize("NFC", text).splitlines()
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def said(text: str, *, least: int, most: int, sentence: str, field: str) -> str:
    """The text, clean; Invalid with ``sentence`` at ``field`` where it is shorter or longer."""
    words = clean(text)
    if not least <= len(words) <= most:
        raise Invalid(sentence, field=field)
    return words
