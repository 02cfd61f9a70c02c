"""Inputs of a published workflow as parameters of a tool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_TYPES = {
    "text-input": "string", "paragraph": "string", "select": "select", "number": "number", "checkbox": "boolean",
    "file": "file", "file-list": "files", "json": "object", "json_object": "object", "external_data_tool": "string",
}


def start_inputs(graph: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The variables of the start node, with what the author of the tool says of them."""
    said = {str(one["name"]): one for one in wanted}
    return [_parameter(variable, said.get(str(variable["variable"]), {})) for variable in _variables(graph)]


def _variables(graph: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for node in graph.get("nodes") or ():
        data = node.get("data") if isinstance(node, Mapping) else None
        if isinstance(data, Mapping) and data.get("type") == "start":
            for variable in data.get("variables") or ():
                if isinstance(variable, Mapping) and variable.get("variable"):
                    yield variable


def _parameter(variable: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(variable["variable"]), "type": _TYPES.get(str(variable.get("type")), "string"),
        "label": str(variable.get("label") or variable["variable"]), "description": str(said.get("description") or ""),
        "required": bool(variable.get("required")), "form": str(said.get("form") or "llm"),
        "default": variable.get("default") or None,
        "options": [str(one) for one in variable.get("options") or ()],
    }
