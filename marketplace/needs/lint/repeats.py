"""The same need again, or nearly the same, within 180 days; names are never compared."""

from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz, process

from marketplace.core.text import normal_form
from marketplace.needs.lint.model import Draft, Finding, Severity, line_field
from marketplace.needs.lint.wording import SHORTEST_STORY

# A rewording of a text scored 87, an unrelated text 15.
LIKE_ENOUGH = 80.0


def duplicate(draft: Draft) -> Iterator[Finding]:
    """The same item for the same household within 180 days."""
    codes = dict(reversed(draft.recent))
    for position, line in enumerate(draft.lines):
        code = codes.get(line.name)
        if code:
            yield Finding(
                "duplicate",
                Severity.FLAG,
                "%(name)s: this household asked for it in the last 180 days (%(code)s).",
                line_field(position),
                {"name": line.name, "code": code},
            )


def near_copy(draft: Draft) -> Iterator[Finding]:
    """A reason that nearly repeats another need's, of this household or of another one in the county."""
    own = _nearest(draft.story, draft.own_stories)
    if own:
        yield Finding(
            "same_story",
            Severity.FLAG,
            "This household's need %(code)s of the last 180 days says nearly the same.",
            "story",
            {"code": own},
        )
    other = _nearest(draft.story, draft.other_stories)
    if other:
        yield Finding(
            "near_copy",
            Severity.FLAG,
            "The need %(code)s of another household says nearly the same.",
            "story",
            {"code": other},
        )


def _nearest(story: str, others: Sequence[tuple[str, str]]) -> str | None:
    """The code of the text that is most like ``story``, where one is like enough."""
    wanted = normal_form(story)
    if len(wanted) < SHORTEST_STORY or not others:
        return None
    texts = [normal_form(text) for _, text in others]
    best = process.extractOne(wanted, texts, scorer=fuzz.ratio, score_cutoff=LIKE_ENOUGH)
    return others[best[2]][0] if best else None
