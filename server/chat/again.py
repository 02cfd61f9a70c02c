"""Another answer to a question of a completion app (feature-semantics.md 3.8)."""

from __future__ import annotations

from server.chat.model_config import parse
from server.chat.service import ChatService
from server.chat.store import ChatStore
from server.chat.turn import Question
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, not_found
from server.kit.validate import id_or_none
from server.runs.run import Run

# Warmer than most configurations: the same answer again would help nobody.
_TEMPERATURE = 0.9


class MoreLikeThis:
    """Answers earlier questions once more."""

    def __init__(self, db: Database, uow: UowFactory, chat: ChatService) -> None:
        self._db = db
        self._uow = uow
        self._chat = chat

    async def start(self, caller: Caller, message_id: str) -> Run:
        """Begin to answer the question of the caller's message as another message of its hidden conversation.

        Raises not_found, app_more_like_this_disabled, and as ``ChatService.start``.
        """
        question = await self._db(self._question, caller, message_id)
        if not parse(caller.the_app.document or {}).more_like_this:
            raise AppError(Reason.APP_MORE_LIKE_THIS_DISABLED)
        return await self._chat.start(caller, question)

    def _question(self, caller: Caller, message_id: str) -> Question:
        known = id_or_none(message_id)
        with self._uow() as uow:
            store = ChatStore(uow)
            row = store.question(caller.the_app.app_id, caller.the_user.id, known) if known else None
            if row is None:
                raise not_found("Message Not Exists.")
            files = store.files(caller.the_app.app_id, row.id)
        return Question(
            inputs=row.inputs, query=row.query, conversation_id=row.conversation_id, files=files,
            temperature=_TEMPERATURE,
        )
