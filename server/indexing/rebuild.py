"""The job ``rebuild_dataset``: another technique or embedding model, built beside the index that answers.

All segments that answer are written into the wanted generation; then one transaction makes it the one that
answers. Documents show ``indexing`` meanwhile, searches go on with the old index. Repeating it is cheap: the
embedding cache remembers what was done. Segments that are changed or removed meanwhile are left to whoever
does that: each batch is looked at again, its rows locked, in the transaction that writes it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from server.dataset.model import Dataset
from server.dataset.store import DatasetStore, purge_payload
from server.db.engine import UowFactory
from server.index.port import VectorStoreUnavailable
from server.indexing.entries import Entries, Prepared, stored_dataset
from server.indexing.model import Failed, IndexChanged, PendingSegment
from server.indexing.pipeline import completed, final_reason, prepared
from server.indexing.ports import Models
from server.indexing.rebuild_store import RebuildStore
from server.indexing.route_store import RouteStore
from server.indexing.store import IndexingStore
from server.kit.plain import clean_text

log = logging.getLogger("transom.indexing")

_BATCH = 200
# Searches that began before the switch may still look at the old index.
LINGER = timedelta(seconds=60)


class Rebuilder:
    """Runs in the worker; thread-safe."""

    def __init__(self, uow: UowFactory, entries: Entries, models: Models, *, most_attempts: int) -> None:
        self._uow = uow
        self._entries = entries
        self._models = models
        self._most_attempts = most_attempts

    def rebuild(self, payload: Mapping[str, Any]) -> None:
        """The job's handler. A generation that is not wanted any more, or answers already, is left alone."""
        dataset = stored_dataset(self._uow, payload["tenant_id"], payload["dataset_id"])
        if dataset is None or dataset.generation != payload["generation"]:
            return
        if dataset.generation == dataset.live_generation:
            return
        with self._uow() as uow:
            attempts = RebuildStore(uow).show_indexing(dataset)
            uow.commit()
        try:
            if attempts > self._most_attempts:
                raise Failed(f"Indexing was begun {self._most_attempts} times and never came to an end.")
            self._write_all(dataset)
            self._switch(dataset)
        except IndexChanged:
            log.info("dataset %s: generation %d is not wanted any more", dataset.id, dataset.generation)
        except Exception as error:
            self._fail_or_raise(dataset, attempts, error)

    def _fail_or_raise(self, dataset: Dataset, attempts: int, error: Exception) -> None:
        """Give the index up with a reason, or let the job come back for another attempt."""
        if isinstance(error, VectorStoreUnavailable):
            with self._uow() as uow:
                RebuildStore(uow).excuse(dataset, clean_text(str(error))[:2000])
                uow.commit()
            raise error
        reason = final_reason(error)
        if reason is None and attempts < self._most_attempts:
            raise error
        log.warning("dataset %s cannot be built anew: %s", dataset.id, error, exc_info=reason is None and error)
        with self._uow() as uow:
            RebuildStore(uow).show_error(dataset, clean_text(reason or f"Indexing failed: {error}")[:2000])
            uow.commit()

    def _write_all(self, dataset: Dataset) -> None:
        after, first = "", True
        while True:
            with self._uow() as uow:
                store = RebuildStore(uow)
                batch, after = store.live(dataset, after, _BATCH)
                count = store.count_live(dataset) if first else 0
            if not batch:
                return
            ready = prepared(self._entries, self._models, dataset, batch)
            if first and ready.dimension is not None:
                self._entries.expect(dataset, ready.dimension, count)
            first = False
            self._write(dataset, batch, ready)

    def _write(self, dataset: Dataset, batch: list[PendingSegment], ready: Prepared) -> None:
        self._entries.write_outside(ready)
        with self._uow() as uow:
            store = RebuildStore(uow)
            nodes, segments = store.unchanged(dataset, batch)
            self._entries.write(uow, ready.only(nodes))
            done = [one for one in completed(batch, ready) if one[0] in segments]
            IndexingStore(uow).complete(dataset.tenant_id, done)
            uow.commit()

    def _switch(self, dataset: Dataset) -> None:
        """The new index answers; the old one, and the words it needed, are dropped a little later."""
        with self._uow() as uow:
            datasets = DatasetStore(uow)
            now = datasets.find(dataset.tenant_id, dataset.id, lock=True)
            if now is None or now.generation != dataset.generation or now.generation == now.live_generation:
                return
            store = RebuildStore(uow)
            store.show_completed(now)
            old = [place for place in now.places if place[2] == now.live_generation]
            IndexingStore(uow).order("drop_indexes", purge_payload(now, old), later=LINGER)
            store.order_waiting(now)
            RouteStore(uow).hold(now.tenant_id, now.id, alone=True)
            datasets.update(
                now.tenant_id, now.id,
                {
                    "live_technique": now.indexing_technique, "live_provider": now.embedding_provider,
                    "live_model": now.embedding_model, "live_generation": now.generation,
                    "live_dimension": now.dimension,
                },
            )
            uow.commit()
