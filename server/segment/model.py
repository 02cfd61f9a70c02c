"""What segments and child chunks are, and the rules of changing them (dataset-api.md section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from server.kit.errors import invalid_param
from server.kit.plain import clean_text
from server.kit.validate import id_or_none

ATTACHMENT_LIMIT = 10
# Children of one segment that are embedded together when it is enabled again.
MOST_CHILDREN = 10_000
HIERARCHICAL, QA = "hierarchical_model", "qa_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A row of ``child_chunks``."""

    id: str
    segment_id: str
    position: int
    content: str
    word_count: int
    index_node_id: str
    type: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """An uploaded image of a segment."""

    id: str
    name: str
    size: int
    extension: str
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A row of ``document_segments``."""

    id: str
    dataset_id: str
    document_id: str
    version: int
    position: int
    content: str
    answer: str | None
    word_count: int
    tokens: int
    keywords: Sequence[str] | None
    index_node_id: str
    index_node_hash: str
    hit_count: int
    enabled: bool
    disabled_at: datetime | None
    disabled_by: str | None
    status: str
    error: str | None
    indexing_at: datetime | None
    completed_at: datetime | None
    stopped_at: datetime | None
    created_by: str
    updated_by: str | None
    created_at: datetime
    updated_at: datetime


COLUMNS = tuple(item.name for item in fields(Segment))
CHILD_COLUMNS = tuple(item.name for item in fields(Child))


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment with what hangs on it; children only where they are shown."""

    segment: Segment
    children: tuple[Child, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands for a segment in the index beside its own text; without a text it goes."""

    node_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSegment:
    """A checked request to add one."""

    content: str
    answer: str | None = None
    keywords: tuple[str, ...] = ()
    attachment_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentChange:
    """A checked request to change one; None: as it is."""

    content: str | None = None
    answer: str | None = None
    keywords: tuple[str, ...] | None = None
    enabled: bool | None = None
    regenerate_children: bool = False
    attachment_ids: tuple[str, ...] | None = None
    summary: str | None = None


def new_segment(
    content: str, answer: str | None, keywords: Sequence[str], attachments: Sequence[str], form: str
) -> NewSegment:
    """Check one segment of a request. Raises invalid_param with the texts of dataset-api.md 5.1."""
    text = clean_text(content)
    if not text.strip():
        raise invalid_param("Content is empty")
    if form == QA and answer is None:
        raise invalid_param("Answer is required")
    return NewSegment(
        content=text, answer=checked_answer(answer, form),
        keywords=cleaned_keywords(keywords), attachment_ids=checked_attachments(attachments),
    )


def checked_answer(answer: str | None, form: str) -> str | None:
    """An answer of a Q&A segment, None for other segments: they have none. Raises invalid_param for a blank one."""
    if answer is None or form != QA:
        return None
    text = clean_text(answer)
    if not text.strip():
        raise invalid_param("Answer is empty")
    return text


def cleaned_keywords(keywords: Sequence[str]) -> tuple[str, ...]:
    """Keywords without blanks, each once."""
    return tuple(dict.fromkeys(word for one in keywords if (word := clean_text(one).strip())))


def checked_attachments(attachment_ids: Sequence[str]) -> tuple[str, ...]:
    """At most ten; what is no id names no upload. Raises invalid_param."""
    if len(attachment_ids) > ATTACHMENT_LIMIT:
        raise invalid_param(f"Exceeded maximum attachment limit of {ATTACHMENT_LIMIT}")
    return tuple(known for one in attachment_ids if (known := id_or_none(one)))
