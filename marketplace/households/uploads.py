"""Keep an uploaded register between its dry run and its confirmation: as ciphertext, for one person, for a day."""

import base64
import re
import secrets
import time
from pathlib import Path

from marketplace.core.actor import Actor
from marketplace.core.errors import NotFound
from marketplace.db.types import keyring

_TOKEN = re.compile(r"^[0-9a-f]{32}$")
_SECONDS_KEPT = 24 * 3600


def keep_upload(content: bytes, *, folder: Path, by: Actor) -> str:
    """Store the file; returns the token by which only the same person finds it again."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(folder)
    token = secrets.token_hex(16)
    path = _path(token, folder=folder, by=by)
    path.write_text(keyring.encrypt(base64.b64encode(content).decode()), encoding="ascii")
    path.chmod(0o600)
    return token


def read_upload(token: str, *, folder: Path, by: Actor) -> bytes:
    """The file as it came; NotFound for anybody else's token, and after a day."""
    path = _path(token, folder=folder, by=by)
    if not path.is_file():
        raise NotFound("This upload is no longer here. Send the file again.")
    return base64.b64decode(keyring.decrypt(path.read_text(encoding="ascii")))


def drop_upload(token: str, *, folder: Path, by: Actor) -> None:
    """Forget the file."""
    _path(token, folder=folder, by=by).unlink(missing_ok=True)


def _path(token: str, *, folder: Path, by: Actor) -> Path:
    if not _TOKEN.match(token) or by.user_id is None:
        raise NotFound("This upload is no longer here. Send the file again.")
    return folder / f"{by.user_id}-{token}"


def _sweep(folder: Path) -> None:
    """Remove what nobody confirmed; the age of a file is the file system's time."""
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > _SECONDS_KEPT:
            path.unlink(missing_ok=True)
