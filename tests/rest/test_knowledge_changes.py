"""Another technique or embedding model of a dataset with documents: searches go on, everything is indexed anew.

The matrix of dataset-api.md 2.6; rag-engine.md 9.1.
"""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from server.db.index_tables import index_spaces
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import COMPATIBLE, Product
from tests.rest.knowledge import EMBEDDER, NESTED, Knowledge, search_by
from tests.rest.parties import database

TEXT = "The sea is wide and blue.\nThe mountain is tall and white.\nA river runs to the sea."
SEA, MOUNTAIN, RIVER = TEXT.split("\n")


@pytest.fixture(scope="module")
def knowledge(indexed: Knowledge) -> Knowledge:
    return indexed


@pytest.fixture
def other(knowledge: Knowledge, brain: OpenAIServer) -> Iterator[str]:
    """Another embedder, of longer vectors; its script may be changed."""
    name = f"other-{uuid.uuid4().hex[:8]}"
    brain.script(name, "size=96")
    yield knowledge.add_model(brain.url, name, "text-embedding")
    brain.script(name, "")


def patch(knowledge: Knowledge, dataset_id: str, **fields: Any) -> dict[str, Any]:
    changed: dict[str, Any] = knowledge.ok("PATCH", f"/datasets/{dataset_id}", json=fields)
    return changed


def by(model: str) -> dict[str, str]:
    return {"embedding_model": model, "embedding_model_provider": COMPATIBLE}


def status(knowledge: Knowledge, dataset_id: str) -> set[str]:
    listed = knowledge.ok("GET", f"/datasets/{dataset_id}/documents", params={"limit": 100})["data"]
    return {one["indexing_status"] for one in listed}


def until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def wait_built(knowledge: Knowledge, dataset_id: str, *, ends: str = "completed") -> None:
    """Until the index that is wanted answers, or was given up, and what it replaces is dropped.

    The old index is kept for a minute for searches that had begun; here that is not waited for.
    """
    of_dataset = "kind IN ('rebuild_dataset', 'drop_indexes') AND payload->>'dataset_id' = :id"
    with database(knowledge.workspace.product) as connection:

        def is_over() -> bool:
            sooner = f"UPDATE jobs SET due_at = now() WHERE due_at > now() AND attempts = 0 AND {of_dataset}"
            connection.execute(sa.text(sooner), {"id": dataset_id})
            connection.commit()
            waiting = f"SELECT count(*) FROM jobs WHERE {of_dataset}"
            return connection.execute(sa.text(waiting), {"id": dataset_id}).scalar_one() == 0

        until(is_over, "no job builds the index any more")
    assert status(knowledge, dataset_id) == {ends}


def spaces(knowledge: Knowledge, dataset_id: str) -> dict[str, list[int]]:
    """Dimensions of the dataset's indexes that are not dropped, by kind."""
    table = index_spaces.c
    statement = sa.select(table.kind, table.dimension).where(table.dataset_id == dataset_id, table.dropped_at.is_(None))
    found: dict[str, list[int]] = {}
    with database(knowledge.workspace.product) as connection:
        for kind, dimension in connection.execute(statement):
            found.setdefault(kind, []).append(dimension)
    return found


def found(knowledge: Knowledge, dataset_id: str, query: str, method: str = "semantic_search", **fields: Any) -> list[str]:
    records = knowledge.retrieve(dataset_id, query, search_by(method, **fields))
    return [record["segment"]["content"] for record in records]


