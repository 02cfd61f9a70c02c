"""`transom index`: where the vectors of a workspace's datasets are, and moving them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from server.cli.admin import run, table, workspace_option
from server.cli.environment import PREFIX, connected_settings

if TYPE_CHECKING:
    from server.bootstrap import Admin
    from server.indexing.moves import Route
    from server.kit.caller import Caller
    from server.settings import Settings

_POLL_SECONDS = 0.5


@click.group()
def index() -> None:
    """Where the vectors of datasets are, and moving them to another store."""


@index.command()
@workspace_option
def status(workspace: str | None) -> None:
    """List the datasets of a workspace: name, store, and how far a move is."""

    async def work(admin: Admin, caller: Caller) -> list[Route]:
        return await admin.db(admin.moves.routes, caller.tenant_id)

    rows = [(each.dataset_id, each.name, each.store or "-", _going(each)) for each in run(work, workspace)]
    table([("ID", "NAME", "VECTORS IN", "MOVING TO"), *rows])


def _going(route: Route) -> str:
    return f"{route.target} ({_counted(route)})" if route.target else "-"


def _counted(route: Route) -> str:
    """A move that has not begun yet knows no number."""
    return f"{min(route.copied, route.total)} of {route.total} entries" if route.total else "waits"


@index.command()
@click.option("--to", "target", type=click.Choice(["pgvector", "milvus"]), required=True, help="Where the vectors go.")
@click.option("--dataset", "names", metavar="NAME|ID", multiple=True, help="Only this dataset; may be repeated.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Show the progress until all have moved.")
@workspace_option
def migrate(target: str, names: tuple[str, ...], workspace: str | None, *, wait: bool) -> None:
    """Move the vectors of a workspace's datasets to another store while they are searched and changed.

    The worker copies dataset by dataset; each answers from the old store until all of it is in the new one.
    Nothing is embedded again. A move survives the end of this command and of any part of the product: run it
    again to see how far it is, or with the other store to go back. Servers and workers must know how to reach
    both stores (TRANSOM_MILVUS_URI); new datasets go where TRANSOM_VECTOR_STORE says.
    """
    settings = connected_settings()

    async def work(admin: Admin, caller: Caller) -> None:
        await asyncio.to_thread(_reach, settings, target)
        chosen = _chosen(await admin.db(admin.moves.routes, caller.tenant_id), names)
        moving = [each.dataset_id for each in chosen if await _order(admin, caller, each, target)]
        click.echo(f"{len(moving)} datasets move to {target}, {len(chosen) - len(moving)} are there")
        if moving and wait:
            await _watch(admin, caller, moving, target)

    run(work, workspace)


def _reach(settings: Settings, target: str) -> None:
    """The store takes vectors. Raises ClickException that says what is missing."""
    from server.bootstrap import build_parts
    from server.bootstrap_knowledge import vector_stores
    from server.db.pgvector import PgVectorMissing
    from server.index.port import Space, VectorStoreUnavailable
    from server.kit.ids import NIL_UUID

    if target == "milvus" and not settings.milvus_uri:
        raise click.ClickException(f"{PREFIX}MILVUS_URI is not set: it says where Milvus is")
    parts = build_parts(settings)
    stores = vector_stores(settings, parts.engine)
    nothing = Space(tenant_id=NIL_UUID, dataset_id=NIL_UUID, dimension=1, generation=0)
    try:
        store = stores.get(target)
        with parts.uow() as uow:
            store.count(uow if store.transactional else None, nothing)
    except (PgVectorMissing, VectorStoreUnavailable, RuntimeError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        stores.close()
        parts.engine.dispose()


def _chosen(found: list[Route], names: tuple[str, ...]) -> list[Route]:
    if not names:
        return found
    unknown = [name for name in names if name not in {part for each in found for part in (each.name, each.dataset_id)}]
    if unknown:
        raise click.ClickException(f"there is no dataset {', '.join(unknown)}")
    return [each for each in found if each.name in names or each.dataset_id in names]


async def _order(admin: Admin, caller: Caller, route: Route, target: str) -> bool:
    return await admin.db(admin.moves.order, caller.tenant_id, route.dataset_id, target)


async def _watch(admin: Admin, caller: Caller, moving: list[str], target: str) -> None:
    """A bar of datasets, until all are there; their entries beside it, and why a try failed."""
    faults: dict[str, str] = {}
    done: set[str] = set()
    with click.progressbar(length=len(moving), label="moving", item_show_func=lambda item: item) as bar:
        while len(done) < len(moving):
            routes = {each.dataset_id: each for each in await admin.db(admin.moves.routes, caller.tenant_id)}
            now = {one for one in moving if one not in routes or _is_there(routes[one], target)}
            under_way = [routes[one] for one in moving if one not in now]
            bar.update(len(now - done), ", ".join(f"{each.name}: {_counted(each)}" for each in under_way[:2]))
            done = now
            for dataset_id, fault in (await admin.db(admin.moves.faults, caller.tenant_id)).items():
                if faults.get(dataset_id) != fault and dataset_id in routes:
                    click.echo(f"\n{routes[dataset_id].name}: {fault} (it is tried again)", err=True)
                faults[dataset_id] = fault
            await asyncio.sleep(_POLL_SECONDS)


def _is_there(route: Route, target: str) -> bool:
    return route.store == target and route.target is None
