from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DraftVariable(_message.Message):
    __slots__ = ("id", "type", "name", "description", "selector", "value_type", "edited", "visible", "value", "full_content", "is_truncated")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    VALUE_TYPE_FIELD_NUMBER: _ClassVar[int]
    EDITED_FIELD_NUMBER: _ClassVar[int]
    VISIBLE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    FULL_CONTENT_FIELD_NUMBER: _ClassVar[int]
    IS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    name: str
    description: str
    selector: _containers.RepeatedScalarFieldContainer[str]
    value_type: str
    edited: bool
    visible: bool
    value: _struct_pb2.Value
    full_content: _struct_pb2.Struct
    is_truncated: bool
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., selector: _Optional[_Iterable[str]] = ..., value_type: _Optional[str] = ..., edited: _Optional[bool] = ..., visible: _Optional[bool] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., full_content: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., is_truncated: _Optional[bool] = ...) -> None: ...

class DraftVariableHead(_message.Message):
    __slots__ = ("id", "type", "name", "description", "selector", "value_type", "edited", "visible", "is_truncated")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    VALUE_TYPE_FIELD_NUMBER: _ClassVar[int]
    EDITED_FIELD_NUMBER: _ClassVar[int]
    VISIBLE_FIELD_NUMBER: _ClassVar[int]
    IS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    name: str
    description: str
    selector: _containers.RepeatedScalarFieldContainer[str]
    value_type: str
    edited: bool
    visible: bool
    is_truncated: bool
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., selector: _Optional[_Iterable[str]] = ..., value_type: _Optional[str] = ..., edited: _Optional[bool] = ..., visible: _Optional[bool] = ..., is_truncated: _Optional[bool] = ...) -> None: ...

class ListDraftVariablesRequest(_message.Message):
    __slots__ = ("app_id", "page", "limit")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    page: int
    limit: int
    def __init__(self, app_id: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class ListDraftVariablesResponse(_message.Message):
    __slots__ = ("items", "total")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[DraftVariableHead]
    total: int
    def __init__(self, items: _Optional[_Iterable[_Union[DraftVariableHead, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class DeleteDraftVariablesRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class GetDraftVariableRequest(_message.Message):
    __slots__ = ("app_id", "variable_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    VARIABLE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    variable_id: str
    def __init__(self, app_id: _Optional[str] = ..., variable_id: _Optional[str] = ...) -> None: ...

class UpdateDraftVariableRequest(_message.Message):
    __slots__ = ("app_id", "variable_id", "name", "value")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    VARIABLE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    variable_id: str
    name: str
    value: _struct_pb2.Value
    def __init__(self, app_id: _Optional[str] = ..., variable_id: _Optional[str] = ..., name: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...

class DeleteDraftVariableRequest(_message.Message):
    __slots__ = ("app_id", "variable_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    VARIABLE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    variable_id: str
    def __init__(self, app_id: _Optional[str] = ..., variable_id: _Optional[str] = ...) -> None: ...

class ResetDraftVariableRequest(_message.Message):
    __slots__ = ("app_id", "variable_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    VARIABLE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    variable_id: str
    def __init__(self, app_id: _Optional[str] = ..., variable_id: _Optional[str] = ...) -> None: ...

class ResetDraftVariableResponse(_message.Message):
    __slots__ = ("variable",)
    VARIABLE_FIELD_NUMBER: _ClassVar[int]
    variable: DraftVariable
    def __init__(self, variable: _Optional[_Union[DraftVariable, _Mapping]] = ...) -> None: ...

class ListDraftNodeVariablesRequest(_message.Message):
    __slots__ = ("app_id", "node_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    node_id: str
    def __init__(self, app_id: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class DeleteDraftNodeVariablesRequest(_message.Message):
    __slots__ = ("app_id", "node_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    node_id: str
    def __init__(self, app_id: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class ListDraftConversationVariablesRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class ListDraftSystemVariablesRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class ListDraftEnvironmentVariablesRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class ListDraftValuesResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[DraftVariable]
    def __init__(self, items: _Optional[_Iterable[_Union[DraftVariable, _Mapping]]] = ...) -> None: ...

class ListDraftEnvironmentVariablesResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, items: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...
