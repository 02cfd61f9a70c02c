"""SQL of keys and end users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import api_keys, app_configs, apps, end_users, memberships, tenants
from server.kit.ids import new_id

_OWNER = (
    sa.select(sa.literal(1))
    .where(memberships.c.tenant_id == tenants.c.id, memberships.c.role == "owner")
    .exists()
    .label("has_owner")
)
_APP_KEY = hot(
    sa.select(
        api_keys.c.id.label("key_id"), api_keys.c.tenant_id, api_keys.c.app_id,
        apps.c.id.label("found_app_id"), apps.c.name, apps.c.description, apps.c.mode, apps.c.status,
        apps.c.enable_api, apps.c.app_config_id, apps.c.workflow_id, apps.c.max_active_requests, apps.c.created_by,
        tenants.c.status.label("tenant_status"), _OWNER, app_configs.c.document,
    )
    .select_from(
        api_keys.outerjoin(apps, apps.c.id == api_keys.c.app_id)
        .outerjoin(tenants, tenants.c.id == api_keys.c.tenant_id)
        .outerjoin(app_configs, app_configs.c.id == apps.c.app_config_id)
    )
    .where(api_keys.c.token_hash == sa.bindparam("hash"), api_keys.c.type == "app")
)
_OWNER_ID = (
    sa.select(memberships.c.account_id)
    .where(memberships.c.tenant_id == tenants.c.id, memberships.c.role == "owner")
    .limit(1)
    .scalar_subquery()
    .label("owner_id")
)
_DATASET_KEY = (
    sa.select(api_keys.c.id.label("key_id"), api_keys.c.tenant_id, tenants.c.status.label("tenant_status"), _OWNER_ID)
    .select_from(api_keys.outerjoin(tenants, tenants.c.id == api_keys.c.tenant_id))
    .where(api_keys.c.token_hash == sa.bindparam("hash"), api_keys.c.type == "dataset")
)
_FIND_USER = sa.select(end_users.c.id, end_users.c.type).where(
    end_users.c.app_id == sa.bindparam("app"), end_users.c.session_id == sa.bindparam("session")
)


class AccessStore:
    """Keys and end users in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def app_key(self, token_hash: str) -> sa.Row[Any] | None:
        """The key, its app, its tenant and the app's configuration, in one statement."""
        return self._uow.execute(_APP_KEY, {"hash": token_hash}).one_or_none()

    def dataset_key(self, token_hash: str) -> sa.Row[Any] | None:
        """The key and its tenant."""
        return self._uow.execute(_DATASET_KEY, {"hash": token_hash}).one_or_none()

    def end_user(self, tenant_id: str, app_id: str, session_id: str, *, anonymous: bool) -> str:
        """Id of the app's end user; made on first use, type set to service-api (service-api.md 1.2)."""
        row = self._uow.execute(_FIND_USER, {"app": app_id, "session": session_id}).one_or_none()
        if row is not None and row.type == "service-api":
            return row.id
        statement = insert(end_users).values(
            id=new_id(), tenant_id=tenant_id, app_id=app_id, type="service-api", session_id=session_id,
            external_user_id=session_id, is_anonymous=anonymous,
        )
        statement = statement.on_conflict_do_update(
            index_elements=["app_id", "session_id"], set_={"type": "service-api", "updated_at": sa.func.now()}
        )
        return self._uow.execute(statement.returning(end_users.c.id)).scalar_one()

    def touch_keys(self, key_ids: Sequence[str]) -> None:
        """Note that keys were used."""
        self._uow.execute(
            sa.update(api_keys).where(api_keys.c.id.in_(key_ids)).values(last_used_at=sa.func.now())
        )
