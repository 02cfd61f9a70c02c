"""SQL of searching: who may be found, what is shown of it, what is noted about it. Bound to one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import child_chunks, dataset_queries, document_segments, documents, segment_summaries
from server.kit.ids import new_id
from server.retrieval.model import FoundSegment

_S = document_segments.c
_M = documents.c
_C = child_chunks.c
_SUMMARY = (
    sa.select(segment_summaries.c.content)
    .where(segment_summaries.c.segment_id == _S.id, segment_summaries.c.status == "completed")
    .scalar_subquery()
)
_FOUND = sa.select(
    _S.id, _S.document_id, _S.dataset_id, _S.position, _S.content, _S.answer, _S.word_count, _S.tokens, _S.keywords,
    _S.index_node_id, _S.index_node_hash, _S.hit_count, _S.status, _S.created_by, _S.created_at, _S.indexing_at,
    _S.completed_at, _M.name.label("document_name"), _M.data_source_type, _M.doc_type, _M.doc_metadata,
    _SUMMARY.label("summary"),
)
# Whose segments answer (rag-engine.md 7.2): the version that is live, of documents that are switched on.
_LIVE = sa.and_(_M.live_version > 0, _M.enabled, sa.not_(_M.archived))


class RetrievalStore:
    """Searches in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def segments(self, tenant_id: str, segment_ids: Sequence[str]) -> dict[str, FoundSegment]:
        """Those of the segments that may be returned, by id."""
        statement = (
            _FOUND.select_from(document_segments.join(documents, _M.id == _S.document_id))
            .where(
                _S.tenant_id == tenant_id, _S.id.in_(segment_ids), _S.enabled, _S.status == "completed",
                _S.version == _M.live_version, _LIVE,
            )
        )
        return {row.id: FoundSegment(**row._mapping) for row in self._uow.execute(statement)}

    def children(self, tenant_id: str, node_ids: Sequence[str]) -> dict[str, Any]:
        """(id, content, position) of child chunks by their node."""
        statement = sa.select(_C.index_node_id, _C.id, _C.content, _C.position).where(
            _C.tenant_id == tenant_id, _C.index_node_id.in_(node_ids)
        )
        return {row.index_node_id: row for row in self._uow.execute(statement)}

    def matching(
        self, tenant_id: str, dataset_ids: Sequence[str], condition: sa.ColumnElement[bool]
    ) -> dict[str, list[str]]:
        """Documents that answer and fulfil a condition on their metadata, by dataset."""
        statement = sa.select(_M.dataset_id, _M.id).where(
            _M.tenant_id == tenant_id, _M.dataset_id.in_(dataset_ids), _LIVE, condition
        )
        found: dict[str, list[str]] = {dataset_id: [] for dataset_id in dataset_ids}
        for row in self._uow.execute(statement):
            found[row.dataset_id].append(row.id)
        return found

    def silent(self, tenant_id: str, dataset_id: str, limit: int) -> list[str]:
        """Documents that are in the index and do not answer: disabled or archived; at most ``limit``."""
        statement = sa.select(_M.id).where(
            _M.tenant_id == tenant_id, _M.dataset_id == dataset_id, _M.live_version > 0,
            sa.or_(sa.not_(_M.enabled), _M.archived),
        )
        return list(self._uow.execute(statement.limit(limit)).scalars())

    def answering(self, tenant_id: str, dataset_ids: Sequence[str]) -> set[str]:
        """Datasets with any document that answers."""
        statement = sa.select(_M.dataset_id).distinct().where(
            _M.tenant_id == tenant_id, _M.dataset_id.in_(dataset_ids), _LIVE
        )
        return set(self._uow.execute(statement).scalars())

    def note_query(
        self, tenant_id: str, dataset_ids: Sequence[str], query: str, *, source: str, app_id: str | None, role: str,
        created_by: str | None,
    ) -> None:
        """Remember a query, once a dataset."""
        content = [{"content_type": "text_query", "content": query}]
        shared: Mapping[str, Any] = {
            "tenant_id": tenant_id, "content": content, "source": source, "app_id": app_id, "created_by_role": role,
            "created_by": created_by,
        }
        rows = [{**shared, "id": new_id(), "dataset_id": dataset_id} for dataset_id in dataset_ids]
        if rows:
            self._uow.execute(sa.insert(dataset_queries), rows)

    def count_hits(self, tenant_id: str, segment_ids: Sequence[str]) -> None:
        """Segments were returned to an app once more."""
        self._uow.execute(
            sa.update(document_segments).where(_S.tenant_id == tenant_id, _S.id.in_(sorted(segment_ids)))
            .values(hit_count=_S.hit_count + 1)
        )
