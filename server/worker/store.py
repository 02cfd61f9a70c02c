"""SQL of the ``jobs`` table. Jobs are the server's own: no tenant asks for or sees one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.tables import jobs, recurring_jobs, upkeep_findings, workers


@dataclass(frozen=True, slots=True)
class Due:
    """A job to announce: the row, and how often it was begun."""

    id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A job that this worker has."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int
    # Of the call that ordered it, when that was traced.
    traceparent: str | None = None


class JobStore:
    """One statement a method."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def take_due(self, limit: int, quiet: timedelta) -> list[Due]:
        """Jobs that are due, oldest first; for ``quiet`` no other worker sees them as due."""
        due = (
            sa.select(jobs.c.id).where(jobs.c.due_at <= sa.func.now()).order_by(jobs.c.due_at).limit(limit)
            .with_for_update(skip_locked=True)
        )
        taken = (
            sa.update(jobs).where(jobs.c.id.in_(due)).values(due_at=sa.func.now() + quiet)
            .returning(jobs.c.id, jobs.c.attempts)
        )
        return [Due(row.id, row.attempts) for row in self._uow.execute(taken)]

    def put_back(self, ids: Sequence[int]) -> None:
        """Make taken jobs due now."""
        self._uow.execute(sa.update(jobs).where(jobs.c.id.in_(ids)).values(due_at=sa.func.now()))

    def order_recurring(self, kind: str, every: timedelta) -> bool:
        """Order a recurring job when it is due and not ordered already."""
        known = insert(recurring_jobs).values(kind=kind).on_conflict_do_nothing()
        self._uow.execute(known)
        due = (
            sa.update(recurring_jobs)
            .where(recurring_jobs.c.kind == kind, recurring_jobs.c.next_at <= sa.func.now())
            .values(next_at=sa.func.now() + every).returning(recurring_jobs.c.kind)
        )
        if self._uow.execute(due).first() is None:
            return False
        waiting = sa.select(jobs.c.id).where(jobs.c.kind == kind)
        if self._uow.execute(waiting.limit(1)).first() is None:
            self._uow.execute(sa.insert(jobs).values(kind=kind, payload={}))
        return True

    def begin(self, job_id: int, attempts: int, lease: timedelta) -> Begun | None:
        """Count an attempt and hold the job for ``lease``; None when it is done or another worker began it."""
        begun = (
            sa.update(jobs).where(jobs.c.id == job_id, jobs.c.attempts == attempts)
            .values(attempts=attempts + 1, due_at=sa.func.now() + lease)
            .returning(jobs.c.kind, jobs.c.payload, jobs.c.attempts, jobs.c.traceparent)
        )
        row = self._uow.execute(begun).first()
        return Begun(job_id, row.kind, row.payload, row.attempts, row.traceparent) if row else None

    def renew(self, held: dict[int, int], lease: timedelta) -> None:
        """Hold the jobs of ``held`` (id -> attempts) for another ``lease``.

        One whose row somebody has locked is left out: it is about to end, and must not keep the others waiting.
        """
        mine = sa.select(jobs.c.id).where(sa.tuple_(jobs.c.id, jobs.c.attempts).in_(list(held.items())))
        free = mine.with_for_update(skip_locked=True)
        self._uow.execute(sa.update(jobs).where(jobs.c.id.in_(free)).values(due_at=sa.func.now() + lease))

    def finish(self, job: Begun) -> None:
        """Delete a job that is done."""
        self._uow.execute(sa.delete(jobs).where(jobs.c.id == job.id, jobs.c.attempts == job.attempts))

    def fail(self, job: Begun, error: str, pause: timedelta) -> None:
        """Keep the reason and make the job due again after ``pause``."""
        mine = (jobs.c.id == job.id) & (jobs.c.attempts == job.attempts)
        self._uow.execute(sa.update(jobs).where(mine).values(last_error=error, due_at=sa.func.now() + pause))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Jobs that nobody has taken although they are due, and those that failed when they were last tried."""

    workers: int
    overdue: int
    # Seconds that the oldest of them waits.
    longest: float
    failing: int
    last_error: str | None


class WorkerStore:
    """Who takes jobs, and whether any are left lying."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def report(self, name: str, forget: timedelta) -> None:
        """A worker takes jobs; those not heard of for ``forget`` are forgotten."""
        seen = {"seen_at": sa.func.now()}
        self._uow.execute(
            insert(workers).values(name=name, **seen).on_conflict_do_update(index_elements=["name"], set_=seen)
        )
        self._uow.execute(sa.delete(workers).where(workers.c.seen_at < sa.func.now() - forget))

    def leave(self, name: str) -> None:
        """A worker takes no more jobs."""
        self._uow.execute(sa.delete(workers).where(workers.c.name == name))

    def waiting(self, within: timedelta) -> Waiting:
        """How things are: workers that were heard of ``within`` this time, jobs due for longer than that."""
        now = sa.func.now()
        alive = sa.select(sa.func.count()).select_from(workers).where(workers.c.seen_at > now - within)
        late = jobs.c.due_at < now - within
        lying = sa.select(
            sa.func.count().filter(late).label("overdue"),
            sa.func.coalesce(sa.extract("epoch", now - sa.func.min(jobs.c.due_at).filter(late)), 0).label("longest"),
            sa.func.count().filter(jobs.c.last_error.is_not(None)).label("failing"),
            sa.func.max(jobs.c.last_error).label("last_error"),
        )
        row = self._uow.execute(lying).one()
        return Waiting(
            self._uow.execute(alive).scalar_one(), row.overdue, float(row.longest), row.failing, row.last_error
        )

    def findings(self) -> Sequence[Any]:
        """(kind, total, found_at) of what upkeep found and mended."""
        columns = upkeep_findings.c
        return self._uow.execute(sa.select(columns.kind, columns.total, columns.found_at).order_by(columns.kind)).all()
