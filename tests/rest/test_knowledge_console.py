"""Datasets in the console through Envoy: every RPC, members and their roles, uploads (console-api.md 11 and 12)."""

from __future__ import annotations

import base64
import io
import json
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from server.db.tables import accounts, jobs, memberships
from server.kit.crypto import hash_password
from server.kit.ids import new_id
from tests.doubles.behaviour import Behaviour
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import COMPATIBLE, PASSWORD
from tests.harness.stores import wait_until
from tests.ingest import documents
from tests.rest.knowledge import LINES, NESTED, Knowledge, new_name, search_by
from tests.rest.parties import PNG, database
from tests.rest.test_datasets import KEYS as DATASET_KEYS
from tests.rest.test_documents import DOCUMENT_KEYS

ROOT = "/console/api/datasets"
TEXT = "The sea is wide and blue.\nThe mountain is tall and white.\nA river runs to the sea."
NOBODY = str(uuid.uuid4())


@dataclass
class Console:
    """A member's session."""

    http: httpx.Client

    def ok(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        reply = self.http.request(method, f"{ROOT}{path}", **options)
        assert reply.status_code == status, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def refused(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        reply = self.http.request(method, f"{ROOT}{path}", **options)
        body = reply.json()
        assert {"code", "message", "status"} <= set(body) and body["status"] == reply.status_code, reply.text
        return reply.status_code, body["code"]

    def upload(self, name: str, data: bytes, kind: str = "text/plain", source: str | None = "datasets") -> httpx.Response:
        form = {} if source is None else {"source": source}
        return self.http.post("/console/api/files/upload", files={"file": (name, data, kind)}, data=form)

    def file(self, name: str, data: bytes) -> str:
        """The id of an upload for a dataset."""
        reply = self.upload(name, data)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])


@pytest.fixture(scope="module")
def knowledge(indexed: Knowledge) -> Knowledge:
    return indexed


@pytest.fixture(scope="module")
def owner(knowledge: Knowledge) -> Console:
    return Console(knowledge.workspace.console)


@pytest.fixture(scope="module")
def members(knowledge: Knowledge) -> Iterator[Mapping[str, Console]]:
    """A session of a member of each role. Invitations are not there yet, so they are made in the database."""
    sessions = {}
    for role in ("admin", "editor", "normal", "dataset_operator"):
        email, account = f"{new_id()}@example.com", new_id()
        with database(knowledge.workspace.product) as connection:
            tenant = connection.execute(sa.select(memberships.c.tenant_id).where(memberships.c.role == "owner"))
            connection.execute(
                sa.insert(accounts).values(
                    id=account, name=role, email=email, email_lower=email, password_hash=hash_password(PASSWORD)
                )
            )
            connection.execute(
                sa.insert(memberships).values(
                    id=new_id(), tenant_id=tenant.scalars().first(), account_id=account, role=role, current=True
                )
            )
            connection.commit()
        http = httpx.Client(base_url=knowledge.workspace.product.url, timeout=60)
        login = {"email": email, "password": base64.b64encode(PASSWORD.encode()).decode()}
        knowledge.workspace.ok(http.post("/console/api/login", json=login))
        http.headers["X-CSRF-Token"] = http.cookies["csrf_token"]
        sessions[role] = Console(http)
    yield sessions
    for session in sessions.values():
        session.http.close()


def knowledge_config(*file_ids: str, **fields: Any) -> dict[str, Any]:
    """A KnowledgeConfig (console-api.md section 11)."""
    source = {"info_list": {"data_source_type": "upload_file", "file_info_list": {"file_ids": list(file_ids)}}}
    return {
        "data_source": source, "indexing_technique": "economy", "process_rule": LINES, "doc_form": "text_model",
        "doc_language": "English", **fields,
    }  # fmt: skip


def wait(owner: Console, dataset_id: str, batch: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 60
    while True:
        states: list[dict[str, Any]] = owner.ok("GET", f"/{dataset_id}/batch/{batch}/indexing-status")["data"]
        if all(one["indexing_status"] in {"completed", "error", "paused"} for one in states):
            return states
        assert time.monotonic() < deadline, states
        time.sleep(0.05)


@pytest.fixture(scope="module")
def filled(owner: Console) -> dict[str, Any]:
    """A dataset that was made from an upload: what the call answered."""
    made: dict[str, Any] = owner.ok(
        "POST", "/init", 201, json=knowledge_config(owner.file("nature.txt", TEXT.encode()), name=new_name())
    )
    wait(owner, made["dataset"]["id"], made["batch"])
    return made


# Uploads


def test_upload_is_stored_for_the_member(owner: Console) -> None:
    reply = owner.upload("a note.MD", b"# Seas", "text/markdown")
    assert reply.status_code == 201, reply.text
    body = reply.json()
    assert (body["name"], body["size"], body["extension"], body["mime_type"]) == ("a note.MD", 6, "md", "text/markdown")
    assert body["created_by"] and abs(body["created_at"] - time.time()) < 60
    assert body["preview_url"] is None
    assert httpx.get(body["source_url"]).content == b"# Seas"
    assert owner.upload("dot.png", PNG, "image/png", source=None).status_code == 201


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"files": {"file": ("dot.png", PNG, "image/png")}, "data": {"source": "datasets"}}, 415, "unsupported_file_type"),
        ({"files": {"other": ("a.txt", b"x", "text/plain")}}, 400, "no_file_uploaded"),
        ({"files": [("file", ("a.txt", b"x", "text/plain")), ("file", ("b.txt", b"y", "text/plain"))]}, 400, "too_many_files"),
        ({"files": {"file": ("a.txt", b"x" * (15 * 1024 * 1024 + 1), "text/plain")}}, 413, "file_too_large"),
        ({"json": {"file": "x"}}, 400, "no_file_uploaded"),
    ],
    ids=["kind", "none", "two", "large", "json"],
)  # fmt: skip
def test_upload_that_cannot_be_is_refused(owner: Console, sent: dict[str, Any], status: int, code: str) -> None:
    reply = owner.http.post("/console/api/files/upload", **sent)
    assert (reply.status_code, reply.json()["code"]) == (status, code)


