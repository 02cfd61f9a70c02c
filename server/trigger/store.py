"""SQL of triggers."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.access.service import app_context
from server.access.store import APP_COLUMNS, app_source
from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import apps, end_users, tenants
from server.db.trigger_tables import triggers
from server.db.workflow_tables import workflows
from server.kit.caller import AppContext
from server.kit.ids import new_id
from server.trigger.model import ENABLED, Due, Trigger

# In whose name triggers run an app.
SESSION = "trigger"
_T = triggers.c
_SHOWN = (
    _T.id, _T.node_id, _T.type, _T.title, _T.status, _T.webhook_id, _T.due_at, _T.created_at, _T.updated_at,
)  # fmt: skip
_OF_APP = app_source(triggers.join(apps, apps.c.id == _T.app_id))
_ALIVE = sa.and_(apps.c.status == "normal", tenants.c.status != "archive")
_USER = (
    sa.select(end_users.c.id)
    .where(end_users.c.app_id == _T.app_id, end_users.c.session_id == SESSION, end_users.c.type != "browser")
    .scalar_subquery()
    .label("user_id")
)
_WEBHOOK = hot(
    sa.select(_T.node_id, _T.status.label("trigger_status"), _T.is_live, _USER, *APP_COLUMNS).select_from(_OF_APP)
    .where(_T.webhook_id == sa.bindparam("webhook"), _ALIVE)
)  # fmt: skip
_DUE = hot(
    sa.select(_T.id, _T.node_id, _T.schedule, _T.due_at, _USER, *APP_COLUMNS).select_from(_OF_APP).where(
        _T.due_at <= sa.bindparam("now"), _ALIVE
    ).order_by(_T.due_at, _T.id).limit(sa.bindparam("count", type_=sa.Integer))
)  # fmt: skip


class TriggerStore:
    """Triggers in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    # Of one app

    def has_app(self, tenant_id: str, app_id: str) -> bool:
        """Whether the workspace has the app."""
        found = sa.select(apps.c.id).where(apps.c.id == app_id, apps.c.tenant_id == tenant_id)
        return self._uow.execute(found).scalar_one_or_none() is not None

    def app(self, tenant_id: str, app_id: str) -> sa.Row[Any] | None:
        """An app of the workspace."""
        found = sa.select(*APP_COLUMNS).select_from(app_source(apps)).where(
            apps.c.id == app_id, apps.c.tenant_id == tenant_id, _ALIVE
        )
        return self._uow.execute(found).one_or_none()

    def graphs(self, tenant_id: str, app_id: str) -> list[Mapping[str, Any]]:
        """The graphs of the draft and of what is published."""
        wanted = sa.or_(workflows.c.version == "draft", workflows.c.id == apps.c.workflow_id)
        found = sa.select(workflows.c.graph).join(apps, apps.c.id == workflows.c.app_id).where(
            workflows.c.app_id == app_id, workflows.c.tenant_id == tenant_id, wanted
        )
        return list(self._uow.execute(found).scalars())

    def live(self, tenant_id: str, app_id: str) -> list[Trigger]:
        """Triggers of the published workflow, oldest first."""
        found = sa.select(*_SHOWN).where(_T.tenant_id == tenant_id, _T.app_id == app_id, _T.is_live)
        return [_trigger(row) for row in self._uow.execute(found.order_by(_T.created_at, _T.id))]

    def one(self, tenant_id: str, app_id: str, *, node_id: str) -> Trigger | None:
        """The trigger of a node, live or not."""
        found = sa.select(*_SHOWN).where(_T.tenant_id == tenant_id, _T.app_id == app_id, _T.node_id == node_id)
        row = self._uow.execute(found).one_or_none()
        return _trigger(row) if row else None

    def locked(self, tenant_id: str, app_id: str, trigger_id: str) -> Mapping[str, Any] | None:
        """What a live trigger that is about to change says of itself: ``schedule`` and ``due_at``."""
        found = sa.select(_T.schedule, _T.due_at).where(
            _T.tenant_id == tenant_id, _T.app_id == app_id, _T.id == trigger_id, _T.is_live
        )
        row = self._uow.execute(found.with_for_update()).one_or_none()
        return row._asdict() if row else None

    def switch(self, tenant_id: str, trigger_id: str, status: str, due_at: datetime | None) -> Trigger:
        """Enable or disable a trigger."""
        changed = sa.update(triggers).where(_T.tenant_id == tenant_id, _T.id == trigger_id).values(
            status=status, due_at=due_at, updated_at=sa.func.now()
        )
        return _trigger(self._uow.execute(changed.returning(*_SHOWN)).one())

    def put(
        self, tenant_id: str, app_id: str, node_id: str, *, kind: str, title: str, is_live: bool, has_webhook: bool,
        schedule: Mapping[str, Any] | None = None, due_at: datetime | None = None,
    ) -> None:
        """Make the trigger of a node or bring it up to date; its webhook and whether it is enabled stay."""
        given = insert(triggers).values(
            id=new_id(), tenant_id=tenant_id, app_id=app_id, node_id=node_id, type=kind, title=title, is_live=is_live,
            webhook_id=secrets.token_urlsafe(18) if has_webhook else None, due_at=due_at,
            schedule=sa.null() if schedule is None else schedule,
        )  # fmt: skip
        new = given.excluded
        enabled_due = sa.case((_T.status == ENABLED, new.due_at), else_=None)
        # A schedule that did not change is due when it was; so much publishing moves no run.
        same = sa.and_(
            sa.cast(_T.schedule, sa.Text) == sa.cast(new.schedule, sa.Text), _T.is_live, _T.due_at.is_not(None)
        )
        kept_webhook = sa.func.coalesce(_T.webhook_id, new.webhook_id)
        values = {
            "type": new.type, "title": new.title, "is_live": sa.or_(_T.is_live, new.is_live),
            "webhook_id": sa.case((new.webhook_id.is_(None), None), else_=kept_webhook),
            "schedule": new.schedule, "due_at": sa.case((same, _T.due_at), else_=enabled_due),
            "updated_at": sa.func.now(),
        }  # fmt: skip
        self._uow.execute(given.on_conflict_do_update(index_elements=["app_id", "node_id"], set_=values))

    def keep_only(self, tenant_id: str, app_id: str, node_ids: Collection[str]) -> None:
        """Remove the triggers of other nodes."""
        self._uow.execute(
            sa.delete(triggers).where(
                _T.tenant_id == tenant_id, _T.app_id == app_id, _T.node_id.not_in(sorted(node_ids))
            )
        )

    # Of any app

    def webhook(self, webhook_id: str) -> sa.Row[Any] | None:
        """The node behind an address, with its app."""
        return self._uow.execute(_WEBHOOK, {"webhook": webhook_id}).one_or_none()

    def due(self, now: datetime, count: int) -> list[Due]:
        """Schedules whose time has come, the oldest first."""
        return [
            Due(row.id, app_context(row, ""), row.node_id, row.schedule, row.due_at, row.user_id or "")
            for row in self._uow.execute(_DUE, {"now": now, "count": count})
        ]

    def advance(self, due: Due, due_at: datetime | None) -> bool:
        """Take what is due: False when another process did, or when it was switched off or changed meanwhile."""
        mine = (_T.app_id == due.app.app_id, _T.id == due.id, _T.due_at == due.due_at)
        moved = sa.update(triggers).where(*mine).values(due_at=due_at)
        return bool(self._uow.execute(moved).rowcount)

    def user(self, app: AppContext) -> str:
        """The end user in whose name triggers run an app, made on first use."""
        made = insert(end_users).values(
            id=new_id(), tenant_id=app.tenant_id, app_id=app.app_id, type="trigger", session_id=SESSION,
            external_user_id=SESSION, is_anonymous=False,
        )
        made = made.on_conflict_do_update(
            index_elements=["app_id", "session_id"], index_where=end_users.c.type != "browser",
            set_={"updated_at": sa.func.now()},
        )
        return self._uow.execute(made.returning(end_users.c.id)).scalar_one()


def _trigger(row: sa.Row[Any]) -> Trigger:
    return Trigger(**row._asdict())
