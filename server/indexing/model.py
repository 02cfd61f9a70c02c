"""What the worker's steps hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class Superseded(Exception):
    """The document is gone, paused, wanted in another version, or another worker has it: stop quietly."""


class Failed(Exception):
    """The document cannot be indexed; the text is its error."""


class IndexChanged(Exception):
    """The dataset is gone, or its index is another one than that for which a text was prepared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A document that this worker has begun to index."""

    tenant_id: str
    dataset_id: str
    document_id: str
    version: int
    attempts: int
    # What tells this beginning from every other one.
    claim: str
    doc_form: str
    doc_language: str
    rule: dict[str, object] | None
    file_key: str
    extension: str
    created_by: str
    # Its segments are all made; only some of them are not indexed.
    is_split: bool
    began_at: datetime
    # Of the document, in its dataset.
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One text in the index: a segment, a child chunk or a summary of one."""

    node_id: str
    segment_id: str
    document_id: str
    text: str
    # Economy: what was given or extracted, and the place in the dataset, which breaks ties.
    keywords: tuple[str, ...] = ()
    document_position: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSegment:
    """A segment that is not in the index yet, with the texts that will stand for it there."""

    id: str
    content: str
    answer: str | None
    keywords: tuple[str, ...]
    # Itself or its child chunks.
    nodes: tuple[Node, ...]
    # What it was summarised to; counts no tokens.
    summaries: tuple[Node, ...] = ()
