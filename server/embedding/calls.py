"""Calls of embedding and rerank models: bounded, at the shared rate, repeated when that may help."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakValueDictionary

from server.embedding.rate import SharedRate
from server.llm.faults import SILENT
from server.llm.port import ModelFault

T = TypeVar("T")
log = logging.getLogger("transom.embedding")

_PASSING = frozenset({"unavailable", "broken_stream"})
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 20.0
LIMITED = "The model provider's rate limit is reached; it takes the next call in {seconds:.0f} seconds."


@dataclass(frozen=True, slots=True)
class Lane:
    """How calls of one kind are made.

    ``width`` of them run at a time for one credential in one process. Each is tried up to ``tries``
    times, ``silences`` times when the model says nothing for ``longest`` seconds, and waits
    ``patience`` seconds in all, for the rate and between tries.
    """

    name: str
    width: int
    tries: int
    patience: float
    longest: float
    silences: int = 1


# Somebody waits for an answer.
INTERACTIVE = Lane("interactive", width=64, tries=3, patience=10.0, longest=30.0)
# Beyond this the job itself comes back later.
INDEXING = Lane("indexing", width=4, tries=3, patience=600.0, longest=300.0, silences=2)


class Calls:
    """The calls of one process."""

    def __init__(self, rate: SharedRate) -> None:
        self._rate = rate
        # A semaphore lives as long as a call waits or runs in it.
        self._slots: WeakValueDictionary[tuple[str, str], asyncio.Semaphore] = WeakValueDictionary()

    async def run(self, account: str, lane: Lane, attempt: Callable[[], Awaitable[T]]) -> T:
        """The result of ``attempt``. Raises the last ModelFault when the lane's limits are reached."""
        slot = self._slots.get((account, lane.name))
        if slot is None:
            slot = self._slots[account, lane.name] = asyncio.Semaphore(lane.width)
        async with slot:
            return await self._repeat(account, lane, attempt)

    async def _repeat(self, account: str, lane: Lane, attempt: Callable[[], Awaitable[T]]) -> T:
        left = lane.patience
        tries = 0
        while True:
            left = await self._admitted(account, left)
            try:
                return await _in_time(attempt, lane.longest)
            except ModelFault as fault:
                tries += 1
                pause = await self._pause(account, fault, tries, lane)
                if pause is None or pause > left:
                    raise
                log.warning("%s call failed (%s), again in %.1f s: %s", lane.name, fault.fault, pause, fault.detail)
            left -= pause
            await asyncio.sleep(pause)

    async def _admitted(self, account: str, left: float) -> float:
        """Wait until the shared rate lets a call go; what is ``left`` of the patience then."""
        while wait := await self._rate.admit(account):
            if wait > left:
                raise ModelFault("rate_limit", LIMITED.format(seconds=wait), retry_after=wait)
            # Not all at the same moment.
            wait += random.uniform(0.0, min(0.1, wait / 10))
            left -= wait
            await asyncio.sleep(wait)
        return left

    async def _pause(self, account: str, fault: ModelFault, tries: int, lane: Lane) -> float | None:
        """Seconds before the next try; None when there is none.

        A refusal for the rate is not the call's fault and counts for its patience alone.
        """
        if fault.fault == "rate_limit" or (fault.fault == "unavailable" and fault.retry_after is not None):
            return await self._rate.limited(account, fault.retry_after)
        silent = isinstance(fault.__cause__, TimeoutError)
        if fault.fault not in _PASSING or tries >= (lane.silences if silent else lane.tries):
            return None
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (tries - 1)) * random.uniform(0.75, 1.25)


async def _in_time(attempt: Callable[[], Awaitable[T]], seconds: float) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await attempt()
    except TimeoutError as error:
        raise ModelFault("unavailable", SILENT, detail=f"no answer in {seconds:g} s") from error
