"""Holds what ``main`` returned to the outputs that its node declares. The texts are Dify's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from server.engine.node import NodeDataError

_MOST_CHARACTERS = 400_000
_MOST_DEPTH = 5
_MOST_NUMBER, _LEAST_NUMBER = 9223372036854775807, -9223372036854775808
_MOST_DECIMALS = 20
_MOST_ELEMENTS = {"array[string]": 30, "array[object]": 30, "array[number]": 1000}
_TYPES = frozenset({
    "string", "number", "boolean", "object", "array[string]", "array[number]", "array[object]", "array[boolean]",
})  # fmt: skip
_SCIENTIFIC = re.compile(r"-?\d+\.?\d*e[+-]\d+", re.IGNORECASE | re.ASCII)
# Values that are checked on the event loop at once.
_LIGHT = 20_000


class OutputError(Exception):
    """What came out is not what is declared; ``kind`` is the node's error type."""

    def __init__(self, message: str, kind: str = "OutputValidationError") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Output:
    """A declared output; ``children`` are those of an object, None when anything may be in it."""

    type: str
    children: Mapping[str, Output] | None = None


def parse_outputs(data: Any, depth: int = 1) -> Mapping[str, Output]:
    """The node's ``outputs``. Raises NodeDataError."""
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise NodeDataError("outputs must be an object")
    if depth > _MOST_DEPTH:
        raise NodeDataError(f"outputs may be nested {_MOST_DEPTH} levels deep")
    found = {}
    for name, item in data.items():
        kind = item.get("type") if isinstance(item, Mapping) else None
        if kind not in _TYPES:
            allowed = ", ".join(sorted(_TYPES))
            raise NodeDataError(f"output {name} cannot be of the type {kind!r}; allowed are {allowed}")
        children = item.get("children")
        found[str(name)] = Output(kind, None if children is None else parse_outputs(children, depth + 1))
    return found


def heavy(value: Any) -> bool:
    """Whether a value has so many parts that looking at each takes more than a moment."""
    left, rest = _LIGHT, [value]
    while rest and left > 0:
        item = rest.pop()
        parts = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        left -= 1 + len(parts)
        if left > 0:
            rest += parts
    return left <= 0


def checked(result: Any, outputs: Mapping[str, Output]) -> dict[str, Any]:
    """The outputs of the node. Raises OutputError."""
    if not isinstance(result, dict):
        raise OutputError(f"Result must be a dict, got {type(result).__name__}")
    try:
        return _declared(_clean(result), outputs, "", 1)
    except RecursionError:
        raise _too_deep() from None


