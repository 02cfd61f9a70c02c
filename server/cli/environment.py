"""Settings for a command: the environment, and below it what a running `transom up` uses."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from server.embedded.state import running_environment
from server.settings import PREFIX, Settings, SettingsError, load

__all__ = ["PREFIX", "connected_settings", "own_settings", "server_settings"]


def own_settings() -> Settings:
    """Settings from the environment alone."""
    try:
        return load()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def server_settings() -> Settings:
    """Settings of a process that serves: all of them from the environment."""
    settings = own_settings()
    missing = _missing(settings)
    if missing:
        raise click.ClickException(f"{', '.join(missing)} not set (`transom up` starts everything by itself)")
    return settings


def connected_settings(*, required: bool = True) -> Settings:
    """Settings with a database and a Redis: from the environment, else those of `transom up` in the data folder."""
    settings = own_settings()
    if _missing(settings):
        running = running_environment(Path(settings.data_dir))
        try:
            settings = load({**running, **os.environ})
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
    if required and (missing := _missing(settings)):
        raise click.ClickException(
            f"{', '.join(missing)} not set, and nothing ever ran on the data folder {settings.data_dir}; "
            "start `transom up` or set them"
        )
    return replace(settings, data_dir=str(Path(settings.data_dir).resolve()))


def _missing(settings: Settings) -> list[str]:
    needed = ("database_url", "redis_url", "secret_key")
    return [PREFIX + name.upper() for name in needed if not getattr(settings, name)]
