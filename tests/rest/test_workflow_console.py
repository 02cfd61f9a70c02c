"""Runs as authors see them in the console: of the draft, of one node, of everybody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.product import App, Workspace
from tests.rest.flows import PASS, chain, end, flow, llm, node, start
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


def test_draft_of_a_chatflow_is_talked_to(workspace: Workspace) -> None:
    app = flow(
        workspace, chain(start(), llm("llm", workspace.model), node("answer", "answer", answer="{{#llm.text#}}")),
        "advanced-chat",
    )  # fmt: skip
    path = "advanced-chat/workflows/draft/run"
    first = debug(workspace, app, path, query="hello")
    assert [event["event"] for event in first][-2:] == ["message_end", "workflow_finished"]
    assert answer(first).startswith("tok0")
    again = debug(workspace, app, path, query="again", conversation_id=first[0]["conversation_id"])
    assert again[0]["data"]["inputs"]["sys.dialogue_count"] == 2
    strange = app.send("mine?", conversation_id=first[0]["conversation_id"])
    assert strange.status_code == 404
    theirs = app.send("theirs").json()["conversation_id"]
    body = {"inputs": {}, "query": "q", "conversation_id": theirs}
    assert workspace.console.post(f"{place(app)}/{path}", json=body).status_code == 404
    runs = workspace.ok(workspace.console.get(f"{place(app)}/advanced-chat/workflow-runs"))["data"]
    assert {row["conversation_id"] for row in runs} == {first[0]["conversation_id"]}
