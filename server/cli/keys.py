"""`transom key`: keys of apps and of the workspace's datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from server.app.model import OwnedKey
from server.cli.admin import run, table, workspace_option
from server.cli.apps import find_app
from server.kit.caller import Caller

if TYPE_CHECKING:
    from server.bootstrap import Admin

_SHOWN_HEAD = 8
_SHOWN_TAIL = 4
_DATASETS = "(datasets)"


@click.group()
def key() -> None:
    """Create, list and revoke keys of the Service API. APP is an app's id or its name."""


@key.command()
@click.argument("app", metavar="APP", required=False)
@click.option("--dataset", is_flag=True, help="A key for the datasets of the workspace instead of one for APP.")
@workspace_option
def create(app: str | None, workspace: str | None, *, dataset: bool) -> None:
    """Make a key for APP and print it."""
    if (app is None) is not dataset:
        raise click.UsageError("name an APP, or give --dataset")

    async def work(admin: Admin, caller: Caller) -> str:
        app_id = None if app is None else (await find_app(admin, caller, app)).id
        made = await admin.db(admin.services.keys.create, caller, app_id)
        return made.token

    click.echo(run(work, workspace))


@key.command("list")
@click.argument("app", metavar="APP", required=False)
@click.option("--show", is_flag=True, help="Print the keys in full.")
@workspace_option
def list_keys(app: str | None, workspace: str | None, *, show: bool) -> None:
    """List the keys of APP, or all of the workspace.

    Columns: id, key, last use (UTC), app. The newest stand first.
    """

    async def work(admin: Admin, caller: Caller) -> list[OwnedKey]:
        only = None if app is None else (await find_app(admin, caller, app)).id
        found = await admin.db(admin.services.keys.every, caller)
        return [owned for owned in found if only is None or owned.app_id == only]

    found = run(work, workspace)
    table([("ID", "KEY", "LAST USED", "APP"), *(_row(owned, show=show) for owned in found)])


def _row(owned: OwnedKey, *, show: bool) -> tuple[str, str, str, str]:
    key = owned.key
    text = key.token if show else f"{key.token[:_SHOWN_HEAD]}...{key.token[-_SHOWN_TAIL:]}"
    used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
    return key.id, text, used, _DATASETS if owned.app_id is None else owned.app_name or owned.app_id


@key.command()
@click.argument("key", metavar="KEY")
@workspace_option
def revoke(key: str, workspace: str | None) -> None:
    """Delete KEY, named by its id or in full. Servers that run refuse it at once."""

    async def work(admin: Admin, caller: Caller) -> None:
        hashed = await admin.db(admin.services.keys.revoke, caller, key)
        await admin.bus.publish("key", hashed)

    run(work, workspace)
    click.echo("revoked")
