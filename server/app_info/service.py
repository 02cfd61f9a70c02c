"""Reads about the app behind a key (service-api.md section 10)."""

from __future__ import annotations

from server.app_info.model import About
from server.app_info.store import AppInfoStore, Row
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason
from server.kit.validate import id_or_none


class AppInfoService:
    """Information for clients of an app."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def about(self, caller: Caller) -> About:
        """Author and tags of the app."""
        with self._uow() as uow:
            row = AppInfoStore(uow).about(caller.tenant_id, caller.the_app.app_id)
        return About(row.author_name if row else None, tuple(row.tags or ()) if row else ())

    def site(self, caller: Caller) -> Row:
        """The app's site. None: ``forbidden`` (service-api.md 10.4)."""
        with self._uow() as uow:
            row = AppInfoStore(uow).site(caller.tenant_id, caller.the_app.app_id)
        if row is None:
            raise AppError(Reason.FORBIDDEN)
        return row

    def end_user(self, caller: Caller, end_user_id: str) -> Row:
        """An end user of the app, else ``end_user_not_found``."""
        known = id_or_none(end_user_id)
        with self._uow() as uow:
            row = known and AppInfoStore(uow).end_user(caller.tenant_id, caller.the_app.app_id, known)
        if not row:
            raise AppError(Reason.END_USER_NOT_FOUND)
        return row
