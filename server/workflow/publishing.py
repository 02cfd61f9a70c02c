"""Publishing: the asynchronous part, which asks whether every node can run before a version is made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from server.bus import Bus
from server.db.bridge import Database
from server.engine.graph import Problem, check
from server.engine.node import RunInfo
from server.engine.nodes.agent_data import agent_tools
from server.engine.nodes.tool import named
from server.engine.ports import ToolFaultError, Tools
from server.kit.caller import Caller
from server.kit.errors import invalid_param
from server.workflow.model import Marks, Workflow
from server.workflow.rules import nodes_of
from server.workflow.service import WorkflowService

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Published:
    """A version that was made, and what may surprise its author."""

    workflow: Workflow
    warnings: tuple[str, ...]


class Publisher:
    """Makes versions of drafts. ``tools`` None: no tool is looked up."""

    def __init__(self, db: Database, workflows: WorkflowService, bus: Bus, tools: Tools | None = None) -> None:
        self._db = db
        self._workflows = workflows
        self._bus = bus
        self._tools = tools

    async def publish(self, caller: Caller, app_id: str, marks: Marks) -> Published:
        """Publish the draft. Raises app_not_found; invalid_param that names each node that cannot run."""
        draft = await self._db(self._workflows.publishable, caller, app_id)
        problems = [*await asyncio.to_thread(check, draft.graph), *await self._missing_tools(caller, draft)]
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors:
            raise invalid_param(_listed(errors))
        published = await self._db(self._workflows.publish, caller, app_id, marks, draft.hash)
        await self._bus.publish("app", published.app_id)
        return Published(published, tuple(str(problem) for problem in problems))

    async def _missing_tools(self, caller: Caller, draft: Workflow) -> list[Problem]:
        """Tools that tool and agent nodes name and the workspace does not have."""
        if self._tools is None:
            return []
        run = RunInfo(
            tenant_id=caller.tenant_id, app_id=draft.app_id, workflow_id=draft.id, run_id="",
            user_id=caller.the_account, user_role="account", invoke_from="debugger",
        )  # fmt: skip
        found: list[Problem] = []
        for node_id, data in nodes_of(draft.graph):
            for kind, provider, tool in _named_tools(data):
                try:
                    await named(self._tools, run, kind, provider, tool, str(data.get("provider_name") or ""))
                except ToolFaultError as error:
                    found.append(Problem(str(error), node_id, str(data.get("title") or "")))
        return found


def _named_tools(data: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(provider type, provider, tool) of what a node calls; none of nodes of other types."""
    if data.get("type") == "agent":
        return agent_tools(data)
    if data.get("type") != "tool":
        return []
    kind, provider, tool = (str(data.get(key) or "") for key in ("provider_type", "provider_id", "tool_name"))
    return [(kind or "builtin", provider, tool)]


def _listed(problems: Iterable[Problem]) -> str:
    texts = [str(problem) for problem in problems]
    more = len(texts) - _SHOWN
    return "\n".join([*texts[:_SHOWN], *([f"and {more} more"] if more > 0 else [])])
