"""``marketplace ledger``: check the book against itself, against pledges and against agreements."""

import json

import click

from marketplace.cli.context import Refused, say, with_app
from marketplace.ledger.check import Invariant, check_ledger
from marketplace.pairings.check import check_agreements
from marketplace.pledges.check import check_pledges


@click.group()
def ledger() -> None:
    """Check the book."""


@ledger.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def check(as_json: bool) -> None:
    """Recompute every invariant from the rows; exit 1 where one is broken."""
    with with_app():
        found = [*check_ledger(), *check_pledges(), *check_agreements()]
        click.echo(_document(found) if as_json else _table(found))
        broken = next((invariant for invariant in found if not invariant.holds), None)
        if broken is not None:
            raise Refused(say("The book does not hold: %(id)s. Nothing was changed.", id=broken.id))


def _document(found: list[Invariant]) -> str:
    rows = [
        {"id": i.id, "says": i.says, "checked": i.checked, "broken": i.fault_count, "faults": i.faults} for i in found
    ]
    return json.dumps({"holds": all(i.holds for i in found), "invariants": rows}, ensure_ascii=False)


def _table(found: list[Invariant]) -> str:
    lines = []
    for invariant in found:
        mark = say("holds") if invariant.holds else say("BROKEN")
        lines.append(f"{invariant.id:<4}{mark}  {invariant.checked:>9,}  {say(invariant.says)}")
        lines += [f"      {fault}" for fault in invariant.faults]
        if invariant.fault_count > len(invariant.faults):
            lines.append(f"      … {invariant.fault_count - len(invariant.faults)}")
    return "\n".join(lines)
