"""The `workflow` section of an app file at rest and on its way out (app-dsl.md sections 2.3 and 7)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_SCHEDULE_DEFAULTS: Mapping[str, Any] = {
    "mode": "visual", "frequency": "daily", "timezone": "UTC",
    "visual_config": {"time": "9:00 AM", "on_minute": 0, "weekdays": ["sun"], "monthly_days": [1]},
}  # fmt: skip


def with_secrets(workflow: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """A copy with the value of every secret environment variable changed: sealed, opened or emptied."""
    changed = copy.deepcopy(dict(workflow))
    variables = changed.get("environment_variables")
    for variable in variables if isinstance(variables, list) else ():
        if isinstance(variable, dict) and variable.get("value_type") == "secret":
            value = variable.get("value")
            variable["value"] = change(value if isinstance(value, str) else "")
    return changed


def without_bindings(workflow: Mapping[str, Any], *, keep_credentials: bool) -> dict[str, Any]:
    """A copy without what belongs to this workspace: credentials, webhook addresses, subscriptions, schedules."""
    changed = copy.deepcopy(dict(workflow))
    for data in _nodes(changed):
        kind = data.get("type")
        if kind == "tool" and not keep_credentials:
            data.pop("credential_id", None)
        elif kind == "agent" and not keep_credentials:
            _strip_agent(data)
        elif kind == "trigger-schedule":
            data["config"] = copy.deepcopy(dict(_SCHEDULE_DEFAULTS))
        elif kind == "trigger-webhook":
            data |= {"webhook_url": "", "webhook_debug_url": ""}
        elif kind == "trigger-plugin":
            data["subscription_id"] = ""
    return changed


def _nodes(workflow: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    nodes = _map(workflow.get("graph")).get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        if isinstance(node, dict) and isinstance(node.get("data"), dict):
            yield node["data"]


def _strip_agent(data: dict[str, Any]) -> None:
    tools = _map(data.get("agent_parameters")).get("tools")
    tools = tools.get("value") if isinstance(tools, Mapping) else tools
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict):
            tool.pop("credential_id", None)


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
