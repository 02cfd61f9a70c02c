"""What a model is asked about conversations: a title, the next questions.

No transaction is open while a model is asked. A model that fails, or takes too long, never
fails the call that asked (feature-semantics.md 3.2 and 10).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Protocol

from server.chat import memory, naming, suggested
from server.chat.model_config import ModelConfig, parse
from server.conversation.messages import Question
from server.conversation.service import ConversationService
from server.conversation.store import Row
from server.db.bridge import Database
from server.kit.caller import Caller
from server.kit.errors import AppError, bad_request
from server.llm import fitting
from server.llm.port import ChatModel, ChatRequest, PromptMessage

log = logging.getLogger("transom.conversation")

PATIENCE_SECONDS = 30.0
_QUESTIONS = 3


class Models(Protocol):
    """What is needed of the model providers."""

    async def default_llm(self, tenant_id: str) -> ChatModel:
        """The workspace's default model. Raises provider_not_initialize."""
        ...

    async def chat_model(self, tenant_id: str, provider: str, model: str) -> ChatModel:
        """A model with the workspace's credential. Raises provider_not_initialize and the like."""
        ...


class Asking:
    """Small model calls beside the answers."""

    def __init__(self, db: Database, conversations: ConversationService, models: Models) -> None:
        self._db = db
        self._conversations = conversations
        self._models = models

    async def title(self, tenant_id: str, query: str) -> str | None:
        """A title for a conversation that begins with ``query``; None when the model failed."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                model = await self._models.default_llm(tenant_id)
                return naming.title(await _reply(model, naming.request(query)), query)
        except (AppError, TimeoutError) as error:
            log.warning("a conversation of %s gets no title: %r", tenant_id, error)
            return None

    async def rename(self, who: Caller, conversation_id: str) -> Row:
        """Give a conversation a name that a model makes; it keeps its own when the model failed."""
        row = await self._db(self._conversations.first_query, who, conversation_id)
        title = await self.title(who.tenant_id, row.query)
        if title is not None:
            row = await self._db(self._conversations.set_title, who, conversation_id, title)
        return row

    async def auto_name(self, tenant_id: str, conversation_id: str, query: str) -> None:
        """Name a new conversation, in the background of its first answer."""
        title = await self.title(tenant_id, query) or naming.fallback(query)
        initial = naming.initial_name(query)
        await self._db(self._conversations.set_first_title, tenant_id, conversation_id, initial, title)

    async def next_questions(self, tenant_id: str, question: Question) -> list[str]:
        """At most three questions; none when the model failed. Feature off: ``bad_request``."""
        if question.document is None:
            # A chatflow without a published version suggests nothing.
            return []
        config = parse(question.document)
        if not config.suggested_questions_after_answer.enabled:
            raise bad_request("Suggested Questions Is Disabled.")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._questions(tenant_id, question, config)
        except (AppError, TimeoutError) as error:
            log.warning("no questions suggested in %s: %r", tenant_id, error)
            return []

    async def _questions(self, tenant_id: str, question: Question, config: ModelConfig) -> list[str]:
        feature = config.suggested_questions_after_answer
        if feature.model and feature.model.name:
            model = await self._models.chat_model(tenant_id, feature.model.provider, feature.model.name)
        else:
            model = await self._models.default_llm(tenant_id)
        turns = memory.thread(question.turns)[-suggested.MAX_TURNS :]
        history = await self._fitting(tenant_id, question, memory.as_messages(turns), model)
        reply = await _reply(model, suggested.request(history, feature.prompt))
        return suggested.questions(reply)[:_QUESTIONS]

    async def _fitting(
        self, tenant_id: str, question: Question, history: list[PromptMessage], model: ChatModel
    ) -> list[PromptMessage]:
        """What of the history fits, counted with the conversation's model while it is there."""
        bound = fitting.most_tokens(history)
        if bound is not None and bound <= suggested.MAX_TOKENS:
            return history
        with contextlib.suppress(AppError):
            model = await self._models.chat_model(tenant_id, question.provider, question.model)
        return await fitting.fit(history, suggested.MAX_TOKENS, model.count_tokens)


async def _reply(model: ChatModel, request: ChatRequest) -> str:
    """The whole reply of a model."""
    pieces = []
    async with contextlib.aclosing(model.stream(request)) as chunks:  # type: ignore[type-var]
        async for chunk in chunks:
            pieces.append(chunk.text)
    return "".join(pieces)
