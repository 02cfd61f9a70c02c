"""Deadlines and retries, the same for every provider.

A call is retried only before its first chunk, at most twice, and waits as long as the
provider asked for. After the first chunk a retry would repeat text, so a fault is final.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from server.llm import spans
from server.llm.faults import SILENT
from server.llm.port import Chunk, ModelCard, ModelFault, Usage
from server.ops.meters import count_model

T = TypeVar("T")
RETRIED = frozenset({"rate_limit", "unavailable"})


@dataclass(frozen=True, slots=True)
class Timings:
    """Limits of one call, in seconds, and its retries."""

    connect: float = 10.0
    first_token: float = 120.0
    idle: float = 120.0
    total: float = 1200.0
    retries: int = 2
    backoff: float = 0.5
    longest_wait: float = 20.0


class Deadlines:
    """The clock of one attempt: a limit for the first chunk, between chunks, and for all."""

    def __init__(self, timings: Timings) -> None:
        self._timings = timings
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._first = now + timings.first_token
        self._last = now + timings.total
        self.started = False

    async def read(self, awaitable: Awaitable[T]) -> T:
        """Await one read. Raises ``unavailable`` when it takes longer than allowed."""
        limit = self._loop.time() + self._timings.idle if self.started else self._first
        try:
            async with asyncio.timeout_at(min(limit, self._last)) as deadline:
                return await awaitable
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise ModelFault("unavailable", SILENT, detail="model deadline passed") from error


def pause_before(attempt: int, fault: ModelFault, timings: Timings) -> float | None:
    """Seconds to wait before retry number ``attempt``; None when the fault is final."""
    if attempt >= timings.retries or fault.fault not in RETRIED or isinstance(fault.__cause__, TimeoutError):
        return None
    if fault.retry_after is not None:
        return fault.retry_after if fault.retry_after <= timings.longest_wait else None
    return float(timings.backoff * 2**attempt * random.uniform(0.75, 1.25))


async def stream_with_retries(
    attempt: Callable[[], AsyncGenerator[Chunk, None]], timings: Timings, card: ModelCard
) -> AsyncGenerator[Chunk, None]:
    """Stream an answer; repeat the attempt while nothing was yielded and the fault is passing."""
    yielded, outcome, usage, chunk = False, "cut", None, None
    span = spans.begin(card)
    try:
        for number in range(timings.retries + 1):
            outcome = "cut"
            try:
                async with aclosing(attempt()) as chunks:
                    # Only here: what is current in a generator that has yielded is current for whoever reads it.
                    with span.current():
                        chunk = await anext(chunks, None)
                    if chunk is not None:
                        yielded, usage = True, chunk.usage
                        yield chunk
                    async for chunk in chunks:
                        usage = chunk.usage or usage
                        yield chunk
                outcome = "ok"
                return
            except ModelFault as fault:
                outcome = fault.fault
                pause = None if yielded else pause_before(number, fault, timings)
                if pause is None:
                    raise
            finally:
                count_model(card, outcome, usage)
            await asyncio.sleep(pause)
    finally:
        spans.end(span, outcome, usage, chunk.finish_reason if chunk else None)


@contextmanager
def counted(card: ModelCard) -> Iterator[list[Usage]]:
    """Count one call that answers at once; the caller adds what it cost."""
    cost: list[Usage] = []
    outcome = "cut"
    span = spans.begin(card)
    try:
        with span.current():
            yield cost
        outcome = "ok"
    except ModelFault as fault:
        outcome = fault.fault
        raise
    finally:
        usage = cost[0] if cost else None
        count_model(card, outcome, usage)
        spans.end(span, outcome, usage)
