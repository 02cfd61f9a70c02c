"""A client of MCP servers: streamable HTTP, and the older transport of two channels where a server knows no other.

One session serves one listing or call; the guarded client connects.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

from server.engine.ports import ToolMessage
from server.kit.outbound import Outbound, OutboundError, Request, Stream, Timeouts

PROTOCOL = "2025-06-18"
_CLIENT = {"name": "Transom", "version": "1.0.0"}
_MOST_BYTES = 10 * 1024 * 1024
_MOST_PAGES, _MOST_TOOLS = 20, 500
_NO_STREAMABLE = frozenset({400, 404, 405, 406, 415})


class McpError(Exception):
    """The server cannot be spoken with, or refused; the text may be shown."""


class McpAuthError(McpError):
    """The server asks for an authorization that it was not given."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is and how to speak with it. ``read`` bounds the silences of its streams."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0
    read: float = 300.0


class _Transport(Protocol):
    async def ask(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a request and wait for its response."""
        ...

    async def tell(self, message: Mapping[str, Any]) -> None:
        """Send what nobody answers."""
        ...


class Session:
    """An initialized session."""

    def __init__(self, transport: _Transport, seconds: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._last = 0

    async def start(self) -> Mapping[str, Any]:
        """Agree on the protocol; what the server says of itself."""
        told = await self._ask(
            "initialize", {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": _CLIENT}
        )
        await self._transport.tell({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return told

    async def tools(self) -> list[dict[str, Any]]:
        """Every tool: name, title, description, inputSchema, outputSchema."""
        found: list[dict[str, Any]] = []
        cursor: Any = None
        for _ in range(_MOST_PAGES):
            page = await self._ask("tools/list", {"cursor": cursor} if cursor else {})
            found += [dict(one) for one in _list(page.get("tools")) if isinstance(one, Mapping) and one.get("name")]
            cursor = page.get("nextCursor")
            if not cursor or len(found) >= _MOST_TOOLS:
                break
        return found[:_MOST_TOOLS]

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the tool answered. Raises McpError with its text when it failed."""
        result = await self._ask("tools/call", {"name": name, "arguments": dict(arguments)})
        if result.get("isError"):
            texts = [str(one.get("text")) for one in _list(result.get("content")) if isinstance(one, Mapping)]
            raise McpError("\n".join(texts) or "The tool failed.")
        return result

    async def _ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self._last += 1
        message = {"jsonrpc": "2.0", "id": self._last, "method": method, "params": dict(params)}
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._transport.ask(message)
        except TimeoutError:
            raise McpError(f"The MCP server did not answer within {self._seconds:g} seconds.") from None
        if "error" in answer:
            error = answer["error"]
            raise McpError(str(error.get("message") if isinstance(error, Mapping) else error))
        result = answer.get("result")
        return result if isinstance(result, Mapping) else {}


@asynccontextmanager
async def session(outbound: Outbound, server: Server) -> AsyncIterator[Session]:
    """A session with a server, by whichever transport it knows. Raises McpError, McpAuthError."""
    try:
        async with AsyncExitStack() as stack:
            streamable = _Streamable(outbound, server)
            opened = Session(streamable, server.read)
            try:
                await _start(opened, server)
                stack.push_async_callback(streamable.end)
            except _UnknownTransportError as unknown:
                older = _TwoChannels(outbound, server)
                await stack.enter_async_context(older.open(unknown))
                opened = Session(older, server.read)
                await _start(opened, server)
            yield opened
    except OutboundError as error:
        raise McpError(f"Failed to connect to MCP server: {error}") from error


async def _start(opened: Session, server: Server) -> None:
    try:
        async with asyncio.timeout(server.timeout):
            await opened.start()
    except TimeoutError:
        raise McpError(f"The MCP server did not answer within {server.timeout:g} seconds.") from None


class _UnknownTransportError(Exception):
    """The address knows no POST of a message; the status says what it answered."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class _Streamable:
    """Every message is a POST; its answer is JSON, or a stream of events with the answer among them."""

    def __init__(self, outbound: Outbound, server: Server) -> None:
        self._outbound = outbound
        self._server = server
        self._kept: dict[str, str] = {}

    async def ask(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Raises McpError, _UnknownTransportError (of the first message)."""
        async with self._outbound.stream(self._request("POST", message), endless=True) as stream:
            self._check(stream, first=message["method"] == "initialize")
            if key := stream.header("mcp-session-id"):
                self._kept["Mcp-Session-Id"] = key
            answer = await self._answer(stream, message["id"])
        if message["method"] == "initialize" and isinstance(answer.get("result"), Mapping):
            self._kept["MCP-Protocol-Version"] = str(answer["result"].get("protocolVersion") or PROTOCOL)
        return answer

    async def tell(self, message: Mapping[str, Any]) -> None:
        """The server answers nothing of interest."""
        async with self._outbound.stream(self._request("POST", message)) as stream:
            self._check(stream, first=False)

    async def end(self) -> None:
        """Let the server forget the session; it may not know how."""
        if "Mcp-Session-Id" not in self._kept:
            return
        try:
            async with self._outbound.stream(self._request("DELETE", None)):
                pass
        except OutboundError:
            pass

    async def _answer(self, stream: Stream, wanted: int) -> Mapping[str, Any]:
        if "text/event-stream" not in stream.header("content-type"):
            found = _message(await _whole(stream))
            for one in found if isinstance(found, list) else [found]:
                if isinstance(one, Mapping) and one.get("id") == wanted:
                    return one
            raise McpError("The MCP server answered no message.")
        async for _, data in events(stream.pieces):
            one = _message(data)
            if isinstance(one, Mapping) and one.get("id") == wanted and "method" not in one:
                return one
            if isinstance(one, Mapping) and "id" in one and "method" in one:
                await self.tell(_refusal(one))
        raise McpError("The MCP server ended its stream without an answer.")

    def _request(self, method: str, message: Mapping[str, Any] | None) -> Request:
        headers = {
            **self._server.headers, "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json", **self._kept,
        }
        body = None if message is None else json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
        return Request(method, self._server.url, list(headers.items()), body=body, timeouts=_times(self._server))

    def _check(self, stream: Stream, *, first: bool) -> None:
        if first and stream.status in _NO_STREAMABLE:
            raise _UnknownTransportError(stream.status)
        _check_status(stream.status)


class _TwoChannels:
    """A stream that was opened first brings all answers; messages are posted to the address that it names."""

    def __init__(self, outbound: Outbound, server: Server) -> None:
        self._outbound = outbound
        self._server = server
        self._endpoint: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._fault: BaseException | None = None

    @asynccontextmanager
    async def open(self, unknown: _UnknownTransportError) -> AsyncIterator[None]:
        """Listen while it is used."""
        listener = asyncio.create_task(self._listen(unknown))
        try:
            async with asyncio.timeout(self._server.timeout):
                await self._endpoint
            yield
        except TimeoutError:
            raise McpError(f"The MCP server did not answer within {self._server.timeout:g} seconds.") from None
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
            if self._endpoint.done() and not self._endpoint.cancelled():
                self._endpoint.exception()

    async def ask(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Raises McpError."""
        if self._fault is not None:
            raise self._fault
        future = self._waiting[message["id"]] = asyncio.get_running_loop().create_future()
        try:
            await self.tell(message)
            return await future
        finally:
            self._waiting.pop(message["id"], None)
            if future.done() and not future.cancelled():
                future.exception()

    async def tell(self, message: Mapping[str, Any]) -> None:
        """Post a message."""
        headers = {**self._server.headers, "Content-Type": "application/json"}
        body = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
        request = Request(
            "POST", await self._endpoint, list(headers.items()), body=body, timeouts=_times(self._server)
        )
        async with self._outbound.stream(request) as stream:
            _check_status(stream.status)

    async def _listen(self, unknown: _UnknownTransportError) -> None:
        try:
            headers = {**self._server.headers, "Accept": "text/event-stream"}
            request = Request("GET", self._server.url, list(headers.items()), timeouts=_times(self._server))
            async with self._outbound.stream(request, endless=True) as stream:
                _check_status(stream.status if stream.status not in _NO_STREAMABLE else unknown.status)
                if "text/event-stream" not in stream.header("content-type"):
                    raise McpError("The address is no MCP server.")
                async for kind, data in events(stream.pieces):
                    await self._take(kind, data)
            self._break(McpError("The MCP server ended its stream."))
        except (McpError, OutboundError) as error:
            self._break(error)

    async def _take(self, kind: str, data: str) -> None:
        if kind == "endpoint":
            address = urljoin(self._server.url, data.strip())
            if urlsplit(address)[:2] != urlsplit(self._server.url)[:2]:
                raise McpError("The MCP server sends messages to another host.")
            if not self._endpoint.done():
                self._endpoint.set_result(address)
            return
        one = _message(data)
        if not isinstance(one, Mapping):
            return
        if "method" in one and "id" in one:
            await self.tell(_refusal(one))
        elif (future := self._waiting.get(one.get("id", 0))) is not None and not future.done():
            future.set_result(one)

    def _break(self, error: Exception) -> None:
        self._fault = error
        futures: list[asyncio.Future[Any]] = [self._endpoint, *self._waiting.values()]
        for future in futures:
            if not future.done():
                future.set_exception(error)


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, str]]:
    """(event, data) of a stream of server-sent events. Raises McpError when it is endless."""
    kind, size = "message", 0
    data: list[str] = []
    async for line in _lines(pieces):
        size += len(line)
        if size > _MOST_BYTES:
            raise McpError("The MCP server answers too much.")
        if not line:
            if data:
                yield kind, "\n".join(data)
            kind, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
    if data:
        yield kind, "\n".join(data)


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    rest = bytearray()
    async for piece in pieces:
        rest += piece
        if len(rest) > _MOST_BYTES:
            raise McpError("The MCP server answers too much.")
        *whole, last = rest.replace(b"\r\n", b"\n").split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
        rest = bytearray(last)
    if rest:
        yield rest.decode("utf-8", "replace")


async def _whole(stream: Stream) -> bytes:
    body = bytearray()
    async for piece in stream.pieces:
        body += piece
        if len(body) > _MOST_BYTES:
            raise McpError("The MCP server answers too much.")
    return bytes(body)


def _message(data: str | bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise McpError("The MCP server answered no JSON.") from None


def _refusal(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to what a server asks of its client: it is alive, and offers nothing."""
    if asked["method"] == "ping":
        return {"jsonrpc": "2.0", "id": asked["id"], "result": {}}
    return {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "Method not found"}}


def _check_status(status: int) -> None:
    if status in (401, 403):
        raise McpAuthError(f"The MCP server asks for authorization (status {status}).")
    if status >= 300:
        raise McpError(f"The MCP server answered with status {status}.")


def _times(server: Server) -> Timeouts:
    return Timeouts(connect=server.timeout, read=server.read, write=server.timeout)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def messages(result: Mapping[str, Any]) -> list[ToolMessage]:
    """What a tool's result says, as other tools say it."""
    found: list[ToolMessage] = []
    for one in _list(result.get("content")):
        if isinstance(one, Mapping):
            found += _content(one)
    structured = result.get("structuredContent")
    if isinstance(structured, Mapping):
        found += [ToolMessage("variable", value=value, name=str(name)) for name, value in structured.items()]
        if not any(message.kind == "json" for message in found):
            found.append(ToolMessage("json", value=dict(structured)))
    return found


def _content(one: Mapping[str, Any]) -> list[ToolMessage]:
    kind = one.get("type")
    if kind == "text":
        return _text(str(one.get("text") or ""))
    if kind in ("image", "audio"):
        return [_blob(str(one.get("data") or ""), str(one.get("mimeType") or ""), image=kind == "image")]
    if kind == "resource_link":
        return [ToolMessage("link", str(one.get("uri") or ""))]
    resource = one.get("resource")
    if kind == "resource" and isinstance(resource, Mapping):
        if isinstance(resource.get("text"), str):
            return _text(resource["text"])
        return [_blob(str(resource.get("blob") or ""), str(resource.get("mimeType") or ""), image=False)]
    return []


def _text(text: str) -> list[ToolMessage]:
    """Text that is JSON comes as JSON, as every client shows it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [ToolMessage("text", text)]
    if isinstance(value, dict):
        return [ToolMessage("json", value=value)]
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [ToolMessage("json", value=item) for item in value]
    return [ToolMessage("text", text)]


def _blob(data: str, mime_type: str, *, image: bool) -> ToolMessage:
    try:
        content = base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        content = b""
    kind = mime_type or ("image/png" if image else "application/octet-stream")
    name = f"file.{kind.rpartition('/')[2].partition('+')[0]}"
    return ToolMessage("image" if image else "blob", kind, content, name)
