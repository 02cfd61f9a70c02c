"""The worker is killed at every stage of a document, all at once; the next one finishes everything, nothing twice (G5).

Each stage has a dataset of its own whose job stands at a gate when SIGKILL comes. A job that ran comes back when
its lease runs out, so that is the bound: 15 s by default, 3 s here, and no pause on top.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.durability.gate import Gate, gate
from tests.durability.library import BY_WORDS, PROVIDER, Library, text_of

# More than a batch of 200 that is embedded and written together; ``splitting`` has more than one of 500.
LINES, MANY = 230, 510
LEASE = 3
QUERY = "number77 topic77"


@dataclass(frozen=True)
class Place:
    """Where a job stands when the worker is killed: a row that it touches."""

    event: str
    table: str
    when: str
    # What is done to a document that is indexed already; None: it is on its way to be.
    change: str | None = None


PLACES = {
    "parsing": Place("UPDATE", "documents", "NEW.indexing_status = 'splitting'"),
    "splitting": Place("INSERT", "document_segments", "NEW.position = 501"),
    "indexing": Place("UPDATE", "document_segments", "NEW.status = 'completed' AND NEW.position = 201"),
    "switching": Place("UPDATE", "documents", "NEW.indexing_status = 'completed'"),
    "switched": Place("DELETE", "jobs", "OLD.kind = 'index_document'"),
    "rebuilding": Place("UPDATE", "document_segments", "NEW.position = 201", "rebuild"),
    "rebuilt": Place("DELETE", "jobs", "OLD.kind = 'rebuild_dataset'", "rebuild"),
    "replaced": Place("DELETE", "document_segments", "OLD.position = 110", "update"),
    "purging": Place("DELETE", "document_segments", "OLD.position = 110", "delete_document"),
    "dropping": Place("DELETE", "document_segments", "OLD.position = 110", "delete_dataset"),
    "dropped": Place("DELETE", "jobs", "OLD.kind = 'purge_dataset'", "delete_dataset"),
}
JOBS = ("index_document", "rebuild_dataset", "purge_segments", "purge_document", "purge_dataset")


@dataclass
class Stage:
    """A dataset with one document, and how it was when the worker was killed."""

    name: str
    dataset_id: str
    embedder: str
    lines: list[str]
    document: dict[str, Any] = field(default_factory=dict)
    nodes: list[str] = field(default_factory=list)
    status: str = ""
    seconds_left: float = -1.0
    state: dict[str, Any] = field(default_factory=dict)


class Killing:
    """Brings the job of each stage to its gate."""

    def __init__(self, shelves: Library) -> None:
        self._shelves = shelves
        self._url = shelves.cluster.product.postgres_url
        self.stages = {name: self._stage(name) for name in ("waiting", *PLACES)}
        self._changed = [stage for stage in self.stages.values() if stage.name in PLACES and PLACES[stage.name].change]

    def _stage(self, name: str) -> Stage:
        embedder = f"killed-{name}"
        lines = text_of(MANY if name == "splitting" else LINES, name).split("\n")
        return Stage(name, self._shelves.dataset(embedder), embedder, lines)

    def _add(self, stage: Stage) -> None:
        stage.document = self._shelves.add(stage.dataset_id, "\n".join(stage.lines))

    def index_first(self) -> None:
        """Index the documents that are to be changed."""
        for stage in self._changed:
            self._add(stage)
        for stage in self._changed:
            self._shelves.wait_done(stage.dataset_id, stage.document)
            stage.nodes = self._shelves.vector_nodes(stage.dataset_id)
        self._shelves.wait_jobs("index_document", "tend_dataset")

    def gates(self, stack: contextlib.ExitStack) -> list[Gate]:
        """The gates of all stages, closed; before any job stands at one, which would keep others from being made."""
        return [stack.enter_context(self._gate(self.stages[name], place)) for name, place in PLACES.items()]

    def _gate(self, stage: Stage, place: Place) -> contextlib.AbstractContextManager[Gate]:
        row = "OLD" if place.event == "DELETE" else "NEW"
        owner = f"{row}.payload->>'dataset_id'" if place.table == "jobs" else f"{row}.dataset_id::text"
        return gate(self._url, place.event, place.table, f"{owner} = '{stage.dataset_id}' AND ({place.when})")

    def order(self) -> None:
        """Have all jobs done, apart from ``waiting``."""
        for name, place in PLACES.items():
            getattr(self, f"_{place.change or 'add'}")(self.stages[name])

    def _rebuild(self, stage: Stage) -> None:
        other = f"{stage.embedder}-next@size=32"
        self._shelves.api.add_embedder(other, default=False)
        body = {"embedding_model": other, "embedding_model_provider": PROVIDER}
        self._shelves.api.ok("PATCH", f"/datasets/{stage.dataset_id}", json=body)

    def _update(self, stage: Stage) -> None:
        stage.lines = text_of(5, "fresh").split("\n")
        self._shelves.update(stage.dataset_id, stage.document["id"], "\n".join(stage.lines))

    def _delete_document(self, stage: Stage) -> None:
        self._shelves.api.ok("DELETE", f"/datasets/{stage.dataset_id}/documents/{stage.document['id']}")

    def _delete_dataset(self, stage: Stage) -> None:
        self._shelves.api.ok("DELETE", f"/datasets/{stage.dataset_id}")

    def kill(self, gates: list[Gate]) -> None:
        """Kill the worker when all jobs stand at their gates; note how they stood."""
        for each in gates:
            each.wait_reached()
        for stage in self.stages.values():
            stage.status = self._of(stage, "SELECT max(indexing_status) FROM documents WHERE dataset_id = :dataset")
            stage.seconds_left = self._of(
                stage, "SELECT extract(epoch FROM max(due_at) - now()) FROM jobs WHERE attempts > 0"
                " AND payload->>'dataset_id' = CAST(:dataset AS text)",
            )  # fmt: skip
        self._shelves.cluster.product.kill("worker")
        for each in gates:
            each.end_waiting()

    def _of(self, stage: Stage, statement: str) -> Any:
        return self._shelves.scalar(statement, dataset=stage.dataset_id)

    def finish(self) -> None:
        """Start the next worker and wait until it has done everything."""
        self._add(self.stages["waiting"])
        self._shelves.cluster.product.start("worker")
        for stage in self.stages.values():
            if self._of(stage, "SELECT count(*) FROM documents WHERE dataset_id = :dataset") and stage.name != "dropping":
                stage.state = self._shelves.wait_done(stage.dataset_id, stage.document)
        self._shelves.wait_jobs(*JOBS)


@pytest.fixture(scope="module")
def killed(_library: Library) -> dict[str, Stage]:
    """Every stage, killed and finished by the next worker."""
    _library.cluster.mend()
    killing = Killing(_library)
    killing.index_first()
    with contextlib.ExitStack() as stack:
        gates = killing.gates(stack)
        killing.order()
        killing.kill(gates)
    killing.finish()
    return killing.stages


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
        assert stage.status == status
        assert 0 < stage.seconds_left <= LEASE, "the job comes back when its lease is over"
    assert stage.state["indexing_status"] == "completed", stage.state
    assert stage.state["completed_segments"] == len(stage.lines)
    shelves.check_whole(stage.dataset_id, stage.document, stage.lines)
    assert shelves.found(stage.dataset_id, QUERY)[0] == stage.lines[77]


@pytest.mark.parametrize("name", STAGES)
def test_g5_resumed_document_embeds_nothing_again_that_was_written(
    shelves: Library, killed: dict[str, Stage], name: str
) -> None:
    """What was in flight may be asked for twice: three batches of 200, of which the embedding cache has most."""
    stage = killed[name]
    asked = Counter(text for text in shelves.embedded(stage.embedder) if text != QUERY)
    assert set(asked) == set(stage.lines)
    again = {text for text, times in asked.items() if times > 1}
    assert again <= (set(stage.lines[200:]) if name == "indexing" else set())
    assert max(asked.values()) <= 2


@pytest.mark.parametrize("name", ["rebuilding", "rebuilt"])
def test_g5_worker_killed_while_an_index_is_built_anew_leaves_the_new_one_whole(
    shelves: Library, killed: dict[str, Stage], name: str
) -> None:
    stage = killed[name]
    assert stage.state["indexing_status"] == "completed", stage.state
    shelves.sweep()
    shelves.check_whole(stage.dataset_id, stage.document, stage.lines)
    assert shelves.vector_nodes(stage.dataset_id) == stage.nodes
    dimensions = "SELECT array_agg(DISTINCT dimension) FROM index_spaces WHERE kind = 'vector' AND dataset_id = :dataset"
    assert shelves.scalar(dimensions, dataset=stage.dataset_id) == [32], "no old vectors are left"
    asked = Counter(text for text in shelves.embedded(f"{stage.embedder}-next@size=32") if text != QUERY)
    assert set(asked) == set(stage.lines)
    assert max(asked.values()) <= 2
    assert shelves.found(stage.dataset_id, QUERY)[0] == stage.lines[77]


def test_g5_worker_killed_while_replaced_segments_go_leaves_the_new_ones_alone(
    shelves: Library, killed: dict[str, Stage]
) -> None:
    stage = killed["replaced"]
    assert stage.state["indexing_status"] == "completed", stage.state
    shelves.check_whole(stage.dataset_id, stage.document, stage.lines)
    assert shelves.found(stage.dataset_id, "number110", BY_WORDS) == []


def test_g7_worker_killed_while_a_document_is_removed_leaves_nothing_of_it(
    shelves: Library, killed: dict[str, Stage]
) -> None:
    left = shelves.counts(killed["purging"].dataset_id)
    assert set(left) <= {"spaces", "jobs"}, left


@pytest.mark.parametrize("name", ["dropping", "dropped"])
def test_g7_worker_killed_while_a_dataset_is_removed_leaves_nothing_of_it(
    shelves: Library, killed: dict[str, Stage], name: str
) -> None:
    shelves.sweep()
    assert shelves.counts(killed[name].dataset_id) == {}


def test_g5_document_whose_parser_kills_the_worker_each_time_ends_in_error_with_a_reason(shelves: Library) -> None:
    dataset_id = shelves.dataset()
    product = shelves.cluster.product
    when = f"NEW.dataset_id = '{dataset_id}' AND NEW.indexing_status = 'splitting'"
    with gate(product.postgres_url, "UPDATE", "documents", when) as stop:
        document = shelves.add(dataset_id, text_of(3))
        stop.wait_reached()
        product.kill("worker")
        stop.end_waiting()
    assert shelves.scalar("SELECT attempts FROM documents WHERE id = :id", id=document["id"]) == 1
    # As if it had happened twice more; three beginnings are allowed here.
    shelves.change("UPDATE documents SET attempts = 3 WHERE id = :id", id=document["id"])
    product.start("worker")
    state = shelves.wait_done(dataset_id, document)
    assert state["indexing_status"] == "error"
    assert state["error"] == "Indexing was begun 3 times and never came to an end."
    assert state["stopped_at"] is not None
    shelves.wait_jobs("index_document")
    assert shelves.segments(document["id"]) == []
