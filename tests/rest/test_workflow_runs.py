"""Runs of workflows over REST, compared with what was recorded of Dify."""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct

from tests.harness.product import App, Workspace
from tests.harness.stores import wait_until
from tests.rest.flows import PASS, chain, end, flow, llm, node, start
from tests.rest.sse import events
from transom.workflow.v1 import workflow_run_pb2 as pb
from transom.workflow.v1 import workflow_run_service_pb2_grpc as pb_grpc


@pytest.fixture(scope="module")
def passing(workspace: Workspace) -> App:
    return flow(workspace, PASS)


def run(app: App, inputs: Any = None, **fields: Any) -> dict[str, Any]:
    reply = app.http.post("/v1/workflows/run", json={"inputs": inputs or {}, "user": "u", **fields})
    assert reply.status_code == 200, reply.text
    return reply.json()


def streamed(app: App, inputs: Any = None, path: str = "/v1/workflows/run", **fields: Any) -> list[dict[str, Any]]:
    body = {"inputs": inputs or {}, "user": "u", "response_mode": "streaming", **fields}
    with app.http.stream("POST", path, json=body) as reply:
        assert reply.status_code == 200, reply.read()
        return events(reply.iter_text())


def test_blocking_run_answers_as_recorded(passing: App) -> None:
    body = run(passing, {"name": "bo", "undeclared": 1})
    assert list(body) == ["task_id", "workflow_run_id", "data"]
    data = body["data"]
    assert list(data) == [
        "id", "workflow_id", "status", "outputs", "error", "elapsed_time", "total_tokens", "total_steps", "created_at",
        "finished_at",
    ]  # fmt: skip
    assert data["id"] == body["workflow_run_id"] != body["task_id"]
    assert (data["status"], data["outputs"], data["error"]) == ("succeeded", {"output": "bo"}, None)
    assert (data["total_steps"], data["total_tokens"]) == (2, 0)
    assert 0 < data["elapsed_time"] < 10
    assert abs(data["created_at"] - time.time()) < 30
    assert data["finished_at"] >= data["created_at"]


def test_streamed_run_tells_the_recorded_events(passing: App) -> None:
    told = streamed(passing, {"name": "bo"})
    assert [event["event"] for event in told] == [
        "workflow_started", "node_started", "node_finished", "node_started", "text_chunk", "node_finished",
        "workflow_finished",
    ] or [event["event"] for event in told] == [
        "workflow_started", "node_started", "text_chunk", "node_finished", "node_started", "node_finished",
        "workflow_finished",
    ]  # fmt: skip
    assert all(sorted(event) == ["data", "event", "task_id", "workflow_run_id"] for event in told)
    begun, finished = told[0]["data"], told[-1]["data"]
    assert sorted(begun) == ["created_at", "id", "inputs", "reason", "workflow_id"]
    assert begun["inputs"]["name"] == "bo"
    assert begun["inputs"]["sys.user_id"] == "u"
    assert begun["inputs"]["sys.workflow_run_id"] == begun["id"] == told[0]["workflow_run_id"]
    node_begun = next(event["data"] for event in told if event["event"] == "node_started")
    assert sorted(node_begun) == sorted([
        "id", "node_id", "node_type", "title", "index", "predecessor_node_id", "inputs", "inputs_truncated",
        "created_at", "extras", "iteration_id", "loop_id", "agent_strategy",
    ])  # fmt: skip
    assert (node_begun["extras"], node_begun["inputs"], node_begun["agent_strategy"]) == ({}, None, None)
    node_ended = next(event["data"] for event in told if event["event"] == "node_finished")
    assert sorted(node_ended) == sorted([
        "id", "node_id", "node_type", "title", "index", "predecessor_node_id", "inputs", "inputs_truncated",
        "process_data", "process_data_truncated", "outputs", "outputs_truncated", "status", "error", "elapsed_time",
        "execution_metadata", "created_at", "finished_at", "files", "iteration_id", "loop_id",
    ])  # fmt: skip
    assert node_ended["id"] == node_begun["id"]
    assert (node_ended["status"], node_ended["execution_metadata"], node_ended["files"]) == ("succeeded", None, [])
    chunk = next(event["data"] for event in told if event["event"] == "text_chunk")
    assert chunk == {"text": "bo", "from_variable_selector": ["start", "name"]}
    assert sorted(finished) == sorted([
        "id", "workflow_id", "status", "outputs", "error", "elapsed_time", "total_tokens", "total_steps", "created_by",
        "created_at", "finished_at", "exceptions_count", "files",
    ])  # fmt: skip
    assert finished["created_by"]["user"] == "u"
    assert (finished["outputs"], finished["exceptions_count"], finished["files"]) == ({"output": "bo"}, 0, [])


