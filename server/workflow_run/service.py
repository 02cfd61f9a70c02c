"""Begins runs of workflow apps. What fails before a run is stored is an error of the call, later its outcome."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.ids import new_id
from server.runs.admission import FREE, Admission, admission_of
from server.runs.registry import Runs
from server.runs.run import Run, RunKey
from server.settings import Settings
from server.workflow_run.begin import Inputs
from server.workflow_run.plan import Author, Plan, Version
from server.workflow_run.runner import Runner
from server.workflow_run.store import WorkflowRunStore
from server.workflow_run.versions import Versions

_PAYLOAD = "WorkflowRunPayload"


@dataclass(frozen=True, slots=True)
class Request:
    """One call to run a workflow. ``workflow_id`` None: what is published."""

    inputs: Mapping[str, Any] | None
    files: Sequence[Mapping[str, Any]] = ()
    workflow_id: str | None = None


class WorkflowRunService:
    """Starts runs of workflow apps."""

    def __init__(
        self, db: Database, uow: UowFactory, runs: Runs, versions: Versions, inputs: Inputs, runner: Runner,
        settings: Settings,
    ) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self._versions = versions
        self._inputs = inputs
        self._runner = runner
        self._settings = settings

    async def start(self, caller: Caller, request: Request) -> Run:
        """Check a call, store its run and start it. When this returns the run cannot be lost (G1).

        Raises invalid_param, bad_request, not_found, rate_limit_error, too_many_requests.
        """
        app, user = caller.the_app, caller.the_user
        version = (
            await self._versions.published(app) if request.workflow_id is None
            else await self._versions.named(app, request.workflow_id)
        )  # fmt: skip
        author = Author(id=user.id, role="end_user", name=user.session_id)
        return await self.begin(
            app.tenant_id, app.app_id, author, version, request, admission=admission_of(app, self._settings),
            invoke_from=caller.via, api_key_id=app.key_id,
        )

    async def begin(
        self, tenant_id: str, app_id: str, author: Author, version: Version, request: Request, *,
        admission: Admission = FREE,
        invoke_from: str = "service-api", triggered_from: str = "app-run", root: str = "", depth: int = 0,
        api_key_id: str = "",
    ) -> Run:
        """Start a run of a version for somebody. Raises as ``admission``, which those with limits come with."""
        given = await self._inputs.check(tenant_id, author, version, request.inputs, request.files, payload=_PAYLOAD)
        plan = Plan(
            tenant_id=tenant_id, app_id=app_id, mode="workflow", version=version, author=author, run_id=new_id(),
            inputs=given.inputs, files=given.files, invoke_from=invoke_from, triggered_from=triggered_from, root=root,
            depth=depth, created_at=time.time(), api_key_id=api_key_id,
        )
        return await self.launch(plan, admission)

    async def launch(self, plan: Plan, admission: Admission = FREE) -> Run:
        """Store the run of a plan and start it."""
        run = await self._runs.start(lambda: self._store(plan, admission), lambda run: self._runner.work(run, plan))
        run.voice = plan.version.features.voice
        return run

    async def drop_paused(self, run: Run) -> None:
        """Stop a run that waits for somebody: nobody will wait for its end."""
        await self._runs.stop_paused(run.key.app_id, run.key.task_id, None)

    async def _store(self, plan: Plan, admission: Admission) -> RunKey:
        by_user = plan.author.role == "end_user"
        key = RunKey(
            task_id=new_id(), tenant_id=plan.tenant_id, app_id=plan.app_id, mode=plan.mode, message_id="",
            conversation_id="", end_user_id=plan.author.id if by_user else None, created_at=0,
            workflow_run_id=plan.run_id, api_key_id=plan.api_key_id,
        )
        if admission.is_free:
            await self._db.send(WorkflowRunStore.starting(plan, key, self._runs.owner))
        else:
            await self._db(self._store_counted, plan, key, admission)
        return key

    def _store_counted(self, plan: Plan, key: RunKey, admission: Admission) -> None:
        with self._uow() as uow:
            admission.check(uow, plan.tenant_id, plan.app_id)
            WorkflowRunStore(uow).start(plan, key, self._runs.owner)
            uow.commit()
