"""Metadata fields and values (dataset-api.md 7.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NAME_LIMIT = 255
TYPES = ("string", "number", "time")
# Name -> type of the fields that every document has.
BUILT_IN_FIELDS: Mapping[str, str] = {
    "document_name": "string", "uploader": "string", "upload_date": "time", "last_update_date": "time",
    "source": "string",
}
_SOURCES = {"upload_file": "file_upload", "website_crawl": "website", "notion_import": "notion"}


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A custom field and how many documents carry it."""

    id: str
    name: str
    type: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class MetadataEntry:
    """One value as it is shown."""

    id: str
    name: str
    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class DocumentValues:
    """What a request sets on one document: (field id, name, value) each."""

    document_id: str
    values: tuple[tuple[str, str, Any], ...]
    partial: bool


def built_in_values(
    *, name: str, uploader: str | None, created_at: datetime, updated_at: datetime, source_type: str
) -> dict[str, Any]:
    """The built-in fields of a document; times are epoch seconds."""
    return {
        "document_name": name, "uploader": uploader or "", "upload_date": created_at.timestamp(),
        "last_update_date": updated_at.timestamp(), "source": _SOURCES.get(source_type, source_type),
    }


def entries(
    stored: Mapping[str, Any] | None, bound: Sequence[tuple[str, str, str]], built_in: Mapping[str, Any],
    *, as_text: bool,
) -> list[MetadataEntry] | None:
    """What a document object shows: None when nothing is stored; else bound fields and the five built-in ones.

    ``bound`` are (id, name, type) of the fields the document carries. Times are shown as text; in lists
    (``as_text``) every value is.
    """
    if not stored:
        return None
    own = [
        MetadataEntry(field_id, name, kind, _shown(stored.get(name), kind, as_text=as_text))
        for field_id, name, kind in bound
    ]
    fixed = [
        MetadataEntry("built-in", name, kind, _shown(built_in.get(name), kind, as_text=as_text))
        for name, kind in BUILT_IN_FIELDS.items()
    ]
    return own + fixed


def _shown(value: Any, kind: str, *, as_text: bool) -> Any:
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and (kind == "time" or as_text):
        return str(float(value)) if kind == "time" else str(value)
    return value
