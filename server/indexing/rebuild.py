"""The job ``rebuild_dataset``: another technique or embedding model, built beside the index that answers.

All segments that answer are written into the wanted generation; then one transaction makes it the one that
answers. Documents show ``indexing`` meanwhile, searches go on with the old index. Repeating it is cheap:
the embedding cache remembers what was done. What cannot be built leaves the old index answering and its
documents in ``error``; choosing the model again, or a retry of the documents, builds once more.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from server.dataset.model import ECONOMY, Dataset
from server.dataset.store import DatasetStore
from server.db.engine import UnitOfWork, UowFactory
from server.indexing.entries import Entries, Prepared, space_of, spaces_in, stored_dataset
from server.indexing.model import PendingSegment, Superseded
from server.indexing.pipeline import check_dimension, completed, final_reason, prepared
from server.indexing.ports import Models
from server.indexing.rebuild_store import RebuildStore
from server.indexing.store import IndexingStore

log = logging.getLogger("transom.indexing")

_BATCH = 200


class Rebuilder:
    """Runs in the worker; thread-safe."""

    def __init__(self, uow: UowFactory, entries: Entries, models: Models, *, most_attempts: int) -> None:
        self._uow = uow
        self._entries = entries
        self._models = models
        self._most_attempts = most_attempts

    def rebuild(self, payload: Mapping[str, Any]) -> None:
        """The job's handler. A generation that is not wanted any more is left alone."""
        # Begun by changes that this one replaced.
        self._entries.drop_spaces(self._uow, spaces_in(payload, "stale"))
        dataset = stored_dataset(self._uow, payload["tenant_id"], payload["dataset_id"])
        if dataset is None or dataset.generation != payload["generation"]:
            return
        if dataset.live_generation == dataset.generation:
            # Done, and announced once more.
            return
        with self._uow() as uow:
            attempts = RebuildStore(uow).show_indexing(dataset)
            uow.commit()
        try:
            self._write_all(dataset)
            self._switch(dataset)
        except Superseded:
            log.info("dataset %s: generation %d is not wanted any more", dataset.id, dataset.generation)
            self._leave(dataset)
        except Exception as error:
            reason = final_reason(error)
            if reason is None and attempts < self._most_attempts:
                raise
            log.warning("dataset %s cannot be built anew: %s", dataset.id, error, exc_info=reason is None)
            with self._uow() as uow:
                RebuildStore(uow).show_error(dataset, reason or f"Indexing failed: {error}")
                uow.commit()

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
                _hold(uow, dataset)
                if dataset.dimension is None and ready.dimension:
                    IndexingStore(uow).set_dimension(dataset.tenant_id, dataset, ready.dimension)
                self._write(uow, dataset, batch, ready)
                uow.commit()

    def _write(self, uow: UnitOfWork, dataset: Dataset, batch: list[PendingSegment], ready: Prepared) -> None:
        """Write what is still as it was read: who changed it meanwhile has written it into this generation."""
        now = RebuildStore(uow).still_live(dataset, [one.id for one in batch])
        ready = ready.only({node for one in now for node in one.nodes})
        same = {one.id for one in now}
        self._entries.write(uow, dataset, ready)
        done = completed(dataset, [one for one in batch if one.id in same], ready)
        if done:
            IndexingStore(uow).complete(dataset.tenant_id, done)

    def _switch(self, dataset: Dataset) -> None:
        with self._uow() as uow:
            now = _hold(uow, dataset)
            DatasetStore(uow).update(
                now.tenant_id, now.id,
                {
                    "live_technique": now.indexing_technique, "live_provider": now.embedding_provider,
                    "live_model": now.embedding_model, "live_generation": now.generation,
                    "live_dimension": now.dimension,
                },
            )
            RebuildStore(uow).show_completed(now)
            if now.live_dimension is not None:
                self._drop(uow, now, now.live_dimension, now.live_generation)
            if now.indexing_technique == ECONOMY:
                self._entries.fulltext.drop(uow, now.tenant_id, now.id)
            else:
                self._entries.keyword_table.drop(uow, now.tenant_id, now.id)
            uow.commit()

    def _leave(self, dataset: Dataset) -> None:
        """Remove what was written for nothing."""
        now = stored_dataset(self._uow, dataset.tenant_id, dataset.id)
        if now is None or dataset.dimension is None or now.live_generation == dataset.generation:
            return
        with self._uow() as uow:
            self._drop(uow, dataset, dataset.dimension, dataset.generation)
            uow.commit()

    def _drop(self, uow: UnitOfWork, dataset: Dataset, dimension: int, generation: int) -> None:
        """Vectors go with the transaction, or, where the store knows none, after it."""
        if self._entries.vectors.transactional:
            self._entries.vectors.drop(uow, space_of(dataset, dimension, generation))
            return
        payload = {
            "tenant_id": dataset.tenant_id, "dataset_id": dataset.id, "spaces": [[dimension, generation]],
        }
        IndexingStore(uow).order("purge_spaces", payload)


def _hold(uow: UnitOfWork, dataset: Dataset) -> Dataset:
    """The dataset as it is now, locked while the generation is still wanted. Raises Superseded."""
    now = DatasetStore(uow).find(dataset.tenant_id, dataset.id, lock=True)
    if now is None or now.generation != dataset.generation or now.live_generation == dataset.generation:
        raise Superseded
    return now
