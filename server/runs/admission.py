"""What a run of a workflow is held to in the transaction that stores it (errors.md section 5)."""

from __future__ import annotations

from dataclasses import dataclass

from server.db.engine import UnitOfWork
from server.kit.caller import AppContext
from server.limits.quotas import take_execution
from server.runs.registry import limit_of, too_many
from server.runs.store import RunStore
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Admission:
    """Runs that the app may have at once, 0: any number; executions that the workspace has a month, None: any."""

    at_once: int = 0
    executions: int | None = None

    @property
    def is_free(self) -> bool:
        """Nothing is held to: the run can be stored by one statement."""
        return not self.at_once and self.executions is None

    def check(self, uow: UnitOfWork, tenant_id: str, app_id: str) -> None:
        """Count the run, for the quota first. Raises rate_limit_error, too_many_requests."""
        if self.executions is not None:
            take_execution(uow, tenant_id, self.executions)
        if self.at_once and RunStore(uow).count_running(app_id) >= self.at_once:
            raise too_many(app_id, self.at_once)


FREE = Admission()


def admission_of(app: AppContext, settings: Settings) -> Admission:
    """What runs of an app are held to."""
    return Admission(limit_of(app.max_active_requests, settings), app.workflow_executions)
