"""The document cache: vectors of indexed texts, so that nothing is embedded twice within 30 days."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.embedding.store import EmbeddingStore
from server.embedding.vectors import packed, unpacked

if TYPE_CHECKING:
    from server.embedding.vectors import Vector

# New vectors are kept by one statement when there are so many, or when the first of them is so old.
_MANY = 256
_OLD_SECONDS = 5.0


class DocumentCache:
    """Looks up and keeps many vectors by one statement each; no connection is held in between."""

    def __init__(self, db: Database, uow: UowFactory) -> None:
        self._db = db
        self._uow = uow

    async def find(self, tenant_id: str, space: str, hashes: Sequence[bytes]) -> dict[bytes, Vector]:
        """Text hash -> vector, of those that are kept."""
        return await self._db(self._find, tenant_id, _short(space), hashes)

    def keeping(self, tenant_id: str, space: str) -> Keeping:
        """Collects vectors of one space and keeps them as they come."""
        return Keeping(self, tenant_id, space)

    async def add(self, tenant_id: str, space: str, vectors: Mapping[bytes, Vector]) -> None:
        """Keep vectors by text hash."""
        await self._db(self._add, tenant_id, _short(space), vectors)

    def _find(self, tenant_id: str, space: bytes, hashes: Sequence[bytes]) -> dict[bytes, Vector]:
        with self._uow() as uow:
            found = EmbeddingStore(uow).find(tenant_id, space, hashes)
        return {key: unpacked(data) for key, data in found.items()}

    def _add(self, tenant_id: str, space: bytes, vectors: Mapping[bytes, Vector]) -> None:
        rows = {key: packed(vector) for key, vector in vectors.items()}
        with self._uow() as uow:
            EmbeddingStore(uow).add(tenant_id, space, rows)
            uow.commit()


class Keeping:
    """New vectors on their way to the cache. Rows that the model did not compute are not kept."""

    def __init__(self, cache: DocumentCache, tenant_id: str, space: str) -> None:
        self._cache = cache
        self._tenant_id = tenant_id
        self._space = space
        self._waiting: dict[bytes, Vector] = {}
        self._since = 0.0
        self._lock = asyncio.Lock()

    async def add(self, vectors: Mapping[bytes, Vector | None]) -> None:
        """Take vectors; keep all that wait when it is time."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.update({key: vector for key, vector in vectors.items() if vector is not None})
        if len(self._waiting) >= _MANY or time.monotonic() - self._since > _OLD_SECONDS:
            await self.flush()

    async def flush(self) -> None:
        """Keep what waits. What cannot be kept waits for the next time."""
        async with self._lock:
            waiting, self._waiting = self._waiting, {}
            if not waiting:
                return
            try:
                await self._cache.add(self._tenant_id, self._space, waiting)
            except BaseException:
                self._waiting = waiting | self._waiting
                raise


def _short(space: str) -> bytes:
    """Half of the digest: 128 bits are as unlikely to meet twice."""
    return bytes.fromhex(space)[:16]
