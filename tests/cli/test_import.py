"""``marketplace import``: files read whole or not at all, and every sentence says what to change."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.config import Settings
from marketplace.households.models import Household, Member
from tests.cli.running import run
from tests.register import csv_bytes, household, id_of, xlsx_bytes
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
