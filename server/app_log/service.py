"""What authors do with the log of an app: look, delete, rate (console-api.md section 9).

Every method takes the caller, whose workspace bounds what it sees; an app of another workspace, or of a mode that a
method is not about, is app_not_found like one that never was.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from server.app_log.model import (
    ANNOTATED,
    CHAT_MODES,
    COMPLETION_MODES,
    MESSAGE_MODES,
    Asked,
    LogFilter,
)
from server.app_log.store import LogStore, Row
from server.chat.thought_store import ThoughtStore
from server.conversation.model import SORTS
from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.moments import span, zone_of
from server.kit.plain import clean_text
from server.kit.validate import Checks, id_or_none

_NO_CONVERSATION = "Conversation Not Exists."
_NO_MESSAGE = "Message Not Exists."
_MOST_PAGES = 99_999
_MOST_VARIABLES = 100
_RATINGS = ("like", "dislike")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of conversations, and how many there are on all pages."""

    rows: Sequence[Row]
    total: int


@dataclass(frozen=True, slots=True)
class Detail:
    """A message, and what an agent thought on the way to it."""

    row: Row
    thoughts: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """An agent's answer, its thoughts, its configuration and what the one is called who asked."""

    row: Row
    thoughts: Sequence[Row]
    document: Any
    executor: str


