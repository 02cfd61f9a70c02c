"""Graphs of app files: rules, old forms, and what is told at publish time (workflow-engine.md 2, app-dsl.md 2, 8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from server.engine.graph import Graph, GraphError, check
from server.engine.nodes import registry
from server.engine.plan import Plan
from tests.engine.flows import answer, document, end, find_class, gives, graph, node, run, start

FIXTURES = Path(__file__).parent.parent / "fixtures"


def problems(*parts: Any) -> list[str]:
    return [str(problem) for problem in check(document(*parts), find_class)]


REFUSED = [
    ("unknown-type", (start(), node("x", "magic"), "start > x"), "Node 'X' (x): Node type 'magic' is not supported."),
    ("no-type", (start(), node("x", "")), "Node 'X' (x): It has no type."),
    ("strategy", (start(), node("x", "answer", error_strategy="pray")), "Node 'X' (x): Error strategy 'pray' is not known."),
    ("node-data", (start(), node("x", "end", outputs=[{"variable": "a", "value_selector": ["n"]}])),
     "Node 'X' (x): value_selector must be a list of two or more names, not ['n']."),
    ("source", (start(), "gone > start"), "[MISSING_NODE] Edge e0 references unknown source node 'gone'."),
    ("target", (start(), "start > gone"), "[MISSING_NODE] Edge e0 references unknown target node 'gone'."),
    ("trigger-conflict", (start(), node("t1", "trigger-webhook"), node("t2", "trigger-schedule")),
     "Node 'START' (start): [TRIGGER_START_NODE_CONFLICT] UserInput (start) node 'start' cannot coexist with trigger nodes: t1, t2."),
    ("root", (end(), answer("x"), "end > answer"), "Node 'END' (end): [INVALID_ROOT] Root node 'end' must declare execution type 'root'."),
    ("nothing", (), "The graph has no nodes."),
    ("pause-in-container", (
        start(), node("it", "iteration", iterator_selector=["s", "l"], output_selector=["h", "x"], start_node_id="go"),
        node("go", "iteration-start"), node("h", "human-input"), "start > it", "go > h",
    ), "Node 'H' (h): It cannot wait for somebody inside of a iteration."),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_graph_that_cannot_run_is_refused_with_the_node_named(parts: tuple[Any, ...], message: str) -> None:
    assert message in problems(*parts)
    assert all(problem.severity == "error" for problem in check(document(*parts), find_class) if str(problem) == message)


def test_parsing_lists_everything_that_is_wrong() -> None:
    with pytest.raises(GraphError) as caught:
        Graph.parse(document(start(), node("x", "magic"), node("y", "other"), "start > gone"), find_class)
    assert len(caught.value.problems) == 3


WARNED = [
    ("dangling", (start(), answer("{{#gone.x#}}"), "start > answer"), "It refers to 'gone.x', but there is no node 'gone'."),
    ("unreachable", (start(), gives("x", a=1)), "No way leads to it; it never runs."),
    ("circle", (start(), gives("x", a=1), gives("y", a=1), "start > x > y > x"), "It stands in a circle of edges or behind one and never runs."),
]


@pytest.mark.parametrize(("parts", "message"), [row[1:] for row in WARNED], ids=[row[0] for row in WARNED])
def test_graph_that_runs_but_surprises_is_warned_of(parts: tuple[Any, ...], message: str) -> None:
    found = check(document(*parts), find_class)
    assert {problem.severity for problem in found} == {"warning"}
    assert message in {problem.message for problem in found}
    Graph.parse(document(*parts), find_class)


def test_graph_that_is_fine_has_no_problems() -> None:
    child = gives("child", x=1)
    assert problems(
        start("q"), node("it", "iteration", iterator_selector=["start", "q"], output_selector=["child", "x"], start_node_id="go"),
        node("go", "iteration-start"), child, answer("{{#start.q#}} {{#sys.query#}} {{#env.x#}} {{#conversation.y#}}"),
        "start > it > answer", "go > child",
    ) == []


@pytest.mark.parametrize("graph_document", [
    {}, {"nodes": None}, {"nodes": "x"}, {"nodes": [1]}, {"nodes": [{"id": "x"}]}, {"nodes": [{"data": {"type": "start"}}]},
    {"nodes": [start()], "edges": "x"}, {"nodes": [start()], "edges": [1]}, {"nodes": [start()], "edges": [{}]},
    {"nodes": [{"id": "x", "data": {"type": 5}}]}, {"nodes": [{"id": "x", "data": []}]},
], ids=[f"case-{index}" for index in range(11)])  # fmt: skip
def test_nonsense_is_a_problem_and_not_a_crash(graph_document: dict[str, Any]) -> None:
    assert check(graph_document)
    with pytest.raises(GraphError):
        Graph.parse(graph_document)


async def test_notes_are_ignored_with_their_edges() -> None:
    what = document(start("q"), end(out="start.q"), "start > end")
    what["nodes"].append({"id": "note", "type": "custom-note", "data": {"type": "", "text": "hello"}})
    what["edges"].append({"source": "note", "target": "end"})
    assert (await run(Graph.parse(what), q="x")).end.outputs == {"out": "x"}


@pytest.mark.parametrize("outer", ["llm", None, "start", ""], ids=["other", "none", "own", "empty"])
async def test_outer_type_of_a_node_means_nothing(outer: str | None) -> None:
    what = document(start("q"), end(out="start.q"), "start > end")
    for item in what["nodes"]:
        item["type"] = outer
    assert (await run(Graph.parse(what), q="x")).end.outputs == {"out": "x"}


async def test_edge_without_a_handle_leaves_by_source() -> None:
    what = document(start("q"), end(out="start.q"))
    what["edges"] = [{"source": "start", "target": "end"}]
    assert (await run(Graph.parse(what), q="x")).end.outputs == {"out": "x"}


async def test_old_name_of_the_aggregator_works() -> None:
    told = await run(graph(
        start("q"), node("agg", "variable-assigner", variables=[["no", "x"], ["start", "q"]]), end(out="agg.output"), "start > agg > end",
    ), q="x")
    assert told.end.outputs == {"out": "x"}
    assert told.finished("agg").node.node_type == "variable-aggregator"


async def test_types_of_end_outputs_mean_nothing() -> None:
    last = end(out="start.q")
    last["data"]["outputs"][0]["value_type"] = "Array[String]"
    assert (await run(graph(start("q"), last, "start > end"), q="x")).end.outputs == {"out": "x"}


async def test_end_without_a_selector_is_null() -> None:
    last = node("end", "end", outputs=[{"variable": "a", "value_selector": []}, {"variable": "b", "value_selector": ["start", "q"]}])
    told = await run(graph(start("q"), last, "start > end"), q="x")
    assert (told.end.outputs, told.text) == ({"a": None, "b": "x"}, "\nx")


async def test_aggregator_groups() -> None:
    told = await run(graph(start("q"), node("agg", "variable-aggregator", advanced_settings={"group_enabled": True, "groups": [
        {"group_name": "One", "output_type": "string", "variables": [["no", "x"], ["start", "q"]]},
        {"group_name": "None", "output_type": "string", "variables": [["no", "x"]]},
    ]}), end(one="agg.One.output", none="agg.None.output"), "start > agg > end"), q="x")
    assert told.end.outputs == {"one": "x", "none": None}
    assert told.finished("agg").outputs == {"One": {"output": "x"}}


async def test_aggregator_takes_a_written_none_and_may_find_nothing() -> None:
    told = await run(graph(
        start("q"), node("a", "variable-aggregator", variables=[["start", "q"], ["sys", "x"]]),
        node("b", "variable-aggregator", variables=[["no", "x"]]), end(), "start > a > b > end",
    ), system={"x": 1})
    assert told.finished("a").outputs == {"output": None}
    assert (told.finished("b").outputs, told.end.status) == ({}, "succeeded")


async def test_numeric_ids_are_texts() -> None:
    what = {
        "nodes": [
            {"id": 1, "data": {"type": "start", "title": "S", "variables": [{"variable": "q"}]}},
            {"id": 2, "data": {"type": "end", "title": "E", "outputs": [{"variable": "out", "value_selector": [1, "q"]}]}},
        ], "edges": [{"source": 1, "target": 2}],
    }  # fmt: skip
    assert (await run(Graph.parse(what), q="x")).end.outputs == {"out": "x"}


def test_root_is_the_first_start_like_node_without_incoming_edges() -> None:
    what = graph(gives("lone", x=1), node("t", "trigger-webhook"), node("u", "trigger-schedule"), end(), "t > end")
    assert (what.root(), what.root("u")) == ("t", "u")
    with pytest.raises(GraphError):
        what.root("lone")
    with pytest.raises(GraphError):
        what.root("gone")


def test_plan_alone_reaches_nothing() -> None:
    assert Plan.alone("x").nodes == {"x"}


PUBLIC = sorted((FIXTURES / "dsl").glob("*.yml")) if (FIXTURES / "dsl").exists() else []


@pytest.mark.parametrize("path", PUBLIC, ids=[path.stem for path in PUBLIC])
def test_public_app_files_have_no_errors(path: Path) -> None:
    found = check(yaml.safe_load(path.read_text())["workflow"]["graph"])
    assert [str(problem) for problem in found if problem.severity == "error"] == []


NONSENSE: list[Any] = [None, 5, "x", [], [1], {}, {"a": 1}, [{}], [None], True, [["a"]]]
KEYS = [
    "variables", "outputs", "answer", "cases", "conditions", "items", "advanced_settings", "loop_variables", "loop_count",
    "break_conditions", "iterator_selector", "filter_by", "extract_by", "order_by", "limit", "inputs", "user_actions", "timeout",
    "form_content", "retry_config", "default_value", "error_strategy", "model", "prompt_template", "memory", "vision", "context",
    "code", "body", "authorization", "tool_parameters", "classes", "parameters", "query", "version", "title", "start_node_id",
]  # fmt: skip


@pytest.mark.parametrize("node_type", sorted(registry.NODES))
def test_nonsense_in_the_data_of_a_node_is_a_problem_and_not_a_crash(node_type: str, caplog: pytest.LogCaptureFixture) -> None:
    for key in KEYS:
        for value in NONSENSE:
            data = {"type": node_type, "title": "T", key: value}
            for problem in check({"nodes": [start(), {"id": "x", "data": data}], "edges": []}):
                assert str(problem)
    assert "cannot be read" not in caplog.text


def test_start_of_tools_and_agents_tells_more() -> None:
    what = Graph.parse(document(
        start(), node("t", "tool", provider_id="time", provider_type="builtin", tool_name="current_time", provider_icon="clock"),
        node("plain", "tool", provider_id="time", provider_type="builtin", tool_name="current_time"),
    ))
    assert [what.nodes[name].extras for name in ("start", "t", "plain")] == [{}, {"icon": "clock"}, {}]
    agent = node("a", "agent", agent_strategy_provider_name="langgenius/agent/agent", agent_strategy_name="function_calling",
                 agent_strategy_label="F", agent_parameters={
                     "model": {"type": "constant", "value": {"provider": "p", "model": "m", "mode": "chat", "completion_params": {}}},
                     "query": {"type": "constant", "value": "q"}, "instruction": {"type": "constant", "value": ""},
                 })
    found = Graph.parse(document(start(), agent)).nodes["a"].extras
    assert found == {"agent_strategy": {"name": "function_calling", "icon": None}}
