"""A vector store that knows no transactions, and that goes away: what is deleted is not found and goes in the end."""

from __future__ import annotations

from typing import Any

from server.index.port import Entry
from server.kit.ids import new_id
from tests.doubles.behaviour import embeddings
from tests.durability.gate import gate
from tests.durability.library import BY_WORDS, Library, text_of
from tests.harness.stores import wait_until


def filled(annex: Library, lines: int = 6) -> tuple[str, dict[str, Any]]:
    dataset_id = annex.dataset()
    document = annex.add(dataset_id, text_of(lines))
    assert annex.wait_done(dataset_id, document)["indexing_status"] == "completed"
    assert annex.stored("milvus", dataset_id) == annex.segment_nodes(dataset_id)
    return dataset_id, document


def test_g7_delete_with_the_vector_store_down_hides_at_once_and_finishes_when_it_is_back(annex: Library) -> None:
    assert annex.milvus is not None
    (kept, document), (dropped, _) = filled(annex), filled(annex)
    other = annex.add(kept, text_of(2, "other"))
    annex.wait_done(kept, other)
    files = len(annex.files())
    annex.milvus.kill()
    for path in (f"/datasets/{kept}/documents/{document['id']}", f"/datasets/{dropped}"):
        assert annex.api.http.delete(f"/v1{path}").status_code == 204
    assert annex.api.http.post(f"/v1/datasets/{dropped}/retrieve", json={"query": "topic1"}).status_code == 404
    assert all("other" in text for text in annex.found(kept, "number1 speaks topic1", BY_WORDS))
    # Rows, words and files do not wait for the store.
    wait_until(
        lambda: not annex.scalar("SELECT count(*) FROM document_segments WHERE document_id = :id", id=document["id"])
        and not annex.scalar("SELECT count(*) FROM document_segments WHERE dataset_id = :id", id=dropped)
        and len(annex.files()) == files - 2,
        "rows and files are gone", seconds=30, every=0.05,
    )
    annex.milvus.start()
    assert all("other" in text for text in annex.found(kept, "number1 speaks topic1"))
    annex.wait_jobs("purge_document", "purge_dataset", seconds=100)
    annex.sweep()
    assert annex.stored("milvus", kept) == annex.segment_nodes(kept)
    assert annex.stored("milvus", dropped) == []
    wait_until(lambda: not annex.counts(dropped), "nothing of it is left", seconds=10, every=0.05)


def test_document_that_comes_while_the_vector_store_is_down_waits_and_is_completed(annex: Library) -> None:
    """However often it was tried: that the store was away is not the document's fault."""
    assert annex.milvus is not None
    dataset_id, _ = filled(annex)
    annex.milvus.kill()
    document = annex.add(dataset_id, text_of(3, "late"))
    wait_until(lambda: annex.state(dataset_id, document)["indexing_status"] == "indexing", "it is begun", every=0.05)
    assert not any("late" in text for text in annex.found(dataset_id, "late number1", BY_WORDS))
    annex.milvus.start()
    state = annex.wait_done(dataset_id, document, seconds=100)
    assert (state["indexing_status"], state["error"]) == ("completed", None)
    assert annex.scalar("SELECT attempts FROM documents WHERE id = :id", id=document["id"]) == 0
    assert annex.found(dataset_id, "The late number1 speaks of topic1.")[0] == "The late number1 speaks of topic1."
    assert annex.stored("milvus", dataset_id) == annex.segment_nodes(dataset_id)


def test_vectors_written_for_a_document_that_is_deleted_meanwhile_are_taken_back(annex: Library) -> None:
    """The worker writes to the store, then finds that the document is gone: whoever removed it was there before."""
    dataset_id, _ = filled(annex)
    url = annex.cluster.product.postgres_url
    with gate(url, "UPDATE", "document_segments", f"NEW.dataset_id = '{dataset_id}' AND NEW.status = 'completed'") as stop:
        document = annex.add(dataset_id, text_of(3, "doomed"))
        stop.wait_reached()
        assert len(annex.stored("milvus", dataset_id)) == 9, "they are written before the transaction"
        annex.cluster.product.kill("worker")
        stop.end_waiting()
    annex.change("UPDATE documents SET indexing_status = 'waiting' WHERE id = :id", id=document["id"])
    annex.api.ok("DELETE", f"/datasets/{dataset_id}/documents/{document['id']}")
    annex.cluster.product.start("worker")
    annex.wait_jobs("index_document", "purge_document")
    assert annex.stored("milvus", dataset_id) == annex.segment_nodes(dataset_id)


