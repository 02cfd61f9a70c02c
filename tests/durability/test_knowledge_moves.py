"""Vectors move between Milvus and PostgreSQL while their datasets are searched and changed, whatever dies meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from tests.durability.gate import Gate, gate
from tests.durability.library import BY_MEANING, Library, text_of
from tests.harness.stores import wait_until

# More than a batch of 500 that is copied at once.
MANY = 520
WAYS = [("milvus", "pgvector"), ("pgvector", "milvus")]


def transom(annex: Library, *words: str, **settings: str) -> Result:
    """The command line, pointed at the product."""
    product = annex.cluster.product
    given = {name: value for name, value in product._environment().items() if name.startswith("TRANSOM_")}
    given |= {f"TRANSOM_{name.upper()}": value for name, value in settings.items()}
    return CliRunner().invoke(main, words, env=given, prog_name="transom")


def migrate(annex: Library, target: str, *words: str) -> str:
    done = transom(annex, "index", "migrate", "--to", target, *words)
    assert done.exit_code == 0, done.output
    return done.output


def filled(annex: Library, store: str, lines: int = MANY) -> tuple[str, dict[str, Any]]:
    """A dataset of one document whose vectors are in a store."""
    dataset_id = annex.dataset()
    document = annex.add(dataset_id, text_of(lines))
    annex.wait_done(dataset_id, document)
    if store != "milvus":
        migrate(annex, store, "--dataset", dataset_id)
    check_in(annex, dataset_id, store)
    return dataset_id, document


def check_in(annex: Library, dataset_id: str, store: str) -> None:
    """The dataset answers from a store, which has all of it; once dropped, the other one has nothing."""
    route = "SELECT vector_store || ' ' || coalesce(moving_to, '-') FROM datasets WHERE id = :id"
    assert annex.scalar(route, id=dataset_id) == f"{store} -"
    assert annex.stored(store, dataset_id) == annex.segment_nodes(dataset_id)


@contextmanager
def half_way(annex: Library, dataset_id: str, target: str) -> Iterator[Gate]:
    """A move that stands still after its first batch."""
    url = annex.cluster.product.postgres_url
    with gate(url, "UPDATE", "vector_moves", f"NEW.dataset_id = '{dataset_id}' AND NEW.copied > 500") as stop:
        migrate(annex, target, "--no-wait", "--dataset", dataset_id)
        stop.wait_reached()
        yield stop


def wait_moved(annex: Library, dataset_id: str) -> None:
    wait_until(
        lambda: annex.scalar("SELECT count(*) FROM vector_moves WHERE dataset_id = :id", id=dataset_id) == 0,
        "it has moved", seconds=60, every=0.05,
    )
    annex.wait_jobs("move_dataset")


class Searching:
    """Searches without a pause until the block ends; keeps what they return."""

    def __init__(self, annex: Library, dataset_id: str, query: str) -> None:
        self.answers: list[list[str]] = []
        self.fault: Exception | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(annex, dataset_id, query))

    def _run(self, annex: Library, dataset_id: str, query: str) -> None:
        try:
            while not self._stopped.is_set():
                self.answers.append(annex.found(dataset_id, query, BY_MEANING))
        except Exception as error:
            self.fault = error

    def __enter__(self) -> Searching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(30)
        assert self.fault is None, self.fault


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_dataset_that_moves_is_searched_and_changed_all_the_while(annex: Library, source: str, target: str) -> None:
    """While the second of three batches stands still, segments of the first and of the third are changed."""
    dataset_id = annex.dataset()
    first = _indexed(annex, dataset_id, text_of(4, "first"))
    _indexed(annex, dataset_id, text_of(1000))
    last = _indexed(annex, dataset_id, text_of(4, "last"))
    if source != "milvus":
        migrate(annex, source, "--dataset", dataset_id)
    asked = len(annex.embedded(annex.embedder))
    with Searching(annex, dataset_id, "number77 topic77") as searching:
        with half_way(annex, dataset_id, target) as stop:
            added = annex.add(dataset_id, "A swan sings at last.")
            for name, document in (("first", first), ("last", last)):
                path = f"/datasets/{dataset_id}/documents/{document['id']}/segments"
                one, other, *_ = annex.api.segments(dataset_id, document["id"])
                annex.api.ok("POST", f"{path}/{one['id']}", json={"segment": {"content": f"The {name} heron stands."}})
                annex.api.ok("DELETE", f"{path}/{other['id']}")
            annex.wait_done(dataset_id, added)
            assert annex.found(dataset_id, "swan sings")[0] == "A swan sings at last."
            stop.open()
        wait_moved(annex, dataset_id)
        count = len(searching.answers)
        wait_until(lambda: len(searching.answers) > count + 5, "searches go on")
    assert all(answer[:1] == ["The line number77 speaks of topic77."] for answer in searching.answers)
    check_in(annex, dataset_id, target)
    for name in ("first", "last"):
        (record, *_) = annex.api.retrieve(dataset_id, f"The {name} heron stands.", BY_MEANING)
        assert record["score"] == pytest.approx(1.0, abs=2e-3), "by the vector of its new text"
    assert annex.found(dataset_id, "swan sings")[0] == "A swan sings at last."
    new = annex.embedded(annex.embedder)[asked:]
    assert not [text for text in new if text.endswith(".") and "heron" not in text and "swan" not in text]
    annex.sweep()
    assert annex.stored(source, dataset_id) == []


def _indexed(annex: Library, dataset_id: str, text: str) -> dict[str, Any]:
    document = annex.add(dataset_id, text)
    assert annex.wait_done(dataset_id, document)["indexing_status"] == "completed"
    return document


def test_move_goes_on_where_the_killed_worker_was(annex: Library) -> None:
    dataset_id, _ = filled(annex, "milvus")
    with half_way(annex, dataset_id, "pgvector") as stop:
        annex.cluster.product.kill("worker")
        stop.end_waiting()
    assert annex.scalar("SELECT copied FROM vector_moves WHERE dataset_id = :id", id=dataset_id) == 500
    assert annex.found(dataset_id, "number77 topic77")[0].endswith("topic77.")
    url = annex.cluster.product.postgres_url
    with gate(url, "DELETE", "vector_moves", f"OLD.dataset_id = '{dataset_id}'") as stop:
        annex.cluster.product.start("worker")
        stop.wait_reached(seconds=40)
        row = annex.scalar("SELECT copied || ' of ' || total FROM vector_moves WHERE dataset_id = :id", id=dataset_id)
        assert row == f"{MANY} of {MANY}", "nothing is copied twice"
        stop.open()
    wait_moved(annex, dataset_id)
    check_in(annex, dataset_id, "pgvector")


def test_move_that_is_taken_back_leaves_nothing_there_and_may_begin_again(annex: Library) -> None:
    dataset_id, _ = filled(annex, "milvus")
    with half_way(annex, dataset_id, "pgvector") as stop:
        back = threading.Thread(target=migrate, args=(annex, "milvus", "--dataset", dataset_id))
        back.start()
        # What is copied at this moment ends first.
        stop.open()
        back.join(30)
        assert not back.is_alive()
    annex.wait_jobs("move_dataset")
    if annex.scalar("SELECT vector_store FROM datasets WHERE id = :id", id=dataset_id) == "pgvector":
        pytest.fail("the move was faster than the way back")
    check_in(annex, dataset_id, "milvus")
    assert annex.found(dataset_id, "number77 topic77")[0].endswith("topic77.")
    # At once, while the half copy still waits to be dropped.
    assert annex.scalar("SELECT count(*) FROM jobs WHERE kind = 'drop_indexes' AND payload->>'dataset_id' = :id", id=dataset_id)
    migrate(annex, "pgvector", "--dataset", dataset_id)
    check_in(annex, dataset_id, "pgvector")


def test_deletes_during_a_move_leave_nothing_in_either_store(annex: Library) -> None:
    dataset_id, document = filled(annex, "milvus")
    other = annex.add(dataset_id, text_of(30, "other"))
    annex.wait_done(dataset_id, other)
    with half_way(annex, dataset_id, "pgvector") as stop:
        annex.api.ok("DELETE", f"/datasets/{dataset_id}/documents/{document['id']}")
        assert annex.found(dataset_id, "line number77 topic77") != []
        assert all("other" in text for text in annex.found(dataset_id, "line number77 topic77"))
        stop.open()
    wait_moved(annex, dataset_id)
    annex.wait_jobs("purge_document")
    check_in(annex, dataset_id, "pgvector")
    annex.sweep()
    assert len(annex.stored("pgvector", dataset_id)) == 30
    assert annex.stored("milvus", dataset_id) == []


def test_dataset_deleted_during_a_move_leaves_nothing_in_either_store(annex: Library) -> None:
    dataset_id, _ = filled(annex, "milvus")
    with half_way(annex, dataset_id, "pgvector") as stop:
        annex.api.ok("DELETE", f"/datasets/{dataset_id}")
        stop.open()
    annex.wait_jobs("purge_dataset", "move_dataset")
    annex.sweep()
    assert annex.counts(dataset_id).keys() <= {"jobs"}
    assert annex.stored("milvus", dataset_id) == []


def test_index_built_anew_during_a_move_arrives_in_the_other_store(annex: Library) -> None:
    dataset_id, _ = filled(annex, "milvus")
    next_model = annex.api.add_embedder("moving-next@size=32", default=False)
    with half_way(annex, dataset_id, "pgvector") as stop:
        provider = "langgenius/openai_api_compatible/openai_api_compatible"
        body = {"embedding_model": next_model, "embedding_model_provider": provider}
        annex.api.ok("PATCH", f"/datasets/{dataset_id}", json=body)
        begun = "SELECT count(*) FROM jobs WHERE kind = 'rebuild_dataset' AND attempts > 0"
        wait_until(lambda: annex.scalar(begun) == 1, "it is being built")
        stop.open()
    wait_moved(annex, dataset_id)
    annex.wait_jobs("rebuild_dataset")
    nodes = annex.segment_nodes(dataset_id)
    assert annex.stored("pgvector", dataset_id, generation=2, dimension=32) == nodes
    assert annex.found(dataset_id, "number77 topic77")[0].endswith("topic77.")
    annex.sweep()
    assert annex.stored("milvus", dataset_id, generation=2, dimension=32) == []
    assert annex.stored("milvus", dataset_id) == annex.stored("pgvector", dataset_id) == []


def test_move_waits_for_a_store_that_is_away(annex: Library) -> None:
    assert annex.milvus is not None
    dataset_id, _ = filled(annex, "pgvector", 20)
    annex.milvus.kill()
    refused = transom(annex, "index", "migrate", "--to", "milvus", "--dataset", dataset_id)
    assert refused.exit_code == 1
    assert "does not answer" in refused.output
    assert annex.scalar("SELECT count(*) FROM vector_moves WHERE dataset_id = :id", id=dataset_id) == 0
    annex.milvus.start()
    url = annex.cluster.product.postgres_url
    with gate(url, "UPDATE", "datasets", f"NEW.id = '{dataset_id}' AND NEW.moving_to = 'milvus'") as stop:
        migrate(annex, "milvus", "--no-wait", "--dataset", dataset_id)
        stop.wait_reached()
        annex.milvus.kill()
        stop.open()
    wait_until(
        lambda: annex.scalar("SELECT moving_to FROM datasets WHERE id = :id", id=dataset_id) == "milvus", "it began"
    )
    assert annex.found(dataset_id, "number7 topic7")[0].endswith("topic7."), "the old store answers"
    annex.milvus.start()
    wait_moved(annex, dataset_id)
    check_in(annex, dataset_id, "milvus")


def test_whole_workspace_moves_and_the_command_line_tells(annex: Library) -> None:
    ids = [filled(annex, "milvus", lines)[0] for lines in (3, 5)]
    economy = annex.dataset(indexing_technique="economy")
    annex.wait_done(economy, annex.add(economy, text_of(3)))
    said = migrate(annex, "pgvector")
    assert "datasets move to pgvector" in said
    for dataset_id in ids:
        check_in(annex, dataset_id, "pgvector")
    listed = transom(annex, "index", "status").stdout
    rows = {line.split()[0]: line.split()[-2:] for line in listed.splitlines()[1:]}
    assert all(rows[dataset_id] == ["pgvector", "-"] for dataset_id in (*ids, economy))
    assert "0 datasets move to pgvector" in migrate(annex, "pgvector")
    # New ones go where the settings say.
    fresh = annex.dataset()
    annex.wait_done(fresh, annex.add(fresh, text_of(2)))
    check_in(annex, fresh, "milvus")
    unknown = transom(annex, "index", "migrate", "--to", "milvus", "--dataset", "nobody")
    assert (unknown.exit_code, "there is no dataset nobody" in unknown.output) == (1, True)
    lost = transom(annex, "index", "migrate", "--to", "milvus", milvus_uri="", vector_store="pgvector")
    assert (lost.exit_code, "TRANSOM_MILVUS_URI is not set" in lost.output) == (1, True)
    migrate(annex, "milvus", "--dataset", ids[0])
    check_in(annex, ids[0], "milvus")
