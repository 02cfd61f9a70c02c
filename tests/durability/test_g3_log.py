"""G3 in the event log and its readers, step by step: retries, gaps, takeovers, late and slow readers."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg2
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from server.runs.run import Run
from tests.durability.node import Node, all_of, eventually, plain_redis, some_caller, told


def _numbers(events: Any) -> list[int]:
    return [event.sequence for event in events]


async def _answer(node: Node, pieces: int = 3) -> tuple[Any, Run]:
    """A finished run of which everything is in the log; its caller and itself."""
    caller = some_caller()
    run, pen = await node.start(caller)
    pen.write(*(f"w{at} " for at in range(pieces)))
    pen.end()
    await run.finished.wait()
    await eventually(lambda: not node.runs.active, "everything is in the log")
    return caller, run


async def test_g3_log_written_twice_is_read_once(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis took the events, but its reply was lost: they are written again, together with newer ones."""
    append = node.log.append
    lost: list[bool] = []

    async def lossy(batches: Any) -> Any:
        written = await append(batches)
        if not lost:
            lost.append(True)
            raise RedisConnectionError("the reply is lost")
        return written

    monkeypatch.setattr(node.log, "append", lossy)
    caller = some_caller()
    run, pen = await node.start(caller)
    pen.write("a ", "b ")
    await eventually(lambda: lost, "a reply is lost")
    pen.write("c ")
    pen.end()
    await eventually(lambda: run.outcome is not None and not node.runs.active, "the log is complete")
    events = await all_of(await node.runs.rejoin(caller, run.key.task_id, 0))
    assert _numbers(events) == [1, 2, 3, 4]
    assert told(events) == "a b c "


async def test_g3_same_batch_written_twice_is_not_taken_for_another_writer(node: Node) -> None:
    caller, run = await _answer(node)
    events = await all_of(await node.runs.rejoin(caller, run.key.task_id, 0))
    again = await node.log.append([(run.key.task_id, events)])
    assert again == [True]
    assert _numbers(await all_of(await node.runs.rejoin(caller, run.key.task_id, 0))) == [1, 2, 3, 4]


async def test_g3_log_that_redis_refuses_to_write_waits_in_memory(node: Node) -> None:
    """Out of memory, read-only, misconfigured: the events are not given up."""
    redis = plain_redis(node.settings.redis_url)
    await redis.execute_command("ACL", "SETUSER", "default", "-xadd")
    try:
        caller = some_caller()
        run, pen = await node.start(caller)
        pen.write("a ")
        pen.end()
        await run.finished.wait()
        with pytest.raises(ResponseError):
            await redis.xadd("probe", {"a": "b"})
        await eventually(lambda: node.keeper._in_log_trouble, "the refusal was noticed")
        assert run.unlogged(1), "refused events are still to be written"
    finally:
        await redis.execute_command("ACL", "SETUSER", "default", "+xadd")
    await eventually(lambda: not node.runs.active, "the log is written at last")
    assert _numbers(await all_of(await node.runs.rejoin(caller, run.key.task_id, 0))) == [1, 2]
    await redis.aclose()


async def test_g3_reader_of_another_process_never_skips_a_gap_in_the_log(pair: tuple[Node, Node]) -> None:
    """Redis lost the first half (it came back empty): what is missing is rebuilt, not left out."""
    one, other = pair
    caller = some_caller()
    run, pen = await one.start(caller)
    pen.write("first ")
    await eventually(lambda: run.logged == 1, "the first event is logged")
    redis = plain_redis(one.settings.redis_url)
    await redis.flushdb()
    pen.write("second ")
    await eventually(lambda: run.logged == 2, "the second event is logged")
    reader = asyncio.create_task(all_of(await other.runs.rejoin(caller, run.key.task_id, 0)))
    follower = asyncio.create_task(all_of(await other.runs.rejoin(caller, run.key.task_id, 1)))
    here = asyncio.create_task(all_of(await one.runs.rejoin(caller, run.key.task_id, 0)))
    await asyncio.sleep(0.1)
    pen.write("third")
    pen.end()
    assert told(await reader) == "first second third"
    assert told(await here) == "first second third"
    assert _numbers(await follower) == [2, 3, 4]
    await redis.aclose()


async def test_g3_local_reader_goes_on_when_the_log_is_lost(node: Node) -> None:
    caller = some_caller()
    run, pen = await node.start(caller)
    pen.write("first ", "second ")
    await eventually(lambda: run.base == 2, "what is logged has left memory")
    redis = plain_redis(node.settings.redis_url)
    await redis.flushdb()
    reader = asyncio.create_task(all_of(await node.runs.rejoin(caller, run.key.task_id, 0)))
    await asyncio.sleep(0.1)
    pen.write("third")
    pen.end()
    events = await reader
    assert told(events) == "first second third"
    assert _numbers(events) == [2, 3, 4]
    await redis.aclose()


