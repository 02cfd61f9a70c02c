"""RPCs of tool providers."""

from __future__ import annotations

from typing import Any

from server.edge.call import caller
from server.kit.errors import invalid_param, not_found
from server.tools import views, wire
from server.tools.builtin import catalogue
from server.tools.builtin.part import Provider
from server.tools.model import api_fields, mcp_fields, workflow_fields
from server.tools.providers import ToolProviders
from transom.common.v1.common_pb2 import Result
from transom.tool.v1 import (
    api_tool_service_pb2 as api_pb,
)
from transom.tool.v1 import (
    api_tool_service_pb2_grpc as api_rpc,
)
from transom.tool.v1 import (
    mcp_tool_service_pb2 as mcp_pb,
)
from transom.tool.v1 import (
    mcp_tool_service_pb2_grpc as mcp_rpc,
)
from transom.tool.v1 import (
    tool_provider_service_pb2 as pb,
)
from transom.tool.v1 import (
    tool_provider_service_pb2_grpc as rpc,
)
from transom.tool.v1 import (
    workflow_tool_service_pb2 as workflow_pb,
)
from transom.tool.v1 import (
    workflow_tool_service_pb2_grpc as workflow_rpc,
)

_DONE = Result(result="success")


class ToolProviderServicer(rpc.ToolProviderServiceServicer):
    """Providers of every kind."""

    def __init__(self, providers: ToolProviders) -> None:
        self._providers = providers

    async def ListToolProviders(self, request: pb.ListToolProvidersRequest, context: Any) -> pb.ToolProviderList:
        if request.type and request.type not in wire.KINDS:
            raise invalid_param(f"type must be one of {', '.join(wire.KINDS)}")
        found = await self._providers.everything(caller(), request.type)
        return wire.providers(views.providers(found, request.type))

    async def ListTools(self, request: pb.ListToolsRequest, context: Any) -> pb.ToolProviderList:
        kind = wire.kind_of(request.kind)
        return wire.providers(views.providers(await self._providers.everything(caller(), kind), kind, whole=True))

    async def GetBuiltinProvider(self, request: pb.GetBuiltinProviderRequest, context: Any) -> pb.ToolProvider:
        return wire.provider(views.builtin(_packaged(request.provider)))

    async def ListBuiltinTools(self, request: pb.ListBuiltinToolsRequest, context: Any) -> pb.ToolList:
        return wire.tools(views.builtin_tools(_packaged(request.provider)))

    async def ListToolLabels(self, request: pb.ListToolLabelsRequest, context: Any) -> pb.ToolLabelList:
        return pb.ToolLabelList(labels=[wire.struct(one) for one in views.labels()])


class ApiToolServicer(api_rpc.ApiToolServiceServicer):
    """APIs as tools."""

    def __init__(self, providers: ToolProviders) -> None:
        self._providers = providers

    async def CreateApiProvider(self, request: api_pb.CreateApiProviderRequest, context: Any) -> Result:
        await self._providers.add_api(caller(), api_fields(wire.values(request)))
        return _DONE

    async def UpdateApiProvider(self, request: api_pb.UpdateApiProviderRequest, context: Any) -> Result:
        original = request.original_provider or request.provider
        await self._providers.change_api(caller(), original, api_fields(wire.values(request)))
        return _DONE

    async def DeleteApiProvider(self, request: api_pb.DeleteApiProviderRequest, context: Any) -> Result:
        await self._providers.delete_api(caller(), request.provider)
        return _DONE

    async def GetApiProvider(self, request: api_pb.GetApiProviderRequest, context: Any) -> api_pb.ApiProvider:
        return wire.api_detail(views.api_detail(await self._providers.api(caller(), request.provider)))

    async def ListApiTools(self, request: api_pb.ListApiToolsRequest, context: Any) -> pb.ToolList:
        return wire.tools(views.api_tools(await self._providers.api(caller(), request.provider)))

    async def FetchApiSchema(
        self, request: api_pb.FetchApiSchemaRequest, context: Any
    ) -> api_pb.FetchApiSchemaResponse:
        if not request.url:
            raise invalid_param("url is required")
        return api_pb.FetchApiSchemaResponse(schema=await self._providers.fetch_schema(request.url))

    async def ParseApiSchema(
        self, request: api_pb.ParseApiSchemaRequest, context: Any
    ) -> api_pb.ParseApiSchemaResponse:
        return wire.parsed(await self._providers.read_schema(request.schema))

    async def TestApiTool(self, request: api_pb.TestApiToolRequest, context: Any) -> api_pb.TestApiToolResponse:
        given = wire.values(request)
        return api_pb.TestApiToolResponse(
            **await self._providers.try_api(
                caller(), request.provider_name, request.tool_name, request.schema, given.get("credentials", {}),
                given.get("parameters", {}),
            )
        )


