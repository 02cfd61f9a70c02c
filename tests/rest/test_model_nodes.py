"""Nodes that ask models, in published apps: datasets and citations, memory, documents, extraction, an agent."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.doubles.behaviour import Behaviour
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import COMPATIBLE, App
from tests.harness.stores import wait_until
from tests.rest.flows import chain, edge, end, flow, human, node, start
from tests.rest.knowledge import Knowledge, search_by
from tests.rest.sse import answer, events
from tests.rest.test_knowledge_apps import set_metadata

PROVIDERS = "/console/api/workspaces/current/model-providers"


@pytest.fixture(scope="module")
def model(indexed: Knowledge, brain: OpenAIServer) -> str:
    """A model that calls tools; what it was asked is in ``brain.calls``."""
    name = f"nodes-{uuid.uuid4().hex[:8]}"
    credentials = {
        "endpoint_url": f"{brain.url}/v1", "api_key": "sk-test-key", "mode": "chat", "context_size": "8192",
        "function_calling_type": "tool_call", "stream_function_calling": "supported",
    }
    body = {"model": name, "model_type": "llm", "credentials": credentials}
    indexed.workspace.ok(
        indexed.workspace.console.post(f"{PROVIDERS}/{COMPATIBLE}/models/credentials", json=body)
    )
    return name


def chosen(model: str) -> dict[str, Any]:
    return {"provider": COMPATIBLE, "name": model, "mode": "chat", "completion_params": {}}


def told(app: App, query: str, **fields: Any) -> list[dict[str, Any]]:
    with app.stream(query, auto_generate_name=False, **fields) as reply:
        assert reply.status_code == 200, reply.read()
        return events(reply.iter_text())


def finished(all_told: list[dict[str, Any]], node_id: str) -> dict[str, Any]:
    (found,) = [
        event["data"] for event in all_told if event["event"] == "node_finished" and event["data"]["node_id"] == node_id
    ]
    assert isinstance(found, dict)
    return found


def prompts(brain: OpenAIServer, model: str) -> list[list[dict[str, Any]]]:
    """The messages of each call of the model."""
    return [call.json()["messages"] for call in brain.calls if call.model == model]


def ran(app: App, **inputs: Any) -> dict[str, Any]:
    """The outputs of a run of a workflow that succeeds."""
    reply = app.http.post("/v1/workflows/run", json={"inputs": inputs, "user": "u", "response_mode": "blocking"})
    assert reply.status_code == 200, reply.text
    data = reply.json()["data"]
    assert data["status"] == "succeeded", data
    found: dict[str, Any] = data["outputs"]
    return found


def test_answer_from_datasets_is_filtered_by_metadata_and_cited(
    indexed: Knowledge, brain: OpenAIServer, model: str
) -> None:
    dataset_id = indexed.quality(retrieval_model=search_by("semantic_search", top_k=3))
    old = indexed.add_text(dataset_id, "The harbour opened long ago.")
    new = indexed.add_text(dataset_id, "The harbour was rebuilt lately.")
    set_metadata(indexed, dataset_id, {old["id"]: {"year": 1990}, new["id"]: {"year": 2024}})
    condition = {"name": "year", "comparison_operator": ">", "value": "{{#start.after#}}"}
    graph = chain(
        start("after"),
        node(
            "kb", "knowledge-retrieval", dataset_ids=[dataset_id, str(uuid.uuid4())], retrieval_mode="multiple",
            query_variable_selector=["sys", "query"], multiple_retrieval_config={"top_k": 4, "reranking_enable": False},
            metadata_filtering_mode="manual",
            metadata_filtering_conditions={"logical_operator": "and", "conditions": [condition]},
        ),
        node("llm", "llm", model=chosen(model), context={"enabled": True, "variable_selector": ["kb", "result"]},
             prompt_template=[{"role": "user", "text": "Use {{#context#}} for: {{#sys.query#}}"}]),
        node("answer", "answer", answer="{{#llm.text#}}"),
    )  # fmt: skip
    app = flow(indexed.workspace, graph, "advanced-chat", features={"retriever_resource": {"enabled": True}})
    brain.script(model, Behaviour(text="I read: {user}"))
    all_told = told(app, "harbour", inputs={"after": "2000"})
    assert answer(all_told) == "I read: Use {The harbour was rebuilt lately.} for: harbour"
    (item,) = finished(all_told, "kb")["outputs"]["result"]
    assert (item["title"], item["content"]) == (new["name"], "The harbour was rebuilt lately.")
    assert item["metadata"]["document_id"] == new["id"] and item["metadata"]["doc_metadata"] == {"year": 2024}
    assert item["metadata"]["_source"] == "knowledge" and item["metadata"]["segment_word_count"] > 0
    (end_of_message,) = [event for event in all_told if event["event"] == "message_end"]
    (cited,) = end_of_message["metadata"]["retriever_resources"]
    assert (cited["document_id"], cited["retriever_from"], cited["position"]) == (new["id"], "workflow", 1)
    assert cited["content"] == item["content"] and cited["hit_count"] is not None
    # A filter that no document passes finds nothing.
    nothing = told(app, "harbour", inputs={"after": "3000"})
    assert finished(nothing, "kb")["outputs"] == {"result": []}


def test_answer_that_waited_for_somebody_cites_what_was_found_before(indexed: Knowledge) -> None:
    dataset_id = indexed.quality(retrieval_model=search_by("semantic_search", top_k=3))
    document = indexed.add_text(dataset_id, "The lighthouse is red.")
    app = flow(indexed.workspace, {
        "nodes": [
            start(),
            node("kb", "knowledge-retrieval", dataset_ids=[dataset_id], retrieval_mode="multiple",
                 query_variable_selector=["sys", "query"],
                 multiple_retrieval_config={"top_k": 4, "reranking_enable": False}),
            node("llm", "llm", model=chosen(indexed.workspace.model),
                 context={"enabled": True, "variable_selector": ["kb", "result"]},
                 prompt_template=[{"role": "user", "text": "{{#context#}}"}]),
            human("ask"), node("answer", "answer", answer="{{#ask.said#}}"),
        ],
        "edges": [edge("start", "kb"), edge("kb", "llm"), edge("llm", "ask"), edge("ask", "answer", "ok")],
    }, "advanced-chat", features={"retriever_resource": {"enabled": True}})  # fmt: skip
    body = app.send("lighthouse").json()
    token = body["data"]["reasons"][0]["form_token"]
    filled = {"inputs": {"said": "It is red."}, "action": "ok", "user": "somebody"}
    assert app.http.post(f"/v1/form/human_input/{token}", json=filled).status_code == 200
    page = {"user": "u", "conversation_id": body["conversation_id"]}

    def message() -> dict[str, Any]:
        found: dict[str, Any] = app.http.get("/v1/messages", params=page).json()["data"][0]
        return found

    wait_until(lambda: message()["status"] == "normal", "the run goes on")
    (cited,) = message()["retriever_resources"]
    assert (cited["document_id"], cited["position"]) == (document["id"], 1)


def test_node_remembers_the_conversation(indexed: Knowledge, brain: OpenAIServer, model: str) -> None:
    graph = chain(
        start(), node("llm", "llm", model=chosen(model), prompt_template=[{"role": "system", "text": "Be kind."}],
                      context={"enabled": False}, memory={"window": {"enabled": True, "size": 1}}),
        node("answer", "answer", answer="{{#llm.text#}}"),
    )  # fmt: skip
    app = flow(indexed.workspace, graph, "advanced-chat")
    brain.script(model, Behaviour(text="You said {user}"))
    conversation = app.send("one").json()["conversation_id"]
    for query in ("two", "three"):
        assert app.send(query, conversation_id=conversation).status_code == 200
    assert [(line["role"], line["content"]) for line in prompts(brain, model)[-1]] == [
        ("system", "Be kind."), ("user", "two"), ("assistant", "You said two"), ("user", "three"),
    ]  # fmt: skip


def test_document_is_read_and_parameters_are_extracted(indexed: Knowledge, brain: OpenAIServer, model: str) -> None:
    parameters = [
        {"name": "city", "type": "string", "description": "the city", "required": True},
        {"name": "nights", "type": "number", "description": "how long", "required": True},
    ]
    file = {"variable": "file", "label": "file", "type": "file", "required": True, "allowed_file_types": ["document"],
            "allowed_file_upload_methods": ["local_file"]}  # fmt: skip
    graph = chain(
        start(more=[file]), node("read", "document-extractor", variable_selector=["start", "file"]),
        node("extract", "parameter-extractor", model=chosen(model), query=["read", "text"], parameters=parameters,
             reasoning_mode="function_call"),
        end(city=["extract", "city"], nights=["extract", "nights"], ok=["extract", "__is_success"],
            text=["read", "text"]),
    )  # fmt: skip
    app = flow(indexed.workspace, graph)
    given = json.dumps({"city": "Rome", "nights": 2})
    brain.script(model, Behaviour(call="extract_parameters", args=given))
    uploaded = app.http.post(
        "/v1/files/upload", data={"user": "u"}, files={"file": ("trip.csv", b"city,nights\nRome,2\n", "text/csv")}
    )
    assert uploaded.status_code == 201, uploaded.text
    sent = {"transfer_method": "local_file", "type": "document", "upload_file_id": uploaded.json()["id"]}
    outputs = ran(app, file=sent)
    assert outputs == {
        "city": "Rome", "nights": 2, "ok": 1, "text": "| city | nights |\n| --- | --- |\n| Rome | 2 |",
    }  # fmt: skip
    assert prompts(brain, model)[-1][-1]["content"] == outputs["text"]


def test_class_chooses_the_branch(indexed: Knowledge, brain: OpenAIServer, model: str) -> None:
    classes = [{"id": "good", "name": "Praise"}, {"id": "bad", "name": "Complaint"}]
    graph = chain(
        start("text"),
        node("sort", "question-classifier", model=chosen(model), classes=classes,
             query_variable_selector=["start", "text"]),
    )  # fmt: skip
    graph["nodes"] += [{**end(way=["sort", "class_name"]), "id": name} for name in ("good", "bad")]
    graph["edges"] += [
        {"id": name, "source": "sort", "sourceHandle": name, "target": name} for name in ("good", "bad")
    ]
    app = flow(indexed.workspace, graph)
    brain.script(model, Behaviour(text='```json\n{"category_id": "bad", "category_name": "Complaint"}\n```'))
    assert ran(app, text="It broke.") == {"way": "Complaint"}


def with_agent(model: str, tool_name: str) -> dict[str, Any]:
    """A chatflow of an agent that has a tool of the packaged provider ``time``."""
    tool = {
        "enabled": True, "provider_name": "time", "tool_name": tool_name, "tool_label": "Time", "type": "builtin",
        "settings": {}, "parameters": {"format": {"auto": 0, "value": "%Y"}, "timezone": {"auto": 1, "value": None}},
    }
    parameters = {
        "model": {"type": "constant", "value": {**chosen(model), "model": model, "model_type": "llm"}},
        "tools": {"type": "constant", "value": [tool, {**tool, "tool_name": "off", "enabled": False}]},
        "query": {"type": "mixed", "value": "{{#sys.query#}}"},
        "instruction": {"type": "mixed", "value": "Be exact."}, "maximum_iterations": {"type": "constant", "value": 3},
    }
    return chain(
        start(),
        node("agent", "agent", agent_strategy_provider_name="langgenius/agent/agent", agent_strategy_label="FC",
             agent_strategy_name="function_calling", agent_parameters=parameters),
        node("answer", "answer", answer="{{#agent.text#}}"),
    )  # fmt: skip


def test_agent_whose_tool_is_missing_is_not_published(indexed: Knowledge, model: str) -> None:
    workspace = indexed.workspace
    place = f"/console/api/apps/{workspace.app('advanced-chat').id}/workflows"
    workspace.ok(workspace.console.post(f"{place}/draft", json={"graph": with_agent(model, "gone"), "features": {}}))
    reply = workspace.console.post(f"{place}/publish", json={})
    assert reply.status_code == 400 and "Node 'Agent' (agent)" in reply.json()["message"], reply.text
    assert "gone" in reply.json()["message"] and "off" not in reply.json()["message"]


def test_agent_uses_a_packaged_tool_and_tells_each_step(indexed: Knowledge, brain: OpenAIServer, model: str) -> None:
    app = flow(indexed.workspace, with_agent(model, "current_time"), "advanced-chat")
    brain.script(model, Behaviour(text="It is {tool}", call="current_time", args='{"timezone": "UTC"}'))
    all_told = told(app, "Which year?")
    said = answer(all_told)
    assert said.startswith("I call current_time.\nIt is 20") and len(said) == len("I call current_time.\nIt is 2026")
    logs = [event["data"] for event in all_told if event["event"] == "agent_log"]
    assert [(log["label"], log["status"]) for log in logs if log["parent_id"] is None] == [
        ("ROUND 1", "start"), ("ROUND 1", "success"), ("ROUND 2", "start"), ("ROUND 2", "success"),
    ]  # fmt: skip
    called = [log for log in logs if log["label"] == "CALL current_time"][-1]
    assert called["status"] == "success" and called["data"]["output"] == said[-4:]
    assert called["node_id"] == "agent" and called["node_execution_id"] == finished(all_told, "agent")["id"]
    outputs = finished(all_told, "agent")["outputs"]
    assert outputs["text"] == said and [entry["label"] for entry in outputs["json"]][:1] == ["ROUND 1"]
    (end_of_message,) = [event for event in all_told if event["event"] == "message_end"]
    assert end_of_message["metadata"]["usage"]["total_tokens"] == outputs["usage"]["total_tokens"] > 0


def test_model_picks_the_dataset_and_is_paid(indexed: Knowledge, brain: OpenAIServer, model: str) -> None:
    made = {}
    for name, text in (("about cats", "Cats purr."), ("about dogs", "Dogs bark.")):
        made[name] = indexed.quality(name=f"{name} {uuid.uuid4().hex[:6]}", retrieval_model=search_by("semantic_search"))
        indexed.add_text(made[name], text)
    graph = chain(
        start("query"),
        node("kb", "knowledge-retrieval", dataset_ids=[*made.values()], query_variable_selector=["start", "query"],
             retrieval_mode="single", single_retrieval_config={"model": chosen(model)}),
        end(found=["kb", "result"]),
    )  # fmt: skip
    app = flow(indexed.workspace, graph)
    brain.script(model, Behaviour(text="<think>1 or 2?</think>2"))
    body = {"inputs": {"query": "cats and dogs"}, "user": "u", "response_mode": "blocking"}
    data = app.http.post("/v1/workflows/run", json=body).json()["data"]
    assert [item["content"] for item in data["outputs"]["found"]] == ["Dogs bark."]
    assert data["total_tokens"] > 0
    assert "about dogs" in prompts(brain, model)[-1][-1]["content"]


def test_separated_reasoning_has_events_of_its_own(indexed: Knowledge, brain: OpenAIServer, model: str) -> None:
    graph = chain(
        start(), node("llm", "llm", model=chosen(model), reasoning_format="separated", context={"enabled": False},
                      prompt_template=[{"role": "user", "text": "{{#sys.query#}}"}]),
        node("answer", "answer", answer="{{#llm.text#}}"),
    )  # fmt: skip
    app = flow(indexed.workspace, graph, "advanced-chat")
    brain.script(model, Behaviour(text="<think>let me see</think> It is so."))
    all_told = told(app, "Why?")
    assert answer(all_told) == "It is so."
    thoughts = [event["data"] for event in all_told if event["event"] == "reasoning_chunk"]
    assert "".join(one["reasoning"] for one in thoughts) == "let me see"
    assert [one["is_final"] for one in thoughts] == [False] * (len(thoughts) - 1) + [True]
    assert {one["node_id"] for one in thoughts} == {"llm"}
    outputs = finished(all_told, "llm")["outputs"]
    assert (outputs["text"], outputs["reasoning_content"]) == ("It is so.", "let me see")
