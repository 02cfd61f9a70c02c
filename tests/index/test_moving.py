"""Carrying vectors between real stores while they change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.index.moving import Mover, Place
from server.index.port import Entry, Space
from server.kit.ids import new_id
from tests.index import make
from tests.index.conftest import Backend, MilvusBackend, PostgresBackend
from tests.index.make import entry, space
from tests.index.milvus_servers import LiteServer


@pytest.fixture(params=["to milvus", "to pgvector", "to another generation"])
def backends(
    request: pytest.FixtureRequest, postgres_backend: PostgresBackend, lite_server: LiteServer
) -> Iterator[tuple[Backend, Backend]]:
    milvus = MilvusBackend(lite_server)
    pairs: dict[str, tuple[Backend, Backend]] = {
        "to milvus": (postgres_backend, milvus), "to pgvector": (milvus, postgres_backend),
        "to another generation": (postgres_backend, postgres_backend),
    }
    yield pairs[request.param]
    milvus.store.close()


class Move:
    """A source with entries, a target, and the mover between them."""

    def __init__(self, backends: tuple[Backend, Backend], uow_of: PostgresBackend) -> None:
        self.source, self.target = backends
        self.old, self.new = space(), space()
        self.mover = Mover(
            uow_of.uow, Place(self.source.store, self.old), Place(self.target.store, self.new)
        )

    def write(self, *entries: Entry) -> None:
        with self.source.transaction() as uow:
            self.source.store.write(uow, self.old, entries)

    def delete(self, *ids: str) -> None:
        with self.source.transaction() as uow:
            self.source.store.delete_nodes(uow, self.old, ids)

    @staticmethod
    def content(backend: Backend, where: Space) -> dict[str, Entry]:
        with backend.transaction() as uow:
            return {one.node_id: one for page in backend.store.entries(uow, where, 100) for one in page}

    def is_done(self) -> bool:
        old, new = self.content(self.source, self.old), self.content(self.target, self.new)
        return old.keys() == new.keys() and all(
            (one.segment_id, one.document_id) == (new[node].segment_id, new[node].document_id)
            and float(one.vector @ new[node].vector) > 0.9999
            for node, one in old.items()
        )


@pytest.fixture
def move(backends: tuple[Backend, Backend], postgres_backend: PostgresBackend) -> Move:
    return Move(backends, postgres_backend)


def test_copy_carries_everything_and_may_go_on_after_a_death(move: Move) -> None:
    written = make.entries(make.random_vectors(130))
    move.write(*written)
    steps = move.mover.copy(batch=50)
    last, count = next(steps)
    assert count == 50
    assert [count for _, count in move.mover.copy(after=last, batch=50)] == [50, 30]
    assert move.is_done()
    assert list(move.mover.copy(batch=200)) == [(max(one.node_id for one in written), 130)]


def test_carry_writes_what_changed_and_deletes_what_is_gone(move: Move) -> None:
    kept, changed, gone = (entry(row) for row in make.random_vectors(3))
    move.write(kept, changed, gone)
    list(move.mover.copy())
    move.write(entry(make.direction(1), node_id=changed.node_id))
    move.delete(gone.node_id)
    assert not move.is_done()
    move.mover.carry([changed.node_id, gone.node_id, new_id()])
    assert move.is_done()


def test_copy_beside_changes_that_are_carried_ends_the_same(move: Move) -> None:
    written = make.entries(make.random_vectors(200), [new_id()])
    move.write(*written)
    stop = threading.Event()

    def change(seed: int) -> None:
        own = written[seed::3]
        step = 0
        while not stop.is_set():
            step += 1
            for one in (own[step % len(own)], own[(step * 7) % len(own)]):
                if step % 3:
                    fresh = make.random_vectors(1, seed=step + seed * 1000)[0]
                    move.write(entry(fresh, node_id=one.node_id, document_id=one.document_id))
                else:
                    move.delete(one.node_id)
                move.mover.carry([one.node_id])

    with ThreadPoolExecutor(3) as pool:
        changing = [pool.submit(change, seed) for seed in range(3)]
        try:
            for _ in range(2):
                list(move.mover.copy(batch=20))
        finally:
            stop.set()
        for one in changing:
            one.result()
    assert move.is_done()
