"""SQL of searching: who may be found, what is shown of it, what is noted about it. Bound to one workspace."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import child_chunks, dataset_queries, document_segments, documents, segment_summaries
from server.kit.ids import new_id
from server.retrieval.model import FoundSegment, Searched

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
# Ids come as one text, so that the statement has the same text for any number of them.
_SEGMENTS = hot(
    _FOUND.select_from(document_segments.join(documents, _M.id == _S.document_id)).where(
        _S.tenant_id == sa.bindparam("tenant"), _S.id == sa.text("ANY(CAST(:ids AS uuid[]))"), _S.enabled,
        _S.status == "completed", _S.version == _M.live_version, _LIVE,
    )
)
_SILENT = hot(
    sa.select(_M.id).where(
        _M.tenant_id == sa.bindparam("tenant"), _M.dataset_id == sa.bindparam("dataset"), _M.live_version > 0,
        sa.or_(sa.not_(_M.enabled), _M.archived),
    ).limit(sa.bindparam("most"))
)
_COUNTED = (
    sa.func.unnest(
        sa.bindparam("ids", type_=ARRAY(_S.id.type)), sa.bindparam("hits", type_=ARRAY(sa.Integer)),
    )
    .table_valued(sa.column("id", _S.id.type), sa.column("hits", sa.Integer), name="counted").render_derived()
)
# Rows are held in the order of their ids: two processes that count the same ones wait for each other.
_HELD = (
    sa.select(_S.id).where(_S.tenant_id == sa.bindparam("tenant"), _S.id.in_(sa.select(_COUNTED.c.id)))
    .order_by(_S.id).with_for_update(key_share=True).cte("held")
)


class RetrievalStore:
    """Searches in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def segments(self, tenant_id: str, segment_ids: Sequence[str]) -> dict[str, FoundSegment]:
        """Those of the segments that may be returned, by id."""
        if not segment_ids:
            return {}
        wanted = {"tenant": tenant_id, "ids": "{" + ",".join(segment_ids) + "}"}
        return {row.id: FoundSegment(**row._mapping) for row in self._uow.execute(_SEGMENTS, wanted)}

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
        wanted = {"tenant": tenant_id, "dataset": dataset_id, "most": limit}
        return list(self._uow.execute(_SILENT, wanted).scalars())

    def gone(self, tenant_id: str, document_ids: Collection[str]) -> list[str]:
        """Those of the documents that do not answer, or are not there any more."""
        statement = sa.select(_M.id).where(_M.tenant_id == tenant_id, _M.id.in_(document_ids), _LIVE)
        return sorted(set(document_ids).difference(self._uow.execute(statement).scalars()))

    def answering(self, tenant_id: str, dataset_ids: Sequence[str]) -> set[str]:
        """Datasets with any document that answers."""
        statement = sa.select(_M.dataset_id).distinct().where(
            _M.tenant_id == tenant_id, _M.dataset_id.in_(dataset_ids), _LIVE
        )
        return set(self._uow.execute(statement).scalars())

    def note_queries(self, searches: Sequence[Searched]) -> None:
        """Remember searches, once a dataset."""
        rows = [
            {
                "id": new_id(), "tenant_id": one.tenant_id, "dataset_id": dataset_id, "source": one.source,
                "content": [{"content_type": "text_query", "content": one.query}], "app_id": one.app_id,
                "created_by_role": one.role, "created_by": one.created_by, "created_at": one.created_at,
            }
            for one in searches for dataset_id in one.dataset_ids
        ]
        if rows:
            self._uow.execute(sa.insert(dataset_queries), rows)

    def count_hits(self, tenant_id: str, hits: Mapping[str, int]) -> None:
        """Segments were returned to apps, so often each."""
        ids = sorted(hits)
        counting = (
            sa.update(document_segments)
            .where(_S.tenant_id == tenant_id, _S.id == _HELD.c.id, _COUNTED.c.id == _HELD.c.id)
            .values(hit_count=_S.hit_count + _COUNTED.c.hits)
        )
        self._uow.execute(counting, {"tenant": tenant_id, "ids": ids, "hits": [hits[one] for one in ids]})
