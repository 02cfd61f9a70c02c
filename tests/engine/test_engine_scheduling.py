"""Which nodes run, when, and how a run ends (workflow-engine.md 2, 3, 4)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from server.engine.engine import Engine, Limits, Variables, single_node
from server.engine.events import NodeAborted, NodeFinished, RunFinished
from server.engine.graph import GraphError
from server.engine.node import Context, Result, RunInfo
from tests.engine.flows import (
    CHAT,
    INFO,
    PORTS,
    Told,
    answer,
    do,
    document,
    end,
    fails,
    gives,
    graph,
    node,
    run,
    spent,
    start,
    streams,
    waits,
)


def branch(case: str = "true", value: str = "a") -> dict[str, Any]:
    return node("if", "if-else", cases=[{"case_id": case, "logical_operator": "and", "conditions": [
        {"variable_selector": ["start", "q"], "comparison_operator": "is", "value": value},
    ]}])


async def test_events_of_a_simple_run_are_in_order() -> None:
    told = await run(graph(start("q"), gives("n", x=1), end(out="n.x"), "start > n > end"), q="hi")
    assert told.names == ["run", "+start", "-start", "+n", "'1'", "-n", "+end", "-end", "succeeded"]
    assert told.end.outputs == {"out": 1}
    assert told.end.steps == 3
    assert [event.node.index for event in told.of(NodeFinished)] == [1, 2, 3]
    assert [event.node.predecessor for event in told.of(NodeFinished)] == ["", "start", "n"]


async def test_undeclared_inputs_are_dropped_and_missing_ones_are_null() -> None:
    told = await run(graph(start("q", "r"), end(q="start.q", r="start.r", x="start.x"), "start > end"), q="hi", x="no")
    assert told.end.outputs == {"q": "hi", "r": None, "x": None}


async def test_start_shows_system_variables_in_its_record() -> None:
    told = await run(graph(start("q"), end(), "start > end"), system={"user_id": "u", "files": []}, q="hi")
    assert told.finished("start").outputs == {"q": "hi", "sys.user_id": "u", "sys.files": []}
    assert told.finished("start").inputs == told.finished("start").outputs


async def test_join_runs_once_after_all_its_branches() -> None:
    gate = asyncio.Event()

    async def open_gate(ctx: Context) -> Result:
        gate.set()
        return Result(outputs={"x": "b"})

    told = await run(graph(
        start(), waits("a", gate, x="a"), do("b", open_gate), end(a="a.x", b="b.x"), "start > a > end", "start > b > end",
    ))
    assert told.ran.count("end") == 1
    assert told.end.outputs == {"a": "a", "b": "b"}


async def test_parallel_branches_really_run_at_once() -> None:
    async def sleep(ctx: Context) -> Result:
        await asyncio.sleep(0.05)
        return Result()

    branches = [do(f"n{index}", sleep) for index in range(10)]
    ways = [f"start > n{index} > end" for index in range(10)]
    began = time.perf_counter()
    told = await run(graph(start(), *branches, end(), *ways))
    assert time.perf_counter() - began < 0.25
    assert told.end.steps == 12


@pytest.mark.parametrize(("value", "taken"), [("a", "yes"), ("b", "no")], ids=["holds", "else"])
async def test_aggregator_after_a_branch_gives_the_one_that_ran(value: str, taken: str) -> None:
    told = await run(graph(
        start("q"), branch(), gives("yes", x="yes"), gives("no", x="no"),
        node("agg", "variable-aggregator", variables=[["yes", "x"], ["no", "x"]]), end(out="agg.output"),
        "start > if:true > yes > agg > end", "if:false > no > agg",
    ), q=value)
    assert told.end.outputs == {"out": taken}
    assert set(told.ran) == {"start", "if", taken, "agg", "end"}


async def test_branch_without_an_edge_for_its_handle_ends_the_run_well() -> None:
    told = await run(graph(start("q"), branch(), end(out="start.q"), "start > if:true > end"), q="other")
    assert (told.end.status, told.end.outputs, told.end.steps) == ("succeeded", {}, 2)


async def test_skipping_goes_on_to_a_join_that_another_branch_reaches() -> None:
    told = await run(graph(
        start("q"), branch(), gives("a", x=1), gives("b", x=2), gives("c", x=3), end(out="c.x"),
        "start > if:true > a > b > end", "if:false > c > end",
    ), q="other")
    assert told.ran == ["start", "if", "c", "end"]
    assert told.end.outputs == {"out": 3}


async def test_edges_from_where_nothing_leads_count_as_skipped() -> None:
    told = await run(graph(start(), gives("lost", x=1), end(out="start.q"), "start > end", "lost > end"))
    assert told.ran == ["start", "end"]


async def test_circle_outside_of_a_loop_never_runs() -> None:
    told = await run(graph(start(), gives("a", x=1), gives("b", x=1), "start > a > b > a"))
    assert (told.end.status, told.ran) == ("succeeded", ["start"])


async def test_run_without_end_has_no_outputs() -> None:
    told = await run(graph(start(), gives("a", x=1), "start > a"))
    assert (told.end.status, told.end.outputs) == ("succeeded", {})


async def test_later_end_overwrites_equal_outputs() -> None:
    told = await run(graph(
        start(), gives("a", x=1), gives("b", x=2), end("end1", out="a.x", one="a.x"), end("end2", out="b.x"),
        "start > a > end1", "start > a > b > end2",
    ))
    assert told.end.outputs == {"out": 2, "one": 1}


async def test_answers_of_a_chatflow_follow_each_other() -> None:
    told = await run(graph(
        start("q"), answer("one ", "a1"), answer("two {{#start.q#}}", "a2"), "start > a1 > a2",
    ), run_info=CHAT, q="x")
    assert told.end.outputs["answer"] == "one two x"
    assert told.text == "one two x"


async def test_trigger_passes_on_what_it_brought_and_other_roots_stay_out() -> None:
    what = graph(
        node("hook", "trigger-webhook"), node("clock", "trigger-schedule"), end("end1", out="hook.body"),
        end("end2", out="clock.x"), "hook > end1", "clock > end2",
    )
    told = await run(what, body="b")
    assert (told.ran, told.end.outputs) == (["hook", "end1"], {"out": "b"})
    told = await run(what, root="clock", body="b")
    assert told.ran == ["clock", "end2"]


async def test_too_many_steps_abort_the_run() -> None:
    nodes = [gives(f"n{index}", x=index) for index in range(600)]
    told = await run(graph(start(), *nodes, " > ".join(["start", *(f"n{index}" for index in range(600))])))
    assert (told.end.status, told.end.aborted) == ("failed", True)
    assert told.end.error == "Aborted: Maximum execution steps exceeded: 501 > 500"
    assert len(told.of(NodeFinished)) == 500


async def test_as_many_steps_as_allowed_are_fine() -> None:
    nodes = [gives(f"n{index}", x=index) for index in range(4)]
    what = graph(start(), *nodes, "start > n0 > n1 > n2 > n3")
    assert (await run(what, limits=Limits(steps=5))).end.status == "succeeded"
    assert (await run(what, limits=Limits(steps=4))).end.aborted


async def test_too_long_a_run_is_aborted_even_while_a_node_hangs() -> None:
    told = await run(graph(start(), waits("n", asyncio.Event()), "start > n"), limits=Limits(seconds=0.05))
    assert (told.end.status, told.end.aborted) == ("failed", True)
    assert told.end.error.startswith("Aborted: Maximum execution time exceeded: 0.0")
    assert told.end.error.endswith("s > 0.05s")
    assert [event.node.node_id for event in told.of(NodeAborted)] == ["n"]


async def test_stop_cancels_nodes_and_keeps_the_text_so_far() -> None:
    cancelled = False

    async def hang(ctx: Context) -> Result:
        nonlocal cancelled
        ctx.stream("text", "so far")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise
        return Result()

    what = graph(start(), do("llm", hang), answer("{{#llm.text#}} never"), "start > llm > answer")
    engine = Engine(what, PORTS, CHAT, Variables())
    events = []
    async for event in engine.run():
        events.append(event)
        if type(event).__name__ == "TextStreamed":
            engine.stop()
    told = Told(events)
    assert cancelled
    assert told.text == "so far"
    assert told.names[-2:] == ["!llm", "stopped"]
    assert (told.end.error, told.end.steps, told.end.aborted) == ("Stopped by user.", 2, False)
    assert told.of(NodeAborted)[0].error == "Stopped by user."


async def test_stop_before_the_first_step_still_ends_the_run() -> None:
    engine = Engine(graph(start(), end(), "start > end"), PORTS, INFO, Variables())
    engine.stop("Stopped by input moderation.")
    events = [event async for event in engine.run()]
    assert [type(event).__name__ for event in events] == ["RunStarted", "RunFinished"]
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert (last.status, last.error) == ("stopped", "Stopped by input moderation.")


async def test_stop_right_after_the_start_still_ends_the_run() -> None:
    engine = Engine(graph(start(), waits("n", asyncio.Event()), "start > n"), PORTS, INFO, Variables())
    events = engine.run()
    asyncio.get_running_loop().call_soon(engine.stop)
    told = Told([event async for event in events])
    assert told.end.status == "stopped"


async def test_closing_the_events_cancels_what_runs() -> None:
    cancelled = asyncio.Event()

    async def hang(ctx: Context) -> Result:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return Result()

    events = Engine(graph(start(), do("n", hang), "start > n"), PORTS, INFO, Variables()).run()
    async for event in events:
        if type(event).__name__ == "NodeFinished":
            break
    await asyncio.sleep(0)
    await events.aclose()  # type: ignore[attr-defined]
    assert cancelled.is_set()


async def test_tokens_and_prices_are_counted() -> None:
    async def pay(ctx: Context) -> Result:
        return Result(spent=spent(7, "0.0000066"))

    told = await run(graph(start(), do("a", pay), do("b", pay), "start > a > b"))
    assert told.end.tokens == 14
    assert len(told.end.spent) == 2
    assert told.finished("a").metadata == {"total_tokens": 7, "total_price": "0.0000066", "currency": "USD"}
    assert told.finished("start").metadata == {}


async def test_one_node_runs_alone_with_given_variables() -> None:
    what = graph(start("q"), fails("n"), end(out="n.obj.x"), "start > n > end")
    engine = single_node(what, "end", PORTS, INFO, Variables(), values={("n", "obj", "x"): 5})
    told = Told([event async for event in engine.run()])
    assert told.names == ["run", "+end", "-end", "succeeded"]
    assert told.finished("end").outputs == {"out": 5}
    engine = single_node(what, "n", PORTS, INFO, Variables())
    told = Told([event async for event in engine.run()])
    assert (told.end.status, told.finished("n").inputs) == ("failed", {"seen": 1})


async def test_many_runs_share_one_graph() -> None:
    what = graph(start("q"), streams("llm", "a", "b"), answer("{{#start.q#}} {{#llm.text#}}"), "start > llm > answer")
    runs = await asyncio.gather(*(run(what, run_info=CHAT, q=str(index)) for index in range(20)))
    assert [told.end.outputs["answer"] for told in runs] == [f"{index} ab" for index in range(20)]


def test_document_of_tests_names_its_edges() -> None:
    edges = document(start(), end(), "start:x > end")["edges"]
    assert edges == [{"id": "e0", "source": "start", "target": "end", "sourceHandle": "x"}]


async def test_too_deep_a_workflow_fails() -> None:
    told = await run(graph(start(), end(), "start > end"), run_info=RunInfo("t", "a", "w", "r", "u", depth=6))
    assert (told.end.status, told.end.error, told.ran) == ("failed", "Max workflow call depth 5 reached.", [])
    assert (await run(graph(start(), end(), "start > end"), run_info=RunInfo("t", "a", "w", "r", "u", depth=5))).end.status == "succeeded"


async def test_container_runs_alone_with_its_rounds() -> None:
    what = graph(
        start(), fails("before"), node("it", "iteration", iterator_selector=["before", "l"], output_selector=["child", "x"], start_node_id="go"),
        node("go", "iteration-start"), gives("child", x=1), "start > before > it", "go > child",
    )
    engine = single_node(what, "it", PORTS, INFO, Variables(), values={("before", "l"): ["a", "b"]})
    told = Told([event async for event in engine.run()])
    assert told.finished("it").outputs == {"output": [1, 1]}
    assert told.ran == ["it", "child", "child"]


def test_node_that_is_not_there_cannot_run_alone() -> None:
    with pytest.raises(GraphError):
        single_node(graph(start()), "gone", PORTS, INFO, Variables())
