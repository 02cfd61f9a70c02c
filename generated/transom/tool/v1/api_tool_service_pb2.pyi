from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.tool.v1 import tool_provider_service_pb2 as _tool_provider_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ApiProvider(_message.Message):
    __slots__ = ("schema_type", "schema", "tools", "icon", "description", "credentials", "privacy_policy", "custom_disclaimer", "labels")
    SCHEMA_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_POLICY_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_DISCLAIMER_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    schema_type: str
    schema: str
    tools: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    icon: _struct_pb2.Struct
    description: str
    credentials: _struct_pb2.Struct
    privacy_policy: str
    custom_disclaimer: str
    labels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, schema_type: _Optional[str] = ..., schema: _Optional[str] = ..., tools: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., icon: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., description: _Optional[str] = ..., credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., privacy_policy: _Optional[str] = ..., custom_disclaimer: _Optional[str] = ..., labels: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateApiProviderRequest(_message.Message):
    __slots__ = ("provider", "schema", "schema_type", "credentials", "icon", "privacy_policy", "custom_disclaimer", "labels")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_POLICY_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_DISCLAIMER_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    schema: str
    schema_type: str
    credentials: _struct_pb2.Struct
    icon: _struct_pb2.Struct
    privacy_policy: str
    custom_disclaimer: str
    labels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, provider: _Optional[str] = ..., schema: _Optional[str] = ..., schema_type: _Optional[str] = ..., credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., icon: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., privacy_policy: _Optional[str] = ..., custom_disclaimer: _Optional[str] = ..., labels: _Optional[_Iterable[str]] = ...) -> None: ...

class UpdateApiProviderRequest(_message.Message):
    __slots__ = ("provider", "schema", "schema_type", "credentials", "icon", "privacy_policy", "custom_disclaimer", "labels", "original_provider")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_POLICY_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_DISCLAIMER_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: str
    schema: str
    schema_type: str
    credentials: _struct_pb2.Struct
    icon: _struct_pb2.Struct
    privacy_policy: str
    custom_disclaimer: str
    labels: _containers.RepeatedScalarFieldContainer[str]
    original_provider: str
    def __init__(self, provider: _Optional[str] = ..., schema: _Optional[str] = ..., schema_type: _Optional[str] = ..., credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., icon: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., privacy_policy: _Optional[str] = ..., custom_disclaimer: _Optional[str] = ..., labels: _Optional[_Iterable[str]] = ..., original_provider: _Optional[str] = ...) -> None: ...

class DeleteApiProviderRequest(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: str
    def __init__(self, provider: _Optional[str] = ...) -> None: ...

class GetApiProviderRequest(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: str
    def __init__(self, provider: _Optional[str] = ...) -> None: ...

class ListApiToolsRequest(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: str
    def __init__(self, provider: _Optional[str] = ...) -> None: ...

class FetchApiSchemaRequest(_message.Message):
    __slots__ = ("url",)
    URL_FIELD_NUMBER: _ClassVar[int]
    url: str
    def __init__(self, url: _Optional[str] = ...) -> None: ...

class FetchApiSchemaResponse(_message.Message):
    __slots__ = ("schema",)
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    schema: str
    def __init__(self, schema: _Optional[str] = ...) -> None: ...

class ParseApiSchemaRequest(_message.Message):
    __slots__ = ("schema",)
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    schema: str
    def __init__(self, schema: _Optional[str] = ...) -> None: ...

class ParseApiSchemaResponse(_message.Message):
    __slots__ = ("schema_type", "parameters_schema", "credentials_schema", "warning")
    SCHEMA_TYPE_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    schema_type: str
    parameters_schema: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    credentials_schema: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    warning: _struct_pb2.Struct
    def __init__(self, schema_type: _Optional[str] = ..., parameters_schema: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., credentials_schema: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., warning: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class TestApiToolRequest(_message.Message):
    __slots__ = ("tool_name", "provider_name", "credentials", "parameters", "schema", "schema_type")
    TOOL_NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_NAME_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_TYPE_FIELD_NUMBER: _ClassVar[int]
    tool_name: str
    provider_name: str
    credentials: _struct_pb2.Struct
    parameters: _struct_pb2.Struct
    schema: str
    schema_type: str
    def __init__(self, tool_name: _Optional[str] = ..., provider_name: _Optional[str] = ..., credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., parameters: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., schema: _Optional[str] = ..., schema_type: _Optional[str] = ...) -> None: ...

class TestApiToolResponse(_message.Message):
    __slots__ = ("result", "error")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    result: str
    error: str
    def __init__(self, result: _Optional[str] = ..., error: _Optional[str] = ...) -> None: ...
