"""Values of tool parameters in the types that tools declare (workflow-engine.md 8.16)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from server.engine.ports import ToolParameter
from server.engine.values import File

_TRUE = frozenset({"true", "yes", "y", "1"})
_FALSE = frozenset({"false", "no", "n", "0", ""})


def cast(parameter: ToolParameter, value: Any) -> Any:
    """A value in the declared type. Raises ValueError with a text for people."""
    if value is None:
        return None
    if parameter.type == "select":
        return _selected(parameter, value)
    caster: Callable[[Any], Any] = _CASTERS.get(parameter.type, _text)
    try:
        return caster(value)
    except (ValueError, TypeError):
        raise ValueError(f"The tool parameter value {value!r} is not in correct type of {parameter.type}.") from None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (Mapping, list)) else str(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        lower = value.strip().lower()
        return lower in _TRUE or lower not in _FALSE
    return bool(value)


def _number(value: Any) -> int | float | None:
    if isinstance(value, (int, float)):
        return value
    text = str(value).strip()
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        return float(text)


def _object(value: Any) -> Any:
    if isinstance(value, Mapping) or (isinstance(value, str) and not value.strip()):
        return value or {}
    found = json.loads(value)
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004 - told as all other bad values are
    return found


def _array(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, str):
        if not value.strip():
            return []
        try:
            found = json.loads(value)
        except ValueError:
            return [value]
        return found if isinstance(found, list) else [found]
    return [value]


def _file(value: Any) -> File:
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    if not isinstance(value, File):
        raise TypeError("no file")
    return value


def _files(value: Any) -> list[File]:
    return [_file(one) for one in (value if isinstance(value, (list, tuple)) else [value])]


def _selected(parameter: ToolParameter, value: Any) -> str:
    text = _text(value)
    if text not in parameter.options:
        raise ValueError(f"tool parameter {parameter.name} value {text} not in options {list(parameter.options)}")
    return text


_CASTERS: Mapping[str, Callable[[Any], Any]] = {
    "boolean": _boolean, "number": _number, "integer": _number, "object": _object, "array": _array,
    "file": _file, "files": _files, "system-files": _files,
}  # fmt: skip