def _clean(value: Any) -> Any:
    """Numbers that were printed as text like 1.5e+10 are numbers again; no text holds NUL, which nothing can store."""
    if isinstance(value, str):
        return float(value) if _SCIENTIFIC.fullmatch(value) else value.replace("\x00", "")
    if isinstance(value, dict):
        return {_clean_key(key): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


def _clean_key(key: str) -> str:
    return key.replace("\x00", "")


def _declared(result: dict[str, Any], outputs: Mapping[str, Output], prefix: str, depth: int) -> dict[str, Any]:
    if depth > _MOST_DEPTH:
        raise _too_deep()
    found = {}
    for name, output in outputs.items():
        shown = f"{prefix}.{name}" if prefix else name
        if name not in result:
            raise OutputError(f"Output {shown} is missing.")
        value = result[name]
        if value is None or output.type == "boolean":
            found[name] = value
        elif output.type == "object":
            found[name] = _object(value, output, shown, f"{prefix}.{name}", depth)
        elif output.type in _SINGLE:
            found[name] = _SINGLE[output.type](value, shown)
        else:
            found[name] = _array(value, output, shown, depth)
    if len(found) != len(result):
        raise OutputError("Not all output parameters are validated.", "CodeNodeError")
    return found


def _object(value: Any, output: Output, shown: str, prefix: str, depth: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise OutputError(f"Output {shown} is not an object, got {type(value)} instead.")
    return _inside(value, output, prefix, depth)


def _inside(value: dict[str, Any], output: Output, prefix: str, depth: int) -> dict[str, Any]:
    if output.children is not None:
        return _declared(value, output.children, prefix, depth + 1)
    _free(value, prefix, depth + 1)
    return value


def _array(value: Any, output: Output, shown: str, depth: int) -> list[Any]:
    if not isinstance(value, list):
        raise OutputError(f"Output {shown} is not an array, got {type(value)} instead.")
    most = _MOST_ELEMENTS.get(output.type)
    if most is not None and len(value) > most:
        raise OutputError(f"The length of output variable `{shown}` must be less than {most} elements.")
    element = _ELEMENTS[output.type]
    return [element(item, output, shown, index, depth) for index, item in enumerate(value)]


def _number_element(item: Any, _: Output, shown: str, index: int, _depth: int) -> Any:
    if not isinstance(item, (int, float)):
        raise OutputError(f"The element at index {index} of output variable `{shown}` must be a number.")
    return _number(item, f"{shown}[{index}]")


def _string_element(item: Any, _: Output, shown: str, index: int, _depth: int) -> Any:
    return item if item is None else _string(item, f"{shown}[{index}]")


def _object_element(item: Any, output: Output, shown: str, index: int, depth: int) -> Any:
    if item is None:
        return None
    if not isinstance(item, dict):
        raise OutputError(f"Output {shown}[{index}] is not an object, got {type(item)} instead at index {index}.")
    return _inside(item, output, f"{shown}[{index}]", depth)


def _boolean_element(item: Any, _: Output, shown: str, index: int, _depth: int) -> Any:
    if item is not None and not isinstance(item, bool):
        raise OutputError(f"Output {shown}[{index}] is not a boolean, got {type(item)} instead.")
    return item


_ELEMENTS: Mapping[str, Callable[[Any, Output, str, int, int], Any]] = {
    "array[number]": _number_element, "array[string]": _string_element, "array[object]": _object_element,
    "array[boolean]": _boolean_element,
}  # fmt: skip


def _string(value: Any, shown: str) -> str:
    if not isinstance(value, str):
        raise OutputError(f"Output {shown} must be a string, got {type(value).__name__} instead")
    if len(value) > _MOST_CHARACTERS:
        raise OutputError(
            f"The length of output variable `{shown}` must be less than {_MOST_CHARACTERS} characters"
        )
    return value


def _number(value: Any, shown: str) -> int | float:
    if not isinstance(value, (int, float)):
        raise OutputError(f"Output {shown} is not a number, got {type(value)} instead.")
    if isinstance(value, bool):
        return int(value)
    if not _LEAST_NUMBER <= value <= _MOST_NUMBER:
        raise OutputError(
            f"Output variable `{shown}` is out of range, it must be between {_LEAST_NUMBER} and {_MOST_NUMBER}."
        )
    if isinstance(value, float):
        exponent = Decimal(str(value)).normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > _MOST_DECIMALS:
            raise OutputError(
                f"Output variable `{shown}` has too high precision, it must be less than {_MOST_DECIMALS} digits."
            )
    return value


_SINGLE: Mapping[str, Callable[[Any, str], Any]] = {"string": _string, "number": _number}


def _free(value: dict[str, Any], prefix: str, depth: int) -> None:
    """An object whose contents are not declared: its parts only keep the limits."""
    if depth > _MOST_DEPTH:
        raise _too_deep()
    for name, item in value.items():
        shown = f"{prefix}.{name}"
        if isinstance(item, list):
            _free_list(item, shown, depth)
        else:
            _free_item(item, shown, depth)


def _free_item(item: Any, shown: str, depth: int) -> None:
    if isinstance(item, dict):
        _free(item, shown, depth + 1)
    elif isinstance(item, str):
        _string(item, shown)
    elif isinstance(item, (int, float)):
        _number(item, shown)


def _free_list(items: list[Any], shown: str, depth: int) -> None:
    first = items[0] if items else None
    if first is None:
        return
    kind: tuple[type, ...] = (int, float) if isinstance(first, (int, float)) else (type(first),)
    if not all(item is None or isinstance(item, kind) for item in items):
        raise OutputError(f"Output {shown} is not a valid array. make sure all elements are of the same type.")
    if depth > _MOST_DEPTH:
        raise _too_deep()
    for index, item in enumerate(items):
        if isinstance(item, list):
            _free_list(item, f"{shown}[{index}]", depth + 1)
        else:
            _free_item(item, f"{shown}[{index}]", depth)


def _too_deep() -> OutputError:
    return OutputError(f"Depth limit {_MOST_DEPTH} reached, object too deep.", "DepthLimitError")
