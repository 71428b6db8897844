"""Settings: one frozen value, read once from the environment and the instance folder."""

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from marketplace.db.types import Keys

SETTINGS_FILE = "settings.json"
_KEY_BYTES = 32
_TRUE = {"1", "true", "yes", "on"}


class SettingsError(Exception):
    """A setting is missing or malformed; the message says what to set."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between deployments. README lists each field."""

    instance: Path
    database_url: str
    secret_key: str
    keys: Keys
    # Shared by all workers; "memory://" holds for one process only.
    limits_url: str = "memory://"
    # True labels every page as synthetic and opens the demonstration accounts.
    demonstration: bool = False
    # The demonstration's clock starts here; None is real time.
    clock_start: datetime | None = None
    # False only where the site is reached over plain HTTP on the same machine.
    secure_cookies: bool = True
    # How many proxies in front of us set X-Forwarded-For.
    trusted_proxies: int = 0
    hotline: str = "12317"
    # The division that this deployment serves; new donors' roles are granted for it.
    home_division: str = "513300000000"
    publisher: str = ""

    @property
    def media_folder(self) -> Path:
        """Where photos are kept; never below static/."""
        return self.instance / "media"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read MARKETPLACE_* variables; what they leave open comes from settings.json in the instance folder.

        Raises SettingsError when a secret is missing: there is no default for a secret.
        """
        env = dict(os.environ if environ is None else environ)
        instance = instance_folder(env)
        stored = _stored_settings(instance / SETTINGS_FILE)

        def read(name: str, default: str = "") -> str:
            return env.get(f"MARKETPLACE_{name}") or stored.get(name.lower()) or default

        return cls(
            instance=instance,
            database_url=read("DATABASE_URL", f"sqlite:///{instance / 'jiedui.sqlite'}"),
            secret_key=_required(read("SECRET_KEY"), "MARKETPLACE_SECRET_KEY"),
            keys=Keys(
                data=_key(read("DATA_KEY"), "MARKETPLACE_DATA_KEY"),
                index=_key(read("INDEX_KEY"), "MARKETPLACE_INDEX_KEY"),
            ),
            limits_url=read("LIMITS_URL", "memory://"),
            demonstration=read("DEMONSTRATION").lower() in _TRUE,
            clock_start=_moment(read("CLOCK_START"), "MARKETPLACE_CLOCK_START"),
            secure_cookies=read("SECURE_COOKIES", "true").lower() in _TRUE,
            trusted_proxies=_count(read("TRUSTED_PROXIES", "0"), "MARKETPLACE_TRUSTED_PROXIES"),
            hotline=read("HOTLINE", "12317"),
            home_division=read("HOME_DIVISION", "513300000000"),
            publisher=read("PUBLISHER"),
        )


def instance_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The folder that holds settings.json, the embedded database and the photos."""
    env = os.environ if environ is None else environ
    return Path(env.get("MARKETPLACE_INSTANCE", "instance")).resolve()


def terminal_language(environ: Mapping[str, str] | None = None) -> str:
    """The locale in which commands answer: Chinese on a Chinese terminal, else English."""
    env = os.environ if environ is None else environ
    spoken = env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or ""
    return "zh_Hans_CN" if spoken.lower().startswith("zh") else "en"


def _stored_settings(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in stored.items()}
    except (ValueError, AttributeError) as error:
        raise SettingsError(f"{path} is not a JSON object of settings: {error}") from error


def _required(value: str, name: str) -> str:
    if len(value) < _KEY_BYTES:
        raise SettingsError(
            f"{name} is missing or shorter than {_KEY_BYTES} characters. "
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return value


def _moment(value: str, name: str) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise SettingsError(f"{name} is not a date and time such as 2018-12-17T12:00:00+08:00.") from error
    if moment.tzinfo is None:
        raise SettingsError(f"{name} needs its offset from UTC, such as 2018-12-17T12:00:00+08:00.")
    return moment


def _count(value: str, name: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise SettingsError(f"{name} is not a number of 0 or more.")
    return int(value)


def _key(value: str, name: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(_required(value, name) + "==")
    except binascii.Error as error:
        raise SettingsError(f"{name} is not URL-safe base64.") from error
    if len(key) < _KEY_BYTES:
        raise SettingsError(f"{name} must hold {_KEY_BYTES} bytes in URL-safe base64.")
    return key[:_KEY_BYTES]