def test_detail_shows_inputs_as_an_object_or_as_text(passing: App) -> None:
    made = run(passing, {"name": "bo"})
    found = passing.http.get(f"/v1/workflows/run/{made['workflow_run_id']}").json()
    assert found["id"] == made["workflow_run_id"]
    assert found["inputs"]["name"] == "bo"
    assert (found["outputs"], found["status"], found["error"]) == ({"output": "bo"}, "succeeded", None)
    assert (found["total_steps"], found["total_tokens"]) == (2, 0)
    text = passing.http.get(f"/v1/workflows/run/{made['workflow_run_id']}?inputs_format=string").json()["inputs"]
    assert isinstance(text, str)
    assert '"name":"bo"' in text


@pytest.mark.parametrize("run_id", ["01a2139d-a19d-793c-bb21-a12173cfd64a", "no-uuid"])
def test_unknown_run_is_not_found(passing: App, run_id: str) -> None:
    reply = passing.http.get(f"/v1/workflows/run/{run_id}")
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
    reply = passing.http.get(f"/v1/workflow/{run_id}/events?user=u")
    assert (reply.status_code, reply.json()["message"]) == (404, "Workflow run not found")


def test_a_published_version_runs_by_its_id(passing: App) -> None:
    version = run(passing)["data"]["workflow_id"]
    reply = passing.http.post(f"/v1/workflows/{version}/run", json={"inputs": {"name": "x"}, "user": "u"})
    assert reply.json()["data"]["outputs"] == {"output": "x"}
    told = streamed(passing, {"name": "y"}, f"/v1/workflows/{version}/run")
    assert told[-1]["data"]["outputs"] == {"output": "y"}
    for wanted, status, code in (("nonsense", 400, "bad_request"), (str(uuid.uuid4()), 404, "not_found")):
        reply = passing.http.post(f"/v1/workflows/{wanted}/run", json={"inputs": {}, "user": "u"})
        assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text


def test_failed_run_is_told_and_answered_with_200(workspace: Workspace) -> None:
    broken = flow(workspace, chain(start("url"), node(
        "call", "http-request", method="get", url="{{#start.url#}}", authorization={"type": "no-auth"}, headers="",
        params="", body={"type": "none", "data": []},
    ), end(body=("call", "body"))))  # fmt: skip
    data = run(broken, {"url": "http://127.0.0.1:9/"})["data"]
    assert data["status"] == "failed"
    assert "SSRF" in data["error"] or "127.0.0.1" in data["error"]
    told = streamed(broken, {"url": "http://127.0.0.1:9/"})
    assert [event["event"] for event in told][-2:] == ["node_finished", "workflow_finished"]
    assert told[-2]["data"]["status"] == told[-1]["data"]["status"] == "failed"
    assert told[-1]["data"]["error"] == data["error"]
    assert told[-1]["data"]["exceptions_count"] == 1
    listed = broken.http.get("/v1/workflows/logs?status=failed").json()
    assert listed["total"] == 2


