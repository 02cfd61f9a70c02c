"""Runs jobs at least once: announce, begin, do, delete; a failure comes back later, a crash after its lease."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from server.db.engine import UowFactory
from server.worker.store import Begun, Due, JobStore

log = logging.getLogger("transom.worker")

Handler = Callable[[Mapping[str, Any]], None]

# A message about a job may wait this long in the queue before the job is announced again.
_QUIET = timedelta(minutes=5)
_LEASE = timedelta(seconds=30)
_FIRST_PAUSE_SECONDS = 2
_LONGEST_PAUSE_SECONDS = 3600
_BATCH = 100
_ERROR_CHARACTERS = 2000


def pause_after(attempts: int) -> timedelta:
    """How long a job that failed ``attempts`` times rests: 2 s, 4 s, ... an hour. It is never given up."""
    return timedelta(seconds=min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(attempts - 1, 20)))


class JobService:
    """Thread-safe. Handlers may be run twice for one job and must bear it."""

    def __init__(self, uow: UowFactory, handlers: Mapping[str, Handler]) -> None:
        self._uow = uow
        self._handlers = handlers
        self._held: dict[int, int] = {}
        self._lock = threading.Lock()

    def take_due(self) -> list[Due]:
        """Up to 100 jobs to announce now."""
        with self._uow() as uow:
            found = JobStore(uow).take_due(_BATCH, _QUIET)
            uow.commit()
        return found

    def put_back(self, found: Sequence[Due]) -> None:
        """Make jobs due again that could not be announced."""
        with self._uow() as uow:
            JobStore(uow).put_back([due.id for due in found])
            uow.commit()

    def renew(self) -> None:
        """Extend the leases of what runs in this process."""
        with self._lock:
            held = dict(self._held)
        if held:
            with self._uow() as uow:
                JobStore(uow).renew(held, _LEASE)
                uow.commit()

    def run(self, job_id: int, attempts: int) -> bool:
        """Do one job; False when there was nothing to do or it failed."""
        with self._uow() as uow:
            job = JobStore(uow).begin(job_id, attempts, _LEASE)
            uow.commit()
        if job is None:
            return False
        with self._lock:
            self._held[job.id] = job.attempts
        try:
            return self._do(job)
        finally:
            with self._lock:
                self._held.pop(job.id, None)

    def _do(self, job: Begun) -> bool:
        try:
            self._handlers[job.kind](job.payload)
        except Exception as error:
            log.exception("job %d (%s) failed, attempt %d", job.id, job.kind, job.attempts)
            with self._uow() as uow:
                text = f"{type(error).__name__}: {error}"[:_ERROR_CHARACTERS]
                JobStore(uow).fail(job, text, pause_after(job.attempts))
                uow.commit()
            return False
        with self._uow() as uow:
            JobStore(uow).finish(job)
            uow.commit()
        log.info("job %d (%s) done, attempt %d", job.id, job.kind, job.attempts)
        return True
