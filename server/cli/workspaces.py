"""`transom workspace`: which workspaces there are, and what their plans allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from server.cli.admin import run, run_on_instance, table, workspace_option
from server.kit.caller import Caller

if TYPE_CHECKING:
    from server.account.model import OwnedWorkspace
    from server.bootstrap import Admin
    from server.limits.store import Plan

_NONE = "none"
_NO_LIMIT = -1


class Limit(click.ParamType[int]):
    """A number from 0, or ``none``; the latter as -1."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        text = str(value).strip().lower()
        if text in {_NONE, str(_NO_LIMIT)}:
            return _NO_LIMIT
        if not text.isdecimal() or int(text) >= 2**31:
            self.fail(f"{value!r} is neither a number nor {_NONE!r}", param, ctx)
        return int(text)


_LIMIT = Limit()


@click.group()
def workspace() -> None:
    """List workspaces and limit what they may use."""


@workspace.command("list")
def list_workspaces() -> None:
    """List the workspaces: id, name."""

    async def work(admin: Admin) -> list[OwnedWorkspace]:
        return await admin.db(admin.services.accounts.every_workspace)

    table([("ID", "NAME"), *((each.id, each.name) for each in run_on_instance(work))])


@workspace.command()
@click.option("--members", type=_LIMIT, metavar="NUMBER|none", help="Members, invited ones too.")
@click.option("--apps", type=_LIMIT, metavar="NUMBER|none", help="Apps.")
@click.option("--vector-space", type=_LIMIT, metavar="MIB|none", help="Memory of all vectors, in MiB.")
@click.option("--documents", type=_LIMIT, metavar="NUMBER|none", help="Documents in all datasets.")
@click.option("--workflow-executions", type=_LIMIT, metavar="NUMBER|none",
              help="Runs of workflows and chatflows in a month (UTC), counted from when this is set.")
@click.option("--knowledge-rate", type=_LIMIT, metavar="NUMBER|none",
              help="Calls of the Dataset API in a minute that search or change something.")
@click.option("--key-rate", type=_LIMIT, metavar="NUMBER|none", help="Calls in a minute of one app key.")
@click.option("--user-rate", type=_LIMIT, metavar="NUMBER|none", help="Calls in a minute of one end user of an app.")
@click.option("--add-segment/--no-add-segment", default=None, help="Whether segments may be added one by one.")
@workspace_option
def limits(workspace: str | None, *, add_segment: bool | None, **given: int | None) -> None:
    """Show the limits of a workspace; with options, change them first.

    What is over a limit is answered 403; over the rate of a key or user, or the executions of workflows, 429. Without
    such a rate the settings TRANSOM_RATE_LIMIT_KEY and TRANSOM_RATE_LIMIT_USER hold. Servers that run know of a change
    at once.
    """
    changed: dict[str, int | bool | None] = {
        name: None if value == _NO_LIMIT else value for name, value in given.items() if value is not None
    }
    if add_segment is not None:
        changed["add_segment"] = add_segment

    async def work(admin: Admin, caller: Caller) -> Plan:
        from server.limits.service import TOPIC

        plan = await admin.db(admin.services.plans.change, caller, changed)
        if changed:
            await admin.bus.publish(TOPIC, caller.tenant_id)
            # Rates are known with keys.
            await admin.bus.publish("tenant", caller.tenant_id)
        return plan

    plan = run(work, workspace)
    table(
        [
            ("members", _shown(plan.members)), ("apps", _shown(plan.apps)),
            ("vector-space", _shown(plan.vector_space, " MiB")), ("documents", _shown(plan.documents)),
            ("workflow-executions", _shown(plan.workflow_executions, " a month")),
            ("knowledge-rate", _shown(plan.knowledge_rate, " a minute")),
            ("key-rate", _shown(plan.key_rate, " a minute")), ("user-rate", _shown(plan.user_rate, " a minute")),
            ("add-segment", "yes" if plan.add_segment else "no"),
        ]
    )


def _shown(limit: int | None, unit: str = "") -> str:
    return _NONE if limit is None else f"{limit}{unit}"
