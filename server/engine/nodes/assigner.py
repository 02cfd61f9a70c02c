"""``assigner``: writes conversation and loop variables (workflow-engine.md 8.11)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from server.engine import values
from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes import data as read
from server.engine.pool import CONVERSATION
from server.engine.values import Selector, exposed

Writes = list[tuple[Selector, Any]]

_ARITHMETIC = ("+=", "-=", "*=", "/=")
_REMOVALS = ("remove-first", "remove-last")
_OPERATIONS = ("over-write", "set", "clear", "append", "extend", *_ARITHMETIC, *_REMOVALS)
_MODES = ("over-write", "append", "clear")
# Operations whose value stands in the node, and those that take none.
_CONSTANT_ONLY = frozenset({"set", *_ARITHMETIC})
_WITHOUT_INPUT = frozenset({"clear", *_REMOVALS})
# Bytes of a conversation variable as JSON.
_LARGEST = 200 * 1024
_PLAIN = frozenset({"string", "number", "object", "boolean"})


class AssignError(NodeError):
    """An assignment that is not possible. What was written before it stays."""

    def __init__(self, message: str, kind: str = "VariableOperatorNodeError") -> None:
        super().__init__(message, kind)


@dataclass(frozen=True, slots=True)
class AssignerNodeV1:
    """One assignment of the first form."""

    target: Selector
    mode: str
    source: Selector | None

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads ``assigned_variable_selector``, ``write_mode``, ``input_variable_selector``."""
        mode = str(data.get("write_mode") or "")
        if mode not in _MODES:
            raise NodeDataError(f"write_mode '{mode}' is not one of {', '.join(_MODES)}.")
        target = read.selector(data.get("assigned_variable_selector"), "assigned_variable_selector")
        source = data.get("input_variable_selector")
        return cls(target, mode, None if mode == "clear" else read.selector(source, "input_variable_selector"))

    @property
    def targets(self) -> Sequence[Selector]:
        """What it writes."""
        return (self.target,)

    async def run(self, ctx: Context) -> Result:
        """Types are not checked when a value is written over."""
        if not ctx.has(self.target):
            raise AssignError("assigned variable not found")
        kind = ctx.type_of(self.target)
        if self.source is None:
            value = values.zero(kind)
        elif not ctx.has(self.source):
            raise AssignError("input value not found")
        else:
            value = self._new(ctx, ctx.get(self.source))
        _check_size(self.target, value)
        writes = [(self.target, value)]
        return Result(inputs={"value": value}, process_data=_shown(ctx, writes), writes=writes)

    def _new(self, ctx: Context, value: Any) -> Any:
        if self.mode == "over-write":
            return value
        current = ctx.get(self.target)
        if not isinstance(current, (list, tuple)):
            raise AssignError(f"Operation append is not supported for type {exposed(ctx.type_of(self.target))}")
        return [*current, value]

    def uses(self) -> Sequence[Selector]:
        """Target and source."""
        return [self.target, *([self.source] if self.source else [])]


@dataclass(frozen=True, slots=True)
class Item:
    """One assignment of the second form."""

    target: Selector
    operation: str
    input_type: str
    value: Any


