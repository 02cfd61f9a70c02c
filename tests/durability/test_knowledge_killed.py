"""The worker is killed at every stage of a document, all at once; the next one finishes everything, nothing twice (G5).

Each stage has a dataset of its own whose job stands at a gate when SIGKILL comes. A job that ran comes back when
its lease runs out, so that is the bound: 15 s by default, 3 s here, and no pause on top.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.durability.gate import Gate, gate
from tests.durability.library import BY_WORDS, Library, text_of
from tests.harness.stores import wait_until

LINES = 620
LEASE = 3


@dataclass
class Stage:
    """A dataset with one document, and where its job stood when the worker was killed."""

    name: str
    dataset_id: str
    embedder: str
    document: dict[str, Any]
    seconds_left: float = -1.0
    seen: dict[str, Any] = field(default_factory=dict)


class Killing:
    """Brings jobs to gates, one a dataset."""

    def __init__(self, shelves: Library, stack: contextlib.ExitStack) -> None:
        self._shelves = shelves
        self._stack = stack
        self._gates: list[Gate] = []
        self.stages: dict[str, Stage] = {}

    def index(self, name: str, event: str = "", table: str = "", when: str = "") -> None:
        """A document whose indexing stands at a gate; without one it only waits."""
        stage = self._stage(name)
        if event:
            self._gate(stage, event, table, when)
        stage.document = self._shelves.add(stage.dataset_id, text_of(LINES, name))

    def after(self, name: str, job: str, event: str, table: str, when: str) -> None:
        """A document that is indexed; then ``job`` on it stands at a gate."""
        stage = self._stage(name)
        stage.document = self._shelves.add(stage.dataset_id, text_of(LINES, name))
        self._shelves.wait_done(stage.dataset_id, stage.document)
        self._shelves.wait_jobs("index_document", "tend_dataset")
        stage.seen["nodes"] = self._shelves.vector_nodes(stage.dataset_id)
        self._gate(stage, event, table, when)
        getattr(self, f"_{job}")(stage)

    def _stage(self, name: str) -> Stage:
        embedder = f"killed-{name}"
        stage = Stage(name, self._shelves.dataset(embedder), embedder, {})
        self.stages[name] = stage
        return stage

    def _gate(self, stage: Stage, event: str, table: str, when: str) -> None:
        row = "OLD" if event == "DELETE" else "NEW"
        owner = f"{row}.payload->>'dataset_id'" if table == "jobs" else f"{row}.dataset_id::text"
        url = self._shelves.cluster.product.postgres_url
        condition = f"{owner} = '{stage.dataset_id}' AND ({when})"
        self._gates.append(self._stack.enter_context(gate(url, event, table, condition)))

    def _rebuild(self, stage: Stage) -> None:
        other = f"{stage.embedder}-next@size=32"
        self._shelves.api.add_embedder(other, default=False)
        body = {"embedding_model": other, "embedding_model_provider": "langgenius/openai_api_compatible/openai_api_compatible"}
        self._shelves.api.ok("PATCH", f"/datasets/{stage.dataset_id}", json=body)

    def _update(self, stage: Stage) -> None:
        self._shelves.update(stage.dataset_id, stage.document["id"], text_of(5, "fresh"))

    def _delete_document(self, stage: Stage) -> None:
        self._shelves.api.ok("DELETE", f"/datasets/{stage.dataset_id}/documents/{stage.document['id']}")

    def _delete_dataset(self, stage: Stage) -> None:
        self._shelves.api.ok("DELETE", f"/datasets/{stage.dataset_id}")

    def kill(self) -> None:
        """Kill the worker when all jobs stand at their gates, and note how long each job's lease still is."""
        for each in self._gates:
            each.wait_reached(seconds=60)
        for stage in self.stages.values():
            if stage.document:
                stage.seen["status"] = self._shelves.scalar(
                    "SELECT indexing_status FROM documents WHERE id = :id", id=stage.document["id"]
                )
        self._shelves.cluster.product.kill("worker")
        for stage in self.stages.values():
            stage.seconds_left = self._shelves.scalar(
                "SELECT extract(epoch FROM max(due_at) - now()) FROM jobs WHERE attempts > 0"
                " AND payload->>'dataset_id' = :dataset", dataset=stage.dataset_id,
            )  # fmt: skip
        for each in self._gates:
            each.end_waiting()
            each.remove()


@pytest.fixture(scope="module")
def killed(_library: Library) -> Iterator[dict[str, Stage]]:
    """Every stage, killed and finished by the next worker."""
    _library.cluster.mend()
    with contextlib.ExitStack() as stack:
        killing = Killing(_library, stack)
        killing.after("rebuilding", "rebuild", "UPDATE", "document_segments", "NEW.position = 201")
        killing.after("rebuilt", "rebuild", "DELETE", "jobs", "OLD.kind = 'rebuild_dataset'")
        killing.after("replaced", "update", "DELETE", "document_segments", "OLD.position = 510")
        killing.after("purging", "delete_document", "DELETE", "document_segments", "OLD.position = 510")
        killing.after("dropping", "delete_dataset", "DELETE", "document_segments", "OLD.position = 510")
        killing.after("dropped", "delete_dataset", "DELETE", "jobs", "OLD.kind = 'purge_dataset'")
        killing.index("parsing", "UPDATE", "documents", "NEW.indexing_status = 'splitting'")
        killing.index("splitting", "INSERT", "document_segments", "NEW.position = 501")
        killing.index("indexing", "UPDATE", "document_segments", "NEW.status = 'completed' AND NEW.position = 401")
        killing.index("switching", "UPDATE", "documents", "NEW.indexing_status = 'completed'")
        killing.index("switched", "DELETE", "jobs", "OLD.kind = 'index_document'")
        killing.kill()
        killing.index("waiting")
        _library.cluster.product.start("worker")
        for stage in killing.stages.values():
            gone = _library.scalar("SELECT count(*) FROM documents WHERE id = :id", id=stage.document["id"]) == 0
            if not gone:
                stage.seen["state"] = _library.wait_done(stage.dataset_id, stage.document)
        _library.wait_jobs(
            "index_document", "rebuild_dataset", "purge_segments", "purge_document", "purge_dataset", seconds=60
        )
    yield killing.stages


