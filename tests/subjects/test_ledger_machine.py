"""Random histories against a second, simpler bookkeeping: the book accepts what that one can cover, and no more."""

from collections import Counter, defaultdict
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from marketplace.core.actor import Actor
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.ledger import service
from marketplace.ledger.check import check_ledger
from marketplace.ledger.models import LedgerEntry
from marketplace.ledger.queries import balances_of
from marketplace.ledger.rules import Quantity, Subject
from tests.factories import NOW, TREE, make_actor

STEPS_OF = {"pledge": ("donor", "promise"), "release": ("promise", "donor"), "receive": ("promise", "custody")}
STEPS_OF |= {"disburse": ("custody", "handed"), "use": ("handed", "spent"), "return": ("custody", "donor")}
TOTAL_OF = {"pledge": "pledged", "release": "released", "receive": "received"}
TOTAL_OF |= {"disburse": "disbursed", "use": "used", "return": "returned"}

_ENDS = ("donor", "spent")
UNITS = st.sampled_from(["fen", "床"])
NAMES = st.sampled_from(["甲", "乙"])
KINDS = st.sampled_from(sorted(STEPS_OF))
AMOUNTS = st.integers(1, 50) | st.sampled_from([1, 10**12, 10**13])
BAD_AMOUNTS = st.sampled_from([0, -1, 10**13 + 1, 2**63, 0.5, True, float("nan"), "5"])


