"""Loading the provider SDKs off the event loop: an import takes half a second."""

from __future__ import annotations

import asyncio
import importlib
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_loaded: set[str] = set()


async def ready(*modules: str) -> None:
    """Import modules in a thread, once, and have the TLS context built there too."""
    for name in modules:
        if name not in _loaded:
            await asyncio.to_thread(importlib.import_module, name)
            await asyncio.to_thread(ssl_context)
            _loaded.add(name)


@lru_cache(maxsize=1)
def ssl_context() -> ssl.SSLContext:
    """One TLS context for all clients; building one takes 20 ms."""
    import httpx2

    return httpx2.create_ssl_context()
