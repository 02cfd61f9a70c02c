"""Begins runs that nobody called for: their inputs are what a trigger read, their root is its node."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from server.db.bridge import Database
from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import AppContext
from server.kit.ids import new_id
from server.runs.admission import Admission, admission_of
from server.runs.registry import Runs
from server.runs.run import Run, RunKey
from server.settings import Settings
from server.trigger.store import SESSION
from server.workflow_run.plan import Author, Plan, Version
from server.workflow_run.runner import Runner
from server.workflow_run.store import WorkflowRunStore

Claim = Callable[[UnitOfWork], None]


class TriggeredRuns:
    """Starts runs of workflows from their trigger nodes."""

    def __init__(self, db: Database, uow: UowFactory, runs: Runs, runner: Runner, settings: Settings) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self._runner = runner
        self._settings = settings

    async def start(
        self, app: AppContext, user_id: str, version: Version, node_id: str, inputs: Mapping[str, Any],
        triggered_from: str, claim: Claim = lambda _: None,
    ) -> Run:
        """Store a run and start it. When this returns it cannot be lost (G1).

        What ``claim`` does is done in the transaction that stores the run, or not at all. Raises rate_limit_error,
        too_many_requests, and what ``claim`` raises.
        """
        plan = Plan(
            tenant_id=app.tenant_id, app_id=app.app_id, mode="workflow", version=version,
            author=Author(id=user_id, role="end_user", name=SESSION), run_id=new_id(), inputs=inputs,
            invoke_from="trigger", triggered_from=triggered_from, root=node_id, created_at=time.time(),
        )  # fmt: skip
        admission = admission_of(app, self._settings)
        return await self._runs.start(
            lambda: self._db(self._store, plan, admission, claim), lambda run: self._runner.work(run, plan)
        )

    def _store(self, plan: Plan, admission: Admission, claim: Claim) -> RunKey:
        key = RunKey(
            task_id=new_id(), tenant_id=plan.tenant_id, app_id=plan.app_id, mode=plan.mode, message_id="",
            conversation_id="", end_user_id=plan.author.id, created_at=0, workflow_run_id=plan.run_id,
        )  # fmt: skip
        with self._uow() as uow:
            claim(uow)
            admission.check(uow, plan.tenant_id, plan.app_id)
            WorkflowRunStore(uow).start(plan, key, self._runs.owner)
            uow.commit()
        return key
