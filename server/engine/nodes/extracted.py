"""Parameters that a model is to find: what they are, and what becomes of what it found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import NodeDataError
from server.engine.nodes.data import required, text
from server.engine.values import type_of, zero
from server.kit.loose_json import repaired
from server.llm import thinking

_RESERVED = frozenset({"__reason", "__is_success"})
_ALIASES = {"bool": "boolean", "select": "string"}
_ELEMENTS = ("string", "number", "object", "boolean")
_TYPES = frozenset({"string", "number", "boolean", *(f"array[{one}]" for one in _ELEMENTS)})
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. ``kind`` is its type as variables have it."""

    name: str
    kind: str
    description: str
    required: bool
    options: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Raises NodeDataError."""
        name = required(data, "name")
        given = str(data.get("type") or "string")
        kind = _ALIASES.get(given, given)
        if name in _RESERVED:
            raise NodeDataError(f"parameters: the name {name} is reserved.")
        if kind not in _TYPES:
            raise NodeDataError(f"parameters: the type of {name} is not known: {given!r}.")
        options = data.get("options") if given in ("select", "string") else None
        if options is not None and not isinstance(options, list):
            raise NodeDataError(f"parameters: options of {name} must be a list.")
        about = text(data.get("description"), "description")
        return cls(name, kind, about, bool(data.get("required")), tuple(map(str, options or ())))

    @property
    def element(self) -> str:
        """The type of the elements of a list, else nothing."""
        return self.kind[6:-1] if self.kind.startswith("array[") else ""


def schema(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """What a model is to fill in. It is asked for all of them, so that it says also what it did not find."""
    properties: dict[str, Any] = {}
    for one in parameters:
        kind: dict[str, Any] = {"type": one.kind}
        if one.element:
            kind = {"type": "array", "items": {"type": one.element}}
        if one.options:
            kind["enum"] = [*one.options]
        properties[one.name] = {**kind, "description": one.description}
    return {"type": "object", "properties": properties, "required": [*properties]}


def read(answer: str) -> dict[str, Any]:
    """The first object in an answer, repaired if need be; empty without one."""
    written = thinking.without(answer)
    decoder = json.JSONDecoder()
    at = written.find("{")
    while at >= 0:
        try:
            found = decoder.raw_decode(written, at)[0]
        except (ValueError, RecursionError):
            break
        if found:
            return dict(found)
        at = written.find("{", at + 2)
    found = repaired(written)
    if isinstance(found, list):
        found = next((item for item in found if isinstance(item, dict)), None)
    return found if isinstance(found, dict) else {}


def fault(parameters: Sequence[Parameter], found: Mapping[str, Any]) -> str | None:
    """What is wrong with what a model found."""
    if len(parameters) != len(found):
        return "Invalid number of parameters"
    for one in parameters:
        value = found.get(one.name, _MISSING)
        if value is _MISSING:
            if one.required:
                return f"Parameter {one.name} is required"
            continue
        if one.options and value not in one.options:
            return f"Invalid `select` value for parameter {one.name}"
        if _fit(one.kind, value) is _MISSING or (one.element and len(_elements(one, value)) != len(value)):
            return f"Invalid value for parameter {one.name}, expected type: {one.kind}, actual type: {type_of(value)}"
    return None


def fitted(parameters: Sequence[Parameter], found: Mapping[str, Any]) -> dict[str, Any]:
    """A value of the right type for every parameter: what was found, else nothing of that type."""
    values: dict[str, Any] = {}
    for one in parameters:
        value = found.get(one.name)
        if one.element:
            values[one.name] = _elements(one, value) if isinstance(value, list) else []
        else:
            fit = _fit(one.kind, value)
            values[one.name] = zero(one.kind) if fit is _MISSING else fit
    return values


def _elements(parameter: Parameter, items: Sequence[Any]) -> list[Any]:
    fit = (_fit(parameter.element, item) for item in items)
    return [item for item in fit if item is not _MISSING]


def _fit(kind: str, value: Any) -> Any:  # noqa: PLR0911 - one return a type
    """The value as one of a type, ``_MISSING`` when it is none. Number text is converted; booleans become 1 and 0."""
    if kind == "number":
        if isinstance(value, bool):
            return int(value)
        return _number(value) if isinstance(value, str) else value if isinstance(value, (int, float)) else _MISSING
    if kind == "boolean":
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        return bool(value) if isinstance(value, (bool, int)) else _MISSING
    if kind == "object":
        return value if isinstance(value, dict) else _MISSING
    if kind == "string":
        return value if isinstance(value, str) else _MISSING
    return value if isinstance(value, list) else _MISSING


def _number(value: str) -> Any:
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return _MISSING
