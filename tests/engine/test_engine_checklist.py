"""The checklist of the engine's reference, a test a line; lines 19 and 29 need a server and stand in tests/rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from server.engine.engine import Engine, Variables
from server.engine.events import ContainerFinished, ContainerStarted, NodeRetried, NodeStarted, TextStreamed
from server.engine.graph import Graph, check
from server.engine.node import RunInfo
from server.engine.ports import HttpRequest, HttpResponse
from server.llm.port import ChatRequest, Chunk, ModelCard, PromptMessage, Usage
from tests.engine.flows import (
    CHAT,
    INFO,
    Told,
    answer,
    document,
    end,
    fails,
    find_class,
    gives,
    graph,
    node,
    run,
    start,
    streams,
    waits,
)


class Model:
    """A chat model that always says the same."""

    card = ModelCard("m", "llm")

    def __init__(self, *pieces: str) -> None:
        self._pieces = pieces

    async def stream(self, request: ChatRequest) -> AsyncIterator[Chunk]:
        for piece in self._pieces:
            yield Chunk(piece)
        yield Chunk(usage=Usage(1, 1, 2), finish_reason="stop")

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> int:
        return 1


def world(*pieces: str, status: int = 200, returns: Any = None) -> Any:
    """Ports: a model's reply, the status of every HTTP answer, what code returns."""

    async def chat_model(tenant_id: str, provider: str, model: str) -> Model:
        return Model(*pieces)

    async def send(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status, [("content-type", "text/plain")], b"body", request.url)

    async def call(language: str, code: str, inputs: Any) -> Any:
        return returns

    async def history(run_info: RunInfo, *, window: int | None) -> list[PromptMessage]:
        return []

    return SimpleNamespace(
        models=SimpleNamespace(chat_model=chat_model), http=SimpleNamespace(send=send),
        code=SimpleNamespace(run=call), memory=SimpleNamespace(history=history),
    )  # fmt: skip


async def run_in(ports: Any, what: Graph, *, info: RunInfo = CHAT, **inputs: Any) -> Told:
    variables = Variables(inputs, {"query": inputs.get("q", ""), "files": []})
    return Told([event async for event in Engine(what, ports, info, variables).run()])


def llm(text: str) -> dict[str, Any]:
    return node("llm", "llm", model={"provider": "p", "name": "m", "mode": "chat", "completion_params": {}},
                prompt_template=[{"role": "user", "text": text}], context={"enabled": False})


def http(**data: Any) -> dict[str, Any]:
    return node("http", "http-request", **{
        "method": "get", "url": "http://x.example/", "headers": "", "params": "", "authorization": {"type": "no-auth"},
        "body": {"type": "none", "data": []}, "timeout": {}, **data,
    })


def code(kind: str) -> dict[str, Any]:
    return node("code", "code", code_language="python3", code="def main(): ...", variables=[], outputs={"a": {"type": kind, "children": None}})


def iteration(**data: Any) -> list[Any]:
    return [
        gives("list", items=["a", "b"]), node("it", "iteration", iterator_selector=["list", "items"], output_selector=["child", "x"],
                                              start_node_id="go", **data), node("go", "iteration-start"),
    ]


def loop(**data: Any) -> dict[str, Any]:
    return node("loop", "loop", **{"loop_count": 5, "start_node_id": "go", "logical_operator": "and", "break_conditions": [],
                                   "loop_variables": [{"label": "n", "var_type": "number", "value_type": "constant", "value": 1}], **data})


def assign(**item: Any) -> dict[str, Any]:
    return node("set", "assigner", version="2", items=[{"variable_selector": ["conversation", "c"], **item}])


def chooser() -> dict[str, Any]:
    return node("if", "if-else", cases=[{"case_id": "true", "conditions": [
        {"variable_selector": ["start", "q"], "comparison_operator": "is", "value": "a"},
    ]}])


