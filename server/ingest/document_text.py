"""The text in any document, for workflow nodes: as it is where it is text, extracted in a child where it is not."""

from __future__ import annotations

from pathlib import Path

from server.ingest.extract import ExtractError, Limits, extract

_SOURCE_CODE = (
    "py pyi ipynb js mjs cjs jsx ts tsx vue svelte css scss sass less go java kt kts scala groovy c h cc cpp cxx hpp "
    "cs fs vb php rb rs swift m mm lua r jl pl pm sh bash zsh fish bat cmd ps1 dockerfile makefile gradle gitignore "
    "editorconfig asm s clj erl ex exs hs elm dart f f90 pas nim zig v sol tf hcl"
)
_PLAIN = (
    "txt markdown md mdx html htm xml log ini conf cfg env toml tex rst adoc org diff patch sql graphql proto srt"
)
_TEXT = frozenset((*_SOURCE_CODE.split(), *_PLAIN.split()))
# Extension -> (reader, name of the format in errors).
_READ = {
    "json": ("json-text", "JSON"), "yaml": ("yaml-text", "YAML"), "yml": ("yaml-text", "YAML"),
    "csv": ("csv-table", "CSV"), "xlsx": ("xlsx-table", "Excel"), "xls": ("xls-table", "Excel"),
    "pdf": ("pdf", "PDF"), "docx": ("docx", "DOCX"), "pptx": ("pptx", "PPTX"), "epub": ("epub", "EPUB"),
    "eml": ("eml", "EML"), "vtt": ("vtt-text", "VTT"), "properties": ("properties-text", "properties"),
}  # fmt: skip
_OF_MIME = {
    "text/plain": "txt", "text/html": "html", "text/htm": "html", "text/markdown": "md", "text/xml": "xml",
    "application/xml": "xml", "application/json": "json", "application/x-yaml": "yaml", "text/yaml": "yaml",
    "application/yaml": "yaml", "text/csv": "csv", "text/vtt": "vtt", "text/properties": "properties",
    "application/pdf": "pdf", "application/msword": "doc", "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/epub+zip": "epub", "message/rfc822": "eml",
}  # fmt: skip


class NoTextError(Exception):
    """A document that gives no text. The message may be shown."""


def reader_of(extension: str, mime_type: str) -> tuple[str, str]:
    """(extension for the extractor, name of the format): by extension, only without one by type. Raises NoTextError."""
    name = extension.lower().removeprefix(".")
    if not name and not mime_type:
        raise NoTextError("Unable to determine file type: MIME type or file extension is missing")
    known = name or _OF_MIME.get(mime_type.partition(";")[0].strip().lower(), "")
    if known in _TEXT:
        return "txt", "text"
    if known in _READ:
        return _READ[known]
    if known == "doc":
        raise NoTextError("UNSTRUCTURED_API_URL must be set")
    raise NoTextError(f"Unsupported Extension Type: .{name}" if name else f"Unsupported MIME type: {mime_type}")


def document_text(path: Path, extension: str, mime_type: str, limits: Limits | None = None) -> str:
    """The text of a file. Blocks; call it in a thread. Raises NoTextError."""
    reader, name = reader_of(extension, mime_type)
    try:
        return "\n".join(part.text for part in extract(path, reader, limits))
    except (ExtractError, FileNotFoundError) as error:
        raise NoTextError(f"Failed to extract text from {name}: {error}") from error
