"""G5 in lease, sweep and final commit, step by step."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import psycopg2
import pytest
from sqlalchemy.exc import OperationalError

from server.db.direct import Order
from server.kit.ids import new_id
from server.llm.port import Usage
from server.runs.run import Run, RunKey
from server.runs.store import FinalMessage, RunStore
from tests.durability.node import Node, all_of, eventually, some_caller, told


async def test_g5_run_of_a_dead_process_ends_with_a_clear_error_and_keeps_its_part(pair: tuple[Node, Node]) -> None:
    one, other = pair
    caller = some_caller()
    run, pen = await one.start(caller)
    pen.write("part ", "of ", "it")
    await eventually(lambda: run.logged == 3, "the part is in the log")
    reader = asyncio.create_task(all_of(await other.runs.rejoin(caller, run.key.task_id, 0)))
    await one.crash()
    events = await reader
    assert [event.sequence for event in events] == [1, 2, 3, 4]
    assert events[-1].error.status == 500
    assert "server stopped" in events[-1].error.message
    row = other.row(run)
    assert (row["status"], row["message_status"]) == ("failed", "error")
    assert row["message_error"] == events[-1].error.message


async def test_g5_part_of_a_dead_process_is_stored_as_far_as_its_readers_saw_it(
    postgres_url: str, fresh_redis_url: str
) -> None:
    """The database had the part of some seconds ago; the log has it all."""
    one = Node(postgres_url, fresh_redis_url, answer_flush_seconds=60)
    async with one, Node(postgres_url, fresh_redis_url) as other:
        caller = some_caller()
        run, pen = await one.start(caller)
        pen.write("all ", "that ", "was ", "said")
        await eventually(lambda: run.logged == 4, "the part is in the log")
        await one.crash()
        await eventually(lambda: other.row(run)["status"] == "failed", "the run was swept")
        await eventually(lambda: other.row(run)["answer"] == "all that was said", "the part is stored")


async def test_g5_more_runs_of_a_dead_process_than_one_sweep_takes_end_at_once(pair: tuple[Node, Node]) -> None:
    one, other = pair
    run, _ = await one.start(some_caller())
    with psycopg2.connect(one.postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO runs (task_id, tenant_id, app_id, mode, message_id, conversation_id, end_user_id, owner)"
            " SELECT gen_random_uuid(), tenant_id, app_id, mode, message_id, conversation_id, end_user_id, 'dead'"
            " FROM runs, generate_series(1, 1200) WHERE task_id = %s",
            (run.key.task_id,),
        )
    assert _running(other, run) == 1201
    await eventually(lambda: _running(other, run) == 1, "all of them ended")


def _running(node: Node, run: Run) -> int:
    statement = "SELECT count(*) FROM runs WHERE status = 'running' AND app_id = %s"
    with node.engine.connect() as connection:
        return int(connection.exec_driver_sql(statement, (run.key.app_id,)).scalar_one())


async def test_g5_database_outage_longer_than_the_lease_ends_no_run_of_a_living_process(
    pair: tuple[Node, Node]
) -> None:
    """All leases ran out while nobody could renew: whoever comes back first lets the others renew."""
    one, other = pair
    run, pen = await one.start(some_caller())
    pen.write("a ")
    await eventually(lambda: run.logged == 1, "the run works")
    renews = {node: node.keeper._renew for node in pair}

    def away() -> None:
        raise psycopg2.OperationalError("the database is away")

    for node in pair:
        node.keeper._renew = away  # type: ignore[method-assign]
    with psycopg2.connect(one.postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE process_leases SET expires_at = now() - interval '10 seconds'")
    await asyncio.sleep(1.0)
    other.keeper._renew = renews[other]  # type: ignore[method-assign]
    await asyncio.sleep(0.6)
    one.keeper._renew = renews[one]  # type: ignore[method-assign]
    await asyncio.sleep(2.0)
    assert other.row(run)["status"] == "running"
    pen.end()
    await run.finished.wait()
    assert other.row(run)["status"] == "succeeded"


def _stored(node: Node, status: str, owner: str) -> RunKey:
    """A run that began long ago."""
    caller = some_caller()
    key = RunKey(
        task_id=new_id(), tenant_id=caller.tenant_id, app_id=caller.the_app.app_id, mode="workflow", message_id="",
        conversation_id="", end_user_id=caller.the_user.id, created_at=0,
    )
    _change(
        node, "INSERT INTO runs (task_id, tenant_id, app_id, mode, end_user_id, owner, status, created_at)"
        " VALUES (%s, %s, %s, 'workflow', %s, %s, %s, now() - interval '2 days')",
        key.task_id, key.tenant_id, key.app_id, key.end_user_id, owner, status,
    )  # fmt: skip
    return key


def _change(node: Node, statement: str, *values: object) -> None:
    with node.engine.connect() as connection:
        connection.exec_driver_sql(statement, values)
        connection.commit()


def _status(node: Node, key: RunKey) -> str:
    with node.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT status FROM runs WHERE task_id = %s", (key.task_id,))
        return str(found.scalar_one())


async def _beat(node: Node) -> None:
    """A heartbeat of a process that had the one before in time, and so may sweep."""
    node.keeper._renewed_at, node.keeper._sweep_from = time.monotonic(), 0.0
    await node.keeper._beat()


async def test_g5_run_that_goes_on_after_a_long_pause_is_not_swept_while_it_is_taken(node: Node) -> None:
    key = _stored(node, "paused", "gone")
    taken, beaten, over = threading.Event(), threading.Event(), asyncio.Event()
    await node.freeze()

    def take() -> Run:
        _change(
            node, "UPDATE runs SET status = 'running', owner = %s WHERE task_id = %s", node.runs.owner, key.task_id
        )
        taken.set()
        # The thread that took it is not heard of for a beat.
        assert beaten.wait(10)
        return Run(key)

    async def work(run: Run) -> None:
        await over.wait()

    start = asyncio.create_task(node.runs.start(lambda: node.db(take), work))
    await eventually(taken.is_set, "it is taken")
    await _beat(node)
    beaten.set()
    await start
    for _ in range(3):
        await _beat(node)
    assert _status(node, key) == "running"
    over.set()


async def test_g5_run_that_its_own_process_lost_is_ended(node: Node) -> None:
    key = _stored(node, "running", node.runs.owner)
    await eventually(lambda: _status(node, key) == "failed", "it is ended")


async def test_g5_partial_answer_never_overwrites_the_final_one(node: Node) -> None:
    """A flush that waits for the row while the end is committed must not win."""
    run, pen = await node.start(some_caller())
    blocked = threading.Event()

    def flush() -> None:
        with node.uow() as uow:
            blocked.set()
            RunStore(uow).store_partial({run.key.message_id: "an old part"})
            uow.commit()

    with node.uow() as uow:
        assert RunStore(uow).finish(run.key, "succeeded", FinalMessage(answer="the end", metadata={}), 2)
        writer = threading.Thread(target=flush)
        writer.start()
        assert blocked.wait(5)
        await eventually(lambda: _waits_for_lock(node), "the flush waits for the row")
        uow.commit()
    writer.join(5)
    assert node.row(run)["answer"] == "the end"
    pen.end()


def _waits_for_lock(node: Node) -> bool:
    with psycopg2.connect(node.postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        row = cursor.fetchone()
    return bool(row and row[0])


async def test_g5_terminal_state_is_written_once(node: Node) -> None:
    run, _ = await node.start(some_caller())
    with node.uow() as uow:
        assert RunStore(uow).finish(run.key, "stopped", FinalMessage(answer="first", metadata={}), 2)
        uow.commit()
    with node.uow() as uow:
        assert not RunStore(uow).finish(run.key, "failed", FinalMessage(answer="second", metadata={}), 9)
        uow.commit()
    row = node.row(run)
    assert (row["status"], row["answer"], row["last_sequence"]) == ("stopped", "first", 2)


async def test_g5_busy_database_threads_do_not_cost_a_process_its_lease(pair: tuple[Node, Node]) -> None:
    """Slow statements hold every connection of the process for longer than its lease."""
    one, other = pair
    run, pen = await one.start(some_caller())
    pen.write("a ")

    def slow() -> None:
        with one.uow() as uow:
            uow.connection.exec_driver_sql("SELECT pg_sleep(2.5)")

    await asyncio.gather(*(one.db(slow) for _ in range(4)))
    assert other.row(run)["status"] == "running"
    pen.end()
    await run.finished.wait()
    assert other.row(run)["status"] == "succeeded"


async def test_g4_stop_of_a_run_whose_process_died_ends_it_as_stopped(pair: tuple[Node, Node]) -> None:
    one, other = pair
    caller = some_caller()
    run, pen = await one.start(caller)
    pen.write("a part")
    await eventually(lambda: one.row(run)["answer"] == "a part", "the part is stored")
    await one.crash()
    reader = asyncio.create_task(all_of(await other.runs.rejoin(caller, run.key.task_id, 0)))
    await other.runs.stop(caller, run.key.task_id)
    events = await reader
    assert [event.WhichOneof("body") for event in events] == ["message", "message_end"]
    assert told(events) == "a part"
    row = other.row(run)
    assert (row["status"], row["message_status"], row["answer"]) == ("stopped", "normal", "a part")


async def test_g5_final_commit_whose_reply_is_lost_is_the_end_and_no_takeover(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, pen = await node.start(some_caller())
    send = node.db.send
    lost: list[bool] = []

    async def lossy(order: Order) -> Any:
        rows = await send(order)
        if not lost:
            lost.append(True)
            raise OperationalError("EXECUTE", {}, Exception("server closed the connection unexpectedly"))
        return rows

    monkeypatch.setattr(node.db, "send", lossy)
    pen.write("whole")
    pen.end()
    events = await all_of(node.runs.follow(run))
    assert [event.WhichOneof("body") for event in events] == ["message", "message_end"]
    assert node.row(run)["status"] == "succeeded"


async def test_g8_usage_that_the_provider_reported_is_stored_and_told_once(node: Node) -> None:
    run, pen = await node.start(some_caller())
    pen.write("a")
    pen.end(Usage(1234, 56, 1290))
    events = await all_of(node.runs.follow(run))
    usage = events[-1].message_end.metadata.usage
    row = node.row(run)
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (1234, 56, 1290)
    assert (row["message_tokens"], row["answer_tokens"]) == (1234, 56)
    assert row["metadata"]["usage"]["total_tokens"] == 1290
