"""Moves the vectors of a dataset to another store while it is searched and changed.

``order`` notes the wish; the job ``move_dataset`` does it: from its beginning on everything is written to both
stores and removed from both (entries.py), then all entries are copied, then one transaction makes the other
store the one that answers, and a job drops what is left in the old one. Searches use the old one until then.
A move goes on where it was after whatever kills it; ordering the way back ends it.

The copying cannot bring back what is deleted meanwhile, nor the old vector of what is changed: it reads and writes
a batch while it holds the rows of the segments, without which nobody changes their entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.dataset.model import Dataset
from server.dataset.store import DatasetStore, purge_payload
from server.db.engine import UnitOfWork, UowFactory
from server.index.port import Space
from server.indexing.entries import Entries, places_of, stored_dataset
from server.indexing.rebuild import LINGER
from server.indexing.route_store import RouteStore
from server.indexing.store import IndexingStore

_BATCH = 500


class StillDropping(Exception):
    """What an earlier move left in the other store is not gone yet: the job comes back."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a dataset's vectors are, and how far a move of them is."""

    dataset_id: str
    name: str
    # None: it has no vectors.
    store: str | None
    target: str | None
    total: int
    copied: int


class MoveOrders:
    """For the command line: orders moves and says how they go."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def routes(self, tenant_id: str) -> list[Route]:
        """Every dataset of a workspace, by name."""
        with self._uow() as uow:
            return [
                Route(row.id, row.name, row.vector_store, row.target, row.total or 0, row.copied or 0)
                for row in RouteStore(uow).routes(tenant_id)
            ]

    def faults(self, tenant_id: str) -> dict[str, str]:
        """Why the last attempt of moves failed, by dataset; they are tried again."""
        with self._uow() as uow:
            return RouteStore(uow).move_faults(tenant_id)

    def order(self, tenant_id: str, dataset_id: str, target: str) -> bool:
        """Have a dataset's vectors moved; False when they are there and stay there. A move elsewhere is ended."""
        with self._uow() as uow:
            dataset = DatasetStore(uow).find(tenant_id, dataset_id, lock=True)
            if dataset is None:
                return False
            moves = dataset.vector_store not in {None, target}
            if moves:
                RouteStore(uow).order_move(tenant_id, dataset_id, target)
                if not IndexingStore(uow).is_ordered("move_dataset", dataset_id, begun=True):
                    payload = {"tenant_id": tenant_id, "dataset_id": dataset_id}
                    IndexingStore(uow).order("move_dataset", payload)
            else:
                _end(uow, dataset, target)
            uow.commit()
        return moves


