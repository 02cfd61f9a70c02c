"""External data tools, and the order of what happens in a turn (feature-semantics.md section 2), through Envoy."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from tests.doubles.behaviour import Behaviour
from tests.doubles.extension_server import DATA, INPUT, OUTPUT, ExtensionServer
from tests.doubles.external_server import ExternalServer
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import COMPATIBLE, App
from tests.rest.knowledge import Knowledge
from tests.rest.parties import OtherWorkspace
from tests.rest.sse import events

NAME = {"text-input": {"label": "name", "variable": "name", "required": False, "max_length": 48}}


@pytest.fixture(scope="module")
def model(indexed: Knowledge, brain: OpenAIServer) -> str:
    return indexed.add_model(brain.url, f"filled-{uuid.uuid4().hex[:8]}", "llm")


@pytest.fixture(scope="module")
def extension_id(indexed: Knowledge, extension: ExtensionServer) -> str:
    extension.forget()
    return added(indexed, extension)


@pytest.fixture(autouse=True)
def doubles_as_new(brain: OpenAIServer, extension: ExtensionServer) -> None:
    brain.reset()
    extension.forget()


def added(knowledge: Knowledge, extension: ExtensionServer) -> str:
    body = {"name": uuid.uuid4().hex, "api_endpoint": extension.url, "api_key": "a-secret-key"}
    console = knowledge.workspace.console
    return str(knowledge.workspace.ok(console.post("/console/api/api-based-extension", json=body))["id"])


def tool(variable: str, extension_id: str, **fields: Any) -> dict[str, Any]:
    config = {"api_based_extension_id": extension_id}
    return {"enabled": True, "type": "api", "variable": variable, "label": variable, "config": config, **fields}


def by_variable(params: Mapping[str, Any]) -> dict[str, str]:
    return {"result": f"<{params['tool_variable']}>"}


def told(app: App, query: str = "hello", **fields: Any) -> list[dict[str, Any]]:
    with app.stream(query, **fields) as reply:
        assert reply.status_code == 200, reply.read()
        return events(reply.iter_text())


def system(brain: OpenAIServer) -> str:
    return str(brain.calls[-1].json()["messages"][0]["content"]).strip()


def test_tools_fill_their_variables_and_clients_do_not(
    indexed: Knowledge, model: str, brain: OpenAIServer, extension: ExtensionServer, extension_id: str
) -> None:
    form = [NAME, {"external_data_tool": tool("rain", extension_id)}]
    app = indexed.workspace.app(
        model=model, pre_prompt="{{name}}: {{sun}}, {{rain}}, {{off}}", user_input_form=form,
        external_data_tools=[tool("sun", extension_id), tool("rain", extension_id), tool("off", "", enabled=False)],
    )
    extension.answers[DATA] = by_variable
    reply = app.send("how is it?", inputs={"name": "Bo", "sun": "mine", "rain": "mine"})
    assert reply.status_code == 200, reply.text
    assert system(brain) == "Bo: <sun>, <rain>, {{off}}"
    asked = sorted(extension.asked(DATA), key=lambda params: params["tool_variable"])
    assert asked == [
        {"app_id": app.id, "tool_variable": name, "inputs": {"name": "Bo"}, "query": "how is it?"}
        for name in ("rain", "sun")
    ]  # fmt: skip
    conversation = reply.json()["conversation_id"]
    (message,) = app.http.get("/v1/messages", params={"user": "u", "conversation_id": conversation}).json()["data"]
    assert message["inputs"] == {"name": "Bo"}


def test_tools_are_asked_beside_each_other(
    indexed: Knowledge, model: str, extension: ExtensionServer, extension_id: str
) -> None:
    tools = [tool(f"v{at}", extension_id) for at in range(5)]
    app = indexed.workspace.app(model=model, pre_prompt="{{v1}}", external_data_tools=tools)
    extension.answers[DATA] = by_variable
    extension.script(DATA, "first=300")
    assert app.send().status_code == 200
    came = [call.at for call in extension.calls if call.model == DATA]
    assert len(came) == 5 and max(came) - min(came) < 0.3


@pytest.mark.parametrize(
    ("answer", "script", "why"),
    [
        ({}, "", "result not found in response"),
        ({"result": 1}, "", "result is not string"),
        (None, "status=500", 'request error, status_code: 500, content: {"error":"out of order"}'),
        (None, "garbage", "the answer is no JSON"),
    ],
)
def test_tool_that_fails_fails_the_turn_before_the_model_is_asked(
    indexed: Knowledge, model: str, brain: OpenAIServer, extension: ExtensionServer, extension_id: str,
    answer: Any, script: str, why: str,
) -> None:  # fmt: skip
    app = indexed.workspace.app(model=model, pre_prompt="{{sun}}", external_data_tools=[tool("sun", extension_id)])
    brain.reset()
    extension.answers[DATA] = answer
    extension.script(DATA, script)
    message = f"[External data tool] API query failed, variable: sun, error: {why}"
    (error,) = told(app)
    assert (error["event"], error["code"], error["status"], error["message"]) == ("error", "invalid_param", 400, message)
    reply = app.send()
    assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (400, "invalid_param", message)
    assert not brain.calls


def test_extension_that_is_gone_fails_the_turn_at_once(
    indexed: Knowledge, model: str, extension: ExtensionServer
) -> None:
    extension_id = added(indexed, extension)
    app = indexed.workspace.app(model=model, pre_prompt="{{sun}}", external_data_tools=[tool("sun", extension_id)])
    extension.answers[DATA] = by_variable
    assert {app.send().status_code for _ in range(4)} == {200}
    indexed.workspace.ok(indexed.workspace.console.delete(f"/console/api/api-based-extension/{extension_id}"))
    deadline = time.monotonic() + 5
    while (reply := app.send()).status_code == 200:
        assert time.monotonic() < deadline
    assert reply.json()["message"].endswith("variable: sun, error: api_based_extension_id is invalid")
    document = indexed.workspace.ok(indexed.workspace.console.get(f"/console/api/apps/{app.id}"))["model_config"]
    saved = indexed.workspace.console.post(f"/console/api/apps/{app.id}/model-config", json=document)
    assert (saved.status_code, saved.json()["message"]) == (400, "API-based Extension not found. Please check it again.")


def test_extension_of_another_workspace_is_as_unknown_as_one_that_never_was(
    indexed: Knowledge, model_url: str, model: str, extension: ExtensionServer, extension_id: str
) -> None:
    extension.answers[DATA] = by_variable
    mine = indexed.workspace.app(model=model, pre_prompt="{{sun}}", external_data_tools=[tool("sun", extension_id)])
    # Every server process has used it.
    assert {mine.send().status_code for _ in range(4)} == {200}
    other = OtherWorkspace(indexed.workspace.product, model_url)
    app = other.app()
    made = other.ok(other.console.get(f"/console/api/apps/{app.id}"))["model_config"]
    document = {**made, "external_data_tools": [tool("sun", extension_id)]}
    saved = other.console.post(f"/console/api/apps/{app.id}/model-config", json=document)
    assert (saved.status_code, saved.json()["message"]) == (400, "API-based Extension not found. Please check it again.")
    # An app file may name any: what it names is looked for when it runs.
    extension.calls.clear()
    file = {"version": "0.5.0", "kind": "app", "app": {"name": "a", "mode": "chat"}, "model_config": document}
    body = {"mode": "yaml-content", "yaml_content": json.dumps(file)}
    imported = other.ok(other.console.post("/console/api/apps/imports", json=body))
    key = other.ok(other.console.post(f"/console/api/apps/{imported['app_id']}/api-keys"))["token"]
    theirs = App(other.product.url, imported["app_id"], key)
    refused = [theirs.send() for _ in range(4)]
    assert {(one.status_code, one.json()["code"]) for one in refused} == {(400, "invalid_param")}
    assert refused[0].json()["message"].endswith("variable: sun, error: api_based_extension_id is invalid")
    assert not extension.calls


def test_steps_of_a_turn_come_in_their_order(
    indexed: Knowledge, model: str, brain: OpenAIServer, elsewhere: ExternalServer, extension: ExtensionServer,
    extension_id: str,
) -> None:  # fmt: skip
    """Moderation, annotations, external data, knowledge, the model, moderation of its answer; each sees what came before."""
    embedder = indexed.add_model(brain.url, f"order-{uuid.uuid4().hex[:8]}", "text-embedding")
    source = {"name": "order", "description": "d", "settings": {"endpoint": elsewhere.url, "api_key": "secret-key-1"}}
    console = indexed.workspace.console
    api = indexed.workspace.ok(console.post("/console/api/datasets/external-knowledge-api", json=source))
    known = f"order-{uuid.uuid4().hex[:8]}"
    elsewhere.records[known] = [{"content": "Found.", "score": 0.9, "title": "t"}]
    dataset = indexed.dataset(provider="external", external_knowledge_api_id=api["id"], external_knowledge_id=known)
    sides = {f"{side}_config": {"enabled": True, "preset_response": ""} for side in ("inputs", "outputs")}
    app = indexed.workspace.app(
        model=model, pre_prompt="{{name}} {{sun}}", user_input_form=[NAME],
        sensitive_word_avoidance={
            "enabled": True, "type": "api", "config": {"api_based_extension_id": extension_id, **sides},
        },
        external_data_tools=[tool("sun", extension_id)],
        dataset_configs={
            "retrieval_model": "multiple", "top_k": 4, "score_threshold_enabled": False, "reranking_enable": False,
            "datasets": {"datasets": [{"dataset": {"id": dataset["id"], "enabled": True}}]},
        },
    )  # fmt: skip
    annotation = app.http.post("/v1/apps/annotations", json={"question": "unlike", "answer": "never"})
    assert annotation.status_code == 201, annotation.text
    body = {"score_threshold": 1, "embedding_provider_name": COMPATIBLE, "embedding_model_name": embedder}
    job = app.http.post("/v1/apps/annotation-reply/enable", json=body).json()["job_id"]
    deadline = time.monotonic() + 30
    while app.http.get(f"/v1/apps/annotation-reply/enable/status/{job}").json()["job_status"] != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for double in (brain, extension, elsewhere):
        double.calls.clear()
    extension.answers[INPUT] = {
        "flagged": True, "action": "overridden", "inputs": {"name": "New"}, "query": "a new question",
    }  # fmt: skip
    extension.answers[DATA] = by_variable
    brain.script(model, Behaviour(text="An answer."))
    assert app.send("an old question", inputs={"name": "Old"}).json()["answer"] == "An answer."
    steps = sorted([*brain.calls, *extension.calls, *elsewhere.calls], key=lambda call: call.at)
    assert [call.path if call.path != "/" else call.model for call in steps] == [
        INPUT, "/v1/embeddings", DATA, "/retrieval", "/v1/chat/completions", OUTPUT,
    ]  # fmt: skip
    moderated, embedded, filled, searched, asked, checked = (call.json() for call in steps)
    assert moderated["params"] == {"app_id": app.id, "inputs": {"name": "Old"}, "query": "an old question"}
    assert embedded["input"] == ["a new question"]
    assert (filled["params"]["inputs"], filled["params"]["query"]) == ({"name": "New"}, "a new question")
    assert searched["query"] == "a new question"
    prompt, question = asked["messages"]
    assert "Found." in prompt["content"] and prompt["content"].strip().endswith("New <sun>")
    assert question == {"role": "user", "content": "a new question"}
    assert checked["params"] == {"app_id": app.id, "text": "An answer."}
