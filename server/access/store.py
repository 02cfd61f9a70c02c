"""SQL of keys and end users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import api_keys, app_configs, apps, end_users, memberships, sites, tenants, workspace_limits
from server.kit.ids import new_id

_OWNER = (
    sa.select(sa.literal(1))
    .where(memberships.c.tenant_id == tenants.c.id, memberships.c.role == "owner")
    .exists()
    .label("has_owner")
)
# What an identity carries of its app.
APP_COLUMNS = (
    apps.c.id.label("found_app_id"), apps.c.name, apps.c.description, apps.c.mode, apps.c.status, apps.c.enable_api,
    apps.c.app_config_id, apps.c.workflow_id, apps.c.max_active_requests, apps.c.created_by,
    apps.c.tenant_id.label("app_tenant_id"), tenants.c.status.label("tenant_status"), _OWNER, app_configs.c.document,
    workspace_limits.c.key_rate, workspace_limits.c.user_rate, workspace_limits.c.workflow_executions,
)
_APP_KEY = hot(
    sa.select(api_keys.c.id.label("key_id"), api_keys.c.tenant_id, api_keys.c.app_id, *APP_COLUMNS)
    .select_from(
        api_keys.outerjoin(apps, apps.c.id == api_keys.c.app_id)
        .outerjoin(tenants, tenants.c.id == api_keys.c.tenant_id)
        .outerjoin(workspace_limits, workspace_limits.c.tenant_id == api_keys.c.tenant_id)
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
    end_users.c.app_id == sa.bindparam("app"), end_users.c.session_id == sa.bindparam("session"),
    end_users.c.type != "browser",
)



def app_source(apps_: sa.FromClause) -> sa.Join:
    """What ``APP_COLUMNS`` are selected from, behind something that has ``apps`` in it."""
    return (
        apps_.join(tenants, tenants.c.id == apps.c.tenant_id)
        .outerjoin(workspace_limits, workspace_limits.c.tenant_id == apps.c.tenant_id)
        .outerjoin(app_configs, app_configs.c.id == apps.c.app_config_id)
    )


_APP_OF_PAGE = sa.select(*APP_COLUMNS, sites.c.code, apps.c.enable_site).select_from(
    app_source(apps)
    .outerjoin(sites, sa.and_(sites.c.app_id == apps.c.id, sites.c.status == "normal"))
)
_PAGE_BY_APP = hot(_APP_OF_PAGE.where(apps.c.id == sa.bindparam("app")))
_PAGE_BY_CODE = _APP_OF_PAGE.where(sites.c.code == sa.bindparam("code"))
_APP_OF_MEMBER = (
    sa.select(*APP_COLUMNS)
    .select_from(app_source(apps))
    .where(apps.c.id == sa.bindparam("app"), apps.c.tenant_id == sa.bindparam("tenant"))
)
_VISITOR = sa.select(end_users.c.id, end_users.c.session_id).where(
    end_users.c.id == sa.bindparam("id"), end_users.c.app_id == sa.bindparam("app")
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
            index_elements=["app_id", "session_id"], index_where=end_users.c.type != "browser",
            set_={"type": "service-api", "updated_at": sa.func.now()},
        )
        return self._uow.execute(statement.returning(end_users.c.id)).scalar_one()

    def page_of_app(self, app_id: str) -> sa.Row[Any] | None:
        """An app with the ``code`` of its site, None without one."""
        return self._uow.execute(_PAGE_BY_APP, {"app": app_id}).one_or_none()

    def app_of_member(self, tenant_id: str, app_id: str) -> sa.Row[Any] | None:
        """An app of a workspace, as an identity carries it."""
        return self._uow.execute(_APP_OF_MEMBER, {"tenant": tenant_id, "app": app_id}).one_or_none()

    def page_of_code(self, code: str) -> sa.Row[Any] | None:
        """The app whose site has the code."""
        return self._uow.execute(_PAGE_BY_CODE, {"code": code}).one_or_none()

    def visitor(self, app_id: str, end_user_id: str) -> sa.Row[Any] | None:
        """An end user of the app."""
        return self._uow.execute(_VISITOR, {"app": app_id, "id": end_user_id}).one_or_none()

    def add_visitor(self, tenant_id: str, app_id: str, session_id: str) -> str:
        """Id of the visitor of that name, made on first use (web-api.md 1.1)."""
        statement = insert(end_users).values(
            id=new_id(), tenant_id=tenant_id, app_id=app_id, type="browser", session_id=session_id, is_anonymous=True
        )
        statement = statement.on_conflict_do_update(
            index_elements=["app_id", "session_id"], index_where=end_users.c.type == "browser",
            set_={"updated_at": sa.func.now()},
        )
        return self._uow.execute(statement.returning(end_users.c.id)).scalar_one()

    def touch_keys(self, key_ids: Sequence[str]) -> None:
        """Note that keys were used."""
        self._uow.execute(
            sa.update(api_keys).where(api_keys.c.id.in_(key_ids)).values(last_used_at=sa.func.now())
        )
