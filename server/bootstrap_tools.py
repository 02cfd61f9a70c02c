"""Builds the tools of workflows and agents, and the console over their providers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from server.engine.ports import CodeRunner
from server.kit.crypto import Sealer
from server.tools.builtin.part import World
from server.tools.providers import ToolProviders
from server.tools.registry import ToolRegistry
from server.tools.service import ToolService
from server.tools.servicer import ApiToolServicer, McpToolServicer, ToolProviderServicer, WorkflowToolServicer
from transom.tool.v1 import (
    api_tool_service_pb2,
    api_tool_service_pb2_grpc,
    mcp_tool_service_pb2,
    mcp_tool_service_pb2_grpc,
    tool_provider_service_pb2,
    tool_provider_service_pb2_grpc,
    workflow_tool_service_pb2,
    workflow_tool_service_pb2_grpc,
)

if TYPE_CHECKING:
    from server.bootstrap import Core, Registry


@dataclass(slots=True)
class Tools:
    """What workspaces have stored of their tools, and the port that calls them.

    Who runs workflows sets ``registry.files`` and ``registry.workflows``.
    """

    stored: ToolService
    registry: ToolRegistry


def build_tools(core: Core, code: CodeRunner) -> Tools:
    """One of each a process."""
    stored = ToolService(core.uow, Sealer(core.settings.secret_key))
    world = World(core.outbound, code, lambda: datetime.now(UTC))
    return Tools(stored, ToolRegistry(world, core.db, stored))


def add_tools(registry: Registry, core: Core, tools: Tools) -> None:
    """The console over tool providers."""
    providers = ToolProviders(core.db, tools.stored, core.outbound)
    add = registry.add
    add(
        ToolProviderServicer(providers), tool_provider_service_pb2, tool_provider_service_pb2_grpc,
        "ToolProviderService",
    )
    add(ApiToolServicer(providers), api_tool_service_pb2, api_tool_service_pb2_grpc, "ApiToolService")
    add(McpToolServicer(providers), mcp_tool_service_pb2, mcp_tool_service_pb2_grpc, "McpToolService")
    add(
        WorkflowToolServicer(providers), workflow_tool_service_pb2, workflow_tool_service_pb2_grpc,
        "WorkflowToolService",
    )
