"""File work away from the event loop: reading a slow disk must stop nobody else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from server.file.storage import Storage

log = logging.getLogger("transom.file")

P = ParamSpec("P")
T = TypeVar("T")

PIECE_BYTES = 256 * 1024


class FileThreads:
    """A few threads that read and write the store. Close it last."""

    def __init__(self, storage: Storage, threads: int = 4) -> None:
        self._storage = storage
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="file")

    async def __call__(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``fn`` on a file thread."""
        return await asyncio.wrap_future(self._pool.submit(fn, *args, **kwargs))

    def later(self, fn: Callable[[], None]) -> None:
        """Run ``fn`` soon, for callers that cannot wait because they are being cancelled."""
        self._pool.submit(fn).add_done_callback(_log_failure)

    async def read(self, key: str) -> bytes:
        """A whole file. Raises FileNotFoundError."""
        return await self(self._read, key)

    async def pieces(self, key: str) -> AsyncIterator[bytes]:
        """A file in pieces of ``PIECE_BYTES``; an empty file is one empty piece. Raises FileNotFoundError."""
        file = await self(self._storage.open, key)
        try:
            piece = await self(file.read, PIECE_BYTES)
            yield piece
            while len(piece) == PIECE_BYTES:
                piece = await self(file.read, PIECE_BYTES)
                if piece:
                    yield piece
        finally:
            self.later(file.close)

    def close(self) -> None:
        """Wait for what is running, refuse the rest."""
        self._pool.shutdown(wait=True)

    def _read(self, key: str) -> bytes:
        with self._storage.open(key) as file:
            return file.read()


def _log_failure(done: Future[None]) -> None:
    error = done.exception()
    if error is not None:
        log.warning("file work failed: %r", error)
