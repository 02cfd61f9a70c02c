"""Segments and child chunks as messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from server.edge.printer import value_to_python
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.plain import clean_text
from server.segment.model import (
    Attachment,
    Child,
    NewSegment,
    SegmentChange,
    SegmentView,
    checked_answer,
    checked_attachments,
    cleaned_keywords,
    new_segment,
)
from transom.dataset.v1 import segment_pb2 as pb
from transom.dataset.v1 import segment_service_pb2 as rpc

Link = Callable[[str], str]


def new(request: rpc.CreateSegmentsRequest, form: str, most: int) -> list[NewSegment]:
    """The segments of a request, up to ``most`` (0: any number). Raises invalid_param."""
    if not request.segments:
        raise AppError(Reason.INVALID_PARAM, "Segments is required", bare=True)
    if most and len(request.segments) > most:
        raise invalid_param(f"Exceeded maximum segments limit of {most}.")
    return [
        new_segment(
            item.content, item.answer if item.HasField("answer") else None, list(item.keywords),
            list(item.attachment_ids), form,
        )
        for item in request.segments
    ]


def change(request: rpc.UpdateSegmentRequest, form: str) -> SegmentChange:
    """The changes of a request. Raises invalid_param."""
    if not request.HasField("segment"):
        raise invalid_param("segment is required")
    sent = request.segment
    attachments = None
    if sent.HasField("attachment_ids"):
        attachments = checked_attachments([str(value_to_python(one)) for one in sent.attachment_ids.values])
    return SegmentChange(
        content=clean_text(sent.content) or None,
        answer=checked_answer(sent.answer if sent.HasField("answer") else None, form),
        keywords=cleaned_keywords(sent.keywords) or None,
        enabled=sent.enabled if sent.HasField("enabled") else None,
        regenerate_children=sent.regenerate_child_chunks, attachment_ids=attachments,
        summary=clean_text(sent.summary).strip() if sent.HasField("summary") else None,
    )


def child_content(content: str) -> str:
    """The text of a child chunk. Raises invalid_param."""
    cleaned = clean_text(content)
    if not cleaned.strip():
        raise invalid_param("content is required")
    return cleaned


def segment(view: SegmentView, renewed: Callable[[str], str], link: Link) -> pb.Segment:
    """A segment object (dataset-api.md section 5)."""
    row = view.segment
    return pb.Segment(
        id=row.id, position=row.position, document_id=row.document_id, content=row.content,
        sign_content=renewed(row.content), answer=row.answer, word_count=row.word_count, tokens=row.tokens,
        keywords=None if row.keywords is None else pb.KeywordList(words=row.keywords), index_node_id=row.index_node_id,
        index_node_hash=row.index_node_hash, hit_count=row.hit_count, enabled=row.enabled,
        disabled_at=seconds(row.disabled_at), disabled_by=row.disabled_by, status=row.status,
        created_by=row.created_by, created_at=seconds(row.created_at), updated_at=seconds(row.updated_at),
        updated_by=row.updated_by, indexing_at=seconds(row.indexing_at), completed_at=seconds(row.completed_at),
        error=row.error, stopped_at=seconds(row.stopped_at), child_chunks=[child(one) for one in view.children],
        attachments=[attachment(one, link) for one in view.attachments], summary=view.summary,
    )


def attachment(image: Attachment, link: Link) -> pb.SegmentAttachment:
    """An image of a segment."""
    return pb.SegmentAttachment(
        id=image.id, name=image.name, size=image.size, extension=image.extension, mime_type=image.mime_type,
        source_url=link(image.id),
    )


def child(row: Child) -> pb.ChildChunk:
    """A child chunk."""
    return pb.ChildChunk(
        id=row.id, segment_id=row.segment_id, content=row.content, position=row.position, word_count=row.word_count,
        type=row.type, created_at=seconds(row.created_at), updated_at=seconds(row.updated_at),
    )


def seconds(moment: datetime | None) -> int | None:
    """Unix seconds."""
    return None if moment is None else int(moment.timestamp())