def make_machine(people: tuple[Actor, Actor], counter: list[int]) -> type[RuleBasedStateMachine]:
    """A machine whose every sequence is the history of one new gift in the same database."""

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            counter[0] += 1
            self.number = counter[0]
            code = f"JZ-{self.number:06d}-00"
            self.gift = Subject("pledge", self.number, code, donor="AX-1", earmark=f"need:{self.number}")
            self.held: Counter[tuple[str, str, str]] = Counter()
            self.totals: defaultdict[str, Counter[str]] = defaultdict(Counter)
            self.made: list[tuple[int, str, str, int, str, str]] = []
            self.undone: set[int] = set()
            self.keys = 0

        def _place(self, role: str, name: str, unit: str) -> tuple[str, str, str]:
            return role, name if role in ("custody", "handed") else "", unit

        def _names(self, kind: str, giver: str, taker: str) -> dict[str, str]:
            return {
                "receive": {"custodian": taker},
                "disburse": {"custodian": giver, "payee": taker},
                "use": {"payee": giver, "what": "御寒"},
                "return": {"custodian": giver},
            }.get(kind, {})

        def _write(self, kind: str, amount: Any, unit: str, giver: str, taker: str, gift: Subject) -> LedgerEntry:
            self.keys += 1
            key = f"{self.number}:{self.keys}"
            record = getattr(service, f"record_{kind}")
            with transaction():
                entry: LedgerEntry = record(
                    gift,
                    [Quantity(amount, unit)],
                    client_key=key,
                    by=people[0],
                    at=NOW,
                    **self._names(kind, giver, taker),
                )
                return entry

        @rule(kind=KINDS, amount=AMOUNTS, unit=UNITS, giver=NAMES, taker=NAMES)
        def step(self, kind: str, amount: int, unit: str, giver: str, taker: str) -> None:
            self._step(kind, amount, unit, giver, taker)

        @initialize(is_under_way=st.booleans(), unit=UNITS)
        def begin(self, is_under_way: bool, unit: str) -> None:
            """From nothing, or with something in every account, so that one can be drawn on for another."""
            if is_under_way:
                self._step("pledge", 40, unit, "甲", "甲")
                for name in ("甲", "乙"):
                    self._step("receive", 10, unit, "甲", name)
                    self._step("disburse", 4, unit, name, name)

        @rule(choice=st.integers(0, 10**6), offset=st.sampled_from([-1, 0, 1]), taker=NAMES)
        def step_to_the_brink(self, choice: int, offset: int, taker: str) -> None:
            """All that some account holds, one less, or one more."""
            places = sorted(place for place, amount in self.held.items() if amount > 0 and place[0] not in _ENDS)
            if places:
                role, giver, unit = places[choice % len(places)]
                kinds = sorted(kind for kind, (from_role, _) in STEPS_OF.items() if from_role == role)
                amount = min(max(1, self.held[(role, giver, unit)] + offset), 10**13)
                self._step(kinds[choice % len(kinds)], amount, unit, giver, taker)

        def _step(self, kind: str, amount: int, unit: str, giver: str, taker: str) -> None:
            from_role, to_role = STEPS_OF[kind]
            out, into = self._place(from_role, giver, unit), self._place(to_role, taker, unit)
            is_covered = kind == "pledge" or self.held[out] >= amount
            try:
                entry = self._write(kind, amount, unit, giver, taker, self.gift)
            except Conflict:
                assert not is_covered
                return
            assert is_covered
            self.held[out] -= amount
            self.held[into] += amount
            self.totals[unit][TOTAL_OF[kind]] += amount
            self.made.append((entry.id, kind, unit, amount, giver, taker))

        @precondition(lambda self: self.made)
        @rule(choice=st.integers(0, 10**6))
        def reverse(self, choice: int) -> None:
            key, kind, unit, amount, giver, taker = self.made[choice % len(self.made)]
            from_role, to_role = STEPS_OF[kind]
            out, into = self._place(from_role, giver, unit), self._place(to_role, taker, unit)
            may = key in self.undone or into[0] == "donor" or self.held[into] >= amount
            try:
                self._reverse(key, reason="记错")
            except Conflict:
                assert not may
                return
            assert may
            if key not in self.undone:
                self.undone.add(key)
                self.held[into] -= amount
                self.held[out] += amount
                self.totals[unit][TOTAL_OF[kind]] -= amount

        @precondition(lambda self: self.undone)
        @rule()
        def reverse_again_for_another_reason(self) -> None:
            with pytest.raises(Conflict):
                self._reverse(min(self.undone), reason="另一个理由")

        def _reverse(self, key: int, *, reason: str) -> None:
            with transaction():
                service.reverse_entry(
                    key, reason=reason, by=people[0], approved_by=people[1], division=TREE.county, at=NOW
                )

        @precondition(lambda self: self.made)
        @rule(kind=KINDS)
        def leave_the_earmark(self, kind: str) -> None:
            elsewhere = Subject("pledge", self.number, self.gift.code, donor="AX-1", earmark="need:another")
            with pytest.raises(Invalid):
                self._write(kind, 1, "fen", "甲", "甲", elsewhere)

        @rule(kind=KINDS, amount=BAD_AMOUNTS)
        def write_no_amount(self, kind: str, amount: Any) -> None:
            with pytest.raises(Invalid):
                self._write(kind, amount, "fen", "甲", "甲", self.gift)

        @invariant()
        def stored_totals_are_those_of_the_other_book(self) -> None:
            """L2, L6 at every prefix."""
            found = balances_of("pledge", self.number)
            db.session.rollback()
            for unit in set(found) | set(self.totals):
                want = self.totals[unit]
                have = {name: getattr(found[unit], name) for name in TOTAL_OF.values()}
                assert have == {name: want[name] for name in TOTAL_OF.values()}
                assert found[unit].is_in_order
            assert all(amount >= 0 for (role, _, _), amount in self.held.items() if role != "donor")

    return Machine


def _run(sequences: int) -> None:
    people = (
        make_actor(Role.COUNTY_ADMIN, division=TREE.county),
        make_actor(Role.COUNTY_ADMIN, division=TREE.county),
    )
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        make_machine(people, [0]),
        settings=settings(max_examples=sequences, stateful_step_count=15, deadline=None, suppress_health_check=checks),
    )
    found = {invariant.id: (invariant.checked, invariant.faults) for invariant in check_ledger()}
    assert all(checked > 0 and not faults for checked, faults in found.values()), found


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_random_histories_keep_every_invariant(app: Flask) -> None:
    """L1, L2, L4, L6, L7, L8, L11 over a few hundred sequences."""
    _run(200)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_random_histories_keep_every_invariant_on_postgresql(app: Flask) -> None:
    """L1, L2, L4, L6, L7, L8, L11 on the other database."""
    _run(25)
