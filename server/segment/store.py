"""SQL of segments and child chunks, bound to one document of one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.tables import (
    child_chunks,
    document_segments,
    documents,
    process_rules,
    segment_attachments,
    segment_summaries,
    upload_files,
)
from server.ingest.chunks import text_hash
from server.segment.model import CHILD_COLUMNS, COLUMNS, Attachment, Child, Segment, Summary

_S = document_segments.c
_C = child_chunks.c
_M = documents.c
_A = segment_attachments.c
_ROW = tuple(_S[name] for name in COLUMNS)
_CHILD = tuple(_C[name] for name in CHILD_COLUMNS)
_NOW = sa.func.now()


class SegmentStore:
    """Segments in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def page(
        self, tenant_id: str, document_id: str, version: int, status: Sequence[str], keyword: str, page: int, limit: int
    ) -> tuple[int, list[Segment]]:
        """How many segments of a version match, and a page of them, by position."""
        matches = [_S.tenant_id == tenant_id, _S.document_id == document_id, _S.version == version]
        if status:
            matches.append(_S.status.in_(status))
        if keyword:
            matches.append(_S.content.icontains(keyword, autoescape=True))
        total = self._uow.execute(
            sa.select(sa.func.count()).select_from(document_segments).where(*matches)
        ).scalar_one()
        if total <= (page - 1) * limit:
            return total, []
        statement = sa.select(*_ROW).where(*matches).order_by(_S.position, _S.id).limit(limit)
        return total, [Segment(**row._mapping) for row in self._uow.execute(statement.offset((page - 1) * limit))]

    def find(self, tenant_id: str, document_id: str, segment_id: str, *, lock: bool = False) -> Segment | None:
        """One segment of a document."""
        statement = sa.select(*_ROW).where(
            _S.tenant_id == tenant_id, _S.document_id == document_id, _S.id == segment_id
        )
        row = self._uow.execute(statement.with_for_update() if lock else statement).one_or_none()
        return Segment(**row._mapping) if row else None

    def many(self, tenant_id: str, document_id: str, segment_ids: Sequence[str]) -> list[Segment]:
        """Segments by id, by position."""
        statement = sa.select(*_ROW).where(
            _S.tenant_id == tenant_id, _S.document_id == document_id, _S.id.in_(segment_ids)
        )
        return [Segment(**row._mapping) for row in self._uow.execute(statement.order_by(_S.position, _S.id))]

    def last_position(self, tenant_id: str, document_id: str) -> int:
        """The highest position; the document's row is locked by the caller."""
        statement = sa.select(sa.func.coalesce(sa.func.max(_S.position), 0))
        return self._uow.execute(
            statement.where(_S.tenant_id == tenant_id, _S.document_id == document_id)
        ).scalar_one()

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make segments."""
        self._uow.execute(sa.insert(document_segments), list(rows))

    def update(self, tenant_id: str, segment_ids: Sequence[str], values: Mapping[str, Any]) -> None:
        """Change columns of segments."""
        self._uow.execute(
            sa.update(document_segments).where(_S.tenant_id == tenant_id, _S.id.in_(segment_ids)).values(**values)
        )

    def delete(self, tenant_id: str, segment_id: str) -> None:
        """A segment with all that hangs on it."""
        for table in (child_chunks, segment_summaries, segment_attachments):
            self._uow.execute(
                sa.delete(table).where(table.c.tenant_id == tenant_id, table.c.segment_id == segment_id)
            )
        self._uow.execute(sa.delete(document_segments).where(_S.tenant_id == tenant_id, _S.id == segment_id))

    def count_words(self, tenant_id: str, document_id: str, more: int) -> None:
        """Characters of a document change; never below none."""
        counted = sa.func.greatest(0, sa.func.coalesce(_M.word_count, 0) + more)
        self._uow.execute(
            sa.update(documents).where(_M.tenant_id == tenant_id, _M.id == document_id).values(word_count=counted)
        )

    def rule(self, tenant_id: str, rule_id: str) -> Mapping[str, Any] | None:
        """The rule of a document."""
        statement = sa.select(process_rules.c.mode, process_rules.c.rules).where(
            process_rules.c.tenant_id == tenant_id, process_rules.c.id == rule_id
        )
        row = self._uow.execute(statement).one_or_none()
        return {"mode": row.mode, "rules": row.rules} if row else None

    # What hangs on segments: a fixed number of statements, however many there are

    def children(self, tenant_id: str, segment_ids: Sequence[str]) -> dict[str, list[Child]]:
        """Child chunks by segment, by position."""
        statement = sa.select(*_CHILD).where(_C.tenant_id == tenant_id, _C.segment_id.in_(segment_ids))
        found: dict[str, list[Child]] = {}
        for row in self._uow.execute(statement.order_by(_C.position, _C.id)):
            found.setdefault(row.segment_id, []).append(Child(**row._mapping))
        return found

    def attachments(self, tenant_id: str, segment_ids: Sequence[str]) -> dict[str, list[Attachment]]:
        """Images by segment."""
        columns = upload_files.c
        statement = (
            sa.select(_A.segment_id, columns.id, columns.name, columns.size, columns.extension, columns.mime_type)
            .select_from(segment_attachments.join(upload_files, columns.id == _A.upload_file_id))
            .where(_A.tenant_id == tenant_id, columns.tenant_id == tenant_id, _A.segment_id.in_(segment_ids))
            .order_by(_A.created_at)
        )
        found: dict[str, list[Attachment]] = {}
        for row in self._uow.execute(statement):
            image = Attachment(row.id, row.name, row.size, row.extension, row.mime_type)
            found.setdefault(row.segment_id, []).append(image)
        return found

    def summaries(self, tenant_id: str, segment_ids: Sequence[str]) -> dict[str, str]:
        """Summaries by segment."""
        table = segment_summaries.c
        statement = sa.select(table.segment_id, table.content).where(
            table.tenant_id == tenant_id, table.segment_id.in_(segment_ids), table.status == "completed"
        )
        return {row.segment_id: row.content for row in self._uow.execute(statement)}

    def summary(self, tenant_id: str, segment_id: str) -> Summary | None:
        """The summary of one segment."""
        table = segment_summaries.c
        row = self._uow.execute(
            sa.select(table.index_node_id, table.content).where(
                table.tenant_id == tenant_id, table.segment_id == segment_id, table.content != ""
            )
        ).one_or_none()
        return Summary(row.index_node_id, row.content) if row else None

    def set_summary(self, tenant_id: str, segment: Segment, summary: Summary) -> None:
        """Keep a summary; without a text forget it."""
        table = segment_summaries
        if not summary.text:
            self._uow.execute(
                sa.delete(table).where(table.c.tenant_id == tenant_id, table.c.segment_id == segment.id)
            )
            return
        content = {
            "content": summary.text, "index_node_id": summary.node_id, "index_node_hash": text_hash(summary.text),
            "status": "completed", "error": None,
        }
        statement = insert(table).values(
            segment_id=segment.id, tenant_id=tenant_id, dataset_id=segment.dataset_id,
            document_id=segment.document_id, **content,
        )
        self._uow.execute(
            statement.on_conflict_do_update(index_elements=["segment_id"], set_={**content, "updated_at": _NOW})
        )

    def set_attachments(
        self, tenant_id: str, dataset_id: str, document_id: str, segment_id: str, file_ids: Sequence[str]
    ) -> None:
        """Replace the images of a segment by those of the uploads that are the workspace's."""
        self._uow.execute(
            sa.delete(segment_attachments).where(_A.tenant_id == tenant_id, _A.segment_id == segment_id)
        )
        known = self._uow.execute(
            sa.select(upload_files.c.id).where(
                upload_files.c.tenant_id == tenant_id, upload_files.c.id.in_(file_ids)
            )
        ).scalars()
        shared = {
            "tenant_id": tenant_id, "dataset_id": dataset_id, "document_id": document_id, "segment_id": segment_id,
        }
        rows = [{**shared, "upload_file_id": file_id} for file_id in known]
        if rows:
            self._uow.execute(sa.insert(segment_attachments), rows)

    # Child chunks

    def child_page(
        self, tenant_id: str, segment_id: str, keyword: str, page: int, limit: int
    ) -> tuple[int, list[Child]]:
        """How many child chunks match, and a page of them, by position."""
        matches = [_C.tenant_id == tenant_id, _C.segment_id == segment_id]
        if keyword:
            matches.append(_C.content.icontains(keyword, autoescape=True))
        total = self._uow.execute(sa.select(sa.func.count()).select_from(child_chunks).where(*matches)).scalar_one()
        statement = sa.select(*_CHILD).where(*matches).order_by(_C.position, _C.id).limit(limit)
        return total, [Child(**row._mapping) for row in self._uow.execute(statement.offset((page - 1) * limit))]

    def child(self, tenant_id: str, segment_id: str, child_id: str) -> Child | None:
        """One child chunk; locked."""
        statement = sa.select(*_CHILD).where(
            _C.tenant_id == tenant_id, _C.segment_id == segment_id, _C.id == child_id
        )
        row = self._uow.execute(statement.with_for_update()).one_or_none()
        return Child(**row._mapping) if row else None

    def add_children(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make child chunks."""
        if rows:
            self._uow.execute(sa.insert(child_chunks), list(rows))

    def update_child(self, tenant_id: str, child_id: str, values: Mapping[str, Any]) -> None:
        """Change a child chunk."""
        self._uow.execute(
            sa.update(child_chunks).where(_C.tenant_id == tenant_id, _C.id == child_id)
            .values(**values, updated_at=_NOW)
        )

    def delete_children(self, tenant_id: str, segment_id: str, child_ids: Sequence[str] | None = None) -> None:
        """Delete child chunks of a segment, all or some."""
        statement = sa.delete(child_chunks).where(_C.tenant_id == tenant_id, _C.segment_id == segment_id)
        self._uow.execute(statement if child_ids is None else statement.where(_C.id.in_(child_ids)))
