"""SQL of messages and feedback. Messages of a deleted conversation are out of reach at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.conversation.store import VISIBLE, Row
from server.db.direct import Order
from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import (
    app_configs,
    conversations,
    message_feedbacks,
    message_files,
    messages,
    upload_files,
)
from server.db.workflow_tables import workflow_runs, workflows
from server.kit.ids import new_id

_C, _M, _F = conversations.c, messages.c, message_feedbacks.c

# One page is one statement: the conversation, whether the cursor is in it, the messages, and for
# each its feedback and files. Ids come as text, because turning text into uuid objects and back
# costs more than reading the row.
_OWNED = sa.select(_C.id).where(_C.id == sa.bindparam("b_id"), VISIBLE).subquery("owned")
_CURSOR = (
    sa.select(_M.created_at.label("at"), _M.id)
    .where(_M.id == sa.bindparam("b_first"), _M.conversation_id == _OWNED.c.id)
    .lateral("cursor")
)
_MESSAGE = (
    _M.id, _M.parent_message_id, _M.inputs, _M.query, _M.answer, _M.status, _M.error, _M.message_tokens,
    _M.answer_tokens, _M.total_price, _M.currency, _M.latency, _M.metadata, _M.created_at,
)  # fmt: skip
_NEWEST = (
    sa.select(*_MESSAGE)
    .where(_M.conversation_id == _OWNED.c.id)
    .order_by(_M.created_at.desc(), _M.id.desc())
    .limit(sa.bindparam("b_count"))
)


_FACTS = ("name", "mime_type", "size")


def files_of(message_id: Any) -> sa.ScalarSelect[Any]:
    """The files of a message of the statement around, as ``MessagePrinter`` reads them."""
    return (
        sa.select(
            sa.func.json_agg(
                sa.func.json_build_array(
                    message_files.c.id, message_files.c.type, message_files.c.transfer_method,
                    message_files.c.belongs_to, message_files.c.url, message_files.c.upload_file_id,
                    *(sa.func.coalesce(upload_files.c[name], message_files.c[name]) for name in _FACTS),
                )
            )
        )
        .select_from(message_files.outerjoin(upload_files, upload_files.c.id == message_files.c.upload_file_id))
        .where(message_files.c.message_id == message_id)
        .scalar_subquery()
    )


def shown(page: Any) -> sa.Select[Any]:
    """Columns of the rows of a page, without its source."""
    rating = (
        sa.select(_F.rating)
        .where(
            _F.message_id == page.c.id, _F.from_source == "user", _F.from_end_user_id == sa.bindparam("b_user"),
            _F.from_account_id.is_(None),
        )
        .scalar_subquery()
    )
    return sa.select(
        sa.cast(page.c.id, sa.Text).label("id"), sa.cast(page.c.parent_message_id, sa.Text).label("parent"),
        page.c.inputs, page.c.query, page.c.answer, page.c.status, page.c.error, page.c.message_tokens,
        page.c.answer_tokens, sa.cast(page.c.total_price, sa.Text).label("total_price"), page.c.currency,
        page.c.latency, page.c.created_at, page.c.metadata["retriever_resources"].label("resources"),
        rating.label("rating"), files_of(page.c.id).label("files"),
    )


def _ordered(statement: sa.Select[Any], page: Any) -> sa.Select[Any]:
    return statement.order_by(page.c.created_at.desc(), page.c.id.desc())


def _first_page() -> sa.Select[Any]:
    page = _NEWEST.lateral("page")
    return _ordered(shown(page).select_from(_OWNED.outerjoin(page, sa.true())), page)


def _page_before() -> sa.Select[Any]:
    older = sa.tuple_(_M.created_at, _M.id) < sa.tuple_(_CURSOR.c.at, _CURSOR.c.id)
    page = _NEWEST.where(older).lateral("page")
    source = _OWNED.outerjoin(_CURSOR, sa.true()).outerjoin(page, sa.true())
    found = _CURSOR.c.id.is_not(None).label("found")
    return _ordered(shown(page).add_columns(found).select_from(source), page)


_PAGE, _PAGE_BEFORE = hot(_first_page()), hot(_page_before())

# A message that the end user may see, in any mode.
_MINE = sa.and_(
    _M.id == sa.bindparam("b_id"), _M.app_id == sa.bindparam("b_app"), _M.from_end_user_id == sa.bindparam("b_user"),
    _C.is_deleted.is_(False),
)
# The same for whoever asked: an end user, or a member who tried the app out.
_ASKED = sa.and_(
    _M.id == sa.bindparam("b_id"), _M.app_id == sa.bindparam("b_app"), _C.is_deleted.is_(False),
    sa.func.coalesce(_M.from_end_user_id, _M.from_account_id) == sa.bindparam("b_user"),
)
_JOINED = messages.join(conversations, _C.id == _M.conversation_id)
_EXISTS = sa.select(_M.id).select_from(_JOINED).where(_MINE)
_ANSWER = sa.select(_M.answer).select_from(_JOINED).where(_MINE)
_FEEDBACK = [
    "id", "tenant_id", "app_id", "conversation_id", "message_id", "rating", "content", "from_source",
    "from_end_user_id",
]  # fmt: skip
_NEW_FEEDBACK = insert(message_feedbacks).from_select(
    _FEEDBACK,
    sa.select(
        sa.cast(sa.bindparam("b_new"), _F.id.type), _M.tenant_id, _M.app_id, _M.conversation_id, _M.id,
        sa.cast(sa.bindparam("b_rating"), sa.Text), sa.cast(sa.bindparam("b_content"), sa.Text), sa.literal("user"),
        _M.from_end_user_id,
    )
    .select_from(_JOINED)
    .where(_MINE),
)
_SET_FEEDBACK = _NEW_FEEDBACK.on_conflict_do_update(
    index_elements=["message_id", "from_source", "from_end_user_id", "from_account_id"],
    set_={
        "rating": _NEW_FEEDBACK.excluded.rating, "content": _NEW_FEEDBACK.excluded.content,
        "updated_at": sa.func.now(),
    },
).returning(_F.id)
_CLEAR_FEEDBACK = sa.delete(message_feedbacks).where(
    _F.message_id == sa.bindparam("b_id"), _F.app_id == sa.bindparam("b_app"), _F.from_source == "user",
    _F.from_end_user_id == sa.bindparam("b_user"),
)
_OF_APP = (
    sa.select(message_feedbacks)
    .where(_F.app_id == sa.bindparam("b_app"))
    .order_by(_F.created_at.desc(), _F.id.desc())
    .limit(sa.bindparam("b_count"))
    .offset(sa.bindparam("b_skip"))
)
_QUESTION = (
    sa.select(
        # What a chatflow does besides its graph are the features of the version that ran.
        _C.id, _C.mode, sa.func.coalesce(app_configs.c.document, workflows.c.features).label("document"), _M.provider,
        _M.model, _M.created_at, _M.id.label("message_id"),
    )
    .select_from(
        _JOINED.outerjoin(app_configs, app_configs.c.id == _C.app_config_id)
        .outerjoin(workflow_runs, workflow_runs.c.id == _M.workflow_run_id)
        .outerjoin(workflows, workflows.c.id == workflow_runs.c.workflow_id)
    )
    .where(_ASKED)
)
_THREAD = (
    sa.select(_M.id, _M.parent_message_id, _M.query, _M.answer)
    .where(
        _M.conversation_id == sa.bindparam("b_conversation"), _M.app_id == sa.bindparam("b_app"),
        sa.tuple_(_M.created_at, _M.id)
        <= sa.tuple_(sa.bindparam("b_at", type_=_M.created_at.type), sa.bindparam("b_id", type_=_M.id.type)),
    )
    .order_by(_M.created_at.desc(), _M.id.desc())
    .limit(sa.bindparam("b_count"))
)


class MessageStore:
    """Messages and feedback in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    @staticmethod
    def paging(app_id: str, end_user_id: str, conversation_id: str, first_id: str, count: int) -> Order:
        """What reads the newest ``count`` messages older than ``first_id`` ("" for all), newest first.

        No row: the end user has no such conversation. One row with ``id`` None: no message. With
        ``first_id``, ``found`` False: it is no message of the conversation.
        """
        parameters = {"b_app": app_id, "b_user": end_user_id, "b_id": conversation_id, "b_count": count}
        if not first_id:
            return Order(_PAGE, parameters)
        return Order(_PAGE_BEFORE, {**parameters, "b_first": first_id})

    def exists(self, app_id: str, end_user_id: str, message_id: str) -> bool:
        """Whether the end user has such a message."""
        return self._uow.execute(_EXISTS, _mine(app_id, end_user_id, message_id)).one_or_none() is not None

    def answer(self, app_id: str, end_user_id: str, message_id: str) -> str | None:
        """The answer so far; None when the end user has no such message."""
        found = self._uow.execute(_ANSWER, _mine(app_id, end_user_id, message_id)).one_or_none()
        return None if found is None else found.answer or ""

    def set_feedback(
        self, app_id: str, end_user_id: str, message_id: str, rating: str, content: str | None
    ) -> bool:
        """Add the end user's feedback or change it; False when there is no such message."""
        parameters = {"b_new": new_id(), "b_rating": rating, "b_content": content}
        mine = _mine(app_id, end_user_id, message_id)
        return self._uow.execute(_SET_FEEDBACK, {**mine, **parameters}).one_or_none() is not None

    def clear_feedback(self, app_id: str, end_user_id: str, message_id: str) -> bool:
        """Remove the end user's feedback; False when there was none."""
        return self._uow.execute(_CLEAR_FEEDBACK, _mine(app_id, end_user_id, message_id)).rowcount > 0

    def feedbacks(self, app_id: str, page: int, limit: int) -> Sequence[Row]:
        """Feedback of all users of an app, newest first. ``page`` counts from 1."""
        return self._uow.execute(_OF_APP, {"b_app": app_id, "b_count": limit, "b_skip": (page - 1) * limit}).all()

    def question(self, app_id: str, asker_id: str, message_id: str) -> Row | None:
        """The conversation (``id``, ``mode``) of somebody's message, configuration ``document`` and model."""
        return self._uow.execute(_QUESTION, _mine(app_id, asker_id, message_id)).one_or_none()

    def thread(self, app_id: str, question: Row, count: int) -> Sequence[Row]:
        """At most ``count`` messages of the question's conversation up to it, newest first."""
        parameters = {
            "b_conversation": question.id, "b_app": app_id, "b_at": question.created_at, "b_id": question.message_id,
            "b_count": count,
        }  # fmt: skip
        return self._uow.execute(_THREAD, parameters).all()


def _mine(app_id: str, end_user_id: str, message_id: str) -> dict[str, str]:
    return {"b_app": app_id, "b_user": end_user_id, "b_id": message_id}
