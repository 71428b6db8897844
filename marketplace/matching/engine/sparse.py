"""Sparse tables in compressed rows, and what ranking by history does with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Row i holds columns[start[i]:start[i + 1]] (int32) with their values (float32); ``width`` columns in all."""

    start: Array
    columns: Array
    values: Array
    width: int

    def __len__(self) -> int:
        return len(self.start) - 1

    def sizes(self) -> Array:
        """Entries by row."""
        return np.diff(self.start)

    def rows(self) -> Array:
        """The row of each entry."""
        return np.repeat(np.arange(len(self)), self.sizes())

    def with_values(self, values: Array) -> "Table":
        """The same entries with other values."""
        return Table(self.start, self.columns, np.asarray(values, dtype=np.float32), self.width)

    def take(self, rows: Array) -> "Table":
        """Some of the rows, in the order given."""
        sizes = self.sizes()[rows]
        start = np.concatenate([[0], np.cumsum(sizes)])
        entries = np.repeat(self.start[rows] - start[:-1], sizes) + np.arange(start[-1])
        return Table(start, self.columns[entries], self.values[entries], self.width)

    def transposed(self) -> "Table":
        """Columns as rows."""
        return table_of(self.columns, self.rows(), self.values, height=self.width, width=len(self))

    def dot(self, vector: Array) -> Array:
        """Rows times a vector (width,) -> (rows,) float32."""
        from marketplace.matching.engine.walks import dot  # noqa: PLC0415 - numba would slow every start

        out = np.zeros(len(self), dtype=np.float32)
        dot(self.start, self.columns, self.values, np.ascontiguousarray(vector, dtype=np.float32), out)
        return out

    def row_sum(self, weights: Array) -> Array:
        """The sum of all rows, each by its weight: weights (rows,) -> (width,) float64; zero weights cost nothing."""
        from marketplace.matching.engine.walks import row_sum  # noqa: PLC0415 - numba would slow every start

        out = np.zeros(self.width, dtype=np.float64)
        row_sum(self.start, self.columns, self.values, np.ascontiguousarray(weights, dtype=np.float64), out)
        return out

    def unit_rows(self) -> "Table":
        """Each row divided by its length; empty rows stay empty."""
        squares = np.bincount(self.rows(), self.values.astype(np.float64) ** 2, minlength=len(self))
        lengths = np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))
        return self.with_values(self.values / lengths[self.rows()])


def make_table(rows: Sequence[Sequence[int]], *, columns: int) -> Table:
    """Rows of column numbers, each once, with the value 1."""
    sizes = [len(row) for row in rows]
    flat = np.array([column for row in rows for column in row], dtype=np.int32)
    start = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
    return Table(start, flat, np.ones(len(flat), dtype=np.float32), columns)


def table_of(rows: Array, columns: Array, values: Array, *, height: int, width: int) -> Table:
    """Entries in any order as a table; entries of one place are kept side by side."""
    order = np.lexsort((columns, rows))
    start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=height))]).astype(np.int64)
    return Table(start, columns[order].astype(np.int32), values[order].astype(np.float32), width)
