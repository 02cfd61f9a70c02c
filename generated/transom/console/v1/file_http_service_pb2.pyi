from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.file.v1 import file_http_service_pb2 as _file_http_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class GetUploadLimitsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UploadLimits(_message.Message):
    __slots__ = ("file_size_limit", "batch_count_limit", "image_file_size_limit", "video_file_size_limit", "audio_file_size_limit", "workflow_file_upload_limit", "image_file_batch_limit", "single_chunk_attachment_limit", "attachment_image_file_size_limit", "file_upload_limit")
    FILE_SIZE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    BATCH_COUNT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FILE_SIZE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FILE_SIZE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FILE_SIZE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FILE_UPLOAD_LIMIT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FILE_BATCH_LIMIT_FIELD_NUMBER: _ClassVar[int]
    SINGLE_CHUNK_ATTACHMENT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENT_IMAGE_FILE_SIZE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    FILE_UPLOAD_LIMIT_FIELD_NUMBER: _ClassVar[int]
    file_size_limit: int
    batch_count_limit: int
    image_file_size_limit: int
    video_file_size_limit: int
    audio_file_size_limit: int
    workflow_file_upload_limit: int
    image_file_batch_limit: int
    single_chunk_attachment_limit: int
    attachment_image_file_size_limit: int
    file_upload_limit: int
    def __init__(self, file_size_limit: _Optional[int] = ..., batch_count_limit: _Optional[int] = ..., image_file_size_limit: _Optional[int] = ..., video_file_size_limit: _Optional[int] = ..., audio_file_size_limit: _Optional[int] = ..., workflow_file_upload_limit: _Optional[int] = ..., image_file_batch_limit: _Optional[int] = ..., single_chunk_attachment_limit: _Optional[int] = ..., attachment_image_file_size_limit: _Optional[int] = ..., file_upload_limit: _Optional[int] = ...) -> None: ...

class ListSupportedTypesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSupportedTypesResponse(_message.Message):
    __slots__ = ("allowed_extensions",)
    ALLOWED_EXTENSIONS_FIELD_NUMBER: _ClassVar[int]
    allowed_extensions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, allowed_extensions: _Optional[_Iterable[str]] = ...) -> None: ...

class PreviewConsoleFileRequest(_message.Message):
    __slots__ = ("file_id",)
    FILE_ID_FIELD_NUMBER: _ClassVar[int]
    file_id: str
    def __init__(self, file_id: _Optional[str] = ...) -> None: ...

class PreviewConsoleFileResponse(_message.Message):
    __slots__ = ("content",)
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    content: str
    def __init__(self, content: _Optional[str] = ...) -> None: ...