async def test_01_inputs_pass_and_undeclared_ones_are_dropped() -> None:
    told = await run(graph(start("q"), end(q="start.q", x="start.x"), "start > end"), q="v", x="w")
    assert told.end.outputs == {"q": "v", "x": None}


async def test_02_join_runs_once() -> None:
    told = await run(graph(start(), gives("a", x=1), gives("b", x=1), end(), "start > a > end", "start > b > end"))
    assert told.ran.count("end") == 1


async def test_03_no_case_and_no_else_edge() -> None:
    told = await run(graph(start("q"), chooser(), end(q="start.q"), "start > if:true > end"), q="z")
    assert (told.end.status, told.end.outputs) == ("succeeded", {})


async def test_04_aggregator_gives_the_branch_taken() -> None:
    told = await run(graph(
        start("q"), chooser(), gives("y", x=1), gives("n", x=2), node("agg", "variable-aggregator", variables=[["y", "x"], ["n", "x"]]),
        end(out="agg.output"), "start > if:true > y > agg > end", "if:false > n > agg",
    ), q="z")
    assert told.end.outputs == {"out": 2}


async def test_05_missing_variable_in_an_answer_is_named_and_in_an_llm_fails() -> None:
    told = await run(graph(start(), answer("{{#a.b#}}"), "start > answer"), run_info=CHAT)
    assert told.end.outputs["answer"] == "a.b"
    told = await run_in(world("x"), graph(start(), llm("{{#a.b#}}"), "start > llm"))
    assert (told.end.status, told.end.error) == ("failed", "Variable #a.b# not found")


async def test_06_array_of_objects_in_an_answer() -> None:
    told = await run(graph(start(), gives("n", x=[{"a": 1}, {"b": 2}]), answer("{{#n.x#}}"), "start > n > answer"), run_info=CHAT)
    assert told.end.outputs["answer"] == "- {'a': 1}\n- {'b': 2}"


async def test_07_empty_array_is_an_empty_text() -> None:
    told = await run(graph(start(), gives("n", x=[]), answer("[{{#n.x#}}]"), "start > n > answer"), run_info=CHAT)
    assert told.end.outputs["answer"] == "[]"


async def test_08_fail_branch() -> None:
    ways = ("start > n:source > ok", "n:fail-branch > bad")
    good = gives("n", x=1)
    good["data"]["error_strategy"] = "fail-branch"
    assert (await run(graph(start(), good, end("ok", out="n.x"), end("bad"), *ways))).end.outputs == {"out": 1}
    bad = fails("n", error_strategy="fail-branch")
    assert (await run(graph(start(), bad, end("ok"), end("bad", out="n.error_message"), *ways))).end.outputs == {"out": "boom"}


async def test_09_default_value_is_a_partial_success() -> None:
    told = await run(graph(start(), fails("n", error_strategy="default-value", default_value=[
        {"key": "x", "type": "string", "value": "d"},
    ]), end(out="n.x"), "start > n > end"))
    assert (told.end.status, told.end.exceptions, told.end.outputs) == ("partial-succeeded", 1, {"out": "d"})


async def test_10_retry_then_success() -> None:
    from tests.engine.test_engine_errors import RETRY, flaky

    told = await run(graph(start(), flaky(1, retry_config=RETRY), "start > n"))
    assert told.end.status == "partial-succeeded"
    assert len([event for event in told.of(NodeStarted) if event.node.node_id == "n"]) == 1
    assert [event.retry_index for event in told.of(NodeRetried)] == [1]


async def test_11_http_statuses() -> None:
    flow = graph(start(), http(), end(code="http.status_code"), "start > http > end")
    assert (await run_in(world(status=404), flow, info=INFO)).end.outputs == {"code": 404}
    assert (await run_in(world(status=503), flow, info=INFO)).end.status == "failed"
    retry = {"retry_enabled": True, "max_retries": 2, "retry_interval": 0}
    told = await run_in(world(status=404), graph(start(), http(retry_config=retry), "start > http"), info=INFO)
    assert (told.end.status, told.end.error) == ("failed", "Request failed with status code 404")
    assert len(told.of(NodeRetried)) == 2


