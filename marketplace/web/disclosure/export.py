"""The list of donations as CSV: the rows and columns of the page, no more and no less (E2)."""

import csv
import io
from collections.abc import Iterable, Iterator

from marketplace.core.exports import amount_cell, text_cell
from marketplace.disclosure.queries import PublicGift
from marketplace.web.disclosure.wording import agreed_word, giver_word, kind_word, place_word, received_word, state_word
from marketplace.web.i18n import say as _

# Spreadsheet programs take UTF-8 for what it is only after this mark.
_MARK = "\ufeff"


def columns() -> list[str]:
    """The headings, in the order of the page."""
    return [
        _("Gift code"),
        _("Promised on"),
        _("Donor"),
        _("What is given"),
        _("Kind of help"),
        _("For whom"),
        _("Agreed (yuan)"),
        _("Arrived (yuan)"),
        _("State"),
    ]


def csv_lines(gifts: Iterable[PublicGift]) -> Iterator[str]:
    """The file, line by line; text cells cannot be taken for formulas, amounts are numbers (E1)."""
    yield _MARK + _line([text_cell(heading) for heading in columns()])
    for gift in gifts:
        yield _line(cells(gift))


def cells(gift: PublicGift) -> list[str]:
    """One row."""
    return [
        gift.code,
        gift.promised_on.isoformat(),
        text_cell(giver_word(gift.giver)),
        text_cell(gift.items),
        text_cell(kind_word(gift)),
        text_cell(place_word(gift)),
        amount_cell(gift.agreed_fen) if gift.agreed_fen else text_cell(agreed_word(gift)),
        amount_cell(gift.received_fen) if gift.received_fen else text_cell(received_word(gift)),
        text_cell(state_word(gift)),
    ]


def _line(row: list[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerow(row)
    return stream.getvalue()
