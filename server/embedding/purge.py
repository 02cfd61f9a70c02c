"""Forgets old vectors of the document cache; handler of the job ``purge_embeddings``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from server.db.engine import UowFactory
from server.embedding.store import EmbeddingStore

# rag-engine.md 6.2.
KEPT = timedelta(days=30)
_BATCH = 5_000


class EmbeddingPurge:
    """Runs in the worker; may be repeated."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def purge(self, _payload: Mapping[str, Any]) -> None:
        """Forget what is older than 30 days, of all tenants, one batch a transaction."""
        while self._batch() == _BATCH:
            pass

    def _batch(self) -> int:
        with self._uow() as uow:
            gone = EmbeddingStore(uow).purge(KEPT, _BATCH)
            uow.commit()
            return gone
