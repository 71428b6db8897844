"""Settings come from the environment and the instance folder; a missing secret stops the start."""

import json
from pathlib import Path

import pytest

from marketplace.config import SETTINGS_FILE, Settings, SettingsError, terminal_language

KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY"
SECRETS = {
    "MARKETPLACE_SECRET_KEY": "x" * 32,
    "MARKETPLACE_DATA_KEY": KEY,
    "MARKETPLACE_INDEX_KEY": KEY[::-1].replace("=", ""),
}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The least that a deployment must set."""
    return {"MARKETPLACE_INSTANCE": str(tmp_path), **SECRETS}


def test_the_secrets_are_all_that_must_be_set(env: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.from_env(env)
    assert settings.database_url == f"sqlite:///{tmp_path / 'jiedui.sqlite'}"
    assert settings.media_folder == tmp_path / "media"
    assert settings.secure_cookies
    assert not settings.demonstration
    assert settings.clock_start is None
    assert len(settings.keys.data) == len(settings.keys.index) == 32


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["", "short", None])
def test_a_missing_or_short_secret_stops_the_start(env: dict[str, str], name: str, value: str | None) -> None:
    env.pop(name) if value is None else env.update({name: value})
    with pytest.raises(SettingsError, match=name):
        Settings.from_env(env)


def test_a_key_that_is_not_base64_is_named(env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="MARKETPLACE_DATA_KEY"):
        Settings.from_env(env | {"MARKETPLACE_DATA_KEY": "!" * 43})


def test_the_instance_folder_fills_what_the_environment_leaves_open(env: dict[str, str], tmp_path: Path) -> None:
    stored = {"hotline": "0836-12317", "demonstration": "true", "publisher": "某县"}
    (tmp_path / SETTINGS_FILE).write_text(json.dumps(stored), encoding="utf-8")
    settings = Settings.from_env(env | {"MARKETPLACE_PUBLISHER": "某州"})
    assert (settings.hotline, settings.demonstration, settings.publisher) == ("0836-12317", True, "某州")


@pytest.mark.parametrize("text", ["", "[]", "{", '"x"'])
def test_a_broken_settings_file_is_named(env: dict[str, str], tmp_path: Path, text: str) -> None:
    (tmp_path / SETTINGS_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=SETTINGS_FILE):
        Settings.from_env(env)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MARKETPLACE_TRUSTED_PROXIES", "two"),
        ("MARKETPLACE_TRUSTED_PROXIES", "-1"),
        ("MARKETPLACE_CLOCK_START", "yesterday"),
        ("MARKETPLACE_CLOCK_START", "2018-12-17T12:00:00"),
    ],
)
def test_a_malformed_setting_is_named(env: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env(env | {name: value})


def test_settings_cannot_be_changed_afterwards(env: dict[str, str]) -> None:
    settings = Settings.from_env(env)
    with pytest.raises(AttributeError):
        settings.hotline = "110"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh_Hans_CN"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh_Hans_CN"),
    ],
)
def test_commands_speak_the_language_of_the_terminal(environment: dict[str, str], language: str) -> None:
    assert terminal_language(environment) == language
