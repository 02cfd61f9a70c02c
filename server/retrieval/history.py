"""What searches leave behind: rows of history and hits of segments, gathered and written beside the searches.

Nobody waits for them. What a process holds when it is killed, a twentieth of a second of history, is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.retrieval.model import Searched
from server.retrieval.store import RetrievalStore

log = logging.getLogger("transom.retrieval")

_GATHER_SECONDS = 0.05
# While the database is slower than the searches, so many wait at most; what comes on top is dropped.
_MOST_WAITING, _BATCH = 10_000, 500


class SearchLog:
    """One a process, on its event loop."""

    def __init__(self, db: Database, uow: UowFactory) -> None:
        self._db = db
        self._uow = uow
        self._waiting: list[Searched] = []
        self._writer: asyncio.Task[None] | None = None

    def note(self, searched: Searched) -> None:
        """Have a search written down in a moment."""
        if len(self._waiting) >= _MOST_WAITING:
            log.warning("the history of a search is dropped: %d others wait to be written", len(self._waiting))
            return
        self._waiting.append(searched)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())

    async def close(self) -> None:
        """Write what waits."""
        if self._writer is not None:
            await self._writer

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(_GATHER_SECONDS)
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                try:
                    await self._db(self._write, batch)
                except Exception:
                    log.exception("%d searches left no history", len(batch))
        finally:
            self._writer = None

    def _write(self, batch: Sequence[Searched]) -> None:
        hits: dict[str, Counter[str]] = {}
        for one in batch:
            if one.hits:
                hits.setdefault(one.tenant_id, Counter()).update(one.hits)
        with self._uow() as uow:
            store = RetrievalStore(uow)
            store.note_queries(batch)
            for tenant_id, counted in sorted(hits.items()):
                store.count_hits(tenant_id, counted)
            uow.commit()
