"""Use cases of authors: run the draft or one node of it, look into runs, stop them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.engine import events as said
from server.engine.graph import GraphError
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.ids import canonical, is_uuid, new_id
from server.kit.validate import id_or_none
from server.runs.registry import Runs
from server.runs.run import Run
from server.workflow.draft_variable_store import DraftValue
from server.workflow_run.chatflow import Asked, ChatflowService
from server.workflow_run.console_store import ConsoleStore
from server.workflow_run.lookup_store import LogFilter, WorkflowLookup
from server.workflow_run.plan import Author, Plan, Version
from server.workflow_run.record import Record, values_left
from server.workflow_run.runner import Runner
from server.workflow_run.service import Request, WorkflowRunService
from server.workflow_run.single import values_of
from server.workflow_run.store import WorkflowRunStore
from server.workflow_run.versions import Versions

_RANGE = re.compile(r"(\d{1,6})([dhms])")
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
DEBUGGING = "debugging"


class WorkflowConsole:
    """Runs of the workspace's apps."""

    def __init__(
        self, db: Database, uow: UowFactory, runs: Runs, versions: Versions, workflows: WorkflowRunService,
        chatflows: ChatflowService, runner: Runner,
    ) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self._versions = versions
        self._workflows = workflows
        self._chatflows = chatflows
        self._runner = runner

    # Run

    async def run_draft(self, caller: Caller, app_id: str, request: Request) -> Run:
        """Run the draft of a workflow. Raises app_not_found, draft_workflow_not_exist, invalid_param."""
        app, author = await self._db(self._who, caller, app_id, "workflow")
        version = await self._versions.draft(caller.tenant_id, app)
        return await self._workflows.begin(
            caller.tenant_id, app, author, version, request, invoke_from="debugger", triggered_from=DEBUGGING
        )

    async def chat_draft(self, caller: Caller, app_id: str, asked: Asked) -> Run:
        """Send a message to the draft of a chatflow. Raises as above, and not_found."""
        app, author = await self._db(self._who, caller, app_id, "advanced-chat")
        version = await self._versions.draft(caller.tenant_id, app)
        return await self._chatflows.begin(
            caller.tenant_id, app, author, version, asked, invoke_from="debugger", triggered_from=DEBUGGING
        )

    async def run_node(
        self, caller: Caller, app_id: str, node_id: str, inputs: Mapping[str, Any], query: str
    ) -> Any:
        """Run one node of the draft and give its stored execution. Raises as above."""
        app, author = await self._db(self._who, caller, app_id, "")
        version = await self._versions.draft(caller.tenant_id, app)
        plan = self._alone(caller.tenant_id, app, author, version, node_id, inputs)
        if query:
            plan.given = {**plan.given, ("sys", "query"): query}
        await self._step(plan)
        return await self.last_run(caller, app_id, node_id)

    async def run_container(
        self, caller: Caller, app_id: str, node_id: str, kind: str, inputs: Mapping[str, Any]
    ) -> Run:
        """Run an iteration or a loop of the draft, as ``kind`` says, with the nodes inside. Raises as above."""
        app, author = await self._db(self._who, caller, app_id, "")
        version = await self._versions.draft(caller.tenant_id, app)
        node = version.graph.nodes.get(node_id)
        if node is None or node.type != kind:
            raise invalid_param(f"Node '{node_id}' is no {kind} of the draft.")
        return await self._workflows.launch(self._alone(caller.tenant_id, app, author, version, node_id, inputs))

    @staticmethod
    def _alone(
        tenant_id: str, app_id: str, author: Author, version: Version, node_id: str, inputs: Mapping[str, Any]
    ) -> Plan:
        return Plan(
            tenant_id=tenant_id, app_id=app_id, mode="workflow", version=version, author=author, run_id=new_id(),
            inputs={name: value for name, value in inputs.items() if "." not in name}, invoke_from="debugger",
            triggered_from=DEBUGGING, created_at=time.time(), only=node_id,
            given=values_of(version.document, node_id, inputs),
        )

    async def _step(self, plan: Plan) -> None:
        record, left = Record(), list[DraftValue]()
        try:
            engine = self._runner.engine(plan)
        except GraphError as error:
            raise invalid_param(str(error)) from error
        async for event in engine.run():
            if isinstance(event, said.NodeStarted):
                record.started(event.node, event.at)
            elif isinstance(event, said.ContainerStarted):
                record.started(event.node, event.at, event.inputs)
            elif isinstance(event, said.NodeFinished):
                record.finished(event)
                left += values_left(event)
            elif isinstance(event, said.ContainerFinished):
                record.container_finished(event)
            elif isinstance(event, said.RunPaused):
                record.paused(event.node_ids)
        nodes = record.take()
        await self._runner.keep(WorkflowRunStore.stepping(plan, nodes))
        await self._runner.leave(plan, left)

    async def stop(self, caller: Caller, app_id: str, task_id: str) -> None:
        """Stop a run of the app, wherever it is; anything else is left alone without an error."""
        app, _ = await self._db(self._who, caller, app_id, "")
        if not is_uuid(task_id):
            return
        task = canonical(task_id)
        if await self._db(self._request_stop, caller.tenant_id, app, task):
            await self._runs.tell_stop(task)
        else:
            await self._runs.stop_paused(app, task, None)

    def _request_stop(self, tenant_id: str, app_id: str, task_id: str) -> bool:
        with self._uow() as uow:
            found = ConsoleStore(uow).request_stop(tenant_id, app_id, task_id)
            uow.commit()
            return found

    def _who(self, caller: Caller, app_id: str, mode: str) -> tuple[str, Author]:
        """The app and the author. Raises app_not_found."""
        with self._uow() as uow:
            store = ConsoleStore(uow)
            app = self._app(store, caller, app_id, mode)
            row = store.author(caller.tenant_id, caller.the_account)
        return app, Author(id=row.id, role="account", name=row.name, email=row.email)

    @staticmethod
    def _app(store: ConsoleStore, caller: Caller, app_id: str, mode: str = "") -> str:
        wanted = id_or_none(app_id)
        found = store.app_mode(caller.tenant_id, wanted) if wanted else None
        if wanted is None or found is None or (mode and found != mode):
            raise AppError(Reason.APP_NOT_FOUND)
        return wanted

    # Look

    async def last_run(self, caller: Caller, app_id: str, node_id: str) -> Any:
        """The last execution of a node of the draft. Raises app_not_found, not_found."""
        return await self._db(self._last_run, caller, app_id, node_id)

    def _last_run(self, caller: Caller, app_id: str, node_id: str) -> Any:
        with self._uow() as uow:
            store = ConsoleStore(uow)
            row = store.last(caller.tenant_id, self._app(store, caller, app_id), node_id)
        if row is None:
            raise not_found("last run not found")
        return row

    def page(
        self, caller: Caller, app_id: str, last_id: str, limit: int, status: str, triggered_from: str
    ) -> tuple[Sequence[Any], bool]:
        """Runs of an app after ``last_id``, and whether there are more. Raises app_not_found, not_found."""
        with self._uow() as uow:
            store = ConsoleStore(uow)
            app, before = self._app(store, caller, app_id), None
            if last_id:
                before = store.created_at(caller.tenant_id, app, last_id)
                if before is None:
                    raise not_found("Last workflow run not exists")
            rows = store.page(caller.tenant_id, app, triggered_from or DEBUGGING, status, before, limit + 1)
        return rows[:limit], len(rows) > limit

    def counts(
        self, caller: Caller, app_id: str, status: str, time_range: str, triggered_from: str
    ) -> Mapping[str, int]:
        """Numbers of runs by status. Raises app_not_found, invalid_param."""
        seconds = 0
        if time_range:
            match = _RANGE.fullmatch(time_range)
            if match is None:
                raise invalid_param("time_range must be a number and one of d, h, m, s")
            seconds = int(match[1]) * _SECONDS[match[2]]
        with self._uow() as uow:
            store = ConsoleStore(uow)
            app = self._app(store, caller, app_id)
            return store.counts(caller.tenant_id, app, triggered_from or DEBUGGING, status, seconds)

    def detail(self, caller: Caller, app_id: str, run_id: str) -> Any:
        """One run. Raises app_not_found, not_found."""
        with self._uow() as uow:
            store = ConsoleStore(uow)
            return self._run(store, caller, app_id, run_id)

    def executions(self, caller: Caller, app_id: str, run_id: str) -> Sequence[Any]:
        """The executions of nodes of a run. Raises app_not_found, not_found."""
        with self._uow() as uow:
            store = ConsoleStore(uow)
            run = self._run(store, caller, app_id, run_id)
            return store.executions(caller.tenant_id, canonical(app_id), run.id)

    def _run(self, store: ConsoleStore, caller: Caller, app_id: str, run_id: str) -> Any:
        app, wanted = self._app(store, caller, app_id), id_or_none(run_id)
        row = store.detail(caller.tenant_id, app, wanted) if wanted else None
        if row is None:
            raise not_found("Workflow run not found")
        return row

    def logs(
        self, caller: Caller, app_id: str, wanted: LogFilter, email: str, page: int, limit: int
    ) -> tuple[Sequence[Any], int]:
        """A page of an app's log. Raises app_not_found, invalid_param."""
        with self._uow() as uow:
            app = self._app(ConsoleStore(uow), caller, app_id)
            lookup = WorkflowLookup(uow)
            return lookup.logs(app, lookup.by(caller.tenant_id, email, wanted), page, limit)
