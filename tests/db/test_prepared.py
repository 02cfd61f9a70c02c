"""Hot statements are planned once a connection, and give what they give without that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from server.db.engine import UowFactory, make_engine, uow_factory
from server.db.faults import is_away
from server.db.prepared import hot
from server.db.tables import messages
from server.kit.errors import AppError
from server.kit.ids import new_id

_SHARE = hot(
    sa.select(
        sa.bindparam("b_id", type_=messages.c.id.type).label("id"),
        sa.bindparam("b_inputs", type_=messages.c.inputs.type).label("inputs"),
        (sa.literal_column("'100%'", sa.Text) + sa.bindparam("b_text", type_=sa.Text)).label("text"),
        (sa.bindparam("b_number", type_=sa.Integer) % 10).label("digit"),
    )
)
_VALUES = {"b_id": "01a212de-ab86-78ab-a985-0be0481c1db8", "b_inputs": {"a": [1, None]}, "b_text": "%s", "b_number": 42}
_PLANS = sa.text("SELECT name, statement, generic_plans, custom_plans FROM pg_prepared_statements")


def _factory(url: str, *, prepare: bool) -> Iterator[UowFactory]:
    engine = make_engine(url, pool_size=1, prepare=prepare)
    yield uow_factory(engine)
    engine.dispose()


@pytest.fixture
def uow(postgres_url: str) -> Iterator[UowFactory]:
    """One connection that prepares."""
    yield from _factory(postgres_url, prepare=True)


@pytest.fixture
def plain(postgres_url: str) -> Iterator[UowFactory]:
    """One connection that does not."""
    yield from _factory(postgres_url, prepare=False)


def _row(uow: UowFactory) -> Any:
    with uow.single() as transaction:
        return tuple(transaction.execute(_SHARE, _VALUES).one())


def _plans(uow: UowFactory) -> Any:
    with uow.single() as transaction:
        return transaction.execute(_PLANS).all()


def test_hot_statement_gives_the_same_row_as_without_preparing(uow, plain) -> None:
    expected = (_VALUES["b_id"], {"a": [1, None]}, "100%%s", 2)
    assert [_row(uow), _row(uow), _row(plain)] == [expected] * 3


def test_hot_statement_is_planned_once(uow) -> None:
    for _ in range(10):
        _row(uow)
    (plan,) = _plans(uow)
    assert "$1" in plan.statement and "%(" not in plan.statement
    assert (plan.generic_plans, plan.custom_plans) == (10, 0)


def test_other_statements_are_not_prepared(uow) -> None:
    with uow() as transaction:
        transaction.execute(sa.select(messages.c.id).limit(1)).all()
    assert _plans(uow) == []


def test_nothing_is_prepared_when_that_is_off(plain) -> None:
    _row(plain)
    assert _plans(plain) == []


def test_hot_statement_is_prepared_again_on_a_new_connection(uow) -> None:
    _row(uow)
    with pytest.raises(sa.exc.OperationalError), uow.single() as transaction:
        transaction.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert _row(uow)[3] == 2


def test_hot_statement_prepared_in_a_transaction_that_rolls_back_can_be_used_after_it(uow) -> None:
    with uow() as transaction:
        transaction.execute(_SHARE, _VALUES)
    assert _row(uow)[3] == 2


_TEXT = hot(
    sa.select(
        sa.cast(messages.c.id, sa.Text).label("id"), messages.c.inputs, messages.c.query.label("class"),
        (sa.bindparam("b_number", type_=sa.Integer) % 10).label("digit"), sa.literal("fixed").label("kind"),
        sa.literal_column("'100%'", sa.Text).label("percent"),
    ).where(messages.c.id == sa.bindparam("b_id"))
)


def _a_message(uow: UowFactory, **values: Any) -> str:
    made = new_id()
    with uow() as transaction:
        ids = {name: new_id() for name in ("tenant_id", "app_id", "conversation_id", "from_end_user_id")}
        transaction.execute(sa.insert(messages).values(id=made, app_mode="chat", **ids, **values))
        transaction.commit()
    return made


def test_read_gives_what_execute_gives(uow, plain) -> None:
    made = _a_message(uow, inputs={"a": [1, None, "é"]}, query="50 % of %(all)s")
    for factory in (uow, plain, uow):
        with factory.single() as transaction:
            rows = transaction.read(_TEXT, {"b_id": made, "b_number": 42})
        with factory() as transaction:
            same = transaction.execute(_TEXT, {"b_id": made, "b_number": 42}).all()
        assert [tuple(row) for row in rows] == [tuple(row) for row in same]
        assert tuple(rows[0]) == (made, {"a": [1, None, "é"]}, "50 % of %(all)s", 2, "fixed", "100%")
        assert (rows[0].id, rows[0].digit, rows[0].kind) == (made, 2, "fixed")


def test_read_is_planned_once_and_finds_nothing_where_nothing_is(uow) -> None:
    for _ in range(5):
        with uow.single() as transaction:
            assert transaction.read(_TEXT, {"b_id": new_id(), "b_number": 1}) == []
    assert [(plan.generic_plans, plan.custom_plans) for plan in _plans(uow)] == [(5, 0)]


def test_read_refuses_what_execute_refuses(uow) -> None:
    for number, error in (("\x00", AppError), ("text", sa.exc.DataError)):
        with pytest.raises(error), uow.single() as transaction:
            transaction.read(_TEXT, {"b_id": new_id(), "b_number": number})
    with uow.single() as transaction:
        assert transaction.read(_TEXT, {"b_id": new_id(), "b_number": 1}) == []
        with pytest.raises(AssertionError, match="second statement"):
            transaction.read(_TEXT, {"b_id": new_id(), "b_number": 1})


def test_read_on_a_connection_that_was_cut_tells_so_and_the_next_one_is_well(uow) -> None:
    values = {"b_id": new_id(), "b_number": 1}
    with pytest.raises(sa.exc.DBAPIError) as caught, uow.single() as transaction:
        connection = transaction.connection.connection.dbapi_connection
        _cut(uow, connection.info.backend_pid)
        transaction.read(_TEXT, values)
    assert is_away(caught.value)
    with uow.single() as transaction:
        assert transaction.read(_TEXT, values) == []


def _cut(uow: UowFactory, backend: int) -> None:
    """End a connection at the server, from another one."""
    engine = sa.create_engine(uow._engine.url, poolclass=sa.NullPool)
    with engine.connect() as other:
        other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
