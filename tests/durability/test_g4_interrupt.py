"""G4 where the model call is interrupted, step by step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

from server.chat.turn import Question
from server.llm.port import Chunk
from tests.durability.node import Node, Pen, all_of, eventually, some_caller


class _Stubborn(Pen):
    """A model whose library swallows the first cancel, as ``asyncio.wait_for`` of Python 3.11 may."""

    swallowed = 0

    async def stream(self) -> AsyncGenerator[Chunk, None]:
        yield Chunk(text="a part")
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if self.swallowed:
                    raise
                self.swallowed += 1


async def test_g4_stop_whose_interrupt_is_swallowed_is_repeated(node: Node) -> None:
    caller = some_caller()
    node.models.pen = pen = _Stubborn()
    run = await node.chat.start(caller, Question(inputs={}, query="hello"))
    await eventually(lambda: run.last == 1, "the model speaks")
    started = time.monotonic()
    await node.runs.stop(caller, run.key.task_id)
    await run.finished.wait()
    assert time.monotonic() - started < 1
    assert pen.swallowed == 1
    assert node.row(run)["status"] == "stopped"


async def test_g4_run_beyond_the_time_limit_is_stopped_and_kept(postgres_url: str, fresh_redis_url: str) -> None:
    async with Node(postgres_url, fresh_redis_url, run_max_seconds=1) as node:
        run, pen = await node.start(some_caller())
        pen.write("a part")
        events = await all_of(node.runs.follow(run))
        assert [event.WhichOneof("body") for event in events] == ["message", "message_end"]
        row = node.row(run)
        assert (row["status"], row["message_status"], row["answer"]) == ("stopped", "normal", "a part")
        assert pen.closed.is_set()


async def test_g5_timeout_inside_the_model_is_a_failure_and_no_stop(node: Node) -> None:
    run, pen = await node.start(some_caller())
    pen.write("a part")
    pen.fail(TimeoutError("a socket"))
    events = await all_of(node.runs.follow(run))
    assert events[-1].error.code == "internal_server_error"
    row = node.row(run)
    assert (row["status"], row["answer"], row["message_error"]) == ("failed", "a part", "TimeoutError('a socket')")


async def test_g4_drain_stops_what_outlasts_its_grace(node: Node) -> None:
    run, pen = await node.start(some_caller())
    pen.write("a part")
    await node.runs.drain(0.1)
    assert run.outcome is not None
    row = node.row(run)
    assert (row["status"], row["message_status"], row["answer"]) == ("stopped", "normal", "a part")
