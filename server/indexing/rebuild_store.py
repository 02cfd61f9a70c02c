"""SQL of a dataset whose index is built anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from server.dataset.model import Dataset
from server.db.engine import UnitOfWork
from server.db.tables import child_chunks, document_segments, documents
from server.indexing.model import Node, PendingSegment

_M = documents.c
_S = document_segments.c
_C = child_chunks.c
_NIL = "00000000-0000-0000-0000-000000000000"


class RebuildStore:
    """Documents of one dataset in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def show_indexing(self, dataset: Dataset) -> None:
        """Documents that answer show that their index is being made."""
        self._show(dataset, "completed", {"indexing_status": "indexing", "error": None})

    def show_completed(self, dataset: Dataset) -> None:
        """They are done."""
        self._show(dataset, "indexing", {"indexing_status": "completed", "error": None})

    def show_error(self, dataset: Dataset, reason: str) -> None:
        """Their index could not be made; the old one goes on answering."""
        values = {"indexing_status": "error", "error": reason, "stopped_at": sa.func.now()}
        self._show(dataset, "indexing", values)

    def _show(self, dataset: Dataset, status: str, values: dict[str, Any]) -> None:
        # A version that is being indexed on its own is newer than the one that answers.
        self._uow.execute(
            sa.update(documents)
            .where(
                _M.tenant_id == dataset.tenant_id, _M.dataset_id == dataset.id, _M.indexing_status == status,
                _M.live_version == _M.version,
            )
            .values(**values)
        )

    def live(self, dataset: Dataset, after: str, limit: int) -> tuple[list[PendingSegment], str]:
        """Segments that answer, after one by id, and the last id of them."""
        statement = (
            sa.select(_S.id, _S.document_id, _S.content, _S.answer, _S.keywords, _S.index_node_id, _M.doc_form)
            .select_from(document_segments.join(documents, _M.id == _S.document_id))
            .where(
                _S.tenant_id == dataset.tenant_id, _S.dataset_id == dataset.id, _S.id > (after or _NIL),
                _S.version == _M.live_version, _S.status == "completed", _S.enabled,
            )
            .order_by(_S.id).limit(limit)
        )
        rows = self._uow.execute(statement).all()
        children = self._children(dataset, [row.id for row in rows])
        return [_pending(row, children.get(row.id, ())) for row in rows], rows[-1].id if rows else after

    def _children(self, dataset: Dataset, segment_ids: Sequence[str]) -> dict[str, list[Node]]:
        if dataset.doc_form != "hierarchical_model" or not segment_ids:
            return {}
        statement = sa.select(_C.segment_id, _C.document_id, _C.index_node_id, _C.content).where(
            _C.tenant_id == dataset.tenant_id, _C.segment_id.in_(segment_ids)
        )
        found: dict[str, list[Node]] = {}
        for row in self._uow.execute(statement.order_by(_C.position)):
            found.setdefault(row.segment_id, []).append(
                Node(
                    node_id=row.index_node_id, segment_id=row.segment_id, document_id=row.document_id, text=row.content
                )
            )
        return found


def _pending(row: Any, children: Sequence[Node]) -> PendingSegment:
    own = Node(node_id=row.index_node_id, segment_id=row.id, document_id=row.document_id, text=row.content)
    return PendingSegment(
        id=row.id, content=row.content, answer=row.answer, keywords=tuple(row.keywords or ()),
        nodes=tuple(children) if row.doc_form == "hierarchical_model" else (own,),
    )
