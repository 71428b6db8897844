"""Compile the engine beside the build: ``python -m marketplace.demo.warming`` leaves it in numba's cache."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from marketplace.core.kinds import NeedCategory, SupportKind
from marketplace.demo.facts import AS_OF, PREFECTURE
from marketplace.matching.engine.build import build_problem
from marketplace.matching.engine.problem import DonorRow, NeedRow
from marketplace.matching.engine.rank import rank


@contextmanager
def compiling() -> Iterator[None]:
    """Let the second core compile while this one writes rows; whoever needs the engine earlier compiles it too."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as other:  # noqa: S603 (our own)
        try:
            yield
        finally:
            other.terminate()


def compile_engine() -> None:
    """Rank one pair, so that everything is compiled once."""
    need = NeedRow(code="XQ-1", kind=SupportKind.GOODS, category=NeedCategory.WRM, division=PREFECTURE, text="棉被")
    donor = DonorRow(code="AX-1", kinds=[SupportKind.GOODS], text="棉被")
    rank(build_problem([need], donors=[donor]), day=AS_OF.date())


if __name__ == "__main__":
    compile_engine()
