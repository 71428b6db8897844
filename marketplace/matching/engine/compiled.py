"""One way to compile: cached on disk where a place can be written, free of Python's lock, and ready for threads."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile with numba on first call; without a writable cache directory the code is compiled at each start."""
    try:
        return cast(F, njit(nogil=True, cache=True)(function))
    except RuntimeError:
        # numba raises this where neither the package nor the user's cache directory can be written.
        return cast(F, njit(nogil=True)(function))
