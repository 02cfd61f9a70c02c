"""``agent_parameters`` of agent nodes (workflow-engine.md 8.17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.agent.tools import ToolUse
from server.engine.node import Context, NodeDataError, NodeError
from server.engine.nodes.data import mapping, selector
from server.engine.template import references
from server.engine.values import Selector

_KINDS = ("variable", "mixed", "constant")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: a variable, or a value with templates in its texts."""

    kind: str
    value: Any

    @property
    def references(self) -> list[Selector]:
        """What it refers to."""
        return [self.value] if self.kind == "variable" else _references(self.value)


def read_parameters(value: Any) -> dict[str, Parameter]:
    """Raises NodeDataError."""
    return {
        name: _parameter(name, item) for name, item in mapping(value, "agent_parameters").items() if item is not None
    }


def _parameter(name: str, item: Any) -> Parameter:
    if not isinstance(item, Mapping) or item.get("type") not in _KINDS:
        raise NodeDataError(f"agent_parameters: {name} must have a value and a type: {', '.join(_KINDS)}.")
    kind = str(item["type"])
    return Parameter(kind, selector(item.get("value"), name) if kind == "variable" else item.get("value"))


def filled(ctx: Context, parameter: Parameter) -> Any:
    """Its value now. Raises NodeError for a variable that is not there."""
    if parameter.kind == "variable":
        return _variable(ctx, parameter.value)
    return _filled(ctx, parameter.value)


def _variable(ctx: Context, one: Selector) -> Any:
    if not ctx.has(one):
        raise NodeError(f"Variable {list(one)} not found", "AgentVariableNotFoundError")
    return ctx.get(one)


def _filled(ctx: Context, value: Any) -> Any:
    if isinstance(value, str):
        return ctx.render(value)
    if _is_variable(value):
        return _variable(ctx, tuple(value["value"]))
    if isinstance(value, Mapping):
        return {key: _filled(ctx, item) for key, item in value.items()}
    return [_filled(ctx, item) for item in value] if isinstance(value, list) else value


def _is_variable(value: Any) -> bool:
    """Whether a value inside of another one is said to be a variable's, as in parameters of tools."""
    if not isinstance(value, Mapping) or value.get("type") != "variable":
        return False
    named = value.get("value")
    return isinstance(named, list) and len(named) > 1 and all(isinstance(part, str) for part in named)


def _references(value: Any) -> list[Selector]:
    if isinstance(value, str):
        return references(value)
    if _is_variable(value):
        return [tuple(value["value"])]
    items: Sequence[Any] = [*value.values()] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return [one for item in items for one in _references(item)]


def tool_uses(items: Sequence[Any]) -> list[ToolUse]:
    """The tools that are switched on. Values are filled in already."""
    return [_tool_use(item) for item in items if isinstance(item, Mapping) and item.get("enabled", True)]


def agent_tools(data: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(provider type, provider, tool) of what an agent node may call, as far as its data tell."""
    parameters = data.get("agent_parameters")
    listed = parameters.get("tools") if isinstance(parameters, Mapping) else None
    items = listed.get("value") if isinstance(listed, Mapping) else None
    uses = tool_uses(items) if isinstance(items, list) else []
    return [(use.provider_type, use.provider_id, use.tool_name) for use in uses]


def _tool_use(item: Mapping[str, Any]) -> ToolUse:
    extra = item.get("extra")
    about = extra.get("description") if isinstance(extra, Mapping) else ""
    return ToolUse(
        provider_type=str(item.get("type") or item.get("provider_type") or "builtin"),
        provider_id=str(item.get("provider_name") or item.get("provider_id") or ""),
        tool_name=str(item.get("tool_name") or ""),
        fixed=_fixed(item.get("parameters")), configurations=_settings(item.get("settings")),
        description=str(about or ""), credential_id=str(item.get("credential_id") or ""),
    )


def _fixed(parameters: Any) -> dict[str, Any]:
    """Parameters that the author filled in; those with ``auto`` 1 and those without a value are the model's."""
    found: dict[str, Any] = {}
    for name, item in (parameters if isinstance(parameters, Mapping) else {}).items():
        given = _plain(item)
        is_auto = isinstance(item, Mapping) and item.get("auto") in (1, True, "1")
        if not is_auto and given is not None:
            found[name] = given
    return found


def _settings(settings: Any) -> dict[str, Any]:
    items = settings if isinstance(settings, Mapping) else {}
    return {name: value for name, item in items.items() if (value := _plain(item)) is not None}


def _plain(item: Any) -> Any:
    """The value inside of ``{value: ...}`` and ``{type, value}``."""
    while isinstance(item, Mapping) and "value" in item:
        item = item["value"]
    return item
