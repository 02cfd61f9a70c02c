"""Rules of uploads: names, extensions, sizes (service-api.md 9.1 and 9.2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from server.chat.files import kind_of
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.plain import clean_text

_MEBIBYTE = 1024 * 1024
_LONGEST_NAME = 200
_LONGEST_EXTENSION = 50
_MIME = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)
_HTML = ("html", "htm", "xhtml", "xht", "shtml")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted. Sizes in MiB, extensions without the dot."""

    image: int = 10
    video: int = 100
    audio: int = 50
    other: int = 15
    blocked: Collection[str] = ()

    def size_of(self, extension: str) -> int:
        """Most bytes of a file with that extension."""
        sizes: Mapping[str, int] = {"image": self.image, "video": self.video, "audio": self.audio}
        return sizes.get(kind_of(extension), self.other) * _MEBIBYTE

    def head(self, filename: str, content_type: str) -> FileHead:
        """Check the head of a file part."""
        return file_head(filename, content_type, self)


@dataclass(frozen=True, slots=True)
class FileHead:
    """What the head of an upload's file part says. ``extension`` is lower case, without the dot."""

    name: str
    extension: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An upload with its place in the store. ``size`` in bytes, ``hash`` is SHA-256 in hex."""

    id: str
    tenant_id: str
    app_id: str | None
    key: str
    name: str
    size: int
    extension: str
    mime_type: str
    hash: str
    created_by: str | None
    created_at: datetime

    @property
    def is_html(self) -> bool:
        """A page that would run in the name of whoever looks at it."""
        return self.extension in _HTML or self.mime_type in ("text/html", "application/xhtml+xml")

    @property
    def is_playable(self) -> bool:
        """Audio or video."""
        return self.mime_type.startswith(("audio/", "video/"))


def file_head(filename: str, content_type: str, limits: Limits) -> FileHead:
    """Check the head of a file part in the documented order (service-api.md 9.1, 3 to 7)."""
    mime_type = content_type.partition(";")[0].strip().lower()
    if not _MIME.fullmatch(mime_type):
        raise AppError(Reason.UNSUPPORTED_FILE_TYPE)
    name = clean_text(filename)
    if not name:
        raise AppError(Reason.FILENAME_NOT_EXISTS_ERROR)
    if "/" in name or "\\" in name:
        raise invalid_param("Filename contains invalid characters")
    extension = PurePosixPath(name).suffix.removeprefix(".").lower()
    if extension in limits.blocked:
        raise invalid_param(f"File extension '.{extension}' is not allowed for security reasons")
    return FileHead(shortened(name, extension), extension[:_LONGEST_EXTENSION], mime_type)


def shortened(name: str, extension: str) -> str:
    """A name of more than 200 characters: the first 200 before its first dot, and the extension."""
    if len(name) <= _LONGEST_NAME:
        return name
    stem = name.partition(".")[0][:_LONGEST_NAME]
    return f"{stem}.{extension[:_LONGEST_EXTENSION]}" if extension else stem
