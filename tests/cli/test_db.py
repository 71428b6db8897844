"""``marketplace db``: up, down and checked, on both databases."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from marketplace.config import Settings
from tests.cli.running import run
from tests.settings import make_settings


def test_an_empty_database_is_brought_up_and_checked(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "new")
    said = run(settings, "db", "check")
    assert said.status == 1
    assert "marketplace db upgrade" in said.err
    assert run(settings, "db", "upgrade").status == 0
    again = run(settings, "db", "upgrade")
    assert again.status == 0
    assert "up to date" in again.out
    assert run(settings, "db", "check").status == 0


def test_a_downgrade_asks_first(settings: Settings) -> None:
    said = run(settings, "db", "downgrade", "base", stdin="n\n")
    assert said.status == 1
    assert run(settings, "db", "check").status == 0


def test_the_database_goes_down_and_up_again(settings: Settings) -> None:
    down = run(settings, "db", "downgrade", "base", "--yes")
    assert down.status == 0
    assert "base" in down.out
    assert run(settings, "db", "check").status == 1
    assert run(settings, "db", "upgrade").status == 0
    assert run(settings, "db", "check").status == 0


def test_one_step_down_is_the_least(settings: Settings) -> None:
    first = run(settings, "db", "check").out
    assert run(settings, "db", "downgrade", "--yes").status == 0
    assert run(settings, "db", "upgrade").status == 0
    assert run(settings, "db", "check").out == first


def test_an_unknown_migration_is_named(settings: Settings) -> None:
    said = run(settings, "db", "downgrade", "9999", "--yes")
    assert said.status == 1
    assert "9999" in said.err


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_database_of_a_newer_version_is_left_alone(settings: Settings) -> None:
    engine = sa.create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for arguments in (["db", "check"], ["db", "upgrade"], ["serve"]):
        said = run(settings, *arguments)
        assert said.status == 1, arguments
        assert "newer version" in said.err


def test_a_table_that_somebody_changed_is_found(settings: Settings) -> None:
    engine = sa.create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE division ADD COLUMN colour VARCHAR(10)"))
    engine.dispose()
    said = run(settings, "db", "check")
    assert said.status == 1
    assert "colour" in said.err
