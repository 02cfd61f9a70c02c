"""SQL of a dataset whose index is built anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from server.dataset.model import Dataset
from server.db.engine import UnitOfWork
from server.db.tables import child_chunks, document_segments, documents, segment_summaries
from server.indexing.model import Node, PendingSegment

_M = documents.c
_S = document_segments.c
_C = child_chunks.c
_NIL = "00000000-0000-0000-0000-000000000000"


class RebuildStore:
    """Documents of one dataset in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def show_indexing(self, dataset: Dataset) -> int:
        """Documents that answer show that their index is being made; how often it was begun."""
        values = {"indexing_status": "indexing", "error": None, "attempts": _M.attempts + 1}
        statement = self._update(dataset, ("completed", "error", "indexing"), values).returning(_M.attempts)
        return max(self._uow.execute(statement).scalars(), default=1)

    def show_completed(self, dataset: Dataset) -> None:
        """They are done."""
        values = {"indexing_status": "completed", "error": None, "attempts": 0}
        self._uow.execute(self._update(dataset, ("indexing",), values))

    def show_error(self, dataset: Dataset, reason: str) -> None:
        """Their index could not be made; the old one goes on answering."""
        values = {"indexing_status": "error", "error": reason, "stopped_at": sa.func.now(), "attempts": 0}
        self._uow.execute(self._update(dataset, ("indexing",), values))

    @staticmethod
    def _update(dataset: Dataset, status: Sequence[str], values: dict[str, Any]) -> sa.Update:
        # A version that is being indexed on its own is newer than the one that answers.
        return (
            sa.update(documents)
            .where(
                _M.tenant_id == dataset.tenant_id, _M.dataset_id == dataset.id, _M.indexing_status.in_(status),
                _M.live_version == _M.version,
            )
            .values(**values)
        )

    def live(self, dataset: Dataset, after: str, limit: int) -> tuple[list[PendingSegment], str]:
        """Segments that answer, after one by id, and the last id of them."""
        rows = self._uow.execute(_live(dataset).where(_S.id > (after or _NIL)).order_by(_S.id).limit(limit)).all()
        return self._pending(dataset, rows), rows[-1].id if rows else after

    def still_live(self, dataset: Dataset, segment_ids: Sequence[str]) -> list[PendingSegment]:
        """Those of the segments that answer, as they are now; nobody changes them before the transaction ends."""
        statement = _live(dataset).where(_S.id.in_(segment_ids)).order_by(_S.id)
        rows = self._uow.execute(statement.with_for_update(of=document_segments)).all()
        return self._pending(dataset, rows)

    def _pending(self, dataset: Dataset, rows: Sequence[Any]) -> list[PendingSegment]:
        ids = [row.id for row in rows]
        children, summaries = self._children(dataset, ids), self._summaries(dataset, ids)
        return [_pending(row, [*children.get(row.id, ()), *summaries.get(row.id, ())]) for row in rows]

    def _summaries(self, dataset: Dataset, segment_ids: Sequence[str]) -> dict[str, list[Node]]:
        if dataset.embedding is None or not segment_ids:
            return {}
        table = segment_summaries.c
        statement = sa.select(table.segment_id, table.document_id, table.index_node_id, table.content).where(
            table.tenant_id == dataset.tenant_id, table.segment_id.in_(segment_ids), table.status == "completed"
        )
        return {
            row.segment_id: [
                Node(
                    node_id=row.index_node_id, segment_id=row.segment_id, document_id=row.document_id, text=row.content
                )
            ]
            for row in self._uow.execute(statement)
        }

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


def _live(dataset: Dataset) -> sa.Select[Any]:
    """Segments that answer."""
    return (
        sa.select(
            _S.id, _S.document_id, _S.content, _S.answer, _S.keywords, _S.index_node_id, _S.position, _M.doc_form,
            _M.position.label("document_position"),
        )
        .select_from(document_segments.join(documents, _M.id == _S.document_id))
        .where(
            _S.tenant_id == dataset.tenant_id, _S.dataset_id == dataset.id, _S.version == _M.live_version,
            _S.status == "completed", _S.enabled,
        )
    )


def _pending(row: Any, others: Sequence[Node]) -> PendingSegment:
    """A segment with the nodes that stand for it: its own or its children, and its summary."""
    keywords = tuple(row.keywords or ())
    own = Node(
        node_id=row.index_node_id, segment_id=row.id, document_id=row.document_id, text=row.content,
        keywords=keywords, document_position=row.document_position, position=row.position,
    )
    return PendingSegment(
        id=row.id, content=row.content, answer=row.answer, keywords=keywords,
        nodes=tuple(others) if row.doc_form == "hierarchical_model" else (own, *others),
    )
