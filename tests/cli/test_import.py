"""``marketplace import``: files read whole or not at all, and every sentence says what to change."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.accounts.models import User
from marketplace.config import Settings
from marketplace.core.actor import SYSTEM
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.households.models import ComparisonEntry, Household, Member
from marketplace.needs.catalogue import builtin_rows, load_catalogue
from marketplace.needs.models import Need
from marketplace.needs.sheet import COLUMNS
from tests.apps import opened
from tests.cli.running import run
from tests.factories import NOW, TREE, make_household, make_user
from tests.register import csv_bytes, household, id_of, need_row, xlsx_bytes
from tests.server import environment_of

KILLED_HOUSEHOLDS = 1500


@pytest.fixture
def ready(settings: Settings) -> Settings:
    """A database with the divisions that come with the program."""
    said = run(settings, "import", "divisions", "--builtin", "--json")
    assert said.status == 0
    assert json.loads(said.out)["made"] == 2566
    return settings


def count(settings: Settings, model: type[Any] = Household) -> int:
    engine = sa.create_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(model.__table__)) or 0
    finally:
        engine.dispose()


def test_the_register_is_imported_and_comes_twice_without_a_change(ready: Settings, tmp_path: Path) -> None:
    file = tmp_path / "register.xlsx"
    file.write_bytes(xlsx_bytes(household()))
    dry = run(ready, "import", "households", str(file), "--dry-run")
    assert dry.status == 0
    assert "nothing was written" in dry.out
    assert count(ready) == 0
    first = run(ready, "import", "households", str(file), "--json")
    second = run(ready, "import", "households", str(file), "--json")
    assert (json.loads(first.out)["made"], json.loads(second.out)["unchanged"]) == (1, 1)
    assert count(ready) == 1


def test_the_report_has_row_code_and_reason_and_no_personal_datum(ready: Settings, tmp_path: Path) -> None:
    number = id_of()
    bad = household(number="5133321012010002", 证件号码="510101800506001")
    rows = [{**row, "心情": "好"} for row in [*household(证件号码=number), *bad]]
    file = tmp_path / "register.csv"
    file.write_bytes(csv_bytes(rows, columns=[*rows[0]], encoding="gb18030"))
    said = run(ready, "import", "households", str(file), "--json")
    report = json.loads(said.out)
    assert (report["made"], report["refused"]) == (1, 1)
    assert report["unknown_columns"] == ["心情"]
    assert "HP01" in report["rules_not_checkable"]
    (refused,) = [entry for entry in report["households"] if entry["action"] == "refused"]
    assert refused["registry_no"] == "5133321012010002"
    (finding,) = refused["findings"]
    assert (finding["row"], finding["code"], finding["severity"]) == (4, "ID01", "error")
    assert "15 digits" in finding["reason"]
    for secret in (number, "扎西次仁", "13900000001", "510101800506001"):
        assert secret not in said.out + said.err


def test_the_report_is_told_in_chinese_where_the_terminal_is_chinese(ready: Settings, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_bytes(csv_bytes(household(人均纯收入="0")))
    said = run(ready, "import", "households", str(file), "--dry-run", LC_ALL="zh_CN.UTF-8", LANG="zh_CN.UTF-8")
    assert "不收: 1" in said.out
    assert "IN02 人均纯收入要大于 0" in said.out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\xd0\xcf\x11\xe0", ".xlsx"), ("县,乡\n".encode(), "lacks these columns"), (b"", "lacks these columns")],
)
def test_a_file_that_is_no_register_ends_in_one_sentence(
    ready: Settings, tmp_path: Path, content: bytes, sentence: str
) -> None:
    file = tmp_path / "register.csv"
    file.write_bytes(content)
    said = run(ready, "import", "households", str(file))
    assert said.status == 1
    assert sentence in said.err
    assert run(ready, "import", "households").status == 2
    assert run(ready, "import", "households", str(tmp_path / "nowhere.csv")).status == 2


def test_divisions_with_a_fault_are_not_imported_at_all(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "tree.csv"
    header = "code12,name,level,parent12\n"
    rows = "513300000000,甘孜州,州,510000000000\n5133,石渠县,县,513300000000\n"
    file.write_text(header + rows, encoding="utf-8")
    said = run(settings, "import", "divisions", str(file))
    assert said.status == 1
    assert "Row 3" in said.out
    assert "Nothing was written" in said.err
    file.write_text(header + rows.splitlines()[0], encoding="utf-8")
    assert run(settings, "import", "divisions", str(file)).status == 0


def test_former_names_are_imported_from_their_own_table(ready: Settings, tmp_path: Path) -> None:
    file = tmp_path / "aliases.csv"
    file.write_text("old_name,level,code12,valid_to\n邓柯县,county,513332000000,1978-06-30\n", encoding="utf-8")
    said = run(ready, "import", "divisions", "--aliases", str(file), "--json")
    assert json.loads(said.out)["made"] == 1


def test_the_catalogue_comes_twice_without_a_change(ready: Settings) -> None:
    first = json.loads(run(ready, "import", "catalogue", "--builtin", "--json").out)
    second = json.loads(run(ready, "import", "catalogue", "--builtin", "--json").out)
    assert first["made"] == second["unchanged"] > 0
    assert second["made"] == second["changed"] == 0


@pytest.fixture
def village(settings: Settings) -> Iterator[Settings]:
    """A village with its clerk and the items that needs are made of."""
    with opened(settings) as app, app.app_context():
        make_user(Role.VILLAGE_CLERK, division=TREE.village)
        with transaction():
            load_catalogue(builtin_rows(), by=SYSTEM, now=NOW)
        yield settings


def _needs_file(tmp_path: Path, *rows: list[str]) -> str:
    file = tmp_path / "needs.csv"
    lines = [list(COLUMNS), *rows]
    file.write_text("\n".join(",".join(cells) for cells in lines), encoding="utf-8")
    return str(file)


def test_needs_are_sent_to_review_once_after_a_dry_run(village: Settings, tmp_path: Path) -> None:
    file = _needs_file(tmp_path, need_row(1, make_household(TREE.village).code), need_row(2, "XH-0000"))
    dry = json.loads(run(village, "import", "needs", file, "--dry-run", "--json").out)
    assert (dry["dry_run"], dry["made"], dry["refused"], dry["codes"]) == (True, 1, 1, [])
    assert count(village, Need) == 0
    made = json.loads(run(village, "import", "needs", file, "--json").out)
    assert (made["made"], made["refused"], len(made["codes"])) == (1, 1, 1)
    again = json.loads(run(village, "import", "needs", file, "--json").out)
    assert (again["made"], again["known"], again["refused"]) == (0, 1, 1)
    assert count(village, Need) == 1


@pytest.mark.parametrize("unknown", ["XH-0000", "513399999999", TREE.township, ""])
def test_a_code_of_nobody_is_said_with_its_row_whoever_posts(village: Settings, tmp_path: Path, unknown: str) -> None:
    file = _needs_file(tmp_path, need_row(1, unknown))
    for poster in ((), ("--poster", _clerks_phone())):
        said = run(village, "import", "needs", file, *poster)
        assert said.status == 0
        assert f"Row 2: Column 户号: no household and no village has the code “{unknown}”" in said.out
    told = run(village, "import", "needs", file, LC_ALL="zh_CN.UTF-8", LANG="zh_CN.UTF-8")
    assert f"没有编码为“{unknown}”的农户或村" in told.out


def _clerks_phone() -> str:
    return db.session.scalars(sa.select(User)).one().phone


def test_a_village_without_a_clerk_needs_a_poster_and_an_unknown_poster_is_refused(
    village: Settings, tmp_path: Path
) -> None:
    file = _needs_file(tmp_path, need_row(1, make_household(TREE.other_village).code))
    assert "no clerk, or several" in run(village, "import", "needs", file).out
    nobody = run(village, "import", "needs", file, "--poster", "19900000000")
    assert nobody.status == 2
    assert "Nobody has this phone number" in nobody.err


def test_a_table_without_the_columns_of_needs_ends_in_one_sentence(village: Settings, tmp_path: Path) -> None:
    file = tmp_path / "needs.csv"
    file.write_text("甲,乙\n1,2\n", encoding="utf-8")
    said = run(village, "import", "needs", str(file))
    assert said.status == 1
    assert "The file has no column" in said.err


def test_a_list_of_another_office_is_compared_and_never_said_aloud(ready: Settings, tmp_path: Path) -> None:
    """R-V5: counts and rows, no number; one row that holds none refuses all of it."""
    number, file = id_of(), tmp_path / "list.csv"
    (tmp_path / "register.csv").write_bytes(csv_bytes(household(证件号码=number)))
    run(ready, "import", "households", str(tmp_path / "register.csv"))
    file.write_text(f"证件号码\n{number}\n{id_of()}\n", encoding="utf-8")
    asked = ("import", "comparison", str(file), "--list", "vehicle", "--as-of", "2018-11-30")
    dry = json.loads(run(ready, *asked, "--dry-run", "--json").out)
    assert dry == {"dry_run": True, "listed": 2, "in_register": 1, "refused": []}
    assert count(ready, ComparisonEntry) == 0
    assert "2 people on the list, 1 of them in the register." in run(ready, *asked).out
    assert count(ready, ComparisonEntry) == 2
    file.write_text(f"证件号码\n{number}\n123\n", encoding="utf-8")
    refused = run(ready, *asked)
    assert (refused.status, "Row 3" in refused.out, number in refused.out + refused.err) == (1, True, False)
    assert count(ready, ComparisonEntry) == 2


def test_a_kill_in_the_middle_leaves_all_or_nothing(ready: Settings, tmp_path: Path) -> None:
    """K1, for the import: the second try, left alone, makes everything."""
    rows = [row for at in range(KILLED_HOUSEHOLDS) for row in household(number=f"51333210120{at:05d}")]
    file = tmp_path / "register.csv"
    file.write_bytes(csv_bytes(rows))
    command = [sys.executable, "-c", "from marketplace.cli import main; main()", "import", "households", str(file)]
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", **environment_of(ready)}
    for delay in (0.1, 0.4):
        process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        assert process.stderr is not None
        # The last bar's label comes when the transaction is about to begin.
        while "Comparing" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        assert (count(ready), count(ready, Member)) in {(0, 0), (KILLED_HOUSEHOLDS, 2 * KILLED_HOUSEHOLDS)}
    report = json.loads(run(ready, "import", "households", str(file), "--json").out)
    assert report["made"] + report["unchanged"] == KILLED_HOUSEHOLDS
    assert count(ready) == KILLED_HOUSEHOLDS
