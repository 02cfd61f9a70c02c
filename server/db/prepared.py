"""Statements of the hot paths are prepared once a connection, so that PostgreSQL plans them once.

To plan a page of messages takes it longer than to read one. psycopg2 prepares nothing by itself,
so ``PREPARE`` and ``EXECUTE`` are sent as SQL, below SQLAlchemy, which notices nothing of it.
"""

from __future__ import annotations

import itertools
import re
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

S = TypeVar("S", bound=sa.Executable)

_OPTION = "prepared"
# Statements that name a table of their own are many; of these a connection keeps those it used last.
_TEXTS, _MOST_TEXTS = "prepared by text", 64
_TEXT_NUMBERS = itertools.count(1)
_PARAMETER = re.compile(r"%\((\w+)\)s|%%")


def hot(statement: S) -> S:
    """Mark a statement: it is sent often, always with the same text (no lists), and one plan is good for all values."""
    return statement.execution_options(**{_OPTION: True})


@dataclass(frozen=True, slots=True)
class _Prepared:
    name: str
    prepare: str
    execute: str


class _Names:
    """What to send instead of a statement, by its text; shared by the connections of an engine."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._known: dict[str, _Prepared] = {}

    def of(self, sql: str, context: Any) -> _Prepared:
        known = self._known.get(sql)
        if known is None:
            known = self._known[sql] = _prepared(f"hot_{next(self._numbers)}", sql, context)
        return known


def _prepared(name: str, sql: str, context: Any) -> _Prepared:
    places: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        if found[1] is None:
            return "%"
        return f"${places.setdefault(found[1], len(places) + 1)}"

    text = _PARAMETER.sub(place, sql)
    if not places:
        return _Prepared(name, f"PREPARE {name} AS {text}", f"EXECUTE {name}")
    types = ", ".join(_type_of(context.compiled.binds[parameter].type, context.dialect) for parameter in places)
    values = ", ".join(f"%({parameter})s" for parameter in places)
    return _Prepared(name, f"PREPARE {name} ({types}) AS {text}", f"EXECUTE {name} ({values})")


def _type_of(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> str:
    """What a parameter is; PostgreSQL finds out itself where SQLAlchemy has no name for it (null, keys of JSON)."""
    try:
        return kind.compile(dialect)
    except (sa.exc.CompileError, AttributeError):
        return "unknown"


def prepare_hot(engine: Engine) -> None:
    """Have every connection of ``engine`` prepare the statements that are marked, when it first meets them."""
    names = _Names()

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def swap(connection: Connection, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> Any:
        if many or not context.execution_options.get(_OPTION):
            return sql, parameters
        prepared = names.of(sql, context)
        ready: set[str] = connection.info.setdefault(_OPTION, set())
        if prepared.name not in ready:
            cursor.execute(prepared.prepare)
            ready.add(prepared.name)
        return prepared.execute, parameters


def prepared_by_text(connection: Connection, statement: str, types: str) -> str:
    """The name of a statement that is prepared on this connection, to ``EXECUTE``; its parameters are $1, $2, ..."""
    kept: OrderedDict[str, str] = connection.info.setdefault(_TEXTS, OrderedDict())
    name = kept.get(statement)
    if name is None:
        if len(kept) >= _MOST_TEXTS:
            connection.exec_driver_sql(f"DEALLOCATE {kept.popitem(last=False)[1]}")
        name = f"text_{next(_TEXT_NUMBERS)}"
        connection.exec_driver_sql(f"PREPARE {name} ({types}) AS {statement}")
        kept[statement] = name
    kept.move_to_end(statement)
    return name


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement as it is sent past SQLAlchemy, once compiled."""

    name: str
    # With prepared ones: what makes this one known to a connection.
    prepare: str
    execute: str
    # Values that stand in the statement itself.
    fixed: Mapping[str, Any]
    # What turns values into what the driver takes, by parameter.
    given: Mapping[str, Callable[[Any], Any]]
    row: Callable[[Iterable[Any]], Any]

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters."""
        values = {**self.fixed, **given}
        for name, turned in self.given.items():
            values[name] = turned(values[name])
        return values


class Compiler:
    """Compiles hot statements, each once, for those that send them past SQLAlchemy (direct.py)."""

    def __init__(self, dialect: Any, *, prepare: bool) -> None:
        self._dialect = dialect
        self._prepare = prepare
        self._numbers = itertools.count(1)
        self._known: dict[sa.Executable, Sql] = {}

    def sql(self, statement: sa.Executable) -> Sql:
        """The statement. Rows of a SELECT become named tuples of what the driver gives, other rows tuples."""
        known = self._known.get(statement)
        if known is None:
            known = self._known[statement] = self._compiled(statement)
        return known

    def _compiled(self, statement: Any) -> Sql:
        compiled = statement.compile(dialect=self._dialect)
        text, name = str(compiled), f"direct_{next(self._numbers)}"
        sql = _Prepared(name, "", text)
        if self._prepare:
            sql = _prepared(name, text, _Context(compiled, self._dialect))
        row: Callable[[Iterable[Any]], Any] = tuple
        if isinstance(statement, sa.Select):
            names = [column.key or "" for column in statement.selected_columns]
            named: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - its names are data
            row = named._make
        kinds = {key: bind.type.dialect_impl(self._dialect) for bind, key in compiled.bind_names.items()}
        processors = {key: kind.bind_processor(self._dialect) for key, kind in kinds.items()}
        return Sql(
            name=sql.name, prepare=sql.prepare, execute=sql.execute,
            fixed={key: value for key, value in compiled.params.items() if value is not None},
            given={key: processor for key, processor in processors.items() if processor}, row=row,
        )


@dataclass(frozen=True, slots=True)
class _Context:
    compiled: Any
    dialect: sa.Dialect
