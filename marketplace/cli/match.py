"""``marketplace match``: rank everything, explain one ranking, measure the engine."""

import json
import sys
from dataclasses import asdict
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
    judged = service.judge(need.code, donor_code=_code(typed, Prefix.DONOR))
    reasons = [Term(r.phrase.message, r.phrase.params, r.points) for r in judged.explanation.reasons if r.points]
    return {
        **_head(need),
        "donor": judged.donor_code,
        "score": judged.explanation.points,
        "model": judged.explanation.version,
        "is_allowed": not judged.hindrances,
        "why_not": [_words(phrase) for phrase in judged.hindrances],
        "standing": judged.standing and asdict(judged.standing),
        "reasons": [_reason(term) for term in reasons],
    }


def _place(standing: dict[str, int] | None) -> list[str]:
    words = "Place %(place)d of %(of)d by score; the last one of the list has %(last_points)d points."
    return [say(words, **standing)] if standing else []


def _words(phrase: Phrase) -> str:
    return say(phrase.message, **phrase.params)


def _told(document: dict[str, Any]) -> str:
    lines = [f"{document['need']}  {document['title']}"]
    if "donors" not in document:
        lines += [document["donor"], *document["why_not"], *_place(document["standing"])]
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
@click.argument("run_id", metavar="RUN", type=click.IntRange(1))
@_json
def replay(run_id: int, as_json: bool) -> None:
    """Work the stored run number RUN out again and compare every list bit for bit; exit 1 where one differs."""
    with with_app():
        again = service.replay(run_id)
        ranking = again.ranking
        document = {
            "run": run_id,
            "day": ranking.day.isoformat(),
            "seed": ranking.seed,
            "model": ranking.model.version,
            "needs": len(ranking.problem.needs),
            "donors": len(ranking.problem.donors),
            "stored": again.stored,
            "digest": again.digest,
            "same": again.is_same,
        }
        words = (
            "Run %(run)d was replayed: every list is the same, bit for bit (%(digest)s)."
            if again.is_same
            else "Run %(run)d was replayed and its lists differ from those stored (%(digest)s)."
        )
        click.echo(json.dumps(document) if as_json else say(words, run=run_id, digest=again.digest[:16]))
    if not again.is_same:
        sys.exit(1)


@match.command()
@click.option("--needs", default=33_014, show_default=True, type=click.IntRange(1, 2_000_000), help="Needs to rank.")
@click.option("--donors", default=7_177, show_default=True, type=click.IntRange(1, 200_000), help="Donors to rank.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 100), help="Timed rounds.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, _LARGEST_SEED), help="Decides the made-up rows."
)
@click.option("--small", is_flag=True, help="Also 313 needs x 7,177 donors beside numpy.")
@click.option("--large", is_flag=True, help="Also 1,000,000 needs x 100,000 donors, in processes of their own.")
@click.option("--service", "with_service", is_flag=True, help="Also one need and one donor of this instance.")
@_json
def benchmark(
    *, needs: int, donors: int, rounds: int, seed: int, small: bool, large: bool, with_service: bool, as_json: bool
) -> None:
    """Measure the engine beside numpy, rapidfuzz and others in one run, on synthetic needs and donors.

    Peers that are not installed are left out, and a note says which. Exit 1 where a list differs from numpy's.
    """
    # The measured libraries take a second to load, and only this command needs them.
    from marketplace.matching.engine import benchmark as engine  # noqa: PLC0415
    from marketplace.matching.engine import benchmark_sizes as sizes  # noqa: PLC0415 - as above

    measured = engine.run(needs=needs, donors=donors, rounds=rounds, seed=seed, progress=_progress)
    if small:
        found = sizes.measure_small(rounds=rounds, seed=seed, say=_progress)
        measured["rows"] += found.rows
        measured["ratios"]["small_vs_numpy"] = found.ratio
        measured["exact"] &= found.is_exact
    if large:
        measured["rows"] += sizes.measure_large(rounds=rounds, seed=seed, say=_progress)
    if with_service:
        from marketplace.cli.benchmarking import measure_service  # noqa: PLC0415 - it loads the engine's benchmark

        with with_app():
            measured["rows"] += measure_service(rounds=rounds)
    click.echo(json.dumps(measured) if as_json else engine.describe(measured))
    if not measured["exact"]:
        sys.exit(1)


def _progress(words: str) -> None:
    click.echo(words, err=True)


match.add_command(evaluate)
match.add_command(train)
