"""Settings for a command: the environment, and below it what a running `transom up` uses."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from server.embedded.state import running_environment
from server.settings import PREFIX, Settings, SettingsError, load

__all__ = ["PREFIX", "connected_settings", "known_settings", "own_settings", "server_settings"]

_NEEDED = ("database_url", "redis_url", "secret_key")


def own_settings() -> Settings:
    """Settings from the environment alone."""
    try:
        return load()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def server_settings() -> Settings:
    """Settings of a process that serves: all of them from the environment."""
    settings = own_settings()
    if missing := _missing(settings, _NEEDED):
        raise click.ClickException(f"{', '.join(missing)} not set (`transom up` starts everything by itself)")
    return settings


def connected_settings(*needed: str) -> Settings:
    """Settings from the environment, and below it those of the `transom up` that runs on the data folder.

    ``needed`` are the settings that the command cannot do without; by default all that a server needs.
    """
    settings = known_settings()
    if missing := _missing(settings, needed or _NEEDED):
        raise click.ClickException(
            f"{', '.join(missing)} not set, and nothing ever ran on the data folder {settings.data_dir}; "
            "start `transom up` or set them"
        )
    return settings


def known_settings() -> Settings:
    """The same, whatever is missing."""
    settings = own_settings()
    if _missing(settings, _NEEDED):
        running = running_environment(Path(settings.data_dir))
        try:
            settings = load({**running, **os.environ})
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
    return replace(settings, data_dir=str(Path(settings.data_dir).resolve()))


def _missing(settings: Settings, needed: Sequence[str]) -> list[str]:
    return [PREFIX + name.upper() for name in needed if not getattr(settings, name)]