def test_limits_and_kinds_of_uploads_are_told(owner: Console) -> None:
    limits = owner.http.get("/console/api/files/upload").json()
    assert (limits["file_size_limit"], limits["image_file_size_limit"], limits["batch_count_limit"]) == (15, 10, 20)
    assert set(limits) == {
        "file_size_limit", "batch_count_limit", "image_file_size_limit", "video_file_size_limit",
        "audio_file_size_limit", "workflow_file_upload_limit", "image_file_batch_limit",
        "single_chunk_attachment_limit", "attachment_image_file_size_limit", "file_upload_limit",
    }  # fmt: skip
    kinds = owner.http.get("/console/api/files/support-type").json()["allowed_extensions"]
    assert {"txt", "md", "pdf", "docx", "xlsx", "csv", "html"} <= set(kinds)


# Datasets


def test_init_makes_a_dataset_and_its_documents(owner: Console) -> None:
    files = [owner.file("one.txt", TEXT.encode()), owner.file("two.pdf", documents.pdf(["A page about lakes."]))]
    name = new_name()
    made = owner.ok("POST", "/init", 201, json=knowledge_config(*files, name=name))
    assert set(made) == {"dataset", "documents", "batch"}
    dataset = made["dataset"]
    assert (dataset["name"], dataset["indexing_technique"], dataset["permission"]) == (name, "economy", "only_me")
    assert set(dataset) >= DATASET_KEYS
    assert [set(document) for document in made["documents"]] == [DOCUMENT_KEYS] * 2
    assert [document["name"] for document in made["documents"]] == ["one.txt", "two.pdf"]
    assert {document["created_from"] for document in made["documents"]} == {"web"}
    assert [document["data_source_info"]["upload_file_id"] for document in made["documents"]] == files
    states = wait(owner, dataset["id"], made["batch"])
    assert [state["indexing_status"] for state in states] == ["completed"] * 2
    found = owner.ok("POST", f"/{dataset['id']}/hit-testing", json={"query": "lakes"})
    assert [one["segment"]["content"] for one in found["records"]] == ["A page about lakes."]
    more = owner.ok("POST", f"/{dataset['id']}/documents", json=knowledge_config(owner.file("three.txt", b"Three.")))
    assert more["dataset"] is None and len(more["documents"]) == 1
    wait(owner, dataset["id"], more["batch"])
    assert owner.ok("GET", f"/{dataset['id']}")["document_count"] == 3


def test_init_of_high_quality_takes_the_default_model(owner: Console, knowledge: Knowledge) -> None:
    config = knowledge_config(
        owner.file("one.txt", TEXT.encode()), indexing_technique="high_quality", retrieval_model=search_by("hybrid_search")
    )
    made = owner.ok("POST", "/init", 201, json=config)
    # Named after its first file.
    assert made["dataset"]["name"].startswith("one.txt")
    assert made["dataset"]["embedding_model_provider"] == COMPATIBLE
    assert made["dataset"]["retrieval_model_dict"]["search_method"] == "hybrid_search"
    wait(owner, made["dataset"]["id"], made["batch"])
    found = owner.ok("POST", f"/{made['dataset']['id']}/hit-testing", json={"query": "tall white mountain"})
    assert found["records"][0]["segment"]["content"] == TEXT.split("\n")[1]
    owner.ok("DELETE", f"/{made['dataset']['id']}", 204)


def test_init_with_the_same_file_again_makes_another_dataset(owner: Console) -> None:
    name = f"{'same' * 9}.txt"
    made = [
        owner.ok("POST", "/init", 201, json=knowledge_config(owner.file(name, TEXT.encode())))["dataset"]
        for _ in range(3)
    ]
    assert [one["name"] for one in made] == [f"{name}..."[:40], f"{name[:34]} 2", f"{name[:34]} 3"]
    taken = knowledge_config(owner.file("a.txt", b"A text."), name=made[1]["name"])
    assert owner.refused("POST", "/init", json=taken) == (409, "dataset_name_duplicate"), "a name that was chosen"
    for one in made:
        owner.ok("DELETE", f"/{one['id']}", 204)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"data_source": {"info_list": {"data_source_type": "notion_import"}}}, 400, "invalid_param"),
        ({"data_source": {"info_list": {"data_source_type": "upload_file"}}}, 400, "invalid_param"),
        ({"data_source": None}, 400, "invalid_param"), ({"indexing_technique": None}, 400, "invalid_param"),
        ({"indexing_technique": "best"}, 400, "invalid_param"), ({"doc_form": "essay"}, 400, "invalid_param"),
        ({"process_rule": None}, 400, "invalid_param"), ({"process_rule": {"mode": "odd"}}, 400, "invalid_param"),
        ({"doc_form": "hierarchical_model", "process_rule": NESTED}, 400, "invalid_param"),
        ({"embedding_model": "nobody", "embedding_model_provider": COMPATIBLE}, 400, "invalid_param"),
    ],
    ids=str,
)  # fmt: skip
def test_init_that_cannot_be_makes_nothing(owner: Console, change: dict[str, Any], status: int, code: str) -> None:
    name = new_name()
    config = knowledge_config(owner.file("one.txt", TEXT.encode()), **{"name": name, **change})
    assert owner.refused("POST", "/init", json=config) == (status, code)
    assert owner.ok("GET", "", params={"keyword": name})["total"] == 0