class LogService:
    """Use cases of logs."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    # Conversations

    def chats(self, caller: Caller, app_id: str, asked: Asked) -> Page:
        """A page of the conversations of a chat app, agent or chatflow. Raises invalid_param, bad_request."""
        return self._page(caller, app_id, asked, CHAT_MODES)

    def completions(self, caller: Caller, app_id: str, asked: Asked) -> Page:
        """A page of the answers of a completion app. Raises as `chats`."""
        return self._page(caller, app_id, asked, COMPLETION_MODES)

    def _page(self, caller: Caller, app_id: str, asked: Asked, modes: Collection[str]) -> Page:
        with self._uow() as uow:
            app = entered(uow, caller, app_id, modes)
            since, until = span(asked.start, asked.end, zone_of(app.timezone))
            wanted = LogFilter(
                keyword=asked.keyword, since=since, until=_after_that_minute(until), annotated=asked.annotated,
                sort=asked.sort, is_chat=modes is CHAT_MODES, hides_debugging=app.mode == "advanced-chat",
            )
            skip = (asked.page - 1) * asked.limit
            total, rows = LogStore(uow).page(caller.tenant_id, app.id, wanted, asked.limit, skip)
        return Page(rows, total)

    def chat(self, caller: Caller, app_id: str, conversation_id: str) -> Row:
        """A conversation, which counts as read from now on. Raises not_found."""
        with self._uow() as uow:
            app = entered(uow, caller, app_id, CHAT_MODES)
            row = _read(uow, caller, app.id, conversation_id)
            uow.commit()
        return row

    def completion(self, caller: Caller, app_id: str, conversation_id: str) -> tuple[Row, Detail | None]:
        """An answer of a completion app and its message, which counts as read from now on. Raises not_found."""
        with self._uow() as uow:
            app = entered(uow, caller, app_id, COMPLETION_MODES)
            row = _read(uow, caller, app.id, conversation_id)
            message = LogStore(uow).message(caller.tenant_id, app.id, row.first_id) if row.first_id else None
            uow.commit()
        return row, Detail(message) if message is not None else None

    def delete_chat(self, caller: Caller, app_id: str, conversation_id: str) -> None:
        """Make a conversation unreachable now; its rows follow in the background. Raises not_found."""
        self._delete(caller, app_id, conversation_id, CHAT_MODES)

    def delete_completion(self, caller: Caller, app_id: str, conversation_id: str) -> None:
        """The same of a completion app."""
        self._delete(caller, app_id, conversation_id, COMPLETION_MODES)

    def _delete(self, caller: Caller, app_id: str, conversation_id: str, modes: Collection[str]) -> None:
        known = id_or_none(conversation_id)
        with self._uow() as uow:
            app = entered(uow, caller, app_id, modes)
            if known is None or not LogStore(uow).delete(caller.tenant_id, app.id, known):
                raise not_found(_NO_CONVERSATION)
            uow.commit()

    def variables(self, caller: Caller, app_id: str, conversation_id: str) -> Sequence[Row]:
        """Variables of a conversation with a chatflow; one that is not there has none."""
        checks = Checks("ConversationVariablesQuery")
        known = checks.uuid("conversation_id", conversation_id, required=True)
        checks.done()
        with self._uow() as uow:
            app = entered(uow, caller, app_id, ("advanced-chat",))
            return LogStore(uow).variables(caller.tenant_id, app.id, known, _MOST_VARIABLES)

    # Messages

    def messages(
        self, caller: Caller, app_id: str, conversation_id: str, first_id: str, limit: int
    ) -> tuple[list[Detail], bool]:
        """The newest messages before ``first_id``, oldest first, and whether there are older ones. Raises not_found.

        Ids are canonical.
        """
        with self._uow() as uow:
            app, store, first = entered(uow, caller, app_id, CHAT_MODES), LogStore(uow), None
            if store.one(caller.tenant_id, app.id, conversation_id) is None:
                raise not_found(_NO_CONVERSATION)
            if first_id:
                at = store.message_time(caller.tenant_id, app.id, conversation_id, first_id)
                if at is None:
                    raise not_found("First message not found")
                first = (at, first_id)
            found = store.messages(caller.tenant_id, app.id, conversation_id, limit + 1, first)
            page = list(reversed(found[:limit]))
            details = _with_thoughts(uow, app, page)
        return details, len(found) > limit

    def message(self, caller: Caller, app_id: str, message_id: str) -> Detail:
        """A message. Raises not_found."""
        known = id_or_none(message_id)
        with self._uow() as uow:
            app = entered(uow, caller, app_id, MESSAGE_MODES)
            row = LogStore(uow).message(caller.tenant_id, app.id, known) if known else None
            if row is None:
                raise not_found(_NO_MESSAGE)
            (detail,) = _with_thoughts(uow, app, [row])
        return detail

    def agent_answer(self, caller: Caller, app_id: str, conversation_id: str, message_id: str) -> AgentAnswer:
        """What an agent did for an answer. Raises invalid_param for what is not there."""
        checks = Checks("AgentLogQuery")
        conversation = checks.uuid("conversation_id", conversation_id, required=True)
        message = checks.uuid("message_id", message_id, required=True)
        checks.done()
        with self._uow() as uow:
            app, store = entered(uow, caller, app_id, ("agent-chat",)), LogStore(uow)
            talk = store.one(caller.tenant_id, app.id, conversation)
            if talk is None:
                raise invalid_param(f"Conversation not found: {conversation_id}")
            row = store.message(caller.tenant_id, app.id, message)
            if row is None or row.conversation_id != conversation:
                raise invalid_param(f"Message not found: {message_id}")
            (detail,) = _with_thoughts(uow, app, [row])
            name = store.name_of(caller.tenant_id, row.from_end_user_id, row.from_account_id)
        return AgentAnswer(row, detail.thoughts, talk.document or {}, name)

    def rate(self, caller: Caller, app_id: str, message_id: str, rating: str | None, content: str | None) -> None:
        """Set, change or (``rating`` None) remove the feedback that members have on a message: one for all of them.

        Raises not_found; invalid_param when there is none to remove.
        """
        checks = Checks("MessageFeedbackPayload")
        if rating is not None:
            checks.choice("rating", rating, _RATINGS)
        checks.present("message_id", bool(message_id))
        checks.done()
        known = id_or_none(message_id)
        with self._uow() as uow:
            app, store = entered(uow, caller, app_id, MESSAGE_MODES), LogStore(uow)
            message = store.lock_message(caller.tenant_id, app.id, known) if known else None
            if message is None:
                raise not_found(_NO_MESSAGE)
            was_rated = store.unrate(caller.tenant_id, app.id, message.id)
            if rating is not None:
                text = None if content is None else clean_text(content)
                store.rate(caller.tenant_id, app.id, message, caller.the_account, rating, text)
            elif not was_rated:
                raise invalid_param("rating cannot be None when feedback not exists")
            uow.commit()


def asked_of(
    *, keyword: str, start: str, end: str, annotation_status: str, page: int | None, limit: int | None,
    sort_by: str = "-created_at",
) -> Asked:
    """Check the query of a list as far as it can be without its account. Raises invalid_param."""
    checks = Checks("ConversationListQuery")
    checks.choice("annotation_status", annotation_status, tuple(name for name in ANNOTATED if name), "all")
    sort = checks.choice("sort_by", sort_by, SORTS, "-updated_at")
    numbers = checks.number("page", page, 1, 1, _MOST_PAGES), checks.number("limit", limit, 20, 1, 100)
    checks.done()
    return Asked(keyword.replace("\x00", ""), start, end, ANNOTATED[annotation_status], *numbers, sort)


def entered(uow: UnitOfWork, caller: Caller, app_id: str, modes: Collection[str]) -> Row:
    """The app of one of these modes. Raises app_not_found."""
    known = id_or_none(app_id)
    app = LogStore(uow).app(caller.tenant_id, known, caller.the_account) if known else None
    if app is None or app.mode not in modes:
        raise AppError(Reason.APP_NOT_FOUND)
    return app


def _after_that_minute(until: Any) -> Any:
    """The end of a list is a minute that it includes."""
    try:
        return until and until + timedelta(minutes=1)
    except OverflowError:
        return None


def _read(uow: UnitOfWork, caller: Caller, app_id: str, conversation_id: str) -> Row:
    store, known = LogStore(uow), id_or_none(conversation_id)
    row = store.one(caller.tenant_id, app_id, known) if known else None
    if row is None:
        raise not_found(_NO_CONVERSATION)
    if row.read_at is None:
        store.note_read(caller.tenant_id, app_id, row.id, caller.the_account)
    return row


def _with_thoughts(uow: UnitOfWork, app: Row, rows: Sequence[Row]) -> list[Detail]:
    """Only agents have thoughts; those of a page are one statement."""
    if app.mode != "agent-chat" or not rows:
        return [Detail(row) for row in rows]
    thoughts: dict[str, list[Row]] = {row.id: [] for row in rows}
    for thought in ThoughtStore(uow).of(app.id, list(thoughts)):
        thoughts[thought.message_id].append(thought)
    return [Detail(row, thoughts[row.id]) for row in rows]
