"""Chatflows over REST: messages answered by runs of workflows, compared with what was recorded of Dify."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from tests.harness.product import COMPATIBLE, App, Workspace
from tests.rest.flows import chain, flow, llm, node, start
from tests.rest.sse import answer, events

TOPIC = str(uuid.uuid4())
WORDS = "".join(f"tok{at} " for at in range(10))


@pytest.fixture(scope="module")
def talking(workspace: Workspace) -> App:
    """Says something of its own before, between and after what a model says; remembers the last question."""
    graph = chain(
        start("name"), llm("llm", workspace.model),
        node("keep", "assigner", version="2", items=[{
            "variable_selector": ["conversation", "topic"], "input_type": "variable", "operation": "over-write",
            "value": ["sys", "query"],
        }]),
        node("answer", "answer", answer="Reply: {{#llm.text#}} done"),
    )  # fmt: skip
    return flow(
        workspace, graph, "advanced-chat", features={"opening_statement": "Hello {{name}}!"},
        conversation_variables=[
            {"id": TOPIC, "name": "topic", "value_type": "string", "value": "none", "description": "what it is about"},
        ],
    )  # fmt: skip


def told(app: App, query: str = "q", **fields: Any) -> list[dict[str, Any]]:
    with app.stream(query, **fields) as reply:
        assert reply.status_code == 200, reply.read()
        return events(reply.iter_text())


def test_blocking_answer_has_the_recorded_shape(talking: App) -> None:
    reply = talking.send("q1", inputs={"name": "bo"}, user="blocking")
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert list(body) == [
        "event", "task_id", "id", "message_id", "conversation_id", "mode", "answer", "metadata", "created_at",
    ]  # fmt: skip
    assert (body["event"], body["mode"], body["answer"]) == ("message", "advanced-chat", f"Reply: {WORDS} done")
    usage = body["metadata"]["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert body["metadata"]["retriever_resources"] == []


def test_stream_has_the_documented_events_and_envelopes(talking: App) -> None:
    all_told = told(talking, "q3", user="streaming", auto_generate_name=False)
    names = [event["event"] for event in all_told]
    assert names[0] == "workflow_started"
    assert names[-2:] == ["message_end", "workflow_finished"]
    assert answer(all_told) == f"Reply: {WORDS} done"
    # Text before the first variable does not wait for the model.
    assert names.index("message") < names.index("node_finished", names.index("node_finished") + 1)
    shared = {"conversation_id", "message_id", "created_at", "task_id", "event"}
    for event in all_told:
        extra = {
            "message": {"id", "answer", "from_variable_selector"}, "message_end": {"id", "metadata", "files"},
        }.get(event["event"], {"workflow_run_id", "data"})  # fmt: skip
        assert set(event) == shared | extra, event
    said = [event for event in all_told if event["event"] == "message"]
    assert said[0]["from_variable_selector"] == ["answer", "answer"]
    assert said[1]["from_variable_selector"] == ["llm", "text"]
    inputs = all_told[0]["data"]["inputs"]
    assert (inputs["sys.query"], inputs["sys.dialogue_count"], inputs["sys.user_id"]) == ("q3", 1, "streaming")
    assert "sys.conversation_id" not in inputs
    finished = all_told[-1]["data"]
    assert finished["outputs"] == {"answer": f"Reply: {WORDS} done", "files": []}
    assert finished["total_tokens"] == all_told[-2]["metadata"]["usage"]["total_tokens"]
    detail = talking.http.get(f"/v1/workflows/run/{finished['id']}").json()
    assert (detail["status"], detail["inputs"]["sys.query"]) == ("succeeded", "q3")
    assert talking.http.get("/v1/workflows/logs").json()["total"] == 0


def test_conversation_goes_on_with_its_variables(talking: App) -> None:
    first = talking.send("first", inputs={"name": "bo"}, user="keeper").json()
    conversation = first["conversation_id"]
    place = f"/v1/conversations/{conversation}/variables"
    (variable,) = talking.http.get(place, params={"user": "keeper"}).json()["data"]
    assert (variable["id"], variable["name"], variable["value"]) == (TOPIC, "topic", "first")
    again = told(talking, "second", user="keeper", conversation_id=conversation)
    assert again[0]["data"]["inputs"]["sys.dialogue_count"] == 2
    assert talking.http.get(place, params={"user": "keeper"}).json()["data"][0]["value"] == "second"
    page = talking.http.get("/v1/messages", params={"user": "keeper", "conversation_id": conversation}).json()
    assert [(one["query"], one["answer"]) for one in page["data"]] == [
        ("first", f"Reply: {WORDS} done"), ("second", f"Reply: {WORDS} done"),
    ]  # fmt: skip
    (listed,) = talking.http.get("/v1/conversations", params={"user": "keeper"}).json()["data"]
    assert (listed["introduction"], listed["inputs"]) == ("Hello bo!", {"name": "bo"})
    other = talking.send("else", user="keeper").json()["conversation_id"]
    changed = talking.http.put(f"{place}/{TOPIC}", json={"value": "mine", "user": "keeper"})
    assert changed.json()["value"] == "mine"
    theirs = talking.http.get(f"/v1/conversations/{other}/variables", params={"user": "keeper"}).json()
    assert theirs["data"][0]["value"] == "else"
    for wrong, status in ((str(uuid.uuid4()), 404), ("nonsense", 400)):
        assert talking.send("q", user="keeper", conversation_id=wrong).status_code == status
    assert talking.send("q", user="somebody else", conversation_id=conversation).status_code == 404


@pytest.mark.parametrize("enabled", [True, False])
def test_questions_are_suggested_when_the_features_say_so(workspace: Workspace, enabled: bool) -> None:
    model = 'flow-suggester@text=Sure: ["How deep is it?"]'
    workspace.add_model(model)
    graph = chain(start(), node("answer", "answer", answer="{{#sys.query#}}"))
    features = {"suggested_questions_after_answer": {
        "enabled": enabled, "model": {"provider": COMPATIBLE, "name": model, "mode": "chat"},
    }}  # fmt: skip
    app = flow(workspace, graph, "advanced-chat", features=features)
    message = app.send("hello").json()["message_id"]
    reply = app.http.get(f"/v1/messages/{message}/suggested?user=u")
    if enabled:
        assert (reply.status_code, reply.json()) == (200, {"result": "success", "data": ["How deep is it?"]})
    else:
        assert (reply.status_code, reply.json()["message"]) == (400, "Suggested Questions Is Disabled.")


def test_versions_of_a_chatflow_run_by_their_id(talking: App) -> None:
    version = told(talking, user="versions")[0]["data"]["workflow_id"]
    assert told(talking, user="versions", workflow_id=version)[0]["data"]["workflow_id"] == version
    for wrong, status, code in ((str(uuid.uuid4()), 404, "not_found"), ("nonsense", 400, "bad_request")):
        reply = talking.send("q", workflow_id=wrong)
        assert (reply.status_code, reply.json()["code"]) == (status, code)


def test_failed_chatflow_is_an_error(workspace: Workspace) -> None:
    app = flow(
        workspace, chain(start(), llm("llm", "no-such-model"), node("answer", "answer", answer="{{#llm.text#}}")),
        "advanced-chat",
    )  # fmt: skip
    reply = app.send("q")
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param")
    assert reply.json()["message"].startswith("Run failed: ")
    all_told = told(app)
    assert [event["event"] for event in all_told][-3:] == ["node_finished", "workflow_finished", "error"]
    assert all_told[-1]["message"] == f"Run failed: {all_told[-2]['data']['error']}"
    assert "task_id" not in all_told[-1]
    page = app.http.get(
        "/v1/messages", params={"user": "u", "conversation_id": all_told[0]["conversation_id"]}
    ).json()["data"]
    assert page[0]["status"] == "error"


def test_stopped_chatflow_keeps_what_was_said(workspace: Workspace) -> None:
    model = "chatflow@tokens=100,delay=30"
    workspace.add_model(model)
    app = flow(
        workspace, chain(start(), llm("llm", model), node("answer", "answer", answer="{{#llm.text#}}")), "advanced-chat"
    )
    with app.stream("stop", user="u") as reply:
        chunks = reply.iter_text()
        text = ""
        while "tok3 " not in text:
            text += next(chunks)
        task = text.split('"task_id":"')[1][:36]
        app.http.post(f"/v1/chat-messages/{task}/stop", json={"user": "u"})
        asked = time.monotonic()
        all_told = events([text, *chunks])
        assert time.monotonic() - asked < 1
    assert [event["event"] for event in all_told][-2:] == ["workflow_finished", "message_end"]
    assert all_told[-2]["data"]["status"] == "stopped"
    page = app.http.get(
        "/v1/messages", params={"user": "u", "conversation_id": all_told[0]["conversation_id"]}
    ).json()["data"]
    assert page[0]["status"] == "normal"
    assert page[0]["answer"] == answer(all_told).strip()
    assert "tok3" in page[0]["answer"]
