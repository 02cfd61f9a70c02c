"""Gemini models that write speech down, and those that speak, by google-genai."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from server.kit.sentences import grouped
from server.llm.calls import Deadlines, counted
from server.llm.faults import BLOCKED, MALFORMED
from server.llm.google_chat import GoogleClients, GoogleEndpoint, translated
from server.llm.google_wire import usage_of
from server.llm.port import ModelCard, ModelFault, Recording, Usage
from server.llm.sdk import ready
from server.llm.sound import Encoder, Form, encoder

if TYPE_CHECKING:
    from google.genai import types

_WRITE_DOWN = (
    "Write down, word for word, what is said in this recording, in the language that is spoken. "
    "Answer with those words alone, and with nothing when nobody speaks."
)
_READ_ALOUD = "Read this text aloud, exactly as it is written:\n\n"
_RATE = re.compile(r"rate=(\d{4,6})")
_USUAL_RATE = 24_000


class _Caller:
    """What both share: one call of a model."""

    def __init__(self, card: ModelCard, endpoint: GoogleEndpoint, clients: GoogleClients) -> None:
        self.card = card
        self._endpoint = endpoint
        self._clients = clients

    async def _ask(self, contents: Any, config: dict[str, Any]) -> types.GenerateContentResponse:
        end = self._endpoint
        client = await self._clients.get(end.api_key, end.base_url, end.api_version)
        with translated():
            return await Deadlines(self._clients.timings).read(
                client.aio.models.generate_content(model=self.card.model, contents=contents, config=config)  # type: ignore[arg-type]
            )


class GoogleTranscription(_Caller):
    """A Gemini model that listens. Port: ``TranscriptionModel``."""

    async def transcribe(self, recording: Recording) -> str:
        await ready("google.genai")
        from google.genai import types

        parts = [
            types.Part(inline_data=types.Blob(data=recording.data, mime_type=recording.mime_type)),
            types.Part(text=_WRITE_DOWN),
        ]
        with counted(self.card) as cost:
            answer = await self._ask([types.Content(role="user", parts=parts)], {"temperature": 0.0})
            cost.append(_usage(answer))
            return "".join(part.text or "" for part in _parts(answer) if not part.thought).strip()


class GoogleSpeech(_Caller):
    """A Gemini model that speaks; it gives samples, which are encoded here. Port: ``SpeechModel``."""

    async def speak(self, text: str, *, voice: str, form: Form) -> AsyncGenerator[bytes, None]:
        if form == "mp3":
            await ready("av")
        made: Encoder | None = None
        config = {
            "response_modalities": ["AUDIO"],
            "speech_config": {"voice_config": {"prebuilt_voice_config": {"voice_name": voice}}},
        }
        for piece in grouped(text, self.card.longest_text) or [text]:
            with counted(self.card) as cost:
                answer = await self._ask(_READ_ALOUD + piece, config)
                cost.append(_usage(answer))
                pcm, rate = _samples(answer)
            if made is None:
                made = await asyncio.to_thread(encoder, form, rate)
            if data := await asyncio.to_thread(made.encode, pcm):
                yield data
        if made is not None and (rest := await asyncio.to_thread(made.finish)):
            yield rest


def _usage(answer: types.GenerateContentResponse) -> Usage:
    return usage_of(answer.usage_metadata) if answer.usage_metadata else Usage()


def _parts(answer: types.GenerateContentResponse) -> list[types.Part]:
    """The parts of an answer. Raises ModelFault when the safety filter left none."""
    candidates = answer.candidates or []
    feedback = answer.prompt_feedback
    if not candidates and feedback is not None and feedback.block_reason is not None:
        raise ModelFault("request", BLOCKED.format(reason=feedback.block_reason.name))
    content = candidates[0].content if candidates else None
    return list(content.parts or []) if content else []


def _samples(answer: types.GenerateContentResponse) -> tuple[bytes, int]:
    """Samples and their rate."""
    blobs = [part.inline_data for part in _parts(answer) if part.inline_data and part.inline_data.data]
    if not blobs:
        raise ModelFault("broken_stream", MALFORMED, detail="an answer without audio")
    rate = _RATE.search(blobs[0].mime_type or "")
    return b"".join(blob.data or b"" for blob in blobs), int(rate[1]) if rate else _USUAL_RATE