@pytest.mark.parametrize(("kind", "returns", "status"), [
    ("string", {"a": "x", "b": 1}, "failed"), ("boolean", {"a": "yes"}, "succeeded"),
], ids=["extra-key", "boolean"])  # fmt: skip
async def test_12_code_outputs(kind: str, returns: Any, status: str) -> None:
    told = await run_in(world(returns=returns), graph(start(), code(kind), "start > code"), info=INFO)
    assert told.end.status == status


@pytest.mark.parametrize(("count", "status"), [(31, "failed"), (30, "succeeded")], ids=["31", "30"])
async def test_13_strings_of_a_code_output(count: int, status: str) -> None:
    told = await run_in(world(returns={"a": ["s"] * count}), graph(start(), code("array[string]"), "start > code"), info=INFO)
    assert told.end.status == status


async def test_14_iteration_modes_and_flattening() -> None:
    child = gives("child", x=["l"])
    ways = ("start > list > it > end", "go > child")
    assert (await run(graph(start(), *iteration(), child, end(out="it.output"), *ways))).end.outputs == {"out": ["l", "l"]}
    kept = await run(graph(start(), *iteration(flatten_output=False), child, end(out="it.output"), *ways))
    assert kept.end.outputs == {"out": [["l"], ["l"]]}
    failing = await run(graph(
        start(), *iteration(error_handle_mode="continue-on-error"), fails("child"), end(out="it.output"), *ways,
    ))
    assert failing.end.outputs == {"out": [None, None]}


async def test_15_iteration_over_nothing() -> None:
    told = await run(graph(
        start(), gives("list", items=[]), *iteration()[1:], gives("child", x=1), end(out="it.output"), "start > list > it > end", "go > child",
    ))
    assert (told.end.outputs, told.of(ContainerStarted)) == ({"out": []}, [])


async def test_16_loop_that_is_over_before_it_begins() -> None:
    breaks = [{"variable_selector": ["loop", "n"], "comparison_operator": "=", "value": "1"}]
    told = await run(graph(start(), loop(break_conditions=breaks), node("go", "loop-start"), gives("child", x=1), "start > loop", "go > child"))
    assert told.of(ContainerFinished)[0].outputs == {"n": 1}


async def test_17_failure_in_a_loop_fails_the_run() -> None:
    told = await run(graph(start(), loop(), node("go", "loop-start"), fails("child"), "start > loop", "go > child"))
    assert (told.end.status, told.end.error) == ("failed", "boom")


async def test_18_assigner_refuses_and_skips() -> None:
    given = {"conversation": {"c": 1}, "types": {"c": "number"}}
    plus = assign(operation="+=", input_type="variable", value=["n", "x"])
    told = await run(graph(start(), gives("n", x=1), plus, "start > n > set"), **given)  # type: ignore[arg-type]
    assert told.end.error == "Input type variable is not supported for operation +="
    none = assign(operation="over-write", input_type="variable", value=["n", "x"])
    told = await run(graph(start(), gives("n", x=None), none, end(c="conversation.c"), "start > n > set > end"), **given)  # type: ignore[arg-type]
    assert told.end.outputs == {"c": 1}


async def test_20_text_before_the_variable_comes_before_the_model_is_done() -> None:
    told = await run_in(world("tok"), graph(start(), llm("hi"), answer("Hello {{#llm.text#}}"), "start > llm > answer"))
    assert told.names.index("'Hello '") < told.names.index("-llm")
    assert told.pieces == ["Hello ", "tok", ""]


