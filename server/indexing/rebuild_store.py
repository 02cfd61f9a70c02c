"""SQL of a dataset whose index is built anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from server.dataset.model import Dataset
from server.db.engine import UnitOfWork
from server.db.tables import child_chunks, document_segments, documents, jobs, segment_summaries
from server.indexing.model import Node, PendingSegment
from server.kit.ids import NIL_UUID

_M = documents.c
_S = document_segments.c
_C = child_chunks.c
_Y = segment_summaries.c
# Documents that answer, in the version that is wanted: one that is being indexed on its own is newer.
_ANSWERS = sa.and_(_M.live_version == _M.version, _M.indexing_status.in_(["completed", "indexing", "error"]))


class RebuildStore:
    """Documents of one dataset in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def show_indexing(self, dataset: Dataset) -> int:
        """Documents that answer show that their index is being made; how often that was begun."""
        values = {"indexing_status": "indexing", "error": None, "attempts": _M.attempts + 1}
        begun = self._update(dataset, _ANSWERS, values).returning(_M.attempts)
        return max(self._uow.execute(begun).scalars(), default=1)

    def excuse(self, dataset: Dataset, error: str) -> None:
        """What ended this attempt was neither the model nor a text: it does not count."""
        values = {"attempts": sa.func.greatest(0, _M.attempts - 1), "error": error}
        self._uow.execute(self._update(dataset, sa.and_(_ANSWERS, _M.indexing_status == "indexing"), values))

    def show_completed(self, dataset: Dataset) -> None:
        """They are done."""
        values = {"indexing_status": "completed", "error": None, "attempts": 0}
        self._uow.execute(self._update(dataset, _ANSWERS, values))

    def show_error(self, dataset: Dataset, reason: str) -> None:
        """Their index could not be made; the old one goes on answering. Documents that wait for the new one fail."""
        values = {"indexing_status": "error", "error": reason, "stopped_at": sa.func.now(), "attempts": 0}
        idle = sa.or_(_ANSWERS, sa.not_(_has_job(dataset)))
        self._uow.execute(self._update(dataset, sa.and_(_M.indexing_status == "indexing", idle), values))

    @staticmethod
    def _update(dataset: Dataset, which: sa.ColumnElement[bool], values: dict[str, Any]) -> sa.Update:
        return (
            sa.update(documents)
            .where(_M.tenant_id == dataset.tenant_id, _M.dataset_id == dataset.id, which).values(**values)
        )

    def order_waiting(self, dataset: Dataset) -> None:
        """Documents that are written and waited for the new index go on."""
        waiting = sa.select(_M.id, _M.version).where(
            _M.tenant_id == dataset.tenant_id, _M.dataset_id == dataset.id, _M.indexing_status == "indexing",
            sa.not_(_M.is_paused), _M.live_version != _M.version, sa.not_(_has_job(dataset)),
        )
        shared = {"tenant_id": dataset.tenant_id, "dataset_id": dataset.id}
        rows = [
            {"kind": "index_document", "payload": {**shared, "document_id": row.id, "version": row.version}}
            for row in self._uow.execute(waiting)
        ]
        if rows:
            self._uow.execute(sa.insert(jobs), rows)

    def count_live(self, dataset: Dataset) -> int:
        """About how many entries the new index will have."""
        table = child_chunks if dataset.doc_form == "hierarchical_model" else document_segments
        statement = sa.select(sa.func.count()).select_from(table)
        return self._uow.execute(
            statement.where(table.c.tenant_id == dataset.tenant_id, table.c.dataset_id == dataset.id)
        ).scalar_one()

    def live(self, dataset: Dataset, after: str, limit: int) -> tuple[list[PendingSegment], str]:
        """Segments that answer, after one by id, and the last id of them."""
        rows = self._uow.execute(_live(dataset).where(_S.id > (after or NIL_UUID)).order_by(_S.id).limit(limit)).all()
        return self._pending(dataset, rows), rows[-1].id if rows else after

    def unchanged(self, dataset: Dataset, batch: Sequence[PendingSegment]) -> tuple[set[str], set[str]]:
        """(nodes, segments) of a batch that still answer and say the same; locked, as are their documents.

        Whoever changes or removes the others writes or removes their entries.
        """
        ids = [one.id for one in batch]
        locked = _live(dataset).where(_S.id.in_(ids)).order_by(_S.id)
        rows = self._uow.execute(locked.with_for_update(key_share=True, of=[document_segments, documents])).all()
        living = self._pending(dataset, rows, lock=True)
        texts = {node.node_id: node.text for one in living for node in (*one.nodes, *one.summaries)}
        nodes = {
            node.node_id for one in batch for node in (*one.nodes, *one.summaries)
            if texts.get(node.node_id) == node.text
        }
        return nodes, {one.id for one in living}

    def _pending(self, dataset: Dataset, rows: Sequence[Any], *, lock: bool = False) -> list[PendingSegment]:
        """Segments with what stands for them in the index."""
        ids = [row.id for row in rows]
        is_nested = dataset.doc_form == "hierarchical_model"
        children = self._nodes(_C, dataset, ids, lock=lock) if is_nested else {}
        summaries = self._nodes(_Y, dataset, ids, lock=lock) if dataset.embedding is not None else {}
        return [
            PendingSegment(
                id=row.id, content=row.content, answer=row.answer, keywords=tuple(row.keywords or ()),
                nodes=tuple(children.get(row.id, ())) if is_nested else (_own(row),),
                summaries=tuple(summaries.get(row.id, ())),
            )
            for row in rows
        ]

    def _nodes(
        self, columns: Any, dataset: Dataset, segment_ids: Sequence[str], *, lock: bool
    ) -> dict[str, list[Node]]:
        """Child chunks or finished summaries by segment."""
        statement = sa.select(columns.segment_id, columns.document_id, columns.index_node_id, columns.content).where(
            columns.tenant_id == dataset.tenant_id, columns.segment_id.in_(segment_ids)
        )
        if columns is _Y:
            statement = statement.where(_Y.status == "completed", _Y.content != "")
        found: dict[str, list[Node]] = {}
        for row in self._uow.execute(statement.with_for_update(read=True) if lock else statement):
            found.setdefault(row.segment_id, []).append(
                Node(
                    node_id=row.index_node_id, segment_id=row.segment_id, document_id=row.document_id, text=row.content
                )
            )
        return found


def _live(dataset: Dataset) -> sa.Select[Any]:
    """The segments of a dataset that answer."""
    return (
        sa.select(
            _S.id, _S.document_id, _S.content, _S.answer, _S.keywords, _S.index_node_id, _S.position,
            _M.position.label("document_position"),
        )
        .select_from(document_segments.join(documents, _M.id == _S.document_id))
        .where(
            _S.tenant_id == dataset.tenant_id, _S.dataset_id == dataset.id, _S.version == _M.live_version,
            _S.status == "completed", _S.enabled,
        )
    )


def _has_job(dataset: Dataset) -> sa.ColumnElement[bool]:
    """A document of the dataset is being indexed, or will be."""
    return sa.exists().where(
        jobs.c.kind == "index_document", jobs.c.payload["dataset_id"].astext == dataset.id,
        jobs.c.payload["document_id"].astext == sa.cast(_M.id, sa.Text),
    )


def _own(row: Any) -> Node:
    return Node(
        node_id=row.index_node_id, segment_id=row.id, document_id=row.document_id, text=row.content,
        keywords=tuple(row.keywords or ()), document_position=row.document_position, position=row.position,
    )
