"""Every tool that a run may call: the port ``Tools`` of the engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from server.db.bridge import Database
from server.engine.node import NodeError, RunInfo
from server.engine.ports import Files, ToolCall, ToolFaultError, ToolMessage, ToolParameter, ToolSpec
from server.engine.values import File
from server.kit.errors import AppError
from server.tools import mcp
from server.tools.api import ApiCaller
from server.tools.builtin import catalogue
from server.tools.builtin.part import Tool, World
from server.tools.model import ApiProvider, McpProvider, WorkflowTool
from server.tools.openapi import Operation
from server.tools.service import ToolService

DEEPEST = 5
_FILES = frozenset({"file", "files", "system-files"})
_SCHEMA_TYPES = {"select": "string"}


class InvokeWorkflow(Protocol):
    """Runs a published workflow to its end, for the user of ``run``; ``run.depth`` is that of the new run."""

    async def __call__(
        self, run: RunInfo, app_id: str, workflow_id: str, inputs: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The outputs. Raises ToolFaultError when it fails."""
        ...


class ToolRegistry:
    """Packaged tools, APIs, MCP servers and workflows of a workspace.

    ``files`` stores what tools produce; without it their bytes are in the messages. It and ``workflows`` may be set
    later: what runs workflows needs this registry too.
    """

    def __init__(
        self, world: World, db: Database, stored: ToolService, files: Files | None = None,
        workflows: InvokeWorkflow | None = None,
    ) -> None:
        self._world = world
        self._db = db
        self._stored = stored
        self.files = files
        self.workflows = workflows
        self._apis = ApiCaller(world.outbound)

    async def spec(self, run: RunInfo, provider_type: str, provider_id: str, tool_name: str) -> ToolSpec:
        """Raises ToolFaultError when the workspace has no such tool."""
        if provider_type == "api":
            api, operation = await self._operation(run.tenant_id, provider_id, tool_name)
            return api_spec(api, operation)
        if provider_type == "mcp":
            server, listed = await self._listed(run.tenant_id, provider_id, tool_name)
            return mcp_spec(server, listed)
        if provider_type == "workflow":
            return workflow_spec(await self._workflow(run.tenant_id, provider_id, tool_name))
        return builtin_spec(provider_id, _packaged(provider_type, provider_id, tool_name))

    async def invoke(self, run: RunInfo, call: ToolCall) -> AsyncIterator[ToolMessage]:
        """Call it. Raises ToolFaultError."""
        async for message in self._messages(run, call):
            yield await self._kept(run, message)

    async def _kept(self, run: RunInfo, message: ToolMessage) -> ToolMessage:
        """A message whose bytes are in the file store."""
        if self.files is None or not isinstance(message.value, bytes) or message.kind not in ("image", "blob"):
            return message
        file = await self.files.save(run, message.value, message.name or "file", message.text)
        kind: Any = "image" if message.kind == "image" else "file"
        return ToolMessage(kind, name=message.name, file=file)

    async def _messages(self, run: RunInfo, call: ToolCall) -> AsyncIterator[ToolMessage]:
        kind = call.provider_type
        if kind == "api":
            api, operation = await self._operation(run.tenant_id, call.provider_id, call.tool_name)

            async def read(file: File) -> bytes:
                return await self._read(run, file)

            given = _given([argument.parameter for argument in operation.arguments], call)
            async for message in self._apis.call(operation, given, api.credentials, read):
                yield message
        elif kind == "mcp":
            server, listed = await self._listed(run.tenant_id, call.provider_id, call.tool_name)
            for message in await self._ask(server, call.tool_name, _given(mcp_spec(server, listed).parameters, call)):
                yield message
        elif kind == "workflow":
            tool = await self._workflow(run.tenant_id, call.provider_id, call.tool_name)
            for message in await self._run(run, tool, _given(workflow_spec(tool).parameters, call)):
                yield message
        else:
            packaged = _packaged(kind, call.provider_id, call.tool_name)
            given = _given([field.parameter for field in packaged.fields], call)
            async for message in packaged.work(self._world, given):
                yield message

    async def _read(self, run: RunInfo, file: File) -> bytes:
        if self.files is None:
            raise ToolFaultError("Files cannot be sent from here")
        try:
            return await self.files.read(run, file)
        except NodeError as error:
            raise ToolFaultError(str(error)) from error

    async def _ask(self, provider: McpProvider, name: str, given: Mapping[str, Any]) -> Sequence[ToolMessage]:
        try:
            async with mcp.session(self._world.outbound, provider.server) as session:
                return mcp.messages(await session.call(name, given))
        except mcp.McpError as error:
            raise ToolFaultError(str(error)) from error

    async def _run(self, run: RunInfo, tool: WorkflowTool, given: Mapping[str, Any]) -> Sequence[ToolMessage]:
        if run.depth >= DEEPEST:
            raise ToolFaultError(f"Max workflow call depth {DEEPEST} reached.")
        if self.workflows is None:
            raise ToolFaultError("Workflows cannot be called from here")
        inside = replace(run, depth=run.depth + 1)
        outputs = await self.workflows(inside, tool.app_id, tool.workflow_id, given)
        files = [one for value in outputs.values() for one in _files_in(value)]
        plain = {name: value for name, value in outputs.items() if not _files_in(value)}
        return [
            *(ToolMessage("file", name=one.name, file=one) for one in files),
            ToolMessage("text", json.dumps(plain, ensure_ascii=False, default=str)), ToolMessage("json", value=plain),
            *(ToolMessage("variable", value=value, name=name) for name, value in plain.items()),
        ]

    async def _operation(self, tenant_id: str, ref: str, name: str) -> tuple[ApiProvider, Operation]:
        provider = await self._load(self._stored.api, tenant_id, ref)
        operation = None if provider is None else provider.operation(name)
        if provider is None or operation is None:
            raise _missing("api", ref, name, found=provider is not None)
        return provider, operation

    async def _listed(self, tenant_id: str, ref: str, name: str) -> tuple[McpProvider, Mapping[str, Any]]:
        provider = await self._load(self._stored.mcp, tenant_id, ref)
        tool = None if provider is None else provider.tool(name)
        if provider is None or tool is None:
            raise _missing("mcp", ref, name, found=provider is not None)
        return provider, tool

    async def _workflow(self, tenant_id: str, ref: str, name: str) -> WorkflowTool:
        # An app file from another workspace names a provider that is not here; a tool of that name may be.
        found = await self._load(self._stored.workflow, tenant_id, ref)
        found = found or await self._load(self._stored.workflow, tenant_id, name, "name")
        if found is None:
            raise _missing("workflow", ref, name, found=False)
        return found

    async def _load(self, find: Any, *arguments: Any) -> Any:
        try:
            return await self._db(find, *arguments)
        except AppError as error:
            raise ToolFaultError(str(error)) from error


