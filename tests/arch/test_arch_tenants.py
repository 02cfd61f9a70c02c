"""No statement reaches rows of business data without saying whose they are (style.md section 6, G6).

Every method of every store is called on a unit of work that only notes statements. A call of
``execute`` that is never reached fails the test too: a new store is covered the day it is added.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import pytest
import sqlalchemy as sa

from server.db.direct import Order
from server.db.engine import UnitOfWork
from server.db.tables import (
    apps,
    conversations,
    documents,
    memberships,
    message_files,
    messages,
    metadata,
    tenants,
    upload_files,
)
from server.kit.caller import Caller
from tests.arch.scoping import unscoped
from tests.arch.sources import ROOT, imported, sources

STORES = sorted(path.relative_to(ROOT) for path in (ROOT / "server").rglob("*store.py"))
# Statements that need no tenant, by the method that sends them, each with its reason.
ALLOWED: Mapping[str, str] = {
    "AccessStore.app_key": "the key says which tenant it is",
    "AccessStore.dataset_key": "the key says which tenant it is",
    "AccessStore.page_of_app": "the signed passport says which app it is",
    "AccessStore.page_of_code": "whoever has the address of a page may know that it exists",
    "AccessStore.touch_keys": "ids of keys that this process has just used",
    "KeyStore.is_known": "whoever has the key may know that it exists",
    "FileStore.signed": "a signature of ours stands for the tenant",
    "MemberStore.invitation": "the token says which workspace it is",
    "AccountStore.every_workspace": "the list of the instance's operator",
    "RunStore.finish": "a run of this process, by the key that it was started with",
    "RunStore.finishing": "as finish",
    "RunStore.store_partial": "messages of runs of this process",
    "RunStore.stop_requests": "runs of this process",
    "RunStore.owned": "runs of this process",
    "RunStore.sweep": "runs of dead processes, whoever asked for them",
    "RunStore.stop_paused": "a run that the first statement found as its app's",
    "FormStore.place": "whoever has the token of a form may fill it in",
    "FormStore.expire": "forms of all tenants whose time is over",
    "FormStore.ready": "runs of all tenants that somebody has answered",
    "FormStore.paused": "a run whose form was answered, whoever asked",
    "FormStore.forms": "those of a run whose form was answered",
    "FormStore.go_on": "a run whose form was answered, whoever asked",
    "RunStore.abandon": "a run of this process, by the key that it was started with",
    "RunStore.keep_more": "a message of a run of this process",
    "RunStore.count_running": "an advisory lock reads no rows; the count names the app",
    "WorkflowRunStore.start": "inserts only, each row with its tenant",
    "WorkflowRunStore.starting": "as start",
    "WorkflowRunStore.keeping": "a run of this process, by the key that it was started with",
    "WorkflowRunStore.finishing": "a run of this process, by the key that it was started with",
    "WorkflowRunStore.pausing": "a run of this process, by the key that it was started with",
    "WorkflowRunStore.stepping": "inserts only, each row with its tenant",
    "TriggerStore.webhook": "whoever has the address may call it",
    "TriggerStore.due": "schedules of all tenants run when they are due",
    "AuditStore.prune": "lines of all workspaces go when they are old",
    "PruneStore.runs": "runs of all tenants go when they are old",
    "PruneStore.steps": "runs of all tenants go when they are old",
    "EmbeddingStore.purge": "vectors of all tenants go when they are a month old",
    "ReconcileStore.order_lost_documents": "work of all tenants that got lost",
    "ReconcileStore.order_lost_rebuilds": "work of all tenants that got lost",
    "ReconcileStore.order_orphans": "entries of all tenants that got lost",
    "ReconcileStore.order_orphan_datasets": "documents of all tenants whose dataset is gone",
    "ReconcileStore.drop_orphan_spaces": "indexes of all tenants that nobody has",
    "ReconcileStore.order_checks": "a job for each dataset of all tenants",
    "AppStore.keep_import": "imports of all tenants go when their time is over",
}
# Modules that are no stores and know SQLAlchemy.
MAY_KNOW_SQL: Mapping[str, str] = {
    "server/bootstrap.py": "the type of the engine, which it closes",
    "server/bootstrap_knowledge.py": "the type of the engine",
    "server/cli/admin.py": "errors of a database that is away",
    "server/runs/ledger.py": "a part of the statements that end runs",
    "server/workflow_run/statements.py": "what its store sends, which is long",
    "server/metadata/conditions.py": "conditions that stores put into their statements",
}
AN_ID = "01a212de-ab86-78ab-a985-0be0481c1db8"
# Parameters and fields whose values are of a kind: always, or when a call is made with as much as it takes.
FIXED: Mapping[str, Any] = {
    "sort": "-created_at", "caller": Caller(tenant_id=AN_ID, account_id=AN_ID, role="editor"), "tables": (documents,),
}
VALUES: Mapping[str, Any] = {
    "doc_form": "hierarchical_model",
    "document": {"dataset_configs": {"datasets": {"datasets": [{"dataset": {"id": AN_ID, "enabled": True}}]}}},
}
A_TIME = datetime(2026, 11, 25, tzinfo=UTC)


@dataclass(frozen=True)
class Sent:
    """A statement, the line that sends it and the method it is sent for."""

    path: Path
    line: int
    method: str
    statement: Any
    parameters: Any


class NotingUow:
    """Notes statements; ``results`` tells in turn whether one finds a row of anything, or nothing."""

    def __init__(self, notes: list[Sent], method: str, results: Sequence[bool]) -> None:
        self._notes = notes
        self._method = method
        self._results = itertools.cycle(results)

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        return self._note(statement, parameters)

    def order(self, statement: Any, parameters: Any) -> Order:
        self._note(statement, parameters)
        return Order(statement, parameters)

    def _note(self, statement: Any, parameters: Any) -> Any:
        caller = sys._getframe(2)
        path = Path(caller.f_code.co_filename).relative_to(ROOT)
        self._notes.append(Sent(path, caller.f_lineno, self._method, statement, parameters))
        return FULL if next(self._results) else EMPTY


def _result(*, full: bool) -> Any:
    row = MagicMock(name="row") if full else None
    result = MagicMock(name="result")
    for name in ("one_or_none", "first", "one"):
        getattr(result, name).return_value = row
    for name in ("scalar_one_or_none", "scalar_one", "scalar"):
        getattr(result, name).return_value = 1 if full else None
    result.all.return_value = [row] if full else []
    result.scalars.return_value = [AN_ID] if full else []
    result.__iter__ = lambda _: iter([row] if full else [])
    result.rowcount = int(full)
    return result


FULL, EMPTY = _result(full=True), _result(full=False)
RESULTS = ((True,), (False,), (True, False), (False, True), (True, True, False))


def _named(name: str, kind: Any, *, text: str) -> Any:
    """Something for a parameter or field."""
    if name in FIXED:
        return FIXED[name]
    return VALUES[name] if name in VALUES and text else _value(kind, text=text)


def _value(kind: Any, *, text: str) -> Any:
    """Something of a type; with ``text`` empty as little as the type allows."""
    origin, inner = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _value(inner[0], text=text) if text else None
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{item.name: _named(item.name, hints[item.name], text=text) for item in fields(kind) if item.init})
    if origin is tuple and Ellipsis not in inner:
        return tuple(_value(one, text=text) for one in inner)
    if origin in (tuple, Sequence, Iterable, list) and inner:
        return [_value(inner[0], text=text)] if text else []
    known = {
        str: text, int: 1, float: 1.0, bool: bool(text), Decimal: Decimal(1), datetime: A_TIME, timedelta: timedelta(1),
        sa.ColumnElement: sa.true(), Mapping: {AN_ID: AN_ID} if text else {}, dict: {AN_ID: AN_ID} if text else {},
        typing.Literal: inner[0] if inner else None,
    }  # fmt: skip
    return known.get(origin, MagicMock(name="any"))


def _arguments(function: Callable[..., Any], *, text: str) -> tuple[list[Any], dict[str, Any]]:
    hints = typing.get_type_hints(function)
    parameters = [one for one in inspect.signature(function).parameters.values() if one.name in hints]
    values = {one.name: _named(one.name, hints[one.name], text=text) for one in parameters}
    places = [values[one.name] for one in parameters if one.kind == one.POSITIONAL_OR_KEYWORD]
    return places, {one.name: values[one.name] for one in parameters if one.kind == one.KEYWORD_ONLY}


def _stores() -> Iterator[type]:
    for path in STORES:
        module = importlib.import_module(".".join(path.with_suffix("").parts))
        for found in list(vars(module).values()):
            if inspect.isclass(found) and found.__module__ == module.__name__ and _takes_uow(found):
                yield found


def _takes_uow(kind: type) -> bool:
    return UnitOfWork in typing.get_type_hints(kind.__init__).values()


def _note_all() -> list[Sent]:
    notes: list[Sent] = []
    for store in _stores():
        for name, function in inspect.getmembers(store, inspect.isfunction):
            if name.startswith("_"):
                continue
            for results, text in itertools.product(RESULTS, (AN_ID, "")):
                uow = NotingUow(notes, f"{store.__name__}.{name}", results)
                hints = typing.get_type_hints(store.__init__)
                others = [MagicMock() for kind in hints.values() if kind not in (UnitOfWork, type(None))]
                places, names = _arguments(function, text=text)
                # What a store sends without a transaction of its own, it gives to its caller as an order.
                orders = patch.object(sys.modules[store.__module__], "Order", uow.order, create=True)
                with suppress(Exception), orders:  # what a method makes of a made-up row does not matter here
                    getattr(store(uow, *others), name)(*places, **names)
    return notes + [note for path in STORES for note in _constants(path)]


def _constants(path: Path) -> Iterator[Sent]:
    """Statements that a module keeps in tables, of which a call picks one."""
    module = importlib.import_module(".".join(path.with_suffix("").parts))
    for name, value in vars(module).items():
        if isinstance(value, (Mapping, tuple)):
            yield from (Sent(path, 0, name, found, None) for found in _statements(value))


def _statements(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _statements(item)
    elif isinstance(value, (sa.Select, sa.CompoundSelect, sa.Insert, sa.Update, sa.Delete)):
        yield value


@pytest.fixture(scope="module")
def sent() -> list[Sent]:
    """Every statement that a store can send."""
    return _note_all()


def _execute_calls(path: Path) -> list[ast.Call]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _sends(node.func)
    ]


def _sends(function: ast.expr) -> bool:
    return (isinstance(function, ast.Attribute) and function.attr == "execute") or (
        isinstance(function, ast.Name) and function.id == "Order"
    )


@pytest.mark.parametrize("path", STORES, ids=str)
def test_every_statement_of_a_store_is_seen_by_the_lint(path: Path, sent: list[Sent]) -> None:
    calls = _execute_calls(path)
    assert calls, f"{path} sends no statement; is it a store?"
    lines = {item.line for item in sent if item.path == path}
    unseen = [call.lineno for call in calls if not lines & {*range(call.lineno, (call.end_lineno or call.lineno) + 1)}]
    assert not unseen, f"{path}: the lint does not reach the statements in lines {unseen}; see _value and _result"


def test_no_statement_reads_or_changes_rows_of_an_unnamed_tenant(sent: list[Sent]) -> None:
    problems = set()
    for item in sent:
        if item.method in ALLOWED:
            continue
        if isinstance(item.statement, sa.TextClause):
            problems.add(f"{item.path}:{item.line} {item.method}: SQL text cannot be checked")
            continue
        problems |= {f"{item.path}:{item.line} {item.method}: {table}" for table in unscoped(item.statement)}
    assert not problems, "no tenant_id or app_id, nor a join to a row that has one:\n" + "\n".join(sorted(problems))


@pytest.mark.parametrize("table", [table for table in metadata.sorted_tables if "tenant_id" in table.c], ids=str)
def test_every_row_must_name_its_tenant(table: sa.Table) -> None:
    """The database refuses an insert that does not."""
    column = table.c.tenant_id
    assert not column.nullable
    assert column.server_default is None


def test_every_exception_is_needed(sent: list[Sent]) -> None:
    needed = {
        item.method for item in sent if isinstance(item.statement, sa.TextClause) or unscoped(item.statement)
    }
    assert set(ALLOWED) == needed & set(ALLOWED), f"not needed: {sorted(set(ALLOWED) - needed)}"


def test_only_stores_know_sql() -> None:
    knowing = {
        Path(source.path)
        for source in sources("server")
        if any(name.partition(".")[0] == "sqlalchemy" for name in imported(source.tree))
    }
    # server/index is an adapter: each of its drivers is a store of one engine.
    outside = {path for path in knowing - {*STORES} if path.parts[1] not in {"db", "index"}}
    assert {str(path) for path in outside} == set(MAY_KNOW_SQL)


# The lint itself

_B = sa.bindparam
_FILES_OF_MESSAGE = (
    sa.select(upload_files.c.id)
    .join(message_files, message_files.c.upload_file_id == upload_files.c.id)
    .where(message_files.c.message_id == messages.c.id)
)


@pytest.mark.parametrize(
    "statement",
    [
        sa.select(apps).where(apps.c.tenant_id == _B("t")),
        sa.select(messages).where(messages.c.app_id == "a", messages.c.id == "m"),
        sa.update(apps).where(apps.c.id == "a", apps.c.tenant_id == "t").values(name="n"),
        sa.delete(messages).where(messages.c.app_id == "a"),
        sa.select(messages).join(conversations, conversations.c.id == messages.c.conversation_id)
        .where(conversations.c.app_id == "a"),
        sa.select(messages.c.id, _FILES_OF_MESSAGE.scalar_subquery()).where(messages.c.app_id == "a"),
        sa.select(memberships).join(tenants, tenants.c.id == memberships.c.tenant_id)
        .where(memberships.c.account_id == "a"),
        sa.select(messages).where(
            messages.c.conversation_id.in_(sa.select(conversations.c.id).where(conversations.c.tenant_id == "t"))
        ),
        sa.select(sa.select(apps).where(apps.c.tenant_id == "t").subquery("mine")),
    ],
)  # fmt: skip
def test_lint_accepts_a_statement_that_says_whose(statement: Any) -> None:
    assert unscoped(statement) == set()


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        (sa.select(apps), {"apps"}),
        (sa.select(apps).where(apps.c.id == "a"), {"apps"}),
        (sa.select(apps).where(sa.or_(apps.c.tenant_id == "t", apps.c.id == "a")), {"apps"}),
        (sa.select(apps).where(apps.c.tenant_id != "t"), {"apps"}),
        (sa.update(apps).where(apps.c.id == "a").values(tenant_id="t"), {"apps"}),
        (sa.delete(messages), {"messages"}),
        (sa.select(messages).where(messages.c.id.in_(["m"])), {"messages"}),
        (sa.select(messages).join(conversations, conversations.c.id == messages.c.conversation_id)
         .where(conversations.c.id == "c"), {"messages", "conversations"}),
        (sa.select(apps, sa.select(sa.func.count()).select_from(messages).scalar_subquery())
         .where(apps.c.tenant_id == "t"), {"messages"}),
        (sa.select(apps).where(apps.c.tenant_id == "t", sa.select(messages.c.id).where(messages.c.id == "m").exists()),
         {"messages"}),
        (sa.select(sa.select(apps).subquery("all")), {"apps"}),
        (sa.delete(messages).where(
            messages.c.conversation_id.in_(sa.select(conversations.c.id).where(conversations.c.name == "n"))
        ), {"messages", "conversations"}),
        (sa.union(sa.select(apps.c.id), sa.select(apps.c.id).where(apps.c.tenant_id == "t")), {"apps"}),
        (sa.insert(messages).from_select(["id"], sa.select(messages.c.id)), {"messages"}),
        (sa.insert(apps).values(name=sa.select(conversations.c.name).scalar_subquery()), {"conversations"}),
        (sa.update(apps).where(apps.c.tenant_id == "t").values(name=sa.select(messages.c.query).scalar_subquery()),
         {"messages"}),
    ],
)  # fmt: skip
def test_lint_refuses_a_statement_that_does_not(statement: Any, tables: set[str]) -> None:
    assert unscoped(statement) == tables