def test_other_modes_and_bad_bodies_are_refused(passing: App, workspace: Workspace) -> None:
    chat = workspace.app()
    body = {"inputs": {}, "user": "u"}
    assert chat.http.post("/v1/workflows/run", json=body).json()["code"] == "not_workflow_app"
    assert passing.http.post("/v1/chat-messages", json={**body, "query": "q"}).json()["code"] == "not_chat_app"
    for wrong in ({"user": "u"}, {"inputs": {}}, {**body, "response_mode": "sometimes"}):
        reply = passing.http.post("/v1/workflows/run", json=wrong)
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param"), reply.text
    unpublished = workspace.app("workflow").http.post("/v1/workflows/run", json=body)
    assert unpublished.json() == {"code": "invalid_param", "message": "Workflow not published", "status": 400}


def test_log_is_filtered(workspace: Workspace) -> None:
    app = flow(workspace, PASS)
    runs = [run(app, {"name": name}, user=user) for name, user in (("Alpha", "one"), ("beta%", "two"), ("x", "two"))]
    page = app.http.get("/v1/workflows/logs?limit=2").json()
    assert (page["page"], page["limit"], page["total"], page["has_more"]) == (1, 2, 3, True)
    assert [row["workflow_run"]["id"] for row in page["data"]] == [one["workflow_run_id"] for one in runs[:0:-1]]
    row = page["data"][0]
    assert sorted(row) == sorted([
        "id", "workflow_run", "details", "created_from", "created_by_role", "created_by_account", "created_by_end_user",
        "created_at",
    ])  # fmt: skip
    assert (row["created_from"], row["created_by_role"], row["details"]) == ("service-api", "end_user", None)
    assert row["created_by_end_user"]["session_id"] == "two"
    assert row["workflow_run"]["triggered_from"] == "app-run"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", row["workflow_run"]["version"])

    def found(**query: Any) -> int:
        reply = app.http.get("/v1/workflows/logs", params=query)
        assert reply.status_code == 200, reply.text
        return reply.json()["total"]

    assert found(keyword="ALPHA") == 1
    assert found(keyword="a%") == 1
    assert found(keyword=runs[2]["workflow_run_id"]) == 1
    assert found(created_by_end_user_session_id="two") == 2
    assert found(status="stopped") == 0
    assert found(created_at__after="2020-01-01T00:00:00Z", created_at__before="2100-01-01T00:00:00+00:00") == 3
    assert found(created_at__before="2020-01-01") == 0
    for wrong in ({"status": "zzz"}, {"created_at__before": "soon"}, {"limit": 101}, {"created_by_account": "x@y.z"}):
        reply = app.http.get("/v1/workflows/logs", params=wrong)
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param"), reply.text


def slow(workspace: Workspace, delay: int = 50) -> App:
    model = f"flow@tokens=100,delay={delay}"
    workspace.add_model(model)
    return flow(workspace, chain(start("name"), llm("llm", model, "{{#start.name#}}"), end(text=("llm", "text"))))


def test_stop_ends_a_run_within_a_second(workspace: Workspace) -> None:
    app = slow(workspace)
    body = {"inputs": {"name": "x"}, "user": "u", "response_mode": "streaming"}
    with app.http.stream("POST", "/v1/workflows/run", json=body) as reply:
        chunks = reply.iter_text()
        text = ""
        while "text_chunk" not in text:
            text += next(chunks)
        task = text.split('"task_id":"')[1][:36]
        assert app.http.post(f"/v1/workflows/tasks/{task}/stop", json={"user": "u"}).json() == {"result": "success"}
        asked = time.monotonic()
        told = events([text, *chunks])
        assert time.monotonic() - asked < 1
    finished = told[-1]["data"]
    assert (told[-1]["event"], finished["status"], finished["error"]) == (
        "workflow_finished", "stopped", "Stopped by user.",
    )  # fmt: skip
    detail = app.http.get(f"/v1/workflows/run/{finished['id']}").json()
    assert detail["status"] == "stopped"
    other = {"user": "somebody else"}
    assert app.http.post(f"/v1/workflows/tasks/{task}/stop", json=other).json() == {"result": "success"}


