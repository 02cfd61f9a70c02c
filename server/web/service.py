"""What a visitor does that a user of the Service API cannot: keeping messages (web-api.md section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import not_found
from server.kit.validate import id_or_none
from server.web.store import Row, WebStore

_NO_MESSAGE = "Message Not Exists."


class WebService:
    """Messages of a visitor."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def metadata(self, caller: Caller, ids: Sequence[str]) -> dict[str, Any]:
        """What was told of answers besides their text, by message."""
        if not ids:
            return {}
        with self._uow() as uow:
            return WebStore(uow).metadata(caller.the_app.app_id, caller.the_user.id, ids)

    def save(self, caller: Caller, message_id: str) -> None:
        """Keep a message; again is no error. Raises not_found."""
        known = id_or_none(message_id)
        with self._uow() as uow:
            if known is None or not WebStore(uow).save(caller.the_app.app_id, caller.the_user.id, known):
                raise not_found(_NO_MESSAGE)
            uow.commit()

    def forget(self, caller: Caller, message_id: str) -> None:
        """Keep a message no longer, whether it was kept or not."""
        known = id_or_none(message_id)
        if known is None:
            return
        with self._uow() as uow:
            WebStore(uow).forget(caller.the_app.app_id, caller.the_user.id, known)
            uow.commit()

    def saved(self, caller: Caller, last_id: str, limit: int) -> tuple[Sequence[Row], bool]:
        """A page of kept messages, newest first, and whether more follow. Nothing follows an unknown one."""
        with self._uow() as uow:
            rows = WebStore(uow).saved(caller.the_app.app_id, caller.the_user.id, last_id or None, limit + 1)
        return rows[:limit], len(rows) > limit