def test_uploads_of_nobody_of_no_document_or_too_many_are_refused(owner: Console, filled: dict[str, Any]) -> None:
    picture = owner.upload("dot.png", PNG, "image/png", source=None).json()["id"]
    path = f"/{filled['dataset']['id']}/documents"
    for unknown in (NOBODY, "zzz"):
        assert owner.refused("POST", path, json=knowledge_config(unknown)) == (404, "not_found")
    assert owner.refused("POST", path, json=knowledge_config(picture)) == (415, "unsupported_file_type")
    assert owner.refused("POST", path, json=knowledge_config(*[NOBODY] * 21)) == (400, "invalid_param")


def test_dataset_lives_through_the_console(owner: Console, knowledge: Knowledge) -> None:
    name = new_name()
    made = owner.ok("POST", "", 201, json={"name": name, "description": "d", "permission": "all_team_members"})
    assert set(made) == DATASET_KEYS
    path = f"/{made['id']}"
    assert owner.refused("POST", "", json={"name": name}) == (409, "dataset_name_duplicate")
    assert owner.ok("GET", path)["name"] == name
    listed = owner.ok("GET", "", params=[("ids", made["id"]), ("limit", "5")])
    assert [one["id"] for one in listed["data"]] == [made["id"]]
    assert set(listed) == {"data", "has_more", "limit", "total", "page"}
    assert owner.ok("PATCH", path, json={"description": "changed"})["description"] == "changed"
    icon = {"icon_type": "emoji", "icon": "🌊", "icon_background": "#FFEAD5"}
    assert owner.ok("PATCH", path, json={"icon_info": icon})["icon_info"]["icon"] == "🌊"
    assert owner.ok("GET", f"{path}/use-check") == {"is_using": False}
    assert owner.ok("POST", f"{path}/api-keys/disable") == {"result": "success"}
    assert knowledge.refused("GET", f"/datasets{path}") == (403, "forbidden")
    assert owner.ok("GET", path)["enable_api"] is False
    assert owner.ok("POST", f"{path}/api-keys/enable") == {"result": "success"}
    assert knowledge.ok("GET", f"/datasets{path}")["enable_api"] is True
    assert owner.refused("POST", f"{path}/api-keys/burn") == (400, "invalid_action")
    owner.ok("DELETE", path, 204)
    assert owner.refused("GET", path) == (404, "not_found")


def test_dataset_that_an_app_searches_is_not_deleted(owner: Console, knowledge: Knowledge) -> None:
    dataset_id = owner.ok("POST", "", 201, json={"name": new_name()})["id"]
    searched = {"datasets": {"datasets": [{"dataset": {"id": dataset_id, "enabled": True}}]}}
    knowledge.workspace.app(dataset_configs=searched)
    assert owner.ok("GET", f"/{dataset_id}/use-check") == {"is_using": True}
    assert owner.refused("DELETE", f"/{dataset_id}") == (409, "dataset_in_use")
    owner.ok("DELETE", f"/{dataset_id}", 204, params={"force": "true"})


def test_fixed_answers(owner: Console, knowledge: Knowledge) -> None:
    assert owner.ok("GET", "/api-base-info") == {"api_base_url": f"{knowledge.workspace.product.url}/v1"}
    assert owner.ok("GET", "/retrieval-setting") == {
        "retrieval_method": ["semantic_search", "full_text_search", "hybrid_search"]
    }
    names = [field["name"] for field in owner.ok("GET", "/metadata/built-in")["fields"]]
    assert names == ["document_name", "uploader", "upload_date", "last_update_date", "source"]


# Previews and rules


def test_estimate_shows_how_files_are_split_and_stores_nothing(owner: Console) -> None:
    before = owner.ok("GET", "", params={"include_all": "true"})["total"]
    text = "\n".join(f"Line {number}." for number in range(25))
    source = knowledge_config(owner.file("lines.txt", text.encode()))["data_source"]["info_list"]
    body = {"info_list": source, "process_rule": LINES, "indexing_technique": "economy", "doc_form": "text_model"}
    found = owner.ok("POST", "/indexing-estimate", json=body)
    assert (found["total_segments"], len(found["preview"]), found["qa_preview"]) == (25, 10, None)
    assert found["preview"][0] == {"content": "Line 0.", "child_chunks": [], "summary": None}
    nested = {**body, "process_rule": NESTED, "doc_form": "hierarchical_model"}
    (parent,) = owner.ok("POST", "/indexing-estimate", json=nested)["preview"]
    assert parent["child_chunks"][:2] == ["Line 0.", "Line 1."]
    assert owner.ok("GET", "", params={"include_all": "true"})["total"] == before
    broken = knowledge_config(owner.file("broken.pdf", b"%PDF-1.4 nothing"))["data_source"]["info_list"]
    assert owner.refused("POST", "/indexing-estimate", json={**body, "info_list": broken}) == (400, "invalid_param")
    assert owner.refused("POST", "/indexing-estimate", json={**body, "process_rule": {"mode": "x"}})[0] == 400


