from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ExportFeedbacksRequest(_message.Message):
    __slots__ = ("app_id", "format", "from_source", "rating", "has_comment", "start_date", "end_date")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    FROM_SOURCE_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    HAS_COMMENT_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    format: str
    from_source: str
    rating: str
    has_comment: bool
    start_date: str
    end_date: str
    def __init__(self, app_id: _Optional[str] = ..., format: _Optional[str] = ..., from_source: _Optional[str] = ..., rating: _Optional[str] = ..., has_comment: _Optional[bool] = ..., start_date: _Optional[str] = ..., end_date: _Optional[str] = ...) -> None: ...
