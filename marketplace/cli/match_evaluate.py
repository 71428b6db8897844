"""``marketplace match evaluate``: rankers and chances measured on a history of giving."""

import json
from datetime import datetime
from pathlib import Path

import click
from babel.messages.pofile import read_po

from marketplace.cli.context import Refused
from marketplace.core.errors import DomainError
from marketplace.paths import TRANSLATIONS

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_day = click.DateTime(formats=["%Y-%m-%d"])
_length = click.IntRange(0)


@click.command()
@click.option(
    "--gifts", type=_file, help="donor_id,need_id,date[,amount]; without it only the success model is measured."
)
@click.option(
    "--needs", type=_file, required=True, help="need_id and any of published_at,closed_at,category,area,kind,amount,…"
)
@click.option("--donors", type=_file, help="donor_id and any of type,area,categories,budget,text.")
@click.option(
    "--split",
    "splits",
    type=_day,
    required=True,
    multiple=True,
    help="Learn from what came before this day; given several times, each by itself and all pooled.",
)
@click.option("--until", type=_day, help="The first day that is no longer tested.  [default: the end]")
@click.option("--years", default=0, type=_length, help="Length of each test.  [default: to the next split]")
@click.option("--months", default=0, type=_length, help="The same in months; both add up.")
@click.option(
    "--min-gifts", default=10, show_default=True, type=click.IntRange(1), help="Needs a donor gave to before."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Decides samples and lots.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def evaluate(
    gifts: Path | None,
    needs: Path,
    donors: Path | None,
    splits: tuple[datetime, ...],
    until: datetime | None,
    years: int,
    months: int,
    min_gifts: int,
    seed: int,
    as_json: bool,
) -> None:
    """Learn from a history before a day and measure our ranker beside six others on the new pairs after it.

    The files are CSV, plain or .gz; dates are YYYY-MM-DD. Every figure has its 95 % interval, and so has how far our
    ranker is ahead of each other one, query by query.

    With several --split every origin learns anew from what came before it; then all their queries are pooled.
    """
    # The measured code takes a second to load, and only this command needs it, what reads and what prints for it.
    from marketplace.matching.engine import history, origins, report  # noqa: PLC0415

    try:
        click.echo(f"reading {needs.name}", err=True)
        measured = origins.run(
            history.read_history(needs, gifts=gifts, donors=donors),
            splits=[split.date() for split in splits],
            months=12 * years + months or None,
            until=until.date() if until else None,
            min_gifts=min_gifts,
            seed=seed,
            progress=lambda words: click.echo(words, err=True),
        )
    except DomainError as error:
        raise Refused(in_both_languages(error)) from error
    click.echo(json.dumps(measured) if as_json else report.describe(measured))


def in_both_languages(error: DomainError) -> str:
    """A refusal in Chinese and English: this command runs without settings, so without the site's languages."""
    with (TRANSLATIONS / "zh_Hans_CN" / "LC_MESSAGES" / "learning.po").open("rb") as source:
        message = read_po(source, locale="zh_Hans_CN").get(error.message)
    if message is None or not isinstance(message.string, str):
        return str(error)
    return f"{message.string % error.params}\n{error}"
