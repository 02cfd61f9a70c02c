"""`transom check`: what is in effect, and whether everything answers."""

from __future__ import annotations

import asyncio
import sys

import click

from server.cli.admin import table
from server.cli.environment import known_settings
from server.cli.probes import Finding, probes
from server.settings import Settings

_MARKS = {True: "ok", False: "FAILED", None: "-"}


@click.command()
@click.option("--gateway", metavar="URL", help="Where to ask for the gateway.  [default: TRANSOM_PUBLIC_URL]")
@click.option("--settings-only", is_flag=True, help="Print the settings, test nothing.")
def check(gateway: str | None, *, settings_only: bool) -> None:
    """Print the effective settings, secrets masked, and test each dependency.

    What is not set in the environment is taken from the `transom up` that runs on the data folder.
    The exit status is 1 when a dependency fails; what is not configured does not count.
    """
    settings = known_settings()
    click.echo("Settings")
    table([("", name, shown or '""', doc) for name, shown, doc in settings.describe()])
    if settings_only:
        return
    click.echo("\nDependencies")
    found = asyncio.run(_find(settings, gateway or settings.public_url))
    table([("", _MARKS[each.ok], each.name, each.text) for each in found])
    if any(each.ok is False for each in found):
        sys.exit(1)


async def _find(settings: Settings, gateway: str) -> list[Finding]:
    return list(await asyncio.gather(*(probe.find() for probe in probes(settings, gateway))))
