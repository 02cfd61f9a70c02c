"""SQL of summaries that a model is to write."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.tables import document_segments, documents, segment_summaries
from server.ingest.chunks import text_hash
from server.llm.tokens import count

_M = documents.c
_S = document_segments.c
_Y = segment_summaries.c
_PENDING = _Y.status.in_(["not_started", "generating"])
# What answers of a document, were it switched on.
_LIVE = sa.and_(_S.version == _M.live_version, _S.status == "completed")


@dataclass(frozen=True, slots=True)
class Unsummarised:
    """A segment whose summary is not written yet."""

    segment_id: str
    node_id: str
    content: str
    language: str


class SummaryStore:
    """Summaries in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def expect(self, tenant_id: str, document_id: str) -> bool:
        """Note that segments of a document, if it wants that, are to be summarised; whether there are any."""
        wanted = (
            sa.select(_S.id, _S.tenant_id, _S.dataset_id, _S.document_id, sa.func.gen_random_uuid(), sa.literal(""))
            .select_from(document_segments.join(documents, _M.id == _S.document_id))
            .where(_S.tenant_id == tenant_id, _S.document_id == document_id, _M.need_summary, _LIVE)
        )
        columns = ["segment_id", "tenant_id", "dataset_id", "document_id", "index_node_id", "index_node_hash"]
        noted = insert(segment_summaries).from_select(columns, wanted).on_conflict_do_nothing()
        return self._uow.execute(noted).rowcount > 0

    def renew(self, tenant_id: str, segment_id: str) -> bool:
        """Have the summary of a segment written again; False when it has none. The old one answers until then."""
        changed = (
            sa.update(segment_summaries).where(_Y.tenant_id == tenant_id, _Y.segment_id == segment_id)
            .values(status="not_started", error=None, updated_at=sa.func.now())
        )
        return self._uow.execute(changed).rowcount > 0

    def pending(self, tenant_id: str, document_id: str, limit: int) -> list[Unsummarised]:
        """Some segments of a document that wait for their summary."""
        statement = (
            sa.select(_S.id, _Y.index_node_id, _S.content, _M.doc_language)
            .select_from(
                segment_summaries.join(document_segments, _S.id == _Y.segment_id)
                .join(documents, _M.id == _S.document_id)
            )
            .where(_Y.tenant_id == tenant_id, _Y.document_id == document_id, _PENDING, _LIVE)
            .order_by(_S.position).limit(limit)
        )
        rows = self._uow.execute(statement)
        return [Unsummarised(row.id, row.index_node_id, row.content, row.doc_language) for row in rows]

    def hold(self, tenant_id: str, texts: Mapping[str, str]) -> dict[str, bool]:
        """Those of the segments that still wait and say the same, their rows held, and whether they are enabled."""
        statement = (
            sa.select(_S.id, _S.content, _S.enabled)
            .select_from(
                segment_summaries.join(document_segments, _S.id == _Y.segment_id)
                .join(documents, _M.id == _S.document_id)
            )
            .where(_Y.tenant_id == tenant_id, _Y.segment_id.in_(list(texts)), _PENDING, _LIVE)
            .order_by(_S.id).with_for_update(key_share=True, of=[document_segments, segment_summaries])
        )
        return {row.id: row.enabled for row in self._uow.execute(statement) if texts[row.id] == row.content}

    def complete(self, tenant_id: str, segment_id: str, text: str) -> None:
        """A summary is written."""
        self._set(
            tenant_id, [segment_id],
            status="completed", error=None, content=text, index_node_hash=text_hash(text), tokens=count(text),
        )

    def fail(self, tenant_id: str, segment_ids: Collection[str], reason: str) -> None:
        """There will be none, and why."""
        self._set(tenant_id, segment_ids, status="error", error=reason)

    def forget(self, tenant_id: str, document_id: str) -> None:
        """Nothing of a document is summarised any more: its dataset has no vectors."""
        self._uow.execute(
            sa.delete(segment_summaries).where(_Y.tenant_id == tenant_id, _Y.document_id == document_id, _PENDING)
        )

    def _set(self, tenant_id: str, segment_ids: Collection[str], **values: object) -> None:
        self._uow.execute(
            sa.update(segment_summaries)
            .where(_Y.tenant_id == tenant_id, _Y.segment_id.in_(list(segment_ids)), _PENDING)
            .values(**values, updated_at=sa.func.now())
        )
