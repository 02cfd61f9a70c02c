"""OpenAI's ``/v1/audio/...`` over the packaged voice and ear."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from server.embedded.replies import RefusedError, json_order, json_reply
from server.embedded.speech import EAR, RATE, VOICE, VOICES, Speech
from server.llm.sound import MIME_TYPES, encoder

_LONGEST_TEXT = 10_000
_LARGEST_FILE = 30 * 1024 * 1024
_LONGEST_FIELD = 1024
_FORMS = ("mp3", "wav", "pcm")


class SpeechRoutes:
    """The handlers."""

    def __init__(self) -> None:
        self._speech = Speech()

    def routes(self) -> dict[str, Handler]:
        """Handlers by path, for POST."""
        return {"/v1/audio/speech": self.speak, "/v1/audio/transcriptions": self.transcribe}

    async def close(self) -> None:
        """End what was started."""
        await self._speech.close()

    async def speak(self, request: web.Request) -> web.StreamResponse:
        """Read a text aloud; pieces leave as they are made. ``pcm`` is 16-bit samples, 24,000 a second."""
        text, form = _order(await request.read())
        made = None if form == "pcm" else await asyncio.to_thread(encoder, form, RATE)  # type: ignore[arg-type]
        response = web.StreamResponse(headers={"Content-Type": MIME_TYPES.get(form, "audio/pcm")})  # type: ignore[call-overload]
        async with aclosing(self._speech.speak(text)) as pieces:
            async for piece in pieces:
                data = piece if made is None else await asyncio.to_thread(made.encode, piece)
                # The first piece decides whether there is anything but an error to tell.
                if not response.prepared:
                    await response.prepare(request)
                await response.write(data)
        if not response.prepared:
            await response.prepare(request)
        await response.write_eof(b"" if made is None else await asyncio.to_thread(made.finish))
        return response

    async def transcribe(self, request: web.Request) -> web.Response:
        """Write down what is said in a file of any usual format, at most 30 MiB and ten minutes."""
        file, fields = await _form(request)
        _check_model(fields.get("model"), EAR)
        if not file:
            raise RefusedError(400, "file is required.")
        text = await self._speech.hear(file)
        if fields.get("response_format") == "text":
            return web.Response(text=text + "\n")
        return json_reply({"text": text})


def _order(body: bytes) -> tuple[str, str]:
    """The text and the format that are asked for."""
    order = json_order(body)
    _check_model(order.get("model"), VOICE)
    text, form = order.get("input"), order.get("response_format") or "mp3"
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TEXT:
        raise RefusedError(400, f"input must be a text of at most {_LONGEST_TEXT:,} characters.")
    if order.get("voice") not in (None, "", *VOICES):
        raise RefusedError(400, f"voice must be one of {', '.join(VOICES)}.")
    if form not in _FORMS:
        raise RefusedError(400, f"response_format must be one of {', '.join(_FORMS)}.")
    return text, form


def _check_model(name: object, wanted: str) -> None:
    if name != wanted:
        raise RefusedError(404, f"The model `{name}` does not exist.", "model_not_found")


async def _form(request: web.Request) -> tuple[bytes, dict[str, str]]:
    """The file of a multipart body, and its fields."""
    if request.content_type != "multipart/form-data":
        raise RefusedError(400, "The body is not multipart/form-data.")
    file, fields = bytearray(), {}
    try:
        async for part in await request.multipart():
            # A nested multipart has no name.
            name: Any = getattr(part, "name", None)
            most = _LARGEST_FILE if name == "file" else _LONGEST_FIELD
            value = bytearray()
            while chunk := await part.read_chunk(65536):  # type: ignore[union-attr]
                value += chunk
                if len(value) > most:
                    raise RefusedError(413, f"{name} is larger than {most} bytes.")
            if name == "file":
                file = value
            else:
                fields[name] = value.decode("utf-8", "replace")
    except (ValueError, AttributeError, RuntimeError) as error:
        raise RefusedError(400, f"The body is not valid multipart/form-data: {error}") from None
    return bytes(file), fields
