"""HTTP to addresses that users bring, without letting them reach our own network.

The check is made on the address that is really connected to, after resolution, on every hop:
a name that resolves to something else a moment later gains nothing. Connections are kept and used again;
what a kept one leads to was checked when it was made.
"""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from server.kit import trace

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Pairs = Sequence[tuple[str, str]]

NOT_ALLOWED = "The address is not on the public internet."
_MAX_HOPS = 10
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What goes along to another host: any other header may hold a key.
_HARMLESS = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent"})
_OF_BODIES = frozenset({"content-type", "content-length", "content-encoding", "transfer-encoding"})
# Idle connections are dropped before common servers drop them (5 s), so that no POST meets a dead one.
_KEPT_SECONDS = 4.0
_SAMPLE = 1024
_LOADED: dict[str, Any] = {}


class OutboundError(Exception):
    """The fetch failed; the text may be shown to the caller."""


class NotAllowedError(OutboundError):
    """The address is of a network that may not be reached."""


class TooLargeError(OutboundError):
    """The body is longer than allowed; ``size`` is its length as far as it is known."""

    def __init__(self, message: str, size: int = 0) -> None:
        super().__init__(message)
        self.size = size


def is_public(address: Address) -> bool:
    """Whether an address lies on the public internet, also when it is wrapped in an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def networks(text: str) -> tuple[Network, ...]:
    """``10.1.0.0/16, 127.0.0.1`` as networks. Raises ValueError with the part that is none."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def allowing(text: str) -> Callable[[Address], bool]:
    """A test that lets the public internet pass, and the networks of ``text``."""
    extra = networks(text)
    return lambda address: is_public(address) or any(address in network for network in extra)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for a connection, for the longest silence of an answer, and for the request to be written."""

    connect: float = 10.0
    read: float = 30.0
    write: float = 30.0

    @property
    def total(self) -> float:
        """The longest that a whole exchange takes."""
        return self.connect + self.read + self.write


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``params`` are added to those of the URL. ``hops`` redirects are followed at most."""

    method: str
    url: str
    headers: Pairs = ()
    params: Pairs = ()
    body: bytes | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    verify_tls: bool = True
    hops: int = _MAX_HOPS


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and whole body; ``url`` is where the redirects led."""

    status: int
    headers: Pairs
    body: bytes
    url: str

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return header_of(self.headers, name)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is still coming."""

    status: int
    headers: Pairs
    url: str
    pieces: AsyncIterator[bytes]

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return header_of(self.headers, name)


def header_of(headers: Pairs, name: str) -> str:
    """The first header of that name, or nothing."""
    return next((value for key, value in headers if key.lower() == name.lower()), "")


# How many bytes an answer may have, by its headers and its first bytes.
Limit = int | Callable[[Pairs, bytes], int]


