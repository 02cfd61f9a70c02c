"""``list-operator``: filter, extract, order, limit (workflow-engine.md 8.19)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine import template
from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes import data as read
from server.engine.values import FILE_ATTRIBUTES, Selector, exposed, type_of

Test = Callable[[Any, Any], bool]

_SUPPORTED = frozenset({"array[string]", "array[number]", "array[file]", "array[boolean]"})
_CHOICES: Mapping[str, Test] = {
    "in": lambda item, given: item in given,
    "not in": lambda item, given: item not in given,
}
_TEXTS: Mapping[str, Test] = {
    **_CHOICES,
    "contains": lambda item, given: given in item,
    "not contains": lambda item, given: given not in item,
    "start with": lambda item, given: item.startswith(given),
    "end with": lambda item, given: item.endswith(given),
    "is": lambda item, given: item == given,
    "is not": lambda item, given: item != given,
    "empty": lambda item, _: not item,
    "not empty": lambda item, _: bool(item),
}
_NUMBERS: Mapping[str, Test] = {
    "=": lambda item, given: item == given, "≠": lambda item, given: item != given,
    "<": lambda item, given: item < given, ">": lambda item, given: item > given,
    "≤": lambda item, given: item <= given, "≥": lambda item, given: item >= given,
}  # fmt: skip
_BOOLEANS: Mapping[str, Test] = {
    "is": lambda item, given: item is given,
    "is not": lambda item, given: item is not given,
}
_BY_KIND = {"string": _TEXTS, "number": _NUMBERS, "boolean": _BOOLEANS}
_BY_KEY: Mapping[str, Mapping[str, Test]] = {
    **dict.fromkeys(("name", "extension", "mime_type", "url", "related_id"), _TEXTS),
    **dict.fromkeys(("type", "transfer_method"), _CHOICES),
    "size": _NUMBERS,
}


class ListError(NodeError):
    """A step cannot be done."""

    def __init__(self, message: str, kind: str = "ListOperatorError") -> None:
        super().__init__(message, kind)


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on items, on an attribute of files."""

    key: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class ListOperatorNode:
    """Steps that are switched off are None, or no filters."""

    variable: Selector
    filters: tuple[Filter, ...]
    serial: str | None
    # Attribute of files to order by, and whether the largest comes first.
    order: tuple[str, bool] | None
    limit: int | None

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads its four steps."""
        steps = {name: _step(data, name) for name in ("filter_by", "extract_by", "order_by", "limit")}
        filters, order, limit = steps["filter_by"], steps["order_by"], steps["limit"]
        return cls(
            read.selector(data.get("variable"), "variable"),
            tuple(_filter(item) for item in read.objects(filters.get("conditions"), "conditions")),
            read.text(steps["extract_by"].get("serial") or "1", "serial") if steps["extract_by"] else None,
            (_key(order.get("key")), order.get("value") == "desc") if order else None,
            read.whole(limit.get("size"), "size", -1) if limit else None,
        )  # fmt: skip

    async def run(self, ctx: Context) -> Result:
        """An empty list stays empty whatever the steps are."""
        if not ctx.has(self.variable):
            raise ListError(f"Variable not found for selector: {list(self.variable)}")
        items = ctx.get(self.variable)
        inputs = {"variable": items}
        if items is None or items == []:
            return _result([], inputs)
        kind = exposed(type_of(items))
        if kind not in _SUPPORTED:
            message = f"Variable {list(self.variable)} is not an array type, actual type: {kind}"
            raise NodeError(message, "InvalidArrayTypeError", inputs=inputs)
        try:
            return _result(self._steps(ctx, list(items), kind[6:-1]), inputs)
        except ListError as error:
            error.inputs = inputs
            raise

    def _steps(self, ctx: Context, items: list[Any], kind: str) -> list[Any]:
        for step in self.filters:
            items = _filtered(ctx, items, kind, step)
        if self.serial is not None:
            items = _extracted(items, ctx.render(self.serial).strip())
        if self.order is not None:
            key, is_reverse = self.order
            items = sorted(items, key=(lambda item: getattr(item, key)) if kind == "file" else None, reverse=is_reverse)
        return items if self.limit is None or self.limit < 0 else items[: self.limit]

    def uses(self) -> Sequence[Selector]:
        """The list, and what filters and the serial read."""
        texts = [step.value for step in self.filters if isinstance(step.value, str)] + [self.serial or ""]
        return [self.variable, *(selector for text in texts for selector in template.references(text))]


def _step(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    step = read.mapping(data.get(name), name)
    return step if step.get("enabled") else {}


def _key(value: Any) -> str:
    key = str(value or "name")
    if key not in FILE_ATTRIBUTES:
        raise NodeDataError(f"Files have no '{key}'.")
    return key


def _filter(data: Mapping[str, Any]) -> Filter:
    operator = str(data.get("comparison_operator") or "")
    if not any(operator in tests for tests in _BY_KIND.values()):
        raise NodeDataError(f"Comparison operator '{operator}' is not supported.")
    return Filter(_key(data.get("key")), operator, data.get("value"))


def _filtered(ctx: Context, items: list[Any], kind: str, step: Filter) -> list[Any]:
    tests = _BY_KEY[step.key] if kind == "file" else _BY_KIND[kind]
    test = tests.get(step.operator)
    if test is None:
        raise ListError(f"Invalid filter condition: {step.operator}", "InvalidConditionError")
    given = _given(ctx, step, tests)
    if kind != "file":
        return [item for item in items if test(item, given)]
    return [item for item in items if test(getattr(item, step.key), given)]


def _given(ctx: Context, step: Filter, tests: Mapping[str, Test]) -> Any:
    value = step.value
    if isinstance(value, str):
        value = ctx.render(value)
    elif isinstance(value, list):
        value = [ctx.render(item) if isinstance(item, str) else item for item in value]
    try:
        if tests is _NUMBERS:
            return float(value)
        if tests is _BOOLEANS:
            return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]
    except (KeyError, TypeError, ValueError):
        raise ListError(f"Invalid filter value: {value!r}", "InvalidFilterValueError") from None
    return "" if value is None else value


def _extracted(items: list[Any], serial: str) -> list[Any]:
    try:
        number = int(serial)
    except ValueError:
        raise ListError(f"Invalid serial index: expected a number, got {serial!r}") from None
    if number < 1:
        raise ListError(f"Invalid serial index: must be >= 1, got {number}")
    if number > len(items):
        raise ListError(f"Invalid serial index: must be <= {len(items)}, got {number}")
    return [items[number - 1]]


def _result(items: list[Any], inputs: Mapping[str, Any]) -> Result:
    first, last = (items[0], items[-1]) if items else (None, None)
    outputs = {"result": items, "first_record": first, "last_record": last}
    return Result(outputs=outputs, inputs=inputs, process_data=inputs)
