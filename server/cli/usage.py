"""`transom usage`: what models cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from server.cli.admin import run, table, workspace_option
from server.kit.caller import Caller
from server.usage.model import GROUPS, MOST, Question, UsageLine, days

if TYPE_CHECKING:
    from server.bootstrap import Admin


@click.command()
@click.option("--by", default="app,model", show_default=True, metavar="LIST", help=f"Some of {','.join(GROUPS)}.")
@click.option("--app", metavar="APP", help="Only this app, by its id or its name.")
@click.option("--since", default="", metavar="DAY", help="First day (UTC), as 2026-07-01.")
@click.option("--until", default="", metavar="DAY", help="Last day.")
@click.option("--page", type=click.IntRange(1, 99_999), default=1, show_default=True, help="Which page.")
@click.option("--limit", type=click.IntRange(1, MOST), default=100, show_default=True, help="Lines of a page.")
@workspace_option
def usage(
    by: str, app: str | None, since: str, until: str, page: int, limit: int, workspace: str | None
) -> None:
    """Show what models cost, as their providers reported it.

    A "~" behind tokens: some were not reported, and estimated. Apps, keys and users that are gone keep their usage.
    """
    wanted = tuple(name for name in GROUPS if name in {part.strip() for part in by.split(",")})
    unknown = {part.strip() for part in by.split(",")} - set(GROUPS)
    if unknown or not wanted:
        raise click.UsageError(f"--by takes some of {','.join(GROUPS)}")

    async def work(admin: Admin, caller: Caller) -> tuple[list[UsageLine], bool]:
        app_id = ""
        if app is not None:
            from server.cli.apps import find_app

            app_id = (await find_app(admin, caller, app)).id
        question = Question(wanted, app_id, *days(since, until), page, limit)
        return await admin.db(admin.services.usage.sums, caller, question)

    lines, more = run(work, workspace)
    heads = tuple(name.upper() for name in wanted)
    table([(*heads, "CALLS", "PROMPT", "COMPLETION", "PRICE"), *(_row(line, wanted) for line in lines)])
    if more:
        click.echo(f"more: --page {page + 1}")


def _row(line: UsageLine, wanted: tuple[str, ...]) -> tuple[str, ...]:
    shown = {
        "day": line.day, "app": line.app_name or line.app_id, "model": f"{line.provider}/{line.model}",
        "key": line.api_key_id or "(none)", "user": line.end_user or line.end_user_id or "(none)",
    }  # fmt: skip
    mark = "~" if line.is_estimated else ""
    return (
        *(shown[name] for name in wanted), str(line.calls), f"{line.prompt_tokens}{mark}",
        f"{line.completion_tokens}{mark}", f"{line.price.normalize():f} {line.currency}",
    )
