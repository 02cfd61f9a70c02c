"""What administrative commands share: the use cases over the database, whose workspace, faults as clear texts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

import click

from server.cli.environment import PREFIX, connected_settings
from server.kit.caller import Caller
from server.kit.errors import AppError

if TYPE_CHECKING:
    from server.bootstrap import Admin

T = TypeVar("T")
Work = Callable[["Admin", Caller], Awaitable[T]]

workspace_option = click.option(
    "--workspace", metavar="NAME|ID", help="Workspace to act in, with its owner's rights.  [default: the only one]"
)


def run(work: Work[T], workspace: str | None) -> T:
    """Do ``work`` as the owner of a workspace. Any fault becomes a ClickException with a text for people."""

    async def inside(admin: Admin) -> T:
        return await work(admin, await _caller(admin, workspace))

    return run_on_instance(inside)


def run_on_instance(work: Callable[[Admin], Awaitable[T]]) -> T:
    """Do ``work`` that is about no workspace in particular."""
    settings = connected_settings()
    from server.bootstrap import build_admin

    async def inside() -> T:
        async with AsyncExitStack() as stack:
            return await work(await build_admin(settings, stack))

    return explained(inside)


def explained(work: Callable[[], Awaitable[T]]) -> T:
    """Run ``work``; what goes wrong outside of this program is told without a traceback."""
    import sqlalchemy as sa

    from server.bootstrap_extension import shown
    from server.db.migrate import SchemaError
    from server.db.pgvector import PgVectorMissing

    async def main() -> T:
        return await work()

    try:
        return asyncio.run(main())
    except AppError as error:
        raise click.ClickException(shown(error)[1]) from None
    except (SchemaError, PgVectorMissing) as error:
        raise click.ClickException(str(error)) from None
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        raise click.ClickException(
            f"PostgreSQL does not answer ({first_line(error.orig)}); start `transom up`, or set {PREFIX}DATABASE_URL"
        ) from None


def first_line(error: object) -> str:
    """The first line of what a library says, without the address of its manual."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


async def _caller(admin: Admin, wanted: str | None) -> Caller:
    """The owner of the workspace that is meant. Raises ClickException when that is not clear."""
    found = await admin.db(admin.services.accounts.every_workspace)
    if not found:
        raise click.ClickException("there is no workspace yet: run `transom demo`, or set up over /console/api/setup")
    chosen = [each for each in found if wanted in {each.id, each.name}] if wanted else found
    if len(chosen) != 1:
        names = ", ".join(f"{each.name} ({each.id})" for each in chosen or found)
        raise click.ClickException(f"choose one with --workspace: {names}")
    return Caller(tenant_id=chosen[0].id, account_id=chosen[0].owner_id, role="owner")


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows as columns, as wide as their longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
