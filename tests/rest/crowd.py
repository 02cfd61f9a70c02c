"""Many clients who ask at one moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx

CLIENTS = 64


def at_once(ask: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """The answers to as many clients."""
    barrier = Barrier(CLIENTS)

    def one(number: int) -> httpx.Response:
        barrier.wait(60)
        return ask(number)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(one, range(CLIENTS)))
