from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class RemoteFileInfo(_message.Message):
    __slots__ = ("file_type", "file_length")
    FILE_TYPE_FIELD_NUMBER: _ClassVar[int]
    FILE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    file_type: str
    file_length: int
    def __init__(self, file_type: _Optional[str] = ..., file_length: _Optional[int] = ...) -> None: ...

class RemoteUpload(_message.Message):
    __slots__ = ("id", "name", "size", "extension", "url", "mime_type", "created_by", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    EXTENSION_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    size: int
    extension: str
    url: str
    mime_type: str
    created_by: str
    created_at: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., size: _Optional[int] = ..., extension: _Optional[str] = ..., url: _Optional[str] = ..., mime_type: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ...) -> None: ...
