"""SQL of API keys."""

from __future__ import annotations

import builtins
from typing import Any

import sqlalchemy as sa

from server.app.model import ApiKey, OwnedKey
from server.db.engine import UnitOfWork
from server.db.tables import api_keys, apps, tenants
from server.kit.crypto import Sealer, key_hash
from server.kit.ids import new_id

_KEY = (
    api_keys.c.id, api_keys.c.type, api_keys.c.token_sealed, api_keys.c.last_used_at, api_keys.c.created_at,
)  # fmt: skip
_NEWEST = (api_keys.c.created_at.desc(), api_keys.c.id.desc())


class KeyStore:
    """Keys in one transaction. ``app_id`` None means the workspace's dataset keys."""

    def __init__(self, uow: UnitOfWork, sealer: Sealer) -> None:
        self._uow = uow
        self._sealer = sealer

    def app_exists(self, tenant_id: str, app_id: str) -> bool:
        """Whether the workspace has the app."""
        statement = sa.select(sa.literal(1)).where(apps.c.tenant_id == tenant_id, apps.c.id == app_id)
        return self._uow.execute(statement).one_or_none() is not None

    def lock_owner(self, tenant_id: str, app_id: str | None) -> bool:
        """Make other creations of keys wait, so that counting is right; False when there is no such app."""
        if app_id is None:
            statement = sa.select(tenants.c.id).where(tenants.c.id == tenant_id)
        else:
            statement = sa.select(apps.c.id).where(apps.c.tenant_id == tenant_id, apps.c.id == app_id)
        return self._uow.execute(statement.with_for_update()).one_or_none() is not None

    def count(self, tenant_id: str, app_id: str | None) -> int:
        """How many keys there are."""
        statement = sa.select(sa.func.count()).select_from(api_keys).where(*_owned(tenant_id, app_id))
        return int(self._uow.execute(statement).scalar_one())

    def list(self, tenant_id: str, app_id: str | None) -> list[ApiKey]:
        """The keys in clear, newest first."""
        statement = sa.select(*_KEY).where(*_owned(tenant_id, app_id)).order_by(*_NEWEST)
        return [self._key(row) for row in self._uow.execute(statement)]

    def every(self, tenant_id: str) -> builtins.list[OwnedKey]:
        """The workspace's keys in clear with the apps they open, newest first."""
        rows = self._uow.execute(
            sa.select(*_KEY, api_keys.c.app_id, apps.c.name.label("app_name"))
            .outerjoin(apps, sa.and_(apps.c.id == api_keys.c.app_id, apps.c.tenant_id == api_keys.c.tenant_id))
            .where(api_keys.c.tenant_id == tenant_id)
            .order_by(*_NEWEST)
        )
        return [OwnedKey(self._key(row), row.app_id, row.app_name) for row in rows]

    def _key(self, row: sa.Row[Any]) -> ApiKey:
        return ApiKey(row.id, row.type, self._sealer.open(row.token_sealed), row.last_used_at, row.created_at)

    def is_known(self, token: str) -> bool:
        """Whether a key exists, in whatever workspace: who has the key may know."""
        statement = sa.select(sa.literal(1)).where(api_keys.c.token_hash == key_hash(token))
        return self._uow.execute(statement).one_or_none() is not None

    def add(self, tenant_id: str, account_id: str, app_id: str | None, token: str) -> ApiKey:
        """Keep a new key: its hash to find it by, its sealed text to show it again."""
        key_id, kind = new_id(), "app" if app_id else "dataset"
        created_at = self._uow.execute(
            sa.insert(api_keys)
            .values(
                id=key_id, tenant_id=tenant_id, app_id=app_id, type=kind, token_hash=key_hash(token),
                token_sealed=self._sealer.seal(token), created_by=account_id,
            )
            .returning(api_keys.c.created_at)
        ).scalar_one()  # fmt: skip
        return ApiKey(key_id, kind, token, None, created_at)

    def delete(self, tenant_id: str, app_id: str | None, key_id: str) -> str | None:
        """Delete a key; its hash, None when there is no such key."""
        return self._uow.execute(
            sa.delete(api_keys)
            .where(*_owned(tenant_id, app_id), api_keys.c.id == key_id)
            .returning(api_keys.c.token_hash)
        ).scalar_one_or_none()

    def delete_any(self, tenant_id: str, *, key_id: str | None = None, token: str = "") -> str | None:
        """Delete a key of the workspace, named by its id or by its text; its hash, None when there is none."""
        named = api_keys.c.id == key_id if key_id else api_keys.c.token_hash == key_hash(token)
        return self._uow.execute(
            sa.delete(api_keys).where(api_keys.c.tenant_id == tenant_id, named).returning(api_keys.c.token_hash)
        ).scalar_one_or_none()


def _owned(tenant_id: str, app_id: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    kind = "app" if app_id else "dataset"
    owned = (api_keys.c.tenant_id == tenant_id, api_keys.c.type == kind)
    return (*owned, api_keys.c.app_id == app_id) if app_id else owned
