"""The database, Redis or the embedder dies while documents are indexed; pauses and switches cost no vector again."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from server.embedded.state import free_ports
from tests.durability.library import PROVIDER, Library, text_of
from tests.harness.product import ROOT
from tests.harness.stores import wait_until

# A batch of 200 segments takes four rounds of calls: a second and more.
SLOW = "first=300"


def under_way(shelves: Library, word: str, lines: int = 420) -> tuple[str, str, dict[str, Any]]:
    """A dataset, its embedder and a document of which some segments are written and some are not."""
    embedder = f"away-{word}@{SLOW}"
    dataset_id = shelves.dataset(embedder)
    document = shelves.add(dataset_id, text_of(lines, word))
    wait_until(lambda: 0 < written(shelves, document) < lines, "a part is written", seconds=40, every=0.02)
    return dataset_id, embedder, document


def written(shelves: Library, document: dict[str, Any]) -> int:
    statement = "SELECT count(*) FROM document_segments WHERE document_id = :id AND status = 'completed'"
    return int(shelves.scalar(statement, id=document["id"]))


def check_whole_and_embedded_once(
    shelves: Library, word: str, place: tuple[str, str, dict[str, Any]], lines: int = 420, *, again: int = 0
) -> None:
    """Nothing is there twice; at most the last ``again`` texts were asked for twice."""
    dataset_id, embedder, document = place
    texts = text_of(lines, word).split("\n")
    shelves.check_whole(dataset_id, document, texts)
    asked = Counter(shelves.embedded(embedder))
    assert set(asked) == set(texts)
    assert {text for text, times in asked.items() if times > 1} <= set(texts[lines - again :])


def test_database_killed_while_a_document_is_indexed(shelves: Library) -> None:
    place = under_way(shelves, "database")
    shelves.cluster.stores.kill("postgres")
    shelves.cluster.stores.start_postgres()
    shelves.reconnect()
    state = shelves.wait_done(place[0], place[2])
    assert (state["indexing_status"], state["completed_segments"]) == ("completed", 420)
    # What was embedded and could not be kept: two batches ahead and the one being written.
    check_whole_and_embedded_once(shelves, "database", place, again=220)


def test_redis_killed_while_documents_are_indexed_and_wait(shelves: Library) -> None:
    place = under_way(shelves, "redis")
    shelves.cluster.stores.kill("redis")
    # What runs goes on without it, what comes waits in the database.
    later = shelves.add(place[0], text_of(3, "later"))
    state = shelves.wait_done(place[0], place[2])
    assert state["indexing_status"] == "completed"
    assert shelves.state(place[0], later)["indexing_status"] == "waiting"
    shelves.cluster.stores.start_redis()
    assert shelves.wait_done(place[0], later)["indexing_status"] == "completed"
    asked = Counter(shelves.embedded(place[1]))
    assert max(asked.values()) == 1


@pytest.fixture
def mortal(shelves: Library) -> Iterator[Any]:
    """An embedder in a process of its own, which may be killed and started again."""
    (port,) = free_ports(1)
    made = _Mortal(f"http://127.0.0.1:{port}", port)
    made.start()
    yield made
    made.kill()


class _Mortal:
    def __init__(self, url: str, port: int) -> None:
        self.url = url
        self._port = port
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        import httpx

        command = [sys.executable, "-m", "tests.doubles.openai_server", "--port", str(self._port)]
        self._child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)

        def answers() -> bool:
            try:
                return httpx.get(f"{self.url}/v1/models", timeout=1).status_code == 200
            except httpx.HTTPError:
                return False

        wait_until(answers, "the embedder answers", seconds=40, every=0.05)

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None


def _with_embedder(shelves: Library, url: str, name: str) -> str:
    model = shelves.api.add_model(url, name, "text-embedding")
    made = shelves.api.dataset(
        indexing_technique="high_quality", embedding_model=model, embedding_model_provider=PROVIDER
    )
    return str(made["id"])


def test_embedder_that_dies_in_the_middle_and_comes_back(shelves: Library, mortal: _Mortal) -> None:
    dataset_id = _with_embedder(shelves, mortal.url, f"mortal@{SLOW}")
    document = shelves.add(dataset_id, text_of(420, "mortal"))
    wait_until(lambda: written(shelves, document) > 0, "a part is written", seconds=40, every=0.02)
    mortal.kill()
    failed = "SELECT count(*) FROM jobs WHERE last_error IS NOT NULL AND payload->>'document_id' = :id"
    wait_until(lambda: shelves.scalar(failed, id=document["id"]) == 1, "a try failed", seconds=40, every=0.05)
    mortal.start()
    state = shelves.wait_done(dataset_id, document)
    assert (state["indexing_status"], state["completed_segments"], state["error"]) == ("completed", 420, None)
    shelves.check_whole(dataset_id, document, text_of(420, "mortal").split("\n"))


def test_embedder_that_stays_away_ends_in_error_with_its_reason(shelves: Library, mortal: _Mortal) -> None:
    dataset_id = _with_embedder(shelves, mortal.url, "gone-for-good")
    mortal.kill()
    state = shelves.wait_done(dataset_id, shelves.add(dataset_id, text_of(3)), seconds=100)
    assert state["indexing_status"] == "error"
    assert state["error"] and state["stopped_at"] is not None


def test_pause_outlives_a_worker_and_resume_goes_on_where_it_was(shelves: Library) -> None:
    place = under_way(shelves, "paused")
    dataset_id, _, document = place
    path = f"/console/api/datasets/{dataset_id}/documents/{document['id']}/processing"
    console = shelves.api.workspace.console
    assert console.patch(f"{path}/pause").status_code == 204
    shelves.wait_jobs("index_document")
    done = written(shelves, document)
    shelves.cluster.product.kill("worker")
    shelves.cluster.product.start("worker")
    # Another document goes through the new worker; this one stays as it is.
    other = shelves.dataset()
    shelves.wait_done(other, shelves.add(other, text_of(2)))
    assert shelves.state(dataset_id, document)["indexing_status"] == "paused"
    assert written(shelves, document) == done < 420
    assert console.patch(f"{path}/resume").status_code == 204
    assert shelves.wait_done(dataset_id, document)["indexing_status"] == "completed"
    check_whole_and_embedded_once(shelves, "paused", place)


def test_document_that_is_enabled_again_is_found_without_a_call_of_the_model(shelves: Library) -> None:
    embedder = "switched-embed"
    dataset_id = shelves.dataset(embedder)
    document = shelves.add(dataset_id, text_of(5, "switched"))
    shelves.wait_done(dataset_id, document)
    segments = [one["id"] for one in shelves.api.segments(dataset_id, document["id"])]
    query = "the switched number3"
    assert shelves.found(dataset_id, query)[0] == "The switched number3 speaks of topic3."
    asked = len(shelves.embedded(embedder))
    for action, count in (("disable", 0), ("enable", 5)):
        body = {"document_ids": [document["id"]]}
        shelves.api.ok("PATCH", f"/datasets/{dataset_id}/documents/status/{action}", json=body)
        assert len(shelves.found(dataset_id, query)) == count
    assert [one["id"] for one in shelves.api.segments(dataset_id, document["id"])] == segments
    assert len(shelves.embedded(embedder)) == asked


def test_text_that_is_indexed_twice_is_embedded_once(shelves: Library) -> None:
    embedder = "twice-embed"
    one, other = shelves.dataset(embedder), shelves.dataset(embedder)
    for dataset_id in (one, other):
        shelves.wait_done(dataset_id, shelves.add(dataset_id, text_of(5, "same")))
    shelves.wait_done(one, shelves.add(one, text_of(6, "same")))
    assert Counter(shelves.embedded(embedder)) == Counter(text_of(6, "same").split("\n"))
    assert len(shelves.vector_nodes(one)) == 11
    assert len(shelves.vector_nodes(other)) == 5
