"""Changes of single segments: texts are embedded here, then one transaction writes rows and entries.

The calls return when searches see the change (dataset-api.md section 5). While the dataset's index is built
anew they are written into the new one, which answers when it is complete.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from server.db.bridge import Database
from server.embedding.calls import INTERACTIVE
from server.embedding.service import Embedder
from server.indexing.entries import Entries, Prepared
from server.indexing.model import Failed, IndexChanged, Node
from server.indexing.pipeline import final_reason
from server.ingest.chunks import child_chunks, text_hash
from server.ingest.rules import RuleError, parse_rule
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.ids import new_id
from server.llm.tokens import count
from server.segment.model import (
    HIERARCHICAL,
    MOST_CHILDREN,
    QA,
    Child,
    NewSegment,
    Segment,
    SegmentChange,
    SegmentView,
    Summary,
)
from server.segment.service import Scope, SegmentService

log = logging.getLogger("transom.segment")

T = TypeVar("T")
_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a changed segment will be."""

    content: str
    answer: str | None
    # Given for this content; empty: extracted, where the index is of keywords.
    keywords: tuple[str, ...]
    summary: Summary | None
    # The model writes the summary again.
    renews: bool
    # Whether its row, and whether its entries in the index are others than now.
    differs: bool
    again: bool


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
        return await self._on_the_index(caller, scope, lambda now: self._add(caller, now, new))

    async def _add(self, caller: Caller, scope: Scope, new: Sequence[NewSegment]) -> list[SegmentView]:
        rule, last = await self._db(self._segments.ground, caller, scope)
        rows, children, nodes = [], [], []
        for position, one in enumerate(new, last + 1):
            row = _row(caller, scope, one)
            kids = _children(caller, scope, row["id"], _pieces(scope, rule, one.content), "automatic")
            rows.append(row)
            children += kids
            nodes += _nodes(scope, row["id"], row["index_node_id"], position, one.content, one.keywords, kids)
        ready, error = await self._try_prepare(scope, nodes)
        for row, one in zip(rows, new, strict=True):
            row.update(_indexed(scope, ready, row["id"], one.content, error))
        attachments = {row["id"]: one.attachment_ids for row, one in zip(rows, new, strict=True) if one.attachment_ids}
        return await self._db(self._segments.add, caller, scope, rows, children, attachments, ready)

    async def change(self, caller: Caller, scope: Scope, view: SegmentView, change: SegmentChange) -> None:
        """Change a segment. Raises invalid_param for one that is disabled and stays so."""
        if not view.segment.enabled and not change.enabled:
            raise invalid_param("Can't update disabled segment")
        if view.segment.enabled and change.enabled is False:
            await self._db(self._segments.disable, caller, scope, view.segment.id)
            return
        await self._on_the_index(caller, scope, lambda now: self._change(caller, now, view, change))

    async def _change(self, caller: Caller, scope: Scope, view: SegmentView, change: SegmentChange) -> None:
        segment = view.segment
        wanted = await self._wanted(caller, scope, view, change)
        values: dict[str, Any] = {}
        if wanted.differs:
            values |= {
                "content": wanted.content, "answer": wanted.answer,
                "word_count": len(wanted.content) + len(wanted.answer or ""),
                "index_node_hash": text_hash(wanted.content), "updated_by": caller.account_id, "updated_at": _now(),
            }
            if change.keywords is not None:
                values["keywords"] = list(change.keywords)
        if not wanted.again:
            await self._db(
                self._segments.change, caller, scope, segment.id, values, None, attachments=change.attachment_ids
            )
            return
        kids = await self._kids(caller, scope, segment, wanted.content, change)
        nodes = _nodes(
            scope, segment.id, segment.index_node_id, segment.position, wanted.content, wanted.keywords, kids
        )
        if wanted.summary is not None and wanted.summary.text:
            nodes.append(_node(scope, segment.id, wanted.summary.node_id, wanted.summary.text))
        ready, error = await self._try_prepare(scope, nodes)
        values |= {"disabled_by": None, **_indexed(scope, ready, segment.id, wanted.content, error)}
        await self._db(
            self._segments.change, caller, scope, segment.id, values, ready,
            children=kids if change.regenerate_children else None, attachments=change.attachment_ids,
            summary=wanted.summary, renew_summary=wanted.renews,
        )

    async def _wanted(self, caller: Caller, scope: Scope, view: SegmentView, change: SegmentChange) -> _Wanted:
        segment, form = view.segment, scope.document.doc_form
        content = change.content or segment.content
        answer = segment.answer if change.answer is None else change.answer
        keywords = tuple(segment.keywords or ())
        if change.keywords is not None:
            keywords = change.keywords
        elif content != segment.content and scope.dataset.embedding is None:
            keywords = ()
        summary = None
        # Of Q&A and economy datasets nothing is summarised (rag-engine.md section 11).
        if scope.dataset.embedding is not None and form != QA:
            known = await self._db(self._segments.summary, caller, segment)
            text = change.summary if change.summary is not None else known.text if known else None
            if text is not None:
                summary = Summary(known.node_id if known else new_id(), text)
        other_summary = summary is not None and summary.text != (view.summary or "")
        other_words = change.keywords is not None and sorted(keywords) != sorted(segment.keywords or ())
        indexed = content != segment.content or other_words or other_summary
        return _Wanted(
            content=content, answer=answer, keywords=keywords, summary=summary,
            renews=_is_summarised(scope) and change.summary is None and content != segment.content,
            differs=indexed or answer != segment.answer,
            again=indexed or not segment.enabled or change.regenerate_children,
        )

    async def _kids(
        self, caller: Caller, scope: Scope, segment: Segment, content: str, change: SegmentChange
    ) -> list[dict[str, Any]]:
        """The child chunks that will stand for the segment."""
        if scope.document.doc_form != HIERARCHICAL:
            return []
        if change.regenerate_children:
            rule, _ = await self._db(self._segments.ground, caller, scope)
            return _children(caller, scope, segment.id, _pieces(scope, rule, content), "automatic")
        _, known = await self._db(
            self._segments.children, caller, scope.dataset.id, scope.document.id, segment.id, "", 1, MOST_CHILDREN
        )
        return [{"content": one.content, "index_node_id": one.index_node_id} for one in known]

    # Child chunks

    async def add_child(self, caller: Caller, scope: Scope, segment: Segment, content: str) -> Child:
        """Add a child chunk at the end. One that cannot be indexed is not saved: invalid_param with the reason."""

        async def add(now: Scope) -> Child:
            (row,) = _children(caller, now, segment.id, [content], "customized")
            ready = await self._prepare_child(now, segment, row["index_node_id"], content)
            return await self._db(self._segments.add_child, caller, now, segment, row, ready)

        return await self._on_the_index(caller, scope, add)

    async def change_child(
        self, caller: Caller, scope: Scope, segment: Segment, child_id: str, content: str
    ) -> Child:
        """Give a child chunk another text. One that cannot be indexed stays as it is."""
        child = await self._db(self._segments.find_child, caller, segment, child_id)

        async def change(now: Scope) -> Child:
            ready = await self._prepare_child(now, segment, child.index_node_id, content)
            return await self._db(self._segments.change_child, caller, segment, child, content, ready)

        return await self._on_the_index(caller, scope, change)

    async def _prepare_child(self, scope: Scope, segment: Segment, node_id: str, content: str) -> Prepared:
        try:
            return await self._prepare(scope, [_node(scope, segment.id, node_id, content)])
        except (Failed, OSError) as error:
            raise invalid_param(str(error)) from error

    # Both

    async def _on_the_index(self, caller: Caller, scope: Scope, work: Callable[[Scope], Awaitable[T]]) -> T:
        """Do ``work``, again when the dataset got another index between the embedding and the writing."""
        for _ in range(_TRIES):
            try:
                return await work(scope)
            except IndexChanged:
                scope = await self._db(self._segments.scope, caller, scope.dataset.id, scope.document.id)
        raise AppError(Reason.CONFLICT, "The index of the dataset is changing; please try again.")

    async def _prepare(self, scope: Scope, nodes: Sequence[Node]) -> Prepared:
        """Everything that comes before the transaction. Raises AppError, Failed, OSError."""
        embedding = scope.dataset.embedding
        vectors: Sequence[Any] = ()
        if embedding is not None and nodes:
            found = await self._embedder.documents(
                scope.dataset.tenant_id, embedding.provider, embedding.model, [node.text for node in nodes],
                INTERACTIVE,
            )
            vectors = found.vectors
        ready = await self._db(self._entries.prepare, scope.dataset, nodes, vectors)
        await self._db(self._entries.write_outside, ready)
        return ready

    async def _try_prepare(self, scope: Scope, nodes: Sequence[Node]) -> tuple[Prepared | None, str | None]:
        try:
            return await self._prepare(scope, nodes), None
        except (AppError, Failed, OSError) as error:
            if isinstance(error, AppError) and error.reason is Reason.SERVICE_UNAVAILABLE:
                raise
            log.warning("segments of document %s are not indexed: %s", scope.document.id, error)
            return None, final_reason(error) or str(error)


def _is_summarised(scope: Scope) -> bool:
    return bool((scope.dataset.summary_index_setting or {}).get("enable"))


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
    scope: Scope, segment_id: str, node_id: str, position: int, content: str, keywords: Sequence[str],
    children: Sequence[Mapping[str, Any]],
) -> list[Node]:
    if scope.document.doc_form == HIERARCHICAL:
        return [_node(scope, segment_id, one["index_node_id"], one["content"]) for one in children]
    return [
        Node(
            node_id=node_id, segment_id=segment_id, document_id=scope.document.id, text=content,
            keywords=tuple(keywords), document_position=scope.document.position, position=position,
        )
    ]


def _node(scope: Scope, segment_id: str, node_id: str, content: str) -> Node:
    return Node(node_id=node_id, segment_id=segment_id, document_id=scope.document.id, text=content)


def _now() -> datetime:
    return datetime.now(UTC)
