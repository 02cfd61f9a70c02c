"""Iterations and loops (workflow-engine.md 8.12, 8.13)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.engine.engine import Engine, Limits, Variables
from server.engine.events import ContainerFinished, ContainerNext, ContainerStarted, NodeAborted, NodeFinished, Scope
from server.engine.graph import Graph, GraphError
from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes.loop import LoopNode
from tests.engine.flows import (
    CHAT,
    INFO,
    PORTS,
    Told,
    answer,
    do,
    document,
    end,
    find_class,
    gives,
    graph,
    node,
    run,
    spent,
    start,
    streams,
)


def iteration(**data: Any) -> dict[str, Any]:
    return node("it", "iteration", **{
        "iterator_selector": ["list", "items"], "output_selector": ["child", "x"], "start_node_id": "go", **data,
    })


async def upper(ctx: Context) -> Result:
    item = ctx.get(("it", "item"))
    if item == "bad":
        raise NodeError("bad item", "ItemError")
    return Result(outputs={"x": item.upper() if isinstance(item, str) else item})


def over(items: Any, child: Any = upper, **data: Any) -> Graph:
    return graph(
        start(), gives("list", items=items), iteration(**data), node("go", "iteration-start"), do("child", child),
        end(out="it.output"), "start > list > it > end", "go > child",
    )


async def test_iteration_runs_a_round_for_each_item() -> None:
    told = await run(over(["a", "b"]))
    assert told.end.outputs == {"out": ["A", "B"]}
    assert told.names[5:-3] == [
        "(it", "next 0", "+child", "-child", "next 1", "+child", "-child", "'- A\n- B'", ")it",
    ]  # fmt: skip
    assert told.end.steps == 6
    finished = [event for event in told.of(NodeFinished) if event.node.node_id == "child"]
    assert [event.node.scope for event in finished] == [Scope(iteration_id="it", iteration_index=index) for index in (0, 1)]
    assert finished[1].metadata == {"iteration_id": "it", "iteration_index": 1}


async def test_iteration_tells_its_length_and_durations() -> None:
    told = await run(over(["a", "b"]))
    (started,), (finished,) = told.of(ContainerStarted), told.of(ContainerFinished)
    assert (started.kind, started.length, started.inputs) == ("iteration", 2, {"iterator_selector": ["a", "b"]})
    assert (finished.steps, finished.outputs, finished.quiet) == (2, {"output": ["A", "B"]}, False)
    assert set(finished.metadata["iteration_duration_map"]) == {"0", "1"}
    assert {key: finished.metadata[key] for key in ("total_tokens", "total_price", "currency")} == {
        "total_tokens": 0, "total_price": "0", "currency": "USD",
    }  # fmt: skip


async def test_iteration_sums_what_its_rounds_cost() -> None:
    async def pay(ctx: Context) -> Result:
        return Result(outputs={"x": 1}, spent=spent(5, "0.0000015"))

    told = await run(over(["a", "b"], pay))
    assert told.end.tokens == 10
    metadata = told.of(ContainerFinished)[0].metadata
    assert (metadata["total_tokens"], metadata["total_price"]) == (10, "0.0000030")


@pytest.mark.parametrize("items", [[], None], ids=["empty", "none"])
async def test_iteration_over_nothing_says_nothing(items: Any) -> None:
    told = await run(over(items))
    assert told.end.outputs == {"out": []}
    assert told.of(ContainerStarted, ContainerNext) == []
    assert [event.quiet for event in told.of(ContainerFinished)] == [True]
    assert told.end.status == "succeeded"


async def test_iteration_over_something_else_fails() -> None:
    told = await run(over("text"))
    assert (told.end.status, told.end.error) == ("failed", "invalid iterator value: text, please provide a list.")
    assert [event.status for event in told.of(ContainerFinished)] == ["failed"]


async def test_iteration_over_what_was_never_written_fails() -> None:
    told = await run(over([], iterator_selector=["list", "zz"]))
    assert told.end.error == "iterator variable ['list', 'zz'] not found"


MODES = [
    ("terminated", ["a", "bad", "c"], "failed", None),
    ("continue-on-error", ["a", "bad", "c"], "succeeded", ["A", None, "C"]),
    ("remove-abnormal-output", ["a", "bad", "c"], "succeeded", ["A", "C"]),
]


@pytest.mark.parametrize("is_parallel", [False, True], ids=["sequential", "parallel"])
@pytest.mark.parametrize(("mode", "items", "status", "out"), MODES, ids=[row[0] for row in MODES])
async def test_iteration_handles_failed_rounds(mode: str, items: list[str], status: str, out: Any, is_parallel: bool) -> None:
    told = await run(over(items, error_handle_mode=mode, is_parallel=is_parallel))
    assert told.end.status == status
    if out is None:
        assert told.end.error == "bad item"
        assert [event.status for event in told.of(ContainerFinished)] == ["failed"]
    else:
        assert told.end.outputs == {"out": out}
        assert told.end.exceptions == 0


FLAT = [
    ("lists", [["a"], ["b", "c"]], {}, ["a", "b", "c"]),
    ("lists-kept", [["a"], ["b", "c"]], {"flatten_output": False}, [["a"], ["b", "c"]]),
    ("not-all-lists", [["a"], "b"], {}, [["a"], "B"]),
    ("one-level", [[["a"]], [["b"]]], {}, [["a"], ["b"]]),
]


@pytest.mark.parametrize(("items", "data", "out"), [row[1:] for row in FLAT], ids=[row[0] for row in FLAT])
async def test_iteration_flattens_lists_of_lists(items: Any, data: dict[str, Any], out: Any) -> None:
    assert (await run(over(items, **data))).end.outputs == {"out": out}


async def test_iteration_output_that_a_round_did_not_write_is_none() -> None:
    assert (await run(over(["a"], output_selector=["child", "zz"]))).end.outputs == {"out": [None]}


async def test_parallel_rounds_run_at_once_and_keep_the_order_of_items() -> None:
    running = most = 0

    async def slow(ctx: Context) -> Result:
        nonlocal running, most
        running += 1
        most = max(most, running)
        index = ctx.get(("it", "index"))
        await asyncio.sleep(0.02 - index * 0.003)
        running -= 1
        return Result(outputs={"x": index})

    told = await run(over(list("abcde"), slow, is_parallel=True, parallel_nums=3))
    assert most == 3
    assert told.end.outputs == {"out": [0, 1, 2, 3, 4]}


async def test_events_of_a_parallel_round_come_together() -> None:
    gate = asyncio.Event()

    async def late_first(ctx: Context) -> Result:
        if ctx.get(("it", "index")) == 0:
            await gate.wait()
        else:
            gate.set()
        return Result(outputs={"x": 1})

    told = await run(over(["a", "b"], late_first, is_parallel=True))
    middle = told.events[told.names.index("(it") + 1 :]
    assert [event.round for event in middle[:2] if isinstance(event, ContainerNext)] == [0, 1]
    children = [event.node.scope.iteration_index for event in middle[2:6] if event.node.node_id == "child"]
    assert children == [1, 1, 0, 0]


async def test_writes_of_a_round_stay_in_it_except_conversation_variables() -> None:
    seen: list[Any] = []

    async def look(ctx: Context) -> Result:
        seen.append((ctx.has(("child", "x")), ctx.get(("conversation", "count"))))
        return Result(outputs={"x": 1}, writes=[(("conversation", "count"), ctx.get(("conversation", "count")) + 1)])

    what = graph(
        start(), gives("list", items=["a", "b"]), iteration(), node("go", "iteration-start"), do("child", look),
        end(out="conversation.count", child="child.x"), "start > list > it > end", "go > child",
    )
    told = await run(what, conversation={"count": 0})
    assert seen == [(False, 0), (False, 1)]
    assert told.end.outputs == {"out": 2, "child": None}
    assert told.of(ContainerFinished)[0].writes == [(("conversation", "count"), 2)]


async def test_old_iteration_without_a_start_node_runs() -> None:
    child = do("child", upper, isIterationStart=True, isInIteration=True, iteration_id="it")
    told = await run(graph(
        start(), gives("list", items=["a"]), iteration(start_node_id="child"), child, end(out="it.output"), "start > list > it > end",
    ))
    assert told.end.outputs == {"out": ["A"]}
    told = await run(graph(
        start(), gives("list", items=["a"]), iteration(start_node_id=""), child, end(out="it.output"), "start > list > it > end",
    ))
    assert told.end.outputs == {"out": ["A"]}


async def test_container_without_a_start_is_refused() -> None:
    with pytest.raises(GraphError) as caught:
        Graph.parse(document(start(), iteration(start_node_id="gone"), "start > it"), find_class)
    assert str(caught.value) == "Node 'IT' (it): Its start node 'gone' is not in the graph."


async def test_answer_in_an_iteration_streams_each_round() -> None:
    told = await run(graph(
        start(), gives("list", items=["a", "b"]), iteration(output_selector=["say", "answer"]), node("go", "iteration-start"),
        streams("llm", "x", "y"), answer("{{#it.item#}}={{#llm.text#}};", "say"), "start > list > it", "go > llm > say",
    ), run_info=CHAT)
    assert told.text == "a=xy;b=xy;"


async def test_text_of_parallel_rounds_does_not_mix() -> None:
    told = await run(graph(
        start(), gives("list", items=["a", "b"]), iteration(output_selector=["say", "answer"], is_parallel=True),
        node("go", "iteration-start"), streams("llm", "x", "y"), answer("{{#it.item#}}={{#llm.text#}};", "say"),
        "start > list > it", "go > llm > say",
    ), run_info=CHAT)
    assert told.text in {"a=xy;b=xy;", "b=xy;a=xy;"}


async def test_iteration_with_a_strategy_goes_on() -> None:
    told = await run(graph(
        start(), gives("list", items=["bad"]), iteration(error_strategy="fail-branch"), node("go", "iteration-start"),
        do("child", upper), end(why="it.error_message"), "start > list > it:fail-branch > end", "go > child",
    ))
    assert (told.end.status, told.end.outputs) == ("partial-succeeded", {"why": "bad item"})
    assert (told.of(ContainerFinished)[0].status, told.of(ContainerFinished)[0].handle) == ("exception", "fail-branch")


async def test_limit_inside_an_iteration_ends_the_run_whatever_its_mode() -> None:
    told = await run(over(["a"] * 20, error_handle_mode="continue-on-error"), limits=Limits(steps=10))
    assert told.end.aborted
    assert told.end.error == "Aborted: Maximum execution steps exceeded: 11 > 10"


@pytest.mark.parametrize("is_parallel", [False, True], ids=["sequential", "parallel"])
async def test_stop_inside_an_iteration_ends_all_rounds(is_parallel: bool) -> None:
    async def hang(ctx: Context) -> Result:
        await asyncio.Event().wait()
        return Result()

    engine = Engine(over(["a", "b"], hang, is_parallel=is_parallel), PORTS, INFO, Variables())
    asyncio.get_running_loop().call_later(0.02, engine.stop)
    told = Told([event async for event in engine.run()])
    assert told.end.status == "stopped"
    aborted = [event.node.node_id for event in told.of(NodeAborted)]
    assert aborted == ["child"] * (2 if is_parallel else 1) + ["it"]
    assert told.of(NodeAborted)[-1].kind == "iteration"


async def test_iterations_nest() -> None:
    inner = node("in", "iteration", iterator_selector=["it", "item"], output_selector=["child", "x"], start_node_id="ingo")

    async def both(ctx: Context) -> Result:
        return Result(outputs={"x": f"{ctx.get(('it', 'index'))}{ctx.get(('in', 'item'))}"})

    told = await run(graph(
        start(), gives("list", items=[["a", "b"], ["c"]]), iteration(output_selector=["in", "output"]), node("go", "iteration-start"),
        inner, node("ingo", "iteration-start"), do("child", both), end(out="it.output"),
        "start > list > it > end", "go > in", "ingo > child",
    ))
    assert told.end.outputs == {"out": ["0a", "0b", "1c"]}


def loop(count: int = 3, **data: Any) -> dict[str, Any]:
    return node("loop", "loop", **{
        "loop_count": count, "start_node_id": "go", "logical_operator": "and", "break_conditions": [],
        "loop_variables": [{"label": "n", "var_type": "number", "value_type": "constant", "value": 0}], **data,
    })


def plus(target: str = "n", by: int = 1) -> dict[str, Any]:
    return node("plus", "assigner", version="2", items=[
        {"variable_selector": ["loop", target], "operation": "+=", "input_type": "constant", "value": by},
    ])


def until(value: str, operator: str = "≥") -> list[dict[str, Any]]:
    return [{"variable_selector": ["loop", "n"], "comparison_operator": operator, "value": value}]


def looping(what: dict[str, Any], *more: Any) -> Graph:
    return graph(
        start(), what, node("go", "loop-start"), plus(), end(n="loop.n", rounds="loop.loop_round"), "start > loop > end",
        "go > plus", *more,
    )


async def test_loop_runs_all_its_rounds_over_shared_variables() -> None:
    told = await run(looping(loop(3)))
    assert told.end.outputs == {"n": 3, "rounds": 3}
    assert told.names[3:-3] == [
        "(loop", "+plus", "-plus", "next 1", "+plus", "-plus", "next 2", "+plus", "-plus", "next 3", "'3'", "'\n'", "'3'", ")loop",
    ]  # fmt: skip
    metadata = told.of(ContainerFinished)[0].metadata
    assert metadata["completed_reason"] == "loop_completed"
    assert metadata["loop_variable_map"] == {"0": {"n": 1}, "1": {"n": 2}, "2": {"n": 3}}
    assert set(metadata["loop_duration_map"]) == {"0", "1", "2"}
    assert told.of(ContainerStarted)[0].length == 3


async def test_loop_breaks_when_its_condition_holds() -> None:
    told = await run(looping(loop(10, break_conditions=until("2"))))
    assert told.end.outputs == {"n": 2, "rounds": 2}
    assert [event.round for event in told.of(ContainerNext)] == [1]
    finished = told.of(ContainerFinished)[0]
    assert (finished.metadata["completed_reason"], finished.steps) == ("loop_break", 10)


async def test_loop_whose_condition_already_holds_runs_no_round() -> None:
    told = await run(looping(loop(10, break_conditions=until("0"))))
    assert told.of(ContainerFinished)[0].outputs == {"n": 0}
    assert told.ran == ["start", "loop", "end"]
    assert told.end.outputs == {"n": 0, "rounds": None}


async def test_condition_that_cannot_be_decided_before_the_first_round_is_ignored() -> None:
    breaks = [{"variable_selector": ["child", "x"], "comparison_operator": "is", "value": "stop"}]
    told = await run(graph(
        start(), loop(5, break_conditions=breaks), node("go", "loop-start"), gives("child", x="stop"),
        end(rounds="loop.loop_round"), "start > loop > end", "go > child",
    ))
    assert told.end.outputs == {"rounds": 1}


async def test_condition_that_cannot_be_decided_after_a_round_fails() -> None:
    breaks = [{"variable_selector": ["child", "zz"], "comparison_operator": "is", "value": "stop"}]
    told = await run(graph(
        start(), loop(5, break_conditions=breaks), node("go", "loop-start"), gives("child", x=1), "start > loop", "go > child",
    ))
    assert told.end.error == "Variable ['child', 'zz'] not found"


async def test_loop_end_ends_the_loop_after_its_round() -> None:
    what = node("if", "if-else", cases=[{"case_id": "true", "conditions": until("2")}])
    told = await run(graph(
        start(), loop(9), node("go", "loop-start"), plus(), what, node("stop", "loop-end"), gives("on", x=1),
        end(n="loop.n"), "start > loop > end", "go > plus > if:true > stop", "if:false > on",
    ))
    assert told.end.outputs == {"n": 2}
    assert told.of(ContainerFinished)[0].metadata["completed_reason"] == "loop_break"


@pytest.mark.parametrize("mode", ["terminated", "continue-on-error"])
async def test_failure_of_a_child_fails_the_loop_whatever_its_mode(mode: str) -> None:
    async def fail(ctx: Context) -> Result:
        raise NodeError("child failed")

    told = await run(graph(
        start(), loop(3, error_handle_mode=mode), node("go", "loop-start"), do("child", fail), "start > loop", "go > child",
    ))
    assert (told.end.status, told.end.error, told.end.exceptions) == ("failed", "child failed", 1)


async def test_outputs_of_the_last_round_are_forgotten() -> None:
    seen: list[bool] = []

    async def look(ctx: Context) -> Result:
        seen.append(ctx.has(("child", "x")))
        return Result(outputs={"x": 1})

    await run(graph(start(), loop(3), node("go", "loop-start"), do("child", look), "start > loop", "go > child"))
    assert seen == [False, False, False]


LOOP_VARIABLES = [
    ("string", {"var_type": "string", "value_type": "constant", "value": "s"}, "s"),
    ("number-text", {"var_type": "number", "value_type": "constant", "value": "2.5"}, 2.5),
    ("list-json", {"var_type": "array[string]", "value_type": "constant", "value": '["a"]'}, ["a"]),
    ("object-json", {"var_type": "object", "value_type": "constant", "value": '{"a": 1}'}, {"a": 1}),
    ("nothing", {"var_type": "array[number]", "value_type": "constant", "value": None}, []),
    ("variable", {"var_type": "string", "value_type": "variable", "value": ["start", "q"]}, "given"),
]


@pytest.mark.parametrize(("variable", "value"), [row[1:] for row in LOOP_VARIABLES], ids=[row[0] for row in LOOP_VARIABLES])
async def test_loop_variables_begin_with_their_value(variable: dict[str, Any], value: Any) -> None:
    told = await run(graph(
        start("q"), loop(1, loop_variables=[{"label": "n", **variable}]), node("go", "loop-start"), gives("child", x=1),
        end(n="loop.n"), "start > loop > end", "go > child",
    ), q="given")
    assert told.end.outputs == {"n": value}


async def test_appending_to_an_empty_list_of_a_loop_keeps_its_type() -> None:
    append = node("plus", "assigner", version="2", items=[
        {"variable_selector": ["loop", "n"], "operation": "append", "input_type": "variable", "value": ["loop", "index"]},
    ])
    told = await run(graph(
        start(), loop(3, loop_variables=[{"label": "n", "var_type": "array[number]", "value_type": "constant", "value": "[]"}]),
        node("go", "loop-start"), append, end(n="loop.n"), "start > loop > end", "go > plus",
    ))
    assert told.end.outputs == {"n": [0, 1, 2]}


async def test_loop_changes_conversation_variables() -> None:
    add = node("plus", "assigner", version="2", items=[
        {"variable_selector": ["conversation", "c"], "operation": "+=", "input_type": "constant", "value": 1},
    ])
    told = await run(graph(
        start(), loop(3), node("go", "loop-start"), add, end(c="conversation.c"), "start > loop > end", "go > plus",
    ), conversation={"c": 0}, types={"c": "number"})
    assert told.end.outputs == {"c": 3}
    assert told.of(ContainerFinished)[0].writes == [(("conversation", "c"), 3)]


async def test_text_that_reads_a_loop_variable_waits_for_the_loop() -> None:
    told = await run(graph(
        start(), loop(3), node("go", "loop-start"), plus(), answer("n={{#loop.n#}}"), "start > loop > answer", "go > plus",
    ), run_info=CHAT)
    assert told.text == "n=3"


@pytest.mark.parametrize(("data", "message"), [
    ({"loop_count": 0}, "loop_count must be 1 or more."),
    ({"loop_count": "x"}, "loop_count must be a whole number, not 'x'."),
    ({"loop_count": 1, "loop_variables": [{"label": "n", "var_type": "object", "value_type": "constant", "value": "{"}]},
     "Loop variable 'n' has no value of type object: '{'."),
], ids=["zero", "word", "constant"])  # fmt: skip
def test_bad_loop_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeDataError) as caught:
        LoopNode.parse(data, "loop")
    assert str(caught.value) == message


@pytest.mark.parametrize("data", [{}, {"is_parallel": True}], ids=["sequential", "parallel"])
async def test_rounds_that_run_no_node_are_limited_too(data: dict[str, Any]) -> None:
    told = await run(graph(
        start(), gives("list", items=[1] * 30), iteration(**data), node("go", "iteration-start"), "start > list > it",
    ), limits=Limits(steps=10))
    assert told.end.aborted
    assert len(told.of(ContainerNext)) == 11
