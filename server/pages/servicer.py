"""The RPCs of pages: files out of memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.api.httpbody_pb2 import HttpBody

from server.access.passports import Passports
from server.edge.call import current_call
from server.kit.errors import not_found
from transom.web.v1 import page_http_service_pb2 as pb
from transom.web.v1 import page_http_service_pb2_grpc as pb_grpc

Context = Any

_STATIC = Path(__file__).parent / "static"
_PAGE = "page.html"
_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
}  # fmt: skip
# Scripts come from us alone. A page may stand in a frame of any site: that is how apps are embedded.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src * data: blob:; "
    "media-src * blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, slots=True)
class _File:
    body: HttpBody
    tag: str


def _load() -> Mapping[str, _File]:
    paths = [path for folder in (_STATIC, _STATIC / "vendor") for path in folder.iterdir() if path.suffix in _TYPES]
    return {
        path.name: _File(
            HttpBody(content_type=_TYPES[path.suffix], data=path.read_bytes()),
            hashlib.sha256(path.read_bytes()).hexdigest()[:16],
        )
        for path in paths
    }


class PageServicer(pb_grpc.PageServiceServicer):
    """Pages of published apps."""

    def __init__(self, passports: Passports) -> None:
        self._passports = passports
        self._files = _load()

    async def GetPage(self, request: pb.GetPageRequest, context: Context) -> HttpBody:
        """The page of an app."""
        await self._passports.require_page(request.code)
        headers = current_call().headers
        headers.append(("content-security-policy", _POLICY))
        headers.append(("referrer-policy", "same-origin"))
        headers.append(("x-content-type-options", "nosniff"))
        headers.append(("cache-control", "no-cache"))
        return self._files[_PAGE].body

    async def GetPageFile(self, request: pb.GetPageFileRequest, context: Context) -> HttpBody:
        """A script or style."""
        file = self._files.get(request.name)
        if file is None or request.name == _PAGE:
            raise not_found()
        headers = current_call().headers
        headers.append(("etag", f'"{file.tag}"'))
        headers.append(("x-content-type-options", "nosniff"))
        headers.append(("cache-control", "public, max-age=300"))
        return file.body
