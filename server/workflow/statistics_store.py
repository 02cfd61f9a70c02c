"""SQL of figures about runs: counts by day, from the columns that lists read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import accounts
from server.db.workflow_tables import workflow_runs

_R = workflow_runs.c
Row = sa.Row[Any]


class StatisticsStore:
    """Figures in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def timezone(self, account_id: str) -> str | None:
        """The time zone that an account lives in."""
        statement = sa.select(accounts.c.timezone).where(accounts.c.id == account_id)
        return self._uow.execute(statement).scalar_one_or_none()

    def days(
        self, tenant_id: str, app_id: str, zone: str, start: datetime | None, end: datetime | None
    ) -> Sequence[Row]:
        """``date``, ``runs``, ``users`` and ``tokens`` of each day with runs of the published workflow."""
        date = sa.cast(sa.func.timezone(zone, _R.created_at), sa.Date).label("date")
        statement = sa.select(
            date, sa.func.count().label("runs"), sa.func.count(_R.created_by.distinct()).label("users"),
            sa.func.sum(_R.total_tokens).label("tokens"),
        ).where(_R.tenant_id == tenant_id, _R.app_id == app_id, _R.triggered_from == "app-run")
        if start is not None:
            statement = statement.where(_R.created_at >= start)
        if end is not None:
            statement = statement.where(_R.created_at < end)
        return self._uow.execute(statement.group_by(date).order_by(date)).all()
