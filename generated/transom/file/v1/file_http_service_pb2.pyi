from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class UploadedFile(_message.Message):
    __slots__ = ("id", "name", "size", "extension", "mime_type", "created_by", "created_at", "preview_url", "source_url", "original_url", "user_id", "tenant_id", "conversation_id", "file_key", "reference")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    EXTENSION_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_URL_FIELD_NUMBER: _ClassVar[int]
    SOURCE_URL_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_URL_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    FILE_KEY_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    size: int
    extension: str
    mime_type: str
    created_by: str
    created_at: int
    preview_url: str
    source_url: str
    original_url: str
    user_id: str
    tenant_id: str
    conversation_id: str
    file_key: str
    reference: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., size: _Optional[int] = ..., extension: _Optional[str] = ..., mime_type: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ..., preview_url: _Optional[str] = ..., source_url: _Optional[str] = ..., original_url: _Optional[str] = ..., user_id: _Optional[str] = ..., tenant_id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., file_key: _Optional[str] = ..., reference: _Optional[str] = ...) -> None: ...

class PreviewFileRequest(_message.Message):
    __slots__ = ("file_id", "as_attachment", "user")
    FILE_ID_FIELD_NUMBER: _ClassVar[int]
    AS_ATTACHMENT_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    file_id: str
    as_attachment: bool
    user: str
    def __init__(self, file_id: _Optional[str] = ..., as_attachment: _Optional[bool] = ..., user: _Optional[str] = ...) -> None: ...

class ReadSignedFileRequest(_message.Message):
    __slots__ = ("file_id", "timestamp", "nonce", "sign", "as_attachment")
    FILE_ID_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    SIGN_FIELD_NUMBER: _ClassVar[int]
    AS_ATTACHMENT_FIELD_NUMBER: _ClassVar[int]
    file_id: str
    timestamp: str
    nonce: str
    sign: str
    as_attachment: bool
    def __init__(self, file_id: _Optional[str] = ..., timestamp: _Optional[str] = ..., nonce: _Optional[str] = ..., sign: _Optional[str] = ..., as_attachment: _Optional[bool] = ...) -> None: ...
