"""Agent apps through Envoy: real tools and datasets, a model over a real socket (feature-semantics.md section 8)."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from tests.doubles.behaviour import Behaviour
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import COMPATIBLE, App
from tests.rest.knowledge import Knowledge
from tests.rest.parties import PNG, UPLOADS
from tests.rest.sse import event, events, frames

PROVIDERS = "/console/api/workspaces/current/model-providers"
TIME = {
    "provider_type": "builtin", "provider_id": "time", "provider_name": "time", "tool_name": "current_time",
    "tool_label": "Current Time", "tool_parameters": {"timezone": ""}, "enabled": True,
}  # fmt: skip

CODE = {
    "provider_type": "builtin", "provider_id": "code", "provider_name": "code", "tool_name": "simple_code",
    "tool_label": "Code", "tool_parameters": {}, "enabled": True,
}  # fmt: skip


def add_model(knowledge: Knowledge, brain: OpenAIServer, **credentials: str) -> str:
    name = f"agents-{uuid.uuid4().hex[:8]}"
    base = {"endpoint_url": f"{brain.url}/v1", "api_key": "sk-test-key", "mode": "chat", "context_size": "8192"}
    body = {"model": name, "model_type": "llm", "credentials": base | credentials}
    knowledge.workspace.ok(
        knowledge.workspace.console.post(f"{PROVIDERS}/{COMPATIBLE}/models/credentials", json=body)
    )
    return name


@pytest.fixture(scope="module")
def model(indexed: Knowledge, brain: OpenAIServer) -> str:
    """A model that calls tools."""
    return add_model(
        indexed, brain, function_calling_type="tool_call", stream_function_calling="supported"
    )


def agent(
    knowledge: Knowledge, model: str, tools: list[dict[str, Any]], *, file_upload: Any = None, **mode: Any
) -> App:
    """An agent app with these tools."""
    workspace = knowledge.workspace
    app = workspace.app("agent-chat")
    config = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))["model_config"]
    chosen = {"provider": COMPATIBLE, "name": model, "mode": "chat", "completion_params": {}}
    settings = {"enabled": True, "strategy": "function_call", "max_iteration": 3, "tools": tools, **mode}
    document = {**config, "model": chosen, "agent_mode": settings, "pre_prompt": "Use tools."}
    if file_upload is not None:
        document["file_upload"] = file_upload
    workspace.ok(workspace.console.post(f"/console/api/apps/{app.id}/model-config", json=document))
    return app


def told(app: App, query: str, **fields: Any) -> list[dict[str, Any]]:
    with app.stream(query, auto_generate_name=False, **fields) as reply:
        assert reply.status_code == 200, reply.read()
        return events(reply.iter_text())


def spoken(found: list[dict[str, Any]]) -> str:
    return "".join(item["answer"] for item in found if item["event"] == "agent_message")


def test_agent_tells_its_thoughts_and_keeps_them(indexed: Knowledge, brain: OpenAIServer, model: str) -> None:
    app = agent(indexed, model, [TIME])
    brain.script(model, Behaviour(text="It is {tool}", call="current_time", args='{"format": "%Y"}'))
    found = told(app, "Which year?")
    names = [item["event"] for item in found]
    assert names[0] == "agent_thought" and names[-1] == "message_end" and "message" not in names
    thoughts = {item["id"]: item for item in found if item["event"] == "agent_thought"}
    first, second = sorted(thoughts.values(), key=lambda item: item["position"])
    assert list(first) == [
        "event", "conversation_id", "message_id", "created_at", "task_id", "id", "position", "thought", "observation",
        "tool", "tool_labels", "tool_input", "message_files",
    ]  # fmt: skip
    assert (first["tool"], json.loads(first["tool_input"])) == ("current_time", {"current_time": {"format": "%Y"}})
    year = json.loads(first["observation"])["current_time"]
    assert len(year) == 4 and second["tool"] == "" and second["thought"] == f"It is {year}"
    assert spoken(found).endswith(f"It is {year}")
    assert found[-1]["metadata"]["usage"]["total_tokens"] > 0
    page = app.http.get("/v1/messages", params={"user": "u", "conversation_id": found[-1]["conversation_id"]})
    (message,) = page.json()["data"]
    assert message["answer"] == spoken(found).strip()
    assert [item["id"] for item in message["agent_thoughts"]] == [first["id"], second["id"]]
    stored = message["agent_thoughts"][0]
    assert list(stored) == [
        "id", "chain_id", "message_id", "position", "thought", "tool", "tool_labels", "tool_input", "created_at",
        "observation", "files",
    ]  # fmt: skip
    assert (stored["tool"], stored["observation"]) == (first["tool"], first["observation"])


def test_blocking_is_refused(indexed: Knowledge, model: str) -> None:
    reply = agent(indexed, model, []).send()
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param")
    assert reply.json()["message"] == "Agent Chat App does not support blocking mode"


SLOW_CODE = json.dumps({"language": "python3", "code": "import time\ntime.sleep(14)"})


@pytest.mark.parametrize(
    ("work", "after"),
    [
        pytest.param(Behaviour(first=14_000), 1, id="before its model says anything"),
        pytest.param(Behaviour(call="simple_code", args=SLOW_CODE, text="done"), 3, id="in a tool"),
        pytest.param(Behaviour(call="current_time", args="{}", tokens=140, delay=100), 6, id="in its answer"),
    ],
)
def test_agent_is_stopped_wherever_it_is(
    indexed: Knowledge, brain: OpenAIServer, model: str, work: Behaviour, after: int
) -> None:
    app = agent(indexed, model, [TIME, CODE])
    brain.script(model, work)
    found: list[dict[str, Any]] = []
    stopped_at = 0.0
    with app.stream("go", auto_generate_name=False) as reply:
        for frame in frames(reply.iter_text()):
            found.append(event(frame))
            if len(found) == after:
                done = app.http.post(f"/v1/chat-messages/{found[0]['task_id']}/stop", json={"user": "u"})
                assert (done.status_code, done.json()) == (200, {"result": "success"})
                stopped_at = time.monotonic()
    assert stopped_at and time.monotonic() - stopped_at < 1.5
    assert found[-1]["event"] == "message_end"
    params = {"user": "u", "conversation_id": found[-1]["conversation_id"]}
    (kept,) = app.http.get("/v1/messages", params=params).json()["data"]
    assert (kept["status"], kept["answer"]) == ("normal", spoken(found).strip())
    assert [thought["id"] for thought in kept["agent_thoughts"]] == list(
        dict.fromkeys(item["id"] for item in found if item["event"] == "agent_thought")
    )


def test_the_last_round_has_no_tools(indexed: Knowledge, brain: OpenAIServer, model: str) -> None:
    app = agent(indexed, model, [TIME], max_iteration=1)
    brain.script(model, Behaviour(text="enough", call="current_time", rounds=9))
    found = told(app, "again and again")
    assert spoken(found).endswith("enough") and found[-1]["event"] == "message_end"
    offered = [bool(call.json().get("tools")) for call in brain.calls if call.model == model][-2:]
    assert offered == [True, False]


def test_tool_that_is_not_there_is_named(indexed: Knowledge, model: str) -> None:
    app = agent(indexed, model, [{**TIME, "tool_name": "no_such_tool"}])
    found = told(app, "hello")
    assert (found[-1]["event"], found[-1]["code"]) == ("error", "invalid_param")
    assert "no_such_tool" in found[-1]["message"]


def test_model_without_tool_calls_reasons_in_text(indexed: Knowledge, brain: OpenAIServer) -> None:
    plain = add_model(indexed, brain)
    app = agent(indexed, plain, [TIME], strategy="react")
    action = '```json\n{"action": "Final Answer", "action_input": "It is blue."}\n```'
    brain.script(plain, Behaviour(text=f"Thought: I know.\nAction:\n{action}"))
    found = told(app, "What colour is the sea?")
    assert spoken(found) == "It is blue."
    assert found[-1]["event"] == "message_end"
    asked = str(next(call for call in reversed(brain.calls) if call.model == plain).json()["messages"])
    assert "current_time" in asked


def test_author_may_write_the_prompt_of_an_agent_that_reasons_in_text(
    indexed: Knowledge, brain: OpenAIServer
) -> None:
    plain = add_model(indexed, brain)
    first_prompt = "{{instruction}} [{{tool_names}}] {{tools}} {{query}}{{other}} {}"
    app = agent(indexed, plain, [TIME], strategy="react", prompt={"first_prompt": first_prompt, "next_iteration": ""})
    brain.script(plain, Behaviour(text="It is blue."))
    assert spoken(told(app, "What colour is the sea?")) == "It is blue."
    system = brain.calls[-1].json()["messages"][0]["content"]
    before, tools = system.removesuffix(" {{other}} {}").split(" [current_time] ")
    assert before.strip() == "Use tools."
    assert [tool["name"] for tool in json.loads(tools)] == ["current_time"]


def test_datasets_are_tools_and_what_they_say_is_cited(indexed: Knowledge, brain: OpenAIServer, model: str) -> None:
    dataset = indexed.economy()
    indexed.add_text(dataset, "The red fox sleeps in the old mill.")
    config = {"retrieval_model": "multiple", "datasets": {"datasets": [{"dataset": {"enabled": True, "id": dataset}}]}}
    app = agent(indexed, model, [])
    workspace = indexed.workspace
    document = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))["model_config"]
    changed = {**document, "dataset_configs": config, "retriever_resource": {"enabled": True}}
    workspace.ok(workspace.console.post(f"/console/api/apps/{app.id}/model-config", json=changed))
    tool = "dataset_" + dataset.replace("-", "_")
    brain.script(model, Behaviour(text="Found: {tool}", call=tool, args='{"query": "red fox"}'))
    found = told(app, "Where does the fox sleep?")
    assert "old mill" in spoken(found)
    (cited,) = found[-1]["metadata"]["retriever_resources"]
    assert cited["dataset_id"] == dataset


def test_agent_remembers_what_its_tools_said(indexed: Knowledge, brain: OpenAIServer, model: str) -> None:
    app = agent(indexed, model, [TIME])
    brain.script(model, Behaviour(text="It is {tool}", call="current_time", args='{"format": "%Y"}'))
    first = told(app, "Which year?")
    before, said = spoken(first).strip().split("\n")
    told(app, "And now?", conversation_id=first[-1]["conversation_id"])
    messages = next(call for call in reversed(brain.calls) if call.model == model).json()["messages"]
    assert [one["role"] for one in messages] == ["system", "user", "assistant", "tool", "assistant", "user"]
    (call,) = messages[2]["tool_calls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == ("current_time", {"format": "%Y"})
    assert messages[3]["tool_call_id"] == call["id"] and said == f"It is {messages[3]['content']}"
    assert [one["content"] for one in messages if one["role"] != "tool"][1:] == [
        "Which year?", before, said, "And now?",
    ]  # fmt: skip


def test_agent_that_reasons_in_text_remembers_its_steps(indexed: Knowledge, brain: OpenAIServer) -> None:
    plain = add_model(indexed, brain)
    app = agent(indexed, plain, [TIME], strategy="react")
    step = '```json\n{"action": "current_time", "action_input": {"format": "%Y"}}\n```'
    final = '```json\n{"action": "Final Answer", "action_input": "It is late."}\n```'
    brain.script(plain, Behaviour(text=f"Thought: I look.\nAction:\n{step}", delay=100))
    with app.stream("Which year?", auto_generate_name=False) as reply:
        deadline = time.monotonic() + 10
        while not any(call.model == plain and len(call.json()["messages"]) > 1 for call in list(brain.calls)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # It has begun its first step; this is what it does then.
        brain.script(plain, Behaviour(text=f"Thought: I know.\nAction:\n{final}"))
        first = events(reply.iter_text())
    assert spoken(first) == "It is late."
    told(app, "And now?", conversation_id=first[-1]["conversation_id"])
    messages = next(call for call in reversed(brain.calls) if call.model == plain).json()["messages"]
    assert [one["role"] for one in messages] == ["system", "user", "assistant", "user"]
    earlier = messages[2]["content"]
    assert earlier.startswith(f"Thought: I look.\nAction:\n{step}\nObservation: 20")
    assert earlier.endswith(final)


def test_agent_sees_the_pictures_that_come_with_a_question(indexed: Knowledge, brain: OpenAIServer) -> None:
    seeing = add_model(
        indexed, brain, function_calling_type="tool_call", stream_function_calling="supported",
        vision_support="support",
    )  # fmt: skip
    app = agent(indexed, seeing, [TIME], file_upload=UPLOADS)
    upload = {"file": ("a.png", PNG, "image/png")}
    stored = app.http.post("/v1/files/upload", files=upload, data={"user": "u"}).json()
    brain.script(seeing, Behaviour(text="I see it", call="current_time"))
    files = [{"type": "image", "transfer_method": "local_file", "upload_file_id": stored["id"]}]
    assert spoken(told(app, "What is it?", files=files)).strip().endswith("I see it")
    # In each of its rounds.
    asked = [call.json()["messages"][1] for call in brain.calls if call.model == seeing and call.json().get("tools")]
    assert len(asked) == 2
    for question in asked:
        picture, text = question["content"]
        assert picture["image_url"]["url"].startswith("data:image/png;base64,") and text["text"] == "What is it?"
