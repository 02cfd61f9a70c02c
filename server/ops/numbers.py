"""The page of numbers of one process."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections import Counter as Tally

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.metrics import Counter, Histogram, Labels, gauge, page
from server.ops import meters
from server.ops.jobs_store import JobsStore
from server.runs.registry import Runs

_SECONDS = 2.0
_BEGAN = time.time()


class Numbers:
    """What was counted, and what is so right now."""

    def __init__(self, db: Database, uow: UowFactory, runs: Runs) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs

    async def page(self) -> str:
        """All of it as text. Jobs are left out while the database does not answer."""
        counted: list[Counter | Histogram] = [
            meters.CALLS, meters.STREAMS, meters.RUNS_STARTED, meters.RUNS_ENDED, meters.MODEL_CALLS,
            meters.MODEL_TOKENS, meters.LIMITED, meters.SPANS,
        ]
        return page([*counted, *self._now(), *await self._jobs()])

    def _now(self) -> list[Counter]:
        running = Tally[Labels]((run.key.mode,) for run in self._runs.active.values() if run.outcome is None)
        used = min(self._db.waiting, self._db.threads)
        return [
            gauge("transom_runs_active", "Runs in progress.", running, ("mode",)),
            gauge("transom_database_threads", "Database threads, each with a connection.", {(): self._db.threads}),
            gauge("transom_database_threads_in_use", "Database threads at work.", {(): used}),
            gauge("transom_database_calls_waiting", "Calls that wait for one.", {(): self._db.waiting - used}),
            gauge("process_start_time_seconds", "When the process started.", {(): _BEGAN}),
            _cpu(),
            gauge("process_resident_memory_bytes", "Memory of the process.", {(): _memory()}),
        ]

    async def _jobs(self) -> list[Counter]:
        try:
            async with asyncio.timeout(_SECONDS):
                waiting = await self._db(self._waiting)
        except Exception:
            return []
        text = "Jobs that are not done, of the whole installation."
        return [gauge("transom_jobs_waiting", text, {(kind,): count for kind, count in waiting.items()}, ("kind",))]

    def _waiting(self) -> dict[str, int]:
        with self._uow.reading() as uow:
            return JobsStore(uow).waiting()


def _cpu() -> Counter:
    counter = Counter("process_cpu_seconds_total", "Processor time of the process.")
    counter.add(by=time.process_time())
    return counter


def _memory() -> int:
    """Bytes that it has now; at most it had, where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - read on each look, by the shortest way
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
