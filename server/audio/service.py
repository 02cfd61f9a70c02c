"""Recordings as text, texts as sound, by the workspace's default models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Protocol

from server.audio.model import LONGEST_TEXT, Order, chosen_voice
from server.audio.upload import Arrived
from server.chat.model_config import is_enabled
from server.conversation.messages import MessageService
from server.db.bridge import Database
from server.kit.caller import AppContext, Caller
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.plain import clean_text
from server.llm.port import SpeechModel, TranscriptionModel
from server.workflow.library import WorkflowLibrary

GRAPH_MODES = ("advanced-chat", "workflow")
# Recordings that are in memory at once, and those that wait on disk.
_MOST_HEARD = 4
_MOST_WAITING = 32
# Texts that are read aloud at once.
_MOST_SPOKEN = 64


class Models(Protocol):
    """What speech needs of the model providers."""

    async def default_transcription(self, tenant_id: str) -> TranscriptionModel:
        """The model that listens. Raises provider_not_support_speech_to_text, provider_not_initialize."""
        ...

    async def default_speech(self, tenant_id: str) -> SpeechModel:
        """The model that speaks. Raises provider_not_initialize."""
        ...


class AudioService:
    """Speech of one server process."""

    def __init__(self, db: Database, messages: MessageService, workflows: WorkflowLibrary, models: Models) -> None:
        self._db = db
        self._messages = messages
        self._workflows = workflows
        self._models = models
        self._hearing = asyncio.Semaphore(_MOST_HEARD)
        self._heard = self._spoken = 0

    # Listen

    async def check_listens(self, app: AppContext) -> None:
        """Raises app_unavailable, speech_to_text_disabled."""
        if not is_enabled((await self._features(app)).get("speech_to_text")):
            raise AppError(Reason.SPEECH_TO_TEXT_DISABLED)

    async def transcribe(self, app: AppContext, arrived: Arrived) -> str:
        """What is said in a recording. Raises what the model and its provider raise, too_many_requests."""
        model = await self._models.default_transcription(app.tenant_id)
        if self._heard >= _MOST_HEARD + _MOST_WAITING:
            raise AppError(Reason.TOO_MANY_REQUESTS, retry_after=5)
        self._heard += 1
        try:
            async with self._hearing:
                return clean_text(await model.transcribe(await arrived.recording()))
        finally:
            self._heard -= 1

    # Speak

    async def speak(self, caller: Caller, order: Order) -> AsyncGenerator[bytes, None]:
        """A text or an answer as one file in pieces. Closing the iterator stops the model.

        Raises invalid_param, not_found, app_unavailable, too_many_requests, and what the model raises.
        """
        text = await self._text(caller, order)
        model, voice = await self._voice(caller.the_app, order)
        if self._spoken >= _MOST_SPOKEN:
            raise AppError(Reason.TOO_MANY_REQUESTS, retry_after=5)
        self._spoken += 1
        try:
            async with aclosing(model.speak(text, voice=voice, form=order.form)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._spoken -= 1

    async def _text(self, caller: Caller, order: Order) -> str:
        text = order.text
        if order.message_id:
            text = await self._db(self._messages.answer, caller, order.message_id)
        if not any(map(str.isalnum, text)):
            raise invalid_param("Text is required")
        if len(text) > LONGEST_TEXT:
            raise invalid_param(f"text must have at most {LONGEST_TEXT:,} characters")
        return clean_text(text)

    async def _voice(self, app: AppContext, order: Order) -> tuple[SpeechModel, str]:
        wanted = order.voice
        if wanted is None:
            feature = (await self._features(app)).get("text_to_speech")
            if not is_enabled(feature):
                raise invalid_param("TTS is not enabled")
            assert isinstance(feature, Mapping)
            wanted = str(feature.get("voice") or "")
        model = await self._models.default_speech(app.tenant_id)
        return model, chosen_voice(model.card, wanted, strict=order.voice is not None)

    async def _features(self, app: AppContext) -> Mapping[str, Any]:
        """The features of an app as it is configured or published now. Raises app_unavailable."""
        if app.mode in GRAPH_MODES:
            return (await self._workflows.published(app)).features
        if app.document is None:
            raise AppError(Reason.APP_UNAVAILABLE)
        return app.document
