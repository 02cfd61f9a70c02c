"""SQL of messages that visitors keep, and of what their pages show of messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.conversation.message_store import shown
from server.db.engine import UnitOfWork
from server.db.tables import messages, saved_messages

_M, _S = messages.c, saved_messages.c
_METADATA = sa.select(_M.id, _M.metadata).where(
    _M.id.in_(sa.bindparam("b_ids", expanding=True)), _M.app_id == sa.bindparam("b_app"),
    _M.from_end_user_id == sa.bindparam("b_user"),
)
_OWNED = sa.and_(
    _M.id == sa.bindparam("b_id"), _M.app_id == sa.bindparam("b_app"), _M.from_end_user_id == sa.bindparam("b_user")
)
_SAVE = (
    insert(saved_messages)
    .from_select(
        ["message_id", "end_user_id", "tenant_id", "app_id"],
        sa.select(_M.id, _M.from_end_user_id, _M.tenant_id, _M.app_id).where(_OWNED),
    )
    # What it was: the statement shall return a row.
    .on_conflict_do_update(index_elements=["message_id", "end_user_id"], set_={"created_at": _S.created_at})
    .returning(_S.message_id)
)
_MINE = sa.and_(_S.app_id == sa.bindparam("b_app"), _S.end_user_id == sa.bindparam("b_user"))
_FORGET = sa.delete(saved_messages).where(_MINE, _S.message_id == sa.bindparam("b_id"))
_KEPT = sa.select(messages).join(saved_messages, _S.message_id == _M.id).where(_MINE)
_PLACE = sa.select(_M.created_at, _M.id).where(_OWNED)


def _page(source: sa.Select[Any]) -> sa.Select[Any]:
    page = source.order_by(_M.created_at.desc(), _M.id.desc()).limit(sa.bindparam("b_count")).subquery("page")
    return shown(page).order_by(page.c.created_at.desc(), page.c.id.desc())


_LIST = _page(_KEPT)
_LIST_AFTER = _page(
    _KEPT.where(
        sa.tuple_(_M.created_at, _M.id)
        < sa.tuple_(sa.bindparam("b_at", type_=_M.created_at.type), sa.bindparam("b_last", type_=_M.id.type))
    )
)

Row = sa.Row[Any]


class WebStore:
    """Saved messages in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def metadata(self, app_id: str, end_user_id: str, ids: Sequence[str]) -> dict[str, Any]:
        """What was told of answers besides their text, by message."""
        rows = self._uow.execute(_METADATA, {"b_app": app_id, "b_user": end_user_id, "b_ids": list(ids)})
        return {row.id: row.metadata for row in rows}

    def save(self, app_id: str, end_user_id: str, message_id: str) -> bool:
        """Keep a message; False when the visitor has no such message."""
        parameters = {"b_app": app_id, "b_user": end_user_id, "b_id": message_id}
        return self._uow.execute(_SAVE, parameters).one_or_none() is not None

    def forget(self, app_id: str, end_user_id: str, message_id: str) -> None:
        """Keep a message no longer."""
        self._uow.execute(_FORGET, {"b_app": app_id, "b_user": end_user_id, "b_id": message_id})

    def saved(self, app_id: str, end_user_id: str, last_id: str | None, count: int) -> Sequence[Row]:
        """At most ``count`` kept messages older than ``last_id``, newest first."""
        mine = {"b_app": app_id, "b_user": end_user_id}
        if last_id is None:
            return self._uow.execute(_LIST, {**mine, "b_count": count}).all()
        at = self._uow.execute(_PLACE, {**mine, "b_id": last_id}).one_or_none()
        if at is None:
            return []
        return self._uow.execute(
            _LIST_AFTER, {**mine, "b_count": count, "b_at": at.created_at, "b_last": at.id}
        ).all()