async def test_g3_late_reader_gets_the_answer_from_the_database_when_the_log_expired(node: Node) -> None:
    caller, run = await _answer(node)
    redis = plain_redis(node.settings.redis_url)
    await redis.flushdb()
    with psycopg2.connect(node.postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs SET finished_at = finished_at - interval '1 day' WHERE task_id = %s", (run.key.task_id,)
        )
    for after, wanted in ((0, [3, 4]), (2, [3, 4]), (3, [4]), (4, [])):
        events = await all_of(await node.runs.rejoin(caller, run.key.task_id, after))
        assert _numbers(events) == wanted, after
        if 3 in wanted:
            assert told(events) == "w0 w1 w2"
        if wanted:
            assert events[-1].message_end.metadata.usage.completion_tokens == 3
    await redis.aclose()


async def test_g3_reader_that_has_everything_gets_nothing_twice(node: Node) -> None:
    caller, run = await _answer(node)
    assert await all_of(await node.runs.rejoin(caller, run.key.task_id, 4)) == []
    assert _numbers(await all_of(await node.runs.rejoin(caller, run.key.task_id, 3))) == [4]


async def test_g3_reader_that_joins_far_behind_is_not_taken_for_a_slow_one(
    postgres_url: str, fresh_redis_url: str
) -> None:
    async with Node(postgres_url, fresh_redis_url, reader_lag_events=10) as node:
        caller = some_caller()
        run, pen = await node.start(caller)
        pen.write(*(f"{at} " for at in range(50)))
        await eventually(lambda: run.last == 50, "the model wrote")
        held = await node.runs.rejoin(caller, run.key.task_id, 0)
        reader = asyncio.create_task(all_of(held))
        await asyncio.sleep(0.1)
        pen.end()
        assert _numbers(await reader) == list(range(1, 52))


async def test_g3_slow_reader_is_cut_off_and_resumes_where_it_was(postgres_url: str, fresh_redis_url: str) -> None:
    async with Node(postgres_url, fresh_redis_url, reader_lag_events=10) as node:
        caller = some_caller()
        run, pen = await node.start(caller)
        slow = node.runs.follow(run)
        pen.write("0 ")
        seen = await anext(slow)
        pen.write(*(f"{at} " for at in range(1, 50)))
        await eventually(lambda: run.logged == 50 and run.base > 1, "the run did not wait for its reader")
        cut = await anext(slow)
        assert [event.error.code for event in cut] == ["too_many_requests"]
        assert "Last-Event-ID: 1" in cut[0].error.message
        assert cut[0].sequence == 1
        assert [batch async for batch in slow] == []
        pen.end()
        rest = await all_of(await node.runs.rejoin(caller, run.key.task_id, 1))
        assert _numbers([*seen, *rest]) == list(range(1, 52))
        assert told([*seen, *rest]) == "".join(f"{at} " for at in range(50))


async def test_g3_process_whose_run_was_taken_over_stops_writing(pair: tuple[Node, Node]) -> None:
    """A process that hung past its lease: the log is closed to it, its model call ends, all readers agree."""
    one, other = pair
    caller = some_caller()
    run, pen = await one.start(caller)
    pen.write("a ")
    await eventually(lambda: run.logged == 1, "the first event is logged")
    await one.freeze()
    await eventually(lambda: other.row(run)["status"] == "failed", "the other process ended the run")
    there = await all_of(await other.runs.rejoin(caller, run.key.task_id, 0))
    assert [event.WhichOneof("body") for event in there] == ["message", "error"]
    pen.write("b ", "c ", "d ")
    await eventually(lambda: run.last == 4, "the hung process goes on")
    await one.keeper.start()
    await asyncio.wait_for(pen.closed.wait(), 10)
    await run.finished.wait()
    assert run.outcome is not None and run.outcome.error is not None
    again = await all_of(await other.runs.rejoin(caller, run.key.task_id, 0))
    assert _numbers(again) == [1, 2]
    assert other.row(run)["status"] == "failed"


async def test_g3_reader_that_saw_more_than_the_log_of_a_dead_process_is_told_the_end(
    pair: tuple[Node, Node]
) -> None:
    """The last moment before SIGKILL is seen by local readers only."""
    one, other = pair
    caller = some_caller()
    run, pen = await one.start(caller)
    pen.write("a ")
    await eventually(lambda: run.logged == 1, "the first event is logged")
    await one.crash()
    await eventually(lambda: other.row(run)["status"] == "failed", "the run was swept")
    for after in (1, 2, 5):
        (end,) = await all_of(await other.runs.rejoin(caller, run.key.task_id, after))
        assert end.sequence == after + 1
        assert end.error.status == 500


async def test_g3_reader_of_a_deleted_run_is_told_so(pair: tuple[Node, Node]) -> None:
    one, other = pair
    caller = some_caller()
    run, pen = await one.start(caller)
    pen.write("a ")
    await eventually(lambda: run.logged == 1, "the first event is logged")
    reader = asyncio.create_task(all_of(await other.runs.rejoin(caller, run.key.task_id, 0)))
    with psycopg2.connect(one.postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM runs WHERE task_id = %s", (run.key.task_id,))
    events = await reader
    assert [event.WhichOneof("body") for event in events] == ["message", "error"]
    assert events[-1].error.code == "not_found"
