"""`transom audit`: who administered what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import orjson

from server.audit.model import MOST, MOST_PAGES, OUTCOMES, Line, Question
from server.cli.admin import run, table, workspace_option
from server.kit.caller import Caller
from server.usage.model import days

if TYPE_CHECKING:
    from server.bootstrap import Admin


@click.command()
@click.option("--action", default="", metavar="RPC", help="Only this one, as DeleteApp.")
@click.option("--account", default="", metavar="EMAIL", help="Only acts of this account.")
@click.option("--outcome", default="", type=click.Choice(["", *OUTCOMES]), help="Only acts that ended so.")
@click.option("--since", default="", metavar="DAY", help="First day (UTC), as 2026-07-01.")
@click.option("--until", default="", metavar="DAY", help="Last day.")
@click.option("--page", type=click.IntRange(1, MOST_PAGES), default=1, show_default=True, help="Which page.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="Lines of a page.")
@workspace_option
def audit(
    action: str, account: str, outcome: str, since: str, until: str, page: int, limit: int, workspace: str | None
) -> None:
    """Show who administered what in a workspace, the newest first.

    Columns: time (UTC), account, address, outcome, RPC, what it was about, more of it as JSON. TRANSOM_AUDIT_LOG_DAYS
    says how long lines are kept.
    """

    async def work(admin: Admin, caller: Caller) -> tuple[int, list[Line]]:
        question = Question(action, "", outcome, *days(since, until), page, limit)
        return await admin.db(admin.services.audit.lines, caller, question, account)

    total, lines = run(work, workspace)
    heads = ("TIME", "ACCOUNT", "ADDRESS", "OUTCOME", "RPC", "ABOUT", "DETAIL")
    table([heads, *(_row(line) for line in lines)])
    if total > page * limit:
        click.echo(f"more: --page {page + 1}")


def _row(line: Line) -> tuple[str, ...]:
    return (
        line.created_at.strftime("%Y-%m-%d %H:%M:%S"), line.account_email or line.account_id, line.ip or "-",
        line.outcome, line.action, f"{line.resource} {line.resource_id}".strip() or "-",
        orjson.dumps(line.detail).decode() if line.detail else "",
    )  # fmt: skip