def test_worker_killed_while_it_writes_leaves_no_vector_twice(annex: Library) -> None:
    dataset_id = annex.dataset()
    url = annex.cluster.product.postgres_url
    with gate(url, "UPDATE", "document_segments", f"NEW.dataset_id = '{dataset_id}' AND NEW.position = 205") as stop:
        document = annex.add(dataset_id, text_of(210))
        stop.wait_reached()
        annex.cluster.product.kill("worker")
        stop.end_waiting()
    annex.cluster.product.start("worker")
    assert annex.wait_done(dataset_id, document)["indexing_status"] == "completed"
    assert annex.segments(document["id"]) == text_of(210).split("\n")
    assert annex.stored("milvus", dataset_id) == annex.segment_nodes(dataset_id)
    assert annex.text_nodes(dataset_id) == annex.segment_nodes(dataset_id)


def test_update_leaves_no_vector_of_the_old_text(annex: Library) -> None:
    dataset_id, document = filled(annex)
    annex.update(dataset_id, document["id"], text_of(4, "fresh"))
    annex.wait_done(dataset_id, document)
    annex.wait_jobs("purge_segments")
    assert annex.segments(document["id"]) == text_of(4, "fresh").split("\n")
    assert annex.stored("milvus", dataset_id) == annex.segment_nodes(dataset_id)


def test_another_model_leaves_no_vector_of_the_old_one(annex: Library) -> None:
    dataset_id, document = filled(annex)
    model = annex.api.add_embedder("milvus-next@size=32", default=False)
    body = {"embedding_model": model, "embedding_model_provider": "langgenius/openai_api_compatible/openai_api_compatible"}
    annex.api.ok("PATCH", f"/datasets/{dataset_id}", json=body)
    annex.wait_jobs("rebuild_dataset")
    assert annex.wait_done(dataset_id, document)["indexing_status"] == "completed"
    assert annex.found(dataset_id, "The line number1 speaks of topic1.")[0] == "The line number1 speaks of topic1."
    annex.sweep()
    assert annex.stored("milvus", dataset_id) == []
    assert annex.stored("milvus", dataset_id, generation=2, dimension=32) == annex.segment_nodes(dataset_id)


def test_entries_without_a_segment_are_found_removed_and_counted(annex: Library) -> None:
    """As a crash or a restored store leaves them."""
    dataset_id, document = filled(annex)
    space = annex.space(dataset_id)
    strays = [
        Entry(new_id(), new_id(), document["id"], vector) for vector in embeddings(["stray one", "stray two"], 64)
    ]
    annex.stores.get("milvus").write(None, space, strays)
    assert annex.found(dataset_id, "stray one") != ["stray one"], "no search returns them"
    assert len(annex.stored("milvus", dataset_id)) == 8
    before = annex.scalar("SELECT coalesce(sum(total), 0) FROM upkeep_findings WHERE kind = 'orphaned entries'")
    payload = f"json_build_object('tenant_id', '{space.tenant_id}', 'dataset_id', '{dataset_id}')"
    annex.change(f"INSERT INTO jobs (kind, payload) VALUES ('check_entries', {payload})")
    annex.wait_jobs("check_entries")
    # Their rows might yet come: they are looked at again after two minutes.
    annex.change("UPDATE jobs SET due_at = now() WHERE kind = 'purge_nodes'")
    annex.wait_jobs("purge_nodes")
    assert annex.stored("milvus", dataset_id) == annex.segment_nodes(dataset_id)
    assert annex.scalar("SELECT total FROM upkeep_findings WHERE kind = 'orphaned entries'") == before + 2
    assert f"2 orphaned entries found in dataset {dataset_id}" in annex.cluster.product.log("worker")
