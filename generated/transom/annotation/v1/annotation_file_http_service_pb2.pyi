from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExportAnnotationsRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class ImportAnnotationsRequest(_message.Message):
    __slots__ = ("app_id", "content")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    content: _httpbody_pb2.HttpBody
    def __init__(self, app_id: _Optional[str] = ..., content: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ...) -> None: ...

class AnnotationImport(_message.Message):
    __slots__ = ("job_id", "job_status", "record_count")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_STATUS_FIELD_NUMBER: _ClassVar[int]
    RECORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    job_status: str
    record_count: int
    def __init__(self, job_id: _Optional[str] = ..., job_status: _Optional[str] = ..., record_count: _Optional[int] = ...) -> None: ...

class GetAnnotationImportRequest(_message.Message):
    __slots__ = ("app_id", "job_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    job_id: str
    def __init__(self, app_id: _Optional[str] = ..., job_id: _Optional[str] = ...) -> None: ...

class AnnotationImportStatus(_message.Message):
    __slots__ = ("job_id", "job_status", "error_msg")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_MSG_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    job_status: str
    error_msg: str
    def __init__(self, job_id: _Optional[str] = ..., job_status: _Optional[str] = ..., error_msg: _Optional[str] = ...) -> None: ...
