"""Two workers on one document: who lost it writes nothing more, however late it wakes; nothing is there twice.

The product's own worker is dead; two of ours, in this process, stand still where a test says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from server.bootstrap import build_parts
from server.bootstrap_knowledge import build_entries
from server.embedding.service import Documents
from server.file.storage import LocalStorage
from server.indexing.pictures import PictureKeeper
from server.indexing.pipeline import DocumentIndexer
from server.ingest.extract import Limits
from server.settings import load
from tests.doubles.behaviour import embeddings
from tests.durability.library import Library, text_of
from tests.harness.stores import wait_until


class Stall:
    """A place where a thread stands still until it is let go."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._go = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self._go.wait(60)

    def end(self) -> None:
        self._go.set()


class Hands:
    """Vectors, files and answers for a worker; each may stand still before it is given."""

    def __init__(self, folder: Path) -> None:
        self._files = LocalStorage(folder)
        self.before_file: Callable[[], None] | None = None
        # Called with what is about to be embedded, or asked.
        self.before_vectors: Callable[[Sequence[str]], None] | None = None
        self.before_answer: Callable[[str], None] | None = None

    def documents(self, tenant_id: str, provider: str, model: str, texts: Sequence[str]) -> Documents:
        if self.before_vectors:
            self.before_vectors(texts)
        return Documents(list(embeddings(texts, 64)), len(texts))

    def path(self, key: str) -> Path:
        if self.before_file:
            self.before_file()
        return self._files.path(key)

    def delete(self, key: str) -> None:
        self._files.delete(key)

    def ask(self, tenant_id: str, system: str, user: str) -> str:
        """Sixty questions about each chunk."""
        if self.before_answer:
            self.before_answer(user)
        chunk = user.split()[2]
        return "\n".join(f"Q{at}: What is {chunk} {at}?\nA{at}: It is {at}." for at in range(60))


@pytest.fixture
def workers(shelves: Library) -> Iterator[Callable[[Hands], DocumentIndexer]]:
    """Makes workers that share a database with the product, whose own is dead."""
    product = shelves.cluster.product
    product.kill("worker")
    settings = load({name: value for name, value in product._environment().items() if name.startswith("TRANSOM_")})
    parts = build_parts(settings)
    entries = build_entries(settings, parts.engine, parts.uow)

    def make(hands: Hands) -> DocumentIndexer:
        pictures = PictureKeeper(parts.uow, hands, str)
        return DocumentIndexer(parts.uow, entries, hands, hands, pictures, hands.ask, Limits(), most_attempts=6)

    with closing(entries.stores):
        yield make
    parts.engine.dispose()


@pytest.fixture
def hands(shelves: Library) -> Callable[[], Hands]:
    return lambda: Hands(Path(shelves.cluster.product.folder) / "files")


def job(shelves: Library, document: Mapping[str, Any]) -> dict[str, Any]:
    """What the worker is told to do."""
    found: dict[str, Any] = shelves.scalar(
        "SELECT payload FROM jobs WHERE kind = 'index_document' AND payload->>'document_id' = :id ORDER BY id DESC",
        id=document["id"],
    )
    return found


def start(worker: DocumentIndexer, payload: Mapping[str, Any]) -> threading.Thread:
    thread = threading.Thread(target=worker.index, args=(payload,))
    thread.start()
    return thread


def finish(thread: threading.Thread) -> None:
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.parametrize("place", ["before_file", "before_vectors"])
def test_worker_that_wakes_after_another_has_finished_writes_nothing(
    shelves: Library, workers: Callable[[Hands], DocumentIndexer], hands: Callable[[], Hands], place: str
) -> None:
    dataset_id = shelves.dataset()
    lines = text_of(230).split("\n")
    document = shelves.add(dataset_id, "\n".join(lines))
    payload, stall, sleepy = job(shelves, document), Stall(), hands()
    if place == "before_file":
        sleepy.before_file = stall
    else:
        # The first batch goes through, the second one stands still.
        sleepy.before_vectors = lambda texts: stall() if lines[-1] in texts else None
    sleeper = start(workers(sleepy), payload)
    assert stall.reached.wait(30)
    # Its lease is over: the job is given to somebody else.
    workers(hands()).index(payload)
    state = shelves.state(dataset_id, document)
    assert state["indexing_status"] == "completed"
    before = shelves.scalar("SELECT max(xmin::text::bigint) FROM document_segments WHERE document_id = :id", id=document["id"])
    stall.end()
    finish(sleeper)
    shelves.check_whole(dataset_id, document, lines)
    assert shelves.state(dataset_id, document) == state
    after = shelves.scalar("SELECT max(xmin::text::bigint) FROM document_segments WHERE document_id = :id", id=document["id"])
    assert after == before, "no row was touched again"


