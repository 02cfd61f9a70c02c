"""Builds drafts and versions of workflows, and the console over them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.engine.ports import CodeFaultError
from server.kit.crypto import Sealer
from server.kit.outbound import Outbound
from server.tools.builtin.part import World
from server.tools.registry import ToolRegistry
from server.tools.service import ToolService
from server.workflow.convert import Converter
from server.workflow.draft_variable_servicer import DraftVariableServicer
from server.workflow.draft_variables import DraftVariableService
from server.workflow.publishing import Publisher
from server.workflow.service import WorkflowService
from server.workflow.servicer import WorkflowServicer
from server.workflow.statistics import StatisticsService
from server.workflow.statistics_servicer import WorkflowStatisticsServicer
from transom.workflow.v1 import draft_variable_service_pb2 as draft_pb2
from transom.workflow.v1 import draft_variable_service_pb2_grpc as draft_grpc
from transom.workflow.v1 import workflow_service_pb2 as workflow_pb2
from transom.workflow.v1 import workflow_service_pb2_grpc as workflow_grpc
from transom.workflow.v1 import workflow_statistics_service_pb2 as statistics_pb2
from transom.workflow.v1 import workflow_statistics_service_pb2_grpc as statistics_grpc

if TYPE_CHECKING:
    from server.bootstrap import Core, Registry, Services


class _NoCode:
    """Where tools are only looked up, none is called."""

    async def run(self, *_: Any) -> Any:
        """Raises CodeFaultError."""
        raise CodeFaultError("No code runs here.")

    async def render(self, *_: Any) -> str:
        """Raises CodeFaultError."""
        raise CodeFaultError("No code runs here.")


def build_publisher(
    db: Database, uow: UowFactory, bus: Bus, workflows: WorkflowService, outbound: Outbound, sealer: Sealer
) -> Publisher:
    """What makes versions; it looks the tools of a workspace up, and calls none."""
    world = World(outbound, _NoCode(), lambda: datetime.now(UTC))
    return Publisher(db, workflows, bus, ToolRegistry(world, db, ToolService(uow, sealer)))


def add_workflows(registry: Registry, core: Core, services: Services) -> None:
    """The console's rows of workflows."""
    sealer = Sealer(core.settings.secret_key)
    publisher = build_publisher(core.db, core.uow, core.bus, services.workflows, core.outbound, sealer)
    converter = Converter(core.uow, services.apps, services.workflows)
    registry.add(
        WorkflowServicer(core.db, services.workflows, publisher, converter, core.bus),
        workflow_pb2, workflow_grpc, "WorkflowService",
    )
    registry.add(
        WorkflowStatisticsServicer(core.db, StatisticsService(core.uow)),
        statistics_pb2, statistics_grpc, "WorkflowStatisticsService",
    )
    registry.add(
        DraftVariableServicer(core.db, DraftVariableService(core.uow)), draft_pb2, draft_grpc, "DraftVariableService"
    )
