"""Rounds and lists in a published app file through Envoy: iteration side by side, loop, list-operator, assigner."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.harness.product import App, Workspace
from tests.rest.sse import events

INNER = {"isInIteration": True, "iteration_id": "each"}
LOOPED = {"isInLoop": True, "loop_id": "count"}


def node(node_id: str, kind: str, parent: str = "", **data: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"id": node_id, "type": "custom", "data": {"type": kind, "title": node_id, **data}}
    return {**found, "parentId": parent} if parent else found


def edge(source: str, target: str) -> dict[str, str]:
    return {"id": f"{source}-{target}", "source": source, "target": target, "sourceHandle": "source"}


NODES = [
    node("start", "start", variables=[{"variable": "words", "label": "Words", "type": "paragraph", "required": True}]),
    node(
        "split", "code", code_language="python3", code="def main(words):\n    return {'list': words.split()}",
        variables=[{"variable": "words", "value_selector": ["start", "words"]}],
        outputs={"list": {"type": "array[string]"}},
    ),
    node(
        "pick", "list-operator", variable=["split", "list"], var_type="array[string]", item_var_type="string",
        filter_by={"enabled": True, "conditions": [{"key": "", "comparison_operator": "contains", "value": "e"}]},
        extract_by={"enabled": False, "serial": "1"}, order_by={"enabled": True, "key": "", "value": "asc"},
        limit={"enabled": True, "size": 3},
    ),
    node(
        "each", "iteration", iterator_selector=["pick", "result"], output_selector=["shout", "output"],
        start_node_id="each-start", is_parallel=True, parallel_nums=2, error_handle_mode="terminated",
    ),
    node("each-start", "iteration-start", "each", **INNER),
    node(
        "shout", "template-transform", "each", template="{{ word|upper }}{{ at }}", **INNER,
        variables=[
            {"variable": "word", "value_selector": ["each", "item"]},
            {"variable": "at", "value_selector": ["each", "index"]},
        ],
    ),
    node(
        "count", "loop", loop_count=9, logical_operator="and", start_node_id="count-start",
        loop_variables=[{"label": "n", "var_type": "number", "value_type": "constant", "value": 0}],
        break_conditions=[
            {"variable_selector": ["count", "n"], "comparison_operator": "≥", "value": "3", "varType": "number"}
        ],
    ),
    node("count-start", "loop-start", "count", **LOOPED),
    node(
        "add", "assigner", "count", version="2", **LOOPED,
        items=[{"variable_selector": ["count", "n"], "input_type": "constant", "operation": "+=", "value": 1}],
    ),
    node(
        "end", "end",
        outputs=[
            {"variable": "shouted", "value_selector": ["each", "output"]},
            {"variable": "n", "value_selector": ["count", "n"]},
            {"variable": "first", "value_selector": ["pick", "first_record"]},
        ],
    ),
]  # fmt: skip
EDGES = [
    edge("start", "split"), edge("split", "pick"), edge("pick", "each"), edge("each-start", "shout"),
    edge("each", "count"), edge("count-start", "add"), edge("count", "end"),
]  # fmt: skip


@pytest.fixture(scope="module")
def app(workspace: Workspace) -> App:
    """The app file, imported and published."""
    features: dict[str, Any] = {}
    file = {
        "version": "0.5.0", "kind": "app",
        "app": {"name": "rounds", "mode": "workflow", "icon": "🤖", "icon_background": "#FFEAD5", "description": ""},
        "workflow": {
            "graph": {"nodes": NODES, "edges": EDGES}, "features": features, "environment_variables": [],
            "conversation_variables": [],
        },
    }
    body = {"mode": "yaml-content", "yaml_content": yaml.safe_dump(file, allow_unicode=True)}
    made = workspace.ok(workspace.console.post("/console/api/apps/imports", json=body))
    workspace.ok(workspace.console.post(f"/console/api/apps/{made['app_id']}/workflows/publish", json={}))
    key = workspace.ok(workspace.console.post(f"/console/api/apps/{made['app_id']}/api-keys"))
    return App(workspace.product.url, made["app_id"], key["token"])


def test_rounds_give_what_the_file_says(app: App) -> None:
    body = {"inputs": {"words": "sea moon tree pear stone bee"}, "user": "u"}
    reply = app.http.post("/v1/workflows/run", json=body)
    assert reply.status_code == 200, reply.text
    data = reply.json()["data"]
    assert (data["status"], data["error"]) == ("succeeded", None)
    assert data["outputs"] == {"shouted": ["BEE0", "PEAR1", "SEA2"], "n": 3, "first": "bee"}


def test_rounds_are_told_by_events_of_their_own(app: App) -> None:
    body = {"inputs": {"words": "sea tree"}, "user": "u", "response_mode": "streaming"}
    with app.http.stream("POST", "/v1/workflows/run", json=body) as reply:
        told = [item for item in events(reply.iter_text()) if item["event"] != "ping"]
    by_name: dict[str, list[dict[str, Any]]] = {}
    for item in told:
        by_name.setdefault(item["event"], []).append(item["data"])
    (started,), (ended,) = by_name["iteration_started"], by_name["iteration_completed"]
    assert (started["node_id"], started["metadata"]) == ("each", {"iteration_length": 2})
    assert [item["index"] for item in by_name["iteration_next"]] == [0, 1]
    assert (ended["status"], ended["outputs"], ended["steps"]) == ("succeeded", {"output": ["SEA0", "TREE1"]}, 2)
    (started,), (ended,) = by_name["loop_started"], by_name["loop_completed"]
    assert (started["node_id"], started["metadata"]) == ("count", {"loop_length": 9})
    assert [item["index"] for item in by_name["loop_next"]] == [1, 2]
    assert ended["outputs"] == {"n": 3, "loop_round": 3}
    assert ended["execution_metadata"]["completed_reason"] == "loop_break"
    shown = {item["node_id"] for item in by_name["node_started"]}
    assert shown == {"start", "split", "pick", "shout", "add", "end"}
    inner = [item for item in by_name["node_finished"] if item["node_id"] == "shout"]
    assert {item["iteration_id"] for item in inner} == {"each"}
