"""Figures about an app's messages by day (console-api.md section 9)."""

from __future__ import annotations

from collections.abc import Collection

from server.app_log.figures_store import Days, FiguresStore
from server.app_log.model import CHAT_MODES, COMPLETION_MODES
from server.app_log.service import entered
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.moments import span, zone_of

# What each is about; all else has messages too, as far as it has any.
_MODES = {"interactions": CHAT_MODES, "latency": COMPLETION_MODES}
_ALL = (*CHAT_MODES, *COMPLETION_MODES, "workflow")


class FiguresService:
    """Use cases of figures."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def days(self, caller: Caller, app_id: str, figure: str, start: str, end: str) -> Days:
        """Days with messages, in the account's time zone; ``figure`` is a method of the store.

        Raises app_not_found, invalid_param, bad_request.
        """
        modes: Collection[str] = _MODES.get(figure, _ALL)
        with self._uow() as uow:
            app = entered(uow, caller, app_id, modes)
            zone = zone_of(app.timezone)
            store = FiguresStore(uow, caller.tenant_id, app.id, zone.key)
            found: Days = getattr(store, figure)(span(start, end, zone))
            return found
