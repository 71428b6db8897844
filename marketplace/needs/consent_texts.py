"""The agreement that households are read, kept by version: a published text never changes, a new one is a new file."""

from functools import cache
from importlib.resources import files

# The version in force; each agreement records under which one it was given.
CONSENT_TEXT = "2018-01"


@cache
def consent_texts() -> dict[str, tuple[str, ...]]:
    """Every version with its sentences, one a line, in Chinese as they are read out."""
    folder = files("marketplace.needs").joinpath("data/consent")
    found = {file.name.removesuffix(".txt"): file.read_text(encoding="utf-8") for file in folder.iterdir()}
    return {version: tuple(found[version].splitlines()) for version in sorted(found)}
