"""What got lost is ordered again, what nobody refers to is removed, both are counted; and when nobody works, that is said."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from click.testing import CliRunner

from server.cli import main
from server.db.bridge import Database
from server.index.port import Entry
from server.kit.ids import new_id
from server.worker.watch import WorkerWatch
from tests.doubles.behaviour import embeddings
from tests.durability.library import PROVIDER, Library, text_of
from tests.harness.stores import wait_until


def check(shelves: Library) -> str:
    """What `transom check` says of jobs."""
    environment = {
        name: value for name, value in shelves.cluster.product._environment().items() if name.startswith("TRANSOM_")
    }
    done = CliRunner().invoke(main, ["check"], env=environment, prog_name="transom")
    return next(line for line in done.stdout.splitlines() if "  jobs " in line)


def run_job(shelves: Library, kind: str, payload: str = "'{}'") -> None:
    shelves.change(f"INSERT INTO jobs (kind, payload) VALUES ('{kind}', {payload})")
    shelves.wait_jobs(kind)


def found(shelves: Library, kind: str) -> int:
    return int(shelves.scalar("SELECT coalesce(sum(total), 0) FROM upkeep_findings WHERE kind = :kind", kind=kind))


def indexed(shelves: Library, lines: int = 4) -> tuple[str, dict[str, Any]]:
    dataset_id = shelves.dataset()
    document = shelves.add(dataset_id, text_of(lines))
    assert shelves.wait_done(dataset_id, document)["indexing_status"] == "completed"
    shelves.wait_jobs("index_document")
    return dataset_id, document


def test_documents_without_a_job_are_ordered_again_and_counted(shelves: Library) -> None:
    dataset_id = shelves.dataset()
    shelves.cluster.product.kill("worker")
    lost = [shelves.add(dataset_id, text_of(3, word)) for word in ("one", "two")]
    young = shelves.add(dataset_id, text_of(3, "young"))
    shelves.change("DELETE FROM jobs WHERE kind = 'index_document'")
    for document in lost:
        shelves.change("UPDATE documents SET updated_at = now() - interval '5 minutes' WHERE id = :id", id=document["id"])
    before = found(shelves, "lost documents")
    shelves.cluster.product.start("worker")
    run_job(shelves, "reconcile_knowledge")
    for document in lost:
        assert shelves.wait_done(dataset_id, document)["indexing_status"] == "completed"
    assert shelves.state(dataset_id, young)["indexing_status"] == "waiting", "it may be in somebody's hands"
    assert found(shelves, "lost documents") == before + 2
    assert "2 lost documents found" in shelves.cluster.product.log("worker")
    assert f"{before + 2} lost documents found and mended" in check(shelves)
    shelves.change("UPDATE documents SET updated_at = now() - interval '5 minutes' WHERE id = :id", id=young["id"])
    run_job(shelves, "reconcile_knowledge")
    assert shelves.wait_done(dataset_id, young)["indexing_status"] == "completed"


def test_index_that_nobody_builds_is_ordered_again(shelves: Library) -> None:
    dataset_id, document = indexed(shelves)
    other = shelves.api.add_embedder("reconcile-next@size=32", default=False)
    shelves.cluster.product.kill("worker")
    body = {"embedding_model": other, "embedding_model_provider": PROVIDER}
    shelves.api.ok("PATCH", f"/datasets/{dataset_id}", json=body)
    shelves.change("DELETE FROM jobs WHERE kind = 'rebuild_dataset'")
    shelves.change("UPDATE datasets SET updated_at = now() - interval '5 minutes' WHERE id = :id", id=dataset_id)
    shelves.cluster.product.start("worker")
    run_job(shelves, "reconcile_knowledge")
    shelves.wait_jobs("rebuild_dataset")
    assert shelves.scalar("SELECT live_dimension FROM datasets WHERE id = :id", id=dataset_id) == 32
    assert shelves.state(dataset_id, document)["indexing_status"] == "completed"


def test_rows_and_indexes_of_what_is_gone_are_removed_and_counted(shelves: Library) -> None:
    """As a purge leaves them whose job was lost."""
    (one, document), (other, _), (whole, kept) = indexed(shelves), indexed(shelves), indexed(shelves)
    shelves.change("DELETE FROM documents WHERE id = :id", id=document["id"])
    shelves.change("DELETE FROM datasets WHERE id = :id", id=other)
    shelves.change("UPDATE index_spaces SET created_at = created_at - interval '5 minutes'")
    before = found(shelves, "orphaned documents")
    run_job(shelves, "find_orphans")
    shelves.wait_jobs("purge_document", "purge_dataset")
    shelves.sweep()
    run_job(shelves, "find_orphans")
    assert shelves.counts(other) == {}
    assert set(shelves.counts(one)) - {"jobs"} == {"spaces", "process_rules"}
    assert found(shelves, "orphaned documents") == before + 2
    assert f"{before + 2} orphaned documents found and mended" in check(shelves)
    shelves.check_whole(whole, kept, text_of(4).split("\n"))


def test_index_of_a_generation_that_nobody_wants_is_dropped_and_counted(shelves: Library) -> None:
    dataset_id, document = indexed(shelves)
    tenant_id = shelves.space(dataset_id).tenant_id
    for dataset in (dataset_id, new_id()):
        shelves.change(
            "INSERT INTO index_spaces (tenant_id, dataset_id, kind, generation, dimension, created_at)"
            " VALUES (:tenant, :dataset, 'vector', 77, 8, now() - interval '1 hour')", tenant=tenant_id, dataset=dataset,
        )  # fmt: skip
    before = found(shelves, "orphaned indexes")
    run_job(shelves, "find_orphans")
    assert found(shelves, "orphaned indexes") == before + 2
    assert shelves.scalar("SELECT count(*) FROM index_spaces WHERE generation = 77 AND dropped_at IS NULL") == 0
    shelves.check_whole(dataset_id, document, text_of(4).split("\n"))
    # Each dataset is looked at in the course of the day.
    due = "SELECT extract(epoch FROM due_at - now()) FROM jobs WHERE kind = 'check_entries' AND payload->>'dataset_id' = :id"
    assert 0 < shelves.scalar(due, id=dataset_id) < 24 * 3600
    shelves.change("DELETE FROM jobs WHERE kind = 'check_entries'")


def test_entries_without_a_segment_are_removed_and_counted(shelves: Library) -> None:
    dataset_id, document = indexed(shelves)
    space = shelves.space(dataset_id)
    strays = [Entry(new_id(), new_id(), document["id"], vector) for vector in embeddings(["a", "b", "c"], 64)]
    with shelves.uow() as uow:
        shelves.stores.get("pgvector").write(uow, space, strays)
        uow.commit()
    word = "SELECT id FROM index_spaces WHERE kind = 'text' AND dropped_at IS NULL AND dataset_id = :id"
    shelves.change(
        "INSERT INTO text_nodes (space_id, node_id, number, segment_id, document_id, tokens)"
        f" VALUES (({word}), gen_random_uuid(), nextval('text_node_numbers'), gen_random_uuid(), :document, 1)",
        id=dataset_id, document=document["id"],
    )  # fmt: skip
    before = found(shelves, "orphaned entries")
    run_job(shelves, "check_entries", f"json_build_object('tenant_id', '{space.tenant_id}', 'dataset_id', '{dataset_id}')")
    assert len(shelves.vector_nodes(dataset_id)) == 7, "their rows might yet come"
    shelves.change("UPDATE jobs SET due_at = now() WHERE kind = 'purge_nodes'")
    shelves.wait_jobs("purge_nodes")
    shelves.check_whole(dataset_id, document, text_of(4).split("\n"))
    assert found(shelves, "orphaned entries") == before + 4
    assert f"{before + 4} orphaned entries found and mended" in check(shelves)


def test_documents_wait_while_no_worker_is_there_and_the_check_says_so(shelves: Library) -> None:
    dataset_id = shelves.dataset()
    assert "ok" in check(shelves)
    shelves.cluster.product.kill("worker")
    document = shelves.add(dataset_id, text_of(3))
    # As half a minute later.
    shelves.change("UPDATE jobs SET due_at = due_at - interval '1 minute'")
    shelves.change("UPDATE workers SET seen_at = seen_at - interval '1 minute'")
    said = check(shelves)
    assert "FAILED" in said
    assert "no worker takes jobs from queue transom" in said and "start `transom worker`" in said
    assert shelves.state(dataset_id, document)["indexing_status"] == "waiting"
    shelves.cluster.product.start("worker")
    assert shelves.wait_done(dataset_id, document)["indexing_status"] == "completed"
    wait_until(lambda: "1 worker takes them" in check(shelves), "the worker has reported", seconds=20, every=0.5)
    assert shelves.cluster.product.terminate("worker") == 0
    assert shelves.scalar("SELECT count(*) FROM workers WHERE seen_at > now() - interval '30 seconds'") == 0


async def test_server_log_says_when_nobody_takes_jobs_and_when_somebody_does_again(
    shelves: Library, caplog: pytest.LogCaptureFixture
) -> None:
    """The look that each server process takes every half minute."""
    db = Database(1, 10)
    caplog.set_level(logging.INFO, logger="transom.server")
    shelves.cluster.product.kill("worker")
    shelves.change("UPDATE workers SET seen_at = seen_at - interval '1 minute'")
    watch = asyncio.create_task(WorkerWatch(db, shelves.uow, every=0.05).run())

    async def said(words: str) -> None:
        async with asyncio.timeout(20):
            while words not in caplog.text:
                await asyncio.sleep(0.02)

    try:
        await said("no worker takes jobs from queue transom")
        count = caplog.text.count("no worker takes jobs")
        shelves.change("INSERT INTO workers (name) VALUES ('another')")
        await said("a worker takes jobs from queue transom again")
        assert caplog.text.count("no worker takes jobs") == count == 1, "it is said once"
    finally:
        watch.cancel()
        shelves.change("DELETE FROM workers WHERE name = 'another'")
        db.close()