def test_estimate_of_questions_asks_the_model(owner: Console, knowledge: Knowledge, brain: OpenAIServer) -> None:
    model = knowledge.add_model(brain.url, f"asker-{uuid.uuid4().hex[:8]}", "llm")
    brain.script(model, Behaviour(text="Q1: What is wide?\nA1: The sea."))
    knowledge.workspace.use_default(model)
    source = knowledge_config(owner.file("sea.txt", TEXT.encode()))["data_source"]["info_list"]
    body = {"info_list": source, "process_rule": LINES, "indexing_technique": "economy", "doc_form": "qa_model",
            "doc_language": "German"}  # fmt: skip
    try:
        found = owner.ok("POST", "/indexing-estimate", json=body)
        brain.script(model, "status=401")
        assert owner.refused("POST", "/indexing-estimate", json=body)[0] == 400
    finally:
        knowledge.workspace.use_default(knowledge.workspace.model)
    assert found["qa_preview"] == [{"question": "What is wide?", "answer": "The sea."}]
    assert found["total_segments"] == 3
    assert "German" in json.dumps(brain.calls[-1].json()["messages"])


def test_process_rule_is_that_of_the_document_or_the_default(owner: Console, filled: dict[str, Any]) -> None:
    default = owner.ok("GET", "/process-rule")
    assert default["mode"] == "custom"
    assert default["rules"]["segmentation"]["max_tokens"] == 1024
    assert default["rules"]["segmentation"]["delimiter"] == "\n"
    assert default["rules"]["pre_processing_rules"] == [
        {"id": "remove_extra_spaces", "enabled": True}, {"id": "remove_urls_emails", "enabled": False},
    ]  # fmt: skip
    assert default["limits"] == {"indexing_max_segmentation_tokens_length": 4000}
    own = owner.ok("GET", "/process-rule", params={"document_id": filled["documents"][0]["id"]})
    assert own["rules"]["segmentation"]["max_tokens"] == 200
    assert owner.refused("GET", "/process-rule", params={"document_id": NOBODY}) == (404, "not_found")


# Documents


def test_documents_live_through_the_console(owner: Console, filled: dict[str, Any]) -> None:
    dataset_id = filled["dataset"]["id"]
    made = owner.ok("POST", f"/{dataset_id}/documents", json=knowledge_config(owner.file("more.txt", b"One.\nTwo.")))
    document = made["documents"][0]
    path = f"/{dataset_id}/documents/{document['id']}"
    wait(owner, dataset_id, made["batch"])
    status = owner.ok("GET", f"{path}/indexing-status")
    assert (status["id"], status["indexing_status"], status["completed_segments"]) == (document["id"], "completed", 2)
    statuses = owner.ok("GET", f"/{dataset_id}/indexing-status")["data"]
    assert document["id"] in [one["id"] for one in statuses]
    listed = owner.ok("GET", f"/{dataset_id}/documents", params={"keyword": "MORE", "status": "available"})
    assert [one["id"] for one in listed["data"]] == [document["id"]]
    assert set(owner.ok("GET", path, params={"metadata": "only"})) == {"id", "doc_type", "doc_metadata"}
    assert owner.ok("POST", f"{path}/rename", json={"name": "renamed.txt"})["name"] == "renamed.txt"
    assert owner.refused("POST", f"{path}/rename", json={"name": " "}) == (400, "invalid_param")
    link = owner.ok("GET", f"{path}/download")["url"]
    assert httpx.get(link).content == b"One.\nTwo."
    for action, shown in (("disable", "disabled"), ("enable", "available"), ("archive", "archived"), ("un_archive", "available")):
        switch = f"/{dataset_id}/documents/status/{action}/batch"
        assert owner.ok("PATCH", switch, params={"document_id": document["id"]}) == {"result": "success"}
        assert owner.ok("GET", path)["display_status"] == shown
    switch = f"/{dataset_id}/documents/status/burn/batch"
    assert owner.refused("PATCH", switch, params={"document_id": document["id"]}) == (400, "invalid_action")
    for action in ("pause", "resume"):
        assert owner.refused("PATCH", f"{path}/processing/{action}") == (400, "document_already_finished")
    assert owner.refused("PATCH", f"{path}/processing/burn") == (400, "invalid_action")
    owner.ok("POST", f"/{dataset_id}/retry", 204, json={"document_ids": [document["id"]]})
    assert owner.refused("POST", f"/{dataset_id}/retry", json={"document_ids": [NOBODY]}) == (404, "not_found")
    owner.ok("DELETE", path, 204)
    assert owner.refused("GET", path) == (404, "not_found")


