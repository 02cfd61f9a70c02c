"""The load generator: a process of its own that speaks HTTP/1.1 over raw sockets.

``run`` starts it, gives it an order and returns what it saw. Every client is one kept connection
that sends its next request when the last answer is complete (a closed loop). Parsing is kept to
what the answers need, some 15 us a request, and each run says how busy the generator was.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import uvloop

_END = b"0\r\n\r\n"
_SHOWN_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Order:
    """What to send: ``requests`` are whole HTTP requests in Latin-1; a client takes them in turn.

    Clients start evenly over ``ramp`` seconds and begin no request after ``seconds``, or after
    ``each`` requests of their own when that is set. Answers to requests that began before ``settle``
    seconds are not counted. ``status`` is the only good one. With ``hold`` every client sends one
    request and keeps its stream open until told to end.
    """

    port: int
    requests: Sequence[str]
    clients: int = 1
    seconds: float = 0.0
    each: int = 0
    ramp: float = 0.0
    settle: float = 0.0
    status: int = 200
    hold: bool = False
    # Longest wait for one answer; then it is a failure.
    patience: float = 60.0


@dataclass(slots=True)
class Seen:
    """What came back. Times are milliseconds from the sending of a request."""

    # To the first event of a stream, or the first byte of any other answer.
    first_ms: list[float] = field(default_factory=list)
    total_ms: list[float] = field(default_factory=list)
    events: int = 0
    reads: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    wall: float = 0.0
    # Seconds of CPU that the generator itself used.
    cpu: float = 0.0

    @property
    def answers(self) -> int:
        """Complete, good answers."""
        return len(self.total_ms)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.wall if self.wall else 0.0

    @property
    def event_rate(self) -> float:
        """Events a second."""
        return self.events / self.wall if self.wall else 0.0

    @property
    def busy(self) -> float:
        """Share of one core that the generator used."""
        return self.cpu / self.wall if self.wall else 0.0


def http(
    method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None, *, raw: str | None = None
) -> str:
    """One request as text; ``body`` goes as JSON, ``raw`` as it is."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    data = raw if raw is not None else "" if body is None else json.dumps(body)
    if body is not None:
        lines.append("Content-Type: application/json")
    if data or method != "GET":
        lines.append(f"Content-Length: {len(data.encode('latin-1'))}")
    return "\r\n".join([*lines, "", data])


def run(order: Order) -> Seen:
    """Carry out an order in a process of its own."""
    with Held(order) as held:
        return held.end()


