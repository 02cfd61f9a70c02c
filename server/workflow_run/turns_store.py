"""SQL of the earlier turns of a conversation."""

from __future__ import annotations

import sqlalchemy as sa

from server.chat.memory import MAX_MESSAGES, Turn
from server.db.engine import UnitOfWork
from server.db.tables import messages

_M = messages.c
_TURNS = (
    sa.select(_M.id, _M.parent_message_id, _M.query, _M.answer)
    .where(
        _M.conversation_id == sa.bindparam("conversation"), _M.app_id == sa.bindparam("app"),
        _M.tenant_id == sa.bindparam("tenant"),
    )
    .order_by(_M.created_at.desc(), _M.id.desc())
    .limit(MAX_MESSAGES + 1)
)


class TurnsStore:
    """Messages in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def newest(self, tenant_id: str, app_id: str, conversation_id: str) -> list[Turn]:
        """The newest messages of a conversation, newest first, the one that is being answered with them."""
        rows = self._uow.execute(
            _TURNS, {"conversation": conversation_id, "app": app_id, "tenant": tenant_id}
        )
        return [Turn(row.id, row.parent_message_id, row.query, row.answer) for row in rows]
