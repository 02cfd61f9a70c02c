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
from server.kit.errors import AppError, Reason, not_found
from transom.web.v1 import page_http_service_pb2 as pb
from transom.web.v1 import page_http_service_pb2_grpc as pb_grpc

Context = Any

_STATIC = Path(__file__).parent / "static"
_OPENAPI = Path(__file__).resolve().parents[2] / "generated" / "openapi.json"
_PAGE, _DOCS, _ACCOUNT, _MISSING = "page.html", "docs.html", "account.html", "missing.html"
_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
}  # fmt: skip
# Scripts come from us alone. A page may stand in a frame of any site: that is how apps are embedded.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src * data: blob:; "
    "media-src * blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
_PAGE_HEADERS = (
    ("content-security-policy", _POLICY), ("referrer-policy", "same-origin"), ("x-content-type-options", "nosniff"),
    ("cache-control", "no-cache"),
)  # fmt: skip

# A page that asks for a password stands in no frame, and its address, which has a token in it, is told to nobody.
_ACCOUNT_HEADERS = (
    ("content-security-policy", f"{_POLICY}; frame-ancestors 'none'"), ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"), ("cache-control", "no-store"),
)  # fmt: skip


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
        self._document = HttpBody(content_type="application/json", data=_OPENAPI.read_bytes())

    async def GetPage(self, request: pb.GetPageRequest, context: Context) -> HttpBody:
        """The page of an app; people who look for one that is not there are told so in words."""
        try:
            await self._passports.require_page(request.code)
        except AppError as error:
            call = current_call()
            if error.reason != Reason.NOT_FOUND or "text/html" not in call.metadata.get("accept", ""):
                raise
            call.status = 404
            return self._page(_MISSING)
        return self._page(_PAGE)

    async def GetAccountPage(self, request: pb.GetAccountPageRequest, context: Context) -> HttpBody:
        """The page of invitations and logins."""
        current_call().headers.extend(_ACCOUNT_HEADERS)
        return self._files[_ACCOUNT].body

    async def GetDocs(self, request: pb.GetDocsRequest, context: Context) -> HttpBody:
        """The API in a browser."""
        return self._page(_DOCS)

    async def GetOpenApi(self, request: pb.GetOpenApiRequest, context: Context) -> HttpBody:
        """The API as a document."""
        current_call().headers.append(("cache-control", "no-cache"))
        return self._document

    def _page(self, name: str) -> HttpBody:
        current_call().headers.extend(_PAGE_HEADERS)
        return self._files[name].body

    async def GetPageFile(self, request: pb.GetPageFileRequest, context: Context) -> HttpBody:
        """A script or style."""
        file = self._files.get(request.name)
        if file is None or request.name.endswith(".html"):
            raise not_found()
        headers = current_call().headers
        headers.append(("etag", f'"{file.tag}"'))
        headers.append(("x-content-type-options", "nosniff"))
        headers.append(("cache-control", "public, max-age=300"))
        return file.body
