"""What every vector store does (server/index/port.py), on real servers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from server.index.port import Entry, Hit, Space, Vector
from server.kit.ids import new_id
from tests.index import make
from tests.index.conftest import Backend
from tests.index.make import direction, entry, space


def write(backend: Backend, where: Space, entries: Sequence[Entry]) -> None:
    with backend.transaction() as uow:
        backend.store.write(uow, where, entries)


def search(backend: Backend, where: Space, vector: Vector, limit: int = 10, **fields: Sequence[str] | None) -> list[Hit]:
    with backend.transaction() as uow:
        return backend.store.search(uow, where, vector, limit, **fields)  # type: ignore[arg-type]


def count(backend: Backend, where: Space) -> int:
    with backend.transaction() as uow:
        return backend.store.count(uow, where)


def nodes(hits: Sequence[Hit]) -> list[str]:
    return [hit.node_id for hit in hits]


def exact(entries: Sequence[Entry], vector: Vector, limit: int) -> list[str]:
    """Node ids by a computation of our own."""
    scores = [float(one.vector @ vector) for one in entries]
    return [entries[at].node_id for at in np.argsort(-np.array(scores), kind="stable")[:limit]]


# Writing and searching


def test_search_after_write_returns_nodes_with_cosine_best_first(backend: Backend) -> None:
    where = space()
    same, near, other = entry(direction(1)), entry(direction(1, 1)), entry(direction(-1))
    write(backend, where, [other, same, near])
    hits = search(backend, where, direction(1))
    assert nodes(hits) == [same.node_id, near.node_id, other.node_id]
    assert [hit.score for hit in hits] == pytest.approx([1.0, 2**-0.5, -1.0], abs=1e-3)
    assert (hits[0].segment_id, hits[0].document_id) == (same.segment_id, same.document_id)


def test_search_never_returns_a_score_above_one(backend: Backend) -> None:
    where = space(dimension=768)
    vectors = make.random_vectors(20, dimension=768)
    write(backend, where, make.entries(vectors))
    assert all(search(backend, where, row, 1)[0].score <= 1.0 for row in vectors)


def test_search_of_a_space_never_written_is_empty(backend: Backend) -> None:
    assert search(backend, space(), direction(1)) == []
    assert search(backend, space(dimension=11), make.direction(1, dimension=11)) == []


def test_search_with_limit_returns_the_nearest_as_an_exact_computation(backend: Backend) -> None:
    where = space(dimension=32)
    entries = make.entries(make.random_vectors(1500, dimension=32))
    write(backend, where, entries)
    for query in make.random_vectors(5, dimension=32, seed=2):
        found = nodes(search(backend, where, query, 10))
        assert len(found) == 10
        assert len(set(found) & set(exact(entries, query, 10))) >= 9


def test_search_from_another_process_finds_an_acknowledged_write(backend: Backend) -> None:
    where = space()
    other = backend.another()
    for number in range(5):
        written = entry(direction(1, number))
        write(backend, where, [written])
        with backend.transaction() as uow:
            assert nodes(other.search(uow, where, direction(1, number), 1)) == [written.node_id]
    other.close()


def test_write_of_a_known_node_replaces_it(backend: Backend) -> None:
    where, node = space(), new_id()
    old, new = entry(direction(1), node_id=node), entry(direction(0, 1), node_id=node)
    write(backend, where, [old])
    write(backend, where, [new])
    assert count(backend, where) == 1
    (hit,) = search(backend, where, direction(0, 1))
    assert (hit.node_id, hit.segment_id, hit.document_id) == (node, new.segment_id, new.document_id)
    assert hit.score == pytest.approx(1.0, abs=1e-3)


def test_write_of_one_node_twice_in_a_call_keeps_the_last(backend: Backend) -> None:
    where, node = space(), new_id()
    write(backend, where, [entry(direction(1), node_id=node), entry(direction(0, 1), node_id=node)])
    (hit,) = search(backend, where, direction(0, 1))
    assert hit.score == pytest.approx(1.0, abs=1e-3)


def test_write_of_nothing_leaves_a_space_empty(backend: Backend) -> None:
    where = space()
    write(backend, where, [])
    assert count(backend, where) == 0


# Filters


def test_search_in_documents_returns_theirs_only_and_fills_the_page(backend: Backend) -> None:
    where, wanted, rest = space(), new_id(), new_id()
    near = [entry(direction(1, 0.001 * at), document_id=rest) for at in range(200)]
    far = [entry(direction(0.01 * at, 1), document_id=wanted) for at in range(20)]
    write(backend, where, [*near, *far])
    hits = search(backend, where, direction(1), 15, documents=[wanted, new_id()])
    assert len(hits) == 15
    assert {hit.document_id for hit in hits} == {wanted}
    assert nodes(hits)[:3] == [far[19].node_id, far[18].node_id, far[17].node_id]


def test_search_without_documents_leaves_them_out_and_fills_the_page(backend: Backend) -> None:
    where, silent, rest = space(), new_id(), new_id()
    write(backend, where, [entry(direction(1, 0.001 * at), document_id=silent) for at in range(200)])
    write(backend, where, [entry(direction(0.01 * at, 1), document_id=rest) for at in range(20)])
    hits = search(backend, where, direction(1), 15, without=[silent])
    assert len(hits) == 15
    assert {hit.document_id for hit in hits} == {rest}


def test_search_in_few_documents_of_a_large_space_is_whole_and_right(backend: Backend) -> None:
    where = space(dimension=768)
    documents = [new_id() for _ in range(200)]
    entries = make.entries(make.random_vectors(10_000, dimension=768), documents)
    for at in range(0, len(entries), 2000):
        write(backend, where, entries[at : at + 2000])
    for number, query in enumerate(make.random_vectors(10, dimension=768, seed=5)):
        wanted = documents[number : number + 2]
        of_these = [one for one in entries if one.document_id in wanted]
        found = nodes(search(backend, where, query, 20, documents=wanted))
        assert len(found) == 20
        assert len(set(found) & set(exact(of_these, query, 20))) >= 19


def test_search_in_no_documents_is_empty(backend: Backend) -> None:
    where, document = space(), new_id()
    write(backend, where, [entry(direction(1), document_id=document)])
    assert search(backend, where, direction(1), documents=[]) == []
    assert search(backend, where, direction(1), documents=[document], without=[document]) == []


def test_search_in_a_thousand_documents_finds_them(backend: Backend) -> None:
    where = space()
    documents = [new_id() for _ in range(1000)]
    written = entry(direction(1), document_id=documents[500])
    write(backend, where, [written, entry(direction(1))])
    assert nodes(search(backend, where, direction(1), documents=documents)) == [written.node_id]


# Deleting


def test_delete_nodes_removes_those_and_ignores_unknown_ones(backend: Backend) -> None:
    where = space()
    gone, kept = entry(direction(1)), entry(direction(0, 1))
    write(backend, where, [gone, kept])
    with backend.transaction() as uow:
        backend.store.delete_nodes(uow, where, [gone.node_id, new_id()])
    assert nodes(search(backend, where, direction(1))) == [kept.node_id]


def test_delete_documents_removes_all_their_nodes(backend: Backend) -> None:
    where, gone, kept = space(), new_id(), new_id()
    write(backend, where, make.entries(make.random_vectors(50), [gone, kept]))
    with backend.transaction() as uow:
        backend.store.delete_documents(uow, where, [gone, new_id()])
    assert {hit.document_id for hit in search(backend, where, direction(1), 50)} == {kept}
    assert count(backend, where) == 25


def test_delete_in_a_space_never_written_does_nothing(backend: Backend) -> None:
    where = space()
    with backend.transaction() as uow:
        backend.store.delete_nodes(uow, where, [new_id()])
        backend.store.delete_documents(uow, where, [new_id()])
        backend.store.delete_nodes(uow, where, [])
        backend.store.drop(uow, where)
    assert count(backend, where) == 0


def test_drop_empties_a_space_that_may_be_written_again(backend: Backend) -> None:
    where = space()
    write(backend, where, make.entries(make.random_vectors(30)))
    search(backend, where, direction(1))
    with backend.transaction() as uow:
        backend.store.drop(uow, where)
    assert search(backend, where, direction(1)) == []
    assert count(backend, where) == 0
    again = entry(direction(1))
    write(backend, where, [again])
    assert nodes(search(backend, where, direction(1))) == [again.node_id]


# Isolation


def test_spaces_share_no_entries(backend: Backend) -> None:
    first = space()
    others = [
        space(tenant_id=first.tenant_id), space(dataset_id=first.dataset_id),
        space(tenant_id=first.tenant_id, dataset_id=first.dataset_id, generation=1),
    ]
    shared = entry(direction(1))
    write(backend, first, [shared])
    assert all(search(backend, other, direction(1)) == [] for other in others)
    for other in others:
        write(backend, other, [Entry(shared.node_id, shared.segment_id, shared.document_id, direction(0, 1))])
    assert search(backend, first, direction(1))[0].score == pytest.approx(1.0, abs=1e-3)
    with backend.transaction() as uow:
        backend.store.delete_documents(uow, others[0], [shared.document_id])
        backend.store.delete_nodes(uow, others[1], [shared.node_id])
        backend.store.drop(uow, others[2])
    assert [count(backend, other) for other in others] == [0, 0, 0]
    assert count(backend, first) == 1


def test_generation_of_another_dimension_stands_beside_the_old_one(backend: Backend) -> None:
    old = space()
    new = Space(old.tenant_id, old.dataset_id, dimension=5, generation=1)
    first, second = entry(direction(1)), entry(direction(1, dimension=5))
    write(backend, old, [first])
    write(backend, new, [second])
    assert nodes(search(backend, old, direction(1))) == [first.node_id]
    assert nodes(search(backend, new, direction(1, dimension=5))) == [second.node_id]
    with backend.transaction() as uow:
        backend.store.drop(uow, old)
    assert nodes(search(backend, new, direction(1, dimension=5))) == [second.node_id]


def test_many_small_datasets_of_one_tenant_answer_each_for_itself(backend: Backend) -> None:
    tenant = new_id()
    written = [(space(tenant_id=tenant), entry(direction(1, at))) for at in range(40)]
    with backend.transaction() as uow:
        for where, one in written:
            backend.store.write(uow, where, [one])
    assert all(nodes(search(backend, where, one.vector)) == [one.node_id] for where, one in written)


# Refusals

_ID = "01a213af-170e-75ab-b4d8-34adab62d643"
HOSTILE = ["", "x", "' OR '1'='1", '"] or space != "', "a\\", "\0", "{}", "%", _ID.upper(), _ID + "\n"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_id_that_is_no_uuid_is_refused_everywhere(backend: Backend, hostile: str) -> None:
    where, kept = space(), entry(direction(1))
    write(backend, where, [kept])
    store, good = backend.store, new_id()
    calls = [
        lambda uow: store.write(uow, where, [Entry(hostile, good, good, direction(1))]),
        lambda uow: store.write(uow, where, [Entry(good, hostile, good, direction(1))]),
        lambda uow: store.write(uow, where, [Entry(good, good, hostile, direction(1))]),
        lambda uow: store.delete_nodes(uow, where, [hostile]),
        lambda uow: store.delete_documents(uow, where, [hostile]),
        lambda uow: store.search(uow, where, direction(1), 1, documents=[hostile]),
        lambda uow: store.search(uow, where, direction(1), 1, without=[hostile]),
        lambda uow: store.search(uow, space(tenant_id=hostile), direction(1), 1),
        lambda uow: store.drop(uow, space(dataset_id=hostile)),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="not an id"), backend.transaction() as uow:
            call(uow)
    assert nodes(search(backend, where, direction(1))) == [kept.node_id]


@pytest.mark.parametrize(
    "vector",
    [direction(1, dimension=7), np.zeros(8, np.float32), np.full(8, np.nan, np.float32), 2 * direction(1)],
    ids=["dimension", "zero", "nan", "length"],
)
def test_vector_that_does_not_fit_is_refused(backend: Backend, vector: Vector) -> None:
    where = space()
    write(backend, where, [entry(direction(1))])
    with pytest.raises(ValueError, match="vector"), backend.transaction() as uow:
        backend.store.write(uow, where, [entry(direction(1)), entry(vector)])
    with pytest.raises(ValueError, match="vector"), backend.transaction() as uow:
        backend.store.search(uow, where, vector, 1)
    assert count(backend, where) == 1


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_limit_out_of_range_is_refused(backend: Backend, limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        search(backend, space(), direction(1), limit)


# Reading everything


def test_nodes_and_read_give_back_everything_of_a_space(backend: Backend) -> None:
    where = space(dimension=32)
    written = make.entries(make.random_vectors(250, dimension=32))
    write(backend, where, written)
    write(backend, space(tenant_id=where.tenant_id, dimension=32), make.entries(make.random_vectors(10, dimension=32)))
    with backend.transaction() as uow:
        pages = list(backend.store.nodes(uow, where, 100))
        read = backend.store.read(uow, where, [node for page in pages for node in page])
    assert [len(page) for page in pages] == [100, 100, 50]
    assert [node for page in pages for node in page] == sorted(one.node_id for one in written)
    found = {one.node_id: one for one in read}
    for one in written:
        got = found[one.node_id]
        assert (got.segment_id, got.document_id) == (one.segment_id, one.document_id)
        assert float(got.vector @ one.vector) == pytest.approx(1.0, abs=1e-5)
        assert np.linalg.norm(got.vector) == pytest.approx(1.0, abs=1e-5)


def test_nodes_goes_on_after_a_node(backend: Backend) -> None:
    where = space()
    written = make.entries(make.random_vectors(30))
    ids = sorted(one.node_id for one in written)
    write(backend, where, written)
    with backend.transaction() as uow:
        pages = list(backend.store.nodes(uow, where, 8, after=ids[9]))
    assert pages == [ids[10:18], ids[18:26], ids[26:]]


def test_read_returns_entries_of_known_nodes(backend: Backend) -> None:
    where = space()
    first, second = entry(direction(1, 2, 3)), entry(direction(1))
    write(backend, where, [first, second])
    with backend.transaction() as uow:
        (got,) = backend.store.read(uow, where, [first.node_id, new_id()])
        assert backend.store.read(uow, where, []) == []
        assert backend.store.read(uow, space(), [first.node_id]) == []
    assert (got.node_id, got.segment_id, got.document_id) == (first.node_id, first.segment_id, first.document_id)
    assert float(got.vector @ first.vector) == pytest.approx(1.0, abs=1e-5)


# Many at once, and death


def test_writers_of_one_space_at_once_lose_nothing(backend: Backend) -> None:
    where = space()
    batches = [make.entries(make.random_vectors(50, seed=seed)) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda batch: write(backend, where, batch), batches))
    assert count(backend, where) == 400


def test_writers_of_one_node_at_once_leave_it_once(backend: Backend) -> None:
    where, node, document = space(), new_id(), new_id()
    barrier = threading.Barrier(6)

    def replace(number: int) -> None:
        barrier.wait()
        for step in range(5):
            write(backend, where, [entry(direction(number, step, 1), node_id=node, document_id=document)])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(replace, range(6)))
    assert count(backend, where) == 1
    assert nodes(search(backend, where, direction(1))) == [node]


def test_searches_beside_writes_and_deletes_are_whole(backend: Backend) -> None:
    where = space()
    kept = make.entries(make.random_vectors(100))
    write(backend, where, kept)
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            passing = make.entries(make.random_vectors(20, seed=3), [new_id()])
            write(backend, where, passing)
            with backend.transaction() as uow:
                backend.store.delete_documents(uow, where, [passing[0].document_id])

    with ThreadPoolExecutor(5) as pool:
        disturbing = pool.submit(disturb)
        try:
            known = {one.node_id for one in kept}
            found = list(pool.map(lambda at: nodes(search(backend, where, kept[at].vector, 200)), range(20)))
        finally:
            stop.set()
        disturbing.result()
    assert all(known <= set(ids) for ids in found)
    assert all(len(ids) == len(set(ids)) for ids in found)


@pytest.mark.timeout(300)
def test_server_killed_and_started_again_has_what_was_acknowledged(backend: Backend) -> None:
    where = space(dimension=32)
    entries = make.entries(make.random_vectors(600, dimension=32))
    gone = entry(make.direction(1, dimension=32))
    write(backend, where, [*entries, gone])
    with backend.transaction() as uow:
        backend.store.delete_nodes(uow, where, [gone.node_id])
    backend.restart()
    assert count(backend, where) == 600
    assert nodes(search(backend, where, entries[0].vector, 1)) == [entries[0].node_id]
    written = entry(make.direction(1, dimension=32))
    write(backend, where, [written])
    assert nodes(search(backend, where, make.direction(1, dimension=32), 1)) == [written.node_id]
