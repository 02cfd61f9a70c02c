"""Segments and child chunks through Envoy, a real worker and an embedder's wire (dataset-api.md section 5)."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.doubles.openai_server import OpenAIServer
from tests.rest.knowledge import NESTED, Knowledge, search_by

SEGMENT_KEYS = {
    "id", "position", "document_id", "content", "sign_content", "answer", "word_count", "tokens", "keywords",
    "index_node_id", "index_node_hash", "hit_count", "enabled", "disabled_at", "disabled_by", "status", "created_by",
    "created_at", "updated_at", "updated_by", "indexing_at", "completed_at", "error", "stopped_at", "child_chunks",
    "attachments", "summary",
}  # fmt: skip
CHILD_KEYS = {"id", "segment_id", "content", "position", "word_count", "type", "created_at", "updated_at"}
LINES_OF_TEXT = ["The sea is wide and blue.", "The mountain is tall and white.", "A river runs to the sea."]
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@dataclass
class Doc:
    """A document, and calls about its segments."""

    knowledge: Knowledge
    dataset_id: str
    id: str

    @property
    def path(self) -> str:
        return f"/datasets/{self.dataset_id}/documents/{self.id}"

    @property
    def word_count(self) -> int:
        listed = self.knowledge.ok("GET", f"/datasets/{self.dataset_id}/documents", params={"limit": 100})["data"]
        (found,) = (one["word_count"] for one in listed if one["id"] == self.id)
        return int(found)

    def segments(self) -> list[dict[str, Any]]:
        return self.knowledge.segments(self.dataset_id, self.id)

    def add(self, *segments: dict[str, Any]) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = self.knowledge.ok("POST", f"{self.path}/segments", json={"segments": segments})[
            "data"
        ]
        return made

    def get(self, segment_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.knowledge.ok("GET", f"{self.path}/segments/{segment_id}")["data"]
        return found

    def change(self, segment_id: str, **fields: Any) -> dict[str, Any]:
        body = {"segment": fields}
        changed: dict[str, Any] = self.knowledge.ok("POST", f"{self.path}/segments/{segment_id}", json=body)["data"]
        return changed

    def found(self, query: str, method: str = "semantic_search", top_k: int = 3) -> list[str]:
        records = self.knowledge.retrieve(self.dataset_id, query, search_by(method, top_k=top_k))
        return [record["segment"]["content"] for record in records]

    def status(self, action: str) -> None:
        body = {"document_ids": [self.id]}
        self.knowledge.ok("PATCH", f"/datasets/{self.dataset_id}/documents/status/{action}", json=body)


@pytest.fixture(scope="module")
def knowledge(indexed: Knowledge) -> Knowledge:
    return indexed


def new_doc(knowledge: Knowledge, dataset_id: str, text: str = "\n".join(LINES_OF_TEXT), **fields: Any) -> Doc:
    return Doc(knowledge, dataset_id, knowledge.add_text(dataset_id, text, **fields)["id"])


@pytest.fixture(scope="module")
def quality(knowledge: Knowledge) -> Doc:
    """A document of high quality; its three first segments stay as they are."""
    return new_doc(knowledge, knowledge.quality())


@pytest.fixture(scope="module")
def economy(knowledge: Knowledge) -> Doc:
    """An economy document; its three first segments stay as they are."""
    return new_doc(knowledge, knowledge.economy())


def nested(knowledge: Knowledge, **fields: Any) -> Doc:
    """Two parents with two children each."""
    text = "The sea is wide.\nShips cross it daily.\n\nThe mountain is tall.\nSnow covers its top."
    rule = {"process_rule": NESTED, "doc_form": "hierarchical_model", **fields}
    return new_doc(knowledge, knowledge.quality(), text, **rule)


@pytest.fixture(scope="module")
def parents(knowledge: Knowledge) -> Doc:
    """A parent-child document; tests add children and leave the four first alone."""
    return nested(knowledge)


@pytest.fixture
def moody(knowledge: Knowledge, brain: OpenAIServer) -> Iterator[str]:
    """An embedder that fails on demand."""
    name = f"moody-{uuid.uuid4().hex[:8]}"
    yield knowledge.add_model(brain.url, name, "text-embedding")
    brain.script(name, "")


def hash_of(content: str) -> str:
    return hashlib.sha256(f"{content}None".encode()).hexdigest()


# Create


def test_segments_added_are_searched_when_the_call_returns(knowledge: Knowledge) -> None:
    doc = new_doc(knowledge, knowledge.quality())
    before = doc.word_count
    contents = ["The glacier creaks at night.", "海浪拍打着礁石。"]
    reply = knowledge.ok(
        "POST", f"{doc.path}/segments",
        json={"segments": [{"content": contents[0], "keywords": ["glacier", "night"]}, {"content": contents[1]}]},
    )
    assert set(reply) == {"data", "doc_form"} and reply["doc_form"] == "text_model"
    first, second = reply["data"]
    assert set(first) == set(second) == SEGMENT_KEYS
    assert [one["content"] for one in (first, second)] == contents == [first["sign_content"], second["sign_content"]]
    assert [first["position"], second["position"]] == [4, 5]
    assert (first["keywords"], second["keywords"]) == (["glacier", "night"], None)
    for one in (first, second):
        assert (one["status"], one["enabled"], one["error"], one["answer"]) == ("completed", True, None, None)
        assert one["index_node_hash"] == hash_of(one["content"])
        assert one["word_count"] == len(one["content"]) and one["tokens"] > 0
        assert one["indexing_at"] and one["completed_at"] and one["stopped_at"] is None
        assert (one["child_chunks"], one["attachments"], one["summary"], one["hit_count"]) == ([], [], None, 0)
        assert (one["document_id"], one["updated_by"], one["disabled_at"]) == (doc.id, None, None)
    assert doc.word_count == before + sum(map(len, contents))
    for method in ("semantic_search", "full_text_search", "hybrid_search"):
        assert doc.found("glacier night", method)[0] == contents[0]
        assert doc.found("礁石", method)[0] == contents[1]


def test_economy_segments_get_keywords_given_or_extracted(knowledge: Knowledge) -> None:
    doc = new_doc(knowledge, knowledge.economy())
    given, extracted = doc.add(
        {"content": "Something about nothing.", "keywords": ["volcano", "volcano", " "]},
        {"content": "The lighthouse shines over the harbour."},
    )
    assert (given["keywords"], given["tokens"]) == (["volcano"], 0)
    assert {"lighthouse", "harbour"} <= set(extracted["keywords"])
    assert doc.found("volcano", "keyword_search") == ["Something about nothing."]
    assert doc.found("lighthouse", "keyword_search") == ["The lighthouse shines over the harbour."]


def test_answer_of_a_plain_segment_is_ignored(knowledge: Knowledge, quality: Doc) -> None:
    content = f"Plain text {uuid.uuid4().hex}."
    (made,) = quality.add({"content": content, "answer": "an answer"})
    assert (made["answer"], made["word_count"]) == (None, len(content))
    changed = quality.change(made["id"], answer="another", content=f"{content} More.")
    assert (changed["answer"], changed["word_count"]) == (None, len(content) + 6)


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ([], "Segments is required"), (None, "Segments is required"),
        ([{"content": ""}], "Content is empty"), ([{"content": " \n"}], "Content is empty"),
        ([{"answer": "x"}], "Content is empty"),
        ([{"content": "x", "attachment_ids": [str(uuid.uuid4())] * 11}], "Exceeded maximum attachment limit of 10"),
        ([{"content": "x"}, {"content": ""}], "Content is empty"),
        ([{"content": "x"}] * 51, "Exceeded maximum segments limit of 50."),
    ],
)  # fmt: skip
def test_segments_that_are_none_are_refused_whole(
    knowledge: Knowledge, quality: Doc, segments: Any, message: str
) -> None:
    before = len(quality.segments())
    body = {} if segments is None else {"segments": segments}
    assert knowledge.refusal("POST", f"{quality.path}/segments", json=body) == (400, "invalid_param", message)
    assert len(quality.segments()) == before


@pytest.mark.parametrize("body", [{}, {"segments": []}, {"segments": None}])
def test_no_segments_is_said_in_the_bare_key_too(knowledge: Knowledge, quality: Doc, body: dict[str, Any]) -> None:
    reply = knowledge.http.post(f"/v1{quality.path}/segments", json=body)
    text = "Segments is required"
    assert reply.json() == {"code": "invalid_param", "message": text, "status": 400, "error": text}


def test_segments_are_added_to_completed_and_enabled_documents_only(
    knowledge: Knowledge, moody: str, brain: OpenAIServer
) -> None:
    dataset_id = knowledge.quality(moody)
    doc = new_doc(knowledge, dataset_id)
    nobody, body = str(uuid.uuid4()), {"segments": []}

    def refusal(dataset: str, document: str) -> tuple[int, str, str]:
        return knowledge.refusal("POST", f"/datasets/{dataset}/documents/{document}/segments", json=body)

    assert refusal(nobody, doc.id) == (404, "not_found", "Dataset not found.")
    assert refusal(dataset_id, nobody) == (404, "not_found", "Document not found.")
    assert refusal(dataset_id, "zzz") == (404, "not_found", "Document not found.")
    doc.status("disable")
    assert refusal(dataset_id, doc.id) == (404, "not_found", "Document is disabled.")
    doc.status("enable")
    doc.status("archive")
    (made,) = doc.add({"content": "Archived texts may grow."})
    assert made["status"] == "completed"
    doc.status("un_archive")
    assert "Archived texts may grow." in doc.found("archived texts grow")
    brain.script(moody, "status=401")
    body_of = {"name": "failing", "text": "x"}
    failing = knowledge.ok("POST", f"/datasets/{dataset_id}/document/create-by-text", json=body_of)
    assert refusal(dataset_id, failing["document"]["id"])[2] == "Document is not completed."
    (state,) = knowledge.wait_indexed(dataset_id, failing["batch"])
    assert state["indexing_status"] == "error"
    assert refusal(dataset_id, failing["document"]["id"])[2] == "Document is not completed."
    knowledge.remove_model(moody, "text-embedding")
    assert refusal(dataset_id, doc.id)[:2] == (400, "provider_not_initialize")


@pytest.mark.parametrize("fault", ["status=401", "size=7"])
def test_segment_that_cannot_be_embedded_is_kept_with_its_error(
    knowledge: Knowledge, moody: str, brain: OpenAIServer, fault: str
) -> None:
    doc = new_doc(knowledge, knowledge.quality(moody))
    brain.script(moody, fault)
    (made,) = doc.add({"content": "A lonely heron stands in the reeds."})
    assert (made["status"], made["enabled"]) == ("error", False)
    assert made["error"] and made["stopped_at"] and made["disabled_at"] and made["completed_at"] is None
    brain.script(moody, "")
    assert "A lonely heron stands in the reeds." not in doc.found("heron reeds", "full_text_search")
    content = "A lonely heron stands in the tall reeds."
    mended = doc.change(made["id"], enabled=True, content=content)
    assert (mended["status"], mended["enabled"], mended["error"]) == ("completed", True, None)
    assert mended["disabled_at"] is None and mended["stopped_at"] is None
    assert doc.found("heron reeds", "hybrid_search")[0] == content


def test_change_that_cannot_be_embedded_says_so_and_is_not_found(
    knowledge: Knowledge, moody: str, brain: OpenAIServer
) -> None:
    doc = new_doc(knowledge, knowledge.quality(moody))
    segment = doc.segments()[0]
    brain.script(moody, "status=401")
    changed = doc.change(segment["id"], content="Herons are shy birds.")
    assert (changed["status"], changed["enabled"], changed["content"]) == ("error", False, "Herons are shy birds.")
    assert changed["error"]
    brain.script(moody, "")
    assert doc.found("wide blue sea", "full_text_search") == [LINES_OF_TEXT[2]]


# Read


def test_list_filters_by_status_and_keyword_and_pages(knowledge: Knowledge) -> None:
    doc = new_doc(knowledge, knowledge.economy(), "\n".join(f"Line {number} has 100% wool." for number in range(5)))
    path = f"{doc.path}/segments"
    page = knowledge.ok("GET", path, params={"page": 2, "limit": 2})
    assert [one["position"] for one in page["data"]] == [3, 4]
    assert {name: page[name] for name in page if name != "data"} == {
        "doc_form": "text_model", "total": 5, "has_more": True, "limit": 2, "page": 2,
    }  # fmt: skip
    last = knowledge.ok("GET", path, params={"page": 3, "limit": 2})
    assert (len(last["data"]), last["has_more"]) == (1, False)
    assert knowledge.ok("GET", path, params={"page": 9})["data"] == []
    assert knowledge.ok("GET", path, params={"keyword": "LINE 3"})["data"][0]["position"] == 4
    assert knowledge.ok("GET", path, params={"keyword": "0%"})["total"] == 5
    assert knowledge.ok("GET", path, params={"keyword": "0_"})["total"] == 0
    assert knowledge.ok("GET", path, params=[("status", "error"), ("status", "completed")])["total"] == 5
    assert knowledge.ok("GET", path, params={"status": "waiting"})["total"] == 0
    for bad in ({"page": 0}, {"limit": 0}, {"limit": "x"}):
        assert knowledge.refused("GET", path, params=bad) == (400, "invalid_param")
    for unknown in (str(uuid.uuid4()), "zzz"):
        unknown_path = f"/datasets/{doc.dataset_id}/documents/{unknown}/segments"
        assert knowledge.refusal("GET", unknown_path) == (404, "not_found", "Document not found.")


def test_segment_is_read_through_its_own_document_only(knowledge: Knowledge, quality: Doc, economy: Doc) -> None:
    segment = quality.segments()[1]
    reply = knowledge.ok("GET", f"{quality.path}/segments/{segment['id']}")
    assert reply == {"data": segment, "doc_form": "text_model"}
    other = new_doc(knowledge, quality.dataset_id)
    for path in (other.path, economy.path):
        assert knowledge.refusal("GET", f"{path}/segments/{segment['id']}") == (404, "not_found", "Segment not found.")
    for unknown in (str(uuid.uuid4()), "zzz"):
        answer = knowledge.refusal("GET", f"{quality.path}/segments/{unknown}")
        assert answer == (404, "not_found", "Segment not found.")


def test_reading_segments_needs_the_embedding_model(knowledge: Knowledge, moody: str) -> None:
    doc = new_doc(knowledge, knowledge.quality(moody))
    segment = doc.segments()[0]
    knowledge.remove_model(moody, "text-embedding")
    assert knowledge.refused("GET", f"{doc.path}/segments") == (400, "provider_not_initialize")
    assert knowledge.refused("GET", f"{doc.path}/segments/{segment['id']}") == (400, "invalid_param")
    shown = knowledge.workspace.console.get(f"/console/api{doc.path}/segments")
    assert next(one["id"] for one in shown.json()["data"]) == segment["id"]


# Update


def test_new_content_replaces_what_is_searched(knowledge: Knowledge) -> None:
    doc = new_doc(knowledge, knowledge.quality())
    segment, before = doc.segments()[0], doc.word_count
    content = "The desert is dry and endless."
    changed = doc.change(segment["id"], content=content)
    assert set(changed) == SEGMENT_KEYS
    assert (changed["content"], changed["sign_content"]) == (content, content)
    assert changed["index_node_hash"] == hash_of(content)
    assert changed["index_node_id"] == segment["index_node_id"]
    assert changed["word_count"] == len(content) and changed["tokens"] > 0
    assert (changed["status"], changed["position"]) == ("completed", 1)
    assert changed["updated_by"] == changed["created_by"]
    assert doc.word_count == before - len(segment["content"]) + len(content)
    for method in ("semantic_search", "full_text_search"):
        assert doc.found("dry endless desert", method)[0] == content
        assert segment["content"] not in doc.found("wide blue sea", method)


def test_update_without_a_difference_changes_nothing(knowledge: Knowledge, quality: Doc) -> None:
    (made,) = quality.add({"content": f"Stay {uuid.uuid4().hex}.", "keywords": ["b", "a"]})
    time.sleep(1.1)  # times are whole seconds
    for same in ({}, {"content": ""}, {"content": made["content"]}, {"keywords": ["a", "b"]}, {"enabled": True},
                 {"keywords": []}, {"answer": "x"}):  # fmt: skip
        kept = quality.change(made["id"], **same)
        assert (kept["updated_at"], kept["updated_by"]) == (made["updated_at"], None), same
        assert kept["keywords"] == ["b", "a"]


def test_new_keywords_are_stored_and_searched_by(knowledge: Knowledge, economy: Doc, quality: Doc) -> None:
    (made,) = economy.add({"content": "Words about anything.", "keywords": ["first"]})
    changed = economy.change(made["id"], keywords=["second"])
    assert changed["keywords"] == ["second"] and changed["updated_by"]
    assert economy.found("second", "keyword_search") == ["Words about anything."]
    assert economy.found("first", "keyword_search") == []
    (other,) = quality.add({"content": f"Kept {uuid.uuid4().hex}."})
    assert quality.change(other["id"], keywords=["x", "y"])["keywords"] == ["x", "y"]


def test_economy_segment_with_new_content_is_found_by_its_words(knowledge: Knowledge, economy: Doc) -> None:
    (made,) = economy.add({"content": "Elephants remember."})
    changed = economy.change(made["id"], content="Penguins waddle.")
    assert "penguins" in [word.lower() for word in changed["keywords"]]
    assert economy.found("penguins", "keyword_search") == ["Penguins waddle."]
    assert economy.found("elephants", "keyword_search") == []


def test_disabled_segment_is_not_found_and_takes_no_change(knowledge: Knowledge) -> None:
    doc = new_doc(knowledge, knowledge.quality())
    segment = doc.segments()[0]
    disabled = doc.change(segment["id"], enabled=False, content="This is not looked at.", keywords=["x"])
    assert (disabled["enabled"], disabled["content"], disabled["keywords"]) == (False, segment["content"], None)
    assert disabled["disabled_at"] and disabled["disabled_by"] and disabled["status"] == "completed"
    for method in ("semantic_search", "full_text_search", "hybrid_search"):
        assert segment["content"] not in doc.found("wide blue sea", method)
    path = f"{doc.path}/segments/{segment['id']}"
    for body in ({"content": "x"}, {"enabled": False}, {}):
        answer = knowledge.refusal("POST", path, json={"segment": body})
        assert answer == (400, "invalid_param", "Can't update disabled segment")
    doc.status("disable")
    doc.status("enable")
    assert segment["content"] not in doc.found("wide blue sea")
    enabled = doc.change(segment["id"], enabled=True, content="The sea is wide, blue and deep.")
    assert (enabled["enabled"], enabled["disabled_at"], enabled["disabled_by"]) == (True, None, None)
    assert doc.found("wide blue sea")[0] == "The sea is wide, blue and deep."


def test_change_of_an_unknown_segment_or_without_one_is_refused(knowledge: Knowledge, quality: Doc) -> None:
    unknown = f"{quality.path}/segments/{uuid.uuid4()}"
    assert knowledge.refusal("POST", unknown, json={"segment": {"content": "x"}})[2] == "Segment not found."
    segment = quality.segments()[0]
    assert knowledge.refused("POST", f"{quality.path}/segments/{segment['id']}", json={}) == (400, "invalid_param")


# Delete


def test_deleted_segment_leaves_a_gap_and_no_trace(knowledge: Knowledge) -> None:
    doc = new_doc(knowledge, knowledge.quality())
    first, _, third = doc.segments()
    before = doc.word_count
    reply = knowledge.http.delete(f"/v1{doc.path}/segments/{third['id']}")
    assert (reply.status_code, reply.content) == (204, b"")
    path = f"{doc.path}/segments/{third['id']}"
    for method in ("DELETE", "GET"):
        assert knowledge.refusal(method, path) == (404, "not_found", "Segment not found.")
    assert doc.word_count == before - third["word_count"]
    assert third["content"] not in doc.found("river runs", "hybrid_search")
    assert knowledge.http.delete(f"/v1{doc.path}/segments/{first['id']}").status_code == 204
    (made,) = doc.add({"content": "The next one."})
    assert [one["position"] for one in doc.segments()] == [2, 3]
    assert made["position"] == 3


def test_disabled_segment_can_be_deleted(knowledge: Knowledge, economy: Doc) -> None:
    (made,) = economy.add({"content": "Obsolete walrus facts."})
    economy.change(made["id"], enabled=False)
    assert knowledge.http.delete(f"/v1{economy.path}/segments/{made['id']}").status_code == 204
    assert economy.found("walrus", "keyword_search") == []


# Attachments and summaries


def test_attachments_stay_when_not_sent_and_go_with_an_empty_list(knowledge: Knowledge, quality: Doc) -> None:
    app = knowledge.workspace.app(file_upload={"enabled": True, "image": {"enabled": True}})
    sent = app.http.post("/v1/files/upload", files={"file": ("dot.png", PNG, "image/png")}, data={"user": "u"})
    image = sent.json()["id"]
    (made,) = quality.add({"content": f"A picture {uuid.uuid4().hex}.", "attachment_ids": [image, str(uuid.uuid4()), "zzz"]})
    (shown,) = made["attachments"]
    assert {name: shown[name] for name in shown if name != "source_url"} == {
        "id": image, "name": "dot.png", "size": len(PNG), "extension": "png", "mime_type": "image/png",
    }  # fmt: skip
    assert knowledge.http.get(shown["source_url"]).content == PNG
    assert len(quality.change(made["id"], content="A picture, changed.")["attachments"]) == 1
    assert quality.change(made["id"], attachment_ids=[])["attachments"] == []
    assert len(quality.change(made["id"], attachment_ids=[image])["attachments"]) == 1
    path = f"{quality.path}/segments/{made['id']}"
    many = {"segment": {"attachment_ids": [image] * 11}}
    assert knowledge.refusal("POST", path, json=many)[2] == "Exceeded maximum attachment limit of 10"


def test_summary_is_stored_searched_and_shown(knowledge: Knowledge) -> None:
    doc = new_doc(knowledge, knowledge.quality())
    segment = doc.segments()[1]
    changed = doc.change(segment["id"], summary="Alpine geology for climbers.")
    assert (changed["summary"], changed["content"]) == ("Alpine geology for climbers.", segment["content"])
    for method in ("semantic_search", "full_text_search", "hybrid_search"):
        (best, *_) = knowledge.retrieve(doc.dataset_id, "geology climbers", search_by(method, top_k=1))
        assert (best["segment"]["id"], best["summary"]) == (segment["id"], "Alpine geology for climbers.")
    assert doc.change(segment["id"], summary="Tailors and hats.")["summary"] == "Tailors and hats."
    assert doc.found("geology climbers", "full_text_search") == []
    doc.change(segment["id"], enabled=False)
    assert doc.found("tailors hats", "full_text_search") == []
    doc.change(segment["id"], enabled=True)
    assert doc.found("tailors hats", "full_text_search") == [segment["content"]]
    knowledge.ok("DELETE", f"{doc.path}/segments/{segment['id']}")
    assert doc.found("tailors hats", "full_text_search") == []


# Parent and child


def test_parents_show_their_children(knowledge: Knowledge, parents: Doc) -> None:
    first, second = parents.segments()[:2]
    assert [child["content"] for child in first["child_chunks"]][:2] == ["The sea is wide.", "Ships cross it daily."]
    for child in second["child_chunks"]:
        assert set(child) == CHILD_KEYS
        assert (child["segment_id"], child["type"]) == (second["id"], "automatic")
        assert child["word_count"] == len(child["content"])
    assert [child["position"] for child in second["child_chunks"]] == [1, 2]


def test_whole_document_as_one_parent_shows_children_on_their_route_alone(knowledge: Knowledge) -> None:
    rule = {**NESTED, "rules": {**NESTED["rules"], "parent_mode": "full-doc"}}
    doc = nested(knowledge, process_rule=rule)
    (parent,) = doc.segments()
    assert parent["child_chunks"] == []
    listed = knowledge.ok("GET", f"{doc.path}/segments/{parent['id']}/child_chunks")
    assert (listed["total"], len(listed["data"])) == (4, 4)


def test_new_parent_gets_children_by_the_rule_of_its_document(knowledge: Knowledge) -> None:
    doc = nested(knowledge)
    (made,) = doc.add({"content": "Bees dance.\nHoney is sweet."})
    assert [child["content"] for child in made["child_chunks"]] == ["Bees dance.", "Honey is sweet."]
    (best, *_) = knowledge.retrieve(doc.dataset_id, "honey sweet", search_by("semantic_search", top_k=1))
    assert best["segment"]["content"] == "Bees dance.\nHoney is sweet."
    assert [child["content"] for child in best["child_chunks"]] == ["Honey is sweet."]


def test_new_content_keeps_children_until_they_are_made_anew(knowledge: Knowledge) -> None:
    doc = nested(knowledge)
    parent = doc.segments()[0]
    kept = doc.change(parent["id"], content="Owls hunt.\nMice hide.")
    assert [child["content"] for child in kept["child_chunks"]] == ["The sea is wide.", "Ships cross it daily."]
    assert doc.found("ships cross daily", top_k=1) == ["Owls hunt.\nMice hide."]
    assert doc.found("owls hunt", "full_text_search") == []
    path = f"{doc.path}/segments/{parent['id']}/child_chunks"
    knowledge.ok("POST", path, json={"content": "A child by hand."})
    renewed = doc.change(parent["id"], regenerate_child_chunks=True)
    assert [(child["content"], child["type"]) for child in renewed["child_chunks"]] == [
        ("Owls hunt.", "automatic"), ("Mice hide.", "automatic"),
    ]  # fmt: skip
    assert doc.found("owls hunt", "full_text_search") == ["Owls hunt.\nMice hide."]
    assert doc.found("ships cross daily hand", "full_text_search") == []


def test_disabled_parent_hides_its_children(knowledge: Knowledge) -> None:
    doc = nested(knowledge)
    parent = doc.segments()[1]
    doc.change(parent["id"], enabled=False)
    assert doc.found("snow covers top", "full_text_search") == []
    doc.change(parent["id"], enabled=True)
    assert doc.found("snow covers top", "full_text_search") == [parent["content"]]


def test_children_live_through_their_routes(knowledge: Knowledge, parents: Doc) -> None:
    parent = parents.segments()[1]
    path = f"{parents.path}/segments/{parent['id']}/child_chunks"
    made = knowledge.ok("POST", path, json={"content": "Chamois climb rocks."})
    assert set(made) == {"data"} and set(made["data"]) == CHILD_KEYS
    child = made["data"]
    assert (child["position"], child["type"], child["word_count"]) == (3, "customized", 20)
    (best, *_) = knowledge.retrieve(parents.dataset_id, "chamois climb", search_by("semantic_search", top_k=1))
    assert best["segment"]["id"] == parent["id"]
    assert best["child_chunks"][0]["id"] == child["id"]
    changed = knowledge.ok("PATCH", f"{path}/{child['id']}", json={"content": "Marmots whistle."})["data"]
    assert (changed["content"], changed["position"], changed["word_count"]) == ("Marmots whistle.", 3, 16)
    assert parents.found("chamois climb", "full_text_search") == []
    assert parents.found("marmots whistle", "full_text_search") == [parent["content"]]
    now = parents.get(parent["id"])
    assert (now["content"], now["index_node_hash"]) == (parent["content"], parent["index_node_hash"])
    automatic = parent["child_chunks"][0]
    edited = knowledge.ok("PATCH", f"{path}/{automatic['id']}", json={"content": automatic["content"]})["data"]
    assert edited["type"] == "customized"
    listed = knowledge.ok("GET", path, params={"limit": 2})
    assert {name: listed[name] for name in listed if name != "data"} == {
        "total": 3, "total_pages": 2, "page": 1, "limit": 2,
    }  # fmt: skip
    assert [one["position"] for one in listed["data"]] == [1, 2]
    assert knowledge.ok("GET", path, params={"keyword": "MARMOTS"})["data"] == [changed]
    assert knowledge.ok("GET", path, params={"limit": 500})["limit"] == 100
    assert knowledge.refused("GET", path, params={"limit": 0}) == (400, "invalid_param")
    reply = knowledge.http.delete(f"/v1{path}/{child['id']}")
    assert (reply.status_code, reply.content) == (204, b"")
    assert parents.found("marmots whistle", "full_text_search") == []
    answer = knowledge.refusal("DELETE", f"{path}/{child['id']}")
    assert answer == (404, "not_found", "Child chunk not found.")


def test_children_are_reached_through_their_own_parent_only(
    knowledge: Knowledge, parents: Doc, quality: Doc
) -> None:
    first, second = parents.segments()[:2]
    child = first["child_chunks"][0]["id"]
    wrong = f"{parents.path}/segments/{second['id']}/child_chunks/{child}"
    for method in ("PATCH", "DELETE"):
        answer = knowledge.refusal(method, wrong, **({"json": {"content": "x"}} if method == "PATCH" else {}))
        assert answer == (404, "not_found", "Child chunk not found.")
    nowhere = f"{parents.path}/segments/{uuid.uuid4()}/child_chunks"
    assert knowledge.refusal("GET", nowhere) == (404, "not_found", "Segment not found.")
    assert knowledge.refusal("POST", nowhere, json={"content": "x"}) == (404, "not_found", "Segment not found.")
    plain = f"{quality.path}/segments/{quality.segments()[0]['id']}/child_chunks"
    assert knowledge.refused("POST", plain, json={"content": "x"}) == (400, "invalid_param")
    for body in ({}, {"content": ""}, {"content": None}):
        path = f"{parents.path}/segments/{first['id']}/child_chunks"
        assert knowledge.refused("POST", path, json=body) == (400, "invalid_param")


def test_child_that_cannot_be_embedded_is_not_saved(knowledge: Knowledge, moody: str, brain: OpenAIServer) -> None:
    text = "The sea is wide.\nShips cross it daily."
    rule = {"process_rule": NESTED, "doc_form": "hierarchical_model"}
    doc = new_doc(knowledge, knowledge.quality(moody), text, **rule)
    (parent,) = doc.segments()
    path = f"{doc.path}/segments/{parent['id']}/child_chunks"
    child = parent["child_chunks"][0]
    for fault in ("status=401", "size=7"):
        brain.script(moody, fault)
        status, _, message = knowledge.refusal("POST", path, json={"content": f"Nothing by {fault}."})
        assert status == 400 and message
        assert knowledge.refusal("PATCH", f"{path}/{child['id']}", json={"content": f"Not {fault}."})[0] == 400
    brain.script(moody, "")
    assert [one["content"] for one in knowledge.ok("GET", path)["data"]] == text.split("\n")
    knowledge.remove_model(moody, "text-embedding")
    assert knowledge.refused("POST", path, json={"content": "x"}) == (400, "provider_not_initialize")


# Questions and answers


QA_TEXT = "Q1: What is the sea?\nA1: A lot of salt water.\n\nQ2: How tall is the mountain?\nA2: Very tall."


@pytest.fixture(scope="module")
def pairs(knowledge: Knowledge, brain: OpenAIServer) -> Iterator[Doc]:
    """A Q&A document, made by a scripted model."""
    from tests.doubles.behaviour import Behaviour

    model = knowledge.add_model(brain.url, f"pairs-{uuid.uuid4().hex[:8]}", "llm")
    brain.script(model, Behaviour(text=QA_TEXT))
    knowledge.workspace.use_default(model)
    try:
        yield new_doc(knowledge, knowledge.quality(), "One chunk about nature.", doc_form="qa_model",
                      doc_language="German")  # fmt: skip
    finally:
        knowledge.workspace.use_default(knowledge.workspace.model)


def test_questions_and_answers_are_made_by_the_model_and_searched_by_question(
    knowledge: Knowledge, pairs: Doc, brain: OpenAIServer
) -> None:
    first, second = pairs.segments()[:2]
    assert [(one["content"], one["answer"]) for one in (first, second)] == [
        ("What is the sea?", "A lot of salt water."), ("How tall is the mountain?", "Very tall."),
    ]  # fmt: skip
    assert first["word_count"] == len("What is the sea?") + len("A lot of salt water.")
    assert first["index_node_hash"] == hash_of("What is the sea?")
    (asked,) = (call.json() for call in brain.calls if call.model.startswith("pairs-") and "nature" in str(call.json()))
    assert "German" in str(asked["messages"]) and asked["temperature"] == pytest.approx(0.01)
    assert asked["max_tokens"] == 2000
    (best, *_) = knowledge.retrieve(pairs.dataset_id, "tall mountain", search_by("full_text_search", top_k=1))
    assert (best["segment"]["content"], best["segment"]["answer"]) == ("How tall is the mountain?", "Very tall.")
    assert knowledge.retrieve(pairs.dataset_id, "salt water", search_by("full_text_search")) == []


def test_question_needs_its_answer_and_keeps_it(knowledge: Knowledge, pairs: Doc) -> None:
    path = f"{pairs.path}/segments"
    for new, message in (({}, "Answer is required"), ({"answer": None}, "Answer is required"),
                         ({"answer": " "}, "Answer is empty")):  # fmt: skip
        body = {"segments": [{"content": "Who?", **new}]}
        assert knowledge.refusal("POST", path, json=body) == (400, "invalid_param", message)
    (made,) = pairs.add({"content": "Who lives there?", "answer": "Goats."})
    assert (made["answer"], made["word_count"]) == ("Goats.", 22)
    kept = pairs.change(made["id"], content="Who lives up there?")
    assert (kept["answer"], kept["status"], kept["word_count"]) == ("Goats.", "completed", 25)
    changed = pairs.change(made["id"], answer="Ibexes.")
    assert (changed["answer"], changed["word_count"]) == ("Ibexes.", 26)
    assert changed["updated_by"]
    assert knowledge.refusal("POST", f"{path}/{made['id']}", json={"segment": {"answer": " "}})[2] == "Answer is empty"


def test_document_whose_model_gives_no_questions_ends_in_error(knowledge: Knowledge, brain: OpenAIServer) -> None:
    model = knowledge.add_model(brain.url, f"mute-{uuid.uuid4().hex[:8]}", "llm")
    brain.script(model, "status=401")
    knowledge.workspace.use_default(model)
    try:
        dataset_id = knowledge.quality()
        body = {"name": "qa", "text": "Some text.", "doc_form": "qa_model"}
        made = knowledge.ok("POST", f"/datasets/{dataset_id}/document/create-by-text", json=body)
        (state,) = knowledge.wait_indexed(dataset_id, made["batch"])
    finally:
        knowledge.workspace.use_default(knowledge.workspace.model)
    assert state["indexing_status"] == "error" and state["error"]
