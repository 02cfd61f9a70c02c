"""The RPCs of speech, of users of the API and of visitors of pages: parse, call, hand on bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from google.api.httpbody_pb2 import HttpBody

from server.audio.model import Order
from server.audio.service import AudioService
from server.audio.upload import receive
from server.edge.call import caller, current_call
from server.edge.pieces import checked, data_of
from server.file.threads import FileThreads
from server.kit.errors import AppError, Reason, invalid_param
from server.llm.sound import MIME_TYPES, with_length
from transom.audio.v1 import audio_http_service_pb2 as pb
from transom.audio.v1 import audio_http_service_pb2_grpc as pb_grpc
from transom.web.v1 import web_audio_http_service_pb2 as web_pb
from transom.web.v1 import web_audio_http_service_pb2_grpc as web_grpc

Context = Any
Bodies = AsyncIterator[HttpBody]
_PIECE_BYTES = 256 * 1024


class AudioServicer(pb_grpc.AudioServiceServicer, web_grpc.WebAudioServiceServicer):
    """Speech to text, text to speech."""

    def __init__(self, audio: AudioService, threads: FileThreads) -> None:
        self._audio = audio
        self._threads = threads

    async def ConvertAudioToText(self, request_iterator: Bodies, context: Context) -> pb.ConvertAudioToTextResponse:
        """Write down what is said."""
        app = caller().the_app
        await self._audio.check_listens(app)
        first = checked(await anext(aiter(request_iterator), HttpBody()))
        arrived = await receive(self._threads, first.content_type, data_of(first, request_iterator))
        try:
            return pb.ConvertAudioToTextResponse(text=await self._audio.transcribe(app, arrived))
        finally:
            arrived.close()

    def ConvertWebAudioToText(self, request_iterator: Bodies, context: Context) -> Any:
        """The same for visitors."""
        return self.ConvertAudioToText(request_iterator, context)

    async def ConvertTextToAudio(self, request: pb.ConvertTextToAudioRequest, context: Context) -> Bodies:
        """Read aloud."""
        order = _order(request)
        kind = MIME_TYPES[order.form]
        async with aclosing(self._audio.speak(caller(), order)) as pieces:
            if request.HasField("streaming") and not request.streaming:
                whole = b"".join([piece async for piece in pieces])
                for body in _whole(with_length(whole) if order.form == "wav" else whole, kind):
                    yield body
                return
            is_first = True
            async for piece in pieces:
                yield HttpBody(content_type=kind if is_first else "", data=piece)
                is_first = False
            if is_first:
                raise _silent()

    def ConvertWebTextToAudio(self, request: web_pb.ConvertWebTextToAudioRequest, context: Context) -> Bodies:
        """The same for visitors."""
        return self.ConvertTextToAudio(cast("pb.ConvertTextToAudioRequest", request), context)


def _order(request: pb.ConvertTextToAudioRequest) -> Order:
    form = request.response_format or "mp3"
    if form not in MIME_TYPES:
        raise invalid_param(f"response_format must be one of {', '.join(MIME_TYPES)}")
    voice = request.voice if request.HasField("voice") else None
    return Order(request.message_id, request.text, voice, form)


def _whole(data: bytes, kind: str) -> list[HttpBody]:
    if not data:
        raise _silent()
    current_call().headers.append(("x-content-length", str(len(data))))
    pieces = range(0, len(data), _PIECE_BYTES)
    return [HttpBody(content_type="" if at else kind, data=data[at : at + _PIECE_BYTES]) for at in pieces]


def _silent() -> AppError:
    return AppError(Reason.COMPLETION_REQUEST_ERROR, "The model gave no audio.")