def test_several_documents_are_deleted_together_or_not_at_all(owner: Console) -> None:
    files = [owner.file(f"{name}.txt", b"One.") for name in "abc"]
    made = owner.ok("POST", "/init", 201, json=knowledge_config(*files, name=new_name()))
    dataset_id = made["dataset"]["id"]
    wait(owner, dataset_id, made["batch"])
    ids = [document["id"] for document in made["documents"]]
    path = f"/{dataset_id}/documents"
    wrong = [("document_id", ids[0]), ("document_id", NOBODY)]
    assert owner.refused("DELETE", path, params=wrong) == (404, "not_found")
    assert owner.ok("GET", path)["total"] == 3
    owner.ok("DELETE", path, 204, params=[("document_id", one) for one in ids[:2]])
    assert [one["id"] for one in owner.ok("GET", path)["data"]] == ids[2:]


def test_failed_document_is_indexed_again_by_a_retry(owner: Console, knowledge: Knowledge, brain: OpenAIServer) -> None:
    model = knowledge.add_model(brain.url, f"moody-{uuid.uuid4().hex[:8]}", "text-embedding")
    brain.script(model, "status=401")
    config = knowledge_config(
        owner.file("retry.txt", TEXT.encode()), indexing_technique="high_quality", embedding_model=model,
        embedding_model_provider=COMPATIBLE, name=new_name(),
    )
    made = owner.ok("POST", "/init", 201, json=config)
    dataset_id = made["dataset"]["id"]
    (state,) = wait(owner, dataset_id, made["batch"])
    assert state["indexing_status"] == "error" and state["error"]
    brain.script(model, "")
    owner.ok("POST", f"/{dataset_id}/retry", 204, json={"document_ids": [made["documents"][0]["id"]]})
    (state,) = wait(owner, dataset_id, made["batch"])
    assert (state["indexing_status"], state["completed_segments"]) == ("completed", 3)


# Segments


def test_segments_live_through_the_console(owner: Console, filled: dict[str, Any]) -> None:
    path = f"/{filled['dataset']['id']}/documents/{filled['documents'][0]['id']}"
    listed = owner.ok("GET", f"{path}/segments", params={"limit": 2})
    assert (len(listed["data"]), listed["total"], listed["has_more"]) == (2, 3, True)
    made = owner.ok("POST", f"{path}/segment", json={"content": "Volcanoes smoke.", "keywords": ["volcano"]})
    assert set(made) == {"data", "doc_form"}
    segment = made["data"]
    assert (segment["position"], segment["keywords"]) == (4, ["volcano"])
    assert owner.refused("POST", f"{path}/segment", json={"content": " "}) == (400, "invalid_param")
    one = f"{path}/segments/{segment['id']}"
    changed = owner.ok("PATCH", one, json={"content": "Volcanoes sleep.", "keywords": ["crater"]})["data"]
    assert (changed["content"], changed["keywords"]) == ("Volcanoes sleep.", ["crater"])
    searched = f"/{filled['dataset']['id']}/hit-testing"
    assert owner.ok("POST", searched, json={"query": "crater"})["records"]
    for action, is_enabled in (("disable", False), ("disable", False), ("enable", True)):
        switch = f"{path}/segment/{action}"
        assert owner.ok("PATCH", switch, params={"segment_id": segment["id"]}) == {"result": "success"}
        assert bool(owner.ok("POST", searched, json={"query": "crater"})["records"]) is is_enabled
    assert owner.refused("PATCH", f"{path}/segment/burn", params={"segment_id": segment["id"]}) == (400, "invalid_action")
    owner.ok("DELETE", one, 204)
    assert owner.refused("DELETE", one) == (404, "not_found")
    more = [owner.ok("POST", f"{path}/segment", json={"content": text})["data"]["id"] for text in ("Four.", "Five.")]
    wrong = [("segment_id", more[0]), ("segment_id", NOBODY)]
    assert owner.refused("DELETE", f"{path}/segments", params=wrong) == (404, "not_found")
    assert owner.ok("GET", f"{path}/segments")["total"] == 5
    owner.ok("DELETE", f"{path}/segments", 204, params=[("segment_id", id_) for id_ in more])
    assert owner.ok("GET", f"{path}/segments")["total"] == 3


def test_child_chunks_live_through_the_console(owner: Console, knowledge: Knowledge) -> None:
    dataset_id = knowledge.quality()
    document = knowledge.add_text(
        dataset_id, "Whales sing.\nGulls cry.", process_rule=NESTED, doc_form="hierarchical_model"
    )
    path = f"/{dataset_id}/documents/{document['id']}/segments"
    (parent,) = owner.ok("GET", path)["data"]
    children = f"{path}/{parent['id']}/child_chunks"
    assert owner.ok("GET", children)["total"] == 2
    made = owner.ok("POST", children, json={"content": "Seals bark."})["data"]
    assert (made["type"], made["position"]) == ("customized", 3)
    changed = owner.ok("PATCH", f"{children}/{made['id']}", json={"content": "Seals sleep."})["data"]
    assert changed["content"] == "Seals sleep."
    owner.ok("DELETE", f"{children}/{made['id']}", 204)
    renewed = owner.ok("PATCH", f"{path}/{parent['id']}", json={"content": "Owls.", "regenerate_child_chunks": True})
    assert [child["content"] for child in renewed["data"]["child_chunks"]] == ["Owls."]


# Metadata and searching


