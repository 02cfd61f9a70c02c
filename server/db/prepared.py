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
class _Read:
    sql: _Prepared
    # Values that stand in the statement itself.
    fixed: Mapping[str, Any]
    row: Callable[[Iterable[Any]], Any]


class HotReads:
    """Hot SELECTs read past SQLAlchemy, on its connections: what it does around a page of rows costs as much CPU as
    everything below it. Rows are named tuples of what the driver gives, parameters what it takes (text, numbers).
    """

    def __init__(self, dialect: Any) -> None:
        self._dialect = dialect
        self._numbers = itertools.count(1)
        self._known: dict[sa.Select[Any], _Read] = {}

    def rows(self, connection: Connection, statement: sa.Select[Any], parameters: Mapping[str, Any]) -> list[Any]:
        """All rows. Raises what SQLAlchemy would."""
        read = self._known.get(statement) or self._prepared(statement)
        driver: Any = connection.connection.dbapi_connection
        ready: set[str] = connection.info.setdefault(_OPTION, set())
        try:
            with driver.cursor() as cursor:
                if read.sql.name not in ready:
                    cursor.execute(read.sql.prepare)
                    ready.add(read.sql.name)
                cursor.execute(read.sql.execute, {**read.fixed, **parameters})
                return list(map(read.row, cursor.fetchall()))
        except self._dialect.loaded_dbapi.Error as error:
            gone = self._dialect.is_disconnect(error, driver, None)
            if gone:
                connection.invalidate(error)
            raise sa.exc.DBAPIError.instance(
                read.sql.execute, None, error, self._dialect.loaded_dbapi.Error, connection_invalidated=gone,
                dialect=self._dialect,
            ) from error

    def _prepared(self, statement: sa.Select[Any]) -> _Read:
        context = _Context(statement.compile(dialect=self._dialect), self._dialect)
        names = [column.key or "" for column in statement.selected_columns]
        fixed = {name: value for name, value in context.compiled.params.items() if value is not None}
        row = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - its names are data
        sql = _prepared(f"read_{next(self._numbers)}", str(context.compiled), context)
        made = self._known[statement] = _Read(sql, fixed, row._make)
        return made


@dataclass(frozen=True, slots=True)
class _Context:
    compiled: Any
    dialect: sa.Dialect
