"""Builds speech and joins it with the rest of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.audio.autoplay import Autoplay
from server.audio.service import AudioService
from server.audio.servicer import AudioServicer
from server.conversation.messages import MessageService
from transom.audio.v1 import audio_http_service_pb2 as audio_pb2
from transom.audio.v1 import audio_http_service_pb2_grpc as audio_grpc
from transom.web.v1 import web_audio_http_service_pb2 as web_pb2
from transom.web.v1 import web_audio_http_service_pb2_grpc as web_grpc

if TYPE_CHECKING:
    from server.bootstrap import Core, Files, Models, Registry


def add_audio(registry: Registry, core: Core, models: Models, files: Files) -> None:
    """Speech in the Service API and the Web API, and in streams of answers."""
    service = AudioService(core.db, MessageService(core.db, core.uow), core.workflows, models.runtime)
    servicer = AudioServicer(service, files.threads)
    registry.add(servicer, audio_pb2, audio_grpc, "AudioService")
    registry.add(servicer, web_pb2, web_grpc, "WebAudioService")
    core.runs.speaking = Autoplay(models.runtime, core.bus).follow