def test_worker_that_missed_a_pause_and_a_resume_while_splitting_adds_no_segment(
    shelves: Library, workers: Callable[[Hands], DocumentIndexer], hands: Callable[[], Hands]
) -> None:
    """The second worker splits anew; how often it was begun says nothing then, since a resume counts from none."""
    dataset_id = shelves.dataset()
    document = shelves.add(dataset_id, text_of(12), doc_form="qa_model")
    payload, stall, sleepy = job(shelves, document), Stall(), hands()
    sleepy.before_answer = lambda asked: stall() if "number11" in asked else None
    sleeper = start(workers(sleepy), payload)
    assert stall.reached.wait(30)
    wait_until(lambda: len(shelves.segments(document["id"])) == 500, "a batch is there", every=0.02)
    console = shelves.api.workspace.console
    path = f"/console/api/datasets/{dataset_id}/documents/{document['id']}/processing"
    assert console.patch(f"{path}/pause").status_code == 204
    assert console.patch(f"{path}/resume").status_code == 204
    busy, other_stall = hands(), Stall()
    busy.before_vectors = lambda _: other_stall()
    other = start(workers(busy), job(shelves, document))
    assert other_stall.reached.wait(30)
    stall.end()
    finish(sleeper)
    other_stall.end()
    finish(other)
    state = shelves.state(dataset_id, document)
    assert (state["indexing_status"], state["total_segments"], state["completed_segments"]) == ("completed", 720, 720)
    questions = shelves.segments(document["id"])
    assert len(set(questions)) == len(questions) == 720
    assert shelves.vector_nodes(dataset_id) == shelves.segment_nodes(dataset_id)


def test_two_workers_at_once_leave_everything_once(
    shelves: Library, workers: Callable[[Hands], DocumentIndexer], hands: Callable[[], Hands]
) -> None:
    dataset_id = shelves.dataset()
    lines = text_of(450).split("\n")
    document = shelves.add(dataset_id, "\n".join(lines))
    payload = job(shelves, document)
    threads = [start(workers(hands()), payload) for _ in range(2)]
    for thread in threads:
        finish(thread)
    assert shelves.state(dataset_id, document)["indexing_status"] == "completed"
    shelves.check_whole(dataset_id, document, lines)


def test_job_that_is_delivered_again_changes_nothing(
    shelves: Library, workers: Callable[[Hands], DocumentIndexer], hands: Callable[[], Hands]
) -> None:
    dataset_id = shelves.dataset()
    document = shelves.add(dataset_id, text_of(4))
    payload, used = job(shelves, document), hands()
    asked: list[str] = []
    used.before_vectors = asked.extend
    worker = workers(used)
    for _ in range(3):
        worker.index(payload)
    assert asked == text_of(4).split("\n")
    shelves.check_whole(dataset_id, document, text_of(4).split("\n"))


def test_worker_that_wakes_after_the_document_is_deleted_writes_nothing(
    shelves: Library, workers: Callable[[Hands], DocumentIndexer], hands: Callable[[], Hands]
) -> None:
    dataset_id = shelves.dataset()
    document = shelves.add(dataset_id, text_of(4))
    payload, stall, sleepy = job(shelves, document), Stall(), hands()
    sleepy.before_vectors = lambda _: stall()
    sleeper = start(workers(sleepy), payload)
    assert stall.reached.wait(30)
    shelves.api.ok("DELETE", f"/datasets/{dataset_id}")
    shelves.cluster.product.start("worker")
    shelves.wait_jobs("purge_dataset")
    stall.end()
    finish(sleeper)
    assert shelves.counts(dataset_id).keys() <= {"jobs"}
