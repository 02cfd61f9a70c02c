"""Hot statements without a thread: the same rows and faults, in turn, on connections that are replaced when they end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa

from server.db.direct import Direct, Order
from server.db.engine import UowFactory, make_engine, uow_factory
from server.db.faults import is_away
from server.db.prepared import hot
from server.db.tables import messages
from server.kit.errors import AppError, Reason
from server.kit.ids import new_id

_TEXT = hot(
    sa.select(
        sa.cast(messages.c.id, sa.Text).label("id"), messages.c.inputs, messages.c.query.label("class"),
        (sa.bindparam("b_number", type_=sa.Integer) % 10).label("digit"), sa.literal("fixed").label("kind"),
        sa.literal_column("'100%'", sa.Text).label("percent"),
    ).where(messages.c.id == sa.bindparam("b_id"), messages.c.app_id == sa.bindparam("b_app"))
)  # fmt: skip
_ADD = hot(
    sa.insert(messages)
    .values(
        id=sa.bindparam("b_id"), app_mode="chat", inputs=sa.bindparam("b_inputs"), query=sa.bindparam("b_query"),
        tenant_id=sa.bindparam("b_app"), app_id=sa.bindparam("b_app"), conversation_id=sa.bindparam("b_app"),
        from_end_user_id=sa.bindparam("b_app"),
    )
    .returning(messages.c.created_at)
)
_SLEEP = hot(sa.text("SELECT pg_sleep(:seconds), pg_backend_pid()"))
_PLANS = hot(sa.text("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement !~ 'prepared'"))
_APP = new_id()
_NOBODY = {"b_id": _APP, "b_app": _APP, "b_number": 1}


@contextlib.asynccontextmanager
async def _direct(url: str, **options: Any) -> AsyncIterator[Direct]:
    engine = make_engine(url, pool_size=1)
    made = Direct(engine, **{"size": 1, "queue_limit": 10, **options})
    try:
        yield made
    finally:
        made.close()
        engine.dispose()


@pytest.fixture(params=[True, False], ids=["prepared", "plain"])
async def direct(postgres_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Direct]:
    """One connection."""
    async with _direct(postgres_url, prepare=request.param) as made:
        yield made


def _cut(url: str, backend: int) -> None:
    with contextlib.closing(psycopg2.connect(url)) as other:
        other.cursor().execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))


async def test_rows_are_those_of_a_transaction(direct, postgres_url: str) -> None:
    made = {"b_id": new_id(), "b_app": _APP, "b_inputs": {"a": [1, None, "é"]}, "b_query": "50 % of %(all)s"}
    ((created,),) = await direct(Order(_ADD, made))
    asked = {"b_id": made["b_id"], "b_app": _APP, "b_number": 42}
    rows = [(await direct(Order(_TEXT, asked)))[0] for _ in range(3)]
    engine = make_engine(postgres_url, pool_size=1)
    uow: UowFactory = uow_factory(engine)
    with uow() as transaction:
        same = transaction.execute(_TEXT, asked).one()
        when = transaction.execute(sa.select(messages.c.created_at).where(messages.c.id == made["b_id"])).scalar_one()
    engine.dispose()
    assert [tuple(row) for row in rows] == [tuple(same)] * 3
    assert tuple(same) == (made["b_id"], {"a": [1, None, "é"]}, "50 % of %(all)s", 2, "fixed", "100%")
    assert (rows[0].id, rows[0].digit, rows[0].kind) == (made["b_id"], 2, "fixed")
    assert created == when


async def test_statement_is_planned_once(postgres_url: str) -> None:
    async with _direct(postgres_url) as direct:
        for _ in range(5):
            assert await direct(Order(_TEXT, _NOBODY)) == []
        assert [tuple(row) for row in await direct(Order(_PLANS, {}))] == [(5, 0)]


async def test_bad_values_are_refused_and_the_next_statement_works(direct) -> None:
    for number, error in (("\x00", AppError), ("text", sa.exc.DataError)) * 2:
        with pytest.raises(error):
            await direct(Order(_TEXT, {**_NOBODY, "b_number": number}))
        assert await direct(Order(_TEXT, _NOBODY)) == []


async def test_statements_share_connections_in_turn(postgres_url: str) -> None:
    async with _direct(postgres_url, size=2, queue_limit=20) as direct:
        answers = await asyncio.gather(*[direct(Order(_SLEEP, {"seconds": 0})) for _ in range(12)])
    assert 1 <= len({pid for ((_, pid),) in answers}) <= 2


async def test_more_than_may_wait_are_refused_at_once(postgres_url: str) -> None:
    async with _direct(postgres_url, queue_limit=1) as direct:
        await direct(Order(_SLEEP, {"seconds": 0}))
        first, second = (asyncio.create_task(direct(Order(_SLEEP, {"seconds": 0.2}))) for _ in range(2))
        await asyncio.sleep(0)
        with pytest.raises(AppError) as refused:
            await direct(Order(_SLEEP, {"seconds": 0}))
        assert refused.value.reason == Reason.SERVICE_UNAVAILABLE
        await asyncio.gather(first, second)


async def test_cancelled_caller_leaves_its_statement_to_finish(direct) -> None:
    made = {"b_id": new_id(), "b_app": _APP, "b_inputs": {}, "b_query": "x" * 10_000_000}
    await direct(Order(_TEXT, _NOBODY))
    leaving = asyncio.create_task(direct(Order(_ADD, made)))
    await asyncio.sleep(0)
    leaving.cancel()
    ((found, *_),) = await direct(Order(_TEXT, {**_NOBODY, "b_id": made["b_id"]}))
    assert leaving.cancelled() and found == made["b_id"]


async def test_connection_that_is_cut_while_a_statement_runs_tells_so_and_is_replaced(direct, postgres_url) -> None:
    ((_, backend),) = await direct(Order(_SLEEP, {"seconds": 0}))
    running = asyncio.create_task(direct(Order(_SLEEP, {"seconds": 20})))
    await asyncio.sleep(0)
    await asyncio.to_thread(_cut, postgres_url, backend)
    with pytest.raises(sa.exc.DBAPIError) as caught:
        await running
    assert is_away(caught.value)
    ((_, other),) = await direct(Order(_SLEEP, {"seconds": 0}))
    assert other != backend


async def test_connection_that_is_cut_while_it_rests_is_replaced(direct, postgres_url: str) -> None:
    ((_, backend),) = await direct(Order(_SLEEP, {"seconds": 0}))
    await asyncio.to_thread(_cut, postgres_url, backend)
    await asyncio.sleep(0.05)
    ((_, other),) = await direct(Order(_SLEEP, {"seconds": 0}))
    assert other != backend


async def test_connections_that_nobody_needs_are_let_go(postgres_url: str) -> None:
    async with _direct(postgres_url, size=3) as direct:
        answers = await asyncio.gather(*[direct(Order(_SLEEP, {"seconds": 0.1})) for _ in range(6)])
        direct.release()
        # One of them is needed again and again.
        ((_, needed),) = await direct(Order(_SLEEP, {"seconds": 0}))
        direct.release()
        assert len(direct._lines) == 1 < len({pid for ((_, pid),) in answers})
        ((_, kept),) = await direct(Order(_SLEEP, {"seconds": 0}))
        assert kept == needed
        for _ in range(2):
            direct.release()
        assert not direct._lines
        assert await direct(Order(_SLEEP, {"seconds": 0}))


async def test_database_that_is_away_is_told_to_all_who_wait() -> None:
    async with _direct("postgresql://nobody@127.0.0.1:1/nothing") as direct:
        found = await asyncio.gather(*[direct(Order(_TEXT, _NOBODY)) for _ in range(3)], return_exceptions=True)
    assert all(isinstance(error, sa.exc.OperationalError) and is_away(error) for error in found)


async def test_statements_that_wait_when_it_closes_are_refused(postgres_url: str) -> None:
    async with _direct(postgres_url) as direct:
        await direct(Order(_SLEEP, {"seconds": 0}))
        left = [asyncio.create_task(direct(Order(_SLEEP, {"seconds": 20}))) for _ in range(2)]
        await asyncio.sleep(0)
    found = await asyncio.gather(*left, return_exceptions=True)
    assert [error.reason for error in found] == [Reason.SERVICE_UNAVAILABLE] * 2
