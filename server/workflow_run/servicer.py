"""The RPCs of workflow runs: parse, start or follow or look up, print."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from server.edge.call import caller, last_event_id
from server.runs.registry import Runs
from server.workflow_run import wire
from server.workflow_run.queries import WorkflowQueries
from server.workflow_run.rejoin import Rejoin
from server.workflow_run.service import Request, WorkflowRunService
from transom.common.v1.common_pb2 import Result
from transom.run.v1.event_pb2 import RunEvent
from transom.workflow.v1 import workflow_run_pb2 as pb
from transom.workflow.v1 import workflow_run_service_pb2_grpc as pb_grpc

Batches = AsyncIterator[list[RunEvent]]
Context = Any


class WorkflowRunServicer(pb_grpc.WorkflowRunServiceServicer, pb_grpc.WorkflowRunStreamServiceServicer):
    """Runs of workflow apps."""

    def __init__(self, workflows: WorkflowRunService, runs: Runs, rejoin: Rejoin, queries: WorkflowQueries) -> None:
        self._workflows = workflows
        self._runs = runs
        self._rejoin = rejoin
        self._queries = queries

    async def RunWorkflow(self, request: pb.RunWorkflowRequest, context: Context) -> pb.RunWorkflowResponse:
        """Run what is published, and wait."""
        return await self._whole(wire.run_request(request))

    async def RunWorkflowVersion(
        self, request: pb.RunWorkflowVersionRequest, context: Context
    ) -> pb.RunWorkflowResponse:
        """Run one version, and wait."""
        return await self._whole(wire.run_request(request))

    async def _whole(self, request: Request) -> pb.RunWorkflowResponse:
        run = await self._workflows.start(caller(), request)
        await run.finished.wait()
        assert run.outcome is not None, "a finished run has an outcome"
        if run.outcome.result is None:
            assert run.outcome.error is not None, "a run without a result has failed"
            raise run.outcome.error
        return wire.run_response(run.key, run.outcome.result)

    def StreamWorkflow(self, request: pb.RunWorkflowRequest, context: Context) -> Batches:
        """Run what is published, event by event."""
        return self._events(wire.run_request(request))

    def StreamWorkflowVersion(self, request: pb.RunWorkflowVersionRequest, context: Context) -> Batches:
        """Run one version, event by event."""
        return self._events(wire.run_request(request))

    async def _events(self, request: Request) -> Batches:
        run = await self._workflows.start(caller(), request)
        yield []
        async for batch in self._runs.follow(run):
            yield batch

    async def ResumeWorkflowRun(self, request: pb.ResumeWorkflowRunRequest, context: Context) -> Batches:
        """A run again, from where the caller left or from now on."""
        after = request.after_sequence if request.HasField("after_sequence") else last_event_id()
        batches = await self._rejoin.open(
            caller(), request.workflow_run_id, after=after,
            snapshot=request.include_state_snapshot.lower() == "true",
            across_pauses=request.continue_on_pause.lower() == "true",
        )
        yield []
        async for batch in batches:
            yield batch

    async def StopWorkflowTask(self, request: pb.StopWorkflowTaskRequest, context: Context) -> Result:
        """Stop a run."""
        await self._queries.stop(caller(), request.task_id)
        return Result(result="success")

    async def GetWorkflowRun(self, request: pb.GetWorkflowRunRequest, context: Context) -> pb.WorkflowRun:
        """One run."""
        row = await self._queries.one(caller(), request.workflow_run_id)
        return wire.detail(row, as_text=request.inputs_format == "string")

    async def ListWorkflowLogs(
        self, request: pb.ListWorkflowLogsRequest, context: Context
    ) -> pb.ListWorkflowLogsResponse:
        """A page of the log."""
        wanted, page, limit = wire.log_page(request)
        rows, total = await self._queries.logs(caller(), wanted, request.created_by_account, page, limit)
        return wire.logs(rows, total, page, limit)