class McpToolServicer(mcp_rpc.McpToolServiceServicer):
    """MCP servers as tools."""

    def __init__(self, providers: ToolProviders) -> None:
        self._providers = providers

    async def CreateMcpProvider(self, request: mcp_pb.CreateMcpProviderRequest, context: Any) -> pb.ToolProvider:
        return wire.provider(views.mcp(await self._providers.add_mcp(caller(), mcp_fields(wire.values(request)))))

    async def UpdateMcpProvider(self, request: mcp_pb.UpdateMcpProviderRequest, context: Any) -> Result:
        await self._providers.change_mcp(caller(), request.provider_id, mcp_fields(wire.values(request)))
        return _DONE

    async def DeleteMcpProvider(self, request: mcp_pb.DeleteMcpProviderRequest, context: Any) -> Result:
        await self._providers.delete_mcp(caller(), request.provider_id)
        return _DONE

    async def AuthorizeMcpProvider(self, request: mcp_pb.AuthorizeMcpProviderRequest, context: Any) -> Result:
        await self._providers.update_mcp(caller(), request.provider_id)
        return _DONE

    async def GetMcpProvider(self, request: mcp_pb.GetMcpProviderRequest, context: Any) -> pb.ToolProvider:
        return wire.provider(views.mcp(await self._providers.mcp(caller(), request.provider_id)))

    async def RefreshMcpProvider(self, request: mcp_pb.RefreshMcpProviderRequest, context: Any) -> pb.ToolProvider:
        return wire.provider(views.mcp(await self._providers.update_mcp(caller(), request.provider_id)))


class WorkflowToolServicer(workflow_rpc.WorkflowToolServiceServicer):
    """Workflows as tools."""

    def __init__(self, providers: ToolProviders) -> None:
        self._providers = providers

    async def CreateWorkflowTool(self, request: workflow_pb.CreateWorkflowToolRequest, context: Any) -> Result:
        await self._providers.add_workflow(caller(), request.workflow_app_id, workflow_fields(wire.values(request)))
        return _DONE

    async def UpdateWorkflowTool(self, request: workflow_pb.UpdateWorkflowToolRequest, context: Any) -> Result:
        await self._providers.change_workflow(
            caller(), request.workflow_tool_id, workflow_fields(wire.values(request))
        )
        return _DONE

    async def DeleteWorkflowTool(self, request: workflow_pb.DeleteWorkflowToolRequest, context: Any) -> Result:
        await self._providers.delete_workflow(caller(), request.workflow_tool_id)
        return _DONE

    async def GetWorkflowTool(
        self, request: workflow_pb.GetWorkflowToolRequest, context: Any
    ) -> workflow_pb.WorkflowTool:
        found = await self._providers.workflow(caller(), request.workflow_tool_id, request.workflow_app_id)
        return wire.workflow_detail(views.workflow_detail(found))

    async def ListWorkflowTools(self, request: workflow_pb.ListWorkflowToolsRequest, context: Any) -> pb.ToolList:
        return wire.tools(views.workflow_tools(await self._providers.workflow(caller(), request.workflow_tool_id, "")))


def _packaged(name: str) -> Provider:
    found = catalogue.provider_named(name)
    if found is None:
        raise not_found(f"builtin provider {name} not found")
    return found
