"""Files as messages and response headers."""

from __future__ import annotations

from urllib.parse import quote

from server.file.model import StoredFile
from transom.file.v1 import file_http_service_pb2 as pb
from transom.file.v1.remote_file_pb2 import RemoteUpload

_DOWNLOAD_TYPE = "application/octet-stream"


def uploaded(file: StoredFile, link: str) -> pb.UploadedFile:
    """The body of an upload's reply; what it leaves out is null (service-api.md 9.1)."""
    return pb.UploadedFile(
        id=file.id, name=file.name, size=file.size, extension=file.extension, mime_type=file.mime_type,
        created_by=file.created_by, created_at=int(file.created_at.timestamp()), source_url=link,
        tenant_id=file.tenant_id,
    )


def copied(file: StoredFile, link: str) -> RemoteUpload:
    """A file that was fetched (web-api.md section 7)."""
    return RemoteUpload(
        id=file.id, name=file.name, size=file.size, extension=file.extension, url=link, mime_type=file.mime_type,
        created_by=file.created_by, created_at=int(file.created_at.timestamp()),
    )


def content_type(file: StoredFile, *, as_attachment: bool) -> str:
    """What the reply says it is."""
    return _DOWNLOAD_TYPE if as_attachment or file.is_html else file.mime_type


def headers(file: StoredFile, *, as_attachment: bool) -> list[tuple[str, str]]:
    """Response headers (service-api.md 9.3). A page is never shown inline, a drawing never runs a script."""
    found = [
        ("x-content-length", str(file.size)), ("cache-control", "public, max-age=3600"),
        ("x-content-type-options", "nosniff"),
    ]  # fmt: skip
    if file.is_playable:
        found.append(("accept-ranges", "bytes"))
    if as_attachment or file.is_html:
        found.append(("content-disposition", f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"))
    elif file.mime_type == "image/svg+xml":
        found.append(("content-security-policy", "sandbox"))
    return found
