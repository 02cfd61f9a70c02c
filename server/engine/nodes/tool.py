"""The node ``tool`` (workflow-engine.md 8.16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from server.engine.node import Context, NodeDataError, NodeError, Result, RunInfo
from server.engine.nodes import tool_values
from server.engine.ports import ToolCall, ToolFaultError, ToolMessage, ToolParameter, Tools, ToolSpec
from server.engine.template import references
from server.engine.values import File, Selector

PROVIDER_TYPES = frozenset({"builtin", "api", "workflow", "mcp", "plugin", "dataset-retrieval", "app"})
_KINDS = frozenset({"mixed", "variable", "constant"})
# Names of outputs that a tool's variables cannot take.
_OWN = frozenset({"text", "files", "json"})


@dataclass(frozen=True, slots=True)
class _Input:
    """What the author wrote for a parameter; ``kind`` is mixed, variable, constant, or plain: as it is."""

    kind: str
    value: Any


@dataclass(slots=True)
class _Answer:
    """What a tool said."""

    text: list[str] = field(default_factory=list)
    json: list[Any] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)


class ToolNode:
    """Calls one tool."""

    def __init__(
        self, data: Mapping[str, Any], parameters: Mapping[str, _Input], configurations: Mapping[str, _Input]
    ) -> None:
        self._type = data["provider_type"]
        self._provider = data["provider_id"]
        self._name = str(data.get("provider_name") or "")
        self._tool = data["tool_name"]
        self._credential = data.get("credential_id") or ""
        self._info = {
            "provider_type": self._type, "provider_id": self._provider,
            "plugin_unique_identifier": data.get("plugin_unique_identifier"),
        }
        self._parameters = parameters
        self._configurations = configurations

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract of nodes
        """Raises NodeDataError."""
        for name in ("provider_id", "provider_type", "tool_name"):
            if not isinstance(data.get(name), str) or not data[name]:
                raise NodeDataError(f"{name} is required")
        if data["provider_type"] not in PROVIDER_TYPES:
            raise NodeDataError(f"provider_type {data['provider_type']} is not known")
        parameters = _mapping(data.get("tool_parameters"), "tool_parameters")
        configurations = _mapping(data.get("tool_configurations"), "tool_configurations")
        return cls(
            data,
            {name: one for name, value in parameters.items() if (one := _input(name, value, typed=True)) is not None},
            {name: one for name, value in configurations.items() if (one := _input(name, value)) is not None},
        )

    def uses(self) -> Sequence[Selector]:
        """What its parameters and settings refer to."""
        found: list[Selector] = []
        for one in (*self._parameters.values(), *self._configurations.values()):
            if one.kind == "variable":
                found.append(one.value)
            elif one.kind != "plain" and isinstance(one.value, str):
                found += references(one.value)
        return found

    async def run(self, ctx: Context) -> Result:
        """Raises NodeError."""
        try:
            spec = await named(ctx.ports.tools, ctx.run, self._type, self._provider, self._tool, self._name)
        except ToolFaultError as fault:
            raise NodeError(f"Failed to get tool runtime: {fault}", "ToolRuntimeError") from fault
        given = self._values(ctx, spec, self._parameters, undeclared=True)
        settings = self._values(ctx, spec, self._configurations, undeclared=False)
        call = ToolCall(self._type, spec.provider_id, self._tool, given, settings, self._credential)
        answer = _Answer()
        metadata = {"tool_info": self._info}
        try:
            async for message in ctx.ports.tools.invoke(ctx.run, call):
                await _take(ctx, answer, message)
        except ToolFaultError as fault:
            raise NodeError(f"Failed to invoke tool: {fault}", "ToolInvokeError", inputs=given) from fault
        outputs = {
            **{name: value for name, value in answer.variables.items() if name not in _OWN},
            "text": "".join(answer.text), "files": answer.files, "json": answer.json or [{"data": []}],
        }
        return Result(outputs=outputs, inputs=given, metadata=metadata, files=answer.files)

    def _values(
        self, ctx: Context, spec: ToolSpec, inputs: Mapping[str, _Input], *, undeclared: bool
    ) -> dict[str, Any]:
        """What the author wrote, filled in and in the declared types; names that the tool lacks get None."""
        declared = {parameter.name: parameter for parameter in spec.parameters}
        values: dict[str, Any] = {}
        for name, one in inputs.items():
            parameter = declared.get(name)
            if parameter is None:
                if undeclared:
                    values[name] = None
            elif one.kind != "variable" or ctx.has(one.value):
                values[name] = _cast(parameter, _filled(ctx, one))
            elif parameter.required:
                raise NodeError(f"Variable {list(one.value)} does not exist", "ToolParameterError")
        return values


async def named(
    tools: Tools, run: RunInfo, provider_type: str, provider_id: str, tool_name: str, provider_name: str = ""
) -> ToolSpec:
    """The tool that a node names. An API of an app file from another workspace has another id here, so that its name
    counts too. Raises ToolFaultError.
    """
    try:
        return await tools.spec(run, provider_type, provider_id, tool_name)
    except ToolFaultError:
        if provider_type != "api" or provider_name in ("", provider_id):
            raise
    return await tools.spec(run, provider_type, provider_name, tool_name)


def _cast(parameter: ToolParameter, value: Any) -> Any:
    try:
        return tool_values.cast(parameter, value)
    except ValueError as error:
        raise NodeError(f"Failed to invoke tool: {error}", "ToolInvokeError") from None


def _filled(ctx: Context, one: _Input) -> Any:
    if one.kind == "variable":
        return ctx.get(one.value)
    return ctx.render(one.value) if one.kind != "plain" and isinstance(one.value, str) else one.value


async def _take(ctx: Context, answer: _Answer, message: ToolMessage) -> None:
    """Add one message to what the tool said; texts are told at once."""
    if message.kind in ("text", "link"):
        piece = message.text if message.kind == "text" else f"Link: {message.text}\n"
        answer.text.append(piece)
        ctx.stream("text", piece)
    elif message.kind == "json":
        answer.json.append(message.value)
    elif message.kind == "variable":
        answer.variables[message.name] = message.value
    elif message.kind == "log" and isinstance(message.value, Mapping):
        ctx.log(message.value)
    elif message.kind in ("image", "file", "blob"):
        answer.files.append(await kept_file(ctx, message))


async def kept_file(ctx: Context, message: ToolMessage) -> File:
    """The file of an image, file or blob message, stored when the message brings its bytes."""
    if message.file is not None:
        return message.file
    if isinstance(message.value, bytes):
        return await ctx.ports.files.save(ctx.run, message.value, message.name or "file", message.text)
    kind = "image" if message.kind == "image" else "custom"
    return File(kind, "remote_url", name=message.text.rpartition("/")[2], remote_url=message.text, url=message.text)


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if value is None or value == []:
        return {}
    if not isinstance(value, Mapping):
        raise NodeDataError(f"{name} must be an object")
    return value


def _input(name: str, value: Any, *, typed: bool = False) -> _Input | None:
    """One input; None when it says nothing. Old settings are plain values, newer ones say their kind."""
    if not (isinstance(value, Mapping) and value.get("type") in _KINDS and "value" in value):
        if typed and value is not None:
            raise NodeDataError(f"parameter {name} must have a type (mixed, variable or constant) and a value")
        return None if value is None else _Input("plain", value)
    kind, given = value["type"], value["value"]
    if given is None:
        return None
    if kind != "variable":
        return _Input(kind, given)
    if not isinstance(given, (list, tuple)) or len(given) < 2 or not all(isinstance(part, str) for part in given):
        raise NodeDataError(f"parameter {name} of type variable must name a variable")
    return _Input(kind, tuple(given))