def test_metadata_lives_through_the_console(owner: Console, filled: dict[str, Any]) -> None:
    dataset_id, document_id = filled["dataset"]["id"], filled["documents"][0]["id"]
    path = f"/{dataset_id}/metadata"
    field = owner.ok("POST", path, 201, json={"type": "string", "name": "colour"})
    listed = owner.ok("GET", path)
    assert listed["doc_metadata"] == [{**field, "count": 0}] and listed["built_in_field_enabled"] is False
    value = {"id": field["id"], "name": "colour", "value": "blue"}
    body = {"operation_data": [{"document_id": document_id, "metadata_list": [value]}]}
    assert owner.ok("POST", f"/{dataset_id}/documents/metadata", json=body) == {"result": "success"}
    assert owner.ok("PATCH", f"{path}/{field['id']}", json={"name": "tint"})["name"] == "tint"
    model = search_by("keyword_search", metadata_filtering_conditions={
        "conditions": [{"name": "tint", "comparison_operator": "is", "value": "blue"}],
    })  # fmt: skip
    body = {"query": "sea", "retrieval_model": model}
    assert len(owner.ok("POST", f"/{dataset_id}/hit-testing", json=body)["records"]) == 2
    for action in ("enable", "disable"):
        assert owner.ok("POST", f"{path}/built-in/{action}") == {"result": "success"}
        assert owner.ok("GET", path)["built_in_field_enabled"] is (action == "enable")
    owner.ok("DELETE", f"{path}/{field['id']}", 204)
    assert owner.ok("GET", path)["doc_metadata"] == []


def test_zip_of_documents_holds_their_files(owner: Console, knowledge: Knowledge, filled: dict[str, Any]) -> None:
    body = {"document_ids": [filled["documents"][0]["id"]]}
    reply = knowledge.http.post(f"/v1/datasets/{filled['dataset']['id']}/documents/download-zip", json=body)
    assert zipfile.ZipFile(io.BytesIO(reply.content)).read("nature.txt") == TEXT.encode()


# Roles


WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "", {"json": {"name": "n"}}), ("POST", "/init", {"json": {}}), ("PATCH", "/{id}", {"json": {"name": "n"}}),
    ("DELETE", "/{id}", {}), ("POST", "/{id}/api-keys/enable", {}), ("POST", "/indexing-estimate", {"json": {}}),
    ("POST", "/{id}/documents", {"json": {}}), ("DELETE", "/{id}/documents", {}), ("DELETE", "/{id}/documents/{doc}", {}),
    ("PATCH", "/{id}/documents/status/enable/batch", {}), ("PATCH", "/{id}/documents/{doc}/processing/pause", {}),
    ("POST", "/{id}/retry", {"json": {}}), ("POST", "/{id}/documents/{doc}/rename", {"json": {"name": "n"}}),
    ("POST", "/{id}/documents/{doc}/segment", {"json": {"content": "c"}}),
    ("PATCH", "/{id}/documents/{doc}/segments/{doc}", {"json": {}}), ("DELETE", "/{id}/documents/{doc}/segments/{doc}", {}),
    ("DELETE", "/{id}/documents/{doc}/segments", {}), ("PATCH", "/{id}/documents/{doc}/segment/enable", {}),
    ("POST", "/{id}/documents/{doc}/segments/{doc}/child_chunks", {"json": {"content": "c"}}),
    ("PATCH", "/{id}/documents/{doc}/segments/{doc}/child_chunks/{doc}", {"json": {"content": "c"}}),
    ("DELETE", "/{id}/documents/{doc}/segments/{doc}/child_chunks/{doc}", {}),
    ("POST", "/{id}/metadata", {"json": {"type": "string", "name": "n"}}),
    ("PATCH", "/{id}/metadata/{doc}", {"json": {"name": "n"}}), ("DELETE", "/{id}/metadata/{doc}", {}),
    ("POST", "/{id}/metadata/built-in/enable", {}), ("POST", "/{id}/documents/metadata", {"json": {}}),
    ("POST", "/external-knowledge-api", {"json": {"name": "n"}}), ("PATCH", "/external-knowledge-api/{doc}", {"json": {}}),
    ("DELETE", "/external-knowledge-api/{doc}", {}), ("POST", "/external", {"json": {"name": "n"}}),
]  # fmt: skip
READS = [
    "", "/{id}", "/{id}/use-check", "/{id}/documents", "/{id}/documents/{doc}", "/{id}/documents/{doc}/segments",
    "/{id}/indexing-status", "/{id}/metadata", "/api-base-info", "/process-rule", "/retrieval-setting",
    "/external-knowledge-api", "/metadata/built-in",
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "options"), WRITES, ids=lambda value: value if isinstance(value, str) else "")
def test_member_without_a_role_for_datasets_changes_nothing(
    members: Mapping[str, Console], filled: dict[str, Any], method: str, path: str, options: dict[str, Any]
) -> None:
    place = path.format(id=filled["dataset"]["id"], doc=filled["documents"][0]["id"])
    assert members["normal"].refused(method, place, **options) == (403, "forbidden")


