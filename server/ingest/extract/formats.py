"""Which reader takes which extension (dataset-api.md 3.13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from server.ingest.extract.limits import Limits
from server.ingest.part import Part, Picture

Reader = Callable[[Path, Limits], Iterator[Part | Picture]]
"""Parts of a file, in order. A fault that it raises means: damaged."""

_READERS: dict[str, tuple[str, str]] = {
    "txt": ("text", "a text file"),
    "vtt": ("text", "a text file"),
    "properties": ("text", "a text file"),
    "md": ("markdown", "a Markdown file"),
    "markdown": ("markdown", "a Markdown file"),
    "mdx": ("markdown", "a Markdown file"),
    "html": ("html", "an HTML page"),
    "htm": ("html", "an HTML page"),
    "xml": ("xml", "an XML file"),
    "csv": ("csv_rows", "a CSV file"),
    "pdf": ("pdf", "a PDF document"),
    "docx": ("docx", "a Word document (docx)"),
    "xlsx": ("sheets", "an Excel workbook (xlsx)"),
    "xls": ("sheets", "an Excel workbook (xls)"),
    "pptx": ("pptx", "a PowerPoint presentation (pptx)"),
    "epub": ("epub", "an EPUB book"),
    "eml": ("eml", "an e-mail message (eml)"),
}

# Readers of workflow nodes, which want a whole table or object instead of a part a row.
_WHOLE: dict[str, tuple[str, str]] = {
    "csv-table": ("tables", "a CSV file"),
    "xlsx-table": ("tables", "an Excel workbook (xlsx)"),
    "xls-table": ("tables", "an Excel workbook (xls)"),
    "json-text": ("data_text", "a JSON file"),
    "yaml-text": ("data_text", "a YAML file"),
    "vtt-text": ("data_text", "a WebVTT file"),
    "properties-text": ("data_text", "a properties file"),
}

SUPPORTED_EXTENSIONS = frozenset(_READERS)
"""What may be uploaded, lower case, without the dot. Not doc, msg and ppt: no kept
library under a free licence reads them."""


def normal(extension: str) -> str:
    """Lower case, without the dot."""
    return extension.lower().removeprefix(".")


def reader_of(extension: str) -> Reader:
    """The reader, imported now; plain text for an extension without one."""
    reader: Reader = import_module(f"server.ingest.extract.{reader_name(extension)}").read
    return reader


def reader_name(extension: str) -> str:
    """The module of its reader, without importing it."""
    return _found(extension)[0]


def described(extension: str) -> str:
    """What a file with that extension should be, with its article."""
    return _found(extension)[1]


def _found(extension: str) -> tuple[str, str]:
    return _READERS.get(extension) or _WHOLE.get(extension) or _READERS["txt"]
