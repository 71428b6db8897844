"""Run a command as an operator does, in this process, and look at what it said."""

from dataclasses import dataclass

from click.testing import CliRunner

from marketplace.cli import main
from marketplace.config import Settings
from tests.server import environment_of


@dataclass(frozen=True)
class Said:
    """What came of a command."""

    status: int
    out: str
    err: str


def run(settings: Settings, *arguments: str, stdin: str = "", **environment: str | None) -> Said:
    """Run ``marketplace ARGUMENTS`` with these settings; a traceback fails the test."""
    env = {"LC_ALL": "C.UTF-8", **environment_of(settings), **environment}
    result = CliRunner().invoke(main, arguments, input=stdin, env=env)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.stderr
    return Said(result.exit_code, result.stdout, result.stderr)
