"""SQL that finds what went missing, over all workspaces: the server's own view."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import document_segments, documents, jobs

_M = documents.c
_S = document_segments.c
_UNFINISHED = ("waiting", "parsing", "cleaning", "splitting", "indexing")
_QUIET = sa.text("interval '2 minutes'")


class ReconcileStore:
    """One transaction of the reconcile job."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def order_lost_documents(self, limit: int) -> int:
        """Documents that wait for indexing while no job says so are ordered again; how many."""
        has_job = (
            sa.select(jobs.c.id)
            .where(
                jobs.c.kind.in_(["index_document", "rebuild_dataset"]),
                sa.or_(
                    jobs.c.payload["document_id"].astext == sa.cast(_M.id, sa.Text),
                    sa.and_(
                        jobs.c.kind == "rebuild_dataset",
                        jobs.c.payload["dataset_id"].astext == sa.cast(_M.dataset_id, sa.Text),
                    ),
                ),
            )
            .exists()
        )
        lost = (
            sa.select(_M.tenant_id, _M.dataset_id, _M.id, _M.version)
            .where(
                _M.indexing_status.in_(_UNFINISHED), sa.not_(_M.is_paused), _M.updated_at < sa.func.now() - _QUIET,
                sa.not_(has_job),
            )
            .limit(limit)
        )
        rows = self._uow.execute(lost).all()
        for row in rows:
            payload = {
                "tenant_id": row.tenant_id, "dataset_id": row.dataset_id, "document_id": row.id, "version": row.version,
            }
            self._uow.execute(sa.insert(jobs).values(kind="index_document", payload=payload))
        return len(rows)

    def order_orphans(self, limit: int) -> int:
        """Segments whose document is gone while no job removes them are ordered to go; how many documents."""
        orphaned = (
            sa.select(_S.tenant_id, _S.dataset_id, _S.document_id).distinct()
            .where(
                sa.not_(sa.select(_M.id).where(_M.id == _S.document_id).exists()),
                sa.not_(
                    sa.select(jobs.c.id)
                    .where(
                        jobs.c.kind.in_(["purge_document", "purge_dataset"]),
                        sa.or_(
                            jobs.c.payload["document_id"].astext == sa.cast(_S.document_id, sa.Text),
                            jobs.c.payload["dataset_id"].astext == sa.cast(_S.dataset_id, sa.Text),
                        ),
                    )
                    .exists()
                ),
            )
            .limit(limit)
        )
        rows = self._uow.execute(orphaned).all()
        for row in rows:
            payload = {"tenant_id": row.tenant_id, "dataset_id": row.dataset_id, "document_id": row.document_id}
            self._uow.execute(sa.insert(jobs).values(kind="purge_document", payload=payload))
        return len(rows)
