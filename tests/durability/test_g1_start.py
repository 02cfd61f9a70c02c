"""G1 between the commit of a question and the start of its run, held step by step."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from server.chat.turn import Question
from server.db.direct import Order
from server.kit.caller import Caller
from tests.durability.node import Node, Pen, all_of, eventually, some_caller, told


def _statuses(node: Node, caller: Caller) -> list[str]:
    """Of the runs of the caller's app."""
    with node.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT status FROM runs WHERE app_id = %s", (caller.the_app.app_id,))
        return list(rows.scalars())


async def test_g1_client_that_leaves_during_the_commit_still_gets_its_answer_stored(node: Node) -> None:
    held, inside = asyncio.Event(), asyncio.Event()
    store = node.chat._store

    async def slowly(*args: Any) -> Any:
        key = await store(*args)
        inside.set()
        await held.wait()
        return key

    node.chat._store = slowly  # type: ignore[method-assign]
    node.models.pen = pen = Pen()
    caller = some_caller()
    call = asyncio.create_task(node.chat.start(caller, Question(inputs={}, query="hello")))
    await asyncio.wait_for(inside.wait(), 10)
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call
    held.set()
    await eventually(lambda: node.runs.active, "the run works without its caller")
    pen.write("kept")
    pen.end()
    await eventually(lambda: _statuses(node, caller) == ["succeeded"], "the run ended")


async def test_g5_run_whose_commit_was_reported_as_failed_ends_within_the_lease(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks after the statement was carried out: the row is there, the caller was told 503."""
    send = node.db.send
    caller = some_caller()
    broken: list[bool] = []

    async def lossy(order: Order) -> Any:
        rows = await send(order)
        if not broken:
            broken.append(True)
            raise OperationalError("EXECUTE", {}, Exception("server closed the connection unexpectedly"))
        return rows

    monkeypatch.setattr(node.db, "send", lossy)
    with pytest.raises(OperationalError):
        await node.chat.start(caller, Question(inputs={}, query="hello"))
    assert _statuses(node, caller) == ["running"]
    await eventually(lambda: _statuses(node, caller) == ["failed"], "the orphan ended")


async def test_g1_answer_with_characters_that_the_database_refuses_is_stored_without_them(node: Node) -> None:
    run, pen = await node.start(some_caller())
    pen.write("a\x00b", "\x00", "c")
    pen.end()
    events = await all_of(node.runs.follow(run))
    assert told(events) == "abc"
    assert [event.WhichOneof("body") for event in events] == ["message", "message", "message_end"]
    assert node.row(run)["answer"] == "abc"


async def test_g5_run_that_breaks_in_our_code_ends_with_an_error_and_keeps_its_part(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, pen = await node.start(some_caller())
    pen.write("a part")
    await eventually(lambda: node.row(run)["answer"] == "a part", "the part is stored")

    def broken(*_: Any) -> Any:
        raise ValueError("a bug")

    monkeypatch.setattr(node.endings, "_final_message", broken)
    pen.end()
    events = await all_of(node.runs.follow(run))
    assert events[-1].error.code == "internal_server_error"
    row = node.row(run)
    assert (row["status"], row["message_status"], row["answer"]) == ("failed", "error", "a part")
