"""Jobs that keep the indexes in order: building, merging, sweeping, and finding what went missing or was left over."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from server.dataset.model import Dataset
from server.db.engine import UowFactory
from server.index.sweep import sweep
from server.indexing.entries import Entries, Place, places_of, stored_dataset
from server.indexing.reconcile_store import ReconcileStore
from server.indexing.store import CleanStore

log = logging.getLogger("transom.indexing")

_BATCH = 1000
# Each finding is counted in ``upkeep_findings`` under its kind.
LOST, ORPHANS = "lost documents", "orphaned documents"
SPACES, ENTRIES = "orphaned indexes", "orphaned entries"


class Upkeep:
    """Runs in the worker; every job may be repeated and run beside itself."""

    def __init__(self, uow: UowFactory, entries: Entries) -> None:
        self._uow = uow
        self._entries = entries

    def tend(self, payload: Mapping[str, Any]) -> None:
        """``tend_dataset``: what a dataset's indexes need after many writes (server/index/README.md)."""
        dataset = stored_dataset(self._uow, payload["tenant_id"], payload["dataset_id"])
        if dataset is not None:
            self._entries.tend(dataset)

    def sweep(self, _payload: Mapping[str, Any]) -> None:
        """``sweep_indexes``: remove the rows of indexes that were dropped."""
        while sweep(self._uow):
            pass

    def reconcile(self, _payload: Mapping[str, Any]) -> None:
        """``reconcile_knowledge``, every few minutes: order again what nobody works on.

        Nothing is found when all is well; what is found is logged and counted.
        """
        self._find(LOST, lambda store: store.order_lost_documents(_BATCH) + store.order_lost_rebuilds(_BATCH))

    def look_for_orphans(self, _payload: Mapping[str, Any]) -> None:
        """``find_orphans``, every day: what nobody refers to is ordered to go.

        It comes from a crash between a vector store and the database, or from a store that was restored from
        an older copy. Entries are compared with segments dataset by dataset, by jobs of their own.
        """
        self._find(ORPHANS, lambda store: store.order_orphan_datasets(_BATCH) + store.order_orphans(_BATCH))
        self._find(SPACES, lambda store: store.drop_orphan_spaces())
        with self._uow() as uow:
            ReconcileStore(uow).order_checks()
            uow.commit()

    def _find(self, kind: str, look: Callable[[ReconcileStore], int]) -> None:
        with self._uow() as uow:
            store = ReconcileStore(uow)
            found = look(store)
            if found:
                store.note(kind, found)
            uow.commit()
        if found:
            log.warning("reconcile: %d %s found and ordered to be mended", found, kind)

    def check_entries(self, payload: Mapping[str, Any]) -> None:
        """``check_entries``: find entries of a dataset's indexes that belong to no segment, child chunk or summary."""
        dataset = stored_dataset(self._uow, payload["tenant_id"], payload["dataset_id"])
        if dataset is None:
            return
        with self._uow() as uow:
            found = ReconcileStore(uow).orphan_words(dataset.tenant_id, dataset.id, _BATCH)
        count = self._order_purge(dataset, found)
        for place in places_of(dataset):
            count += self._check_vectors(dataset, place)
        if count:
            log.warning("reconcile: %d %s found in dataset %s", count, ENTRIES, dataset.id)

    def _check_vectors(self, dataset: Dataset, place: Place) -> int:
        store = self._entries.stores.get(place.store)
        count = 0
        with self._uow() as uow:
            for nodes in store.nodes(uow if store.transactional else None, place.space, _BATCH):
                # Each page is a moment of its own; no row stays locked while the next one is read.
                uow.commit()
                count += self._order_purge(dataset, CleanStore(uow).without_rows(dataset.tenant_id, nodes))
        return count

    def _order_purge(self, dataset: Dataset, node_ids: list[str]) -> int:
        if node_ids:
            with self._uow() as uow:
                store = ReconcileStore(uow)
                store.order_purge(dataset.tenant_id, dataset.id, node_ids)
                store.note(ENTRIES, len(node_ids))
                uow.commit()
        return len(node_ids)
