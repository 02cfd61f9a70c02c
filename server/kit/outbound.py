"""Fetching addresses that users bring, without letting them reach our own network.

The check is made on the address that is really connected to, after resolution, on every hop:
a name that resolves to something else a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import json
import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NOT_ALLOWED = "The address is not on the public internet."
_MAX_HOPS = 4
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class OutboundError(Exception):
    """The fetch failed; the text may be shown to the caller."""


class TooLargeError(OutboundError):
    """The body is longer than allowed."""


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


class Outbound:
    """HTTP GET for addresses of users. ``allow`` decides which addresses may be reached."""

    def __init__(self, allow: Callable[[Address], bool] = is_public) -> None:
        self._allow = allow

    @classmethod
    def to(cls, text: str) -> Outbound:
        """To the public internet and to the networks that an operator allows (``outbound_allow``)."""
        return cls(allowing(text))

    async def fetch(self, url: str, *, max_bytes: int, seconds: float) -> bytes:
        """The body behind a URL, redirects followed. Raises OutboundError, TooLargeError."""
        http: Any = await asyncio.to_thread(importlib.import_module, "aiohttp")
        try:
            async with asyncio.timeout(seconds):
                return await self._fetch(http, url, max_bytes)
        except TimeoutError:
            raise OutboundError(f"The address did not answer within {seconds:g} seconds.") from None
        except (http.ClientError, OSError, ValueError) as error:
            raise OutboundError(f"The address cannot be fetched: {_cause(error)}") from error

    async def post_json(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str], *, max_bytes: int = 16 * 1024 * 1024,
        seconds: float = 30.0,
    ) -> tuple[int, Any]:
        """Status and body of a JSON POST; a body that is no JSON comes as text. No redirect is followed:
        the headers may hold a key. Raises OutboundError, TooLargeError.
        """
        http: Any = await asyncio.to_thread(importlib.import_module, "aiohttp")
        if urlsplit(url).scheme not in ("http", "https"):
            raise OutboundError("Only http and https addresses are allowed.")
        try:
            async with (
                asyncio.timeout(seconds),
                self._session(http) as session,
                session.post(url, json=dict(body), headers=dict(headers), allow_redirects=False) as response,
            ):
                return response.status, _parsed(await _read(response.content, max_bytes))
        except TimeoutError:
            raise OutboundError(f"The address did not answer within {seconds:g} seconds.") from None
        except (http.ClientError, OSError, ValueError) as error:
            raise OutboundError(f"The address cannot be reached: {_cause(error)}") from error

    def _session(self, http: Any) -> Any:
        connector = http.TCPConnector(socket_factory=self._socket, force_close=True)
        # trust_env stays off: a proxy would connect for us, past the check.
        return http.ClientSession(connector=connector, trust_env=False, cookie_jar=http.DummyCookieJar())

    async def _fetch(self, http: Any, url: str, max_bytes: int) -> bytes:
        async with self._session(http) as session:
            for _ in range(_MAX_HOPS):
                if urlsplit(url).scheme not in ("http", "https"):
                    raise OutboundError("Only http and https addresses are allowed.")
                async with session.get(url, allow_redirects=False) as response:
                    if response.status in _REDIRECTS and "Location" in response.headers:
                        url = urljoin(url, response.headers["Location"])
                        continue
                    if response.status != 200:
                        raise OutboundError(f"The address answered with status {response.status}.")
                    return await _read(response.content, max_bytes)
        raise OutboundError("The address redirects too often.")

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket for a resolved address, if it may be reached."""
        family, kind, protocol, _, target = info
        if not self._allow(ipaddress.ip_address(target[0].partition("%")[0])):
            raise OutboundError(NOT_ALLOWED)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


async def _read(content: Any, max_bytes: int) -> bytes:
    body = bytearray()
    async for piece in content.iter_chunked(65_536):
        body += piece
        if len(body) > max_bytes:
            raise TooLargeError("The body is too large.")
    return bytes(body)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _cause(error: BaseException) -> str:
    return str(error) or type(error).__name__
