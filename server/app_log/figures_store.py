"""SQL of figures about messages by day: one statement each, over messages by app and time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from server.app_log.model import DEBUGGER
from server.db.engine import UnitOfWork
from server.db.tables import conversations, message_feedbacks, messages
from server.kit.moments import Span

_C, _M, _F = conversations.c, messages.c, message_feedbacks.c

Row = sa.Row[Any]
Days = Sequence[Row]


class FiguresStore:
    """Figures of one app in one transaction; each row has a ``date``, the oldest first."""

    def __init__(self, uow: UnitOfWork, tenant_id: str, app_id: str, zone: str) -> None:
        """``zone`` is the name of the time zone in which days begin."""
        self._uow = uow
        self._zone = zone
        self._mine = (_M.tenant_id == tenant_id, _M.app_id == app_id, _M.invoke_from != DEBUGGER)
        self._conversations = (_C.tenant_id == tenant_id, _C.app_id == app_id)

    def messages(self, at: Span) -> Days:
        """``number`` of messages."""
        return self._days(at, sa.func.count().label("number"))

    def conversations(self, at: Span) -> Days:
        """``number`` of conversations with messages."""
        return self._days(at, sa.func.count(_M.conversation_id.distinct()).label("number"))

    def end_users(self, at: Span) -> Days:
        """``number`` of different end users."""
        return self._days(at, sa.func.count(_M.from_end_user_id.distinct()).label("number"))

    def costs(self, at: Span) -> Days:
        """``tokens`` and ``price``."""
        tokens = sa.func.sum(_M.message_tokens + _M.answer_tokens).label("tokens")
        return self._days(at, tokens, sa.func.coalesce(sa.func.sum(_M.total_price), 0).label("price"))

    def satisfaction(self, at: Span) -> Days:
        """``number`` of messages and of ``likes``."""
        likes = sa.func.count(_F.id).label("likes")
        number = sa.func.count(_M.id.distinct()).label("number")
        liked = sa.and_(_F.message_id == _M.id, _F.tenant_id == _M.tenant_id, _F.rating == "like")
        return self._days(at, number, likes, source=messages.outerjoin(message_feedbacks, liked))

    def latency(self, at: Span) -> Days:
        """``seconds`` of an answer on average."""
        return self._days(at, sa.func.avg(_M.latency).label("seconds"))

    def speed(self, at: Span) -> Days:
        """``tokens`` of answers and the ``seconds`` of all of them."""
        return self._days(
            at, sa.func.sum(_M.answer_tokens).label("tokens"), sa.func.sum(_M.latency).label("seconds")
        )

    def _days(self, at: Span, *figures: Any, source: Any = None) -> Days:
        date = self._date(_M.created_at)
        statement = (
            sa.select(date, *figures).select_from(messages if source is None else source)
            .where(*self._mine, *_within(_M.created_at, at)).group_by(date).order_by(date)
        )  # fmt: skip
        return self._uow.execute(statement).all()

    def interactions(self, at: Span) -> Days:
        """``number`` of messages of a conversation on average, by the day on which it began."""
        talks = (
            sa.select(_C.id, self._date(_C.created_at), sa.func.count(_M.id).label("messages"))
            .select_from(conversations.join(messages, _M.conversation_id == _C.id))
            .where(*self._conversations, _M.invoke_from != DEBUGGER, *_within(_C.created_at, at))
            .group_by(_C.id)
            .subquery("talks")
        )
        number = sa.func.avg(talks.c.messages).label("number")
        return self._uow.execute(
            sa.select(talks.c.date, number).group_by(talks.c.date).order_by(talks.c.date)
        ).all()

    def _date(self, column: Any) -> Any:
        return sa.cast(sa.func.timezone(self._zone, column), sa.Date).label("date")


def _within(column: Any, at: Span) -> list[sa.ColumnElement[bool]]:
    since: datetime | None
    until: datetime | None
    since, until = at
    found = []
    if since is not None:
        found.append(column >= since)
    if until is not None:
        found.append(column < until)
    return found