async def test_21_variables_stream_in_template_order() -> None:
    gate = asyncio.Event()
    opener = streams("b", "B")
    inner = opener["data"]["do"]

    async def open_after(ctx: Any) -> Any:
        result = await inner(ctx)
        gate.set()
        return result

    opener["data"]["do"] = open_after
    told = await run(graph(
        start(), streams("a", "A", gate=gate), opener, answer("{{#a.text#}}{{#b.text#}}"), "start > a > answer", "start > b > answer",
    ), run_info=CHAT)
    assert told.text == "AB"


async def test_22_too_many_steps() -> None:
    what = graph(start(), gives("list", items=list(range(600))), *iteration()[1:], gives("child", x=1), "start > list > it", "go > child")
    told = await run(what)
    assert told.end.aborted
    assert "Maximum execution steps exceeded" in told.end.error


async def test_23_stop_keeps_the_text() -> None:
    engine = Engine(graph(
        start(), streams("a", "partial "), waits("slow", asyncio.Event(), text="never"), answer("{{#a.text#}}{{#slow.text#}}"),
        "start > a > answer", "start > slow > answer",
    ), world(), CHAT, Variables())
    events = []
    async for event in engine.run():
        events.append(event)
        if isinstance(event, TextStreamed):
            engine.stop()
    assert (Told(events).end.status, Told(events).text) == ("stopped", "partial ")


def classifier() -> dict[str, Any]:
    return node("qc", "question-classifier", query_variable_selector=["start", "q"], classes=[{"id": "1", "name": "A"}, {"id": "2", "name": "B"}],
                model={"provider": "p", "name": "m", "mode": "chat", "completion_params": {}}, instruction="")


def extractor() -> dict[str, Any]:
    return node("pe", "parameter-extractor", query=["start", "q"], parameters=[
        {"name": "city", "type": "string", "description": "d", "required": True},
    ], model={"provider": "p", "name": "m", "mode": "chat", "completion_params": {}}, reasoning_mode="prompt", instruction="")


async def test_24_classifier_replies() -> None:
    flow = graph(start("q"), classifier(), end("one", out="qc.class_id"), end("two"), "start > qc:1 > one", "qc:2 > two")
    told = await run_in(world('{"category_id": "9", "category_name": "?"}'), flow, q="x")
    assert told.end.outputs == {"out": "1"}
    assert (await run_in(world("no idea"), flow, q="x")).end.status == "failed"


async def test_25_extractor_with_garbage() -> None:
    told = await run_in(world("garbage"), graph(start("q"), extractor(), end(ok="pe.__is_success", city="pe.city"), "start > pe > end"), q="x")
    assert (told.end.status, told.end.outputs) == ("succeeded", {"ok": 0, "city": ""})


async def test_26_list_operator_order() -> None:
    told = await run(graph(start(), gives("n", v=[5, 1, 4, 2, 3]), node(
        "op", "list-operator", variable=["n", "v"],
        filter_by={"enabled": True, "conditions": [{"key": "", "comparison_operator": ">", "value": "1"}]},
        order_by={"enabled": True, "value": "asc"}, limit={"enabled": True, "size": 2},
    ), end(out="op.result"), "start > n > op > end"))
    assert told.end.outputs == {"out": [2, 3]}


async def test_27_variable_assigner_is_the_aggregator() -> None:
    told = await run(graph(start("q"), node("agg", "variable-assigner", variables=[["start", "q"]]), end(out="agg.output"), "start > agg > end"), q="v")
    assert told.end.outputs == {"out": "v"}


async def test_28_old_iteration_runs() -> None:
    child = gives("child", x=1)
    child["data"]["isIterationStart"] = True
    parts = iteration()[:2]
    parts[1]["data"]["start_node_id"] = "child"
    told = await run(graph(start(), *parts, child, end(out="it.output"), "start > list > it > end"))
    assert told.end.outputs == {"out": [1, 1]}


def test_30_unknown_type_is_refused_by_name() -> None:
    found = check(document(start(), node("x", "mystery"), "start > x"), find_class)
    assert [str(problem) for problem in found] == ["Node 'X' (x): Node type 'mystery' is not supported."]
