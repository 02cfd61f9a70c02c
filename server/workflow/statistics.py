"""Figures about the runs of published workflows (console-api.md section 9)."""

from __future__ import annotations

from collections.abc import Sequence

from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason
from server.kit.ids import canonical, is_uuid
from server.kit.moments import span, zone_of
from server.workflow.model import GRAPH_MODES
from server.workflow.statistics_store import Row, StatisticsStore
from server.workflow.store import WorkflowStore


class StatisticsService:
    """Use cases of figures."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def days(self, caller: Caller, app_id: str, start: str, end: str) -> Sequence[Row]:
        """Days with runs, in the account's time zone. Raises app_not_found, invalid_param."""
        with self._uow() as uow:
            store = StatisticsStore(uow)
            if not is_uuid(app_id) or WorkflowStore(uow).mode(caller.tenant_id, canonical(app_id)) not in GRAPH_MODES:
                raise AppError(Reason.APP_NOT_FOUND)
            zone = zone_of(store.timezone(caller.the_account))
            return store.days(caller.tenant_id, canonical(app_id), zone.key, *span(start, end, zone))

