from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.dataset.v1 import dataset_pb2 as _dataset_pb2
from transom.dataset.v1 import dataset_service_pb2 as _dataset_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExternalApiSettings(_message.Message):
    __slots__ = ("endpoint", "api_key")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    endpoint: str
    api_key: str
    def __init__(self, endpoint: _Optional[str] = ..., api_key: _Optional[str] = ...) -> None: ...

class ExternalApi(_message.Message):
    __slots__ = ("id", "tenant_id", "name", "description", "settings", "dataset_bindings", "created_by", "created_at")
    class DatasetBinding(_message.Message):
        __slots__ = ("id", "name")
        ID_FIELD_NUMBER: _ClassVar[int]
        NAME_FIELD_NUMBER: _ClassVar[int]
        id: str
        name: str
        def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    DATASET_BINDINGS_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    tenant_id: str
    name: str
    description: str
    settings: ExternalApiSettings
    dataset_bindings: _containers.RepeatedCompositeFieldContainer[ExternalApi.DatasetBinding]
    created_by: str
    created_at: str
    def __init__(self, id: _Optional[str] = ..., tenant_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., settings: _Optional[_Union[ExternalApiSettings, _Mapping]] = ..., dataset_bindings: _Optional[_Iterable[_Union[ExternalApi.DatasetBinding, _Mapping]]] = ..., created_by: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...

class ListExternalApisRequest(_message.Message):
    __slots__ = ("page", "limit", "keyword")
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    page: int
    limit: int
    keyword: str
    def __init__(self, page: _Optional[int] = ..., limit: _Optional[int] = ..., keyword: _Optional[str] = ...) -> None: ...

class ListExternalApisResponse(_message.Message):
    __slots__ = ("data", "has_more", "limit", "total", "page")
    DATA_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ExternalApi]
    has_more: bool
    limit: int
    total: int
    page: int
    def __init__(self, data: _Optional[_Iterable[_Union[ExternalApi, _Mapping]]] = ..., has_more: _Optional[bool] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., page: _Optional[int] = ...) -> None: ...

class CreateExternalApiRequest(_message.Message):
    __slots__ = ("name", "description", "settings")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    settings: ExternalApiSettings
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., settings: _Optional[_Union[ExternalApiSettings, _Mapping]] = ...) -> None: ...

class GetExternalApiRequest(_message.Message):
    __slots__ = ("api_id",)
    API_ID_FIELD_NUMBER: _ClassVar[int]
    api_id: str
    def __init__(self, api_id: _Optional[str] = ...) -> None: ...

class UpdateExternalApiRequest(_message.Message):
    __slots__ = ("api_id", "name", "description", "settings")
    API_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    api_id: str
    name: str
    description: str
    settings: ExternalApiSettings
    def __init__(self, api_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., settings: _Optional[_Union[ExternalApiSettings, _Mapping]] = ...) -> None: ...

class DeleteExternalApiRequest(_message.Message):
    __slots__ = ("api_id",)
    API_ID_FIELD_NUMBER: _ClassVar[int]
    api_id: str
    def __init__(self, api_id: _Optional[str] = ...) -> None: ...

class CheckExternalApiUseRequest(_message.Message):
    __slots__ = ("api_id",)
    API_ID_FIELD_NUMBER: _ClassVar[int]
    api_id: str
    def __init__(self, api_id: _Optional[str] = ...) -> None: ...

class ExternalApiUse(_message.Message):
    __slots__ = ("is_using", "count")
    IS_USING_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    is_using: bool
    count: int
    def __init__(self, is_using: _Optional[bool] = ..., count: _Optional[int] = ...) -> None: ...
