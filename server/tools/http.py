"""The port ``Http`` of the engine over the one guarded client."""

from __future__ import annotations

from collections.abc import Sequence

from server.engine.nodes.http_files import holds_file
from server.engine.ports import HttpFaultError, HttpRequest, HttpResponse
from server.kit.outbound import NotAllowedError, Outbound, OutboundError, Request, Timeouts, TooLargeError

_KIB, _MIB = 1024, 1024 * 1024


class GuardedHttp:
    """Requests of workflows."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Raises HttpFaultError."""
        files: list[bool] = []

        def limit(headers: Sequence[tuple[str, str]], sample: bytes) -> int:
            files.append(holds_file(headers, sample))
            return request.max_file_bytes if files[0] else request.max_text_bytes

        asked = Request(
            request.method, request.url, request.headers, request.params, request.body,
            Timeouts(*request.timeout), request.verify_tls,
        )
        try:
            answer = await self._outbound.request(asked, limit)
        except NotAllowedError as error:
            raise HttpFaultError(
                f"Access to '{request.url}' was blocked by SSRF protection. "
                "The URL may point to a private or local network address.",
                "ToolSSRFError",
            ) from error
        except TooLargeError as error:
            kind, most = ("File", request.max_file_bytes) if files[0] else ("Text", request.max_text_bytes)
            raise HttpFaultError(
                f"{kind} size is too large, max size is {most / _MIB:.2f} MB, "
                f"but current size is {readable(error.size)}.",
                "ResponseSizeError",
            ) from error
        except OutboundError as error:
            raise HttpFaultError(str(error)) from error
        return HttpResponse(answer.status, answer.headers, answer.body, answer.url)


def readable(size: int) -> str:
    """``1.50 MB``."""
    if size < _KIB:
        return f"{size} bytes"
    return f"{size / _KIB:.2f} KB" if size < _MIB else f"{size / _MIB:.2f} MB"
