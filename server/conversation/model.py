"""Rules of conversations that need neither SQL nor a wire: sorting, types of variables."""

from __future__ import annotations

import json
from typing import Any

SORTS = ("created_at", "-created_at", "updated_at", "-updated_at")
"""Orders of a conversation list; a minus is newest first."""

NAME_LIMIT = 255
"""Characters of a conversation's name."""

VARIABLE_LIMIT = 200 * 1024
"""Bytes of a variable's value as JSON (workflow-engine.md 4)."""

# Internal number types are shown, and named in messages, as `number` (service-api.md 5.4).
_SHOWN = {"integer": "number", "float": "number", "array[integer]": "array[number]", "array[float]": "array[number]"}


def shown_type(value_type: str) -> str:
    """The public name of a variable's type."""
    return _SHOWN.get(value_type, value_type)


def shown_value(value: Any) -> str:
    """A variable's value as text; what is not text becomes JSON text, nothing becomes ""."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def type_of(value: Any) -> str:
    """The public type name of a JSON value."""
    if isinstance(value, list):
        kinds = {type_of(item) for item in value}
        kind = kinds.pop() if len(kinds) == 1 else "any"
        return f"array[{kind}]" if kind in ("string", "number", "object", "boolean") else "array[any]"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "object"


def fits(value: Any, value_type: str) -> bool:
    """Whether a variable of that type takes the value (service-api.md 5.5)."""
    wanted = shown_type(value_type)
    if wanted.startswith("array["):
        kind = wanted.removeprefix("array[").removesuffix("]")
        return isinstance(value, list) and (kind == "any" or all(fits(item, kind) for item in value))
    return type_of(value) == {"secret": "string", "file": "object"}.get(wanted, wanted)


def mismatch(name: str, value_type: str, value: Any) -> str:
    """The message for a value of the wrong type."""
    return f"Type mismatch: variable '{name}' expects {shown_type(value_type)}, but got {type_of(value)} type"


def is_too_large(value: Any) -> bool:
    """Whether a value is larger than a variable may be: nodes could not write it any more."""
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) > VARIABLE_LIMIT
