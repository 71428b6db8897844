"""How long a need may be expected to be open is told by earlier needs, never by its own day of closing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching.engine.exposure import expected_share
from marketplace.matching.engine.history import UNKNOWN, read_history
from marketplace.matching.engine.past import make_past
from marketplace.matching.engine.signals import SIGNALS, Signal, donor_signals
from tests.subjects.histories import write_csv

START, END = 1_000, 1_100


def share_of(published: list[int], closed: list[int], *, row: int) -> float:
    found = expected_share(np.array(published), np.array(closed), rows=np.array([row]), start=START, end=END)
    return float(found[0])


def test_without_days_of_closing_a_need_is_open_from_its_publication_on() -> None:
    published, closed = [900, 1_000, 1_050, 1_099], [UNKNOWN] * 4
    found = expected_share(np.array(published), np.array(closed), rows=np.arange(4), start=START, end=END)
    assert found == pytest.approx([1.0, 1.0, 0.5, 0.01])


def test_a_share_by_hand() -> None:
    """Three of four closed on the day after publication; with one more that never does, two fifths stay open."""
    published, closed = [100, 100, 100, 100, 1_000], [101, 101, 101, UNKNOWN, UNKNOWN]
    assert share_of(published, closed, row=4) == pytest.approx((1 + 1 + 98 * 0.4) / 100)
    assert share_of(published, closed, row=3) == pytest.approx(1.0)


def test_what_was_open_for_long_is_expected_to_go_on_as_those_did_that_lasted_as_long() -> None:
    short, long = [(100, 101)] * 50, [(100, 400)] * 50
    published, closed = zip(*short, *long, (995, 1_001), (1_000, 1_001), strict=True)
    older, newer = (share_of(list(published), list(closed), row=row) for row in (100, 101))
    assert older > 0.9
    assert newer == pytest.approx(0.5, abs=0.03)


@settings(max_examples=30, deadline=None)
@given(
    spans=st.lists(st.tuples(st.integers(1, END - 1), st.integers(0, 300)), min_size=1, max_size=12),
    moved=st.integers(0, 500),
)
def test_days_of_closing_from_the_split_on_change_nothing(spans: list[tuple[int, int]], moved: int) -> None:
    published = np.array([first for first, _ in spans])
    closed = np.array([first + lasts for first, lasts in spans])
    rows = np.flatnonzero(closed >= START)
    later = np.where(closed >= START, closed + moved, closed)
    found = expected_share(published, closed, rows=rows, start=START, end=END)
    assert np.array_equal(found, expected_share(published, later, rows=rows, start=START, end=END))
    assert ((found > 0) & (found < 1 + 1e-9)).all()


def test_the_signal_is_nothing_where_no_need_has_a_date_and_orders_new_needs_by_their_days(tmp_path: Path) -> None:
    gifts = write_csv(
        tmp_path / "gifts.csv",
        rows=[{"donor_id": "d", "need_id": "n0", "amount": 1, "date": "2020-01-01"}],
        columns=("donor_id", "need_id", "amount", "date"),
    )
    dates = ("2020-01-01", "2020-02-10", "2020-03-20", "")
    rows = [{"need_id": f"n{row}", "published_at": day} for row, day in enumerate(dates)]
    place = SIGNALS.index(Signal.EXPOSURE)
    for columns, count in ((("need_id",), 1), (("need_id", "published_at"), 3)):
        needs = [{name: one[name] for name in columns} for one in rows]
        history = read_history(write_csv(tmp_path / "needs.csv", rows=needs, columns=columns), gifts=gifts)
        start = int(history.day[0]) + 31
        found = donor_signals(make_past(history, start=start, end=start + 60), 0)[:, place]
        assert len(found) == count
        assert (found == 0).all() if count == 1 else found[0] == 0 > found[1] > found[2]
