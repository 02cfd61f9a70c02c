"""Embedder and Reranker for code in threads, as the worker's: an event loop in a thread of its own does the work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from server.embedding.service import Documents, Embedder, Reranker

if TYPE_CHECKING:
    from server.embedding.vectors import Vector

T = TypeVar("T")
_CLOSE_SECONDS = 10.0


class LoopThread:
    """An event loop in a daemon thread. Made in the process that uses it: neither survives a fork."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine; when the waiting is interrupted, the coroutine is cancelled."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Stop the loop; what runs on it is cancelled."""
        asyncio.run_coroutine_threadsafe(_end(), self._loop).result(_CLOSE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSE_SECONDS)
        self._loop.close()


async def _end() -> None:
    """Cancel what runs on this loop and end its helper threads."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()


class BlockingModels:
    """What Embedder and Reranker do, for threads; any number of threads may call at once.

    ``build`` is entered on the loop and left by ``close``.
    """

    def __init__(self, build: AbstractAsyncContextManager[tuple[Embedder, Reranker]]) -> None:
        self._built = build
        self.loop = LoopThread("models")
        try:
            self._embedder, self._reranker = self.loop.run(self._enter())
        except BaseException:
            self.loop.close()
            raise

    async def _enter(self) -> tuple[Embedder, Reranker]:
        return await self._built.__aenter__()

    async def _leave(self) -> None:
        await self._built.__aexit__(None, None, None)

    def documents(self, tenant_id: str, provider: str, model: str, texts: Sequence[str]) -> Documents:
        """As ``Embedder.documents``."""
        return self.loop.run(self._embedder.documents(tenant_id, provider, model, texts))

    def query(self, tenant_id: str, provider: str, model: str, text: str) -> Vector:
        """As ``Embedder.query``."""
        return self.loop.run(self._embedder.query(tenant_id, provider, model, text))

    def rerank(
        self, tenant_id: str, provider: str, model: str, query: str, texts: Sequence[str], top_n: int
    ) -> list[tuple[int, float]]:
        """As ``Reranker.rerank``."""
        return self.loop.run(self._reranker.rerank(tenant_id, provider, model, query, texts, top_n))

    def close(self) -> None:
        """Close what was built, then the loop."""
        try:
            self.loop.run(self._leave())
        finally:
            self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