def test_members_read_and_change_what_the_permission_lets_them(
    owner: Console, members: Mapping[str, Console], filled: dict[str, Any]
) -> None:
    dataset_id, document_id = filled["dataset"]["id"], filled["documents"][0]["id"]
    roles = ("admin", "editor", "dataset_operator", "normal")
    # only_me: its maker's, and the owner's.
    for role in roles:
        assert members[role].refused("GET", f"/{dataset_id}") == (403, "forbidden"), role
        assert members[role].refused("POST", f"/{dataset_id}/hit-testing", json={"query": "sea"}) == (403, "forbidden")
        assert dataset_id not in [one["id"] for one in members[role].ok("GET", "", params={"limit": 100})["data"]]
    for role in roles[:3]:
        assert members[role].refused("PATCH", f"/{dataset_id}", json={"description": "x"}) == (403, "forbidden")
    owner.ok("PATCH", f"/{dataset_id}", json={"permission": "all_team_members"})
    try:
        for role in roles:
            for path in READS:
                members[role].ok("GET", path.format(id=dataset_id, doc=document_id))
            assert members[role].ok("POST", f"/{dataset_id}/hit-testing", json={"query": "sea"})["records"]
        for role in roles[:3]:
            assert members[role].ok("PATCH", f"/{dataset_id}", json={"description": role})["description"] == role
    finally:
        owner.ok("PATCH", f"/{dataset_id}", json={"permission": "only_me"})


def test_partial_members_are_those_that_are_listed(owner: Console, members: Mapping[str, Console]) -> None:
    dataset_id = owner.ok("POST", "", 201, json={"name": new_name()})["id"]
    editor = members["editor"].ok("POST", "", 201, json={"name": new_name()})["created_by"]
    listed = {"permission": "partial_members", "partial_member_list": [{"user_id": editor}]}
    assert owner.ok("PATCH", f"/{dataset_id}", json=listed)["partial_member_list"] == [editor]
    assert members["editor"].ok("GET", f"/{dataset_id}")["partial_member_list"] == [editor]
    assert members["admin"].refused("GET", f"/{dataset_id}") == (403, "forbidden")


def test_dataset_of_a_member_is_theirs_and_the_owners(owner: Console, members: Mapping[str, Console]) -> None:
    operator = members["dataset_operator"]
    made = operator.ok("POST", "", 201, json={"name": new_name()})
    assert operator.ok("GET", f"/{made['id']}")["author_name"] == "dataset_operator"
    assert owner.ok("GET", f"/{made['id']}")["id"] == made["id"]
    assert members["admin"].refused("GET", f"/{made['id']}") == (403, "forbidden")
    assert operator.ok("PATCH", f"/{made['id']}", json={"permission": "only_me"})["permission"] == "only_me"
    for change in ({"permission": "all_team_members"},
                   {"permission": "partial_members", "partial_member_list": [{"user_id": made["created_by"]}]}):  # fmt: skip
        reply = operator.http.patch(f"{ROOT}/{made['id']}", json=change)
        assert (reply.status_code, reply.json()["message"]) == (
            403, "Dataset operators cannot change the dataset permissions.",
        )  # fmt: skip
    operator.ok("DELETE", f"/{made['id']}", 204)


def test_include_all_lists_datasets_of_others_to_a_dataset_key(
    members: Mapping[str, Console], knowledge: Knowledge
) -> None:
    made = members["editor"].ok("POST", "", 201, json={"name": new_name()})

    def listed(**query: str) -> list[str]:
        page = knowledge.ok("GET", "/datasets", params={"keyword": made["name"], **query})
        assert page["limit"] == 20
        return [one["id"] for one in page["data"]]

    assert listed() == listed(include_all="false") == []
    assert listed(include_all="true") == [made["id"]]
    members["editor"].ok("DELETE", f"/{made['id']}", 204)


def test_console_asks_for_a_session(knowledge: Knowledge, filled: dict[str, Any]) -> None:
    for path in ("", f"/{filled['dataset']['id']}"):
        assert httpx.get(f"{knowledge.workspace.product.url}{ROOT}{path}").status_code == 401
    reply = httpx.post(
        f"{knowledge.workspace.product.url}/console/api/files/upload", files={"file": ("a.txt", b"x", "text/plain")}
    )
    assert reply.status_code == 401


def test_tags_of_apps_and_datasets_live_through_the_console(knowledge: Knowledge) -> None:
    http = knowledge.workspace.console
    app, dataset = knowledge.workspace.app(), knowledge.economy()
    name = uuid.uuid4().hex[:8]
    made = {}
    for kind, target in (("app", app.id), ("knowledge", dataset)):
        reply = http.post("/console/api/tags", json={"name": name, "type": kind})
        assert reply.status_code == 200, reply.text
        tag = made[kind] = reply.json()
        assert tag == {"id": tag["id"], "name": name, "type": kind, "binding_count": "0"}
        assert http.post("/console/api/tags", json={"name": name, "type": kind}).status_code == 400
        bind = {"tag_ids": [tag["id"]], "target_id": target, "type": kind}
        assert http.post("/console/api/tag-bindings/create", json=bind).is_success
        (listed,) = http.get("/console/api/tags", params={"type": kind, "keyword": name}).json()
        assert listed == {**tag, "binding_count": "1"}
    shown = http.get("/console/api/apps", params={"tag_ids": made["app"]["id"]}).json()["data"]
    assert [one["id"] for one in shown] == [app.id]
    # Of the other type, of nobody, of no type.
    crossed = {"tag_ids": [made["app"]["id"]], "target_id": dataset, "type": "app"}
    assert http.post("/console/api/tag-bindings/create", json=crossed).status_code == 404
    assert http.patch(f"/console/api/tags/{NOBODY}", json={"name": "x"}).status_code == 404
    assert http.get("/console/api/tags", params={"type": "x"}).status_code == 400
    for kind, target in (("app", app.id), ("knowledge", dataset)):
        path = f"/console/api/tags/{made[kind]['id']}"
        assert http.patch(path, json={"name": f"{name} again"}).json()["name"] == f"{name} again"
        unbind = {"tag_id": made[kind]["id"], "target_id": target, "type": kind}
        assert http.post("/console/api/tag-bindings/remove", json=unbind).is_success
        (listed,) = http.get("/console/api/tags", params={"type": kind, "keyword": name}).json()
        assert listed["binding_count"] == "0"
        assert http.delete(path).status_code == 204
        assert http.get("/console/api/tags", params={"type": kind, "keyword": name}).json() == []


