"""Which rows a statement can reach: finds tables of business data that it reads without saying whose.

A table with ``tenant_id`` is in scope when a condition that must hold compares its ``tenant_id``
or ``app_id`` with a value, or when it is joined by equality to something in scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.dml import Insert, UpdateBase
from sqlalchemy.sql.elements import (
    BindParameter,
    BooleanClauseList,
    ClauseElement,
    ColumnClause,
    Grouping,
)
from sqlalchemy.sql.selectable import (
    AliasedReturnsRows,
    FromClause,
    Join,
    ScalarSelect,
    SelectBase,
    SelectState,
    SelectStatementGrouping,
)

_OWNERS = frozenset({"tenant_id", "app_id"})
# Memberships are the account's own, and a workspace is named by its id.
_OWNERS_OF: Mapping[str, frozenset[str]] = {
    "dataset_members": frozenset({"tenant_id", "account_id"}),
    "memberships": frozenset({"tenant_id", "account_id"}),
    "tenants": frozenset({"id"}),
}


def unscoped(statement: Any, outer: frozenset[FromClause] = frozenset()) -> set[str]:
    """Names of tenant tables that ``statement`` reads or changes out of scope.

    ``outer`` are the sources in scope of the statement around it, for correlated subqueries.
    """
    if isinstance(statement, Insert):
        return set().union(*(unscoped(nested) for nested in _nested(statement)))
    if isinstance(statement, SelectStatementGrouping):
        return unscoped(statement.element, outer)
    if isinstance(statement, sa.CompoundSelect):
        return set().union(*(unscoped(part, outer) for part in statement.selects))
    sources, conditions = _parts(statement)
    sources = {source for source in sources if source not in outer}
    inner = {source for source in sources if isinstance(source, AliasedReturnsRows) and _select_of(source) is not None}
    found = set().union(*(unscoped(_select_of(source), outer) for source in inner))
    scoped = _scoped(sources, conditions, outer | inner)
    found |= {table.name for source in sources if (table := _tenant_table(source)) is not None and source not in scoped}
    for nested in _nested(statement):
        found |= unscoped(nested, frozenset(scoped) | frozenset(sources) | outer)
    return found


def _parts(statement: Any) -> tuple[set[FromClause], list[ClauseElement]]:
    """The sources of a statement and the conditions that every row of its result meets."""
    if isinstance(statement, UpdateBase):
        conditions = list(_conjuncts(statement.whereclause))  # type: ignore[attr-defined]
        return {statement.table, *_sources_of(conditions)}, conditions
    sources: set[FromClause] = set()
    conditions = list(_conjuncts(statement.whereclause))
    # get_final_froms() compiles first, which a select that belongs inside another one refuses.
    for source in SelectState(statement, None)._get_display_froms():
        _unfold(source, sources, conditions)
    return sources, conditions


def _unfold(source: FromClause, sources: set[FromClause], conditions: list[ClauseElement]) -> None:
    if isinstance(source, Join):
        conditions += _conjuncts(source.onclause)
        _unfold(source.left, sources, conditions)
        _unfold(source.right, sources, conditions)
    else:
        sources.add(source)


def _conjuncts(clause: ClauseElement | None) -> Iterator[ClauseElement]:
    while isinstance(clause, Grouping):
        clause = clause.element
    if isinstance(clause, BooleanClauseList) and clause.operator is operators.and_:
        for part in clause.clauses:
            yield from _conjuncts(part)
    elif clause is not None:
        yield clause


def _scoped(
    sources: Iterable[FromClause], conditions: Iterable[ClauseElement], known: Iterable[FromClause]
) -> set[FromClause]:
    """Sources in scope: named by a value, or equal to a column of a source that is in scope already."""
    pairs = [pair for condition in conditions for pair in _equalities(condition)]
    scoped = {*known}
    grown = True
    while grown:
        grown = False
        for column, value in pairs:
            source = _source_of(column)
            if source in scoped or source not in sources:
                continue
            if _names_owner(column, value) or _source_of(value) in scoped or _selects_scoped(value, scoped):
                scoped.add(source)
                grown = True
    return scoped


def _equalities(condition: ClauseElement) -> Iterator[tuple[Any, Any]]:
    if not isinstance(condition, sa.BinaryExpression) or condition.operator not in (operators.eq, operators.in_op):
        return
    left, right = _bare(condition.left), _bare(condition.right)
    yield left, right
    if condition.operator is operators.eq:
        yield right, left


def _names_owner(column: Any, value: Any) -> bool:
    table = _table(_source_of(column))
    return table is not None and column.name in _OWNERS_OF.get(table.name, _OWNERS) and isinstance(value, BindParameter)


def _selects_scoped(value: Any, scoped: set[FromClause]) -> bool:
    return isinstance(value, SelectBase) and not unscoped(value, frozenset(scoped))


def _bare(element: Any) -> Any:
    while isinstance(element, (Grouping, sa.Cast, ScalarSelect)):
        element = element.clause if isinstance(element, sa.Cast) else element.element
    return element


def _source_of(column: Any) -> FromClause | None:
    return column.table if isinstance(column, ColumnClause) else None


def _table(source: FromClause | None) -> sa.Table | None:
    while isinstance(source, AliasedReturnsRows) and isinstance(source.element, FromClause):
        source = source.element
    return source if isinstance(source, sa.Table) else None


def _tenant_table(source: FromClause) -> sa.Table | None:
    table = _table(source)
    return table if table is not None and "tenant_id" in table.c else None


def _select_of(source: AliasedReturnsRows) -> SelectBase | None:
    return source.element if isinstance(source.element, SelectBase) else None


def _sources_of(conditions: Iterable[ClauseElement]) -> set[FromClause]:
    """Sources of the columns that the conditions compare, without those of selects inside them."""
    found = set()
    for condition in conditions:
        for column, value in _equalities(condition):
            found |= {source for source in (_source_of(column), _source_of(value)) if source is not None}
    return found


def _nested(statement: Any) -> Iterator[SelectBase]:
    """Selects inside columns, values and conditions, the outermost of each; not those that are sources."""
    if isinstance(statement, UpdateBase):
        roots = [*(getattr(statement, "_values", None) or {}).values(), *statement._returning]
        roots.append(statement.select if isinstance(statement, Insert) else statement.whereclause)  # type: ignore[attr-defined]
    else:
        roots = [*statement.selected_columns, statement.whereclause]
    for root in roots:
        if isinstance(root, ClauseElement):
            yield from _outermost(root)


def _outermost(element: Any) -> Iterator[SelectBase]:
    if isinstance(element, SelectBase):
        yield element
    elif not isinstance(element, (FromClause, ColumnClause)):  # a column leads to its table
        for child in element.get_children():
            yield from _outermost(child)
