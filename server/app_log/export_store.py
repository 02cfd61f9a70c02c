"""SQL of exports: feedback with what it is about, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from server.app_log.model import FeedbackFilter
from server.db.engine import UnitOfWork
from server.db.tables import accounts, conversations, message_feedbacks, messages

_C, _M, _F = conversations.c, messages.c, message_feedbacks.c
_SOURCE = (
    message_feedbacks.join(messages, _M.id == _F.message_id)
    .join(conversations, _C.id == _F.conversation_id)
    .outerjoin(accounts, accounts.c.id == _F.from_account_id)
)
_SAYS = sa.func.btrim(sa.func.coalesce(_F.content, "")) != ""

Row = sa.Row[Any]


class ExportStore:
    """Feedback of an app in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def feedbacks(
        self, tenant_id: str, app_id: str, wanted: FeedbackFilter, last: tuple[Any, str] | None, count: int
    ) -> Sequence[Row]:
        """At most ``count`` feedbacks behind ``last``, a time and an id; newest first."""
        statement = (
            sa.select(
                _F.id, _F.conversation_id, _F.message_id, _F.rating, _F.content, _F.from_source, _F.created_at,
                _F.from_end_user_id, _C.name, _M.query, _M.answer, _M.created_at.label("message_at"),
                accounts.c.name.label("account_name"),
            )
            .select_from(_SOURCE)
            .where(_F.tenant_id == tenant_id, _F.app_id == app_id, _C.is_deleted.is_(False), *_filters(wanted))
            .order_by(_F.created_at.desc(), _F.id.desc())
            .limit(count)
        )  # fmt: skip
        if last is not None:
            statement = statement.where(sa.tuple_(_F.created_at, _F.id) < sa.tuple_(*map(sa.literal, last)))
        return self._uow.execute(statement).all()


def _filters(wanted: FeedbackFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.from_source:
        found.append(_F.from_source == wanted.from_source)
    if wanted.rating:
        found.append(_F.rating == wanted.rating)
    if wanted.has_comment is not None:
        found.append(_SAYS if wanted.has_comment else ~_SAYS)
    if wanted.since is not None:
        found.append(_F.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(_F.created_at < wanted.until)
    return found
