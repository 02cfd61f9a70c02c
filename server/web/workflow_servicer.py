"""The RPCs of workflow runs on pages: parse, start or follow, print in the simple form."""

from __future__ import annotations

from typing import Any

from server.edge.call import caller, last_event_id
from server.edge.printer import struct_to_dict
from server.runs.registry import Runs
from server.web.simple import Batches, simple
from server.workflow_run.queries import WorkflowQueries
from server.workflow_run.rejoin import Rejoin
from server.workflow_run.service import Request, WorkflowRunService
from server.workflow_run.wire import dicts
from transom.common.v1.common_pb2 import Result
from transom.web.v1 import web_workflow_service_pb2 as pb
from transom.web.v1 import web_workflow_service_pb2_grpc as pb_grpc

Context = Any


class WebWorkflowServicer(pb_grpc.WebWorkflowServiceServicer):
    """Pages of workflow apps."""

    def __init__(self, workflows: WorkflowRunService, runs: Runs, rejoin: Rejoin, queries: WorkflowQueries) -> None:
        self._workflows = workflows
        self._runs = runs
        self._rejoin = rejoin
        self._queries = queries

    def RunWebWorkflow(self, request: pb.RunWebWorkflowRequest, context: Context) -> Batches:
        """Run what is published, event by event."""
        inputs = struct_to_dict(request.inputs) if request.HasField("inputs") else None
        return simple(self._events(Request(inputs=inputs, files=dicts(request.files))))

    async def _events(self, request: Request) -> Batches:
        run = await self._workflows.start(caller(), request)
        yield []
        async for batch in self._runs.follow(run):
            yield batch

    async def StopWebWorkflowTask(self, request: pb.StopWebWorkflowTaskRequest, context: Context) -> Result:
        """Stop a run."""
        await self._queries.stop(caller(), request.task_id)
        return Result(result="success")

    def ResumeWebWorkflowRun(self, request: pb.ResumeWebWorkflowRunRequest, context: Context) -> Batches:
        """A run again, from where the page left or from now on."""
        return simple(self._again(request))

    async def _again(self, request: pb.ResumeWebWorkflowRunRequest) -> Batches:
        after = request.after_sequence if request.HasField("after_sequence") else last_event_id()
        snapshot = request.include_state_snapshot.lower() == "true"
        batches = await self._rejoin.open(
            caller(), request.workflow_run_id, after=after, snapshot=snapshot, across_pauses=False
        )
        yield []
        async for batch in batches:
            yield batch
