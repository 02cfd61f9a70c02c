"""Files elsewhere: what lies behind an address, and a copy of it in the store (web-api.md section 7)."""

from __future__ import annotations

import re
from mimetypes import guess_extension
from pathlib import PurePosixPath
from urllib.parse import unquote

from server.chat.remote import described
from server.file.model import FileHead, Limits, StoredFile
from server.file.upload import Record, Uploads
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.outbound import Answer, Outbound, OutboundError, Request, Timeouts
from server.kit.plain import clean_text

_LOOK = Timeouts(connect=3.0, read=3.0, write=0.0)
_FETCH = Timeouts(connect=5.0, read=30.0, write=5.0)
_UNKNOWN = "application/octet-stream"
_LONGEST_URL = 4096
_MOST_BYTES = 2**31 - 1
# A gateway that tidies paths makes one slash of two.
_SCHEME = re.compile(r"^(https?):/+", re.IGNORECASE)


class RemoteUploads:
    """Asks and fetches addresses of users."""

    def __init__(self, outbound: Outbound, uploads: Uploads, limits: Limits) -> None:
        self._outbound = outbound
        self._uploads = uploads
        self._limits = limits

    async def look(self, url: str) -> tuple[str, int]:
        """Type and length of what lies behind a percent-encoded address; -1: unknown.

        Raises remote_file_upload_error.
        """
        # What came over the gateway is decoded already.
        address = _SCHEME.sub(r"\1://", _checked(url if _SCHEME.match(url) else unquote(url)))
        try:
            answer = await self._head(address, "HEAD")
            if answer.status != 200:
                answer = await self._head(address, "GET")
        except OutboundError as error:
            raise _failed(address, str(error)) from error
        if answer.status >= 400:
            raise _failed(address, f"status {answer.status}")
        length = answer.header("content-length")
        told = int(length) if length.isascii() and length.isdigit() and len(length) < 11 else -1
        return clean_text(answer.header("content-type")) or _UNKNOWN, told if told <= _MOST_BYTES else -1

    async def _head(self, address: str, verb: str) -> Answer:
        async with self._outbound.stream(Request(verb, address, timeouts=_LOOK)) as stream:
            return Answer(stream.status, stream.headers, b"", stream.url)

    async def fetch(self, tenant_id: str, url: str, record: Record[StoredFile]) -> StoredFile:
        """Fetch a file and have its copy recorded. Raises remote_file_upload_error, file_too_large and as uploads."""
        address = _checked(url)
        try:
            async with self._outbound.stream(Request("GET", address, timeouts=_FETCH)) as stream:
                if stream.status != 200:
                    raise _failed(address, f"status {stream.status}")
                told = _head_of(address, Answer(stream.status, stream.headers, b"", stream.url))
                head = self._limits.head(told.name, told.mime_type)
                return await self._uploads.keep_coming(tenant_id, head, stream.pieces, record)
        except OutboundError as error:
            raise _failed(address, str(error)) from error


def _head_of(address: str, answer: Answer) -> FileHead:
    """Name and type as the answer tells them; a name without an extension gets that of the type."""
    said = described(address, answer)
    suffix = PurePosixPath(said.name).suffix or guess_extension(said.mime_type) or ""
    name = said.name if PurePosixPath(said.name).suffix else f"{said.name or 'file'}{suffix}"
    return FileHead(name, suffix.removeprefix(".").lower(), said.mime_type)


def _checked(url: str) -> str:
    cleaned = clean_text(url).strip()
    if not cleaned:
        raise invalid_param("url is required")
    if len(cleaned) > _LONGEST_URL:
        raise invalid_param(f"url cannot exceed {_LONGEST_URL} characters.")
    return cleaned


def _failed(address: str, cause: str) -> AppError:
    return AppError(Reason.REMOTE_FILE_UPLOAD_ERROR, f"Failed to fetch file from {address[:200]}: {cause}")
