"""One way to compile: cached on disk where a place can be written, free of Python's lock, and ready for threads."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from marketplace.core.collector import uncollected

F = TypeVar("F", bound=Callable[..., Any])

# What numba looks for to support it in compiled code, which ours does not use: reading it in took a third of a second.
_UNUSED = ("scipy", "cffi", "coverage")


@contextmanager
def _lean() -> Iterator[None]:
    """Import without what is not needed."""
    hidden = [name for name in _UNUSED if name not in sys.modules]
    cast("dict[str, Any]", sys.modules).update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _lean(), uncollected():
    from numba import njit
    from numba.core.registry import cpu_target

    # Otherwise done with the first compiled function, when nothing is hidden any more.
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()


def compiled(function: F) -> F:
    """Compile with numba on first call; without a writable cache directory the code is compiled at each start."""
    try:
        return cast(F, njit(nogil=True, cache=True)(function))
    except RuntimeError:
        # numba raises this where neither the package nor the user's cache directory can be written.
        return cast(F, njit(nogil=True)(function))
