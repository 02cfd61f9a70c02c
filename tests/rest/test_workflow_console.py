"""Runs as authors see them in the console: of the draft, of one node, of everybody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.product import App, Workspace
from tests.harness.stores import wait_until
from tests.rest.flows import PASS, Graph, chain, edge, end, flow, human, llm, node, start
from tests.rest.sse import answer, events
from tests.rest.test_workflow_runs import run


@pytest.fixture(scope="module")
def passing(workspace: Workspace) -> App:
    return flow(workspace, PASS)


def place(app: App) -> str:
    return f"/console/api/apps/{app.id}"


def debug(workspace: Workspace, app: App, path: str = "workflows/draft/run", **body: Any) -> list[dict[str, Any]]:
    with workspace.console.stream("POST", f"{place(app)}/{path}", json={"inputs": {}, **body}) as reply:
        assert reply.status_code == 200, reply.read()
        return events(reply.iter_text())


def test_draft_runs_and_is_looked_into(workspace: Workspace, passing: App) -> None:
    told = debug(workspace, passing, inputs={"name": "bo"})
    assert told[0]["event"] == "workflow_started"
    finished = told[-1]["data"]
    assert (finished["status"], finished["outputs"]) == ("succeeded", {"output": "bo"})
    assert sorted(finished["created_by"]) == ["email", "id", "name"]
    ok = workspace.ok
    listed = ok(workspace.console.get(f"{place(passing)}/workflow-runs"))
    assert [row["id"] for row in listed["data"]] == [finished["id"]]
    assert (listed["data"][0]["version"], listed["has_more"], listed["limit"]) == ("draft", False, 20)
    detail = ok(workspace.console.get(f"{place(passing)}/workflow-runs/{finished['id']}"))
    assert [one["id"] for one in detail["graph"]["nodes"]] == ["start", "end"]
    assert (detail["inputs"]["name"], detail["outputs"]) == ("bo", {"output": "bo"})
    assert (detail["created_by_role"], detail["created_by_account"]["email"]) == ("account", "owner@example.com")
    nodes = ok(workspace.console.get(f"{place(passing)}/workflow-runs/{finished['id']}/node-executions"))["data"]
    assert [(one["node_id"], one["status"], one["index"]) for one in nodes] == [
        ("start", "succeeded", 1), ("end", "succeeded", 2),
    ]  # fmt: skip
    assert nodes[1]["outputs"] == {"output": "bo"}
    # The draft's author alone sees it: neither the log nor the service.
    assert passing.http.get("/v1/workflows/logs").json()["total"] == 0
    last = ok(workspace.console.get(f"{place(passing)}/workflows/draft/nodes/end/last-run"))
    assert last["id"] == nodes[1]["id"]
    missing = workspace.console.get(f"{place(passing)}/workflows/draft/nodes/nowhere/last-run")
    assert (missing.status_code, missing.json()["message"]) == (404, "last run not found")
    values = ok(workspace.console.get(f"{place(passing)}/workflows/draft/nodes/end/variables"))
    assert [(one["name"], one["value"]) for one in values["items"]] == [("output", "bo")]


def test_runs_are_counted_and_paged(workspace: Workspace) -> None:
    app = flow(workspace, PASS)
    made = [run(app, {"name": str(at)})["workflow_run_id"] for at in range(3)]
    query = {"triggered_from": "app-run", "limit": 2}
    page = workspace.ok(workspace.console.get(f"{place(app)}/workflow-runs", params=query))
    assert ([row["id"] for row in page["data"]], page["has_more"]) == (made[:0:-1], True)
    rest = workspace.ok(workspace.console.get(f"{place(app)}/workflow-runs", params={**query, "last_id": made[1]}))
    assert ([row["id"] for row in rest["data"]], rest["has_more"]) == ([made[0]], False)
    count = {"triggered_from": "app-run", "time_range": "1h"}
    assert workspace.ok(workspace.console.get(f"{place(app)}/workflow-runs/count", params=count)) == {
        "total": 3, "running": 0, "succeeded": 3, "failed": 0, "stopped": 0, "partial_succeeded": 0,
    }  # fmt: skip
    logs = workspace.ok(workspace.console.get(f"{place(app)}/workflow-app-logs", params={"limit": 1}))
    assert (logs["total"], logs["has_more"]) == (3, True)


def test_one_node_runs_with_given_values(workspace: Workspace) -> None:
    app = flow(workspace, chain(start("name"), node(
        "say", "template-transform", template="Hello {{ who }}!",
        variables=[{"variable": "who", "value_selector": ["start", "name"]}],
    ), end(said=("say", "output"))))  # fmt: skip
    place_of_node = f"{place(app)}/workflows/draft/nodes/say/run"
    ran = workspace.ok(workspace.console.post(place_of_node, json={"inputs": {"start.name": "bo"}}))
    assert (ran["status"], ran["outputs"], ran["node_type"]) == ("succeeded", {"output": "Hello bo!"}, "template-transform")
    unknown = workspace.console.post(f"{place(app)}/workflows/draft/nodes/nowhere/run", json={"inputs": {}})
    assert (unknown.status_code, unknown.json()["code"]) == (400, "invalid_param")
    assert workspace.ok(workspace.console.get(f"{place(app)}/workflow-runs"))["data"] == []


def test_node_that_asks_somebody_waits_when_it_runs_alone(workspace: Workspace) -> None:
    graph = chain(start(), human("ask"), end(said=("ask", "said")))
    graph["edges"][1]["sourceHandle"] = "ok"
    app = flow(workspace, graph)
    ran = workspace.ok(workspace.console.post(f"{place(app)}/workflows/draft/nodes/ask/run", json={"inputs": {}}))
    assert (ran["status"], ran["error"], ran["finished_at"]) == ("paused", None, None)


def test_node_reads_what_it_is_given_by_its_own_names_too(workspace: Workspace) -> None:
    say = node(
        "say", "template-transform", template="Hello {{ who }}!",
        variables=[{"variable": "who", "value_selector": ["start", "name"]}],
    )
    app = flow(workspace, chain(start("name"), say, end(said=("say", "output"))))
    for name in ("who", "say.who", "#start.name#"):
        ran = workspace.ok(
            workspace.console.post(f"{place(app)}/workflows/draft/nodes/say/run", json={"inputs": {name: "bo"}})
        )
        assert ran["outputs"] == {"output": "Hello bo!"}, name


def inside(parent: str, kind: str, graph_node: dict[str, Any]) -> dict[str, Any]:
    marks = {"isInIteration": True, "iteration_id": parent} if kind == "iteration" else {"isInLoop": True, "loop_id": parent}
    return {**graph_node, "parentId": parent, "data": {**graph_node["data"], **marks}}


ROUNDS: Graph = {
    "nodes": [
        start("name"),
        node(
            "each", "iteration", iterator_selector=["start", "list"], output_selector=["shout", "output"],
            start_node_id="each-start",
        ),
        inside("each", "iteration", node("each-start", "iteration-start")),
        inside("each", "iteration", node(
            "shout", "template-transform", template="{{ item|upper }} {{ name }}",
            variables=[{"variable": "item", "value_selector": ["each", "item"]},
                       {"variable": "name", "value_selector": ["start", "name"]}],
        )),
        node(
            "count", "loop", loop_count=9, logical_operator="and", start_node_id="count-start",
            loop_variables=[{"label": "n", "var_type": "number", "value_type": "constant", "value": 0}],
            break_conditions=[{"variable_selector": ["count", "n"], "comparison_operator": "≥", "value": "3",
                               "varType": "number"}],
        ),
        inside("count", "loop", node("count-start", "loop-start")),
        inside("count", "loop", node("add", "assigner", version="2", items=[{
            "variable_selector": ["count", "n"], "input_type": "constant", "operation": "+=", "value": 1,
        }])),
        end(said=("each", "output"), n=("count", "n")),
    ],
    "edges": [edge("start", "each"), edge("each-start", "shout"), edge("each", "count"), edge("count-start", "add"),
              edge("count", "end")],
}  # fmt: skip


@pytest.mark.parametrize("below", ["", "advanced-chat/"])
@pytest.mark.parametrize("mode", ["workflow", "advanced-chat"])
def test_iteration_and_loop_run_alone(workspace: Workspace, below: str, mode: str) -> None:
    graph = ROUNDS
    if mode == "advanced-chat":
        last = node("end", "answer", answer="{{#count.n#}}")
        graph = {**ROUNDS, "nodes": [*ROUNDS["nodes"][:-1], last]}
    app = flow(workspace, graph, mode)
    path = f"{below}workflows/draft/iteration/nodes/each/run"
    told = debug(workspace, app, path, inputs={"each.input_selector": ["a", "b"], "start.name": "bo"})
    assert [event["event"] for event in told] == [
        "workflow_started", "iteration_started",
        *["iteration_next", "node_started", "node_finished"] * 2, "iteration_completed", "workflow_finished",
    ]  # fmt: skip
    assert told[-2]["data"]["outputs"] == {"output": ["A bo", "B bo"]}
    assert told[-1]["data"]["status"] == "succeeded"
    told = debug(workspace, app, f"{below}workflows/draft/loop/nodes/count/run")
    names = [event["event"] for event in told]
    assert (names[:2], names[-2:]) == (["workflow_started", "loop_started"], ["loop_completed", "workflow_finished"])
    assert told[-2]["data"]["outputs"] == {"n": 3, "loop_round": 3}
    last_run = workspace.ok(workspace.console.get(f"{place(app)}/workflows/draft/nodes/each/last-run"))
    assert (last_run["status"], last_run["outputs"]) == ("succeeded", {"output": ["A bo", "B bo"]})
    for kind, name in (("loop", "each"), ("iteration", "nowhere"), ("iteration", "start")):
        wrong = workspace.console.post(f"{place(app)}/{below}workflows/draft/{kind}/nodes/{name}/run", json={})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_param")


def test_author_stops_a_run_that_waits(workspace: Workspace) -> None:
    app = flow(workspace, {
        "nodes": [start(), human("ask"), end(said=("ask", "said"))],
        "edges": [edge("start", "ask"), edge("ask", "end", "ok")],
    })  # fmt: skip
    mine = debug(workspace, app)
    theirs = run(app)
    assert mine[-1]["event"] == "workflow_paused"
    for run_id, task_id in (
        (mine[-1]["workflow_run_id"], mine[-1]["task_id"]), (theirs["workflow_run_id"], theirs["task_id"]),
    ):  # fmt: skip
        stop = f"{place(app)}/workflow-runs/tasks/{task_id}/stop"
        assert workspace.ok(workspace.console.post(stop, json={})) == {"result": "success"}
        detail = workspace.ok(workspace.console.get(f"{place(app)}/workflow-runs/{run_id}"))
        assert (detail["status"], detail["error"]) == ("stopped", "Aborted: User requested stop")
        assert detail["finished_at"] is not None
    token = theirs["data"]["reasons"][0]["form_token"]
    assert app.http.get(f"/v1/form/human_input/{token}").json()["code"] == "human_input_form_expired"
    told = events([app.http.get(f"/v1/workflow/{theirs['workflow_run_id']}/events?user=u").text])
    assert [event["data"]["status"] for event in told] == ["stopped"]


def test_values_of_a_draft_that_waits_are_left_for_its_author(workspace: Workspace) -> None:
    app = flow(workspace, {
        "nodes": [start("name"), human("ask"), end(said=("ask", "said"))],
        "edges": [edge("start", "ask"), edge("ask", "end", "ok")],
    })  # fmt: skip
    debug(workspace, app, inputs={"name": "bo"})
    path = f"{place(app)}/workflows/draft/nodes/start/variables"
    wait_until(lambda: bool(workspace.ok(workspace.console.get(path))["items"]), "the values are stored")
    values = {one["name"]: one["value"] for one in workspace.ok(workspace.console.get(path))["items"]}
    assert values["name"] == "bo"


def test_author_goes_back_to_an_earlier_message_and_begins_a_branch(workspace: Workspace) -> None:
    model = "counting-branches@text={count}"
    workspace.add_model(model)
    memory = {"window": {"enabled": False, "size": 50}, "query_prompt_template": "{{#sys.query#}}"}
    app = flow(workspace, chain(
        start(), llm("llm", model, "Be brief.", memory=memory), node("answer", "answer", answer="{{#llm.text#}}"),
    ), "advanced-chat")  # fmt: skip
    path = "advanced-chat/workflows/draft/run"

    def send(query: str, conversation: str = "", parent: str | None = None) -> tuple[str, str, int, str]:
        """Conversation, message, dialogue count, and how many messages the model has seen."""
        told = debug(workspace, app, path, query=query, conversation_id=conversation, parent_message_id=parent)
        count = told[0]["data"]["inputs"]["sys.dialogue_count"]
        return told[0]["conversation_id"], told[0]["message_id"], count, answer(told)

    conversation, first, *seen = send("first")
    assert seen == [1, "2"]
    _, second, *seen = send("second", conversation, first)
    assert seen == [2, "4"]
    _, _, *seen = send("second again", conversation, first)
    assert seen == [2, "4"]
    _, _, *seen = send("third", conversation, second)
    assert seen == [3, "6"]
    _, _, *seen = send("from the start", conversation)
    assert seen == [1, "2"]
    _, strange, *_ = send("elsewhere")
    body = {"inputs": {}, "query": "q", "conversation_id": conversation, "parent_message_id": strange}
    refused = workspace.console.post(f"{place(app)}/{path}", json=body)
    assert (refused.status_code, refused.json()["message"]) == (404, "Parent Message Not Exists.")
    refused = workspace.console.post(f"{place(app)}/{path}", json={**body, "parent_message_id": "nonsense"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_param")


def test_draft_of_a_chatflow_is_talked_to(workspace: Workspace) -> None:
    app = flow(
        workspace, chain(start(), llm("llm", workspace.model), node("answer", "answer", answer="{{#llm.text#}}")),
        "advanced-chat",
    )  # fmt: skip
    path = "advanced-chat/workflows/draft/run"
    first = debug(workspace, app, path, query="hello")
    assert [event["event"] for event in first][-2:] == ["message_end", "workflow_finished"]
    assert answer(first).startswith("tok0")
    asked = {"conversation_id": first[0]["conversation_id"], "parent_message_id": first[0]["message_id"]}
    again = debug(workspace, app, path, query="again", **asked)
    assert again[0]["data"]["inputs"]["sys.dialogue_count"] == 2
    strange = app.send("mine?", conversation_id=first[0]["conversation_id"])
    assert strange.status_code == 404
    theirs = app.send("theirs").json()["conversation_id"]
    body = {"inputs": {}, "query": "q", "conversation_id": theirs}
    assert workspace.console.post(f"{place(app)}/{path}", json=body).status_code == 404
    runs = workspace.ok(workspace.console.get(f"{place(app)}/advanced-chat/workflow-runs"))["data"]
    assert {row["conversation_id"] for row in runs} == {first[0]["conversation_id"]}
