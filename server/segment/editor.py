"""Changes of single segments: texts are embedded here, then one transaction writes rows and entries.

The calls return when searches see the change (dataset-api.md section 5).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from server.db.bridge import Database
from server.embedding.service import Embedder
from server.indexing.entries import Entries, Prepared
from server.indexing.model import Failed, Node
from server.indexing.pipeline import final_reason
from server.ingest.chunks import child_chunks, text_hash
from server.ingest.rules import RuleError, parse_rule
from server.kit.caller import Caller
from server.kit.errors import AppError, invalid_param
from server.kit.ids import new_id
from server.llm.tokens import count
from server.segment.model import HIERARCHICAL, Child, NewSegment, Segment, SegmentChange, SegmentView
from server.segment.service import Scope, SegmentService

log = logging.getLogger("transom.segment")



class SegmentEditor:
    """Adds and changes segments and child chunks."""

    def __init__(self, db: Database, segments: SegmentService, entries: Entries, embedder: Embedder) -> None:
        self._db = db
        self._segments = segments
        self._entries = entries
        self._embedder = embedder

    # Segments

    async def add(self, caller: Caller, scope: Scope, new: Sequence[NewSegment]) -> list[SegmentView]:
        """Add segments; when they cannot be indexed they are kept with status ``error``."""
        rule = await self._db(self._segments.rule, caller, scope)
        rows, children, nodes = [], [], []
        for one in new:
            row = _row(caller, scope, one)
            kids = _children(caller, scope, row["id"], _pieces(scope, rule, one.content), "automatic")
            rows.append(row)
            children += kids
            nodes += _nodes(scope, row["id"], row["index_node_id"], one.content, one.keywords, kids)
        ready, error = await self._try_prepare(scope, nodes)
        for row, one in zip(rows, new, strict=True):
            row.update(_indexed(scope, ready, row["id"], one.content, error))
        attachments = {row["id"]: one.attachment_ids for row, one in zip(rows, new, strict=True) if one.attachment_ids}
        return await self._db(self._segments.add, caller, scope, rows, children, attachments, ready)

    async def change(self, caller: Caller, scope: Scope, view: SegmentView, change: SegmentChange) -> None:
        """Change a segment. Raises invalid_param for one that is disabled and stays so."""
        segment = view.segment
        if not segment.enabled and not change.enabled:
            raise invalid_param("Can't update disabled segment")
        if segment.enabled and change.enabled is False:
            await self._db(self._segments.disable, caller, scope, segment.id)
            return
        content = change.content or segment.content
        answer = segment.answer if change.answer is None else change.answer
        keywords = change.keywords if change.keywords is not None else tuple(segment.keywords or ())
        differs = content != segment.content or sorted(keywords) != sorted(segment.keywords or ())
        again = differs or not segment.enabled or change.regenerate_children
        values: dict[str, Any] = {}
        if differs or answer != segment.answer:
            values |= {
                "content": content, "answer": answer, "word_count": len(content) + len(answer or ""),
                "index_node_hash": text_hash(content), "updated_by": caller.account_id, "updated_at": _now(),
            }
            if change.keywords is not None:
                values["keywords"] = list(keywords)
        if not again:
            await self._db(
                self._segments.change, caller, scope, segment.id, values, None, attachments=change.attachment_ids
            )
            return
        kids = await self._kids(caller, scope, segment, content, change)
        nodes = _nodes(scope, segment.id, segment.index_node_id, content, keywords, kids)
        ready, error = await self._try_prepare(scope, nodes)
        values |= {"enabled": True, "disabled_at": None, "disabled_by": None}
        values |= _indexed(scope, ready, segment.id, content, error)
        await self._db(
            self._segments.change, caller, scope, segment.id, values, ready,
            children=kids if change.regenerate_children else None, attachments=change.attachment_ids,
        )

    async def _kids(
        self, caller: Caller, scope: Scope, segment: Segment, content: str, change: SegmentChange
    ) -> list[dict[str, Any]]:
        """The child chunks that will stand for the segment."""
        if scope.document.doc_form != HIERARCHICAL:
            return []
        if change.regenerate_children:
            rule = await self._db(self._segments.rule, caller, scope)
            return _children(caller, scope, segment.id, _pieces(scope, rule, content), "automatic")
        _, known = await self._db(
            self._segments.children, caller, scope.dataset.id, scope.document.id, segment.id, "", 1, 10_000
        )
        return [{"content": one.content, "index_node_id": one.index_node_id} for one in known]

    # Child chunks

    async def add_child(self, caller: Caller, scope: Scope, segment: Segment, content: str) -> Child:
        """Add a child chunk at the end. A failure saves nothing: invalid_param with its reason."""
        (row,) = _children(caller, scope, segment.id, [content], "customized")
        ready = await self._prepare(scope, [_child_node(scope, segment.id, row["index_node_id"], content)])
        return await self._db(self._segments.add_child, caller, scope, segment, row, ready)

    async def change_child(
        self, caller: Caller, scope: Scope, segment: Segment, child_id: str, content: str
    ) -> Child:
        """Give a child chunk another text."""
        child = await self._db(self._segments.find_child, caller, segment, child_id)
        ready = await self._prepare(scope, [_child_node(scope, segment.id, child.index_node_id, content)])
        return await self._db(self._segments.change_child, caller, scope, segment, child, content, ready)

    # Both

    async def _prepare(self, scope: Scope, nodes: Sequence[Node]) -> Prepared:
        embedding = scope.dataset.embedding
        vectors: Sequence[Any] = ()
        if embedding is not None and nodes:
            found = await self._embedder.documents(
                scope.dataset.tenant_id, embedding.provider, embedding.model, [node.text for node in nodes]
            )
            vectors = found.vectors
        return await self._db(self._entries.prepare, scope.dataset, nodes, vectors)

    async def _try_prepare(self, scope: Scope, nodes: Sequence[Node]) -> tuple[Prepared | None, str | None]:
        try:
            return await self._prepare(scope, nodes), None
        except (AppError, Failed, OSError) as error:
            log.warning("segments of document %s are not indexed: %s", scope.document.id, error)
            return None, final_reason(error) or str(error)


def _row(caller: Caller, scope: Scope, new: NewSegment) -> dict[str, Any]:
    return {
        "id": new_id(), "tenant_id": caller.tenant_id, "dataset_id": scope.dataset.id,
        "document_id": scope.document.id, "content": new.content, "answer": new.answer,
        "word_count": len(new.content) + len(new.answer or ""), "index_node_id": new_id(),
        "index_node_hash": text_hash(new.content), "keywords": list(new.keywords) or None,
        "created_by": caller.the_account,
    }


def _indexed(
    scope: Scope, ready: Prepared | None, segment_id: str, content: str, error: str | None
) -> dict[str, Any]:
    """Columns that say whether a segment is in the index."""
    if ready is None:
        return {
            "status": "error", "enabled": False, "error": error, "disabled_at": _now(), "stopped_at": _now(),
            "tokens": 0, "indexing_at": _now(), "completed_at": None,
        }
    values: dict[str, Any] = {
        "status": "completed", "enabled": True, "error": None, "disabled_at": None, "stopped_at": None,
        "tokens": count(content) if scope.dataset.embedding is not None else 0,
        "indexing_at": _now(), "completed_at": _now(),
    }
    for entry in ready.keywords:
        if entry.segment_id == segment_id:
            values["keywords"] = list(entry.keywords)
    return values


def _pieces(scope: Scope, rule: Mapping[str, Any] | None, content: str) -> Sequence[str]:
    if scope.document.doc_form != HIERARCHICAL:
        return ()
    try:
        return child_chunks(content, parse_rule(rule, doc_form=HIERARCHICAL))
    except RuleError as error:
        raise invalid_param(str(error)) from error


def _children(
    caller: Caller, scope: Scope, segment_id: str, pieces: Sequence[str], kind: str
) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(), "tenant_id": caller.tenant_id, "dataset_id": scope.dataset.id,
            "document_id": scope.document.id, "segment_id": segment_id, "position": at, "content": piece,
            "word_count": len(piece), "index_node_id": new_id(), "index_node_hash": text_hash(piece), "type": kind,
            "created_by": caller.the_account,
        }
        for at, piece in enumerate(pieces, 1)
    ]


def _nodes(
    scope: Scope, segment_id: str, node_id: str, content: str, keywords: Sequence[str],
    children: Sequence[Mapping[str, Any]],
) -> list[Node]:
    if scope.document.doc_form == HIERARCHICAL:
        return [_child_node(scope, segment_id, one["index_node_id"], one["content"]) for one in children]
    return [
        Node(
            node_id=node_id, segment_id=segment_id, document_id=scope.document.id, text=content,
            keywords=tuple(keywords),
        )
    ]


def _child_node(scope: Scope, segment_id: str, node_id: str, content: str) -> Node:
    return Node(node_id=node_id, segment_id=segment_id, document_id=scope.document.id, text=content)


def _now() -> datetime:
    return datetime.now(UTC)
