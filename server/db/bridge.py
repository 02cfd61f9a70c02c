"""The ways from the event loop to the database: one sized thread pool, and a short one for hot statements."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from server.db.direct import Direct, Order
from server.kit import trace
from server.kit.errors import AppError, Reason

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """``await db(fn, *args)`` runs ``fn`` on a database thread, with the caller's context variables.

    There are as many threads as connections, so a thread never waits for one. When more than
    ``queue_limit`` calls wait, new ones are refused at once with ``service_unavailable``.
    A cancelled caller leaves its thread to finish: a commit is never cut in half.

    ``await db.send(order)`` sends one hot statement without a thread.
    """

    def __init__(self, threads: int, queue_limit: int, direct: Direct | None = None) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="db")
        self._direct = direct
        self._limit = queue_limit + threads
        self.threads = threads
        self._lock = threading.Lock()
        self.waiting = 0
        self._peak = 0

    async def __call__(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``fn`` on a database thread. Raises service_unavailable when too many calls wait."""
        if self.waiting >= self._limit:
            raise AppError(Reason.SERVICE_UNAVAILABLE, "Too many requests wait for the database.", retry_after=1)
        with self._lock:
            self.waiting += 1
            self._peak = max(self._peak, self.waiting)
        # With the time that it waits for a thread.
        with trace.child("database") as span:
            if span:
                span.set("db.system.name", "postgresql")
                span.set("code.function.name", getattr(fn, "__qualname__", ""))
            context = contextvars.copy_context()
            future = self._pool.submit(context.run, lambda: fn(*args, **kwargs))
            future.add_done_callback(self._leave)
            return await asyncio.wrap_future(future)

    def take_peak(self) -> int:
        """How many threads were at work at once since this was last asked."""
        with self._lock:
            peak, self._peak = self._peak, self.waiting
        return min(peak, self.threads)

    async def send(self, order: Order) -> list[Any]:
        """The rows of a hot statement, which is committed when this returns. Raises what ``Direct`` does."""
        assert self._direct is not None, "this process sends nothing directly"
        with trace.child("database") as span:
            if span:
                span.set("db.system.name", "postgresql")
            return await self._direct(order)

    def release(self) -> None:
        """Close connections for hot statements that nobody needed since this was last called."""
        if self._direct is not None:
            self._direct.release()

    def _leave(self, _: object) -> None:
        with self._lock:
            self.waiting -= 1

    def close(self) -> None:
        """Wait for what is running, refuse the rest."""
        if self._direct is not None:
            self._direct.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
