from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.tool.v1 import tool_provider_service_pb2 as _tool_provider_service_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateMcpProviderRequest(_message.Message):
    __slots__ = ("server_url", "name", "icon", "icon_type", "icon_background", "server_identifier", "configuration", "headers")
    SERVER_URL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    SERVER_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    server_url: str
    name: str
    icon: str
    icon_type: str
    icon_background: str
    server_identifier: str
    configuration: _struct_pb2.Struct
    headers: _struct_pb2.Struct
    def __init__(self, server_url: _Optional[str] = ..., name: _Optional[str] = ..., icon: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon_background: _Optional[str] = ..., server_identifier: _Optional[str] = ..., configuration: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., headers: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class UpdateMcpProviderRequest(_message.Message):
    __slots__ = ("server_url", "name", "icon", "icon_type", "icon_background", "server_identifier", "configuration", "headers", "provider_id")
    SERVER_URL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    SERVER_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    server_url: str
    name: str
    icon: str
    icon_type: str
    icon_background: str
    server_identifier: str
    configuration: _struct_pb2.Struct
    headers: _struct_pb2.Struct
    provider_id: str
    def __init__(self, server_url: _Optional[str] = ..., name: _Optional[str] = ..., icon: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon_background: _Optional[str] = ..., server_identifier: _Optional[str] = ..., configuration: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., headers: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., provider_id: _Optional[str] = ...) -> None: ...

class DeleteMcpProviderRequest(_message.Message):
    __slots__ = ("provider_id",)
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    provider_id: str
    def __init__(self, provider_id: _Optional[str] = ...) -> None: ...

class AuthorizeMcpProviderRequest(_message.Message):
    __slots__ = ("provider_id", "authorization_code")
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_CODE_FIELD_NUMBER: _ClassVar[int]
    provider_id: str
    authorization_code: str
    def __init__(self, provider_id: _Optional[str] = ..., authorization_code: _Optional[str] = ...) -> None: ...

class GetMcpProviderRequest(_message.Message):
    __slots__ = ("provider_id",)
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    provider_id: str
    def __init__(self, provider_id: _Optional[str] = ...) -> None: ...

class RefreshMcpProviderRequest(_message.Message):
    __slots__ = ("provider_id",)
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    provider_id: str
    def __init__(self, provider_id: _Optional[str] = ...) -> None: ...
