"""The admin port of a server process: GET /metrics, /ready and /health over plain HTTP/1.1, one answer a connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from dataclasses import asdict

from server.kit.metrics import CONTENT_TYPE
from server.ops.numbers import Numbers
from server.ops.ready import ReadyService

log = logging.getLogger("transom.admin")

_REQUEST_SECONDS = 5.0
_HEAD_LIMIT = 16 * 1024
_JSON = "application/json"
_STATUS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class AdminPort:
    """Listens from ``start`` to ``stop``."""

    def __init__(self, numbers: Numbers, ready: ReadyService) -> None:
        self._numbers = numbers
        self._ready = ready
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, which the system chooses for 0. Raises OSError when that is not possible."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_HEAD_LIMIT)
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that leaves, or says nothing, is nobody's fault.
        with contextlib.suppress(OSError, TimeoutError, EOFError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = await self._answer(head.partition(b"\r\n")[0].split())
                writer.write(_reply(status, kind, body))
                await writer.drain()
        writer.close()

    async def _answer(self, request: list[bytes]) -> tuple[int, str, str]:
        if len(request) != 3:
            return 400, _JSON, _fault("bad_request", 400)
        method, path = request[0], request[1].partition(b"?")[0]
        if path not in {b"/metrics", b"/ready", b"/health"}:
            return 404, _JSON, _fault("not_found", 404)
        if method != b"GET":
            return 405, _JSON, _fault("method_not_allowed", 405)
        if path == b"/metrics":
            return 200, CONTENT_TYPE, await self._numbers.page()
        if path == b"/health":
            return 200, _JSON, '{"status":"ok"}'
        found = await self._ready.look()
        status = 200 if found.is_ready else 503
        return status, _JSON, json.dumps({"status": "ready" if found.is_ready else "not_ready", **asdict(found)})


def _fault(code: str, status: int) -> str:
    return json.dumps({"code": code, "message": _STATUS[status], "status": status})


def _reply(status: int, kind: str, text: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status} {_STATUS[status]}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body
