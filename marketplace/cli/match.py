"""``marketplace match``: rank everything, explain one ranking, measure the engine."""

import json
import sys
from typing import Any

import click

from marketplace.cli.allocate import allocate, simulate
from marketplace.cli.context import say, with_app
from marketplace.cli.match_evaluate import evaluate
from marketplace.cli.match_train import train
from marketplace.core.codes import Prefix, parse_code
from marketplace.core.errors import Invalid, NotFound
from marketplace.core.workflow import NeedState
from marketplace.db import transaction
from marketplace.db.clock import utc_now
from marketplace.matching import service
from marketplace.matching.engine.explain import Phrase
from marketplace.matching.models import MatchRun
from marketplace.matching.queries import SuggestedDonor, Term, donors_for_need, find_last_run
from marketplace.needs.models import Need
from marketplace.needs.queries import find_need

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
_LARGEST_SEED = 2**62


@click.group()
def match() -> None:
    """Rank donors and needs, and explain a ranking."""


match.add_command(allocate)
match.add_command(simulate)


@match.command()
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, _LARGEST_SEED), help="Decides the lots.")
@_json
def run(seed: int, as_json: bool) -> None:
    """Rank all open needs and active donors, both ways, and keep the ten best of each with reasons."""
    with with_app():
        with transaction():
            record = service.run(now=utc_now(), seed=seed)
            document = _run_document(record)
        if as_json:
            click.echo(json.dumps(document))
            return
        words = "Ranked %(needs)s open needs and %(donors)s donors in %(ms)s ms (model %(model)s, seed %(seed)s)."
        click.echo(
            say(
                words,
                needs=document["needs"],
                donors=document["donors"],
                ms=document["milliseconds"],
                model=document["model"],
                seed=seed,
            )
        )


def _run_document(record: MatchRun) -> dict[str, Any]:
    return {
        "run": record.id,
        "day": record.day.isoformat(),
        "seed": record.seed,
        "model": record.model_version,
        "needs": record.needs,
        "donors": record.donors,
        "milliseconds": record.milliseconds,
    }


@match.command()
@click.argument("need")
@click.option("--donor", metavar="CODE", default="", help="One donor: why this one, or why not.")
@_json
def explain(need: str, donor: str, as_json: bool) -> None:
    """Why the donors of NEED (a code such as XQ-...) stand where they do: points that add up to the score."""
    with with_app():
        found = _need(need)
        document = _pair(found, donor) if donor else _list(found)
        click.echo(json.dumps(document, ensure_ascii=False, indent=2) if as_json else _told(document))


def _need(typed: str) -> Need:
    code = _code(typed, Prefix.NEED)
    found = find_need(code)
    if found is None:
        raise NotFound("There is no need with the code %(code)s.", code=code)
    return found


def _code(typed: str, prefix: Prefix) -> str:
    parsed = parse_code(typed)
    if parsed is None or parsed[0] is not prefix:
        raise Invalid("%(typed)s is not such a code: it reads %(prefix)s-XXXXXX-00.", typed=typed, prefix=prefix.value)
    return parsed[1]


def _list(need: Need) -> dict[str, Any]:
    last = find_last_run()
    if last is None:
        raise NotFound("Nothing has been ranked yet. Run: marketplace match run")
    return {
        **_head(need),
        "run": _run_document(last),
        "is_open": need.state is NeedState.PUBLISHED,
        "donors": [_donor(suggested) for suggested in donors_for_need(need.id)],
    }


def _head(need: Need) -> dict[str, Any]:
    return {"need": need.code, "title": need.title, "state": need.state.value}


def _donor(suggested: SuggestedDonor) -> dict[str, Any]:
    return {
        "rank": suggested.rank,
        "donor": suggested.code,
        "type": suggested.donor_type.value,
        "score": suggested.score,
        "slot": suggested.slot.value,
        "propensity": suggested.propensity,
        "reasons": [_reason(term) for term in suggested.terms],
    }


def _reason(term: Term) -> dict[str, Any]:
    return {"words": say(term.message, **term.params), "points": term.points}


def _pair(need: Need, typed: str) -> dict[str, Any]:
    judged = service.judge(need.code, donor_code=_code(typed, Prefix.DONOR), now=utc_now())
    reasons = [Term(r.phrase.message, r.phrase.params, r.points) for r in judged.explanation.reasons if r.points]
    return {
        **_head(need),
        "donor": judged.donor_code,
        "score": judged.explanation.points,
        "model": judged.explanation.version,
        "is_allowed": not judged.hindrances,
        "why_not": [_words(phrase) for phrase in judged.hindrances],
        "reasons": [_reason(term) for term in reasons],
    }


def _words(phrase: Phrase) -> str:
    return say(phrase.message, **phrase.params)


def _told(document: dict[str, Any]) -> str:
    lines = [f"{document['need']}  {document['title']}"]
    if "donors" not in document:
        lines += [document["donor"], *document["why_not"]]
        return "\n".join([*lines, *_bars(document["reasons"], document["score"])])
    if not document["donors"]:
        lines.append(say("No donor is suggested for this need."))
    for donor in document["donors"]:
        lines += ["", f"{donor['rank']:>2}. {donor['donor']}  {donor['type']}  {donor['slot']}"]
        lines += _bars(donor["reasons"], donor["score"])
    return "\n".join(lines)


def _bars(reasons: list[dict[str, Any]], score: int) -> list[str]:
    terms = [f"    {reason['points']:>3}  {reason['words']}" for reason in reasons]
    return [*terms, f"    {score:>3}  {say('points out of 100')}"]


@match.command()
@click.option("--needs", default=33_014, show_default=True, type=click.IntRange(1, 2_000_000), help="Needs to rank.")
@click.option("--donors", default=7_177, show_default=True, type=click.IntRange(1, 200_000), help="Donors to rank.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 100), help="Timed rounds.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, _LARGEST_SEED), help="Decides the made-up rows."
)
@_json
def benchmark(needs: int, donors: int, rounds: int, seed: int, as_json: bool) -> None:
    """Measure the engine beside numpy, rapidfuzz and others in one run, on synthetic needs and donors."""
    # The measured libraries take a second to load, and only this command needs them.
    from marketplace.matching.engine import benchmark as engine  # noqa: PLC0415

    measured = engine.run(needs=needs, donors=donors, rounds=rounds, seed=seed, progress=_progress)
    click.echo(json.dumps(measured) if as_json else engine.describe(measured))
    if not measured["exact"]:
        sys.exit(1)


def _progress(words: str) -> None:
    click.echo(words, err=True)


match.add_command(evaluate)
match.add_command(train)
