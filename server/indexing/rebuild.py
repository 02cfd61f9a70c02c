"""The job ``rebuild_dataset``: another technique or embedding model, built beside the index that answers.

All segments that answer are written into the wanted generation; then one transaction makes it the one that
answers. Documents show ``indexing`` meanwhile, searches go on with the old index. Repeating it is cheap:
the embedding cache remembers what was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.dataset.model import ECONOMY, Dataset
from server.dataset.store import DatasetStore
from server.db.engine import UowFactory
from server.index.port import Space
from server.indexing.entries import Entries, space_of, stored_dataset
from server.indexing.pipeline import check_dimension, completed, final_reason, prepared
from server.indexing.ports import Models
from server.indexing.rebuild_store import RebuildStore
from server.indexing.store import IndexingStore

_BATCH = 200


class Rebuilder:
    """Runs in the worker; thread-safe."""

    def __init__(self, uow: UowFactory, entries: Entries, models: Models) -> None:
        self._uow = uow
        self._entries = entries
        self._models = models

    def rebuild(self, payload: Mapping[str, Any]) -> None:
        """The job's handler. A generation that is not wanted any more is left alone."""
        dataset = self._wanted(payload)
        if dataset is None:
            return
        with self._uow() as uow:
            RebuildStore(uow).show_indexing(dataset)
            uow.commit()
        try:
            self._write_all(dataset)
        except Exception as error:
            reason = final_reason(error)
            if reason is None:
                raise
            with self._uow() as uow:
                RebuildStore(uow).show_error(dataset, reason)
                uow.commit()
            return
        self._switch(payload, dataset)

    def _wanted(self, payload: Mapping[str, Any]) -> Dataset | None:
        dataset = stored_dataset(self._uow, payload["tenant_id"], payload["dataset_id"])
        return dataset if dataset is not None and dataset.generation == payload["generation"] else None

    def _write_all(self, dataset: Dataset) -> None:
        after = ""
        while True:
            with self._uow() as uow:
                batch, after = RebuildStore(uow).live(dataset, after, _BATCH)
            if not batch:
                return
            ready = prepared(self._entries, self._models, dataset, batch)
            check_dimension(dataset, ready)
            self._entries.write_outside(dataset, ready)
            with self._uow() as uow:
                if dataset.dimension is None and ready.dimension:
                    IndexingStore(uow).set_dimension(dataset.tenant_id, dataset, ready.dimension)
                self._entries.write(uow, dataset, ready)
                IndexingStore(uow).complete(dataset.tenant_id, completed(dataset, batch, ready))
                uow.commit()

    def _switch(self, payload: Mapping[str, Any], dataset: Dataset) -> None:
        with self._uow() as uow:
            store = DatasetStore(uow)
            now = store.find(dataset.tenant_id, dataset.id, lock=True)
            if now is None or now.generation != payload["generation"]:
                return
            old = _old_space(now)
            store.update(
                now.tenant_id, now.id,
                {
                    "live_technique": now.indexing_technique, "live_provider": now.embedding_provider,
                    "live_model": now.embedding_model, "live_generation": now.generation,
                    "live_dimension": now.dimension,
                },
            )
            RebuildStore(uow).show_completed(now)
            if old is not None and self._entries.vectors.transactional:
                self._entries.vectors.drop(uow, old)
            if now.indexing_technique == ECONOMY:
                self._entries.fulltext.drop(uow, now.tenant_id, now.id)
            else:
                self._entries.keyword_table.drop(uow, now.tenant_id, now.id)
            uow.commit()
        if old is not None and not self._entries.vectors.transactional:
            self._entries.vectors.drop(None, old)


def _old_space(dataset: Dataset) -> Space | None:
    if dataset.live_dimension is None:
        return None
    return space_of(dataset, dataset.live_dimension, dataset.live_generation)


