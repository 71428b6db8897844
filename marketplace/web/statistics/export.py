"""The statistics page as CSV: every table of the page, cell for cell, no more and no less (E1, E2)."""

import csv
import io
from collections.abc import Iterable

from marketplace.core.exports import text_cell
from marketplace.web.i18n import say as _
from marketplace.web.statistics.tables import Table

# Spreadsheet programs take UTF-8 for what it is only after this mark.
_MARK = "\ufeff"


def csv_of(facts: Iterable[tuple[str, str]], tables: Iterable[Table]) -> str:
    """One line for each figure: table, row, column, value; first the facts that say of what, of where, of when."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([text_cell(heading) for heading in (_("Table"), _("Row"), _("Column"), _("Value"))])
    writer.writerows([text_cell(_("Question")), text_cell(name), "", text_cell(value)] for name, value in facts)
    for table in tables:
        for line in table.lines:
            if not line.cells:
                writer.writerow([text_cell(t) for t in (table.title, line.head.text, "", _("too few"))])
            for column, cell in zip(table.columns[1:], line.cells, strict=bool(line.cells)):
                if cell.text:
                    writer.writerow([text_cell(t) for t in (table.title, line.head.text, column)] + [_value(cell.text)])
    return _MARK + out.getvalue()


def _value(text: str) -> str:
    """A plain number stays one: without separators."""
    plain = text.replace(",", "")
    return plain if plain.replace(".", "", 1).isdigit() else text_cell(text)
