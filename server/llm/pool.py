"""Pooled provider clients: one a credential and address, the least used closed first."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

C = TypeVar("C")


def credential_key(*parts: str) -> str:
    """A key that does not reveal the credential it stands for."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class ClientPool(Generic[C]):
    """Clients by key. An evicted client is closed after ``grace`` seconds, so that a
    stream which still uses it can finish.
    """

    def __init__(self, close: Callable[[C], Awaitable[object]], *, size: int = 64, grace: float = 1200.0) -> None:
        self._close = close
        self._size = size
        self._grace = grace
        self._clients: OrderedDict[str, C] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()
        self._evicted: dict[int, C] = {}

    def __len__(self) -> int:
        return len(self._clients)

    def get(self, key: str, make: Callable[[], C]) -> C:
        """The client of a key, made on first use. Call it on the event loop."""
        client = self._clients.get(key)
        if client is None:
            client = self._clients[key] = make()
            while len(self._clients) > self._size:
                self._evict()
        self._clients.move_to_end(key)
        return client

    def _evict(self) -> None:
        _, client = self._clients.popitem(last=False)
        self._evicted[id(client)] = client
        task = asyncio.get_running_loop().create_task(self._close_later(client))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close_later(self, client: C) -> None:
        await asyncio.sleep(self._grace)
        self._evicted.pop(id(client), None)
        await self._close(client)

    async def close(self) -> None:
        """Close every client, evicted ones too."""
        for task in list(self._closing):
            task.cancel()
        clients = [*self._clients.values(), *self._evicted.values()]
        self._clients.clear()
        self._evicted.clear()
        for client in clients:
            with contextlib.suppress(OSError, RuntimeError):
                await self._close(client)


def text_of(credentials: Mapping[str, str], name: str, default: str = "") -> str:
    """A stripped text field of a credential form."""
    return str(credentials.get(name) or default).strip()
