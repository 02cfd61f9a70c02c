from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from transom.audio.v1 import audio_http_service_pb2 as _audio_http_service_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ConvertWebTextToAudioRequest(_message.Message):
    __slots__ = ("message_id", "text", "voice", "streaming", "response_format")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    VOICE_FIELD_NUMBER: _ClassVar[int]
    STREAMING_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FORMAT_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    text: str
    voice: str
    streaming: bool
    response_format: str
    def __init__(self, message_id: _Optional[str] = ..., text: _Optional[str] = ..., voice: _Optional[str] = ..., streaming: _Optional[bool] = ..., response_format: _Optional[str] = ...) -> None: ...
