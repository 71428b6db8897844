"""A reason that says too little, too much, or nothing."""

import re
from collections.abc import Iterator

from marketplace.core.text import normal_form
from marketplace.needs.lint.model import Draft, Finding, Severity

SHORTEST_STORY = 20
LONGEST_STORY = 500
# Fewer different characters than this say nothing, however often they are repeated.
_FEWEST_CHARACTERS = 10
_VAGUE = re.compile(
    r"家里|家庭|我们|我家|本人|比较|非常|很|十分|特别|生活|经济|困难|贫困|求|需要|希望|想要|请|给予|得到|一点|一些|帮助|帮忙|帮扶|资助|支持|大家|各位|社会|各界|领导|政府|关心|关爱|伸出|援手|多多|日子|不好过|过不下去|没有|什么|收入|样样|条件|都|缺|差|好心人|爱心人士|改善|面貌|提升|提高|促进|推进|推动|落实|建设|发展|振兴|美丽|民生|群众|百姓|获得感|幸福感|满意度|本村|我村|全村|水平|质量|事业|予以|为了|以及|谢谢|的|了|[\W_]"
)


def vague(draft: Draft) -> Iterator[Finding]:
    """A reason that is missing, too short, too long, or says nothing."""
    story = " ".join(draft.story.split())
    if len(story) < SHORTEST_STORY:
        yield Finding(
            "too_short",
            Severity.REFUSE,
            "Say in at least %(least)s characters why it is needed. You have written %(written)s.",
            "story",
            {"least": SHORTEST_STORY, "written": len(story)},
        )
    elif len(story) > LONGEST_STORY:
        yield Finding(
            "too_long",
            Severity.REFUSE,
            "Shorten the reason to %(most)s characters. You have written %(written)s.",
            "story",
            {"most": LONGEST_STORY, "written": len(story)},
        )
    elif len(set(_VAGUE.sub("", normal_form(story)))) < _FEWEST_CHARACTERS:
        yield Finding(
            "vague",
            Severity.REFUSE,
            "Say what is missing at home and what it is used for, not only that help is needed.",
            "story",
        )
    elif not re.search(r"[\u3400-\u9fff\u0f00-\u0fff]", story):
        yield Finding("not_chinese", Severity.FLAG, "The reason is written in neither Chinese nor Tibetan.", "story")
