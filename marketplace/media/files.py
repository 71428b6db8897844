"""The folder of photo files: written before the row is committed, removed again where it is rolled back.

A committed row therefore always has its files; a crash can only leave files without a row, which sweep() removes.
"""

import os
from collections.abc import Set
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

_PENDING = "photo files of the open transaction"
_SWEEP_AGE = timedelta(hours=24)


class PhotoFolder:
    """Where photos are kept; the path is set once by create_app."""

    def __init__(self) -> None:
        self._root: Path | None = None

    def use(self, root: Path) -> None:
        """Keep photos below ``root``."""
        self._root = root

    @property
    def root(self) -> Path:
        """The folder; RuntimeError before create_app has set it."""
        if self._root is None:
            raise RuntimeError("the photo folder is not set")
        return self._root

    def path(self, token: str, *, small: bool = False) -> Path:
        """``xx/<token>.jpg``; the first two characters spread the files over folders."""
        return self.root / token[:2] / f"{token}{'-s' if small else ''}.jpg"

    def write(self, session: Session, path: Path, content: bytes) -> None:
        """Write a whole file at once; a rollback of the session's transaction removes it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        session.info.setdefault(_PENDING, []).append(path)
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def sweep(self, known: Set[str], *, now: datetime) -> int:
        """Remove files older than a day whose token no row knows; returns how many went."""
        removed = 0
        for path in self.root.glob("??/*"):
            is_old = path.stat().st_mtime < (now - _SWEEP_AGE).timestamp()
            if is_old and path.stem.removesuffix("-s") not in known:
                path.unlink(missing_ok=True)
                removed += 1
        return removed


photo_folder = PhotoFolder()


@event.listens_for(Session, "after_commit")
def _keep(session: Session) -> None:
    session.info.pop(_PENDING, None)


@event.listens_for(Session, "after_rollback")
def _remove(session: Session) -> None:
    for path in session.info.pop(_PENDING, []):
        path.unlink(missing_ok=True)
