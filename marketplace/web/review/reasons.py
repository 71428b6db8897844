"""Why a need stands where it stands in the queue, in the reader's words."""

from collections.abc import Sequence

from flask_babel import gettext as _

from marketplace.core.kinds import Urgency
from marketplace.needs.marking import marks_of
from marketplace.needs.queueing import Waiting
from marketplace.web.filters import term
from marketplace.web.i18n import say

# More than this is read on the need's own page.
_MOST_MARKS = 2


def reasons_of(row: Waiting) -> list[str]:
    """Its term first, then what stands out, then how urgent it is; what stands out before that in the page's order."""
    need = row.need
    reasons = [_term(row)]
    if need.first_reviewer_id is not None:
        reasons.append(_("approved once, the county decides"))
    flags = [say(mark.message, **mark.params) for mark in marks_of(need) if mark.flags]
    reasons += _shortened(flags)
    if need.urgency is not Urgency.NORMAL:
        reasons.append(term(need.urgency))
    if not flags:
        reasons.append(_("nothing stands out"))
    return reasons


def _term(row: Waiting) -> str:
    if row.late:
        return say("%(days)s working days overdue", days=row.late)
    return say("to be answered by %(day)s", day=f"{row.due:%m-%d}")


def _shortened(flags: Sequence[str]) -> list[str]:
    more = len(flags) - _MOST_MARKS
    return [*flags[:_MOST_MARKS], *([_("and %(count)s more", count=more)] if more > 0 else [])]
