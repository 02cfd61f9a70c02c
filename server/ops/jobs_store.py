"""SQL of what operators see of jobs."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import jobs


class JobsStore:
    """One statement a method."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def waiting(self) -> dict[str, int]:
        """Jobs that are not done, by kind."""
        statement = sa.select(jobs.c.kind, sa.func.count().label("number")).group_by(jobs.c.kind)
        return {row.kind: row.number for row in self._uow.execute(statement).all()}
