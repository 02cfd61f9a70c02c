"""SQL of the document cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from server.db.embedding_tables import embedding_cache
from server.db.engine import UnitOfWork

_C = embedding_cache.c
_BYTES = ARRAY(sa.LargeBinary)


class EmbeddingStore:
    """One transaction's view of the cache."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def find(self, tenant_id: str, space: bytes, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        """Text hash -> vector, of those that are kept."""
        rows = self._uow.execute(
            sa.select(_C.text_hash, _C.vector).where(
                _C.tenant_id == tenant_id, _C.space == space, _C.text_hash == sa.any_(sa.literal(list(hashes), _BYTES))
            )
        )
        return {bytes(row.text_hash): bytes(row.vector) for row in rows}

    def add(self, tenant_id: str, space: bytes, vectors: Mapping[bytes, bytes]) -> None:
        """Keep vectors by text hash; a newer one replaces an older one."""
        # In order, so that two transactions with the same texts wait for each other instead of dead-locking.
        hashes = sorted(vectors)
        new = sa.select(
            sa.literal(tenant_id, _C.tenant_id.type), sa.literal(space, _C.space.type),
            sa.func.unnest(sa.literal(hashes, _BYTES)),
            sa.func.unnest(sa.literal([vectors[each] for each in hashes], _BYTES)),
        )
        statement = insert(embedding_cache).from_select(["tenant_id", "space", "text_hash", "vector"], new)
        self._uow.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "space", "text_hash"],
                set_={"vector": statement.excluded.vector, "created_at": sa.func.now()},
            )
        )

    def purge(self, age: timedelta, limit: int) -> int:
        """Forget up to ``limit`` vectors that are older than ``age``; how many were."""
        old = (
            sa.select(_C.tenant_id, _C.space, _C.text_hash).where(_C.created_at < sa.func.now() - age)
            .order_by(_C.created_at).limit(limit)
        )
        key = sa.tuple_(_C.tenant_id, _C.space, _C.text_hash)
        return self._uow.execute(sa.delete(embedding_cache).where(key.in_(old))).rowcount
