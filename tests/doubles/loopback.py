"""A small real HTTP/1.1 server on loopback for model doubles.

Plain asyncio protocols, so that one core can send tens of thousands of events a second.
Every call is recorded with the time its client went away, for assertions on cancelling.

Administration over HTTP, for a double in another process:

- ``GET /_double/calls`` -> ``{"data": [{method, path, model, sent, finished, disconnected, body}]}``
- ``POST /_double/script`` ``{"model": "...", "behaviour": "tokens=5,delay=10"}``, or an object of the same names
- ``POST /_double/reset`` forgets calls, scripts and failure counts
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from tests.doubles.behaviour import Behaviour, FaultCounter

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
}


@dataclass
class Call:
    """One request as the double saw it. Times are ``time.monotonic`` seconds."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)
    model: str = ""
    sent: int = 0
    finished: bool = False
    disconnected_at: float | None = None

    def json(self) -> dict:
        """The body as JSON; an empty object when there is none."""
        return orjson.loads(self.body) if self.body else {}

    def report(self) -> dict:
        """The form served by ``GET /_double/calls``."""
        try:
            body = self.json()
        except orjson.JSONDecodeError:
            body = None
        return {
            "method": self.method,
            "path": self.path,
            "model": self.model,
            "sent": self.sent,
            "finished": self.finished,
            "disconnected": self.disconnected_at is not None,
            "headers": self.headers,
            "body": body,
        }


class Reply:
    """Writes one response. ``stream`` then ``write`` then ``end``, or ``json`` alone."""

    def __init__(self, connection: _Connection, call: Call) -> None:
        self._connection = connection
        self._call = call
        self.started = False

    def json(self, status: int, payload: object, headers: dict[str, str] | None = None) -> None:
        self.body(status, orjson.dumps(payload, option=orjson.OPT_SERIALIZE_NUMPY), headers)

    def body(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """A whole answer whose bytes are given, also bytes that are no JSON."""
        self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {}))
        self._connection.write(body)
        self._call.finished = True

    def stream(self, content_type: str = "text/event-stream") -> None:
        self._head(200, {"Content-Type": content_type, "Transfer-Encoding": "chunked"})

    async def write(self, *frames: bytes) -> None:
        """Write frames, each as one HTTP chunk; waits while the client does not read."""
        self._connection.write(b"".join(frames))
        if self._connection.paused:
            await self._connection.resumed.wait()

    def end(self) -> None:
        self._connection.write(b"0\r\n\r\n")
        self._call.finished = True

    def cut(self) -> None:
        """Drop the connection as a dying server would: no last chunk."""
        self._connection.abort()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.started = True
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._connection.write(("\r\n".join(lines) + "\r\n\r\n").encode())


def http_chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


class _Connection(asyncio.Protocol):
    """One client connection: parses requests and runs them one after another."""

    def __init__(self, server: LoopbackServer) -> None:
        self._server = server
        self._buffer = bytearray()
        self._queue: deque[Call] = deque()
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._current: Call | None = None
        self.paused = False
        self.resumed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (call := self._parse()) is not None:
            self._queue.append(call)
        if self._queue and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    def _parse(self) -> Call | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        if len(self._buffer) < end + 4 + length:
            return None
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        parts = urlsplit(target)
        return Call(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)

    async def _work(self) -> None:
        while self._queue:
            call = self._current = self._queue.popleft()
            await self._server.dispatch(call, Reply(self, call))
            self._current = None
        self._task = None

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def pause_writing(self) -> None:
        self.paused = True
        self.resumed.clear()

    def resume_writing(self) -> None:
        self.paused = False
        self.resumed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        if self._current is not None and not self._current.finished:
            self._current.disconnected_at = time.monotonic()
        if self._task is not None:
            self._task.cancel()
        self.resumed.set()


class LoopbackServer:
    """Base of the doubles: ``async with Double() as double: double.url``."""

    def __init__(self) -> None:
        self.calls: deque[Call] = deque(maxlen=20_000)
        self.connections: set[_Connection] = set()
        self.accepted = 0
        self.url = ""
        self._scripts: dict[str, Behaviour] = {}
        self._faults = FaultCounter()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        self._server = await asyncio.get_running_loop().create_server(self._connect, host, port, backlog=1024)
        bound = self._server.sockets[0].getsockname()
        self.url = f"http://{bound[0]}:{bound[1]}"
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.abort()
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _connect(self) -> _Connection:
        self.accepted += 1
        return _Connection(self)

    def script(self, model: str, behaviour: Behaviour | str) -> None:
        """Set how a model name behaves; wins over what the name itself says."""
        self._scripts[model] = Behaviour.parse(behaviour) if isinstance(behaviour, str) else behaviour

    def behaviour(self, model: str) -> Behaviour:
        """The script of a model, else what follows ``@`` in its name, else ten tokens."""
        if model in self._scripts:
            return self._scripts[model]
        return Behaviour.parse(model.partition("@")[2])

    def fails_now(self, model: str, behaviour: Behaviour) -> bool:
        return self._faults.fails_now(model, behaviour)

    def reset(self) -> None:
        self.calls.clear()
        self._scripts.clear()
        self._faults = FaultCounter()

    async def wait_for(self, condition: Callable[[], object], seconds: float = 5.0) -> None:
        """Wait until the condition holds; fails the test after ``seconds``."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"condition not met within {seconds} s")
            await asyncio.sleep(0.005)

    async def dispatch(self, call: Call, reply: Reply) -> None:
        """Answer one call; a bug in a double shows as a 500 with its text."""
        if call.path.startswith("/_double/"):
            self._administer(call, reply)
            return
        self.calls.append(call)
        try:
            await self.handle(call, reply)
        except (KeyError, ValueError, TypeError) as error:
            if not reply.started:
                reply.json(500, {"error": {"message": f"double failed: {error!r}"}})

    async def handle(self, call: Call, reply: Reply) -> None:
        """Answer a call of the provider's wire."""
        raise LookupError(call.path)

    def _administer(self, call: Call, reply: Reply) -> None:
        if call.path == "/_double/calls":
            reply.json(200, {"data": [seen.report() for seen in self.calls], "connections": self.accepted})
        elif call.path == "/_double/script":
            order = call.json()
            given = order["behaviour"]
            self.script(order["model"], Behaviour(**given) if isinstance(given, dict) else given)
            reply.json(200, {"result": "success"})
        elif call.path == "/_double/reset":
            self.reset()
            reply.json(200, {"result": "success"})
        else:
            reply.json(404, {"error": {"message": "no such administration path"}})


D = TypeVar("D", bound=LoopbackServer)


@contextlib.contextmanager
def in_thread(double: D) -> Iterator[D]:
    """Serve a double from a thread of its own, for tests without an event loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(double.start(), loop).result(5)
        yield double
        asyncio.run_coroutine_threadsafe(double.stop(), loop).result(5)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def main(double: LoopbackServer) -> None:
    """Serve until interrupted; prints the URL as the first line."""
    parser = argparse.ArgumentParser(description=type(double).__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()

    async def serve() -> None:
        await double.start(options.host, options.port)
        print(double.url, flush=True)
        await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
