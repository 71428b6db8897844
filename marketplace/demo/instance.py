"""The folder that a demonstration lives in: claimed once, rebuilt when it is half-built, never taken from others."""

import base64
import fcntl
import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from marketplace.config import SETTINGS_FILE, Settings
from marketplace.core.codes import new_slip_code
from marketplace.core.errors import Conflict
from marketplace.demo.cast import Account
from marketplace.demo.facts import AS_OF

ACCOUNTS_FILE = "demo-accounts.json"
_STATE_FILE = "demo-state.json"
_LOCK_FILE = "demo.lock"
_KEY_BYTES = 32
_OWN_FILES = 0o600
_YES = "true"


class Progress(StrEnum):
    """How far the folder's demonstration is."""

    BUILDING = "building"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class State:
    """What was or is being built here; ``database`` is a digest of the database's address."""

    progress: Progress
    seed: int
    scale: float
    database: str


@dataclass(frozen=True, slots=True)
class Home:
    """The instance folder of a demonstration."""

    folder: Path

    def claim(self) -> None:
        """Make settings with fresh secrets in an empty folder; Conflict where the folder is somebody else's."""
        path = self.folder / SETTINGS_FILE
        if path.is_file():
            if str(_read_json(path).get("demonstration", "")).lower() != _YES:
                raise Conflict(
                    "%(folder)s holds a site that is not a demonstration; it is left alone. "
                    "Choose another folder with MARKETPLACE_INSTANCE.",
                    folder=str(self.folder),
                )
            return
        for database in self.folder.glob("*.sqlite"):
            raise _not_ours(database)
        self.folder.mkdir(parents=True, exist_ok=True)
        _write_json(path, _new_settings())

    def state(self) -> State | None:
        """What the folder says of its demonstration; None where none was begun."""
        path = self.folder / _STATE_FILE
        if not path.is_file():
            return None
        kept = _read_json(path)
        return State(Progress(kept["progress"]), int(kept["seed"]), float(kept["scale"]), str(kept["database"]))

    def is_ready(self, settings: Settings) -> bool:
        """True where a whole demonstration is in this very database."""
        state = self.state()
        return (
            state is not None
            and state.progress is Progress.READY
            and state.database == _digest(settings)
            and (self.folder / ACCOUNTS_FILE).is_file()
        )

    def owns(self, settings: Settings) -> bool:
        """True where this folder's demonstration, whole or half-built, is what the database holds."""
        state = self.state()
        return state is not None and state.database == _digest(settings)

    def embedded_database(self, settings: Settings) -> Path | None:
        """The SQLite file in the folder; None where the database lies elsewhere."""
        path = Path(settings.database_url.removeprefix("sqlite:///"))
        return path if settings.database_url.startswith("sqlite:///") and path.parent == self.folder else None

    def clear(self, settings: Settings) -> None:
        """Remove photos, accounts and the embedded database of one's own demonstration; the secrets stay."""
        database = self.embedded_database(settings)
        if database is not None and database.exists():
            if not self.owns(settings):
                raise _not_ours(database)
            for ending in ("", "-wal", "-shm"):
                database.with_name(database.name + ending).unlink(missing_ok=True)
        shutil.rmtree(settings.media_folder, ignore_errors=True)
        (self.folder / ACCOUNTS_FILE).unlink(missing_ok=True)

    def begin(self, settings: Settings, *, seed: int, scale: float) -> None:
        """Note that a build has begun: whoever finds this note later builds again."""
        self._note(State(Progress.BUILDING, seed, scale, _digest(settings)))

    def finish(self, settings: Settings, *, seed: int, scale: float, accounts: Sequence[Account]) -> None:
        """Write the accounts, then note that all is there."""
        _write_json(self.folder / ACCOUNTS_FILE, [asdict(account) for account in accounts])
        self._note(State(Progress.READY, seed, scale, _digest(settings)))

    def accounts(self) -> list[dict[str, str]]:
        """The accounts of a finished demonstration."""
        kept: list[dict[str, str]] = json.loads((self.folder / ACCOUNTS_FILE).read_text(encoding="utf-8"))
        return kept

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one build at a time in a folder; Conflict for the second."""
        with (self.folder / _LOCK_FILE).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(
                    "Another command is building the demonstration in %(folder)s. Wait for it.",
                    folder=str(self.folder),
                ) from None
            yield

    def _note(self, state: State) -> None:
        _write_json(self.folder / _STATE_FILE, asdict(state))


def new_password() -> str:
    """A password for all demonstration accounts of one build: short enough to type, different everywhere."""
    return f"jiedui-{new_slip_code().lower()}"


def _not_ours(database: Path) -> Conflict:
    return Conflict(
        "%(file)s was not made by this command; it is left alone. Choose another folder with MARKETPLACE_INSTANCE.",
        file=str(database),
    )


def _new_settings() -> dict[str, str]:
    return {
        "secret_key": secrets.token_urlsafe(_KEY_BYTES),
        "data_key": _new_key(),
        "index_key": _new_key(),
        "demonstration": _YES,
        "clock_start": AS_OF.isoformat(),
        "secure_cookies": "false",
        "publisher": "甘孜州演示站",
    }


def _new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def _digest(settings: Settings) -> str:
    return hashlib.sha256(settings.database_url.encode()).hexdigest()


def _read_json(path: Path) -> dict[str, str]:
    try:
        kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Conflict("%(file)s is damaged. Repair it or choose another folder.", file=str(path)) from error
    return kept


def _write_json(path: Path, content: object) -> None:
    partial = path.with_suffix(".part")
    partial.touch(mode=_OWN_FILES)
    partial.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
