"""Knowledge that lives elsewhere: registered APIs, their datasets, searching them (rag-engine.md section 8)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.doubles.external_server import ExternalServer
from tests.harness.product import Workspace
from tests.rest.knowledge import Knowledge, new_name, search_by
from tests.rest.test_retrieval import SEGMENT_KEYS, history

APIS = "/console/api/datasets/external-knowledge-api"


@pytest.fixture(scope="module")
def knowledge(indexed: Knowledge) -> Knowledge:
    return indexed


def api_body(url: str, **fields: Any) -> dict[str, Any]:
    return {"name": "elsewhere", "description": "d", "settings": {"endpoint": url, "api_key": "secret-key-1"}, **fields}


@pytest.fixture(scope="module")
def api(knowledge: Knowledge, elsewhere: ExternalServer) -> dict[str, Any]:
    """A registered API."""
    made = knowledge.workspace.console.post(APIS, json=api_body(elsewhere.url))
    assert made.status_code == 201, made.text
    return dict(made.json())


def external(knowledge: Knowledge, api: Mapping[str, Any], knowledge_id: str, **fields: Any) -> dict[str, Any]:
    return knowledge.dataset(
        provider="external", external_knowledge_api_id=api["id"], external_knowledge_id=knowledge_id, **fields
    )


# Registering


def test_api_is_tried_stored_and_shown_without_its_key(knowledge: Knowledge, elsewhere: ExternalServer) -> None:
    elsewhere.calls.clear()
    console = knowledge.workspace.console
    made = console.post(APIS, json=api_body(f"{elsewhere.url}/"))
    assert made.status_code == 201, made.text
    (call,) = elsewhere.calls
    assert (call.method, call.path) == ("POST", "/retrieval")
    assert call.headers["authorization"] == "Bearer secret-key-1"
    shown = made.json()
    assert set(shown) == {
        "id", "tenant_id", "name", "description", "settings", "dataset_bindings", "created_by", "created_at",
    }  # fmt: skip
    assert shown["settings"]["endpoint"] == f"{elsewhere.url}/"
    assert "secret-key-1" not in made.text and shown["dataset_bindings"] == []
    path = f"{APIS}/{shown['id']}"
    assert console.get(path).json() == shown
    page = console.get(APIS, params={"limit": 1}).json()
    assert page["data"] == [shown] and (page["page"], page["limit"]) == (1, 1)
    settings = {"endpoint": elsewhere.url, "api_key": "[__HIDDEN__]"}
    changed = console.patch(path, json=api_body(elsewhere.url, name="renamed", settings=settings))
    assert (changed.status_code, changed.json()["name"]) == (200, "renamed")
    assert elsewhere.calls[-1].headers["authorization"] == "Bearer secret-key-1"
    assert console.get(f"{path}/use-check").json() == {"is_using": False, "count": 0}
    assert console.delete(path).status_code == 204
    for method in ("GET", "DELETE"):
        gone = console.request(method, path)
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("status", [404, 403, 502])
def test_api_that_does_not_talk_to_us_is_not_registered(
    knowledge: Knowledge, elsewhere: ExternalServer, status: int
) -> None:
    elsewhere.script("", f"status={status}")
    try:
        reply = knowledge.workspace.console.post(APIS, json=api_body(elsewhere.url))
    finally:
        elsewhere.script("", "")
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param")


def test_api_that_complains_about_the_trial_call_is_registered(knowledge: Knowledge, elsewhere: ExternalServer) -> None:
    elsewhere.script("", "status=400")
    try:
        reply = knowledge.workspace.console.post(APIS, json=api_body(elsewhere.url))
    finally:
        elsewhere.script("", "")
    assert reply.status_code == 201, reply.text


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"name": "x" * 41}, {"settings": {"endpoint": "", "api_key": "k"}}, {"settings": None},
        {"settings": {"endpoint": "ftp://127.0.0.1/x", "api_key": "k"}}, {"settings": {"endpoint": "nonsense"}},
        {"settings": {"endpoint": "http://127.0.0.1:1", "api_key": "k"}},
        {"settings": {"endpoint": "http://10.1.2.3", "api_key": "k"}},
    ],
    ids=str,
)  # fmt: skip
def test_api_that_cannot_be_is_refused(
    knowledge: Knowledge, elsewhere: ExternalServer, change: dict[str, Any]
) -> None:
    reply = knowledge.workspace.console.post(APIS, json=api_body(elsewhere.url, **change))
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param"), reply.text


def test_private_address_is_refused_unless_the_operator_allows_it(
    workspace: Workspace, elsewhere: ExternalServer
) -> None:
    elsewhere.calls.clear()
    reply = workspace.console.post(APIS, json=api_body(elsewhere.url))
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param")
    assert "not on the public internet" in reply.json()["message"]
    assert not elsewhere.calls


# Datasets


def test_external_dataset_shows_where_it_is(knowledge: Knowledge, api: dict[str, Any], elsewhere: ExternalServer) -> None:
    made = external(knowledge, api, "kb-shown")
    assert (made["provider"], made["indexing_technique"]) == ("external", None)
    assert made["external_knowledge_info"] == {
        "external_knowledge_id": "kb-shown", "external_knowledge_api_id": api["id"],
        "external_knowledge_api_name": "elsewhere", "external_knowledge_api_endpoint": elsewhere.url,
    }  # fmt: skip
    assert made["external_retrieval_model"] == {"top_k": 2, "score_threshold": 0.0, "score_threshold_enabled": None}
    path = f"/datasets/{made['id']}"
    both = {"external_knowledge_id": "kb-other", "external_knowledge_api_id": api["id"]}
    model = {"top_k": 5, "score_threshold": 0.25, "score_threshold_enabled": True}
    changed = knowledge.ok("PATCH", path, json={**both, "external_retrieval_model": model, "name": new_name()})
    assert changed["external_retrieval_model"] == model
    assert changed["external_knowledge_info"]["external_knowledge_id"] == "kb-other"
    for left_out, message in (
        ("external_knowledge_id", "External knowledge id is required."),
        ("external_knowledge_api_id", "External knowledge api id is required."),
    ):
        body = {name: value for name, value in {**both, "name": new_name()}.items() if name != left_out}
        assert knowledge.refusal("PATCH", path, json=body) == (400, "invalid_param", message)
    wrong = {**both, "external_knowledge_api_id": str(uuid.uuid4())}
    assert knowledge.refusal("PATCH", path, json=wrong)[2] == "api template not found"
    used = knowledge.workspace.console.get(f"{APIS}/{api['id']}").json()["dataset_bindings"]
    assert made["id"] in [binding["id"] for binding in used]
    assert knowledge.workspace.console.get(f"{APIS}/{api['id']}/use-check").json()["is_using"] is True


def test_external_dataset_needs_a_known_api_and_an_id(knowledge: Knowledge, api: dict[str, Any]) -> None:
    shared = {"name": new_name(), "provider": "external"}
    body = {**shared, "external_knowledge_api_id": str(uuid.uuid4()), "external_knowledge_id": "kb"}
    assert knowledge.refusal("POST", "/datasets", json=body) == (400, "invalid_param", "api template not found")
    body = {**shared, "external_knowledge_api_id": api["id"]}
    answer = (400, "invalid_param", "external_knowledge_id is required")
    assert knowledge.refusal("POST", "/datasets", json=body) == answer
    assert knowledge.ok("POST", "/datasets", json=shared)["provider"] == "external"
    console = knowledge.workspace.console
    body = {"name": new_name(), "external_knowledge_api_id": api["id"], "external_knowledge_id": "kb"}
    made = console.post("/console/api/datasets/external", json=body)
    assert (made.status_code, made.json()["provider"]) == (201, "external")


def test_documents_cannot_be_put_into_it(knowledge: Knowledge, api: dict[str, Any]) -> None:
    dataset_id = external(knowledge, api, "kb")["id"]
    text = {"name": "n", "text": "t", "indexing_technique": "economy"}
    answer = (400, "invalid_param", "External datasets are not supported.")
    assert knowledge.refusal("POST", f"/datasets/{dataset_id}/document/create-by-text", json=text) == answer
    files, data = {"file": ("a.txt", b"text")}, {"data": '{"indexing_technique": "economy"}'}
    path = f"/datasets/{dataset_id}/document/create-by-file"
    assert knowledge.refusal("POST", path, files=files, data=data) == answer


# Searching


def ask(knowledge: Knowledge, dataset_id: str, **fields: Any) -> dict[str, Any]:
    body = {"query": "what is it", **fields}
    found: dict[str, Any] = knowledge.ok("POST", f"/datasets/{dataset_id}/retrieve", json=body)
    return found


def test_search_sends_the_documented_body_and_maps_each_record(
    knowledge: Knowledge, api: dict[str, Any], elsewhere: ExternalServer
) -> None:
    dataset_id = external(knowledge, api, "kb-1")["id"]
    elsewhere.records["kb-1"] = [
        {"content": "second", "score": 0.4, "title": "b.txt", "metadata": None},
        {"content": "first", "score": 0.9, "title": "a.txt", "metadata": {"lang": "en", "page": 3}},
        {"content": "third", "score": 0.1, "title": "c.txt"},
    ]
    elsewhere.calls.clear()
    model = {"top_k": 2, "score_threshold_enabled": True, "score_threshold": 0.3}
    found = ask(knowledge, dataset_id, external_retrieval_model=model)
    (call,) = elsewhere.calls
    assert call.json() == {
        "knowledge_id": "kb-1", "query": "what is it", "retrieval_setting": {"top_k": 2, "score_threshold": 0.3},
        "metadata_condition": None,
    }  # fmt: skip
    assert call.headers["content-type"] == "application/json"
    assert call.headers["authorization"] == "Bearer secret-key-1"
    assert found["query"] == {"content": "what is it"}
    assert [(one["segment"]["content"], one["score"]) for one in found["records"]] == [("first", 0.9), ("second", 0.4)]
    first, second = (one["segment"] for one in found["records"])
    assert list(first) == SEGMENT_KEYS
    for name in ("id", "position", "document_id", "index_node_id", "index_node_hash", "created_by", "created_at", "answer",
                 "word_count", "tokens", "keywords", "hit_count", "status", "indexing_at", "completed_at"):  # fmt: skip
        assert first[name] is None, name
    assert first["sign_content"] == "first"
    assert first["document"] == {
        "id": None, "data_source_type": "external", "name": "a.txt", "doc_type": None,
        "doc_metadata": {"lang": "en", "page": 3},
    }  # fmt: skip
    assert second["document"]["doc_metadata"] is None
    (row,) = history(knowledge, dataset_id, 1)
    assert row.source == "hit_testing"


def test_search_takes_stored_settings_and_filters_along(
    knowledge: Knowledge, api: dict[str, Any], elsewhere: ExternalServer
) -> None:
    made = external(knowledge, api, "kb-2")
    elsewhere.records["kb-2"] = [{"content": str(at), "score": 1 / (1 + at), "title": "t"} for at in range(9)]
    elsewhere.calls.clear()
    assert len(ask(knowledge, made["id"])["records"]) == 4
    body = {
        "external_knowledge_id": "kb-2", "external_knowledge_api_id": api["id"],
        "external_retrieval_model": {"top_k": 3, "score_threshold": 0.7, "score_threshold_enabled": False},
    }  # fmt: skip
    knowledge.ok("PATCH", f"/datasets/{made['id']}", json=body)
    assert len(ask(knowledge, made["id"])["records"]) == 3
    conditions = {
        "logical_operator": "and",
        "conditions": [{"name": "lang", "comparison_operator": "is", "value": "en"}],
    }
    ask(knowledge, made["id"], retrieval_model=search_by("semantic_search", metadata_filtering_conditions=conditions))
    sent = [call.json() for call in elsewhere.calls]
    assert [one["retrieval_setting"] for one in sent[:2]] == [
        {"top_k": 4, "score_threshold": 0.0}, {"top_k": 3, "score_threshold": 0.0},
    ]  # fmt: skip
    assert sent[2]["metadata_condition"] == conditions


@pytest.mark.parametrize("fault", ["status=500", "status=404", "garbage"])
def test_api_that_fails_is_400_with_its_text(
    knowledge: Knowledge, api: dict[str, Any], elsewhere: ExternalServer, fault: str
) -> None:
    knowledge_id = f"kb-{fault}"
    dataset_id = external(knowledge, api, knowledge_id)["id"]
    elsewhere.script(knowledge_id, fault)
    status, code, message = knowledge.refusal("POST", f"/datasets/{dataset_id}/retrieve", json={"query": "x"})
    assert (status, code) == (400, "invalid_param")
    assert "The knowledge does not exist" in message or fault == "garbage"


def test_records_that_are_none_are_left_out(
    knowledge: Knowledge, api: dict[str, Any], elsewhere: ExternalServer
) -> None:
    dataset_id = external(knowledge, api, "kb-odd")["id"]
    elsewhere.records["kb-odd"] = [
        None, "text", {"content": None, "score": None, "title": None, "metadata": "x"},
        {"content": "good", "score": "0.5", "title": 7}, {"content": "bad", "score": "high"},
    ]  # fmt: skip
    records = ask(knowledge, dataset_id)["records"]
    assert (records[0]["segment"]["content"], records[0]["score"]) == ("good", 0.5)
    assert all(isinstance(record["score"], float) for record in records)
    elsewhere.records["kb-odd"] = {"not": "a list"}
    assert ask(knowledge, dataset_id)["records"] == []


def test_search_without_its_api_says_so(knowledge: Knowledge, elsewhere: ExternalServer) -> None:
    console: httpx.Client = knowledge.workspace.console
    api = console.post(APIS, json=api_body(elsewhere.url)).json()
    dataset_id = external(knowledge, api, "kb-gone")["id"]
    assert console.delete(f"{APIS}/{api['id']}").status_code == 204
    assert knowledge.refused("POST", f"/datasets/{dataset_id}/retrieve", json={"query": "x"}) == (404, "not_found")
    unbound = knowledge.dataset(provider="external")["id"]
    assert knowledge.refused("POST", f"/datasets/{unbound}/retrieve", json={"query": "x"}) == (404, "not_found")
    assert knowledge.ok("GET", f"/datasets/{dataset_id}")["external_knowledge_info"] is not None
