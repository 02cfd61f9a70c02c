"""SQL of an app's log: conversations of everybody, and their messages. A page is one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from server.app_log.model import DEBUGGER, LogFilter
from server.conversation.message_store import files_of
from server.db.annotation_tables import annotation_hits, app_annotations
from server.db.engine import UnitOfWork
from server.db.tables import (
    accounts,
    app_configs,
    apps,
    conversation_variables,
    conversations,
    end_users,
    jobs,
    memberships,
    message_feedbacks,
    messages,
)
from server.db.workflow_tables import workflow_runs
from server.kit.ids import new_id

_A, _C, _M, _F = app_annotations.c, conversations.c, messages.c, message_feedbacks.c
_H, _V, _W = annotation_hits.c, conversation_variables.c, workflow_runs.c
_LISTED = ("id", "status", "from_source", "from_end_user_id", "from_account_id", "name", "introduction", "read_at")
_DOCUMENT = app_configs.c.document

Row = sa.Row[Any]


def _author(account_id: Any) -> sa.ScalarSelect[Any]:
    """{id, name, email} of an account."""
    made = sa.func.json_build_object("id", accounts.c.id, "name", accounts.c.name, "email", accounts.c.email)
    return sa.select(made).where(accounts.c.id == account_id).scalar_subquery()


_APP = (
    sa.select(apps.c.id, apps.c.mode, apps.c.name, accounts.c.timezone)
    .select_from(
        apps.join(memberships, memberships.c.tenant_id == apps.c.tenant_id).join(
            accounts, accounts.c.id == memberships.c.account_id
        )
    )
    .where(
        apps.c.id == sa.bindparam("b_app"), apps.c.tenant_id == sa.bindparam("b_tenant"),
        accounts.c.id == sa.bindparam("b_account"),
    )
)
_OF_APP = sa.and_(
    _C.app_id == sa.bindparam("b_app"), _C.tenant_id == sa.bindparam("b_tenant"), _C.is_deleted.is_(False)
)
_IS_ANNOTATED = sa.select(sa.literal(1)).where(_A.conversation_id == _C.id, _A.tenant_id == _C.tenant_id).exists()
_MINE = sa.and_(_M.app_id == sa.bindparam("b_app"), _M.tenant_id == sa.bindparam("b_tenant"))
_FIRST = (
    sa.select(_M.id, sa.cast(_M.inputs, sa.Text).label("inputs"), _M.query, _M.answer)
    .where(_M.conversation_id == _C.id, _MINE)
    .order_by(_M.created_at, _M.id)
    .limit(1)
    .correlate(conversations)
    .lateral("first")
)


def _counted(name: str) -> Any:
    return sa.func.count().filter(_W.status == name)


_COUNTS = (
    sa.select(
        sa.func.count().label("message_count"), _counted("succeeded").label("success"),
        _counted("failed").label("failed"), _counted("partial-succeeded").label("partial_success"),
        _counted("paused").label("paused"),
    )
    .select_from(messages.outerjoin(workflow_runs, _W.id == _M.workflow_run_id))
    .where(_M.conversation_id == _C.id, _MINE)
    .correlate(conversations)
    .lateral("counts")
)
_KINDS = [(source, rating) for source in ("user", "admin") for rating in ("like", "dislike")]
_RATINGS = (
    sa.select(
        *(
            sa.func.count().filter(_F.from_source == source, _F.rating == rating).label(f"{source}_{rating}")
            for source, rating in _KINDS
        )
    )
    .where(
        _F.conversation_id == _C.id, _F.app_id == sa.bindparam("b_app"), _F.tenant_id == sa.bindparam("b_tenant")
    )
    .correlate(conversations)
    .lateral("ratings")
)
_RATED = tuple(_RATINGS.c[f"{source}_{rating}"] for source, rating in _KINDS)


def _annotation_of(*conditions: Any) -> sa.ScalarSelect[Any]:
    """{id, question, content, account, created_at} of the newest annotation that fits."""
    made = sa.func.json_build_object(
        "id", _A.id, "question", _A.question, "content", sa.func.coalesce(_A.answer, ""),
        "account", _author(_A.account_id),
        "created_at", sa.cast(sa.func.extract("epoch", _A.created_at), sa.BigInteger),
    )  # fmt: skip
    statement = sa.select(made).where(*conditions).order_by(_A.created_at.desc(), _A.id.desc()).limit(1)
    return statement.scalar_subquery()


_PLACES = (
    conversations.outerjoin(app_configs, app_configs.c.id == _C.app_config_id)
    .outerjoin(end_users, end_users.c.id == _C.from_end_user_id)
    .outerjoin(accounts, accounts.c.id == _C.from_account_id)
)
_SUMMARY = (
    *(_C[name] for name in _LISTED), _C.created_at, _C.updated_at, end_users.c.session_id,
    accounts.c.name.label("account_name"), sa.cast(_DOCUMENT["model"], sa.Text).label("model"),
    _DOCUMENT["pre_prompt"].as_string().label("pre_prompt"),
)  # fmt: skip
_CHATS = sa.select(
    *_SUMMARY, *_COUNTS.c, *_RATED, _IS_ANNOTATED.label("annotated"), _FIRST.c.query,
).select_from(_PLACES.join(_COUNTS, sa.true()).join(_RATINGS, sa.true()).outerjoin(_FIRST, sa.true()))  # fmt: skip
_COMPLETIONS = sa.select(
    *_SUMMARY, *_RATED, _FIRST.c.inputs, _FIRST.c.query, _FIRST.c.answer,
    _annotation_of(_A.conversation_id == _C.id, _A.tenant_id == _C.tenant_id).label("annotation"),
).select_from(_PLACES.join(_RATINGS, sa.true()).outerjoin(_FIRST, sa.true()))  # fmt: skip
_ONE = (
    sa.select(
        *(_C[name] for name in _LISTED), _C.created_at, _C.updated_at, _DOCUMENT.label("document"),
        _COUNTS.c.message_count, *_RATED, _IS_ANNOTATED.label("annotated"), _FIRST.c.id.label("first_id"),
    )
    .select_from(_PLACES.join(_COUNTS, sa.true()).join(_RATINGS, sa.true()).outerjoin(_FIRST, sa.true()))
    .where(_OF_APP, _C.id == sa.bindparam("b_id"))
)
_READ = (
    sa.update(conversations)
    .where(_OF_APP, _C.id == sa.bindparam("b_id"), _C.read_at.is_(None))
    .values(read_at=sa.func.now(), read_account_id=sa.bindparam("b_account"))
)
_DELETE = (
    sa.update(conversations)
    .where(_OF_APP, _C.id == sa.bindparam("b_id"))
    .values(is_deleted=True)
    .returning(_C.id)
)
_FEEDBACKS = (
    sa.select(
        sa.func.json_agg(
            sa.func.json_build_object(
                "rating", _F.rating, "content", _F.content, "from_source", _F.from_source,
                "from_end_user_id", _F.from_end_user_id, "from_account", _author(_F.from_account_id),
            )
        )
    )
    .where(_F.message_id == _M.id, _F.tenant_id == _M.tenant_id)
    .scalar_subquery()
)
_HIT = (
    sa.select(
        sa.func.json_build_object(
            "annotation_id", _H.annotation_id, "annotation_create_account", _author(_A.account_id),
            "created_at", sa.cast(sa.func.extract("epoch", _H.created_at), sa.BigInteger),
        )
    )
    .select_from(annotation_hits.outerjoin(app_annotations, _A.id == _H.annotation_id))
    .where(_H.message_id == _M.id, _H.tenant_id == _M.tenant_id)
    .limit(1)
    .scalar_subquery()
)
_MESSAGE = sa.select(
    _M.id, _M.conversation_id, sa.cast(_M.inputs, sa.Text).label("inputs"), _M.query, _M.message_tokens, _M.answer,
    _M.answer_tokens, _M.latency, _M.from_source, _M.from_end_user_id, _M.from_account_id, _M.workflow_run_id,
    _M.created_at, sa.cast(_M.metadata, sa.Text).label("told"), _M.status, _M.error, _M.parent_message_id, _M.app_mode,
    _FEEDBACKS.label("feedbacks"), _HIT.label("hit"), files_of(_M.id).label("files"),
    _annotation_of(_A.message_id == _M.id, _A.tenant_id == _M.tenant_id).label("annotation"),
).select_from(messages)  # fmt: skip
_VISIBLE = _MESSAGE.join(conversations, _C.id == _M.conversation_id).where(_MINE, _C.is_deleted.is_(False))
_PAGE = (
    _MESSAGE.where(_MINE, _M.conversation_id == sa.bindparam("b_id"))
    .order_by(_M.created_at.desc(), _M.id.desc())
    .limit(sa.bindparam("b_count"))
)
_PAGE_BEFORE = _PAGE.where(
    sa.tuple_(_M.created_at, _M.id)
    < sa.tuple_(sa.bindparam("b_at", type_=_M.created_at.type), sa.bindparam("b_first", type_=_M.id.type))
)
_AT = sa.select(_M.created_at).where(
    _MINE, _M.conversation_id == sa.bindparam("b_id"), _M.id == sa.bindparam("b_first")
)
_LOCK = (
    sa.select(_M.id, _M.conversation_id)
    .join(conversations, _C.id == _M.conversation_id)
    .where(_MINE, _M.id == sa.bindparam("b_message"), _C.is_deleted.is_(False))
    .with_for_update(of=messages)
)
_UNRATE = sa.delete(message_feedbacks).where(
    _F.message_id == sa.bindparam("b_message"), _F.app_id == sa.bindparam("b_app"),
    _F.tenant_id == sa.bindparam("b_tenant"), _F.from_source == "admin",
)
_VARIABLES = (
    sa.select(conversation_variables)
    .join(conversations, _C.id == _V.conversation_id)
    .where(_OF_APP, _C.id == sa.bindparam("b_id"))
    .order_by(_V.created_at, _V.id)
    .limit(sa.bindparam("b_count"))
)
_NAME = sa.select(
    sa.func.coalesce(
        sa.select(end_users.c.session_id)
        .where(end_users.c.id == sa.bindparam("b_user"), end_users.c.tenant_id == sa.bindparam("b_tenant"))
        .scalar_subquery(),
        sa.select(accounts.c.name).where(accounts.c.id == sa.bindparam("b_account")).scalar_subquery(), "",
    )
)


class LogStore:
    """The log of one app in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def app(self, tenant_id: str, app_id: str, account_id: str) -> Row | None:
        """An app's ``id``, ``mode`` and ``name``, and the ``timezone`` of the member who asks."""
        found = {"b_app": app_id, "b_tenant": tenant_id, "b_account": account_id}
        return self._uow.execute(_APP, found).one_or_none()

    # Conversations

    def page(self, tenant_id: str, app_id: str, wanted: LogFilter, limit: int, skip: int) -> tuple[int, Sequence[Row]]:
        """How many conversations match, and at most ``limit`` of them behind the first ``skip``."""
        found = {"b_app": app_id, "b_tenant": tenant_id}
        source = conversations.outerjoin(end_users, end_users.c.id == _C.from_end_user_id)
        matching = sa.select(_C.id, sa.func.count().over().label("total")).select_from(source).where(*_matches(wanted))
        # First which ones, by an index: what is shown of a conversation is looked up for those on the page alone.
        chosen = matching.order_by(*_order(wanted.sort)).limit(limit).offset(skip).cte("chosen")
        total = sa.select(chosen.c.total).limit(1).scalar_subquery().label("total")
        columns = (_CHATS if wanted.is_chat else _COMPLETIONS).add_columns(total)
        statement = columns.where(_OF_APP, _C.id.in_(sa.select(chosen.c.id))).order_by(*_order(wanted.sort))
        rows = self._uow.execute(statement, found).all()
        if rows or not skip:
            return (rows[0].total if rows else 0), rows
        # Behind the last page.
        behind = sa.select(sa.func.count()).select_from(matching.subquery("matching"))
        return self._uow.execute(behind, found).scalar_one(), []

    def one(self, tenant_id: str, app_id: str, conversation_id: str) -> Row | None:
        """A conversation with its configuration ``document`` and its ``first_id``, the first message."""
        return self._uow.execute(_ONE, _place(tenant_id, app_id, conversation_id)).one_or_none()

    def note_read(self, tenant_id: str, app_id: str, conversation_id: str, account_id: str) -> None:
        """Note that a member has looked at a conversation, if nobody had."""
        self._uow.execute(_READ, {**_place(tenant_id, app_id, conversation_id), "b_account": account_id})

    def delete(self, tenant_id: str, app_id: str, conversation_id: str) -> bool:
        """Hide a conversation at once, and order the removal of its rows. False when there is none."""
        if self._uow.execute(_DELETE, _place(tenant_id, app_id, conversation_id)).one_or_none() is None:
            return False
        payload = {"tenant_id": tenant_id, "app_id": app_id, "conversation_id": conversation_id}
        self._uow.execute(sa.insert(jobs).values(kind="purge_conversation", payload=payload))
        return True

    def variables(self, tenant_id: str, app_id: str, conversation_id: str, count: int) -> Sequence[Row]:
        """At most ``count`` variables of a conversation, oldest first."""
        found = {**_place(tenant_id, app_id, conversation_id), "b_count": count}
        return self._uow.execute(_VARIABLES, found).all()

    # Messages

    def message_time(self, tenant_id: str, app_id: str, conversation_id: str, message_id: str) -> Any:
        """When a message of a conversation was made; None when it has no such message."""
        found = {**_place(tenant_id, app_id, conversation_id), "b_first": message_id}
        return self._uow.execute(_AT, found).scalar_one_or_none()

    def messages(
        self, tenant_id: str, app_id: str, conversation_id: str, count: int, first: tuple[Any, str] | None
    ) -> Sequence[Row]:
        """The newest ``count`` messages of a conversation before ``first``, its time and id; newest first."""
        found: dict[str, Any] = {**_place(tenant_id, app_id, conversation_id), "b_count": count}
        if first is None:
            return self._uow.execute(_PAGE, found).all()
        return self._uow.execute(_PAGE_BEFORE, {**found, "b_at": first[0], "b_first": first[1]}).all()

    def message(self, tenant_id: str, app_id: str, message_id: str) -> Row | None:
        """A message of a conversation that is there."""
        statement = _VISIBLE.where(_M.id == message_id)
        return self._uow.execute(statement, {"b_app": app_id, "b_tenant": tenant_id}).one_or_none()

    def name_of(self, tenant_id: str, end_user_id: str | None, account_id: str | None) -> str:
        """What somebody is called whom a message names."""
        found = {"b_tenant": tenant_id, "b_user": end_user_id, "b_account": account_id}
        return str(self._uow.execute(_NAME, found).scalar_one())

    # Feedback

    def lock_message(self, tenant_id: str, app_id: str, message_id: str) -> Row | None:
        """A message whose feedback is about to change: its ``id`` and ``conversation_id``."""
        found = {"b_app": app_id, "b_tenant": tenant_id, "b_message": message_id}
        return self._uow.execute(_LOCK, found).one_or_none()

    def unrate(self, tenant_id: str, app_id: str, message_id: str) -> bool:
        """Remove the members' feedback of a message; False when there was none."""
        found = {"b_app": app_id, "b_tenant": tenant_id, "b_message": message_id}
        return self._uow.execute(_UNRATE, found).rowcount > 0

    def rate(
        self, tenant_id: str, app_id: str, message: Row, account_id: str, rating: str, content: str | None
    ) -> None:
        """Add the members' feedback of a locked message that has none."""
        self._uow.execute(
            sa.insert(message_feedbacks).values(
                id=new_id(), tenant_id=tenant_id, app_id=app_id, conversation_id=message.conversation_id,
                message_id=message.id, rating=rating, content=content, from_source="admin", from_account_id=account_id,
            )
        )


