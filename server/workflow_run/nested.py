"""Workflows as tools: a run inside of another one, with a record of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from server.engine.node import RunInfo
from server.engine.ports import ToolFaultError
from server.kit.errors import AppError
from server.workflow_run.ending import RunResult
from server.workflow_run.plan import Author
from server.workflow_run.service import Request, WorkflowRunService
from server.workflow_run.versions import Versions


class NestedRuns:
    """Runs published workflows for tools."""

    def __init__(self, workflows: WorkflowRunService, versions: Versions) -> None:
        self._workflows = workflows
        self._versions = versions

    async def __call__(
        self, run: RunInfo, app_id: str, workflow_id: str, inputs: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The outputs of a run for the user of ``run``; it is stopped with the run that waits for it.

        Raises ToolFaultError when it fails, or waits for somebody.
        """
        author = Author(id=run.user_id, role=run.user_role)
        try:
            version = await self._versions.of_run(run.tenant_id, app_id, workflow_id, None)
            started = await self._workflows.begin(
                run.tenant_id, app_id, author, version, Request(inputs=dict(inputs)), invoke_from=run.invoke_from,
                triggered_from="debugging" if run.invoke_from == "debugger" else "app-run", depth=run.depth,
            )
        except AppError as error:
            raise ToolFaultError(str(error)) from error
        try:
            await started.finished.wait()
        finally:
            started.request_stop()
        assert started.outcome is not None, "a finished run has an outcome"
        result: RunResult | None = started.outcome.result
        if result is not None and result.status == "paused":
            await self._workflows.drop_paused(started)
            raise ToolFaultError("The workflow waits for somebody, which a tool cannot do.")
        if result is None or result.status not in {"succeeded", "partial-succeeded"}:
            cause = result.error if result else None
            raise ToolFaultError(cause or f"The workflow ended as {started.outcome.status}.")
        outputs: Mapping[str, Any] = started.outcome.outputs or json.loads(result.outputs)
        return outputs
