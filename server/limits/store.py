"""SQL of limits and of what is counted against them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import datasets, document_segments, documents, workspace_limits

_L = workspace_limits.c
_BYTES_OF_A_FLOAT = 4
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """Limits of a workspace; None is unlimited. ``vector_space`` in MiB, ``knowledge_rate`` a minute."""

    members: int | None = None
    apps: int | None = None
    vector_space: int | None = None
    documents: int | None = None
    knowledge_rate: int | None = None
    add_segment: bool = True


class LimitStore:
    """Limits in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def plan(self, tenant_id: str) -> Plan:
        """What the workspace may use."""
        columns = (_L.members, _L.apps, _L.vector_space, _L.documents, _L.knowledge_rate, _L.add_segment)
        row = self._uow.execute(sa.select(*columns).where(_L.tenant_id == tenant_id)).one_or_none()
        return Plan(*row) if row else Plan()

    def documents(self, tenant_id: str) -> int:
        """Documents of the workspace."""
        count = sa.select(sa.func.count()).select_from(documents).where(documents.c.tenant_id == tenant_id)
        return self._uow.execute(count).scalar_one()

    def vector_space(self, tenant_id: str) -> int:
        """MiB of the workspace's vectors: segments times dimension, rounded up."""
        total = (
            sa.select(sa.func.coalesce(sa.func.sum(datasets.c.dimension), 0) * _BYTES_OF_A_FLOAT)
            .select_from(document_segments.join(datasets, datasets.c.id == document_segments.c.dataset_id))
            .where(document_segments.c.tenant_id == tenant_id, datasets.c.dimension.is_not(None))
        )
        return -(-int(self._uow.execute(total).scalar_one()) // _MEBIBYTE)