def test_a_run_is_joined_again_from_any_event(workspace: Workspace) -> None:
    app = slow(workspace, delay=10)
    body = {"inputs": {"name": "x"}, "user": "u", "response_mode": "streaming"}
    with app.http.stream("POST", "/v1/workflows/run", json=body, headers={"Last-Event-ID": "0"}) as reply:
        chunks = reply.iter_text()
        text = ""
        while text.count("text_chunk") < 3:
            text += next(chunks)
        run_id = text.split('"workflow_run_id":"')[1][:36]
        place = f"/v1/workflow/{run_id}/events?user=u"
        # Meanwhile, from wherever the gateway sends it.
        with app.http.stream("GET", place + "&include_state_snapshot=true") as snapshot:
            joined = events(snapshot.iter_text())
        whole = events([text, *chunks])
    assert [event["_id"] for event in whole] == list(range(1, len(whole) + 1))
    assert joined[0]["event"] == "workflow_started"
    assert [event["event"] for event in joined][-2:] == ["node_finished", "workflow_finished"]
    assert joined[-1]["data"] == whole[-1]["data"]
    assert {"start", "llm"} <= {event["data"]["node_id"] for event in joined if event["event"] == "node_started"}
    for headers in ({"Last-Event-ID": "4"},):
        with app.http.stream("GET", place, headers=headers) as reply:
            rest = events(reply.iter_text())
        assert rest == whole[4:]
    only = events([app.http.get(place).text])
    assert [event["event"] for event in only] == ["workflow_finished"]
    assert only[0]["task_id"] == run_id
    assert only[0]["data"]["outputs"] == whole[-1]["data"]["outputs"]
    assert app.http.get(f"/v1/workflow/{run_id}/events?user=other").status_code == 404


def test_grpc_callers_get_typed_runs_and_events(passing: App) -> None:
    inputs = Struct()
    inputs.update({"name": "bo"})
    request = pb.RunWorkflowRequest(inputs=inputs, user="grpc")
    metadata = [("authorization", f"Bearer {passing.key}")]
    with grpc.insecure_channel(urlsplit(str(passing.http.base_url)).netloc) as channel:
        stub = pb_grpc.WorkflowRunServiceStub(channel)
        whole = stub.RunWorkflow(request, metadata=metadata, timeout=30)
        told = list(pb_grpc.WorkflowRunStreamServiceStub(channel).StreamWorkflow(request, metadata=metadata, timeout=30))
        wanted = pb.ResumeWorkflowRunRequest(workflow_run_id=told[0].workflow_run_id, user="grpc", after_sequence=4)
        rest = list(stub.ResumeWorkflowRun(wanted, metadata=metadata, timeout=30))
    assert (whole.data.status, json.loads(whole.data.outputs.text)) == ("succeeded", {"output": "bo"})
    assert [event.sequence for event in told] == list(range(1, len(told) + 1))
    assert [event.last for event in told] == [False] * (len(told) - 1) + [True]
    assert told[-1].workflow_finished.status == "succeeded"
    assert json.loads(told[0].workflow_started.inputs.text)["name"] == "bo"
    assert rest == told[4:]


def test_a_caller_who_leaves_does_not_end_a_run(workspace: Workspace) -> None:
    app = slow(workspace, delay=5)
    body = {"inputs": {"name": "x"}, "user": "u", "response_mode": "streaming"}
    with app.http.stream("POST", "/v1/workflows/run", json=body) as reply:
        run_id = next(reply.iter_text()).split('"workflow_run_id":"')[1][:36]
    wait_until(
        lambda: app.http.get(f"/v1/workflows/run/{run_id}").json()["status"] == "succeeded", "the run ends by itself"
    )
