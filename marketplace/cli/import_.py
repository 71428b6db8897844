"""``marketplace import``: divisions, households and the catalogue from files, with a dry run first."""

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from marketplace.accounts.queries import actor_of, find_clerk, find_user_by_phone
from marketplace.audit import service as audit
from marketplace.cli.context import Refused, say, with_app
from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.errors import Invalid
from marketplace.db import db, transaction
from marketplace.db.clock import utc_now
from marketplace.households import service as households
from marketplace.households.comparisons import load_list
from marketplace.households.findings import Finding
from marketplace.households.models import ComparisonKind
from marketplace.needs import sheet
from marketplace.needs.catalogue import builtin_rows, load_catalogue, read_rows
from marketplace.regions import service as regions
from marketplace.workdays.service import builtin_days, load_days, read_days

# A person reads this many lines of each kind; --json prints all.
LINES_SHOWN = 30
STEPS_AT_ONCE = 200

_file = click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
_dry_run = click.option("--dry-run", is_flag=True, help="Say what would happen, row by row, and change nothing.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
_builtin = click.option("--builtin", is_flag=True, help="Take what comes with the program instead of a file.")


@click.group("import")
def import_group() -> None:
    """Read CSV and XLSX files: checked whole, written whole, and the same file twice changes nothing."""


@import_group.command()
@_file
@_builtin
@click.option(
    "--aliases", is_flag=True, help="FILE holds former names: old_name,old_code12,level,code12,valid_to,basis."
)
@_dry_run
@_as_json
def divisions(file: Path | None, builtin: bool, aliases: bool, dry_run: bool, as_json: bool) -> None:
    """Read the 12-digit tree: a table with the columns code12, name, level, parent12."""
    content = b"" if builtin else _content(file)
    with with_app():
        with transaction():
            report = _take_divisions(content, builtin=builtin, aliases=aliases, dry_run=dry_run)
        counts = {"made": report.made, "changed": report.changed, "unchanged": report.unchanged}
        refused = [{"row": r.row, "reason": say(r.message, **r.params)} for r in report.refused]
        if as_json:
            click.echo(json.dumps({"dry_run": dry_run, **counts, "refused": refused}, ensure_ascii=False))
        else:
            _print_counts({**counts, "refused": len(refused)}, dry_run=dry_run)
            _print_lines([say("Row %(row)s: %(reason)s", row=r["row"], reason=r["reason"]) for r in refused])
        if refused:
            raise Refused(say("Nothing was written: put the rows right and send the file again."))


@import_group.command("households")
@_file
@_dry_run
@_as_json
def import_households(file: Path | None, dry_run: bool, as_json: bool) -> None:
    """Read the register's spreadsheet of 26 columns: a row with 户主 starts a household, the next are its members.

    An error refuses a household whole; the others are written in one transaction. An empty cell changes nothing,
    and nobody is deleted.
    """
    content = _content(file)
    with with_app():
        with _progress(say("Reading")) as tell:
            sheet = households.read_sheet(content, progress=tell)
        # Each household is compared; on a real run most of them are then written.
        steps = len(sheet.readings) * (1 if dry_run else 2)
        with _progress(say("Comparing and writing"), length=steps) as tell, transaction():
            report = households.import_sheet(sheet, by=SYSTEM, now=utc_now(), dry_run=dry_run, progress=tell)
        document = report_document(report, dry_run=dry_run)
        if as_json:
            click.echo(json.dumps(document, ensure_ascii=False))
        else:
            _print_report(document, dry_run=dry_run)


@import_group.command("needs")
@_file
@click.option("--poster", metavar="PHONE", help="Who posts; otherwise the one clerk of each need's village.")
@_dry_run
@_as_json
def import_needs(file: Path | None, poster: str | None, dry_run: bool, as_json: bool) -> None:
    """Send needs to their review: one row an item, rows of one 序号 a need; the page of it has the columns.

    What is refused leaves nothing behind; the same file twice makes nothing new.
    """
    content = _content(file)
    with with_app(), transaction():
        entries = sheet.import_needs(
            sheet.read_need_sheet(content), poster=_posters(poster), now=utc_now(), dry_run=dry_run
        )
        counts = {outcome.value: sum(e.outcome is outcome for e in entries) for outcome in sheet.Outcome}
        refused = [
            {"row": e.row, "reason": say(e.message, **e.params)} for e in entries if e.outcome is sheet.Outcome.REFUSED
        ]
        if as_json:
            made = [e.code for e in entries if e.outcome is sheet.Outcome.MADE and not dry_run]
            click.echo(
                json.dumps({"dry_run": dry_run, **counts, "codes": made, "reasons": refused}, ensure_ascii=False)
            )
        else:
            _print_counts(
                {"made": counts["made"], "unchanged": counts["known"], "refused": len(refused)}, dry_run=dry_run
            )
            _print_lines([say("Row %(row)s: %(reason)s", row=r["row"], reason=r["reason"]) for r in refused])


def _posters(phone: str | None) -> Callable[[str], Actor]:
    """Who posts for a village and its households: the person named, or the one clerk of that village."""
    named = find_user_by_phone(phone) if phone else None
    if phone and named is None:
        raise click.UsageError("Nobody has this phone number.")

    def poster(village: str) -> Actor:
        clerk = named or find_clerk(village)
        if clerk is None:
            raise Invalid("This village has no clerk, or several: name one with --poster.")
        return actor_of(clerk)

    return poster


@import_group.command()
@_file
@_builtin
@_as_json
def catalogue(file: Path | None, builtin: bool, as_json: bool) -> None:
    """Read the catalogue of items, a CSV in UTF-8: needs are made of them."""
    content = b"" if builtin else _content(file)
    with with_app(), transaction():
        rows = builtin_rows() if builtin else read_rows(io.StringIO(_utf8(content), newline=""))
        loaded = load_catalogue(rows, by=SYSTEM, now=utc_now())
        counts = {"made": loaded.made, "changed": loaded.changed, "unchanged": loaded.same}
        if as_json:
            click.echo(json.dumps(counts))
        else:
            _print_counts(counts, dry_run=False)


@import_group.command()
@_file
@_builtin
@click.option("--division", default="", help="The division that the days hold for; the site's own without it.")
def holidays(file: Path | None, builtin: bool, division: str) -> None:
    """Read days off and worked weekends, a CSV in UTF-8 with the columns day, works, name."""
    content = b"" if builtin else _content(file)
    with with_app() as app, transaction():
        rows = builtin_days() if builtin else read_days(io.StringIO(_utf8(content), newline=""))
        place = division or app.config["SETTINGS"].home_division
        loaded = load_days(rows, division=place, by=SYSTEM, now=utc_now())
        click.echo(say("Read the calendar: %(number)d days.", number=loaded))


@import_group.command("comparison")
@_file
@click.option(
    "--list",
    "kind",
    required=True,
    type=click.Choice([kind.value for kind in ComparisonKind]),
    help="What the list says.",
)
@click.option("--as-of", "as_of", required=True, type=click.DateTime(["%Y-%m-%d"]), help="When the list was true.")
@click.option("--division", default="", help="Whose list it is; the site's own without it.")
@_dry_run
@_as_json
def comparison(file: Path | None, kind: str, as_of: datetime, division: str, dry_run: bool, as_json: bool) -> None:
    """Read another office's list, CSV or XLSX with a column 证件号码; it takes the place of the earlier one.

    Only keyed indexes are kept. Needs of households with somebody on a list are decided by two people.
    """
    content = _content(file)
    with with_app() as app, transaction():
        done = load_list(
            content,
            kind=next(each for each in ComparisonKind if each.value == kind),
            division=division or app.config["SETTINGS"].home_division,
            as_of=as_of.date(),
            dry_run=dry_run,
            by=SYSTEM,
            now=utc_now(),
        )
        refused = [{"row": row, "reason": say(why)} for row, why in done.refused]
        if as_json:
            counts = {"listed": done.listed, "in_register": done.in_register, "refused": refused}
            click.echo(json.dumps({"dry_run": dry_run, **counts}, ensure_ascii=False))
        else:
            found = {"listed": done.listed, "found": done.in_register}
            click.echo(say("%(listed)d people on the list, %(found)d of them in the register.", **found))
            _print_lines([say("Row %(row)s: %(reason)s", row=r["row"], reason=r["reason"]) for r in refused])
        if refused:
            raise Refused(say("Nothing was written: put the rows right and send the file again."))


def report_document(report: households.Report, *, dry_run: bool) -> dict[str, Any]:
    """An import's report as a JSON document: codes, rows and sentences, no name and no number of a person."""
    return {
        "dry_run": dry_run,
        **{action.value: report.count(action) for action in households.Action},
        "warnings": report.warnings,
        "missing_columns": report.missing,
        "unknown_columns": report.unknown,
        "rules_not_checkable": report.unchecked,
        "households": [_entry_document(entry) for entry in report.entries],
    }


def _entry_document(entry: households.Entry) -> dict[str, Any]:
    return {
        "action": entry.action.value,
        "row": entry.row,
        "registry_no": entry.registry_no,
        "division": entry.division_code,
        "changes": list(entry.changes),
        "findings": [_finding_document(finding) for finding in entry.findings],
    }


def _finding_document(finding: Finding) -> dict[str, Any]:
    sentence = say(finding.message, **finding.params)
    return {"row": finding.row, "code": str(finding.code), "severity": finding.severity.value, "reason": sentence}


def _take_divisions(content: bytes, *, builtin: bool, aliases: bool, dry_run: bool) -> regions.DivisionReport:
    if builtin:
        report = regions.import_builtin(by=SYSTEM, dry_run=dry_run)
    elif aliases:
        report = regions.import_aliases(content, by=SYSTEM, dry_run=dry_run)
    else:
        report = regions.import_divisions(content, by=SYSTEM, dry_run=dry_run)
    if not dry_run and not report.refused and (report.made or report.changed):
        counts: dict[str, Any] = {"made": report.made, "changed": report.changed}
        audit.record(SYSTEM, "division.import", subject="division", subject_id=None, at=utc_now(), **counts)
    db.session.flush()
    return report


def _content(file: Path | None) -> bytes:
    if file is None:
        raise click.UsageError("Name the file to read.")
    return file.read_bytes()


def _utf8(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("The file's characters cannot be read. Save it as CSV in UTF-8.", field="file") from error


@contextmanager
def _progress(label: str, *, length: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, where stdout may be a JSON document; without a length it counts what it has seen."""
    nothing: Iterator[None] = (None for _ in ())
    with click.progressbar(nothing, length=length, label=label, file=sys.stderr, show_pos=True) as bar:
        waiting = 0

        def tell(steps: int) -> None:
            nonlocal waiting
            waiting += steps
            if waiting >= STEPS_AT_ONCE:
                bar.update(waiting)
                waiting = 0

        yield tell
        # What did not have to be written is done as well.
        bar.update(waiting if length is None else max(0, length - bar.pos))


def _print_counts(counts: Mapping[str, int], *, dry_run: bool) -> None:
    if dry_run:
        click.echo(say("Dry run: nothing was written."))
    words = {
        "made": say("Made"),
        "changed": say("Changed"),
        "unchanged": say("Unchanged"),
        "refused": say("Refused"),
        "warnings": say("Warnings"),
    }
    for name, count in counts.items():
        click.echo(f"{words[name]}: {count:,}")


def _print_report(document: Mapping[str, Any], *, dry_run: bool) -> None:
    actions = [action.value for action in households.Action]
    _print_counts({name: document[name] for name in [*actions, "warnings"]}, dry_run=dry_run)
    for title, names in (
        (say("Columns that the file lacks: %(names)s"), document["missing_columns"]),
        (say("Columns that nobody knows, left out: %(names)s"), document["unknown_columns"]),
        (say("Rules that cannot be checked with this file: %(names)s"), document["rules_not_checkable"]),
    ):
        if names:
            click.echo(title % {"names": "、".join(names)})
    for name in ("refused", "changed", "made"):
        _print_lines([_line(entry, name) for entry in document["households"] if entry["action"] == name])
    _print_lines([_line(e, "warnings") for e in document["households"] if e["findings"] and e["action"] != "refused"])


def _line(entry: Mapping[str, Any], kind: str) -> str:
    words = {
        "refused": say("Refused"),
        "changed": say("Changed"),
        "made": say("Made"),
        "warnings": say("Warnings"),
    }
    start = say("Row %(row)s, household %(number)s", row=entry["row"], number=entry["registry_no"] or "?")
    if kind in ("refused", "warnings"):
        reasons = "".join(
            "\n    " + say("Row %(row)s: %(reason)s", row=f["row"], reason=f"{f['code']} {f['reason']}")
            for f in entry["findings"]
        )
    else:
        reasons = " " + "、".join(entry["changes"]) if entry["changes"] else ""
    return f"{words[kind]}: {start}{reasons}"


def _print_lines(lines: list[str]) -> None:
    for line in lines[:LINES_SHOWN]:
        click.echo(line)
    if len(lines) > LINES_SHOWN:
        click.echo(say("… and %(number)d more; --json lists them all.", number=len(lines) - LINES_SHOWN))