class Outbound:
    """HTTP for addresses of users. ``allow`` decides which addresses may be reached. Of one event loop."""

    def __init__(self, allow: Callable[[Address], bool] = is_public) -> None:
        self._allow = allow
        self._session: Any = None

    @classmethod
    def to(cls, text: str) -> Outbound:
        """To the public internet and to the networks that an operator allows (``outbound_allow``)."""
        return cls(allowing(text))

    async def close(self) -> None:
        """Drop the kept connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def request(self, request: Request, max_bytes: Limit) -> Answer:
        """The whole answer, whatever its status. Raises OutboundError, NotAllowedError, TooLargeError."""
        async with self.stream(request) as answer:
            body = await _read(answer, max_bytes)
            return Answer(answer.status, answer.headers, body, answer.url)

    @asynccontextmanager
    async def stream(self, request: Request, *, endless: bool = False) -> AsyncIterator[Stream]:
        """An answer to be read piece by piece; ``endless`` bounds only its silences. Raises as ``request``."""
        http: Any = _LOADED.get("aiohttp") or await asyncio.to_thread(_load)
        limits = request.timeouts
        try:
            async with asyncio.timeout(None if endless else limits.total):
                response = await self._follow(http, request)
                async with response:
                    yield Stream(
                        response.status, [(name, value) for name, value in response.headers.items()],
                        str(response.url), response.content.iter_chunked(65_536),
                    )
        except TimeoutError:
            raise OutboundError(f"The address did not answer within {_seconds(request):g} seconds.") from None
        except (http.ClientError, OSError, ValueError) as error:
            raise OutboundError(f"The address cannot be reached: {_cause(error)}") from error

    async def fetch(self, url: str, *, max_bytes: int, seconds: float) -> bytes:
        """The body behind a URL, redirects followed. Raises OutboundError, TooLargeError."""
        answer = await self.request(Request("GET", url, timeouts=Timeouts(seconds, seconds, 0.0)), max_bytes)
        if answer.status != 200:
            raise OutboundError(f"The address answered with status {answer.status}.")
        return answer.body

    async def post_json(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str], *, max_bytes: int = 16 * 1024 * 1024,
        seconds: float = 30.0,
    ) -> tuple[int, Any]:
        """Status and body of a JSON POST; a body that is no JSON comes as text. No redirect is followed:
        the headers may hold a key. Raises OutboundError, TooLargeError.
        """
        sent = [("Content-Type", "application/json"), *headers.items()]
        request = Request(
            "POST", url, sent, body=json.dumps(dict(body)).encode(), timeouts=Timeouts(seconds, seconds, 0.0), hops=0
        )
        answer = await self.request(request, max_bytes)
        return answer.status, _parsed(answer.body)

    async def _follow(self, http: Any, request: Request) -> Any:
        """The answer behind all redirects; its body is not read."""
        session = self._open(http)
        limits = request.timeouts
        timeout = http.ClientTimeout(total=None, connect=limits.connect or None, sock_read=limits.read or None)
        method, headers, body = request.method.upper(), list(request.headers), request.body
        url = _with_params(request.url, request.params)
        for left in range(request.hops, -1, -1):
            _check_scheme(url)
            # No traceparent goes along: what others are asked is what the author of an app wrote.
            with trace.http(method, str(url)) as span:
                response = await session.request(
                    method, url, headers=headers, data=body, allow_redirects=False, timeout=timeout,
                    ssl=request.verify_tls, skip_auto_headers=("Content-Type",),
                )
                trace.http_answer(span, response.status)
            target = response.headers.get("Location")
            if response.status not in _REDIRECTS or target is None or request.hops == 0:
                return response
            response.release()
            if left == 0:
                break
            following = urljoin(url, target)
            method, body, headers = _redirected(response.status, method, body, headers)
            if not _same_place(url, following):
                headers = [pair for pair in headers if pair[0].lower() in _HARMLESS]
            url = following
        raise OutboundError("The address redirects too often.")

    def _open(self, http: Any) -> Any:
        if self._session is None or self._session.closed:
            connector = http.TCPConnector(socket_factory=self._socket, limit=0, keepalive_timeout=_KEPT_SECONDS)
            # trust_env stays off: a proxy would connect for us, past the check.
            self._session = http.ClientSession(
                connector=connector, trust_env=False, cookie_jar=http.DummyCookieJar(),
                headers={"User-Agent": "Transom"},
            )
        return self._session

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket for a resolved address, if it may be reached."""
        family, kind, protocol, _, target = info
        if not self._allow(ipaddress.ip_address(target[0].partition("%")[0])):
            raise NotAllowedError(NOT_ALLOWED)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


def _load() -> Any:
    """Import the client when it is first needed: a start without it is quicker."""
    return _LOADED.setdefault("aiohttp", importlib.import_module("aiohttp"))


def _check_scheme(url: str) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise OutboundError("Only http and https addresses are allowed.")


def _with_params(url: str, params: Pairs) -> Any:
    """The URL with more parameters behind its own."""
    if not params:
        return url
    _check_scheme(url)
    yarl = importlib.import_module("yarl")  # came with aiohttp
    return str(yarl.URL(url).extend_query(list(params)))


def _redirected(
    status: int, method: str, body: bytes | None, headers: Pairs
) -> tuple[str, bytes | None, list[tuple[str, str]]]:
    """What is sent to where a redirect leads: most clients turn all but 307 and 308 into a GET."""
    if status in (307, 308) or method in ("GET", "HEAD") or (status == 301 and method != "POST"):
        return method, body, list(headers)
    return "GET", None, [pair for pair in headers if pair[0].lower() not in _OF_BODIES]


def _same_place(before: str, after: str) -> bool:
    """Whether credentials for one address may be sent to another: the same host, never from TLS to none."""
    old, new = urlsplit(before), urlsplit(after)
    if old.hostname != new.hostname:
        return False
    upgraded = (old.scheme, new.scheme) == ("http", "https") and old.port in (None, 80) and new.port in (None, 443)
    return upgraded or (old.scheme == new.scheme and old.port == new.port)


async def _read(answer: Stream, limit: Limit) -> bytes:
    """The body, as far as it is allowed; what an answer says of its length is believed when it says too much."""
    most = limit if isinstance(limit, int) else None
    body = bytearray()
    async for piece in answer.pieces:
        body += piece
        if most is None and callable(limit) and len(body) >= _SAMPLE:
            most = limit(answer.headers, bytes(body[:_SAMPLE]))
        if most is not None and len(body) > most:
            raise TooLargeError("The body is too large.", max(len(body), _told_length(answer.headers)))
    if most is None and callable(limit) and len(body) > (most := limit(answer.headers, bytes(body))):
        raise TooLargeError("The body is too large.", len(body))
    return bytes(body)


def _told_length(headers: Pairs) -> int:
    told = header_of(headers, "content-length")
    return int(told) if told.isascii() and told.isdigit() else 0


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _seconds(request: Request) -> float:
    return request.timeouts.read or request.timeouts.total


def _cause(error: BaseException) -> str:
    return str(error) or type(error).__name__