class Mover:
    """Runs in the worker; thread-safe."""

    def __init__(self, uow: UowFactory, entries: Entries) -> None:
        self._uow = uow
        self._entries = entries

    def move(self, payload: Mapping[str, Any]) -> None:
        """The job's handler."""
        dataset = self._begin(payload["tenant_id"], payload["dataset_id"])
        if dataset is None:
            return
        for space in _spaces(dataset):
            if not self._copy(dataset, space):
                return
            assert dataset.moving_to is not None
            self._entries.stores.get(dataset.moving_to).tend(space)
        self._switch(dataset)

    def _begin(self, tenant_id: str, dataset_id: str) -> Dataset | None:
        """The dataset with both stores written to from now on; None when there is nothing to move."""
        total = self._count(tenant_id, dataset_id)
        with self._uow() as uow:
            dataset = DatasetStore(uow).find(tenant_id, dataset_id, lock=True)
            store = RouteStore(uow)
            move = store.move(tenant_id, dataset_id)
            if dataset is None or move is None:
                return None
            if dataset.vector_store == move.target:
                store.forget_move(tenant_id, dataset_id)
                uow.commit()
                return None
            if dataset.moving_to != move.target:
                if store.drop_is_ordered(tenant_id, dataset_id):
                    uow.commit()
                    raise StillDropping("what is left there of an earlier move is being dropped first")
                store.hold(tenant_id, dataset_id, alone=True)
                store.set_route(tenant_id, dataset_id, dataset.vector_store, move.target)
                store.begin_move(tenant_id, dataset_id, total)
            uow.commit()
        dataset = stored_dataset(self._uow, tenant_id, dataset_id)
        assert dataset is not None
        assert dataset.moving_to is not None
        for space in _spaces(dataset):
            self._entries.stores.get(dataset.moving_to).expect(space, total)
        return dataset

    def _count(self, tenant_id: str, dataset_id: str) -> int:
        """About how many entries there are to copy."""
        dataset = stored_dataset(self._uow, tenant_id, dataset_id)
        if dataset is None or dataset.vector_store is None:
            return 0
        source = self._entries.stores.get(dataset.vector_store)
        with self._uow() as uow:
            return sum(source.count(uow if source.transactional else None, space) for space in _spaces(dataset))

    def _copy(self, dataset: Dataset, space: Space) -> bool:
        """Copy what is not there yet; False when the move was ended."""
        assert dataset.vector_store is not None
        source = self._entries.stores.get(dataset.vector_store)
        with self._uow() as uow:
            move = RouteStore(uow).move(dataset.tenant_id, dataset.id)
        if move is None:
            return False
        if move.generation > space.generation:
            return True
        after = move.after_node if move.generation == space.generation else None
        with self._uow() as uow:
            pages = source.nodes(uow if source.transactional else None, space, _BATCH, after=after or "")
            for nodes in pages:
                # The copying has a transaction of its own; this one only reads the next page.
                uow.commit()
                if not self._copy_batch(dataset, space, nodes):
                    return False
        return True

    def _copy_batch(self, dataset: Dataset, space: Space, nodes: Sequence[str]) -> bool:
        assert dataset.vector_store is not None
        assert dataset.moving_to is not None
        source = self._entries.stores.get(dataset.vector_store)
        target = self._entries.stores.get(dataset.moving_to)
        with self._uow() as uow:
            store = RouteStore(uow)
            living = store.hold_nodes(dataset.tenant_id, nodes)
            now = store.hold(dataset.tenant_id, dataset.id)
            if now is None or (now.vector_store, now.moving_to) != (dataset.vector_store, dataset.moving_to):
                return False
            if space in _spaces(now):
                entries = source.read(uow if source.transactional else None, space, living)
                target.write(uow if target.transactional else None, space, entries)
            store.note_progress(dataset.tenant_id, dataset.id, space.generation, nodes[-1], len(nodes))
            uow.commit()
        return True

    def _switch(self, dataset: Dataset) -> None:
        """The other store answers from now on."""
        assert dataset.moving_to is not None
        with self._uow() as uow:
            now = DatasetStore(uow).find(dataset.tenant_id, dataset.id, lock=True)
            if now is None or (now.vector_store, now.moving_to) != (dataset.vector_store, dataset.moving_to):
                return
            _end(uow, now, dataset.moving_to)
            uow.commit()


def _end(uow: UnitOfWork, dataset: Dataset, target: str) -> None:
    """The vectors are in ``target`` and nowhere else; searches that began before may still look elsewhere."""
    store = RouteStore(uow)
    left = [place for place in dataset.places if place[0] != target]
    if left:
        IndexingStore(uow).order("drop_indexes", purge_payload(dataset, left), later=LINGER)
    store.forget_move(dataset.tenant_id, dataset.id)
    store.hold(dataset.tenant_id, dataset.id, alone=True)
    store.set_route(dataset.tenant_id, dataset.id, target, None)


def _spaces(dataset: Dataset) -> list[Space]:
    """What there is to move, once each, the older generation first."""
    found = {place.space for place in places_of(dataset) if place.store == dataset.vector_store}
    return sorted(found, key=lambda space: space.generation)
