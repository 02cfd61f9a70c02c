"""Text of answer and end nodes while a graph runs (workflow-engine.md 6)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from server.engine.events import NodeFinished, NodeStarted, RunFinished, RunStarted, TextStreamed
from server.engine.node import Context, NodeError, Result
from server.engine.values import File
from tests.engine.flows import CHAT, answer, do, end, fails, gives, graph, node, run, start, streams, waits

RECORDED = Path(__file__).parent.parent / "golden" / "workflow_engine.json"


def branch(name: str = "if", value: str = "a") -> dict[str, Any]:
    return node(name, "if-else", cases=[{"case_id": "true", "logical_operator": "and", "conditions": [
        {"variable_selector": ["start", "q"], "comparison_operator": "is", "value": value},
    ]}])


async def test_chatflow_streams_in_the_recorded_order() -> None:
    told = await run(graph(
        start("name"), streams("llm", "tok0 ", "tok1 "), answer("Reply: {{#llm.text#}} done"), "start > llm > answer",
    ), run_info=CHAT, name="bo")
    assert told.names == [
        "run", "+start", "'Reply: '", "-start", "+llm", "'tok0 '", "'tok1 '", "''", "' done'", "-llm",
        "+answer", "-answer", "succeeded",
    ]  # fmt: skip
    assert [event.selector for event in told.of(TextStreamed)] == [
        ("answer", "answer"), ("llm", "text"), ("llm", "text"), ("llm", "text"), ("answer", "answer"),
    ]  # fmt: skip
    assert told.finished("answer").outputs == {"answer": "Reply: tok0 tok1  done", "files": []}


async def test_template_without_text_before_it_streams_nothing_before_the_node() -> None:
    told = await run(graph(start(), streams("llm", "x"), answer("{{#llm.text#}}"), "start > llm > answer"), run_info=CHAT)
    assert told.names == [
        "run", "+start", "-start", "+llm", "'x'", "''", "-llm", "+answer", "-answer", "succeeded",
    ]  # fmt: skip


async def test_text_before_the_first_variable_comes_while_the_node_still_runs() -> None:
    seen: list[str] = []

    async def look(ctx: Context) -> Result:
        await asyncio.sleep(0)
        seen.append("ran")
        return Result(outputs={"text": "t"})

    told = await run(graph(start(), do("n", look), answer("Hello {{#n.text#}}"), "start > n > answer"), run_info=CHAT)
    assert told.names.index("'Hello '") < told.names.index("+n")


async def test_variables_stream_in_template_order_though_the_second_ends_first() -> None:
    gate = asyncio.Event()

    async def fast(ctx: Context) -> Result:
        ctx.stream("text", "B1 ")
        ctx.stream("text", "B2")
        gate.set()
        return Result(outputs={"text": "B1 B2"})

    told = await run(graph(
        start(), streams("a", "A1 ", "A2 ", gate=gate), do("b", fast), answer("{{#a.text#}}+{{#b.text#}}"),
        "start > a > answer", "start > b > answer",
    ), run_info=CHAT)
    assert told.pieces == ["A1 ", "A2 ", "", "+", "B1 ", "B2", ""]
    assert told.names.index("-b") < told.names.index("'A1 '")


async def test_output_of_an_ordinary_node_is_one_piece() -> None:
    told = await run(graph(start(), gives("n", x="whole"), answer("{{#n.x#}}"), "start > n > answer"), run_info=CHAT)
    assert told.pieces == ["whole"]


PRINTED = [
    ("object", {"a": 1}, '{\n  "a": 1\n}'), ("list", ["x", "y"], "- x\n- y"), ("number", 5, "5"),
    ("file", File("image", "tool_file", name="i.png", url="http://x/i"), "![i.png](http://x/i)"),
    ("objects", [{"a": 1}], "- {'a': 1}"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), [row[1:] for row in PRINTED], ids=[row[0] for row in PRINTED])
async def test_values_stream_in_markdown_form(value: Any, text: str) -> None:
    told = await run(graph(start(), gives("n", x=value), answer("{{#n.x#}}"), "start > n > answer"), run_info=CHAT)
    assert told.pieces == [text]
    assert told.end.outputs["answer"] == text


@pytest.mark.parametrize("value", [None, []], ids=["none", "empty-list"])
async def test_nothing_streams_nothing(value: Any) -> None:
    told = await run(graph(start(), gives("n", x=value), answer("<{{#n.x#}}>"), "start > n > answer"), run_info=CHAT)
    assert told.pieces == ["<", ">"]
    assert told.end.outputs["answer"] == "<>"


async def test_missing_variable_streams_nothing_but_is_named_in_the_output() -> None:
    told = await run(graph(
        start(), gives("n", x=1), answer("a {{#n.zz#}} b {{#no.such#}} c"), "start > n > answer",
    ), run_info=CHAT)
    assert told.text == "a  b  c"
    assert told.end.outputs["answer"] == "a n.zz b no.such c"


async def test_variable_of_a_skipped_node_streams_nothing() -> None:
    told = await run(graph(
        start("q"), branch(), streams("x", "no"), streams("y", "yes"), answer("[{{#x.text#}}|{{#y.text#}}]"),
        "start > if:true > x > answer", "if:false > y > answer",
    ), run_info=CHAT, q="other")
    assert told.text == "[|yes]"


async def test_text_behind_a_branch_waits_for_its_decision() -> None:
    gate = asyncio.Event()

    async def decide(ctx: Context) -> Result:
        await gate.wait()
        return Result(handle="true")

    async def open_gate(ctx: Context) -> Result:
        gate.set()
        return Result()

    what = graph(
        start("q"), do("slow", decide), branch(), answer("yes", "a"), answer("no", "b"), do("opener", open_gate),
        "start > opener", "start > slow:true > if:true > a", "if:false > b",
    )
    told = await run(what, run_info=CHAT, q="a")
    assert told.pieces == ["yes"]
    assert told.names.index("'yes'") == told.names.index("-if") - 1


async def test_fail_branch_holds_text_back_until_it_is_known() -> None:
    told = await run(graph(
        start(), fails("n", error_strategy="fail-branch"), answer("fine", "ok"), answer("bad: {{#n.error_message#}}", "bad"),
        "start > n:source > ok", "n:fail-branch > bad",
    ), run_info=CHAT)
    assert told.text == "bad: boom"


async def test_second_answer_on_the_way_waits_for_the_first() -> None:
    told = await run(graph(
        start(), streams("l1", "one"), answer("1 {{#l1.text#}}", "a1"), streams("l2", "two"), answer("2 {{#l2.text#}}", "a2"),
        "start > l1 > a1 > l2 > a2",
    ), run_info=CHAT)
    assert told.text == "1 one2 two"
    assert told.names.index("'2 '") > told.names.index("+a1")
    assert told.end.outputs["answer"] == "1 one2 two"


async def test_answers_of_parallel_branches_do_not_mix() -> None:
    told = await run(graph(
        start(), streams("l1", "a", "b", "c"), streams("l2", "x", "y", "z"), answer("<{{#l1.text#}}>", "a1"),
        answer("({{#l2.text#}})", "a2"), "start > l1 > a1", "start > l2 > a2",
    ), run_info=CHAT)
    assert told.text in {"<abc>(xyz)", "(xyz)<abc>"}


async def test_same_variable_streams_in_two_answers() -> None:
    told = await run(graph(
        start(), streams("l", "a", "b"), answer("1{{#l.text#}}", "a1"), answer("2{{#l.text#}}", "a2"), "start > l > a1 > a2",
    ), run_info=CHAT)
    assert told.text == "1ab2ab"


async def test_end_streams_its_outputs_line_by_line() -> None:
    told = await run(graph(
        start("q"), gives("n", s="OK", o={"a": 1}, none=None), end(a="n.s", b="n.o", c="n.none"), "start > n > end",
    ))
    assert told.text == 'OK\n{\n  "a": 1\n}\n'


async def test_end_keeps_the_newline_of_a_null_output() -> None:
    told = await run(graph(start(), gives("n", s="OK", none=None), end(a="n.s", b="n.none"), "start > n > end"))
    assert told.text == "OK\n"


async def test_answer_that_reads_what_an_assigner_writes_waits_for_it() -> None:
    told = await run(graph(
        start("q"), node("set", "assigner", version="2", items=[{
            "variable_selector": ["conversation", "memo"], "operation": "over-write", "input_type": "variable",
            "value": ["start", "q"],
        }]), answer("memo {{#conversation.memo#}}"), "start > set > answer",
    ), run_info=CHAT, conversation={"memo": "old"}, types={"memo": "string"}, q="new")
    assert told.text == "memo new"


async def test_answer_that_reads_other_conversation_variables_does_not_wait() -> None:
    told = await run(graph(
        start("q"), node("set", "assigner", version="2", items=[{
            "variable_selector": ["conversation", "memo"], "operation": "over-write", "input_type": "variable",
            "value": ["start", "q"],
        }]), answer("name {{#conversation.name#}}"), "start > set > answer",
    ), run_info=CHAT, conversation={"memo": "old", "name": "N"}, types={"memo": "string"}, q="new")
    assert told.names.index("'name '") < told.names.index("+set")


async def test_answer_does_not_wait_for_what_runs_beside_it() -> None:
    gate = asyncio.Event()

    async def open_gate(ctx: Context) -> Result:
        gate.set()
        return Result()

    told = await run(graph(
        start(), waits("slow", gate, x="late"), gives("n", x=1), answer("a{{#slow.x#}}b"), do("after", open_gate),
        "start > slow", "start > n > answer > after",
    ), run_info=CHAT)
    assert told.text == "ab"
    assert told.end.outputs["answer"] == "aslow.xb"


async def test_pieces_that_nothing_prints_are_not_told() -> None:
    told = await run(graph(start(), streams("l", "a", "b"), answer("fixed"), "start > l > answer"), run_info=CHAT)
    assert told.pieces == ["fixed"]


async def test_files_of_an_answer_are_its_outputs() -> None:
    image = File("image", "tool_file", name="i.png", url="http://x/i")
    told = await run(graph(
        start(), gives("n", f=image, l=[image]), answer("{{#n.f#}} {{#n.l#}}"), "start > n > answer",
    ), run_info=CHAT)
    assert told.end.outputs["files"] == [image, image]
    assert told.finished("answer").files == [image, image]


@pytest.mark.parametrize("label", ["wftmpl streaming name=bo", "wfbranch streaming name=bo", "wfbranch streaming name=anna"])
async def test_workflow_streams_as_recorded(label: str) -> None:
    """The recorded graphs, with doubles for the code and template nodes: the same events in the same order."""
    name = label.rpartition("=")[2]
    recorded = _recorded(label)
    tmpl = gives("tmpl", output=f"Hello {name}!")
    if label.startswith("wftmpl"):
        what = graph(start("name"), tmpl, end(output="tmpl.output"), "start > tmpl > end")
    else:
        what = graph(
            start("name"), node("if", "if-else", cases=[{"case_id": "true", "logical_operator": "and", "conditions": [
                {"variable_selector": ["start", "name"], "comparison_operator": "contains", "value": "a"},
            ]}]), gives("code", n=len(name), r=name.upper()), tmpl, end("end1", up="code.r"), end("end2", output="tmpl.output"),
            "start > if:true > code > end1", "if:false > tmpl > end2",
        )  # fmt: skip
    told = await run(what, name=name)
    ours: list[tuple[Any, ...]] = []
    for event in told.events:
        match event:
            case RunStarted():
                ours.append(("workflow_started",))
            case NodeStarted():
                ours.append(("node_started", event.node.node_id))
            case NodeFinished() if event.node.node_type in {"if-else", "end"}:
                ours.append(("node_finished", event.node.node_id, event.inputs, event.process_data, event.outputs))
            case NodeFinished():
                ours.append(("node_finished", event.node.node_id))
            case TextStreamed():
                ours.append(("text_chunk", event.text, list(event.selector)))
            case RunFinished():
                ours.append(("workflow_finished", event.status, dict(event.outputs), event.steps))
    assert ours == recorded


def _recorded(label: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for event in json.loads(RECORDED.read_text())[label]:
        data = event["data"]
        match event["event"]:
            case "workflow_started":
                rows.append(("workflow_started",))
            case "node_started":
                rows.append(("node_started", data["node_id"]))
            case "node_finished" if data["node_type"] in {"if-else", "end"}:
                rows.append(("node_finished", *(data[key] for key in ("node_id", "inputs", "process_data", "outputs"))))
            case "node_finished":
                rows.append(("node_finished", data["node_id"]))
            case "text_chunk":
                rows.append(("text_chunk", data["text"], data["from_variable_selector"]))
            case "workflow_finished":
                rows.append(("workflow_finished", data["status"], data["outputs"], data["total_steps"]))
    return rows


async def test_pieces_of_a_failed_attempt_that_nobody_saw_are_void() -> None:
    tries = [0]
    gate = asyncio.Event()

    async def flaky(ctx: Context) -> Result:
        tries[0] += 1
        ctx.stream("text", f"try {tries[0]}")
        if tries[0] == 1:
            raise NodeError("not yet")
        gate.set()
        return Result(outputs={"text": "try 2"})

    told = await run(graph(
        start(), waits("first", gate, x="1:"), do("llm", flaky, retry_config={"retry_enabled": True, "max_retries": 1, "retry_interval": 0}),
        answer("{{#first.x#}}{{#llm.text#}}"), "start > first > answer", "start > llm > answer",
    ), run_info=CHAT)
    assert told.text == "1:try 2"
