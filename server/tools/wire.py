"""Between the console's messages and plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from server.edge.reader import sent
from server.kit.errors import not_found
from server.tools.openapi import Parsed
from transom.tool.v1 import api_tool_service_pb2 as api_pb
from transom.tool.v1 import tool_provider_service_pb2 as pb
from transom.tool.v1 import workflow_tool_service_pb2 as workflow_pb

KINDS = ("builtin", "api", "workflow", "mcp")
_NAMES = {"en_US": "Authorization method", "zh_Hans": "认证方式"}
_API_TEXTS = ("schema_type", "schema", "description", "privacy_policy", "custom_disclaimer")
# What credentials of an API ask for.
_CREDENTIALS = (
    {
        "name": "auth_type", "type": "select", "required": True, "default": "none",
        "options": [{"value": one, "label": {"en_US": one}} for one in ("none", "api_key_header", "api_key_query")],
        "label": _NAMES, "help": None,
    },
    {
        "name": "api_key_header", "type": "text-input", "required": False, "default": "Authorization", "options": [],
        "label": {"en_US": "Header of the key"}, "help": None,
    },
    {
        "name": "api_key_value", "type": "secret-input", "required": False, "default": "", "options": [],
        "label": {"en_US": "The key"}, "help": None,
    },
)


def values(request: Message) -> dict[str, Any]:
    """The fields that a request carries."""
    return sent(request)


def kind_of(text: str) -> str:
    """A kind of providers. Raises not_found."""
    if text not in KINDS:
        raise not_found()
    return text


def struct(value: Mapping[str, Any]) -> Struct:
    """A plain dict as a Struct."""
    message = Struct()
    message.update(dict(value))
    return message


def provider(value: Mapping[str, Any]) -> pb.ToolProvider:
    """One provider."""
    return pb.ToolProvider(provider=struct(value))


def providers(found: Iterable[Mapping[str, Any]]) -> pb.ToolProviderList:
    """Providers."""
    return pb.ToolProviderList(providers=[struct(one) for one in found])


def tools(found: Iterable[Mapping[str, Any]]) -> pb.ToolList:
    """Tools."""
    return pb.ToolList(tools=[struct(one) for one in found])


def api_detail(value: Mapping[str, Any]) -> api_pb.ApiProvider:
    """An API with its document."""
    return api_pb.ApiProvider(
        **{name: value[name] for name in _API_TEXTS},
        tools=[struct(one) for one in value["tools"]], icon=struct(value["icon"]),
        credentials=struct(value["credentials"]), labels=value["labels"],
    )


def parsed(found: Parsed) -> api_pb.ParseApiSchemaResponse:
    """What a document offers."""
    return api_pb.ParseApiSchemaResponse(
        schema_type=found.kind, warning=Struct(), credentials_schema=[struct(one) for one in _CREDENTIALS],
        parameters_schema=[
            struct({
                "operation_id": one.name, "method": one.method, "server_url": one.url, "summary": one.summary,
                "parameters": [
                    {
                        "name": argument.name, "in": argument.place, "type": argument.parameter.type,
                        "required": argument.required, "llm_description": argument.description,
                        "default": argument.parameter.default, "options": list(argument.parameter.options),
                    }
                    for argument in one.arguments
                ],
            })
            for one in found.operations
        ],
    )  # fmt: skip


def workflow_detail(value: Mapping[str, Any]) -> workflow_pb.WorkflowTool:
    """A workflow tool."""
    plain = ("name", "label", "workflow_tool_id", "workflow_app_id", "description", "synced", "privacy_policy")
    return workflow_pb.WorkflowTool(
        **{name: value[name] for name in plain}, icon=struct(value["icon"]),
        parameters=[struct(one) for one in value["parameters"]], output_schema=Struct(), tool=struct(value["tool"]),
    )
