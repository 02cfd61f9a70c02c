"""Whether an HTTP answer is text or a file, and what such a file is called (workflow-engine.md 8.15)."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from email.message import Message
from urllib.parse import unquote, urlsplit

_TEXTUAL = ("json", "xml", "javascript", "x-www-form-urlencoded", "yaml", "graphql")
_MARKS = (b"{", b"[", b"<", b"function", b"var ", b"const ", b"let ")
_OF_FILES = ("application", "image", "audio", "video")
_SAMPLE = 1024


def header(headers: Sequence[tuple[str, str]], name: str) -> str:
    """The first header of that name, or nothing."""
    return next((value for key, value in headers if key.lower() == name), "")


def holds_file(headers: Sequence[tuple[str, str]], sample: bytes) -> bool:
    """Whether the answer is kept as a file, by its headers and the beginning of its body."""
    disposition = _disposition(headers)
    if disposition.get_content_disposition() == "attachment" or disposition.get_filename() is not None:
        return True
    kind = media_type(headers)
    if kind.startswith("text/"):
        return "csv" in kind
    if kind.startswith("application/"):
        if any(part in kind for part in _TEXTUAL):
            return False
        if (decided := _by_sample(sample[:_SAMPLE])) is not None:
            return decided
    guessed, _ = mimetypes.guess_type(f"a{mimetypes.guess_extension(kind) or ''}")
    return (guessed or kind).partition("/")[0] in (_OF_FILES if guessed else _OF_FILES[1:])


def _by_sample(sample: bytes) -> bool | None:
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that the end of the sample cuts says nothing.
        return None if error.start >= len(sample) - 3 else True
    return False if any(mark in sample for mark in _MARKS) else None


def media_type(headers: Sequence[tuple[str, str]]) -> str:
    """``text/html`` of ``Text/HTML; charset=gbk``."""
    return header(headers, "content-type").partition(";")[0].strip().lower()


def named(headers: Sequence[tuple[str, str]], url: str) -> tuple[str, str]:
    """(name, MIME type) of the file in an answer."""
    told = _disposition(headers).get_filename()
    name = told or unquote(urlsplit(url).path.rpartition("/")[2])
    kind = (
        (mimetypes.guess_type(told)[0] if told else None)
        or media_type(headers)
        or mimetypes.guess_type(name)[0]
        or "application/octet-stream"
    )
    name = name.replace("/", "_").replace("\\", "_").replace("\x00", "")[-200:] or "file"
    if "." not in name:
        name += mimetypes.guess_extension(kind) or ""
    return name, kind


def text_of(headers: Sequence[tuple[str, str]], body: bytes) -> str:
    """The body as text: in the encoding that it names, else UTF-8, else the Chinese one that holds the bytes."""
    message = Message()
    message["content-type"] = header(headers, "content-type")
    charset = message.get_content_charset()
    if charset:
        try:
            return body.decode(charset, "replace")
        except (LookupError, UnicodeError):
            pass
    for encoding in ("utf-8", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("utf-8", "replace")


def _disposition(headers: Sequence[tuple[str, str]]) -> Message:
    message = Message()
    if told := header(headers, "content-disposition"):
        message["content-disposition"] = told
    return message
