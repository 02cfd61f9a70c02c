"""Runs that wait for somebody: forms over REST, and how a run goes on when they are filled in."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.harness.product import App, Workspace
from tests.harness.stores import wait_until
from tests.rest.flows import chain, end, flow, human, node, start
from tests.rest.sse import answer, events
from tests.rest.test_workflow_runs import run, streamed


@pytest.fixture(scope="module")
def asking(workspace: Workspace) -> App:
    return flow(workspace, {
        "nodes": [start("name"), human("ask", "Hi {{#start.name#}}: {{#$output.said#}}"), end(said=("ask", "said"))],
        "edges": [
            {"id": "1", "source": "start", "target": "ask", "sourceHandle": "source"},
            {"id": "2", "source": "ask", "target": "end", "sourceHandle": "ok"},
        ],
    })  # fmt: skip


def fill_in(app: App, token: str, **changes: Any) -> Any:
    body = {"inputs": {"said": "yes"}, "action": "ok", "user": "somebody", **changes}
    return app.http.post(f"/v1/form/human_input/{token}", json=body)


def status(app: App, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = app.http.get(f"/v1/workflows/run/{run_id}").json()
    return found


def test_a_run_waits_and_goes_on(asking: App) -> None:
    told = streamed(asking, {"name": "bo"})
    assert [event["event"] for event in told][-2:] == ["human_input_required", "workflow_paused"]
    required, paused = told[-2]["data"], told[-1]["data"]
    assert sorted(required) == sorted([
        "form_id", "node_id", "node_title", "form_content", "inputs", "actions", "display_in_ui", "form_token",
        "resolved_default_values", "expiration_time",
    ])  # fmt: skip
    assert required["form_content"] == "Hi bo: {{#$output.said#}}"
    assert (paused["paused_nodes"], paused["status"], paused["outputs"]) == (["ask"], "paused", {})
    assert paused["reasons"][0]["TYPE"] == "human_input_required"
    assert paused["reasons"][0]["form_token"] == required["form_token"]
    run_id, token = paused["workflow_run_id"], required["form_token"]
    assert (status(asking, run_id)["status"], status(asking, run_id)["finished_at"]) == ("paused", None)
    form = asking.http.get(f"/v1/form/human_input/{token}").json()
    assert form["user_actions"] == [{"id": "ok", "title": "Go on", "button_style": "primary"}]
    assert form["inputs"][0]["output_variable_name"] == "said"
    assert form["expiration_time"] == required["expiration_time"]
    place = f"/v1/workflow/{run_id}/events?user=u&include_state_snapshot=true&continue_on_pause=true"
    after: list[dict[str, Any]] = []

    def follow() -> None:
        with asking.http.stream("GET", place) as reply:
            after.extend(events(reply.iter_text()))

    reader = threading.Thread(target=follow)
    reader.start()
    for wrong, told_why in (({"inputs": {}}, "Missing required inputs: said"), ({"action": "no such"}, "no such")):
        refused = fill_in(asking, token, **wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_form_data"), refused.text
        assert told_why in refused.json()["message"]
    reply = fill_in(asking, token)
    assert (reply.status_code, reply.json()) == (200, {})
    wait_until(lambda: status(asking, run_id)["status"] == "succeeded", "the run goes on")
    assert status(asking, run_id)["outputs"] == {"said": "yes"}
    again = fill_in(asking, token)
    assert again.json() == {
        "code": "human_input_form_submitted", "status": 412,
        "message": f"This form has already been submitted by another user, form_id={required['form_id']}",
    }  # fmt: skip
    assert again.status_code == 412
    assert asking.http.get(f"/v1/form/human_input/{token}").status_code == 412
    reader.join(20)
    names = [event["event"] for event in after]
    assert names[:2] == ["workflow_started", "node_started"]
    pause = names.index("workflow_paused")
    assert names[pause + 1 : pause + 3] == ["human_input_form_filled", "workflow_started"]
    assert names[-1] == "workflow_finished"
    filled = after[pause + 1]["data"]
    assert (filled["rendered_content"], filled["action_id"], filled["action_text"]) == ("Hi bo: yes", "ok", "Go on")
    assert after[pause + 2]["data"]["reason"] == "resumption"
    whole = asking.http.get(f"/v1/workflow/{run_id}/events?user=u", headers={"Last-Event-ID": "0"})
    numbers = [event["_id"] for event in events([whole.text])]
    assert numbers == list(range(1, len(numbers) + 1))


def test_blocking_call_tells_that_it_waits(asking: App) -> None:
    data = run(asking, {"name": "bo"})["data"]
    assert (data["status"], data["paused_nodes"], data["finished_at"]) == ("paused", ["ask"], None)
    assert data["reasons"][0]["node_id"] == "ask"


def test_a_waiting_run_is_stopped(asking: App) -> None:
    made = run(asking, {"name": "bo"})
    token = made["data"]["reasons"][0]["form_token"]
    asking.http.post(f"/v1/workflows/tasks/{made['task_id']}/stop", json={"user": "u"})
    assert status(asking, made["workflow_run_id"])["status"] == "stopped"
    late = fill_in(asking, token)
    assert (late.status_code, late.json()["code"]) == (412, "human_input_form_expired")
    assert late.json()["message"].startswith("This form has expired, form_id=")
    told = events([
        asking.http.get(
            f"/v1/workflow/{made['workflow_run_id']}/events?user=u", headers={"Last-Event-ID": "0"}
        ).text
    ])  # fmt: skip
    assert told[-1]["data"]["status"] == "stopped"


def test_run_whose_version_is_gone_fails_with_the_reason(workspace: Workspace) -> None:
    graph = chain(start(), human("ask"), end(said=("ask", "said")))
    graph["edges"][1]["sourceHandle"] = "ok"
    app = flow(workspace, graph)
    made = run(app)["data"]
    place = f"/console/api/apps/{app.id}/workflows"
    workspace.ok(workspace.console.post(f"{place}/publish", json={}))
    workspace.ok(workspace.console.delete(f"{place}/{made['workflow_id']}"))
    assert fill_in(app, made["reasons"][0]["form_token"]).status_code == 200
    wait_until(lambda: status(app, made["id"])["status"] == "failed", "the run ends")
    assert status(app, made["id"])["error"].startswith("The workflow cannot go on: ")


def test_unknown_form_is_not_found(asking: App) -> None:
    reply = asking.http.get("/v1/form/human_input/nobodys")
    assert reply.json() == {"code": "not_found", "message": "Form not found", "status": 404}
    assert reply.status_code == 404


def test_chatflow_waits_and_goes_on(workspace: Workspace) -> None:
    graph = chain(start(), human("ask"), node("answer", "answer", answer="You said {{#ask.said#}}."))
    graph["edges"][1]["sourceHandle"] = "ok"
    app = flow(workspace, graph, "advanced-chat")
    body = app.send("q").json()
    assert (body["event"], body["data"]["status"], body["data"]["paused_nodes"]) == ("workflow_paused", "paused", ["ask"])
    page = {"user": "u", "conversation_id": body["conversation_id"]}
    assert app.http.get("/v1/messages", params=page).json()["data"][0]["status"] == "paused"
    assert fill_in(app, body["data"]["reasons"][0]["form_token"]).status_code == 200
    run_id = body["workflow_run_id"]
    wait_until(lambda: status(app, run_id)["status"] == "succeeded", "the run goes on")
    message = app.http.get("/v1/messages", params=page).json()["data"][0]
    assert (message["status"], message["answer"]) == ("normal", "You said yes.")
    told = events([app.http.get(f"/v1/chat-messages/{body['task_id']}/events?user=u").text])
    assert answer(told) == "You said yes."
