"""Conditions on metadata as SQL over ``documents.doc_metadata`` (dataset-api.md 6.3).

Values reach the statement as parameters; names as parameters too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from server.db.tables import documents
from server.kit.errors import invalid_param

Condition = sa.ColumnElement[bool]

_MAP = documents.c.doc_metadata
_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"


def where(filtering: Mapping[str, Any] | None) -> Condition | None:
    """The condition of a ``metadata_filtering_conditions`` object; None when it restricts nothing.

    Raises invalid_param for an unknown operator or a value that does not fit it.
    """
    sent: Sequence[Mapping[str, Any]] = (filtering or {}).get("conditions") or ()
    found = [one for item in sent if (one := _one(item)) is not None]
    if not found:
        return None
    both = (filtering or {}).get("logical_operator") or "and"
    return sa.and_(*found) if both == "and" else sa.or_(*found)


def _one(item: Mapping[str, Any]) -> Condition | None:
    name, operator, value = str(item.get("name", "")), str(item.get("comparison_operator", "")), item.get("value")
    if operator in {"empty", "not empty"}:
        absent = sa.or_(_MAP.is_(None), sa.not_(_MAP.has_key(name)))
        return absent if operator == "empty" else sa.not_(absent)
    make = _OPERATORS.get(operator)
    if make is None:
        raise invalid_param(f"comparison_operator {operator!r} is not known")
    return None if value is None else make(name, value)


def _text(name: str) -> sa.ColumnElement[str]:
    return _MAP[name].astext


def _number(name: str) -> sa.ColumnElement[float]:
    """The value as a number, NULL when it is none; text of a number counts."""
    return sa.case((_text(name).regexp_match(_NUMBER), sa.cast(_text(name), sa.Float)))


def _is(name: str, value: Any) -> Condition:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(name) == float(value)
    return _text(name) == _as_text(value)


def _is_not(name: str, value: Any) -> Condition:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return sa.and_(_text(name).is_not(None), _number(name).is_distinct_from(float(value)))
    return _text(name) != _as_text(value)


def _compare(test: Callable[[Any, float], Condition]) -> Callable[[str, Any], Condition]:
    def make(name: str, value: Any) -> Condition:
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise invalid_param(f"the value of a condition on {name!r} must be a number") from None
        return test(_number(name), number)

    return make


def _listed(value: Any) -> list[str]:
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return [part.strip() for part in _as_text(value).split(",") if part.strip()]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


_OPERATORS: Mapping[str, Callable[[str, Any], Condition]] = {
    "contains": lambda name, value: _text(name).contains(_as_text(value), autoescape=True),
    "not contains": lambda name, value: sa.not_(_text(name).contains(_as_text(value), autoescape=True)),
    "start with": lambda name, value: _text(name).startswith(_as_text(value), autoescape=True),
    "end with": lambda name, value: _text(name).endswith(_as_text(value), autoescape=True),
    "is": _is, "=": _is, "is not": _is_not, "≠": _is_not, "!=": _is_not,
    "in": lambda name, value: _text(name).in_(_listed(value)),
    "not in": lambda name, value: sa.true() if not _listed(value) else _text(name).not_in(_listed(value)),
    "<": _compare(lambda left, right: left < right), "before": _compare(lambda left, right: left < right),
    ">": _compare(lambda left, right: left > right), "after": _compare(lambda left, right: left > right),
    "≤": _compare(lambda left, right: left <= right), "<=": _compare(lambda left, right: left <= right),
    "≥": _compare(lambda left, right: left >= right), ">=": _compare(lambda left, right: left >= right),
}
