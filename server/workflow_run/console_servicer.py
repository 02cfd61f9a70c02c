"""The console's RPCs of runs: parse, call, print."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from server.chat.turn import conversation_id, parent_of
from server.db.bridge import Database
from server.edge.call import caller
from server.edge.printer import struct_to_dict
from server.kit.validate import Checks
from server.runs.registry import Runs
from server.runs.run import Run
from server.workflow_run import wire
from server.workflow_run.chatflow import Asked
from server.workflow_run.console import WorkflowConsole
from server.workflow_run.service import Request
from transom.common.v1.common_pb2 import Json, Result
from transom.run.v1.event_pb2 import RunEvent
from transom.workflow.v1 import workflow_console_service_pb2 as pb
from transom.workflow.v1 import workflow_console_service_pb2_grpc as pb_grpc
from transom.workflow.v1.workflow_run_pb2 import ListWorkflowLogsResponse

Batches = AsyncIterator[list[RunEvent]]
Context = Any


class WorkflowConsoleServicer(pb_grpc.WorkflowConsoleServiceServicer):
    """Runs of the workspace's apps."""

    def __init__(self, db: Database, console: WorkflowConsole, runs: Runs) -> None:
        self._db = db
        self._console = console
        self._runs = runs

    async def StreamDraftRun(self, request: pb.StreamDraftRunRequest, context: Context) -> Batches:
        """Run the draft, event by event."""
        asked = Request(
            inputs=struct_to_dict(request.inputs) if request.HasField("inputs") else None,
            files=wire.dicts(request.files),
        )
        async for batch in self._events(await self._console.run_draft(caller(), request.app_id, asked)):
            yield batch

    async def StreamDraftChat(self, request: pb.StreamDraftChatRequest, context: Context) -> Batches:
        """Ask the draft, event by event."""
        asked = Asked(
            inputs=struct_to_dict(request.inputs), query=request.query, files=wire.dicts(request.files),
            conversation_id=conversation_id(request.conversation_id),
            parent_message_id=parent_of(request.parent_message_id),
        )
        async for batch in self._events(await self._console.chat_draft(caller(), request.app_id, asked)):
            yield batch

    def StreamDraftIteration(self, request: pb.StreamDraftContainerRequest, context: Context) -> Batches:
        """Run an iteration, event by event."""
        return self._container(request, "iteration")

    def StreamDraftLoop(self, request: pb.StreamDraftContainerRequest, context: Context) -> Batches:
        """Run a loop, event by event."""
        return self._container(request, "loop")

    async def _container(self, request: pb.StreamDraftContainerRequest, kind: str) -> Batches:
        run = await self._console.run_container(
            caller(), request.app_id, request.node_id, kind, struct_to_dict(request.inputs)
        )
        async for batch in self._events(run):
            yield batch

    async def _events(self, run: Run) -> Batches:
        yield []
        async for batch in self._runs.follow(run):
            yield batch

    async def RunDraftNode(self, request: pb.RunDraftNodeRequest, context: Context) -> pb.NodeExecution:
        """Run one node."""
        row = await self._console.run_node(
            caller(), request.app_id, request.node_id, struct_to_dict(request.inputs), request.query
        )
        return _execution(row)

    async def GetNodeLastRun(self, request: pb.GetNodeLastRunRequest, context: Context) -> pb.NodeExecution:
        """The last execution of a node."""
        return _execution(await self._console.last_run(caller(), request.app_id, request.node_id))

    async def StopWorkflowRunTask(self, request: pb.StopWorkflowRunTaskRequest, context: Context) -> Result:
        """Stop a run."""
        await self._console.stop(caller(), request.app_id, request.task_id)
        return Result(result="success")

    async def ListWorkflowRuns(
        self, request: pb.ListWorkflowRunsRequest, context: Context
    ) -> pb.ListWorkflowRunsResponse:
        """A page of runs."""
        checks = Checks("WorkflowRunListQuery")
        last_id = checks.uuid("last_id", request.last_id)
        limit = checks.number("limit", request.limit if request.HasField("limit") else None, 20, 1, 100)
        checks.done()
        rows, more = await self._db(
            self._console.page, caller(), request.app_id, last_id, limit, request.status, request.triggered_from
        )
        return pb.ListWorkflowRunsResponse(limit=limit, has_more=more, data=[_item(row) for row in rows])

    async def CountWorkflowRuns(self, request: pb.CountWorkflowRunsRequest, context: Context) -> pb.WorkflowRunCount:
        """Numbers of runs."""
        found = await self._db(
            self._console.counts, caller(), request.app_id, request.status, request.time_range, request.triggered_from
        )
        return pb.WorkflowRunCount(
            total=sum(found.values()), running=found.get("running", 0), succeeded=found.get("succeeded", 0),
            failed=found.get("failed", 0), stopped=found.get("stopped", 0),
            partial_succeeded=found.get("partial-succeeded", 0),
        )

    async def GetWorkflowRunDetail(
        self, request: pb.GetWorkflowRunDetailRequest, context: Context
    ) -> pb.WorkflowRunDetail:
        """One run."""
        row = await self._db(self._console.detail, caller(), request.app_id, request.run_id)
        return pb.WorkflowRunDetail(
            id=row.id, version=row.version, graph=Json(text=row.graph or "{}"), inputs=Json(text=row.inputs or "{}"),
            status=row.status, outputs=Json(text=row.outputs or "{}"), error=row.error, elapsed_time=row.elapsed_time,
            total_tokens=row.total_tokens, total_steps=row.total_steps, created_by_role=row.created_by_role,
            created_at=wire.seconds(row.created_at), finished_at=wire.seconds_or_none(row.finished_at),
            exceptions_count=row.exceptions_count, **wire.creators(row),
        )

    async def ListNodeExecutions(
        self, request: pb.GetWorkflowRunDetailRequest, context: Context
    ) -> pb.ListNodeExecutionsResponse:
        """The executions of a run."""
        rows = await self._db(self._console.executions, caller(), request.app_id, request.run_id)
        return pb.ListNodeExecutionsResponse(data=[_execution(row) for row in rows])

    async def ListAppLogs(self, request: pb.ListAppLogsRequest, context: Context) -> ListWorkflowLogsResponse:
        """A page of the log."""
        wanted, page, limit = wire.log_page(request)
        rows, total = await self._db(
            self._console.logs, caller(), request.app_id, wanted, request.created_by_account, page, limit
        )
        return wire.logs(rows, total, page, limit)


def _item(row: Any) -> pb.WorkflowRunItem:
    return pb.WorkflowRunItem(
        id=row.id, conversation_id=row.conversation_id, message_id=row.message_id, version=row.version,
        status=row.status, elapsed_time=row.elapsed_time, total_tokens=row.total_tokens, total_steps=row.total_steps,
        created_by_account=wire.creators(row).get("created_by_account"), created_at=wire.seconds(row.created_at),
        finished_at=wire.seconds_or_none(row.finished_at), exceptions_count=row.exceptions_count,
    )


def _execution(row: Any) -> pb.NodeExecution:
    return pb.NodeExecution(
        id=row.id, index=row.index, node_id=row.node_id, node_type=row.node_type, title=row.title,
        inputs=_json(row.inputs), process_data=_json(row.process_data), outputs=_json(row.outputs), status=row.status,
        error=row.error, elapsed_time=row.elapsed_time, execution_metadata=_json(row.execution_metadata),
        extras=Json(text="{}"), created_at=wire.seconds(row.created_at), created_by_role=row.created_by_role,
        finished_at=wire.seconds_or_none(row.finished_at), **wire.creators(row),
    )


def _json(text: str | None) -> Json | None:
    return None if text is None else Json(text=text)
