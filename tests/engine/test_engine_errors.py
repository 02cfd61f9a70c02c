"""What a failing node does to its run (workflow-engine.md 5)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.engine.events import NodeAborted, NodeRetried, NodeStarted
from server.engine.graph import Graph, GraphError
from server.engine.node import Context, NodeError, Result
from server.engine.ports import CodeFaultError, HttpFaultError, ToolFaultError
from server.kit.errors import AppError, Reason
from tests.engine.flows import do, document, end, fails, find_class, gives, graph, run, spent, start, waits


def flaky(times: int, **data: Any) -> dict[str, Any]:
    left = [times]

    async def go(ctx: Context) -> Result:
        if left[0]:
            left[0] -= 1
            raise NodeError("not yet", usage=spent(3))
        return Result(outputs={"x": "done"}, spent=spent(4))

    return do("n", go, **data)


RETRY = {"retry_enabled": True, "max_retries": 2, "retry_interval": 1}


async def test_failure_without_a_strategy_fails_the_run() -> None:
    told = await run(graph(start(), fails("n"), end(out="n.x"), "start > n > end"))
    assert told.names == ["run", "+start", "-start", "+n", "-n:failed", "failed"]
    assert (told.end.error, told.end.outputs, told.end.exceptions, told.end.steps) == ("boom", {}, 1, 2)
    finished = told.finished("n")
    assert (finished.error, finished.inputs, finished.outputs) == ("boom", {"seen": 1}, {})


async def test_failure_cuts_off_other_branches_with_the_same_error() -> None:
    never = asyncio.Event()
    told = await run(graph(
        start(), fails("n"), waits("slow", never), gives("after", x=1), "start > slow > after", "start > n",
    ))
    assert told.end.status == "failed"
    assert "after" not in told.ran
    assert [(event.node.node_id, event.error) for event in told.of(NodeAborted)] == [("slow", "boom")]


async def test_fail_branch_failure_leaves_by_it_with_the_error() -> None:
    told = await run(graph(
        start(), fails("n", error_strategy="fail-branch"), end("ok", out="n.x"), end("bad", why="n.error_message", kind="n.error_type"),
        "start > n:source > ok", "n:fail-branch > bad",
    ))
    assert (told.end.status, told.end.exceptions) == ("partial-succeeded", 1)
    assert told.end.outputs == {"why": "boom", "kind": "Boom"}
    assert (told.finished("n").status, told.finished("n").handle) == ("exception", "fail-branch")
    assert told.finished("n").metadata == {"error_strategy": "fail-branch"}
    assert told.ran == ["start", "n", "bad"]


async def test_fail_branch_success_leaves_by_source() -> None:
    node = gives("n", x=1)
    node["data"]["error_strategy"] = "fail-branch"
    told = await run(graph(
        start(), node, end("ok", out="n.x"), end("bad"), end("success"),
        "start > n:source > ok", "n:fail-branch > bad", "n:success-branch > success",
    ))
    assert (told.end.status, told.ran) == ("succeeded", ["start", "n", "ok"])


async def test_default_value_goes_on_with_defaults_and_the_error() -> None:
    told = await run(graph(
        start(), fails("n", error_strategy="default-value", default_value=[
            {"key": "x", "type": "string", "value": "spare"}, {"key": "n", "type": "number", "value": "2"},
            {"key": "o", "type": "object", "value": '{"a": [1]}'}, {"key": "l", "type": "array[string]", "value": ["y"]},
        ]), end(out="n.x", n="n.n", a="n.o.a", l="n.l", why="n.error_message", kind="n.error_type"), "start > n > end",
    ))
    assert (told.end.status, told.end.exceptions) == ("partial-succeeded", 1)
    assert told.end.outputs == {"out": "spare", "n": 2.0, "a": [1], "l": ["y"], "why": "boom", "kind": "Boom"}
    assert told.finished("n").status == "exception"


BAD_DEFAULTS = [
    ("json", {"type": "object", "value": "{"}, "Invalid JSON format for value: {"),
    ("number", {"type": "number", "value": "x"}, "Cannot convert to number: x"),
    ("dict", {"type": "object", "value": "[1]"}, "Value must be dict type for [1]"),
    ("list", {"type": "array[number]", "value": "1"}, "Value must be list type for 1"),
]


@pytest.mark.parametrize(("default", "message"), [row[1:] for row in BAD_DEFAULTS], ids=[row[0] for row in BAD_DEFAULTS])
def test_bad_default_is_refused_before_a_run(default: dict[str, Any], message: str) -> None:
    bad = fails("n", error_strategy="default-value", default_value=[{"key": "x", **default}])
    with pytest.raises(GraphError) as caught:
        Graph.parse(document(start(), bad, "start > n"), find_class)
    assert str(caught.value) == f"Node 'N' (n): {message}"


async def test_retry_then_success_is_a_partial_success() -> None:
    told = await run(graph(start(), flaky(1, retry_config=RETRY), end(out="n.x"), "start > n > end"))
    assert (told.end.status, told.end.exceptions, told.end.outputs) == ("partial-succeeded", 1, {"out": "done"})
    assert told.names[3:6] == ["+n", "retry n 1", "'done'"]
    assert told.finished("n").node.execution_id == told.of(NodeRetried)[0].node.execution_id
    assert len([event for event in told.of(NodeStarted) if event.node.node_id == "n"]) == 1
    assert told.end.tokens == 7


async def test_retries_end_in_the_strategy() -> None:
    told = await run(graph(
        start(), flaky(9, retry_config=RETRY, error_strategy="fail-branch"), end(why="n.error_message"), "start > n:fail-branch > end",
    ))
    assert [event.retry_index for event in told.of(NodeRetried)] == [1, 2]
    assert (told.end.status, told.end.exceptions, told.end.outputs) == ("partial-succeeded", 3, {"why": "not yet"})


async def test_retries_end_in_failure() -> None:
    told = await run(graph(start(), flaky(9, retry_config=RETRY), "start > n"))
    assert (told.end.status, told.end.exceptions) == ("failed", 3)


@pytest.mark.parametrize("config", [
    {"retry_enabled": False, "max_retries": 3}, {"retry_enabled": True, "max_retries": 0}, None,
], ids=["off", "zero", "none"])  # fmt: skip
async def test_without_retries_the_first_failure_counts(config: dict[str, Any] | None) -> None:
    told = await run(graph(start(), flaky(1, retry_config=config), "start > n"))
    assert (told.end.status, told.of(NodeRetried)) == ("failed", [])


async def test_retry_waits_its_interval() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await run(graph(start(), flaky(1, retry_config={**RETRY, "retry_interval": 40}), "start > n"))
    assert loop.time() - began >= 0.04


async def test_stop_while_a_retry_waits_is_prompt() -> None:
    from server.engine.engine import Engine, Variables
    from tests.engine.flows import INFO, PORTS, Told

    what = graph(start(), flaky(9, retry_config={**RETRY, "retry_interval": 60000}), "start > n")
    engine = Engine(what, PORTS, INFO, Variables())
    events = []
    async with asyncio.timeout(2):
        async for event in engine.run():
            events.append(event)
            if isinstance(event, NodeRetried):
                engine.stop()
    assert Told(events).end.status == "stopped"


FAULTS = [
    ("code", CodeFaultError("Traceback", "CodeExecutionError"), "Traceback", "CodeExecutionError"),
    ("http", HttpFaultError("refused"), "refused", "HttpRequestNodeError"),
    ("tool", ToolFaultError("no such tool"), "no such tool", "ToolInvokeError"),
    ("provider", AppError(Reason.PROVIDER_NOT_INITIALIZE, "Model x credentials is not initialized."),
     "Model x credentials is not initialized.", "AppError"),
    ("timeout", TimeoutError(), "It took too long.", "TimeoutError"),
    ("bug", KeyError("secret detail"), "The node failed for a reason of ours; the server's log says more.", "KeyError"),
    ("cancelled", asyncio.CancelledError(), "Something that the node waited for was cancelled.", "CancelledError"),
]


@pytest.mark.parametrize(("fault", "message", "kind"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
async def test_whatever_a_node_raises_fails_it_with_a_text_that_may_be_shown(
    fault: BaseException, message: str, kind: str
) -> None:
    async def go(ctx: Context) -> Result:
        raise fault

    told = await run(graph(
        start(), do("n", go, error_strategy="fail-branch"), end(why="n.error_message", kind="n.error_type"), "start > n:fail-branch > end",
    ))
    assert told.end.outputs == {"why": message, "kind": kind}
