"""Conditions of ``if-else`` and ``loop``, as measured (workflow-engine.md 8.7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.engine import template
from server.engine.node import Context, NodeDataError, NodeError
from server.engine.nodes import data as read
from server.engine.values import FILE_ATTRIBUTES, File, Selector, type_of


class ConditionError(NodeError):
    """A condition cannot be decided."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "ValueError")


def _fault(kind: str) -> ConditionError:
    return ConditionError(f"Invalid actual value type: {kind}")


def _contains(value: Any, expected: Any) -> bool:
    if not value:
        return False
    if isinstance(value, str):
        return str(expected) in value
    if not isinstance(value, (list, tuple)):
        raise _fault("string or array")
    if type_of(value) == "array[boolean]":
        expected = _boolean(expected)
    # 1 == True: a member must be of the same kind.
    return any(item == expected and isinstance(item, bool) == isinstance(expected, bool) for item in value)


def _starts(value: Any, expected: Any) -> bool:
    return bool(value) and _text(value).startswith(str(expected))


def _ends(value: Any, expected: Any) -> bool:
    return bool(value) and _text(value).endswith(str(expected))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _fault("string")
    return value


def _is(value: Any, expected: Any) -> bool:
    if isinstance(value, bool):
        return value is _boolean(expected)
    if not isinstance(value, str):
        raise _fault("string or boolean")
    return value == expected


def _equal(value: Any, expected: Any) -> bool:
    if isinstance(value, bool):
        return value is _boolean(expected)
    if not isinstance(value, (int, float)):
        raise _fault("number or boolean")
    try:
        return bool(value == (int(expected) if isinstance(value, int) else float(expected)))
    except (TypeError, ValueError) as error:
        raise ConditionError(str(error)) from None


def _compared(value: Any, expected: Any, compare: Callable[[float, float], bool]) -> bool:
    if value is None:
        return False
    if not isinstance(value, (int, float)):
        raise _fault("number")
    try:
        return compare(value, expected if isinstance(expected, (int, float)) else _number(str(expected)))
    except ValueError:
        raise ConditionError(f"Cannot convert '{expected}' to number") from None


