"""Turns keys and `user` values into identities; answers come from memory when warm.

A cached key lives five seconds and is dropped at once, in every process, when the key, the
app or its configuration changes (server/bus.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from server.access.store import AccessStore
from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.cache import AsyncCache
from server.kit.caller import AppContext, Caller, EndUser
from server.kit.crypto import key_hash
from server.kit.errors import AppError, Reason
from server.kit.validate import id_or_none

DEFAULT_USER = "DEFAULT-USER"

_NO_HEADER = "Authorization header must be provided and start with 'Bearer'"


def bearer(header: str | None) -> str:
    """The key of an Authorization header. Raises the 401 of errors.md section 2."""
    scheme, space, token = (header or "").strip().partition(" ")
    if not space:
        raise AppError(Reason.UNAUTHORIZED, _NO_HEADER)
    if scheme.lower() != "bearer":
        raise AppError(Reason.UNAUTHORIZED, "Authorization scheme must be 'Bearer'")
    return token.strip()


def app_context(row: Any, key_id: str) -> AppContext:
    """What a call knows of its app, from a row of the store."""
    return AppContext(
        app_id=row.found_app_id, tenant_id=row.app_tenant_id, key_id=key_id, name=row.name,
        description=row.description, mode=row.mode, status=row.status, enable_api=row.enable_api,
        tenant_status=row.tenant_status or "archive", has_owner=row.has_owner,
        app_config_id=row.app_config_id, document=row.document, workflow_id=row.workflow_id,
        max_active_requests=row.max_active_requests or 0, created_by=row.created_by,
        key_rate=row.key_rate, user_rate=row.user_rate, workflow_executions=row.workflow_executions,
    )


@dataclass(frozen=True, slots=True)
class DatasetKey:
    """A dataset key and the identity it gives."""

    key_id: str
    caller: Caller


class AccessService:
    """Keys, apps and end users of the Service API."""

    def __init__(self, db: Database, uow: UowFactory, bus: Bus) -> None:
        self._db = db
        self._uow = uow
        self._apps: AsyncCache[str, AppContext] = AsyncCache(5)
        self._owners: AsyncCache[str, DatasetKey] = AsyncCache(5)
        self._users: AsyncCache[tuple[str, str], EndUser] = AsyncCache(600, size=100_000)
        self._used: set[str] = set()
        bus.on("key", self._drop_key)
        bus.on("app", self._drop_app)
        bus.on("tenant", self._drop_tenant)

    def _drop_key(self, hashed: str) -> None:
        self._apps.drop(hashed)
        self._owners.drop(hashed)

    def _drop_tenant(self, tenant_id: str) -> None:
        self._apps.drop_where(lambda _, app: app.tenant_id == tenant_id)
        self._owners.drop_where(lambda _, key: key.caller.tenant_id == tenant_id)

    def _drop_app(self, app_id: str) -> None:
        self._apps.drop_where(lambda _, app: app.app_id == app_id)
        self._users.drop_where(lambda key, _: key[0] == app_id)

    async def app_of_key(self, token: str) -> AppContext:
        """The usable app behind an app key. Raises 401 or 403 in the order of errors.md section 2."""
        hashed = key_hash(token)
        app = await self._apps.get(hashed, lambda: self._db(self._load_app, hashed))
        if app.status != "normal":
            raise AppError(Reason.FORBIDDEN, "The app's status is abnormal.")
        if not app.enable_api:
            raise AppError(Reason.FORBIDDEN, "The app's API service has been disabled.")
        if app.tenant_status == "archive":
            raise AppError(Reason.FORBIDDEN, "The workspace's status is archived.")
        self._used.add(app.key_id)
        return app

    def _load_app(self, hashed: str) -> AppContext:
        with self._uow() as uow:
            row = AccessStore(uow).app_key(hashed)
        if row is None:
            raise AppError(Reason.UNAUTHORIZED, "Access token is invalid")
        if row.found_app_id is None:
            raise AppError(Reason.FORBIDDEN, "The app no longer exists.")
        return app_context(row, row.key_id)

    async def app_of_member(self, tenant_id: str, app_id: str) -> AppContext:
        """An app of a workspace for a member of it, switched off or not. Raises app_not_found."""
        return await self._db(self._app_of_member, tenant_id, app_id)

    def _app_of_member(self, tenant_id: str, app_id: str) -> AppContext:
        known = id_or_none(app_id)
        with self._uow() as uow:
            row = AccessStore(uow).app_of_member(tenant_id, known) if known else None
        if row is None:
            raise AppError(Reason.APP_NOT_FOUND)
        return app_context(row, "")

    async def owner_of_dataset_key(self, token: str) -> Caller:
        """Who a dataset key acts for: its workspace's owner. Raises 401 or 403."""
        hashed = key_hash(token)
        owner = await self._owners.get(hashed, lambda: self._db(self._load_owner, hashed))
        self._used.add(owner.key_id)
        return owner.caller

    def _load_owner(self, hashed: str) -> DatasetKey:
        with self._uow() as uow:
            row = AccessStore(uow).dataset_key(hashed)
        if row is None:
            raise AppError(Reason.UNAUTHORIZED, "Access token is invalid")
        if row.tenant_status is None:
            raise AppError(Reason.UNAUTHORIZED, "Tenant does not exist.")
        if row.tenant_status == "archive":
            raise AppError(Reason.FORBIDDEN, "The workspace's status is archived.")
        if row.owner_id is None:
            raise AppError(Reason.UNAUTHORIZED, "Tenant owner account not found or tenant is not active.")
        owner = Caller(tenant_id=row.tenant_id, account_id=row.owner_id, role="owner", by_key=True)
        return DatasetKey(row.key_id, owner)

    async def end_user(self, app: AppContext, session_id: str) -> EndUser:
        """The app's end user of that name, made on first use; empty means the shared DEFAULT-USER."""
        session = (session_id or DEFAULT_USER).replace("\x00", "")
        key = (app.app_id, session)
        return await self._users.get(key, lambda: self._db(self._load_user, app, session))

    def _load_user(self, app: AppContext, session: str) -> EndUser:
        with self._uow() as uow:
            user_id = AccessStore(uow).end_user(
                app.tenant_id, app.app_id, session, anonymous=session == DEFAULT_USER
            )
            uow.commit()
        return EndUser(id=user_id, session_id=session)

    async def flush_used_keys(self) -> None:
        """Store which keys were used since the last time; called about once a minute."""
        if self._used:
            used, self._used = self._used, set()
            await self._db(self._touch, sorted(used))

    def _touch(self, key_ids: list[str]) -> None:
        with self._uow() as uow:
            AccessStore(uow).touch_keys(key_ids)
            uow.commit()
