"""Documents through Envoy, a real worker and a real embedder's wire (dataset-api.md sections 3 and 4)."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from typing import Any

import pytest

from tests.ingest import documents
from tests.rest.knowledge import AUTOMATIC, LINES, NESTED, Knowledge, search_by

DOCUMENT_KEYS = {
    "id", "position", "data_source_type", "data_source_info", "data_source_detail_dict", "dataset_process_rule_id",
    "name", "created_from", "created_by", "created_at", "tokens", "indexing_status", "error", "enabled",
    "disabled_at", "disabled_by", "archived", "display_status", "word_count", "hit_count", "doc_form",
    "doc_metadata", "summary_index_status", "need_summary",
}  # fmt: skip
DETAIL_KEYS = (
    DOCUMENT_KEYS - {"data_source_detail_dict", "word_count"}
) | {
    "dataset_process_rule", "document_process_rule", "completed_at", "updated_at", "indexing_latency", "doc_type",
    "segment_count", "average_segment_length", "doc_language",
}  # fmt: skip
TEXT = "The sea is wide and blue.\nThe mountain is tall and white.\nA river runs to the sea."


@pytest.fixture(scope="module")
def knowledge(indexed: Knowledge) -> Knowledge:
    """A product with a worker."""
    return indexed


@pytest.fixture(scope="module")
def economy(knowledge: Knowledge) -> str:
    """An economy dataset."""
    return str(knowledge.dataset(indexing_technique="economy")["id"])


@pytest.fixture(scope="module")
def quality(knowledge: Knowledge) -> str:
    """A dataset of high quality."""
    return str(knowledge.dataset(indexing_technique="high_quality")["id"])


def create(knowledge: Knowledge, dataset_id: str, spelling: str = "create-by-text", **fields: Any) -> dict[str, Any]:
    body = {"name": f"{uuid.uuid4().hex[:8]}.txt", "text": TEXT, "process_rule": LINES, **fields}
    made: dict[str, Any] = knowledge.ok("POST", f"/datasets/{dataset_id}/document/{spelling}", json=body)
    return made


@pytest.mark.parametrize("spelling", ["create-by-text", "create_by_text"])
def test_text_is_accepted_waiting_and_becomes_segments(knowledge: Knowledge, economy: str, spelling: str) -> None:
    made = create(knowledge, economy, spelling)
    document, batch = made["document"], made["batch"]
    assert set(document) == DOCUMENT_KEYS
    assert (document["indexing_status"], document["display_status"]) == ("waiting", "queuing")
    assert document["tokens"] is None and document["word_count"] is None
    assert document["data_source_info"] == {
        "upload_file_id": document["data_source_detail_dict"]["upload_file"]["id"]
    }
    assert len(batch) == 20 and batch.isdigit()
    (state,) = knowledge.wait_indexed(economy, batch)
    assert (state["indexing_status"], state["completed_segments"], state["total_segments"]) == ("completed", 3, 3)
    stages = [
        state[name] for name in (
            "processing_started_at", "parsing_completed_at", "cleaning_completed_at", "splitting_completed_at",
            "completed_at",
        )
    ]  # fmt: skip
    assert stages == sorted(stages)
    assert state["cleaning_completed_at"] == state["splitting_completed_at"]
    shown = knowledge.ok("GET", f"/datasets/{economy}/documents/{document['id']}")
    assert set(shown) == DETAIL_KEYS
    assert (shown["segment_count"], shown["tokens"], shown["display_status"]) == (3, 0, "available")
    assert shown["document_process_rule"]["rules"]["segmentation"]["max_tokens"] == 200
    segments = knowledge.segments(economy, document["id"])
    assert [one["content"] for one in segments] == TEXT.split("\n")
    assert [one["position"] for one in segments] == [1, 2, 3]
    assert "mountain" in segments[1]["keywords"]


def test_high_quality_text_is_embedded_and_counted(knowledge: Knowledge, quality: str) -> None:
    document = knowledge.add_text(quality, TEXT)
    assert document["tokens"] > 0
    assert document["indexing_latency"] >= 0
    assert all(one["tokens"] > 0 and one["status"] == "completed" for one in knowledge.segments(quality, document["id"]))


def test_metadata_query_picks_the_half(knowledge: Knowledge, economy: str) -> None:
    document = knowledge.add_text(economy, "One line.")
    path = f"/datasets/{economy}/documents/{document['id']}"
    assert set(knowledge.ok("GET", path, params={"metadata": "only"})) == {"id", "doc_type", "doc_metadata"}
    without = knowledge.ok("GET", path, params={"metadata": "without"})
    assert set(without) == DETAIL_KEYS - {"doc_type", "doc_metadata"}
    assert knowledge.refused("GET", path, params={"metadata": "half"}) == (400, "invalid_metadata")


def test_first_document_decides_about_the_dataset(knowledge: Knowledge) -> None:
    dataset_id = knowledge.dataset()["id"]
    body = {"name": "a", "text": "b"}
    path = f"/datasets/{dataset_id}/document/create-by-text"
    reply = knowledge.http.post(f"/v1{path}", json=body)
    assert (reply.status_code, reply.json()["message"]) == (400, "indexing_technique is required.")
    made = knowledge.ok("POST", path, json={**body, "indexing_technique": "high_quality"})
    knowledge.wait_indexed(dataset_id, made["batch"])
    dataset = knowledge.ok("GET", f"/datasets/{dataset_id}")
    assert dataset["indexing_technique"] == "high_quality"
    assert dataset["embedding_model"] and dataset["embedding_available"] is True
    assert dataset["doc_form"] == "text_model"
    assert dataset["data_source_type"] == "upload_file"
    assert dataset["retrieval_model_dict"]["top_k"] == 4
    other = {**body, "name": "c", "doc_form": "qa_model"}
    reply = knowledge.http.post(f"/v1{path}", json=other)
    assert reply.json()["message"] == "doc_form is different from the dataset doc_form."
    assert knowledge.refused("POST", path, json={**body, "doc_form": "x"}) == (400, "invalid_param")


def test_same_name_is_the_same_document_until_it_is_disabled(knowledge: Knowledge, economy: str) -> None:
    name = f"{uuid.uuid4().hex[:8]}.txt"
    first = create(knowledge, economy, name=name)
    knowledge.wait_indexed(economy, first["batch"])
    second = create(knowledge, economy, name=name, text="Only this.")
    assert second["document"]["id"] == first["document"]["id"]
    assert second["batch"] != first["batch"]
    knowledge.wait_indexed(economy, second["batch"])
    assert [one["content"] for one in knowledge.segments(economy, first["document"]["id"])] == ["Only this."]
    status(knowledge, economy, "disable", first["document"]["id"])
    third = create(knowledge, economy, name=name)
    assert third["document"]["id"] != first["document"]["id"]
    knowledge.wait_indexed(economy, third["batch"])


def status(knowledge: Knowledge, dataset_id: str, action: str, *ids: str) -> None:
    body = {"document_ids": list(ids)}
    done = knowledge.ok("PATCH", f"/datasets/{dataset_id}/documents/status/{action}", json=body)
    assert done == {"result": "success"}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"mode": "custom"}, "rules is required"),
        ({"mode": "zzz"}, "mode"),
        ({"mode": "custom", "rules": {**LINES["rules"], "segmentation": {"separator": "\n", "max_tokens": 10}}},
         "Custom segment length should be between 50 and 4000."),
        ({"mode": "custom", "rules": {
            **LINES["rules"], "segmentation": {"separator": "\n", "max_tokens": 60, "chunk_overlap": 80},
        }}, "larger chunk overlap"),
    ],
)  # fmt: skip
def test_rule_that_cannot_work_is_refused_at_once(
    knowledge: Knowledge, economy: str, rule: dict[str, Any], words: str
) -> None:
    body = {"name": "a", "text": "b", "process_rule": rule}
    reply = knowledge.http.post(f"/v1/datasets/{economy}/document/create-by-text", json=body)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_param")
    assert words in reply.json()["message"]


def upload(
    knowledge: Knowledge, dataset_id: str, name: str, data: bytes, settings: dict[str, Any] | None = None,
    path: str = "document/create-by-file",
) -> Any:
    form = {"data": json.dumps(settings)} if settings is not None else {}
    files = {"file": (name, data, "application/octet-stream")}
    return knowledge.http.post(f"/v1/datasets/{dataset_id}/{path}", data=form, files=files)


@pytest.mark.parametrize("spelling", ["create-by-file", "create_by_file"])
def test_file_is_stored_indexed_and_given_back(knowledge: Knowledge, economy: str, spelling: str) -> None:
    name = f"{uuid.uuid4().hex[:8]}.csv"
    data = b"name,colour\nsea,blue\nmountain,white\nriver,green\n"
    reply = upload(knowledge, economy, name, data, {"process_rule": AUTOMATIC}, f"document/{spelling}")
    assert reply.status_code == 200, reply.text
    made = reply.json()
    (state,) = knowledge.wait_indexed(economy, made["batch"])
    assert state["indexing_status"] == "completed", state
    document_id = made["document"]["id"]
    assert [one["content"] for one in knowledge.segments(economy, document_id)] == [
        "name: sea;colour: blue", "name: mountain;colour: white", "name: river;colour: green",
    ]  # fmt: skip
    link = knowledge.ok("GET", f"/datasets/{economy}/documents/{document_id}/download")["url"]
    fetched = knowledge.http.get(link.replace("http://localhost:8080", ""))
    assert fetched.content == data
    assert "attachment" in fetched.headers["content-disposition"]
    archive = knowledge.http.post(
        f"/v1/datasets/{economy}/documents/download-zip", json={"document_ids": [document_id, document_id]}
    )
    assert archive.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        assert opened.namelist() == [name, name.replace(".csv", " (1).csv")]
        assert opened.read(name) == data


def test_uploads_that_are_no_documents_are_refused(knowledge: Knowledge, economy: str) -> None:
    rule = {"process_rule": AUTOMATIC}
    for name, code, status_code in (
        ("a.exe", "unsupported_file_type", 415), ("noextension", "unsupported_file_type", 415),
        ("a:b.txt", "invalid_param", 400),
    ):  # fmt: skip
        reply = upload(knowledge, economy, name, b"x", rule)
        assert (reply.status_code, reply.json()["code"]) == (status_code, code), name
    big = upload(knowledge, economy, "big.txt", b"x" * (15 * 1024 * 1024 + 1), rule)
    assert (big.status_code, big.json()["code"]) == (413, "file_too_large")
    none = knowledge.http.post(f"/v1/datasets/{economy}/document/create-by-file", files={"data": (None, "{}")})
    assert (none.status_code, none.json()["code"]) == (400, "no_file_uploaded")
    for data in ("{", "[]", '"text"', "null", "5"):
        broken = knowledge.http.post(
            f"/v1/datasets/{economy}/document/create-by-file", data={"data": data},
            files={"file": ("a.txt", b"x", "text/plain")},
        )  # fmt: skip
        assert (broken.status_code, broken.json()["code"]) == (400, "bad_request"), data
    fresh = knowledge.dataset()["id"]
    reply = upload(knowledge, fresh, "a.txt", b"x", {"indexing_technique": "economy"})
    assert reply.json()["message"] == "process_rule is required."


def test_file_that_is_damaged_ends_in_error_with_a_reason(knowledge: Knowledge, economy: str) -> None:
    reply = upload(knowledge, economy, "broken.pdf", b"%PDF-1.4 nonsense", {"process_rule": AUTOMATIC})
    (state,) = knowledge.wait_indexed(economy, reply.json()["batch"])
    assert state["indexing_status"] == "error"
    assert state["error"] and state["stopped_at"]
    shown = knowledge.ok("GET", f"/datasets/{economy}/documents/{state['id']}")
    assert shown["display_status"] == "error"
    retried = knowledge.workspace.console.post(
        f"/console/api/datasets/{economy}/retry", json={"document_ids": [state["id"]]}
    )
    assert retried.status_code == 204


def test_update_by_text_replaces_segments_and_keeps_the_batch(knowledge: Knowledge, quality: str) -> None:
    document = knowledge.add_text(quality, "An old sentence about whales.")
    path = f"/datasets/{quality}/documents/{document['id']}"
    old = knowledge.segments(quality, document["id"])
    body = {"name": "renamed.txt", "text": "A new sentence about tigers.", "process_rule": LINES}
    made = knowledge.ok("POST", f"{path}/update-by-text", json=body)
    assert made["batch"] == document["batch"]
    assert made["document"]["indexing_status"] == "waiting"
    knowledge.wait_indexed(quality, made["batch"])
    new = knowledge.segments(quality, document["id"])
    assert [one["content"] for one in new] == ["A new sentence about tigers."]
    assert {one["id"] for one in new}.isdisjoint(one["id"] for one in old)
    assert knowledge.ok("GET", path)["name"] == "renamed.txt"
    found = knowledge.retrieve(quality, "old whales", search_by("full_text_search"))
    assert all(one["segment"]["document_id"] != document["id"] for one in found)
    assert knowledge.refused("POST", f"{path}/update_by_text", json={"name": "only"}) == (400, "invalid_param")
    assert knowledge.refused("POST", f"{path}/update-by-text", json={"text": "x"}) == (400, "invalid_param")
    status(knowledge, quality, "disable", document["id"])
    reply = knowledge.http.post(f"/v1{path}/update-by-text", json={"name": "a", "text": "b"})
    assert reply.json()["message"] == "Document is not available"


def test_update_by_file_takes_a_file_or_a_rule(knowledge: Knowledge, quality: str) -> None:
    document = knowledge.add_text(quality, "Before.")
    path = f"documents/{document['id']}"
    for verb, suffix in (("POST", "/update-by-file"), ("POST", "/update_by_file"), ("PATCH", "")):
        files = {"file": ("after.txt", f"After {verb}{suffix}.".encode(), "text/plain")}
        reply = knowledge.http.request(verb, f"/v1/datasets/{quality}/{path}{suffix}", files=files)
        assert reply.status_code == 200, reply.text
        knowledge.wait_indexed(quality, reply.json()["batch"])
        assert knowledge.segments(quality, document["id"])[0]["content"] == f"After {verb}{suffix}."
    only_rule = {"data": json.dumps({"process_rule": AUTOMATIC})}
    reply = knowledge.http.patch(f"/v1/datasets/{quality}/{path}", files={"data": (None, only_rule["data"])})
    assert reply.status_code == 200, reply.text
    knowledge.wait_indexed(quality, reply.json()["batch"])
    neither = knowledge.http.patch(f"/v1/datasets/{quality}/{path}", files={"data": (None, "{}")})
    assert neither.json()["message"] == "Data source or Process rule is required"


def test_list_pages_filters_and_sorts_newest_first(knowledge: Knowledge) -> None:
    dataset_id = knowledge.dataset(indexing_technique="economy")["id"]
    made = [create(knowledge, dataset_id, name=f"Report_{number}.txt") for number in range(3)]
    for one in made:
        knowledge.wait_indexed(dataset_id, one["batch"])
    page = knowledge.ok("GET", f"/datasets/{dataset_id}/documents", params={"limit": 2})
    assert [one["name"] for one in page["data"]] == ["Report_2.txt", "Report_1.txt"]
    assert (page["has_more"], page["total"], page["limit"], page["page"]) == (True, 3, 2, 1)
    assert set(page["data"][0]) == DOCUMENT_KEYS
    found = knowledge.ok("GET", f"/datasets/{dataset_id}/documents", params={"keyword": "rePORT_1"})
    assert [one["name"] for one in found["data"]] == ["Report_1.txt"]
    assert knowledge.ok("GET", f"/datasets/{dataset_id}/documents", params={"keyword": "%"})["total"] == 0
    status(knowledge, dataset_id, "disable", made[0]["document"]["id"])
    for wanted, count in (("available", 2), ("ENABLED", 2), ("disabled", 1), ("error", 0), ("unknown", 3)):
        listed = knowledge.ok("GET", f"/datasets/{dataset_id}/documents", params={"status": wanted})
        assert listed["total"] == count, wanted


def test_status_switches_what_searches_find_at_once(knowledge: Knowledge, quality: str) -> None:
    word = f"zebra{uuid.uuid4().hex[:6]}"
    document = knowledge.add_text(quality, f"The {word} stands alone.")
    by_words = search_by("full_text_search")

    def found() -> list[str]:
        return [one["segment"]["id"] for one in knowledge.retrieve(quality, word, by_words)]

    before = found()
    assert len(before) == 1
    status(knowledge, quality, "disable", document["id"])
    assert found() == []
    status(knowledge, quality, "enable", document["id"])
    assert found() == before
    status(knowledge, quality, "archive", document["id"])
    assert found() == []
    path = f"/datasets/{quality}/documents/{document['id']}"
    assert knowledge.ok("GET", path)["display_status"] == "archived"
    assert knowledge.refused("DELETE", path) == (403, "archived_document_immutable")
    status(knowledge, quality, "un_archive", document["id"])
    assert found() == before
    bad = f"/datasets/{quality}/documents/status/explode"
    assert knowledge.refused("PATCH", bad, json={"document_ids": []}) == (400, "invalid_action")


def test_deleted_document_is_found_by_no_search_and_leaves_nothing(
    knowledge: Knowledge, quality: str
) -> None:
    word = f"quagga{uuid.uuid4().hex[:6]}"
    document = knowledge.add_text(quality, f"The {word} is extinct.")
    path = f"/datasets/{quality}/documents/{document['id']}"
    reply = knowledge.http.delete(f"/v1{path}")
    assert (reply.status_code, reply.content) == (204, b"")
    for method in ("semantic_search", "full_text_search", "hybrid_search"):
        records = knowledge.retrieve(quality, word, search_by(method))
        assert all(one["segment"]["document_id"] != document["id"] for one in records)
    assert knowledge.refused("GET", path) == (404, "not_found")
    assert knowledge.refused("DELETE", path) == (404, "not_found")
    assert knowledge.refused("GET", f"/datasets/{quality}/documents/20200101000000123456/indexing-status") == (
        404, "not_found",
    )  # fmt: skip


def test_hierarchical_document_needs_high_quality_and_its_rule(knowledge: Knowledge, economy: str) -> None:
    body = {"name": "h", "text": "One.\n\nTwo.", "doc_form": "hierarchical_model", "process_rule": NESTED}
    fresh = knowledge.dataset(indexing_technique="economy")["id"]
    assert knowledge.refused("POST", f"/datasets/{fresh}/document/create-by-text", json=body) == (
        400, "invalid_param",
    )  # fmt: skip
    nested = knowledge.dataset(indexing_technique="high_quality")["id"]
    document = knowledge.add_text(
        nested, "Seas are wide.\nSeas are blue.\n\nMountains are tall.\nMountains are white.",
        doc_form="hierarchical_model", process_rule=NESTED,
    )
    segments = knowledge.segments(nested, document["id"])
    assert [len(one["child_chunks"]) for one in segments] == [2, 2]
    assert segments[0]["child_chunks"][1]["content"] == "Seas are blue."
    record, *_ = knowledge.retrieve(nested, "Seas are blue", search_by("semantic_search"))
    assert record["segment"]["id"] == segments[0]["id"]
    assert record["child_chunks"][0]["content"] == "Seas are blue."
    assert record["score"] == record["child_chunks"][0]["score"] > 0.9


def test_metadata_filters_what_is_searched(knowledge: Knowledge, quality: str) -> None:
    dataset_id = knowledge.dataset(indexing_technique="high_quality")["id"]
    english = knowledge.add_text(dataset_id, "The harbour is calm.")
    german = knowledge.add_text(dataset_id, "The harbour is calm today.")
    lang = knowledge.ok("POST", f"/datasets/{dataset_id}/metadata", json={"type": "string", "name": "lang"})
    year = knowledge.ok("POST", f"/datasets/{dataset_id}/metadata", json={"type": "number", "name": "year"})
    for document, code, at in ((english, "en", 2020), (german, "de", 2024)):
        values = [{"id": lang["id"], "name": "lang", "value": code}, {"id": year["id"], "name": "year", "value": at}]
        knowledge.ok(
            "POST", f"/datasets/{dataset_id}/documents/metadata",
            json={"operation_data": [{"document_id": document["id"], "metadata_list": values}]},
        )
    for wrong in ({"a": 1}, ["de"]):
        values = [{"id": lang["id"], "name": "lang", "value": wrong}]
        body = {"operation_data": [{"document_id": german["id"], "metadata_list": values}]}
        refused = knowledge.refused("POST", f"/datasets/{dataset_id}/documents/metadata", json=body)
        assert refused == (400, "invalid_param"), wrong
    shown = knowledge.ok("GET", f"/datasets/{dataset_id}/documents/{german['id']}")["doc_metadata"]
    assert [(one["name"], one["value"]) for one in shown[:2]] == [("lang", "de"), ("year", 2024)]
    assert [one["id"] for one in shown[2:]] == ["built-in"] * 5

    def found(*conditions: dict[str, Any], operator: str = "and") -> set[str]:
        filtering = {"logical_operator": operator, "conditions": list(conditions)}
        model = search_by("hybrid_search", metadata_filtering_conditions=filtering)
        return {one["segment"]["document_id"] for one in knowledge.retrieve(dataset_id, "harbour", model)}

    def condition(name: str, operator: str, value: Any = None) -> dict[str, Any]:
        return {"name": name, "comparison_operator": operator, "value": value}

    assert found(condition("lang", "is", "de")) == {german["id"]}
    assert found(condition("lang", "is not", "de")) == {english["id"]}
    assert found(condition("year", ">", 2021)) == {german["id"]}
    assert found(condition("year", "≤", 2021)) == {english["id"]}
    assert found(condition("lang", "in", ["de", "fr"])) == {german["id"]}
    assert found(condition("lang", "start with", "e"), condition("year", "=", 2024), operator="or") == {
        english["id"], german["id"],
    }  # fmt: skip
    assert found(condition("lang", "not empty")) == {english["id"], german["id"]}
    assert found(condition("lang", "is", "xx")) == set()
    bad = search_by("semantic_search", metadata_filtering_conditions={"conditions": [condition("lang", "like", "d")]})
    body = {"query": "harbour", "retrieval_model": bad}
    assert knowledge.refused("POST", f"/datasets/{dataset_id}/retrieve", json=body) == (400, "invalid_param")


def test_document_that_is_indexed_cannot_be_deleted_but_paused_and_resumed(knowledge: Knowledge) -> None:
    knowledge.add_embedder("slow-embed@first=700", default=False)
    provider = "langgenius/openai_api_compatible/openai_api_compatible"
    dataset_id = knowledge.dataset(
        indexing_technique="high_quality", embedding_model="slow-embed@first=700", embedding_model_provider=provider
    )["id"]
    text = "\n".join(f"Line number {number} of a long text." for number in range(900))
    made = create(knowledge, dataset_id, text=text)
    document_id = made["document"]["id"]
    path = f"/datasets/{dataset_id}/documents/{document_id}"
    deadline = time.monotonic() + 30
    while knowledge.ok("GET", path)["indexing_status"] != "indexing":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert knowledge.refused("DELETE", path) == (400, "document_indexing")
    console = knowledge.workspace.console
    paused = console.patch(f"/console/api{path}/processing/pause")
    assert paused.status_code == 204, paused.text
    (state,) = knowledge.ok("GET", f"/datasets/{dataset_id}/documents/{made['batch']}/indexing-status")["data"]
    assert (state["indexing_status"], state["paused_at"] is not None) == ("paused", True)
    assert console.patch(f"/console/api{path}/processing/resume").status_code == 204
    (state,) = knowledge.wait_indexed(dataset_id, made["batch"])
    assert (state["indexing_status"], state["completed_segments"]) == ("completed", 900)
    assert console.patch(f"/console/api{path}/processing/pause").status_code == 400


@pytest.mark.parametrize("fault", ["status=401", "status=404", "garbage", "lose=1"])
def test_embedder_that_fails_for_good_gives_the_document_a_reason(knowledge: Knowledge, fault: str) -> None:
    model = f"faulty-embed@{fault},skip=1"
    knowledge.add_embedder(model, default=False)
    provider = "langgenius/openai_api_compatible/openai_api_compatible"
    dataset_id = knowledge.dataset(
        indexing_technique="high_quality", embedding_model=model, embedding_model_provider=provider
    )["id"]
    made = create(knowledge, dataset_id)
    (state,) = knowledge.wait_indexed(dataset_id, made["batch"], seconds=110)
    assert state["indexing_status"] == "error"
    assert state["error"]


def test_embedder_that_recovers_is_waited_for(knowledge: Knowledge) -> None:
    model = "limited-embed@status=429,retry_after=1,times=2,skip=1"
    knowledge.add_embedder(model, default=False)
    provider = "langgenius/openai_api_compatible/openai_api_compatible"
    dataset_id = knowledge.dataset(
        indexing_technique="high_quality", embedding_model=model, embedding_model_provider=provider
    )["id"]
    made = create(knowledge, dataset_id)
    (state,) = knowledge.wait_indexed(dataset_id, made["batch"], seconds=110)
    assert state["indexing_status"] == "completed", state


def test_real_files_of_every_kind_are_indexed(knowledge: Knowledge, economy: str) -> None:
    files = {
        "a.pdf": documents.pdf(["The first page about seas.", "第二页讲的是山。"]), "b.docx": documents.docx(),
        "c.pptx": documents.pptx(), "d.xlsx": documents.xlsx({"one": [["name", "colour"], ["sea", "blue"]]}),
        "e.csv": b"name,colour\nsea,blue\n", "f.md": b"# Seas\n\nThey are blue.\n", "h.txt": "海是蓝色的。".encode("gbk"),
        "g.html": b"<html><body><p>A page about rivers.</p></body></html>",
        "i.epub": documents.epub({"one": "<p>A chapter about lakes.</p>"}, ["one"]),
    }
    batches = []
    for name, data in files.items():
        reply = upload(knowledge, economy, f"{uuid.uuid4().hex[:6]}{name}", data, {"process_rule": AUTOMATIC})
        assert reply.status_code == 200, (name, reply.text)
        batches.append((name, reply.json()["batch"]))
    for name, batch in batches:
        (state,) = knowledge.wait_indexed(economy, batch)
        assert state["indexing_status"] == "completed", (name, state)
        assert state["total_segments"] > 0, name
