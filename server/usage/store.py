"""SQL of sums over the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import apps, end_users
from server.db.usage_tables import usage_records
from server.usage.model import Question

_U = usage_records.c
_DAY = sa.func.to_char(_U.created_at, "YYYY-MM-DD")
# What sums may be by, as columns.
_GROUPS: Mapping[str, Sequence[sa.ColumnElement[Any]]] = {
    "day": (_DAY.label("day"),),
    "app": (_U.app_id,),
    "model": (_U.provider, _U.model),
    "key": (_U.api_key_id,),
    "user": (_U.end_user_id,),
}
_SUMS = (
    sa.func.sum(_U.calls).label("calls"), sa.func.sum(_U.prompt_tokens).label("prompt_tokens"),
    sa.func.sum(_U.completion_tokens).label("completion_tokens"), sa.func.sum(_U.price).label("price"),
    sa.func.bool_or(_U.is_estimated).label("is_estimated"),
)


class UsageStore:
    """Sums in one statement."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def sums(self, tenant_id: str, question: Question) -> list[Any]:
        """Sums by the groups of the question, the newest days and then the dearest first; one more than asked for."""
        groups = [column for name in question.by for column in _GROUPS[name]]
        rows = sa.select(*groups, _U.currency, *_SUMS).where(_U.tenant_id == tenant_id, *_filters(question))
        order: list[Any] = [sa.desc("day")] if "day" in question.by else []
        statement = (
            rows.group_by(*groups, _U.currency)
            .order_by(*order, sa.desc("price"), sa.desc("prompt_tokens"), *groups, _U.currency)
            .limit(question.limit + 1).offset((question.page - 1) * question.limit)
        )  # fmt: skip
        return list(self._uow.execute(statement))

    def app_names(self, tenant_id: str, ids: Sequence[str]) -> dict[str, str]:
        """Names of apps that still are."""
        found = sa.select(apps.c.id, apps.c.name).where(apps.c.tenant_id == tenant_id, apps.c.id.in_(ids))
        return {row.id: row.name for row in self._uow.execute(found)}

    def user_names(self, tenant_id: str, ids: Sequence[str]) -> dict[str, str]:
        """What apps call their end users."""
        columns = (end_users.c.id, end_users.c.session_id)
        found = sa.select(*columns).where(end_users.c.tenant_id == tenant_id, end_users.c.id.in_(ids))
        return {row.id: row.session_id for row in self._uow.execute(found)}


def _filters(question: Question) -> list[sa.ColumnElement[bool]]:
    given: list[sa.ColumnElement[bool]] = []
    if question.app_id:
        given.append(_U.app_id == question.app_id)
    if question.since:
        given.append(_U.created_at >= question.since)
    if question.until:
        given.append(_U.created_at < question.until)
    return given
