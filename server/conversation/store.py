"""SQL of conversations and their variables. Every statement is scoped to one end user of one app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.conversation.model import SORTS
from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import conversation_variables, conversations, jobs, messages, pinned_conversations

_C = conversations.c
_V = conversation_variables.c
_P = pinned_conversations.c
# Parameters that no column is called, so that the same condition serves SELECT and UPDATE.
VISIBLE = sa.and_(
    _C.app_id == sa.bindparam("b_app"), _C.from_end_user_id == sa.bindparam("b_user"), _C.from_source == "api",
    _C.is_deleted.is_(False),
)
_MINE = sa.and_(_C.id == sa.bindparam("b_id"), VISIBLE)
_PINNED = (
    sa.select(sa.literal(1))
    .where(_P.conversation_id == _C.id, _P.end_user_id == sa.bindparam("b_user"))
    .exists()
)
# Conversations of the other way in are not listed (service-api.md 5.1, web-api.md 5).
_LISTED = sa.and_(VISIBLE, _C.invoke_from == sa.bindparam("b_via"))
_LISTS = {None: _LISTED, True: sa.and_(_LISTED, _PINNED), False: sa.and_(_LISTED, sa.not_(_PINNED))}
_SHOWN = (_C.id, _C.name, _C.inputs, _C.status, _C.introduction, _C.created_at, _C.updated_at)
_VARIABLE = (_V.id, _V.name, _V.value_type, _V.value, _V.description, _V.created_at, _V.updated_at)


def _page(sort: str, listed: sa.ColumnElement[bool]) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """The first page in an order, and the page after a conversation: one row without id when that is the last."""
    column = _C[sort.removeprefix("-")]
    order = (column.desc(), _C.id.desc()) if sort.startswith("-") else (column.asc(), _C.id.asc())
    first = sa.select(*_SHOWN).where(listed).order_by(*order).limit(sa.bindparam("b_count"))
    cursor = sa.select(column.label("at"), _C.id.label("last")).where(_C.id == sa.bindparam("b_last"), _LISTED)
    after = cursor.subquery("cursor")
    place, start = sa.tuple_(column, _C.id), sa.tuple_(after.c.at, after.c.last)
    page = first.where(place < start if sort.startswith("-") else place > start).lateral("page")
    ordered = (page.c[column.name], page.c.id)
    return first, (
        sa.select(page)
        .select_from(after.outerjoin(page, sa.true()))
        .order_by(*(key.desc() if sort.startswith("-") else key.asc() for key in ordered))
    )


_PAGES = {
    (sort, pinned): (hot(first), hot(after))
    for sort in SORTS for pinned, listed in _LISTS.items() for first, after in [_page(sort, listed)]
}  # fmt: skip
_ONE = sa.select(*_SHOWN).where(_MINE)
_FIRST_QUERY = (
    sa.select(*_SHOWN, messages.c.query)
    .outerjoin(messages, messages.c.conversation_id == _C.id)
    .where(_MINE)
    .order_by(messages.c.created_at, messages.c.id)
    .limit(1)
)
_RENAME = (
    sa.update(conversations).where(_MINE).values(name=sa.bindparam("b_name"), updated_at=sa.func.now())
    .returning(*_SHOWN)
)
_TITLE = sa.update(conversations).where(_MINE).values(name=sa.bindparam("b_name")).returning(*_SHOWN)
# A name given by hand in the meantime stays.
_FIRST_TITLE = hot(
    sa.update(conversations)
    .where(
        _C.id == sa.bindparam("b_id"), _C.tenant_id == sa.bindparam("b_tenant"), _C.name == sa.bindparam("b_old"),
        _C.is_deleted.is_(False),
    )
    .values(name=sa.bindparam("b_name"))
)
_PIN = (
    insert(pinned_conversations)
    .from_select(
        ["conversation_id", "end_user_id", "tenant_id", "app_id"],
        sa.select(_C.id, _C.from_end_user_id, _C.tenant_id, _C.app_id).where(_MINE),
    )
    .on_conflict_do_update(
        index_elements=["conversation_id", "end_user_id"],
        # What it was: the statement shall return a row.
        set_={"created_at": _P.created_at},
    )
    .returning(_P.conversation_id)
)
_UNPIN = sa.delete(pinned_conversations).where(
    _P.conversation_id == sa.bindparam("b_id"), _P.end_user_id == sa.bindparam("b_user"),
    _P.app_id == sa.bindparam("b_app"),
)
_DELETE = sa.update(conversations).where(_MINE).values(is_deleted=True).returning(_C.tenant_id)

_MY_VARIABLES = sa.and_(_V.conversation_id == sa.bindparam("b_id"), _V.app_id == sa.bindparam("b_app"))
_VARIABLE_AT = sa.select(_V.created_at).where(_MY_VARIABLES, _V.id == sa.bindparam("b_last"))
_VARIABLES = (
    sa.select(*_VARIABLE)
    .where(
        _MY_VARIABLES,
        sa.func.strpos(sa.func.lower(_V.name), sa.func.lower(sa.cast(sa.bindparam("b_name"), sa.Text))) > 0,
    )
    .order_by(_V.created_at, _V.id)
    .limit(sa.bindparam("b_count"))
)
_VARIABLES_AFTER = _VARIABLES.where(
    sa.tuple_(_V.created_at, _V.id)
    > sa.tuple_(sa.bindparam("b_at", type_=sa.DateTime(timezone=True)), sa.bindparam("b_last", type_=_V.id.type))
)
_LOCKED_VARIABLE = (
    sa.select(_V.name, _V.value_type).where(_MY_VARIABLES, _V.id == sa.bindparam("b_variable")).with_for_update()
)
_SET_VARIABLE = (
    sa.update(conversation_variables)
    .where(_MY_VARIABLES, _V.id == sa.bindparam("b_variable"))
    .values(value=sa.bindparam("b_value", type_=_V.value.type), updated_at=sa.func.now())
    .returning(*_VARIABLE)
)

Row = sa.Row[Any]


class ConversationStore:
    """Conversations in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def page(
        self, app_id: str, end_user_id: str, via: str, last_id: str, sort: str, count: int, pinned: bool | None
    ) -> Sequence[Row] | None:
        """At most ``count`` conversations after ``last_id``; None when the end user has no such conversation."""
        first, after = _PAGES[sort, pinned]
        parameters = {"b_app": app_id, "b_user": end_user_id, "b_via": via, "b_count": count}
        if not last_id:
            return self._uow.execute(first, parameters).all()
        rows = self._uow.execute(after, {**parameters, "b_last": last_id}).all()
        if not rows:
            return None
        return [row for row in rows if row.id is not None]

    def one(self, app_id: str, end_user_id: str, conversation_id: str) -> Row | None:
        """One conversation."""
        return self._uow.execute(_ONE, _mine(app_id, end_user_id, conversation_id)).one_or_none()

    def with_first_query(self, app_id: str, end_user_id: str, conversation_id: str) -> Row | None:
        """One conversation and the ``query`` of its first message, None without messages."""
        return self._uow.execute(_FIRST_QUERY, _mine(app_id, end_user_id, conversation_id)).one_or_none()

    def rename(self, app_id: str, end_user_id: str, conversation_id: str, name: str) -> Row | None:
        """Set a name given by hand; moves ``updated_at``."""
        mine = _mine(app_id, end_user_id, conversation_id)
        return self._uow.execute(_RENAME, {**mine, "b_name": name}).one_or_none()

    def set_title(self, app_id: str, end_user_id: str, conversation_id: str, name: str) -> Row | None:
        """Set a generated name; ``updated_at`` stays."""
        mine = _mine(app_id, end_user_id, conversation_id)
        return self._uow.execute(_TITLE, {**mine, "b_name": name}).one_or_none()

    def set_first_title(self, tenant_id: str, conversation_id: str, old: str, name: str) -> None:
        """Set a generated name if the conversation still has the name ``old``."""
        self._uow.execute(
            _FIRST_TITLE, {"b_tenant": tenant_id, "b_id": conversation_id, "b_old": old, "b_name": name}
        )

    def pin(self, app_id: str, end_user_id: str, conversation_id: str) -> bool:
        """Pin a conversation; False when there is none."""
        return self._uow.execute(_PIN, _mine(app_id, end_user_id, conversation_id)).one_or_none() is not None

    def unpin(self, app_id: str, end_user_id: str, conversation_id: str) -> None:
        """Pin a conversation no longer."""
        self._uow.execute(_UNPIN, _mine(app_id, end_user_id, conversation_id))

    def delete(self, app_id: str, end_user_id: str, conversation_id: str) -> bool:
        """Hide a conversation at once, and order the removal of its rows. False when there is none."""
        row = self._uow.execute(_DELETE, _mine(app_id, end_user_id, conversation_id)).one_or_none()
        if row is None:
            return False
        payload = {"tenant_id": row.tenant_id, "app_id": app_id, "conversation_id": conversation_id}
        self._uow.execute(sa.insert(jobs).values(kind="purge_conversation", payload=payload))
        return True

    # Variables; the caller has checked whose the conversation is

    def variable_time(self, app_id: str, conversation_id: str, variable_id: str) -> Any:
        """When a variable was made; None when the conversation has no such variable."""
        parameters = {"b_app": app_id, "b_id": conversation_id, "b_last": variable_id}
        return self._uow.execute(_VARIABLE_AT, parameters).scalar_one_or_none()

    def variables(
        self, app_id: str, conversation_id: str, name: str, count: int, after: Mapping[str, Any]
    ) -> Sequence[Row]:
        """At most ``count`` variables whose name contains ``name``, oldest first.

        ``after`` is empty, or the place to start from: ``{"b_at": time, "b_last": id}``.
        """
        parameters = {"b_app": app_id, "b_id": conversation_id, "b_name": name, "b_count": count, **after}
        return self._uow.execute(_VARIABLES_AFTER if after else _VARIABLES, parameters).all()

    def lock_variable(self, app_id: str, conversation_id: str, variable_id: str) -> Row | None:
        """Name and type of a variable that is about to change."""
        parameters = {"b_app": app_id, "b_id": conversation_id, "b_variable": variable_id}
        return self._uow.execute(_LOCKED_VARIABLE, parameters).one_or_none()

    def set_variable(self, app_id: str, conversation_id: str, variable_id: str, value: Any) -> Row:
        """Change the value of a locked variable."""
        parameters = {"b_app": app_id, "b_id": conversation_id, "b_variable": variable_id, "b_value": value}
        return self._uow.execute(_SET_VARIABLE, parameters).one()


def _mine(app_id: str, end_user_id: str, conversation_id: str) -> dict[str, str]:
    return {"b_app": app_id, "b_user": end_user_id, "b_id": conversation_id}