@dataclass(frozen=True, slots=True)
class AssignerNodeV2:
    """Assignments in order."""

    items: tuple[Item, ...]
    targets: tuple[Selector, ...] = field(default=())

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads ``items``."""
        items = tuple(_item(item) for item in read.objects(data.get("items"), "items"))
        return cls(items, tuple(item.target for item in items))

    async def run(self, ctx: Context) -> Result:
        """Each sees what those before it wrote."""
        written: dict[Selector, Any] = {}
        writes: Writes = []
        try:
            for item in self.items:
                _assign(ctx, item, written, writes)
        except NodeError as error:
            error.writes = writes
            raise
        return Result(
            inputs={"items": [_as_written(item) for item in self.items]},
            process_data=_shown(ctx, list(written.items())), writes=writes,
        )  # fmt: skip

    def uses(self) -> Sequence[Selector]:
        """Targets and sources."""
        sources = [tuple(item.value) for item in self.items if _reads(item) and isinstance(item.value, list)]
        return [*self.targets, *sources]


def _item(data: Mapping[str, Any]) -> Item:
    operation, input_type = str(data.get("operation") or ""), str(data.get("input_type") or "variable")
    if operation not in _OPERATIONS:
        raise NodeDataError(f"Operation '{operation}' is not one of {', '.join(_OPERATIONS)}.")
    if input_type not in {"variable", "constant"}:
        raise NodeDataError(f"input_type '{input_type}' is neither variable nor constant.")
    return Item(read.selector(data.get("variable_selector"), "variable_selector"), operation, input_type,
                data.get("value"))  # fmt: skip


def _as_written(item: Item) -> Mapping[str, Any]:
    return {
        "variable_selector": list(item.target), "input_type": item.input_type, "operation": item.operation,
        "value": item.value,
    }  # fmt: skip


def _reads(item: Item) -> bool:
    return item.input_type == "variable" and item.operation not in _WITHOUT_INPUT


def _assign(ctx: Context, item: Item, written: dict[Selector, Any], writes: Writes) -> None:
    if item.target not in written and not ctx.has(item.target):
        raise AssignError(f"Variable {list(item.target)} not found")
    kind = exposed(ctx.type_of(item.target))
    _check_operation(item, kind)
    value = item.value
    if _reads(item):
        source = tuple(str(part) for part in value) if isinstance(value, (list, tuple)) else ()
        if not source or not (source in written or ctx.has(source)):
            raise AssignError(f"Variable {value} not found")
        value = written.get(source, ctx.get(source))
        if value is None:
            return
    current = written.get(item.target, ctx.get(item.target))
    new = _value(item, kind, current, value)
    _check_size(item.target, new)
    written[item.target] = new
    writes.append((item.target, new))


def _check_size(target: Selector, value: Any) -> None:
    """What is kept with a conversation must not grow without end."""
    if target[0] == CONVERSATION and isinstance(value, (str, list, tuple, Mapping)):
        size = len(values.dump(value).encode())
        if size > _LARGEST:
            raise AssignError(f"Variable '{target[1]}' has {size} bytes, more than {_LARGEST}")


def _check_operation(item: Item, kind: str) -> None:
    operation, is_array = item.operation, kind.startswith("array")
    supported = operation in {"over-write", "clear"}
    if operation in {"append", "extend", *_REMOVALS}:
        supported = is_array
    elif operation == "set":
        supported = kind in _PLAIN
    elif operation in _ARITHMETIC:
        supported = kind == "number"
    if not supported:
        raise AssignError(f"Operation {operation} is not supported for type {kind}")
    if item.input_type == "variable":
        fits = operation not in _CONSTANT_ONLY
    else:
        fits = operation in _CONSTANT_ONLY or (operation == "over-write" and kind in _PLAIN)
    if not fits:
        raise AssignError(f"Input type {item.input_type} is not supported for operation {operation}")


def _value(item: Item, kind: str, current: Any, value: Any) -> Any:
    """What the target holds afterwards."""
    operation = item.operation
    if operation == "clear":
        return values.zero(kind)
    if operation in _REMOVALS:
        items = list(current or [])
        return items[1:] if operation == "remove-first" else items[:-1]
    if operation == "set" and kind == "object" and isinstance(value, str):
        value = _object(value)
    expected = kind[6:-1] if operation == "append" else kind
    if not _fits(value, expected):
        raise AssignError(f"Invalid input value {value}")
    if operation in _ARITHMETIC:
        return _computed(operation, current or 0, value)
    if operation == "append":
        return [*(current or []), value]
    return [*(current or []), *value] if operation == "extend" else value


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise AssignError(f"Invalid input value {text}") from None


_COMPUTE: Mapping[str, Callable[[Any, Any], Any]] = {
    "+=": lambda a, b: a + b, "-=": lambda a, b: a - b, "*=": lambda a, b: a * b, "/=": lambda a, b: a / b,
}  # fmt: skip


def _computed(operation: str, current: Any, value: Any) -> Any:
    try:
        return _COMPUTE[operation](current, value)
    except (ZeroDivisionError, OverflowError, TypeError):
        raise AssignError(f"Invalid input value {value}") from None


def _fits(value: Any, kind: str) -> bool:
    """Whether a value may be put into a variable of a type."""
    if kind in {"any", "none"}:
        return True
    if kind == "secret":
        kind = "string"
    actual = exposed(values.type_of(value))
    if not kind.startswith("array"):
        return actual == kind
    if not actual.startswith("array"):
        return False
    return kind in {"array[any]", actual} or not value


def _shown(ctx: Context, writes: Sequence[tuple[Selector, Any]]) -> Mapping[str, Any]:
    updated = [
        {
            "name": selector[1], "selector": list(selector), "value_type": exposed(ctx.type_of(selector)),
            "new_value": value,
        }
        for selector, value in writes
    ]  # fmt: skip
    return {**{selector[1]: value for selector, value in writes}, "updated_variables": updated}
