"""Datasets, tags and metadata fields through Envoy (dataset-api.md sections 2 and 7)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.harness.product import Workspace
from tests.rest.knowledge import Knowledge, new_name

# What Dify's dataset object holds (dataset-api.md 2.1).
KEYS = {
    "id", "name", "description", "provider", "permission", "data_source_type", "indexing_technique", "app_count",
    "document_count", "word_count", "created_by", "author_name", "created_at", "updated_by", "updated_at",
    "embedding_model", "embedding_model_provider", "embedding_available", "retrieval_model_dict",
    "summary_index_setting", "tags", "doc_form", "external_knowledge_info", "external_retrieval_model",
    "doc_metadata", "built_in_field_enabled", "pipeline_id", "runtime_mode", "chunk_structure", "icon_info",
    "is_published", "total_documents", "total_available_documents", "enable_api", "is_multimodal", "maintainer",
}  # fmt: skip


@pytest.fixture(scope="module")
def knowledge(workspace: Workspace) -> Knowledge:
    return Knowledge(workspace)


def test_dataset_created_has_every_key_and_is_empty(knowledge: Knowledge) -> None:
    name = new_name()
    made = knowledge.ok("POST", "/datasets", json={"name": name, "description": "d"})
    assert set(made) == KEYS
    assert made["name"] == name
    assert made["permission"] == "only_me"
    assert made["provider"] == "vendor"
    assert made["indexing_technique"] is None
    assert made["doc_form"] is None
    assert made["embedding_available"] is True
    assert made["retrieval_model_dict"]["search_method"] == "semantic_search"
    assert made["retrieval_model_dict"]["top_k"] == 2
    assert made["retrieval_model_dict"]["weights"] is None
    assert made["tags"] == [] and made["doc_metadata"] == []
    shown = knowledge.ok("GET", f"/datasets/{made['id']}")
    assert shown["retrieval_model_dict"]["search_method"] == "keyword_search"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "name"), ({"name": "x" * 41}, "name"), ({"name": "n", "description": "x" * 401}, "description"),
        ({"name": "n", "indexing_technique": "best"}, "indexing_technique"),
        ({"name": "n", "permission": "nobody"}, "permission"), ({"name": "n", "provider": "x"}, "provider"),
        ({"name": "n", "retrieval_model": {"search_method": "semantic_search"}}, "top_k"),
        ({"name": "n", "retrieval_model": {
            "search_method": "semantic_search", "reranking_enable": False, "top_k": 0, "score_threshold_enabled": False,
        }}, "top_k"),
    ],
)  # fmt: skip
def test_dataset_with_a_bad_field_is_refused(knowledge: Knowledge, fields: dict[str, Any], words: str) -> None:
    reply = knowledge.http.post("/v1/datasets", json=fields)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param")
    assert words in reply.json()["message"]


def test_name_of_40_characters_is_taken_once(knowledge: Knowledge) -> None:
    name = (uuid.uuid4().hex + uuid.uuid4().hex)[:40]
    first = knowledge.dataset(name=name)
    assert knowledge.refused("POST", "/datasets", json={"name": name}) == (409, "dataset_name_duplicate")
    other = knowledge.dataset()
    assert knowledge.refused("PATCH", f"/datasets/{other['id']}", json={"name": name}) == (400, "invalid_param")
    assert knowledge.ok("PATCH", f"/datasets/{first['id']}", json={"name": name})["name"] == name


def test_update_changes_what_is_sent_and_null_clears_the_description(knowledge: Knowledge) -> None:
    dataset = knowledge.dataset(description="before")
    path = f"/datasets/{dataset['id']}"
    changed = knowledge.ok("PATCH", path, json={"permission": "all_team_members", "name": None})
    assert (changed["permission"], changed["description"], changed["name"]) == (
        "all_team_members", "before", dataset["name"],
    )  # fmt: skip
    assert changed["partial_member_list"] == []
    assert knowledge.ok("PATCH", path, json={"description": None})["description"] is None
    owner = changed["created_by"]
    body = {"permission": "partial_members", "partial_member_list": [{"user_id": owner}]}
    assert knowledge.ok("PATCH", path, json=body)["partial_member_list"] == [owner]
    assert knowledge.ok("GET", path)["partial_member_list"] == [owner]
    assert knowledge.ok("PATCH", path, json={"permission": "only_me"})["partial_member_list"] == []


def test_list_pages_and_filters_by_keyword_and_tag(knowledge: Knowledge) -> None:
    mark = uuid.uuid4().hex[:8]
    made = [knowledge.dataset(name=f"{mark}_{number}") for number in range(3)]
    page = knowledge.ok("GET", "/datasets", params={"keyword": mark.upper(), "limit": 2})
    assert [one["id"] for one in page["data"]] == [made[2]["id"], made[1]["id"]]
    assert (page["has_more"], page["limit"], page["total"], page["page"]) == (True, 2, 3, 1)
    rest = knowledge.ok("GET", "/datasets", params={"keyword": mark, "limit": 2, "page": 2})
    assert [one["id"] for one in rest["data"]] == [made[0]["id"]]
    assert rest["has_more"] is False
    assert knowledge.ok("GET", "/datasets", params={"keyword": "_%"})["total"] == 0
    assert knowledge.ok("GET", "/datasets", params={"limit": 500, "keyword": mark})["limit"] == 100
    tag = knowledge.ok("POST", "/datasets/tags", json={"name": f"t{mark}"})
    knowledge.ok("POST", "/datasets/tags/binding", json={"tag_ids": [tag["id"]], "target_id": made[1]["id"]})
    tagged = knowledge.ok("GET", "/datasets", params=[("tag_ids", tag["id"]), ("tag_ids", str(uuid.uuid4()))])
    assert [one["id"] for one in tagged["data"]] == [made[1]["id"]]
    assert tagged["data"][0]["tags"] == [{"id": tag["id"], "name": f"t{mark}", "type": "knowledge"}]
    assert knowledge.ok("GET", "/datasets", params={"tag_ids": str(uuid.uuid4())})["data"] == []


def test_dataset_deleted_is_gone_with_an_empty_204(knowledge: Knowledge) -> None:
    dataset = knowledge.dataset()
    reply = knowledge.http.delete(f"/v1/datasets/{dataset['id']}")
    assert (reply.status_code, reply.content) == (204, b"")
    assert knowledge.refused("GET", f"/datasets/{dataset['id']}") == (404, "not_found")
    assert knowledge.refused("DELETE", f"/datasets/{dataset['id']}") == (404, "not_found")


def test_key_of_an_app_opens_no_dataset(knowledge: Knowledge, workspace: Workspace) -> None:
    app = workspace.app()
    reply = app.http.get("/v1/datasets")
    assert (reply.status_code, reply.json()["message"]) == (401, "Access token is invalid")
    assert app.http.get("/v1/datasets/tags").status_code == 401
    assert knowledge.http.get("/v1/parameters").status_code == 401


def test_tags_live_through_their_routes(knowledge: Knowledge) -> None:
    dataset, name = knowledge.dataset(), f"tag {uuid.uuid4().hex[:8]}"
    tag = knowledge.ok("POST", "/datasets/tags", json={"name": name})
    assert tag == {"id": tag["id"], "name": name, "type": "knowledge", "binding_count": "0"}
    assert knowledge.refused("POST", "/datasets/tags", json={"name": name}) == (400, "invalid_param")
    assert knowledge.refused("POST", "/datasets/tags", json={"name": "x" * 51}) == (400, "invalid_param")
    bind = {"tag_ids": [tag["id"], str(uuid.uuid4())], "target_id": dataset["id"]}
    for _ in range(2):
        assert knowledge.http.post("/v1/datasets/tags/binding", json=bind).status_code == 204
    listed = knowledge.ok("GET", "/datasets/tags")
    assert isinstance(listed, list)
    assert listed[0] == {**tag, "binding_count": "1"}
    assert knowledge.ok("GET", f"/datasets/{dataset['id']}/tags") == {
        "data": [{"id": tag["id"], "name": name}], "total": 1,
    }  # fmt: skip
    renamed = knowledge.ok("PATCH", "/datasets/tags", json={"tag_id": tag["id"], "name": name})
    assert renamed["binding_count"] == "1"
    unbind = {"tag_id": tag["id"], "target_id": dataset["id"]}
    for _ in range(2):
        assert knowledge.http.post("/v1/datasets/tags/unbinding", json=unbind).status_code == 204
    none: dict[str, Any] = {"tag_ids": [], "target_id": dataset["id"]}
    assert knowledge.refused("POST", "/datasets/tags/binding", json=none) == (400, "invalid_param")
    stranger = {**bind, "target_id": str(uuid.uuid4())}
    assert knowledge.refused("POST", "/datasets/tags/binding", json=stranger) == (404, "not_found")
    deleted = knowledge.http.request("DELETE", "/v1/datasets/tags", json={"tag_id": tag["id"]})
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert knowledge.refused("DELETE", "/datasets/tags", json={"tag_id": tag["id"]}) == (404, "not_found")


def test_metadata_fields_live_through_their_routes(knowledge: Knowledge) -> None:
    path = f"/datasets/{knowledge.dataset()['id']}/metadata"
    made = knowledge.http.post(f"/v1{path}", json={"type": "string", "name": "lang"})
    assert made.status_code == 201
    field = made.json()
    assert field == {"id": field["id"], "name": "lang", "type": "string"}
    for body in (
        {"type": "string", "name": "lang"}, {"type": "string", "name": "source"}, {"type": "string", "name": "x" * 256},
        {"type": "zzz", "name": "y"}, {"type": "string", "name": ""},
    ):  # fmt: skip
        assert knowledge.refused("POST", path, json=body) == (400, "invalid_param")
    assert knowledge.ok("GET", path) == {
        "doc_metadata": [{**field, "count": 0}], "built_in_field_enabled": False,
    }  # fmt: skip
    renamed = knowledge.ok("PATCH", f"{path}/{field['id']}", json={"name": "language"})
    assert renamed == {**field, "name": "language"}
    built_in = knowledge.ok("GET", f"{path}/built-in")["fields"]
    assert [one["name"] for one in built_in] == [
        "document_name", "uploader", "upload_date", "last_update_date", "source",
    ]  # fmt: skip
    assert knowledge.ok("POST", f"{path}/built-in/enable") == {"result": "success"}
    assert knowledge.ok("GET", path)["built_in_field_enabled"] is True
    assert knowledge.refused("POST", f"{path}/built-in/toggle") == (400, "invalid_param")
    assert knowledge.http.delete(f"/v1{path}/{field['id']}").status_code == 204
    assert knowledge.refused("DELETE", f"{path}/{field['id']}") == (404, "not_found")
    assert knowledge.refused("PATCH", f"{path}/{uuid.uuid4()}", json={"name": "n"}) == (404, "not_found")