def test_file_that_two_documents_are_made_from_stays_with_the_last_of_them(owner: Console, knowledge: Knowledge) -> None:
    file_id = owner.file("shared.txt", TEXT.encode())
    ids = []
    for dataset_id in (knowledge.economy() for _ in range(3)):
        made = owner.ok("POST", f"/{dataset_id}/documents", json=knowledge_config(file_id))
        (state,) = wait(owner, dataset_id, made["batch"])
        assert state["indexing_status"] == "completed", state
        ids.append((dataset_id, made["documents"][0]["id"]))
    knowledge.ok("DELETE", f"/datasets/{ids[0][0]}/documents/{ids[0][1]}")
    knowledge.ok("DELETE", f"/datasets/{ids[1][0]}")
    wait_until(lambda: not jobs_about(knowledge, "purge_document", "purge_dataset"), "they are purged", every=0.05)
    link = knowledge.ok("GET", f"/datasets/{ids[2][0]}/documents/{ids[2][1]}/download")["url"]
    assert httpx.get(link).text == TEXT
    knowledge.ok("DELETE", f"/datasets/{ids[2][0]}/documents/{ids[2][1]}")
    wait_until(lambda: httpx.get(link).status_code == 404, "the file goes with the last one", every=0.05)


def jobs_about(knowledge: Knowledge, *kinds: str) -> int:
    with database(knowledge.workspace.product) as connection:
        found = connection.execute(sa.select(sa.func.count()).select_from(jobs).where(jobs.c.kind.in_(kinds)))
        return int(found.scalar_one())


def test_searches_apps_and_failures_of_a_dataset_are_listed(owner: Console, knowledge: Knowledge) -> None:
    dataset_id = knowledge.economy()
    knowledge.add_text(dataset_id, TEXT)
    for query in ("sea", "river"):
        owner.ok("POST", f"/{dataset_id}/hit-testing", json={"query": query, "retrieval_model": search_by("keyword_search")})
    wait_until(lambda: owner.ok("GET", f"/{dataset_id}/queries")["total"] == 2, "both are noted", every=0.02)
    page = owner.ok("GET", f"/{dataset_id}/queries", params={"limit": 1})
    assert {key: page[key] for key in ("total", "page", "limit", "has_more")} == {
        "total": 2, "page": 1, "limit": 1, "has_more": True,
    }  # fmt: skip
    (newest,) = page["data"]
    assert newest["queries"] == [{"content_type": "text_query", "content": "river", "file_info": None}]
    assert (newest["source"], newest["source_app_id"], newest["created_by_role"]) == ("hit_testing", None, "account")
    assert abs(newest["created_at"] - time.time()) < 60
    nothing: dict[str, Any] = {"data": [], "total": 0}
    assert owner.ok("GET", f"/{dataset_id}/related-apps") == nothing
    named = {"datasets": {"datasets": [{"dataset": {"enabled": True, "id": dataset_id}}]}}
    app = knowledge.workspace.app(dataset_configs={"retrieval_model": "multiple", "top_k": 4, **named})
    (related,) = owner.ok("GET", f"/{dataset_id}/related-apps")["data"]
    assert (related["id"], related["mode"], related["icon_url"]) == (app.id, "chat", None)
    assert owner.ok("GET", f"/{dataset_id}/error-docs") == nothing
    broken = {"file": ("broken.pdf", b"%PDF-1.4 nothing", "application/pdf")}
    made = knowledge.ok("POST", f"/datasets/{dataset_id}/document/create-by-file", files=broken, data={"data": "{}"})
    knowledge.wait_indexed(dataset_id, made["batch"])
    (failed,) = owner.ok("GET", f"/{dataset_id}/error-docs")["data"]
    assert (failed["id"], failed["indexing_status"]) == (made["document"]["id"], "error")
    assert failed["error"]


def test_search_by_images_is_refused_with_a_reason(owner: Console, knowledge: Knowledge) -> None:
    dataset_id = knowledge.economy()
    for body in ({"query": "sea", "attachment_ids": [NOBODY]}, {"query": "", "attachment_ids": [NOBODY]}):
        status, code, message = knowledge.refusal("POST", f"/datasets/{dataset_id}/retrieve", json=body)
        assert (status, code, message) == (
            400, "invalid_param", "The embedding model of the dataset does not see images; search by text.",
        )  # fmt: skip
    many = {"query": "sea", "attachment_ids": [NOBODY] * 11}
    assert knowledge.refusal("POST", f"/datasets/{dataset_id}/retrieve", json=many)[2] == (
        "Exceeded maximum attachment limit of 10"
    )
    assert knowledge.refused("POST", f"/datasets/{dataset_id}/retrieve", json={"query": "", "attachment_ids": []}) == (
        400, "invalid_param",
    )  # fmt: skip
