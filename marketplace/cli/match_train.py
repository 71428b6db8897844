"""``marketplace match train``: learn from the product's own history, and print the model card."""

import json

import click

from marketplace.cli.context import say, with_app
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.matching import learning

VERDICTS = {
    "": "Adopted: it ranks from the next run on.",
    "too_few": "Not adopted: there are too few pledges to learn from and be measured on.",
    "not_better": "Not adopted: on what was held out it was no better than the model in use.",
}


@click.command()
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**62), help="Decides the samples.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def train(seed: int, as_json: bool) -> None:
    """Learn the weights from pledges and the chances from outcomes; a worse model is kept, said, and not used."""
    with with_app():
        with transaction():
            record = learning.train(now=utc_now(), seed=seed)
            document = {
                "version": record.version,
                "adopted": not record.refusal,
                "refusal": record.refusal,
                "compared_with": record.compared_with,
                "pledges": record.pledges,
                "weights": record.weights,
                "metrics": record.metrics,
            }
            card, verdict = record.card, say(VERDICTS[record.refusal])
        click.echo(json.dumps(document) if as_json else f"{card}\n{verdict}")
