"""Transactions, and statements that are one by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from server.db.engine import UowFactory, make_engine, uow_factory

_ADD = sa.text("INSERT INTO process_leases (owner, expires_at) VALUES (:owner, now())")
_COUNT = sa.text("SELECT count(*) FROM process_leases WHERE owner = :owner")


@pytest.fixture
def uow(fresh_postgres_url: str) -> Iterator[UowFactory]:
    """Transactions on one connection, so that each sees what the one before left of it."""
    engine = make_engine(fresh_postgres_url, pool_size=1)
    yield uow_factory(engine)
    engine.dispose()


def _count(uow: UowFactory, owner: str) -> Any:
    with uow() as transaction:
        return transaction.execute(_COUNT, {"owner": owner}).scalar_one()


def test_transaction_left_without_commit_changes_nothing(uow) -> None:
    with uow() as transaction:
        transaction.execute(_ADD, {"owner": "a"})
    assert _count(uow, "a") == 0


def test_single_statement_is_committed_when_it_returns(uow) -> None:
    with pytest.raises(KeyError), uow.single() as transaction:
        transaction.execute(_ADD, {"owner": "a"})
        raise KeyError
    assert _count(uow, "a") == 1


def test_single_refuses_a_second_statement(uow) -> None:
    with pytest.raises(AssertionError), uow.single() as transaction:
        transaction.execute(_ADD, {"owner": "a"})
        transaction.execute(_ADD, {"owner": "b"})
    assert (_count(uow, "a"), _count(uow, "b")) == (1, 0)


def test_connection_after_a_single_statement_rolls_back_again(uow) -> None:
    with uow.single() as transaction:
        transaction.execute(_COUNT, {"owner": "a"})
    with uow() as transaction:
        transaction.execute(_ADD, {"owner": "a"})
    assert _count(uow, "a") == 0


def test_single_statement_that_fails_leaves_a_connection_that_works(uow) -> None:
    with pytest.raises(sa.exc.ProgrammingError), uow.single() as transaction:
        transaction.execute(sa.text("SELECT nothing"))
    assert _count(uow, "a") == 0


def test_connection_lost_inside_a_single_statement_is_replaced(uow) -> None:
    with pytest.raises(sa.exc.OperationalError), uow.single() as transaction:
        transaction.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert _count(uow, "a") == 0


def test_single_statement_is_all_that_the_server_hears(uow, fresh_postgres_url: str) -> None:
    """The driver sends SET around it when it knows of an isolation level (server/db/engine.py)."""
    last = sa.text("SELECT query FROM pg_stat_activity WHERE pid = :pid")
    with uow.single() as transaction:
        pid = transaction.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
    watching = make_engine(fresh_postgres_url, pool_size=1)
    with watching.connect() as connection:
        assert connection.execute(last, {"pid": pid}).scalar_one() == "SELECT pg_backend_pid()"
    watching.dispose()


def test_transaction_reads_committed_rows_whatever_the_server_defaults_to(uow) -> None:
    with uow() as transaction:
        assert transaction.execute(sa.text("SHOW transaction_isolation")).scalar_one() == "read committed"


def test_error_of_a_statement_hides_what_was_to_be_stored(postgres_url: str) -> None:
    engine = make_engine(postgres_url, pool_size=1)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as failed:
        connection.execute(sa.text("SELECT 1 / 0 WHERE :what <> ''"), {"what": "a question of somebody"})
    engine.dispose()
    assert "division by zero" in str(failed.value) and "somebody" not in str(failed.value)
