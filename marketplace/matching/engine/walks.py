"""The compiled walks over sparse tables; loaded with the first of them, since numba would slow every start."""

from typing import Any

from numpy.typing import NDArray

from marketplace.matching.engine.compiled import compiled

Array = NDArray[Any]


@compiled
def dot(start: Array, columns: Array, values: Array, vector: Array, out: Array) -> None:
    """out (rows,) = the rows of a table times a vector."""
    for row in range(len(start) - 1):
        total = 0.0
        for at in range(start[row], start[row + 1]):
            total += values[at] * vector[columns[at]]
        out[row] = total


@compiled
def row_sum(start: Array, columns: Array, values: Array, weights: Array, out: Array) -> None:
    """out (width,) += the rows of a table, each by its weight."""
    for row in range(len(start) - 1):
        weight = weights[row]
        if weight != 0.0:
            for at in range(start[row], start[row + 1]):
                out[columns[at]] += weight * values[at]


@compiled
def add_up(start: Array, columns: Array, other: Array, rows: Array, squares: Array, sums: Array) -> None:
    """squares (n, F, F), sums (n, F) += the outer products, and the rows, of ``other`` that each of ``rows`` names."""
    for at in range(len(rows)):
        for entry in range(start[rows[at]], start[rows[at] + 1]):
            factors = other[columns[entry]]
            for one in range(len(factors)):
                sums[at, one] += factors[one]
                for two in range(len(factors)):
                    squares[at, one, two] += factors[one] * factors[two]
