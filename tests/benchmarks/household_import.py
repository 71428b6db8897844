"""The whole register from XLSX on both databases: ``python -m tests.benchmarks.household_import``.

33,014 synthetic households of four people in all 2,253 villages, 132,056 rows of 26 columns, read by the import
command as a process of its own. Prints its seconds on the clock and of the processor and its largest memory, without
the database's own processes. Ends with 1 where one import takes more than 60 s or 1 GB, or does not make every
household.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import click
import openpyxl
import sqlalchemy as sa

from marketplace.config import Settings
from marketplace.core.actor import SYSTEM
from marketplace.core.divisions import Level, at_level
from marketplace.core.identity import id_check_digit
from marketplace.db import db, transaction
from marketplace.households.columns import PROFILE
from marketplace.regions.models import Division
from marketplace.regions.service import import_builtin
from tests.apps import opened
from tests.benchmarks.needs_list import database
from tests.conftest import migrate
from tests.register import household, person
from tests.server import environment_of
from tests.settings import make_settings

HOUSEHOLDS = 33_014
MOST_SECONDS, MOST_MEGABYTES = 60.0, 1_000.0
# So many people may share a day of birth before the numbers of one district are used up.
_A_DAY = 40_000


class Taken(NamedTuple):
    """What one import took."""

    seconds: float
    processor: float
    megabytes: float
    made: int
    progress: int

    @property
    def is_within(self) -> bool:
        """Fast and small enough, with all households there."""
        return self.seconds <= MOST_SECONDS and self.megabytes <= MOST_MEGABYTES and self.made == HOUSEHOLDS


def write_register(path: Path, villages: list[tuple[str, str, str, str]]) -> None:
    """The spreadsheet as an office would send it: code and the three names of each village, households in turn."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(PROFILE)
    for cells in _rows(villages):
        sheet.append([cells[column] for column in PROFILE])
    book.save(path)


def _rows(villages: list[tuple[str, str, str, str]]) -> Iterator[dict[str, object]]:
    pupil = {"在校生状况": "小学", "劳动技能": "无劳动力"}
    one = household(others=[person("之子", 姓名="泽仁", **pupil), person("之女", 姓名="央金", **pupil)])
    serial = 0
    for at in range(HOUSEHOLDS):
        code, county, township, village = villages[at % len(villages)]
        number = f"{code}{at // len(villages):05d}"
        theirs = {"县": county, "乡": township, "行政村": village, "户编号": number, "联系电话": f"167{at:08d}"}
        for place, (cells, years) in enumerate(zip(one, (40, 38, 9, 8), strict=True), start=1):
            serial += 1
            card = _number(serial, years=years, is_man=cells["与户主关系"] in ("户主", "之子"))
            yield {**cells, **theirs, "人编号": f"{number}{place:02d}", "证件号码": card}


def _number(serial: int, *, years: int, is_man: bool) -> str:
    """A well-formed ID number of a division that does not exist; each one is new."""
    day = date(2018 - years, 1, 2) + timedelta(days=serial // _A_DAY)
    rest = serial % _A_DAY
    first17 = f"9999{rest // 400:02d}{day:%Y%m%d}{rest % 400 * 2 + is_man:03d}"
    return first17 + id_check_digit(first17)


def import_file(settings: Settings, file: Path) -> Taken:
    """Run the command and wait for it."""
    command = [sys.executable, "-m", "marketplace", "import", "households", str(file), "--json"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:
        began = time.monotonic()
        process = subprocess.Popen(command, env={**os.environ, **environment_of(settings)}, stdout=out, stderr=told)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        told.seek(0)
        if process.returncode:
            raise click.ClickException(told.read().decode()[-2_000:])
        document, bars = json.loads(out.read()), told.read()
    return Taken(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1_000, document["made"], len(bars))


@click.command()
@click.option("--only", type=click.Choice(["sqlite", "postgresql"]))
def main(only: str | None) -> None:
    """Import the register once on each database."""
    missed = False
    for kind in [only] if only else ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory() as name, database(kind, Path(name)) as url:
            settings, file = make_settings(Path(name), url), Path(name) / "register.xlsx"
            migrate(settings)
            with opened(settings) as app, app.app_context():
                with transaction():
                    import_builtin(by=SYSTEM)
                write_register(file, _villages())
                db.session.rollback()
            taken = import_file(settings, file)
        missed |= not taken.is_within
        click.echo(
            f"{kind}: {taken.made:,} households in {taken.seconds:.1f} s, {taken.processor:.1f} s of processor time,"
            f" {taken.megabytes:.0f} MB; {taken.progress:,} characters of progress"
        )
    if missed:
        raise SystemExit(1)


def _villages() -> list[tuple[str, str, str, str]]:
    names = dict(db.session.execute(sa.select(Division.code, Division.name)).all())
    codes = db.session.scalars(sa.select(Division.code).where(Division.level == Level.VILLAGE).order_by(Division.code))
    return [(c, names[at_level(c, Level.COUNTY)], names[at_level(c, Level.TOWNSHIP)], names[c]) for c in codes]


if __name__ == "__main__":
    main()