def _packaged(provider_type: str, provider_id: str, tool_name: str) -> Tool:
    provider = catalogue.provider_named(provider_id) if provider_type in ("builtin", "plugin") else None
    tool = None if provider is None else provider.tool(catalogue.tool_name(tool_name))
    if tool is None:
        raise _missing(provider_type, provider_id, tool_name, found=provider is not None)
    return tool


def _missing(kind: str, provider: str, tool: str, *, found: bool) -> ToolFaultError:
    if found:
        return ToolFaultError(f"tool {tool} not found in provider {provider}")
    return ToolFaultError(f"{kind} provider {provider} not found")


def _given(parameters: Sequence[ToolParameter], call: ToolCall) -> dict[str, Any]:
    """What a tool is called with: defaults, settings of the author, then what the caller fills in."""
    values = {parameter.name: parameter.default for parameter in parameters if parameter.default is not None}
    known = {parameter.name for parameter in parameters}
    for given in (call.configurations, call.parameters):
        values |= {name: value for name, value in given.items() if value is not None and name in known}
    return values


def _files_in(value: Any) -> list[File]:
    if isinstance(value, File):
        return [value]
    return [one for one in value if isinstance(one, File)] if isinstance(value, (list, tuple)) else []


# What tools are to those who call them


def parameters_schema(parameters: Sequence[ToolParameter]) -> dict[str, Any]:
    """The JSON schema of what a model fills in."""
    asked = [one for one in parameters if one.form == "llm" and one.type not in _FILES]
    properties: dict[str, Any] = {}
    for one in asked:
        properties[one.name] = {"type": _SCHEMA_TYPES.get(one.type, one.type), "description": one.description}
        if one.options:
            properties[one.name]["enum"] = list(one.options)
        if one.type == "array":
            properties[one.name]["items"] = {}
    return {"type": "object", "properties": properties, "required": [one.name for one in asked if one.required]}


def builtin_spec(provider_id: str, tool: Tool) -> ToolSpec:
    """A packaged tool."""
    parameters = [field.parameter for field in tool.fields]
    return ToolSpec(
        "builtin", provider_id, tool.name, tool.label[0], tool.said, parameters, parameters_schema(parameters)
    )


def api_spec(provider: ApiProvider, operation: Operation) -> ToolSpec:
    """An operation of an API."""
    parameters = [argument.parameter for argument in operation.arguments]
    schema = parameters_schema(parameters)
    for argument in operation.arguments:
        described = {"description": argument.description} if argument.description else {}
        schema["properties"][argument.name] = {**argument.schema, **described}
        schema["properties"][argument.name].pop("required", None)
        if isinstance(argument.schema.get("required"), list):
            schema["properties"][argument.name]["required"] = argument.schema["required"]
    return ToolSpec(
        "api", provider.id, operation.name, operation.name, operation.summary or operation.name, parameters, schema,
        provider.icon,
    )


def mcp_spec(provider: McpProvider, tool: Mapping[str, Any]) -> ToolSpec:
    """A tool of an MCP server."""
    given = tool.get("inputSchema")
    schema: Mapping[str, Any] = given if isinstance(given, Mapping) else {"type": "object", "properties": {}}
    required = schema.get("required") or ()
    properties = schema.get("properties")
    parameters = [
        _of_schema(str(name), one if isinstance(one, Mapping) else {}, required=name in required)
        for name, one in (properties.items() if isinstance(properties, Mapping) else ())
    ]
    name = str(tool["name"])
    return ToolSpec(
        "mcp", provider.identifier, name, str(tool.get("title") or name), str(tool.get("description") or ""),
        parameters, schema, provider.icon,
    )


def _of_schema(name: str, schema: Mapping[str, Any], *, required: bool) -> ToolParameter:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "string")
    options = schema.get("enum") if kind in (None, "string") else None
    shown = {"integer": "number", "number": "number", "boolean": "boolean", "array": "array", "object": "object"}
    return ToolParameter(
        name, "select" if options else shown.get(str(kind), "string"), required, "llm",
        str(schema.get("description") or ""), schema.get("default"),
        tuple(str(one) for one in options) if isinstance(options, list) else (),
    )


def workflow_spec(tool: WorkflowTool) -> ToolSpec:
    """A workflow as a tool."""
    parameters = [
        ToolParameter(
            one["name"], one["type"], bool(one["required"]), "form" if one["form"] == "form" else "llm",
            one["description"], one["default"], tuple(one["options"]),
        )
        for one in tool.parameters
    ]
    return ToolSpec(
        "workflow", tool.id, tool.name, tool.label, tool.description, parameters, parameters_schema(parameters),
        tool.icon,
    )
