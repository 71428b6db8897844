"""Settings for tests, built directly: nothing comes from the environment."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from marketplace.config import Settings
from marketplace.db.types import Keys

# Noon in China of the day whose figures the demonstration reproduces.
NOW = datetime(2018, 12, 17, 4, 0, tzinfo=UTC)
KEYS = Keys(data=bytes(range(32)), index=bytes(range(32, 64)))


def make_settings(instance: Path, database_url: str = "", **changes: Any) -> Settings:
    """Settings of a test: own folder, own database, the clock at NOW."""
    settings = Settings(
        instance=instance,
        database_url=database_url or f"sqlite:///{instance / 'jiedui.sqlite'}",
        secret_key="a secret that is only ever used in tests",
        keys=KEYS,
        clock_start=NOW,
        secure_cookies=False,
    )
    return replace(settings, **changes)
