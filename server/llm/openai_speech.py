"""Speech models behind OpenAI's wire: ``/audio/transcriptions`` and ``/audio/speech``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson

from server.kit.ids import random_text
from server.kit.sentences import grouped
from server.llm.calls import counted
from server.llm.faults import MALFORMED
from server.llm.openai_chat import Endpoint, OpenAIClients
from server.llm.port import ModelCard, ModelFault, Recording
from server.llm.sdk import ready
from server.llm.sound import Form, encoder, samples_of
from server.llm.vectors import decoded, malformed

# Servers tell the type of a file by its name.
_EXTENSIONS = {
    "audio/mp3": "mp3", "audio/mpeg": "mp3", "audio/mpga": "mpga", "audio/m4a": "m4a", "audio/mp4": "m4a",
    "audio/wav": "wav", "audio/amr": "amr", "audio/webm": "webm",
}  # fmt: skip
_LONGEST_HEADER = 64 * 1024


class OpenAITranscription:
    """A speech2text model. Port: ``TranscriptionModel``."""

    def __init__(self, card: ModelCard, endpoint: Endpoint, clients: OpenAIClients) -> None:
        self.card = card
        self._endpoint = endpoint
        self._clients = clients

    async def transcribe(self, recording: Recording) -> str:
        boundary = random_text(32)
        body = await asyncio.to_thread(_form, boundary, self._endpoint.name, recording)
        with counted(self.card):
            content = await self._clients.post(
                self._endpoint, "/audio/transcriptions", body, f"multipart/form-data; boundary={boundary}"
            )
            answer = decoded(content)
            text = answer.get("text") if isinstance(answer, dict) else None
            if not isinstance(text, str):
                raise malformed(f"no text in {content[:200]!r}")
        return text.strip()


def _form(boundary: str, model: str, recording: Recording) -> bytes:
    """A multipart body; nothing in it comes from a user but the bytes of the file."""
    name = f"audio.{_EXTENSIONS.get(recording.mime_type, 'mp3')}"
    fields = {"model": model, "response_format": "json"}
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    lines.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {recording.mime_type}\r\n\r\n"
    )
    return b"".join([*(line.encode() for line in lines), recording.data, f"\r\n--{boundary}--\r\n".encode()])


class OpenAISpeech:
    """A tts model. Port: ``SpeechModel``.

    ``rate``: the server is asked for samples of that rate, which are encoded here; 0: it is asked for the file.
    """

    def __init__(self, card: ModelCard, endpoint: Endpoint, clients: OpenAIClients, *, rate: int = 0) -> None:
        self.card = card
        self._endpoint = endpoint
        self._clients = clients
        self._rate = rate

    async def speak(self, text: str, *, voice: str, form: Form) -> AsyncGenerator[bytes, None]:
        texts = grouped(text, self.card.longest_text) or [text]
        if self._rate and form == "mp3":
            await ready("av")
        make = self._encoded if self._rate else self._joined
        with counted(self.card):
            async with aclosing(make(texts, voice, form)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _call(self, text: str, voice: str, kind: str) -> AsyncGenerator[bytes, None]:
        body = {"model": self._endpoint.name, "input": text, "voice": voice, "response_format": kind}
        async with aclosing(self._clients.pieces(self._endpoint, "/audio/speech", orjson.dumps(body))) as pieces:
            async for piece in pieces:
                yield piece

    async def _encoded(self, texts: list[str], voice: str, form: Form) -> AsyncGenerator[bytes, None]:
        made = await asyncio.to_thread(encoder, form, self._rate)
        for text in texts:
            async with aclosing(self._call(text, voice, "pcm")) as pieces:
                async for piece in pieces:
                    if data := await asyncio.to_thread(made.encode, piece):
                        yield data
        if rest := await asyncio.to_thread(made.finish):
            yield rest

    async def _joined(self, texts: list[str], voice: str, form: Form) -> AsyncGenerator[bytes, None]:
        """The files of all calls as one: MP3 can be joined as it is, of WAV the first header stays."""
        for number, text in enumerate(texts):
            head = b"" if number and form == "wav" else None
            async with aclosing(self._call(text, voice, form)) as pieces:
                async for piece in pieces:
                    if head is None:
                        yield piece
                        continue
                    head += piece
                    if (at := _begin(head)) is not None:
                        yield head[at:]
                        head = None


def _begin(head: bytes) -> int | None:
    try:
        at = samples_of(head)
    except ValueError as error:
        raise ModelFault("broken_stream", MALFORMED, detail=str(error)) from error
    if at is None and len(head) > _LONGEST_HEADER:
        raise ModelFault("broken_stream", MALFORMED, detail="a WAV without samples")
    return at
