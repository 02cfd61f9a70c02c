"""Runs jobs at least once: announce, begin, do, delete; a failure comes back later, a crash after its lease."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from server.db.engine import UowFactory
from server.db.faults import is_away
from server.kit import trace
from server.kit.plain import clean_text
from server.worker.store import Begun, Due, JobStore, WorkerStore

log = logging.getLogger("transom.worker")

Handler = Callable[[Mapping[str, Any]], None]
T = TypeVar("T")

# A message about a job may wait this long in the queue before the job is announced again.
_QUIET = timedelta(minutes=1)
_AWAY_SECONDS = 1.0
# A worker that said nothing for so long is no longer listed.
_FORGET = timedelta(days=1)
_FIRST_PAUSE_SECONDS = 2
_LONGEST_PAUSE_SECONDS = 3600
_ERROR_CHARACTERS = 2000


def pause_after(attempts: int) -> timedelta:
    """How long a job that failed ``attempts`` times rests: 2 s, 4 s, ... an hour. It is never given up."""
    return timedelta(seconds=min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(attempts - 1, 20)))


class JobService:
    """Jobs of one process. Thread-safe. Handlers may be run twice for one job and must bear it.

    A job that runs is held by a lease, renewed here; that of a dead process comes back when its
    lease ran out.
    """

    def __init__(
        self, uow: UowFactory, handlers: Mapping[str, Handler], *, lease_seconds: float, heartbeat_seconds: float,
        recurring: Container[str] = (),
    ) -> None:
        """``recurring`` kinds are done without a word: they come every few minutes."""
        self._uow = uow
        self._handlers = handlers
        self._lease = timedelta(seconds=lease_seconds)
        self._heartbeat = heartbeat_seconds
        self._recurring = recurring
        self._held: dict[int, int] = {}
        self._lock = threading.Lock()
        self._renewer: threading.Thread | None = None

    def take_due(self, most: int) -> list[Due]:
        """Up to ``most`` jobs to announce now."""
        with self._uow() as uow:
            found = JobStore(uow).take_due(most, _QUIET)
            uow.commit()
        return found

    def order_recurring(self, every: Mapping[str, float]) -> None:
        """Order the recurring jobs that are due; ``every`` has seconds by kind."""
        with self._uow() as uow:
            for kind, seconds in every.items():
                JobStore(uow).order_recurring(kind, timedelta(seconds=seconds))
            uow.commit()

    def report(self, worker: str) -> None:
        """Tell that ``worker`` takes jobs; for a server that looks whether anybody does (watch.py)."""
        with self._uow() as uow:
            WorkerStore(uow).report(worker, _FORGET)
            uow.commit()

    def leave(self, worker: str) -> None:
        """Tell that ``worker`` takes no more."""
        with self._uow() as uow:
            WorkerStore(uow).leave(worker)
            uow.commit()

    def put_back(self, found: Sequence[Due]) -> None:
        """Make jobs due again that could not be announced."""
        with self._uow() as uow:
            JobStore(uow).put_back([due.id for due in found])
            uow.commit()

    def run(self, job_id: int, attempts: int) -> bool:
        """Do one job; False when there was nothing to do or it failed. Waits while the database is away."""
        job = self._persist(lambda store: store.begin(job_id, attempts, self._lease))
        if job is None:
            return False
        with self._lock:
            self._held[job.id] = job.attempts
            if self._renewer is None:
                self._renewer = threading.Thread(target=self._renew, name="job leases", daemon=True)
                self._renewer.start()
        try:
            return self._do(job)
        finally:
            with self._lock:
                self._held.pop(job.id, None)

    def _do(self, job: Begun) -> bool:
        """Do it, below the span of the call that ordered it."""
        with trace.begin(f"job {job.kind}", "consumer", {"traceparent": job.traceparent or ""}) as span:
            if span:
                span.set("transom.job.id", job.id)
                span.set("transom.job.attempt", job.attempts)
            try:
                self._handlers[job.kind](job.payload)
            except Exception as error:
                log.exception("job %d (%s) failed, attempt %d", job.id, job.kind, job.attempts)
                span.fail(type(error).__name__)
                text = clean_text(f"{type(error).__name__}: {error}")[:_ERROR_CHARACTERS]
                self._persist(lambda store: store.fail(job, text, pause_after(job.attempts)))
                return False
            self._persist(lambda store: store.finish(job))
            usual = job.kind in self._recurring and job.attempts == 1
            log.log(
                logging.DEBUG if usual else logging.INFO, "job %d (%s) done, attempt %d", job.id, job.kind, job.attempts
            )
            return True

    def _persist(self, step: Callable[[JobStore], T]) -> T:
        """Do one step in a transaction, however long the database is away."""
        while True:
            try:
                with self._uow() as uow:
                    done = step(JobStore(uow))
                    uow.commit()
                    return done
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("a job waits for the database: %s", str(error).partition("\n")[0])
            time.sleep(_AWAY_SECONDS)

    def _renew(self) -> None:
        """Extend the leases of what runs in this process, for ever."""
        while True:
            time.sleep(self._heartbeat)
            with self._lock:
                held = dict(self._held)
            if not held:
                continue
            try:
                self._persist(lambda store, held=held: store.renew(held, self._lease))  # type: ignore[misc]
            except Exception:
                # The thread must outlive any fault: without it every job of this process is taken for dead.
                log.exception("leases of jobs were not renewed")
