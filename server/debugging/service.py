"""Use cases of authors who try an easy app out (console-api.md section 9)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from server.access.service import AccessService
from server.app.service import AppService
from server.chat import model_config
from server.chat.service import ChatService
from server.chat.turn import Question
from server.conversation.asking import Asking
from server.conversation.messages import MessageService
from server.db.bridge import Database
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param
from server.runs.run import Run

CHAT_MODES = ("chat", "agent-chat")
COMPLETION_MODES = ("completion",)
_SUGGESTING_MODES = (*CHAT_MODES, "advanced-chat")
_VIA = "debugger"

Stop = Callable[[Caller, str, str], Awaitable[None]]


class DebugService:
    """Runs of an author. Every method takes the caller, whose workspace bounds what it sees."""

    def __init__(
        self, db: Database, access: AccessService, apps: AppService, chat: ChatService, messages: MessageService,
        asking: Asking, stop: Stop,
    ) -> None:
        """``stop`` stops a run of an app of the workspace."""
        self._db = db
        self._access = access
        self._apps = apps
        self._chat = chat
        self._messages = messages
        self._asking = asking
        self._stop = stop

    async def start(
        self, caller: Caller, app_id: str, modes: Collection[str], question: Question, document: Mapping[str, Any],
        *, streams: bool = True,
    ) -> Run:
        """Begin to answer with a posted configuration; an agent's answer is not asked for as a whole.

        Raises app_not_found, and as ``ChatService.start``.
        """
        who = await self._author(caller, app_id, modes)
        posted = await self._db(self._apps.checked_config, caller.tenant_id, who.the_app.mode, document)
        mode = model_config.effective_mode(who.the_app.mode, model_config.parse(posted))
        if mode == "agent-chat" and not streams:
            raise invalid_param("Agent Chat App does not support blocking mode")
        return await self._chat.start(replace(who, app=replace(who.the_app, mode=mode)), question, posted)

    async def stop(self, caller: Caller, app_id: str, task_id: str) -> None:
        """Stop a run of the app; anything else is left alone. Raises app_not_found."""
        await self._stop(caller, app_id, task_id)

    async def next_questions(self, caller: Caller, app_id: str, message_id: str) -> list[str]:
        """What to ask next. Raises app_not_found, not_found, app_suggested_questions_after_answer_disabled."""
        who = await self._author(caller, app_id, _SUGGESTING_MODES)
        question = await self._db(self._messages.question, who, message_id)
        try:
            return await self._asking.next_questions(who.tenant_id, question)
        except AppError as error:
            if error.reason == Reason.BAD_REQUEST:
                raise AppError(Reason.APP_SUGGESTED_QUESTIONS_AFTER_ANSWER_DISABLED) from None
            raise

    async def _author(self, caller: Caller, app_id: str, modes: Collection[str]) -> Caller:
        """The caller as somebody who asks the app."""
        app = await self._access.app_of_member(caller.tenant_id, app_id)
        if app.mode not in modes:
            raise AppError(Reason.APP_NOT_FOUND)
        return replace(caller, app=app, via=_VIA)