@contextmanager
def no_work(product: Product) -> Iterator[None]:
    """The worker stands still."""
    worker = product._children["worker"].pid
    os.killpg(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(worker, signal.SIGCONT)


@pytest.mark.parametrize("method", ["keyword_search", "semantic_search", "full_text_search", "hybrid_search"])
def test_documents_that_stay_are_found_while_a_large_deleted_one_waits_to_be_cleared_away(
    knowledge: Knowledge, knowledge_product: Product, method: str
) -> None:
    dataset_id = knowledge.economy() if method == "keyword_search" else knowledge.quality()
    knowledge.add_text(dataset_id, "A lantern is there.")
    # More entries than a search may ask for, each better than the one that stays.
    large = knowledge.add_text(dataset_id, "\n".join(f"Lantern tunnel {at}." for at in range(1100)))
    query = "lantern tunnel"
    assert "tunnel" in found(knowledge, dataset_id, query, method)[0]
    with no_work(knowledge_product):
        knowledge.ok("DELETE", f"/datasets/{dataset_id}/documents/{large['id']}")
        for most in (1, 3, 100):
            assert found(knowledge, dataset_id, query, method, top_k=most) == ["A lantern is there."]


def test_economy_becomes_high_quality_while_keywords_answer(knowledge: Knowledge, knowledge_product: Product) -> None:
    dataset_id = knowledge.economy()
    document = knowledge.add_text(dataset_id, TEXT)
    with no_work(knowledge_product):
        changed = patch(knowledge, dataset_id, indexing_technique="high_quality")
        # The workspace's default model.
        assert (changed["indexing_technique"], changed["embedding_model"]) == ("high_quality", EMBEDDER)
        assert changed["embedding_model_provider"] == COMPATIBLE and changed["embedding_available"] is True
        meanwhile = knowledge.retrieve(dataset_id, "mountain", search_by("semantic_search"))
        assert [(one["segment"]["content"], one["score"]) for one in meanwhile] == [(MOUNTAIN, 0.0)]
    wait_built(knowledge, dataset_id)
    for method in ("semantic_search", "full_text_search", "hybrid_search"):
        assert found(knowledge, dataset_id, "tall white mountain", method)[0] == MOUNTAIN
    segments = knowledge.segments(dataset_id, document["id"])
    assert all(one["tokens"] > 0 and one["status"] == "completed" for one in segments)
    assert {kind: len(sizes) for kind, sizes in spaces(knowledge, dataset_id).items()} == {"vector": 1, "text": 1}


def test_high_quality_becomes_economy_while_vectors_answer(knowledge: Knowledge, knowledge_product: Product) -> None:
    dataset_id = knowledge.quality()
    document = knowledge.add_text(dataset_id, TEXT)
    path = f"/datasets/{dataset_id}/documents/{document['id']}/segments"
    knowledge.ok("POST", path, json={"segments": [{"content": "Kept words.", "keywords": ["volcano"]}]})
    with no_work(knowledge_product):
        changed = patch(knowledge, dataset_id, indexing_technique="economy")
        assert changed["indexing_technique"] == "economy"
        assert (changed["embedding_model"], changed["embedding_model_provider"]) == (None, None)
        (meanwhile, *_) = knowledge.retrieve(dataset_id, "tall white mountain", search_by("semantic_search"))
        assert meanwhile["segment"]["content"] == MOUNTAIN and meanwhile["score"] > 0
        assert found(knowledge, dataset_id, "volcano mountain", "hybrid_search")
    wait_built(knowledge, dataset_id)
    records = knowledge.retrieve(dataset_id, "mountain", search_by("semantic_search"))
    assert [(one["segment"]["content"], one["score"]) for one in records] == [(MOUNTAIN, 0.0)]
    assert found(knowledge, dataset_id, "volcano") == ["Kept words."]
    assert "mountain" in knowledge.segments(dataset_id, document["id"])[1]["keywords"]
    assert set(spaces(knowledge, dataset_id)) == {"keyword"}


def test_another_model_leaves_no_vector_of_the_old_length(
    knowledge: Knowledge, knowledge_product: Product, other: str
) -> None:
    dataset_id = knowledge.quality()
    document = knowledge.add_text(dataset_id, TEXT)
    assert spaces(knowledge, dataset_id)["vector"] == [64]
    before = knowledge.segments(dataset_id, document["id"])
    with no_work(knowledge_product):
        # Without the technique too: the vectors must be those of the model that is shown.
        changed = patch(knowledge, dataset_id, **by(other))
        assert changed["embedding_model"] == other
        for method in ("semantic_search", "full_text_search", "hybrid_search"):
            assert found(knowledge, dataset_id, "tall white mountain", method)[0] == MOUNTAIN
    wait_built(knowledge, dataset_id)
    assert spaces(knowledge, dataset_id)["vector"] == [96]
    after = knowledge.segments(dataset_id, document["id"])
    assert [one["id"] for one in after] == [one["id"] for one in before]
    for method in ("semantic_search", "full_text_search", "hybrid_search"):
        assert found(knowledge, dataset_id, "tall white mountain", method)[0] == MOUNTAIN
    knowledge.add_text(dataset_id, "The glacier creaks.")
    assert found(knowledge, dataset_id, "glacier creaks")[0] == "The glacier creaks."


def test_documents_show_indexing_until_the_new_index_answers(
    knowledge: Knowledge, other: str, brain: OpenAIServer
) -> None:
    dataset_id = knowledge.quality()
    document = knowledge.add_text(dataset_id, TEXT)
    brain.script(other, "size=96,first=1500")
    patch(knowledge, dataset_id, **by(other))
    until(lambda: status(knowledge, dataset_id) == {"indexing"}, "the document shows that it is indexed")
    path = f"/datasets/{dataset_id}/documents/{document['id']}"
    assert knowledge.ok("GET", path)["display_status"] == "indexing"
    body = {"name": "n", "text": "t"}
    assert knowledge.refusal("POST", f"{path}/update-by-text", json=body)[2] == "Document is not available"
    assert found(knowledge, dataset_id, "tall white mountain")[0] == MOUNTAIN
    wait_built(knowledge, dataset_id)
    assert spaces(knowledge, dataset_id)["vector"] == [96]


def test_changes_during_the_building_are_not_lost(knowledge: Knowledge, other: str, brain: OpenAIServer) -> None:
    dataset_id = knowledge.quality()
    document = knowledge.add_text(dataset_id, TEXT)
    path = f"/datasets/{dataset_id}/documents/{document['id']}/segments"
    sea, mountain, river = knowledge.segments(dataset_id, document["id"])
    brain.script(other, "size=96,first=1500")
    brain.calls.clear()
    patch(knowledge, dataset_id, **by(other))
    # It has read the segments and waits for their vectors.
    until(lambda: any(MOUNTAIN in call.json().get("input", ()) for call in brain.calls), "the model is asked")
    brain.script(other, "size=96")
    knowledge.ok("POST", f"{path}/{sea['id']}", json={"segment": {"content": "The desert is dry."}})
    knowledge.ok("POST", f"{path}/{mountain['id']}", json={"segment": {"enabled": False}})
    knowledge.ok("DELETE", f"{path}/{river['id']}")
    wait_built(knowledge, dataset_id)
    for method in ("semantic_search", "full_text_search"):
        assert found(knowledge, dataset_id, "dry desert sea mountain river", method) == ["The desert is dry."]
    # By the vector of its new text, not of the old one.
    (record,) = knowledge.retrieve(dataset_id, "The desert is dry.", search_by("semantic_search"))
    assert record["score"] == pytest.approx(1.0, abs=1e-3)
    enabled = knowledge.ok("POST", f"{path}/{mountain['id']}", json={"segment": {"enabled": True}})["data"]
    assert enabled["enabled"] is True
    assert found(knowledge, dataset_id, "tall white mountain")[0] == MOUNTAIN


def test_same_choice_again_builds_nothing(knowledge: Knowledge, brain: OpenAIServer, other: str) -> None:
    dataset_id = knowledge.quality(other)
    knowledge.add_text(dataset_id, TEXT)
    asked = len(brain.calls)
    for same in ({"indexing_technique": "high_quality"}, {"indexing_technique": "high_quality", **by(other)}, by(other)):
        assert patch(knowledge, dataset_id, **same)["embedding_model"] == other
        assert status(knowledge, dataset_id) == {"completed"}
    assert len(brain.calls) == asked


def test_model_that_is_not_there_is_refused_and_changes_nothing(knowledge: Knowledge) -> None:
    dataset_id = knowledge.quality()
    answer = knowledge.refused("PATCH", f"/datasets/{dataset_id}", json=by("nobody"))
    assert answer == (400, "invalid_param")
    assert knowledge.ok("GET", f"/datasets/{dataset_id}")["embedding_model"] == EMBEDDER


def test_dataset_without_documents_changes_at_once(knowledge: Knowledge, other: str) -> None:
    dataset_id = str(knowledge.dataset()["id"])
    for technique in ("economy", "high_quality", "economy"):
        assert patch(knowledge, dataset_id, indexing_technique=technique)["indexing_technique"] == technique
    patch(knowledge, dataset_id, indexing_technique="high_quality", **by(other))
    document = knowledge.add_text(dataset_id, TEXT)
    assert spaces(knowledge, dataset_id)["vector"] == [96]
    knowledge.ok("DELETE", f"/datasets/{dataset_id}/documents/{document['id']}")
    patch(knowledge, dataset_id, **by(EMBEDDER))
    knowledge.add_text(dataset_id, TEXT)
    until(lambda: spaces(knowledge, dataset_id)["vector"] == [64], "vectors of deleted documents go")
    assert found(knowledge, dataset_id, "tall white mountain")[0] == MOUNTAIN


def test_model_that_fails_leaves_the_old_index_and_can_be_chosen_again(
    knowledge: Knowledge, other: str, brain: OpenAIServer
) -> None:
    dataset_id = knowledge.quality()
    document = knowledge.add_text(dataset_id, TEXT)
    brain.script(other, "status=401")
    patch(knowledge, dataset_id, **by(other))
    wait_built(knowledge, dataset_id, ends="error")
    assert knowledge.ok("GET", f"/datasets/{dataset_id}/documents/{document['id']}")["error"]
    assert found(knowledge, dataset_id, "tall white mountain")[0] == MOUNTAIN
    brain.script(other, "size=96")
    patch(knowledge, dataset_id, **by(other))
    wait_built(knowledge, dataset_id)
    assert spaces(knowledge, dataset_id)["vector"] == [96]
    assert found(knowledge, dataset_id, "tall white mountain")[0] == MOUNTAIN


@pytest.mark.parametrize("way", ["retry", "document"])
def test_index_that_was_given_up_is_built_by_a_retry_or_with_the_next_document(
    knowledge: Knowledge, other: str, brain: OpenAIServer, way: str
) -> None:
    dataset_id = knowledge.quality()
    document = knowledge.add_text(dataset_id, TEXT)
    brain.script(other, "status=401")
    patch(knowledge, dataset_id, **by(other))
    wait_built(knowledge, dataset_id, ends="error")
    brain.script(other, "size=96")
    if way == "retry":
        body = {"document_ids": [document["id"]]}
        reply = knowledge.workspace.console.post(f"/console/api/datasets/{dataset_id}/retry", json=body)
        assert reply.status_code == 204, reply.text
    else:
        knowledge.add_text(dataset_id, "The glacier creaks.")
    wait_built(knowledge, dataset_id)
    assert spaces(knowledge, dataset_id)["vector"] == [96]
    assert found(knowledge, dataset_id, "tall white mountain")[0] == MOUNTAIN
    if way == "document":
        assert found(knowledge, dataset_id, "glacier creaks")[0] == "The glacier creaks."


def test_model_that_stays_away_ends_in_error_and_the_old_index_answers(
    knowledge: Knowledge, other: str, brain: OpenAIServer
) -> None:
    dataset_id = knowledge.quality()
    knowledge.add_text(dataset_id, TEXT)
    brain.script(other, "status=500")
    patch(knowledge, dataset_id, **by(other))
    until(lambda: status(knowledge, dataset_id) == {"error"}, "it is given up", seconds=110)
    assert found(knowledge, dataset_id, "tall white mountain")[0] == MOUNTAIN


def test_change_that_is_taken_back_leaves_nothing_of_the_other_model(
    knowledge: Knowledge, other: str, brain: OpenAIServer
) -> None:
    dataset_id = knowledge.quality()
    knowledge.add_text(dataset_id, "\n".join(f"Line {number} about seas." for number in range(450)))
    # The first of three batches is written, the next waits for the model.
    brain.script(other, "size=96,first=400")
    patch(knowledge, dataset_id, **by(other))
    until(lambda: 96 in spaces(knowledge, dataset_id)["vector"], "a part is written")
    patch(knowledge, dataset_id, **by(EMBEDDER))
    wait_built(knowledge, dataset_id)
    assert spaces(knowledge, dataset_id)["vector"] == [64]
    assert found(knowledge, dataset_id, "317", "full_text_search") == ["Line 317 about seas."]


def test_children_summaries_and_switched_off_texts_come_along(knowledge: Knowledge, other: str) -> None:
    dataset_id = knowledge.quality()
    text = "Whales sing.\nWhales dive deep.\n\nBees buzz."
    fields = {"process_rule": NESTED, "doc_form": "hierarchical_model"}
    document = knowledge.add_text(dataset_id, text, **fields)
    hidden = knowledge.add_text(dataset_id, "Owls hunt at night.", **fields)
    first, second = knowledge.segments(dataset_id, document["id"])
    path = f"/datasets/{dataset_id}/documents/{document['id']}/segments"
    knowledge.ok("POST", f"{path}/{first['id']}", json={"segment": {"summary": "Marine mammals."}})
    knowledge.ok("POST", f"{path}/{second['id']}", json={"segment": {"enabled": False}})
    switch = {"document_ids": [hidden["id"]]}
    knowledge.ok("PATCH", f"/datasets/{dataset_id}/documents/status/disable", json=switch)
    answer = knowledge.refused("PATCH", f"/datasets/{dataset_id}", json={"indexing_technique": "economy"})
    assert answer == (400, "invalid_param")
    patch(knowledge, dataset_id, **by(other))
    wait_built(knowledge, dataset_id)
    (record, *_) = knowledge.retrieve(dataset_id, "whales dive deep", search_by("semantic_search", top_k=1))
    assert [child["content"] for child in record["child_chunks"]] == ["Whales dive deep."]
    (record, *_) = knowledge.retrieve(dataset_id, "marine mammals", search_by("semantic_search", top_k=1))
    assert (record["segment"]["id"], record["summary"]) == (first["id"], "Marine mammals.")
    everything = found(knowledge, dataset_id, "owls bees", top_k=10)
    assert "Bees buzz." not in everything and "Owls hunt at night." not in everything
    knowledge.ok("PATCH", f"/datasets/{dataset_id}/documents/status/enable", json=switch)
    assert found(knowledge, dataset_id, "owls hunt night")[0] == "Owls hunt at night."
