"""Messages and what is said of them (service-api.md section 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.chat import suggested
from server.chat.memory import Turn
from server.chat.thought_store import ThoughtStore
from server.conversation.message_store import MessageStore
from server.conversation.service import NO_CONVERSATION
from server.conversation.store import Row
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import invalid_param, not_found
from server.kit.plain import clean_text
from server.kit.validate import id_or_none

_NO_MESSAGE = "Message Not Exists."
# Regenerated siblings are skipped in a thread, so more rows than turns are read.
_THREAD_ROWS = suggested.MAX_TURNS * 10


@dataclass(frozen=True, slots=True)
class Question:
    """A message whose next questions are asked for; ``turns`` are the newest first, it among them."""

    mode: str
    document: Mapping[str, Any] | None
    provider: str
    model: str
    turns: tuple[Turn, ...]


class MessageService:
    """Messages of the caller's end user. A message of anyone else is ``not_found``."""

    def __init__(self, db: Database, uow: UowFactory) -> None:
        self._db = db
        self._uow = uow

    async def page(self, caller: Caller, conversation_id: str, first_id: str, limit: int) -> tuple[list[Row], bool]:
        """The newest ``limit`` messages older than ``first_id``, oldest first, and whether older ones exist."""
        rows = await self._db.send(
            MessageStore.paging(caller.the_app.app_id, caller.the_user.id, conversation_id, first_id, limit + 1)
        )
        if not rows:
            raise not_found(NO_CONVERSATION)
        if first_id and not rows[0].found:
            raise not_found("First Message Not Exists.")
        if rows[0].id is None:
            return [], False
        page = list(rows[:limit])
        page.reverse()
        return page, len(rows) > limit

    def answer(self, caller: Caller, message_id: str) -> str:
        """A message's answer so far."""
        known = id_or_none(message_id)
        with self._uow.single() as uow:
            found = MessageStore(uow).answer(caller.the_app.app_id, caller.the_user.id, known) if known else None
        if found is None:
            raise not_found(_NO_MESSAGE)
        return found

    def thoughts(self, caller: Caller, rows: Sequence[Row]) -> Sequence[Row]:
        """What the app's agent thought of these messages; nothing of apps without one."""
        if caller.the_app.mode != "agent-chat" or not rows:
            return ()
        with self._uow() as uow:
            return ThoughtStore(uow).of(caller.the_app.app_id, [row.id for row in rows])

    def submit_feedback(self, caller: Caller, message_id: str, rating: str | None, content: str | None) -> None:
        """Set, change or (``rating`` None) remove the end user's feedback."""
        app_id, user_id, known = _mine(caller, message_id)
        with self._uow() as uow:
            store = MessageStore(uow)
            if rating is not None:
                text = None if content is None else clean_text(content)
                if not store.set_feedback(app_id, user_id, known, rating, text):
                    raise not_found(_NO_MESSAGE)
            elif not store.exists(app_id, user_id, known):
                raise not_found(_NO_MESSAGE)
            elif not store.clear_feedback(app_id, user_id, known):
                raise invalid_param("rating cannot be None when feedback not exists")
            uow.commit()

    def feedbacks(self, caller: Caller, page: int, limit: int) -> Sequence[Row]:
        """Feedback of all users of the app, newest first."""
        with self._uow() as uow:
            return MessageStore(uow).feedbacks(caller.the_app.app_id, page, limit)

    def question(self, caller: Caller, message_id: str) -> Question:
        """What next questions are made of."""
        mine = _mine(caller, message_id)
        with self._uow() as uow:
            store = MessageStore(uow)
            row = store.question(*mine)
            if row is None:
                raise not_found(_NO_MESSAGE)
            thread = store.thread(mine[0], row, _THREAD_ROWS)
        turns = tuple(Turn(turn.id, turn.parent_message_id, turn.query, turn.answer) for turn in thread)
        return Question(row.mode, row.document, row.provider or "", row.model or "", turns)


def _mine(caller: Caller, message_id: str) -> tuple[str, str, str]:
    """App, who asked, and message. Text that is no UUID cannot be a message's id."""
    known = id_or_none(message_id)
    if known is None:
        raise not_found(_NO_MESSAGE)
    return caller.the_app.app_id, caller.asker, known
