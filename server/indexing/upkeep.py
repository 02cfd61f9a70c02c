"""Jobs that keep the indexes in order: building, merging, sweeping, and finding what went missing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Engine

from server.db.engine import UowFactory
from server.index.fulltext import FullText
from server.index.sweep import sweep
from server.index.vector_body import VectorUpkeep
from server.indexing.entries import Entries, spaces_of, stored_dataset
from server.indexing.reconcile_store import ReconcileStore

log = logging.getLogger("transom.indexing")

_BATCH = 1000


class Upkeep:
    """Runs in the worker; every job may be repeated and run beside itself."""

    def __init__(self, uow: UowFactory, entries: Entries, engine: Engine) -> None:
        self._uow = uow
        self._entries = entries
        self._vectors = VectorUpkeep(engine)

    def tend(self, payload: Mapping[str, Any]) -> None:
        """Build what a dataset's indexes need after many writes (server/index/README.md)."""
        tenant_id, dataset_id = payload["tenant_id"], payload["dataset_id"]
        dataset = stored_dataset(self._uow, tenant_id, dataset_id)
        if dataset is None:
            return
        FullText.tend(self._uow, tenant_id, dataset_id)
        if self._entries.vectors.transactional:
            for space in spaces_of(dataset):
                self._vectors.tend(space)

    def sweep(self, _payload: Mapping[str, Any]) -> None:
        """Remove the rows of indexes that were dropped."""
        while sweep(self._uow):
            pass

    def reconcile(self, _payload: Mapping[str, Any]) -> None:
        """Order again what nobody works on, and remove what nobody refers to.

        Both counts are zero when all is well; they are logged when they are not. Orphans come from a crash
        between a vector store and the database, or from a store restored from an older copy.
        """
        with self._uow() as uow:
            lost = ReconcileStore(uow).order_lost_documents(_BATCH)
            orphans = ReconcileStore(uow).order_orphans(_BATCH)
            uow.commit()
        if lost or orphans:
            log.warning("reconcile: %d documents ordered again, %d deleted documents still had segments", lost, orphans)