def _number(text: str) -> float:
    """An exact whole number where it is one: large ones do not fit into a float."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _boolean(expected: Any) -> bool:
    if isinstance(expected, str):
        try:
            expected = json.loads(expected)
        except ValueError as error:
            raise ConditionError(f"Invalid expected value {expected!r}: {error}") from None
    return bool(expected)


def _among(value: Any, expected: Any) -> bool:
    return bool(value) and value in _array(expected)


def _not_among(value: Any, expected: Any) -> bool:
    return not value or value not in _array(expected)


def _array(expected: Any) -> Sequence[Any]:
    if not isinstance(expected, (list, tuple)):
        raise ConditionError("Invalid expected value type: array")
    return expected


def _all_of(value: Any, expected: Any) -> bool:
    if not value:
        return False
    wanted = _array(expected)
    if not isinstance(value, (list, tuple)):
        raise _fault("array")
    return all(item in value for item in wanted)


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "contains": _contains,
    "not contains": lambda value, expected: not value or not _contains(value, expected),
    "start with": _starts,
    "end with": _ends,
    "is": lambda value, expected: value is not None and _is(value, expected),
    "is not": lambda value, expected: value is not None and not _is(value, expected),
    "empty": lambda value, _: not value,
    "not empty": lambda value, _: bool(value),
    "=": lambda value, expected: value is not None and _equal(value, expected),
    "≠": lambda value, expected: value is not None and not _equal(value, expected),
    ">": lambda value, expected: _compared(value, expected, lambda a, b: a > b),
    "<": lambda value, expected: _compared(value, expected, lambda a, b: a < b),
    "≥": lambda value, expected: _compared(value, expected, lambda a, b: a >= b),
    "≤": lambda value, expected: _compared(value, expected, lambda a, b: a <= b),
    "in": _among,
    "not in": _not_among,
    "all of": _all_of,
    "exists": lambda value, _: value is not None,
    "not exists": lambda value, _: value is None,
    "null": lambda value, _: value is None,
    "not null": lambda value, _: value is not None,
}  # fmt: skip
_SPELLINGS = {">=": "≥", "<=": "≤", "!=": "≠", "==": "="}


@dataclass(frozen=True, slots=True)
class FileConditions:
    """Conditions over the attributes of one file: key, operator, value."""

    logical: str
    conditions: tuple[tuple[str, str, Any], ...]

    def hold(self, ctx: Context, file: File) -> bool:
        """Whether the file meets all of them, or one."""
        results = (
            OPERATORS[operator](getattr(file, key), _expected(ctx, value)) for key, operator, value in self.conditions
        )
        return any(results) if self.logical == "or" else all(results)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a variable with a value."""

    selector: Selector
    operator: str
    value: Any
    files: FileConditions | None
    # As written in the app file, for the record.
    shown: Mapping[str, Any]

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Condition:
        """Raises NodeDataError."""
        selector = read.selector(data.get("variable_selector"), "variable_selector")
        sub = data.get("sub_variable_condition")
        shown = {
            "variable_selector": list(selector), "comparison_operator": data.get("comparison_operator"),
            "value": data.get("value"), "sub_variable_condition": sub,
        }  # fmt: skip
        return cls(selector, operator(data), data.get("value"), _file_conditions(sub), shown)

    def decide(self, ctx: Context, inputs: list[Mapping[str, Any]]) -> bool:
        """Whether it holds. Raises ConditionError, also for a variable that was never written."""
        if not ctx.has(self.selector):
            raise ConditionError(f"Variable {list(self.selector)} not found")
        value = ctx.get(self.selector)
        expected = _expected(ctx, self.value)
        inputs.append({
            "actual_value": value, "expected_value": expected, "comparison_operator": self.operator,
        })  # fmt: skip
        if self.operator in {"contains", "not contains", "all of"} and type_of(value) == "array[file]":
            return self._decide_files(ctx, value)
        return OPERATORS[self.operator](value, expected)

    def _decide_files(self, ctx: Context, files: Sequence[File]) -> bool:
        if self.files is None:
            raise ConditionError("Sub variable is required for comparing files")
        results = [self.files.hold(ctx, file) for file in files]
        if self.operator == "all of":
            return all(results)
        return any(results) is (self.operator == "contains")


def operator(data: Mapping[str, Any]) -> str:
    """The operator of a condition. Raises NodeDataError for an unknown one."""
    name = str(data.get("comparison_operator") or "")
    name = _SPELLINGS.get(name, name)
    if name not in OPERATORS:
        raise NodeDataError(f"Comparison operator '{name}' is not supported.")
    return name


def _file_conditions(data: Any) -> FileConditions | None:
    if not data:
        return None
    conditions = []
    for item in read.objects(read.mapping(data, "sub_variable_condition").get("conditions"), "conditions"):
        key = str(item.get("key"))
        if key not in FILE_ATTRIBUTES:
            raise NodeDataError(f"Files have no '{key}'.")
        conditions.append((key, operator(item), item.get("value")))
    return FileConditions(str(data.get("logical_operator") or "and"), tuple(conditions))


def _expected(ctx: Context, value: Any) -> Any:
    if isinstance(value, str):
        return ctx.render(value)
    return [_expected(ctx, item) for item in value] if isinstance(value, list) else value


def uses(conditions: Sequence[Condition]) -> list[Selector]:
    """What conditions read."""
    found: list[Selector] = []
    for condition in conditions:
        found.append(condition.selector)
        if isinstance(condition.value, str):
            found += template.references(condition.value)
    return found


def decide(
    ctx: Context, conditions: Sequence[Condition], logical: str, inputs: list[Mapping[str, Any]]
) -> tuple[bool, list[bool]]:
    """Whether all of them hold, or one; with the results that it took to know."""
    results: list[bool] = []
    for condition in conditions:
        results.append(condition.decide(ctx, inputs))
        if results[-1] is (logical == "or"):
            break
    return (any(results) if logical == "or" else all(results)), results
