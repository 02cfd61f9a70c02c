"""`transom app`: app files in and out, publishing, the list of apps. APP is an app's id or its name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from server.app.model import App, ImportOrder, ImportResult
from server.cli.admin import run, table, workspace_option
from server.kit.caller import Caller
from server.kit.errors import AppError
from server.kit.ids import is_uuid
from server.workflow.model import GRAPH_MODES, Marks, marks

if TYPE_CHECKING:
    from server.bootstrap import Admin
    from server.workflow.publishing import Published

_PAGE = 100


@click.group()
def app() -> None:
    """Import, publish, export and list apps. APP is an app's id or its name."""


@app.command("list")
@workspace_option
def list_apps(workspace: str | None) -> None:
    """List the apps: id, mode, name; the newest first."""

    async def work(admin: Admin, caller: Caller) -> list[App]:
        return await every_app(admin, caller)

    table([("ID", "MODE", "NAME"), *((found.id, found.mode, found.name) for found in run(work, workspace))])


@app.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--name", default="", help="Name of the app.  [default: the file's]")
@click.option("--overwrite", metavar="APP", default="", help="Replace this workflow app instead of making one.")
@click.option("--use-default-model", is_flag=True, help="Where the workspace lacks a model, use its default one.")
@click.option("--yes", is_flag=True, help="Import a file of another version without asking.")
@click.option("--publish", is_flag=True, help="Publish the workflow at once.")
@workspace_option
def import_app(
    file: IO[bytes], name: str, overwrite: str, workspace: str | None, *, use_default_model: bool, yes: bool,
    publish: bool,
) -> None:  # fmt: skip
    """Make an app from FILE (YAML; - reads standard input) and print its id, mode and name.

    Warnings go to standard error: a model that the workspace lacks does not stop an import. A workflow is a draft
    until it is published, with --publish or `transom app publish`.
    """
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.ClickException(f"the file is not UTF-8 text: {error}") from None
    order = ImportOrder(name=name, use_default_model=use_default_model)

    async def work(admin: Admin, caller: Caller) -> tuple[tuple[str, ...], App]:
        target = (await find_app(admin, caller, overwrite)).id if overwrite else ""
        wanted = dataclasses.replace(order, app_id=target)
        result = await admin.importer.begin(caller, wanted, "yaml-content", text, None)
        if result.status == "pending" and (yes or _confirmed(result)):
            result = await admin.importer.confirm(caller, result.id)
        if result.app_id is None or result.status == "failed":
            raise click.ClickException(f"not imported: {result.error}")
        await admin.bus.publish("app", result.app_id)
        made = await admin.db(admin.services.apps.get, caller, result.app_id)
        warnings = result.warnings
        if publish and made.mode in GRAPH_MODES:
            warnings += (await _published(admin, caller, made.id, Marks())).warnings
        return warnings, made

    warnings, made = run(work, workspace)
    _warn(warnings)
    click.echo(f"{made.id}  {made.mode}  {made.name}")


def _confirmed(result: ImportResult) -> bool:
    """Ask a person; Abort when the answer is no or there is nobody."""
    return click.confirm(
        f"The file has version {result.imported_version}; it may lose something. Import it?", abort=True, err=True
    )


@app.command()
@click.argument("app", metavar="APP")
@click.option("--name", default="", help="Name of the version, at most 20 characters.")
@click.option("--comment", default="", help="Comment on the version, at most 100 characters.")
@workspace_option
def publish(app: str, name: str, comment: str, workspace: str | None) -> None:
    """Make a version of the draft of APP, which runs from now on, and print its id and version.

    Every node must be able to run: one whose type, settings or tool is not known stops it. Nodes that never run and
    other surprises are warnings on standard error.
    """

    async def work(admin: Admin, caller: Caller) -> Published:
        found = await find_app(admin, caller, app)
        return await _published(admin, caller, found.id, marks(name, comment))

    made = run(work, workspace)
    _warn(made.warnings)
    click.echo(f"{made.workflow.id}  {made.workflow.version}")


async def _published(admin: Admin, caller: Caller, app_id: str, named: Marks) -> Published:
    """Publish, or end with the reason."""
    try:
        return await admin.publisher.publish(caller, app_id, named)
    except AppError as error:
        raise click.ClickException(f"not published: {error.message or 'the app has no workflow'}") from None


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)


@app.command()
@click.argument("app", metavar="APP")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="File to write.  [default: standard output]")
@click.option("--include-secret", is_flag=True, help="Write secret variables in clear.")
@workspace_option
def export(app: str, output: Path | None, workspace: str | None, *, include_secret: bool) -> None:
    """Write APP as an app file."""

    async def work(admin: Admin, caller: Caller) -> str:
        found = await find_app(admin, caller, app)
        return await admin.db(admin.services.imports.export, caller, found.id, include_secret=include_secret)

    text = run(work, workspace)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from None


async def every_app(admin: Admin, caller: Caller, name: str = "") -> list[App]:
    """The apps of the workspace whose name contains ``name``, newest first."""
    from server.app.service import app_filter

    found: list[App] = []
    more = True
    while more:
        number = len(found) // _PAGE + 1
        wanted = app_filter(caller, page=number, limit=_PAGE, mode="all", name=name, tag_ids="", own=False)
        page = await admin.db(admin.services.apps.list, caller, wanted)
        found += page.apps
        more = page.has_more
    return found


async def find_app(admin: Admin, caller: Caller, named: str) -> App:
    """The app with that id, or the only one with that name. Raises app_not_found, ClickException."""
    if is_uuid(named):
        return await admin.db(admin.services.apps.get, caller, named)
    found = [each for each in await every_app(admin, caller, named) if each.name == named]
    if not found:
        raise click.ClickException(f"there is no app {named!r}; `transom app list` shows what there is")
    if len(found) > 1:
        raise click.ClickException(f"{len(found)} apps are named {named!r}; name one by its id: "
                                   + ", ".join(each.id for each in found))
    return found[0]
