from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.web.v1 import passport_service_pb2 as _passport_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetWebFormRequest(_message.Message):
    __slots__ = ("form_token",)
    FORM_TOKEN_FIELD_NUMBER: _ClassVar[int]
    form_token: str
    def __init__(self, form_token: _Optional[str] = ...) -> None: ...

class WebForm(_message.Message):
    __slots__ = ("form_content", "inputs", "resolved_default_values", "user_actions", "expiration_time", "site")
    FORM_CONTENT_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_DEFAULT_VALUES_FIELD_NUMBER: _ClassVar[int]
    USER_ACTIONS_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_TIME_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    form_content: str
    inputs: _containers.RepeatedCompositeFieldContainer[_common_pb2.Json]
    resolved_default_values: _common_pb2.Json
    user_actions: _containers.RepeatedCompositeFieldContainer[_common_pb2.Json]
    expiration_time: int
    site: _passport_service_pb2.GetWebSiteResponse
    def __init__(self, form_content: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[_common_pb2.Json, _Mapping]]] = ..., resolved_default_values: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., user_actions: _Optional[_Iterable[_Union[_common_pb2.Json, _Mapping]]] = ..., expiration_time: _Optional[int] = ..., site: _Optional[_Union[_passport_service_pb2.GetWebSiteResponse, _Mapping]] = ...) -> None: ...

class SubmitWebFormRequest(_message.Message):
    __slots__ = ("form_token", "inputs", "action")
    FORM_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    form_token: str
    inputs: _struct_pb2.Struct
    action: str
    def __init__(self, form_token: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., action: _Optional[str] = ...) -> None: ...

class CreateFormUploadTokenRequest(_message.Message):
    __slots__ = ("form_token",)
    FORM_TOKEN_FIELD_NUMBER: _ClassVar[int]
    form_token: str
    def __init__(self, form_token: _Optional[str] = ...) -> None: ...

class FormUploadToken(_message.Message):
    __slots__ = ("upload_token", "expires_at")
    UPLOAD_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    upload_token: str
    expires_at: int
    def __init__(self, upload_token: _Optional[str] = ..., expires_at: _Optional[int] = ...) -> None: ...
