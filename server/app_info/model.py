"""What the database knows of an app that its key does not carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A custom API tool without an icon of its own (service-api.md 10.3).
_PLAIN_ICON = {"background": "#252525", "content": "😁"}


@dataclass(frozen=True, slots=True)
class About:
    """Author and tags of an app."""

    author_name: str | None
    tags: tuple[str, ...]


def graph_icons(graph: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Icons of the tools of a workflow."""
    nodes = graph.get("nodes")
    tools = [node.get("data") for node in (nodes if isinstance(nodes, list) else ()) if isinstance(node, Mapping)]
    return tool_icons({"agent_mode": {"tools": [tool for tool in tools if isinstance(tool, Mapping)]}})


def tool_icons(document: Mapping[str, Any] | None) -> dict[str, dict[str, str]]:
    """Icons of an app's tools, by tool name. Tools that this server does not have have none."""
    agent_mode = (document or {}).get("agent_mode")
    tools = agent_mode.get("tools") if isinstance(agent_mode, Mapping) else None
    return {
        tool["tool_name"]: _PLAIN_ICON
        for tool in (tools if isinstance(tools, list) else ())
        if isinstance(tool, Mapping) and tool.get("provider_type") == "api" and isinstance(tool.get("tool_name"), str)
    }