def _place(tenant_id: str, app_id: str, conversation_id: str) -> dict[str, str]:
    return {"b_app": app_id, "b_tenant": tenant_id, "b_id": conversation_id}


def _order(sort: str) -> tuple[Any, Any]:
    column = _C[sort.removeprefix("-")]
    return (column.desc(), _C.id.desc()) if sort.startswith("-") else (column, _C.id)


def _matches(wanted: LogFilter) -> list[sa.ColumnElement[bool]]:
    matches: list[sa.ColumnElement[bool]] = [_OF_APP]
    at = _C[wanted.sort.removeprefix("-")]
    if wanted.since is not None:
        matches.append(at >= wanted.since)
    if wanted.until is not None:
        matches.append(at < wanted.until)
    if wanted.annotated is not None:
        matches.append(_IS_ANNOTATED if wanted.annotated else ~_IS_ANNOTATED)
    if wanted.hides_debugging:
        matches.append(_C.invoke_from != DEBUGGER)
    if wanted.keyword:
        matches.append(sa.or_(*_found_in(wanted)))
    return matches


def _found_in(wanted: LogFilter) -> list[sa.ColumnElement[bool]]:
    says = [column.icontains(wanted.keyword, autoescape=True) for column in (_M.query, _M.answer)]
    said = sa.select(sa.literal(1)).where(_M.conversation_id == _C.id, _M.tenant_id == _C.tenant_id, sa.or_(*says))
    if not wanted.is_chat:
        return [said.exists()]
    named = (_C.name, _C.introduction, end_users.c.session_id)
    return [said.exists(), *(column.icontains(wanted.keyword, autoescape=True) for column in named)]