class Held:
    """A generator at work; ``opened`` waits until all its streams have begun, ``end`` for its report."""

    def __init__(self, order: Order) -> None:
        self._order = order

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._child.stdin
        self._child.stdin.write(json.dumps(asdict(self._order)) + "\n")
        self._child.stdin.flush()
        return self

    def opened(self) -> str:
        """Wait until every held stream has its first event; what went wrong, if anything."""
        assert self._child.stdout
        return self._child.stdout.readline().strip()

    def end(self) -> Seen:
        """Let go of held streams and read the report."""
        output, _ = self._child.communicate("\n")
        return Seen(**json.loads(output.splitlines()[-1]))

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, work: _Work, requests: Iterator[bytes]) -> None:
        self._work = work
        self._requests = requests
        self._sent = 0
        self._transport: Any = None
        self._waiting = False
        self._timer: asyncio.TimerHandle | None = None
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        order = self._work.order
        if (order.each and self._sent >= order.each) or (not order.each and self._work.is_over() and self._sent):
            self._finish()
            return
        self._sent += 1
        self._parts: list[bytes] = []
        self._left = -1
        self._head = b""
        self._status = 0
        self._first = 0.0
        self._waiting = True
        self._timer = self._work.loop.call_later(order.patience, self._impatient)
        self._transport.write(next(self._requests))
        self._began = time.perf_counter()

    def _impatient(self) -> None:
        self._fail(f"no answer within {self._work.order.patience} s")
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if not self._status:
            self._head += data
            cut = self._head.find(b"\r\n\r\n")
            if cut < 0:
                return
            head, data = self._head[:cut].lower(), self._head[cut + 4 :]
            self._status = int(head[9:12])
            at = head.find(b"\r\ncontent-length:")
            if at >= 0:
                self._left = int(head[at + 17 :].split(b"\r\n", 1)[0])
            elif b"\r\ntransfer-encoding:" not in head:
                self._left = 0
            self._is_stream = b"text/event-stream" in head
            self._head = head
        if data:
            self._parts.append(data)
            self._work.seen.reads += 1
        if not self._first and (b"data:" in data or not self._is_stream):
            self._first = time.perf_counter()
            self._work.opened(self)
        if self._is_complete(data):
            self._answered()

    def _is_complete(self, data: bytes) -> bool:
        if self._left >= 0:
            self._left -= len(data)
            return self._left <= 0
        if len(data) >= len(_END):
            return data.endswith(_END)
        return b"".join(self._parts[-3:]).endswith(_END)

    def _answered(self) -> None:
        now = time.perf_counter()
        self._waiting = False
        if self._timer:
            self._timer.cancel()
        work = self._work
        body = b"".join(self._parts)
        if self._status != work.order.status or b"event: error" in body or b'"event":"error"' in body:
            self._fail(f"{self._status} {body[:300].decode('latin-1')}")
        elif self._began >= work.settled:
            seen = work.seen
            seen.first_ms.append((self._first - self._began) * 1000)
            seen.total_ms.append((now - self._began) * 1000)
            seen.events += body.count(b"data:")
        work.statuses[self._status] += 1
        if b"\r\nconnection: close" in self._head:
            self._transport.close()
            self._reconnect()
        else:
            self._next()

    def _fail(self, what: str) -> None:
        seen = self._work.seen
        seen.failed += 1
        if len(seen.failures) < _SHOWN_FAILURES:
            seen.failures.append(what)

    def _reconnect(self) -> None:
        self._transport = None
        self._work.loop.create_task(self._work.connect(self))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        if self._waiting and not self._work.ending:
            self._waiting = False
            self._fail(f"connection lost: {exc or 'closed by the other side'}")
            self._work.opened(self)
            self._finish()

    def _finish(self) -> None:
        if not self.over.done():
            self.over.set_result(None)
        if self._transport:
            self._transport.close()

    def let_go(self) -> None:
        """End a held stream."""
        self._finish()


class _Work:
    """One order in progress."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.seen = Seen()
        self.statuses: Counter[int] = Counter()
        self.loop = asyncio.get_running_loop()
        self.ending = False
        self._open: set[_Client] = set()
        self.all_open = asyncio.Event()

    def is_over(self) -> bool:
        return time.perf_counter() >= self._until

    def opened(self, client: _Client) -> None:
        """Note that a client has its first event."""
        if self.order.hold:
            self._open.add(client)
            if len(self._open) == self.order.clients:
                self.all_open.set()

    async def connect(self, client: _Client) -> None:
        """Open (again) a client's connection."""
        try:
            await self.loop.create_connection(lambda: client, "127.0.0.1", self.order.port)
        except OSError as error:
            client._fail(f"cannot connect: {error}")
            client._finish()

    async def carry_out(self) -> Seen:
        order = self.order
        requests = [text.encode("latin-1") for text in order.requests]
        begun = time.perf_counter()
        self._until = begun + order.seconds
        self.settled = begun + order.settle
        clients = []
        for at in range(order.clients):
            if order.ramp:
                await asyncio.sleep(begun + at * order.ramp / order.clients - time.perf_counter())
            turn = itertools.cycle(requests[at % len(requests) :] + requests[: at % len(requests)])
            clients.append(_Client(self, turn))
            opening = self.connect(clients[-1])
            if order.ramp:
                await opening
            else:
                self.loop.create_task(opening)
        if order.hold:
            await self.all_open.wait()
            print(f"{self.seen.failed} failed: {self.seen.failures}" if self.seen.failed else "", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            self.ending = True
            for client in clients:
                client.let_go()
        await asyncio.gather(*(client.over for client in clients))
        self.seen.wall = time.perf_counter() - max(begun, self.settled)
        self.seen.cpu = time.process_time()
        self.seen.statuses = {str(status): count for status, count in self.statuses.items()}
        return self.seen


async def _main() -> None:
    order = Order(**json.loads(sys.stdin.readline()))
    print(json.dumps(asdict(await _Work(order).carry_out())), flush=True)


if __name__ == "__main__":
    uvloop.run(_main())
