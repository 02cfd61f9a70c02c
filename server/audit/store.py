"""SQL of the audit log. Lines are written and age out; nothing changes them."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from server.audit.model import Entry, Line, Question
from server.db.audit_tables import audit_logs
from server.db.engine import UnitOfWork
from server.db.tables import accounts
from server.kit.ids import new_id

_L = audit_logs.c
_LINE = sa.select(
    _L.id, _L.account_id, accounts.c.name.label("account_name"), accounts.c.email.label("account_email"), _L.action,
    _L.resource, _L.resource_id, _L.detail, _L.ip, _L.outcome, _L.created_at,
).select_from(audit_logs.outerjoin(accounts, accounts.c.id == _L.account_id))  # fmt: skip


class AuditStore:
    """The audit log in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def add(self, entry: Entry) -> None:
        """Note an act."""
        self._uow.execute(
            sa.insert(audit_logs).values(
                id=new_id(), tenant_id=entry.tenant_id, account_id=entry.account_id, action=entry.action,
                resource=entry.resource, resource_id=entry.resource_id, detail=dict(entry.detail), ip=entry.ip,
                outcome=entry.outcome,
            )
        )  # fmt: skip

    def page(self, tenant_id: str, wanted: Question) -> tuple[int, list[Line]]:
        """How many lines match, and a page of them, newest first."""
        matches = _matches(tenant_id, wanted)
        total = self._uow.execute(sa.select(sa.func.count()).select_from(audit_logs).where(*matches)).scalar_one()
        start = (wanted.page - 1) * wanted.limit
        if total <= start:
            return total, []
        statement = _LINE.where(*matches).order_by(_L.id.desc()).limit(wanted.limit).offset(start)
        return total, [Line(**row._mapping) for row in self._uow.execute(statement)]

    def zone(self, account_id: str) -> str | None:
        """The time zone that an account reads times in."""
        statement = sa.select(accounts.c.timezone).where(accounts.c.id == account_id)
        return self._uow.execute(statement).scalar_one_or_none()

    def account(self, tenant_id: str, email: str) -> str | None:
        """Whose address it is, of those who ever acted in the workspace."""
        acted = sa.select(_L.id).where(_L.tenant_id == tenant_id, _L.account_id == accounts.c.id).exists()
        statement = sa.select(accounts.c.id).where(accounts.c.email_lower == email.lower(), acted)
        return self._uow.execute(statement).scalar_one_or_none()

    def prune(self, age: timedelta, most: int) -> int:
        """Remove up to ``most`` lines of all workspaces that are older; how many they were."""
        old = sa.select(_L.id).where(_L.created_at < sa.func.now() - age).limit(most)
        return self._uow.execute(sa.delete(audit_logs).where(_L.id.in_(old))).rowcount


def _matches(tenant_id: str, wanted: Question) -> list[sa.ColumnElement[bool]]:
    matches = [_L.tenant_id == tenant_id]
    for column, value in ((_L.action, wanted.action), (_L.account_id, wanted.account_id), (_L.outcome, wanted.outcome)):
        if value:
            matches.append(column == value)
    if wanted.since is not None:
        matches.append(_L.created_at >= wanted.since)
    if wanted.until is not None:
        matches.append(_L.created_at < wanted.until)
    return matches
