from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ApiBasedExtension(_message.Message):
    __slots__ = ("id", "name", "api_endpoint", "api_key", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    API_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    api_endpoint: str
    api_key: str
    created_at: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., api_endpoint: _Optional[str] = ..., api_key: _Optional[str] = ..., created_at: _Optional[int] = ...) -> None: ...

class ListApiBasedExtensionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListApiBasedExtensionsResponse(_message.Message):
    __slots__ = ("extensions",)
    EXTENSIONS_FIELD_NUMBER: _ClassVar[int]
    extensions: _containers.RepeatedCompositeFieldContainer[ApiBasedExtension]
    def __init__(self, extensions: _Optional[_Iterable[_Union[ApiBasedExtension, _Mapping]]] = ...) -> None: ...

class CreateApiBasedExtensionRequest(_message.Message):
    __slots__ = ("name", "api_endpoint", "api_key")
    NAME_FIELD_NUMBER: _ClassVar[int]
    API_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    name: str
    api_endpoint: str
    api_key: str
    def __init__(self, name: _Optional[str] = ..., api_endpoint: _Optional[str] = ..., api_key: _Optional[str] = ...) -> None: ...

class GetApiBasedExtensionRequest(_message.Message):
    __slots__ = ("extension_id",)
    EXTENSION_ID_FIELD_NUMBER: _ClassVar[int]
    extension_id: str
    def __init__(self, extension_id: _Optional[str] = ...) -> None: ...

class UpdateApiBasedExtensionRequest(_message.Message):
    __slots__ = ("extension_id", "name", "api_endpoint", "api_key")
    EXTENSION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    API_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    extension_id: str
    name: str
    api_endpoint: str
    api_key: str
    def __init__(self, extension_id: _Optional[str] = ..., name: _Optional[str] = ..., api_endpoint: _Optional[str] = ..., api_key: _Optional[str] = ...) -> None: ...

class DeleteApiBasedExtensionRequest(_message.Message):
    __slots__ = ("extension_id",)
    EXTENSION_ID_FIELD_NUMBER: _ClassVar[int]
    extension_id: str
    def __init__(self, extension_id: _Optional[str] = ...) -> None: ...
