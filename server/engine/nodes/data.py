"""Reading the ``data`` of nodes, with clear words for what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.engine.node import NodeDataError
from server.engine.values import Selector


def selector(value: Any, name: str) -> Selector:
    """A list of two or more strings."""
    is_list = isinstance(value, (list, tuple)) and len(value) > 1
    if not is_list or not all(isinstance(part, (str, int)) for part in value):
        raise NodeDataError(f"{name} must be a list of two or more names, not {value!r}.")
    return tuple(str(part) for part in value)


def selector_or_none(value: Any, name: str) -> Selector | None:
    """The same, or nothing when nothing was chosen."""
    return selector(value, name) if value else None


def objects(value: Any, name: str) -> Sequence[Mapping[str, Any]]:
    """A list of objects; nothing is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise NodeDataError(f"{name} must be a list of objects.")
    return value


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    """An object; nothing is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise NodeDataError(f"{name} must be an object.")
    return value


def text(value: Any, name: str) -> str:
    """A text; nothing is an empty one."""
    if value is None:
        return ""
    if not isinstance(value, (str, int, float)):
        raise NodeDataError(f"{name} must be a text.")
    return str(value)


def required(data: Mapping[str, Any], name: str) -> str:
    """A text that must be there."""
    if not (value := text(data.get(name), name)):
        raise NodeDataError(f"{name} is missing.")
    return value


def whole(value: Any, name: str, default: int) -> int:
    """A whole number, also as a text."""
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise NodeDataError(f"{name} must be a whole number, not {value!r}.") from None
