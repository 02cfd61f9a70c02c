"""What is deleted is found by no search that starts afterwards (G7), and goes to the last row, entry and byte."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.durability.gate import gate
from tests.durability.library import BY_MEANING, BY_WORDS, PROVIDER, Library, text_of
from tests.harness.stores import wait_until
from tests.rest.knowledge import search_by

PURGES = ("purge_segments", "purge_document", "purge_dataset", "purge_file", "index_document", "rebuild_dataset")
METHODS = ("semantic_search", "full_text_search", "hybrid_search")


def delete(shelves: Library, dataset_id: str, document: dict[str, Any] | None = None) -> None:
    path = f"/datasets/{dataset_id}" + (f"/documents/{document['id']}" if document else "")
    reply = shelves.api.http.delete(f"/v1{path}")
    assert (reply.status_code, reply.content) == (204, b""), reply.text


@contextlib.contextmanager
def no_worker(shelves: Library) -> Iterator[None]:
    """The worker is dead for the length of a block."""
    shelves.cluster.product.kill("worker")
    try:
        yield
    finally:
        shelves.cluster.product.start("worker")


def check_gone(shelves: Library, dataset_id: str) -> None:
    """Nothing of the dataset is left anywhere, once what deletes it has run."""
    shelves.wait_jobs(*PURGES)
    shelves.sweep()
    # What a worker had begun just then ends by itself.
    wait_until(lambda: not shelves.counts(dataset_id), f"nothing of {dataset_id} is left", seconds=10, every=0.05)


def furnish(shelves: Library, dataset_id: str) -> dict[str, Any]:
    """A document with everything that may hang on it: metadata, a tag, children, a summary, an attachment, a query."""
    document = shelves.add(dataset_id, text_of(5))
    shelves.wait_done(dataset_id, document)
    api = shelves.api
    field = api.ok("POST", f"/datasets/{dataset_id}/metadata", json={"type": "string", "name": "lang"})
    value = {"id": field["id"], "name": "lang", "value": "en"}
    api.ok(
        "POST", f"/datasets/{dataset_id}/documents/metadata",
        json={"operation_data": [{"document_id": document["id"], "metadata_list": [value]}]},
    )
    tag = api.ok("POST", "/datasets/tags", json={"name": f"tag {dataset_id[-8:]}"})
    api.ok("POST", "/datasets/tags/binding", json={"tag_ids": [tag["id"]], "target_id": dataset_id})
    first = api.segments(dataset_id, document["id"])[0]
    path = f"/datasets/{dataset_id}/documents/{document['id']}/segments/{first['id']}"
    api.ok("POST", path, json={"segment": {"content": first["content"], "summary": "It speaks."}})
    shelves.found(dataset_id, "topic1")
    return document


def test_dataset_that_is_deleted_leaves_no_row_entry_or_file(shelves: Library) -> None:
    before = shelves.files()
    dataset_id = shelves.dataset()
    document = furnish(shelves, dataset_id)
    shelves.update(dataset_id, document["id"], text_of(7, "other"))
    shelves.wait_done(dataset_id, document)
    held = shelves.counts(dataset_id)
    assert {
        "documents", "document_segments", "process_rules", "dataset_metadata_fields", "document_metadata_bindings",
        "dataset_queries", "tag_bindings", "vectors", "texts",
    } <= set(held), held  # fmt: skip
    assert shelves.files() > before
    # As the daily upkeep orders it for some time of the day.
    payload = f"json_build_object('tenant_id', '{uuid.uuid4()}', 'dataset_id', '{dataset_id}')"
    later = "now() + interval '9 hours'"
    shelves.change(f"INSERT INTO jobs (kind, payload, due_at) VALUES ('check_entries', {payload}, {later})")
    delete(shelves, dataset_id)
    assert shelves.api.refused("POST", f"/datasets/{dataset_id}/retrieve", json={"query": "topic1"}) == (404, "not_found")
    check_gone(shelves, dataset_id)
    assert shelves.files() == before


def test_economy_dataset_that_is_deleted_leaves_no_keyword(shelves: Library) -> None:
    dataset_id = shelves.dataset(indexing_technique="economy")
    document = shelves.add(dataset_id, text_of(5))
    shelves.wait_done(dataset_id, document)
    assert shelves.counts(dataset_id)["keywords"] > 0
    delete(shelves, dataset_id)
    check_gone(shelves, dataset_id)


def test_document_that_is_deleted_leaves_nothing_of_its_own(shelves: Library) -> None:
    dataset_id = shelves.dataset()
    kept = shelves.add(dataset_id, text_of(3, "kept"))
    shelves.wait_done(dataset_id, kept)
    shelves.wait_jobs("tend_dataset")
    before, files = shelves.counts(dataset_id), shelves.files()
    document = furnish(shelves, dataset_id)
    delete(shelves, dataset_id, document)
    for method in METHODS:
        texts = shelves.found(dataset_id, "number1 speaks topic1", search_by(method, top_k=10))
        assert all("kept" in text for text in texts)
    shelves.wait_jobs(*PURGES, "tend_dataset")
    after = shelves.counts(dataset_id)
    # What belongs to the dataset stays: its field, its tag, its history.
    of_dataset = {"dataset_metadata_fields": 1, "tag_bindings": 1, "dataset_queries": after["dataset_queries"]}
    assert after == {**before, **of_dataset}
    assert shelves.files() == files


def test_text_that_is_replaced_leaves_neither_segments_nor_its_file(shelves: Library) -> None:
    dataset_id = shelves.dataset()
    document = shelves.add(dataset_id, text_of(5))
    shelves.wait_done(dataset_id, document)
    files = len(shelves.files())
    shelves.update(dataset_id, document["id"], text_of(4, "fresh"))
    shelves.wait_done(dataset_id, document)
    shelves.wait_jobs(*PURGES)
    shelves.check_whole(dataset_id, document, text_of(4, "fresh").split("\n"))
    assert len(shelves.files()) == files


def test_g7_delete_without_a_worker_hides_at_once_and_clears_away_later(shelves: Library) -> None:
    one, other = shelves.dataset(), shelves.dataset()
    document, lonely = shelves.add(one, text_of(3, "shown")), shelves.add(other, text_of(3, "gone"))
    for dataset_id, each in ((one, document), (other, lonely)):
        shelves.wait_done(dataset_id, each)
    with no_worker(shelves):
        delete(shelves, one, document)
        delete(shelves, other)
        for method in METHODS:
            assert shelves.found(one, "The shown number1 speaks of topic1.", search_by(method)) == []
        assert shelves.counts(one)["vectors"] == 3
    check_gone(shelves, other)
    assert set(shelves.counts(one)) <= {"spaces", "dataset_queries", "jobs"}


def test_document_deleted_while_it_waits_is_never_indexed(shelves: Library) -> None:
    dataset_id = shelves.dataset()
    with no_worker(shelves):
        document = shelves.add(dataset_id, text_of(3))
        delete(shelves, dataset_id, document)
    shelves.wait_jobs(*PURGES)
    assert shelves.counts(dataset_id) == {}


STAGES = {
    "parsing": ("UPDATE", "documents", "NEW.indexing_status = 'splitting'"),
    "splitting": ("INSERT", "document_segments", "NEW.position = 10"),
    "indexing": ("UPDATE", "document_segments", "NEW.position = 10"),
    "switching": ("UPDATE", "documents", "NEW.indexing_status = 'completed'"),
}  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_dataset_deleted_while_a_document_is_indexed_leaves_nothing(shelves: Library, stage: str) -> None:
    dataset_id = shelves.dataset()
    event, table, when = STAGES[stage]
    with gate(shelves.cluster.product.postgres_url, event, table, f"NEW.dataset_id = '{dataset_id}' AND {when}") as stop:
        shelves.add(dataset_id, text_of(20))
        stop.wait_reached()
        # The switch holds the dataset's row: there the delete comes after it.
        call = threading.Thread(target=delete, args=(shelves, dataset_id))
        call.start()
        wait_until(lambda: not call.is_alive() or _locked_out(shelves) > 0, "it is deleted, or about to be", every=0.02)
        stop.open()
        call.join(30)
    check_gone(shelves, dataset_id)


def test_document_paused_in_the_middle_and_deleted_leaves_nothing(shelves: Library) -> None:
    dataset_id = shelves.dataset()
    when = f"NEW.dataset_id = '{dataset_id}' AND NEW.position = 201"
    with gate(shelves.cluster.product.postgres_url, "UPDATE", "document_segments", when) as stop:
        document = shelves.add(dataset_id, text_of(210))
        stop.wait_reached()
        # The batch holds the document's row: the pause and the delete come after it, the switch does not.
        calls = threading.Thread(target=_pause_and_delete, args=(shelves, dataset_id, document))
        calls.start()
        wait_until(lambda: _locked_out(shelves) > 0, "the pause waits for the batch", every=0.02)
        stop.open()
        calls.join(30)
        assert not calls.is_alive()
    shelves.wait_jobs(*PURGES)
    assert set(shelves.counts(dataset_id)) <= {"spaces", "jobs"}


def _pause_and_delete(shelves: Library, dataset_id: str, document: dict[str, Any]) -> None:
    path = f"/console/api/datasets/{dataset_id}/documents/{document['id']}/processing/pause"
    assert shelves.api.workspace.console.patch(path).status_code == 204
    delete(shelves, dataset_id, document)


def _locked_out(shelves: Library) -> int:
    return int(shelves.scalar("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event <> 'advisory'"))


def test_dataset_deleted_while_its_index_is_built_anew_leaves_nothing(shelves: Library) -> None:
    dataset_id = shelves.dataset()
    document = shelves.add(dataset_id, text_of(20))
    shelves.wait_done(dataset_id, document)
    other = shelves.api.add_embedder("deletes-next@size=32", default=False)
    when = f"NEW.dataset_id = '{dataset_id}' AND NEW.position = 10"
    with gate(shelves.cluster.product.postgres_url, "UPDATE", "document_segments", when) as stop:
        body = {"embedding_model": other, "embedding_model_provider": PROVIDER}
        shelves.api.ok("PATCH", f"/datasets/{dataset_id}", json=body)
        stop.wait_reached()
        delete(shelves, dataset_id)
        stop.open()
        check_gone(shelves, dataset_id)


@pytest.mark.parametrize("model", [BY_MEANING, BY_WORDS], ids=["meaning", "words"])
def test_old_segments_answer_until_the_new_ones_do_and_never_both(shelves: Library, model: dict[str, Any]) -> None:
    """Searched without a pause while the text is replaced: each answer is of one version, none is empty."""
    dataset_id = shelves.dataset()
    document = shelves.add(dataset_id, text_of(8, "older"))
    shelves.wait_done(dataset_id, document)
    shelves.wait_jobs("tend_dataset")
    seen: list[set[str]] = []
    stopped = threading.Event()

    def search() -> None:
        while not stopped.is_set():
            texts = shelves.found(dataset_id, "number1 speaks topic1", model)
            seen.append({"older" if "older" in text else "newer" for text in texts})

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(seen) > 20, "searches go on")
        shelves.update(dataset_id, document["id"], text_of(8, "newer"))
        shelves.wait_done(dataset_id, document)
        after = len(seen) + len(threads)
        wait_until(lambda: len(seen) > after + 20, "searches go on")
    finally:
        stopped.set()
        for thread in threads:
            thread.join(30)
    assert all(len(versions) == 1 for versions in seen)
    assert seen[0] == {"older"}
    assert all(versions == {"newer"} for versions in seen[after:])


def test_g7_no_search_finds_a_document_after_its_delete_was_acknowledged(shelves: Library) -> None:
    """Many documents, each deleted while searches run: a search that starts after the 204 never returns it."""
    dataset_id = shelves.dataset()
    documents = [shelves.add(dataset_id, text_of(2, f"book{at}")) for at in range(6)]
    for document in documents:
        shelves.wait_done(dataset_id, document)
    deleted: dict[str, float] = {}
    wrong: list[str] = []
    searched = 0
    stopped = threading.Event()

    def search() -> None:
        nonlocal searched
        while not stopped.is_set():
            for model in (BY_MEANING, BY_WORDS):
                began = time.monotonic()
                records = shelves.api.retrieve(dataset_id, "number1 speaks topic1", model)
                searched += 1
                found = {record["segment"]["document_id"] for record in records}
                wrong.extend(one for one in found if deleted.get(one, began + 1) < began)

    thread = threading.Thread(target=search)
    thread.start()
    try:
        for document in documents[:-1]:
            before = searched
            delete(shelves, dataset_id, document)
            deleted[document["id"]] = time.monotonic()
            wait_until(lambda n=before: searched > n + 2, "a search began after the delete")
    finally:
        stopped.set()
        thread.join(30)
    assert wrong == []
    assert {one["segment"]["document_id"] for one in shelves.api.retrieve(dataset_id, "topic1", BY_WORDS)} == {
        documents[-1]["id"]
    }
