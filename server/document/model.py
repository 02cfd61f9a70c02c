"""What a document is, and what its state allows (dataset-api.md sections 3 and 4)."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from server.dataset.model import ModelRef
from server.file.model import FileHead, shortened
from server.ingest.extract import SUPPORTED_EXTENSIONS
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.plain import clean_text

NAME_LIMIT = 200
ACTIONS = ("enable", "disable", "archive", "un_archive")
# A job works on the document in these states.
BUSY = frozenset({"parsing", "cleaning", "splitting", "indexing"})
DISPLAY = ("queuing", "indexing", "paused", "error", "available", "disabled", "archived")
_ALIASES = {"active": "available", "enabled": "available"}
_MEBIBYTE = 1024 * 1024
_FORBIDDEN_IN_NAMES = frozenset('/\\:*?"<>|')


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A row of ``documents``; ``version`` and ``live_version`` as in server/db/tables.py."""

    id: str
    tenant_id: str
    dataset_id: str
    position: int
    name: str
    batch: str
    created_from: str
    data_source_type: str
    upload_file_id: str | None
    process_rule_id: str
    doc_form: str
    doc_language: str
    doc_type: str | None
    doc_metadata: Mapping[str, Any] | None
    need_summary: bool
    indexing_status: str
    error: str | None
    version: int
    live_version: int
    attempts: int
    is_paused: bool
    paused_at: datetime | None
    processing_started_at: datetime | None
    parsing_completed_at: datetime | None
    cleaning_completed_at: datetime | None
    splitting_completed_at: datetime | None
    completed_at: datetime | None
    stopped_at: datetime | None
    indexing_latency: float | None
    word_count: int | None
    tokens: int | None
    enabled: bool
    disabled_at: datetime | None
    disabled_by: str | None
    archived: bool
    created_by: str
    created_at: datetime
    updated_at: datetime

    @property
    def display_status(self) -> str | None:
        """What is shown of all the states together (dataset-api.md 3.12)."""
        if self.indexing_status in BUSY:
            return "paused" if self.is_paused else "indexing"
        if self.indexing_status == "completed":
            done = "available" if self.enabled else "disabled"
            return "archived" if self.archived else done
        return {"waiting": "queuing", "error": "error"}.get(self.indexing_status)

    @property
    def is_available(self) -> bool:
        """Whether searches find it and updates take it."""
        return self.display_status == "available"


COLUMNS = tuple(item.name for item in fields(Document))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The uploaded file of a document."""

    id: str
    name: str
    size: int
    extension: str
    mime_type: str
    key: str
    created_by: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document with what is shown around it."""

    document: Document
    source: Source | None = None
    hit_count: int = 0
    segment_count: int = 0
    uploader: str | None = None
    # (id, name, type) of the metadata fields it carries.
    bound: tuple[tuple[str, str, str], ...] = ()
    dataset_rule: Mapping[str, Any] | None = None
    own_rule: Mapping[str, Any] | None = None
    summarizing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many of a document's segments can be searched."""

    document: Document
    completed: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a create or update says beside name and text; None: not sent."""

    indexing_technique: str | None = None
    doc_form: str | None = None
    doc_language: str | None = None
    process_rule: Mapping[str, Any] | None = None
    retrieval_model: Mapping[str, Any] | None = None
    embedding: ModelRef | None = None
    original_document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is in the store and not yet a row."""

    key: str
    head: FileHead
    size: int
    hash: str


def new_batch(now: datetime | None = None) -> str:
    """A batch id: 14 digits of time, 6 random ones."""
    moment = now or datetime.now(UTC)
    return moment.strftime("%Y%m%d%H%M%S") + str(100_000 + secrets.randbelow(900_000))


def text_name(name: str) -> str:
    """The name of a document made from text: required, cut to 200 characters."""
    cleaned = clean_text(name).strip()
    if not cleaned:
        raise invalid_param("name is required.")
    return cleaned[:NAME_LIMIT]


def wanted_status(status: str) -> str:
    """A display status to filter by, "" for none or an unknown one."""
    lower = status.lower()
    lower = _ALIASES.get(lower, lower)
    return lower if lower in DISPLAY else ""


@dataclass(frozen=True, slots=True)
class DocumentFiles:
    """What is accepted as a document: the extensions of dataset-api.md 3.13, at most ``megabytes``."""

    megabytes: int
    blocked: Collection[str] = ()

    def head(self, filename: str, content_type: str) -> FileHead:
        """Check the head of a file part. Raises filename_not_exists_error, invalid_param, unsupported_file_type."""
        name = clean_text(filename)
        if not name:
            raise AppError(Reason.FILENAME_NOT_EXISTS_ERROR)
        if _FORBIDDEN_IN_NAMES & set(name):
            raise invalid_param("Filename contains invalid characters")
        extension = name.rpartition(".")[2].lower() if "." in name else ""
        if extension in self.blocked:
            raise invalid_param(f"File extension '.{extension}' is not allowed for security reasons")
        if extension not in SUPPORTED_EXTENSIONS:
            raise AppError(Reason.UNSUPPORTED_FILE_TYPE)
        kind = content_type.partition(";")[0].strip().lower() or "application/octet-stream"
        return FileHead(shortened(name, extension), extension, kind)

    def size_of(self, extension: str) -> int:  # noqa: ARG002 - one limit for all of them
        """Most bytes of a document."""
        return self.megabytes * _MEBIBYTE
