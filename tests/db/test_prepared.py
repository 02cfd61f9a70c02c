"""Hot statements are planned once a connection, and give what they give without that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from server.db.engine import UowFactory, make_engine, uow_factory
from server.db.prepared import Compiler, hot
from server.db.tables import messages

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


def test_statement_that_is_sent_directly_gets_values_as_the_driver_takes_them(uow) -> None:
    for prepare in (True, False):
        sql = Compiler(uow._engine.dialect, prepare=prepare).sql(_SHARE)
        assert bool(sql.prepare) == prepare
        assert sql.execute.startswith("EXECUTE") == prepare
        assert sql.values(_VALUES) == {
            "b_id": _VALUES["b_id"], "b_inputs": '{"a":[1,null]}', "b_text": "%s", "b_number": 42, "param_1": 10,
        }