STAGES = {
    "waiting": "waiting", "parsing": "parsing", "splitting": "splitting", "indexing": "indexing",
    "switching": "indexing", "switched": "completed",
}  # fmt: skip


@pytest.mark.parametrize(("name", "status"), STAGES.items())
def test_g5_worker_killed_in_a_stage_leaves_a_document_that_is_completed_once(
    shelves: Library, killed: dict[str, Stage], name: str, status: str
) -> None:
    stage = killed[name]
    if name != "waiting":
        assert stage.seen["status"] == status
        assert 0 < stage.seconds_left <= LEASE, "the job comes back when its lease is over"
    assert stage.seen["state"]["indexing_status"] == "completed", stage.seen
    assert stage.seen["state"]["completed_segments"] == LINES
    shelves.check_whole(stage.dataset_id, stage.document, text_of(LINES, name).split("\n"))
    assert shelves.found(stage.dataset_id, f"The {name} number77 speaks of topic77.")[0].endswith("topic77.")


@pytest.mark.parametrize("name", STAGES)
def test_g5_resumed_document_embeds_nothing_again_that_was_written(
    shelves: Library, killed: dict[str, Stage], name: str
) -> None:
    """What was in flight may be asked for twice: three batches of 200, of which the embedding cache has most."""
    stage = killed[name]
    lines = text_of(LINES, name).split("\n")
    asked = shelves.embedded(stage.embedder)
    assert set(asked) == set(lines)
    again = {text for text in asked if asked.count(text) > 1}
    if name == "indexing":
        assert again <= set(lines[400:])
        assert max(map(asked.count, lines)) <= 2
    else:
        assert again == set()


@pytest.mark.parametrize("name", ["rebuilding", "rebuilt"])
def test_g5_worker_killed_while_an_index_is_built_anew_leaves_the_new_one_whole(
    shelves: Library, killed: dict[str, Stage], name: str
) -> None:
    stage = killed[name]
    lines = text_of(LINES, name).split("\n")
    assert stage.seen["state"]["indexing_status"] == "completed", stage.seen
    shelves.sweep()
    shelves.check_whole(stage.dataset_id, stage.document, lines)
    assert shelves.vector_nodes(stage.dataset_id) == stage.seen["nodes"]
    dimensions = "SELECT array_agg(DISTINCT dimension) FROM index_spaces WHERE kind = 'vector' AND dataset_id = :dataset"
    assert shelves.scalar(dimensions, dataset=stage.dataset_id) == [32], "no old vectors are left"
    asked = shelves.embedded(f"{stage.embedder}-next@size=32")
    assert set(asked) == set(lines)
    assert max(map(asked.count, lines)) <= 2
    assert shelves.found(stage.dataset_id, lines[77])[0] == lines[77]


def test_g5_worker_killed_while_replaced_segments_go_leaves_the_new_ones_alone(
    shelves: Library, killed: dict[str, Stage]
) -> None:
    stage = killed["replaced"]
    assert stage.seen["state"]["indexing_status"] == "completed", stage.seen
    shelves.check_whole(stage.dataset_id, stage.document, text_of(5, "fresh").split("\n"))
    assert shelves.found(stage.dataset_id, "number510", BY_WORDS) == []


def test_g7_worker_killed_while_a_document_is_removed_leaves_nothing_of_it(
    shelves: Library, killed: dict[str, Stage]
) -> None:
    stage = killed["purging"]
    left = shelves.counts(stage.dataset_id)
    assert set(left) == {"spaces"}, left


@pytest.mark.parametrize("name", ["dropping", "dropped"])
def test_g7_worker_killed_while_a_dataset_is_removed_leaves_nothing_of_it(
    shelves: Library, killed: dict[str, Stage], name: str
) -> None:
    shelves.sweep()
    assert shelves.counts(killed[name].dataset_id) == {}


def test_g5_document_whose_parser_kills_the_worker_each_time_ends_in_error_with_a_reason(shelves: Library) -> None:
    dataset_id = shelves.dataset()
    product = shelves.cluster.product
    with gate(product.postgres_url, "UPDATE", "documents", f"NEW.dataset_id = '{dataset_id}' AND NEW.indexing_status = 'splitting'") as stop:  # fmt: skip
        document = shelves.add(dataset_id, text_of(3))
        for attempt in range(1, 4):
            wait_until(lambda n=attempt: _attempts(shelves, document) == n, "it was begun", seconds=40, every=0.05)
            stop.wait_reached()
            product.kill("worker")
            stop.end_waiting()
            product.start("worker")
        state = shelves.wait_done(dataset_id, document)
    assert (state["indexing_status"], state["error"]) == (
        "error", "Indexing was begun 3 times and never came to an end."
    )
    assert state["stopped_at"] is not None
    shelves.api.ok("DELETE", f"/datasets/{dataset_id}/documents/{document['id']}")


def _attempts(shelves: Library, document: dict[str, Any]) -> int:
    return int(shelves.scalar("SELECT attempts FROM documents WHERE id = :id", id=document["id"]))
