"""A small cache for the event loop: ages out, is dropped by key, loads each value once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class AsyncCache(Generic[K, V]):
    """Values younger than ``seconds``; at most ``size`` of them, the least recently used go first.

    Concurrent misses of one key share one load. A value whose key was dropped while it was
    being loaded is handed to those who wait and not kept.
    """

    def __init__(self, seconds: float, size: int = 10_000) -> None:
        self._seconds = seconds
        self._size = size
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._loading: dict[K, asyncio.Task[V]] = {}
        self._stale: set[K] = set()

    def peek(self, key: K) -> V | None:
        """The value if it is here and fresh."""
        entry = self._values.get(key)
        if entry is None or entry[0] < time.monotonic():
            return None
        self._values.move_to_end(key)
        return entry[1]

    async def get(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        """The value, loaded when missing. Raises what ``load`` raises; failures are not kept."""
        value = self.peek(key)
        if value is not None:
            return value
        task = self._loading.get(key)
        if task is None:
            task = asyncio.ensure_future(self._load(key, load))
            self._loading[key] = task
        return await asyncio.shield(task)

    async def _load(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        try:
            value = await load()
            if key not in self._stale:
                self.put(key, value)
            return value
        finally:
            self._loading.pop(key, None)
            self._stale.discard(key)

    def put(self, key: K, value: V) -> None:
        """Keep a value."""
        self._values[key] = (time.monotonic() + self._seconds, value)
        self._values.move_to_end(key)
        while len(self._values) > self._size:
            self._values.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget one value, also one that is being loaded."""
        self._values.pop(key, None)
        if key in self._loading:
            self._stale.add(key)

    def drop_where(self, test: Callable[[K, V], bool]) -> None:
        """Forget the values that match, and all that are being loaded."""
        for key in [key for key, (_, value) in self._values.items() if test(key, value)]:
            del self._values[key]
        self._stale.update(self._loading)
