from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.dataset.v1 import dataset_pb2 as _dataset_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateMetadataRequest(_message.Message):
    __slots__ = ("dataset_id", "type", "name")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    type: str
    name: str
    def __init__(self, dataset_id: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ListMetadataRequest(_message.Message):
    __slots__ = ("dataset_id",)
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    def __init__(self, dataset_id: _Optional[str] = ...) -> None: ...

class ListMetadataResponse(_message.Message):
    __slots__ = ("doc_metadata", "built_in_field_enabled")
    class CountedField(_message.Message):
        __slots__ = ("id", "name", "type", "count")
        ID_FIELD_NUMBER: _ClassVar[int]
        NAME_FIELD_NUMBER: _ClassVar[int]
        TYPE_FIELD_NUMBER: _ClassVar[int]
        COUNT_FIELD_NUMBER: _ClassVar[int]
        id: str
        name: str
        type: str
        count: int
        def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...
    DOC_METADATA_FIELD_NUMBER: _ClassVar[int]
    BUILT_IN_FIELD_ENABLED_FIELD_NUMBER: _ClassVar[int]
    doc_metadata: _containers.RepeatedCompositeFieldContainer[ListMetadataResponse.CountedField]
    built_in_field_enabled: bool
    def __init__(self, doc_metadata: _Optional[_Iterable[_Union[ListMetadataResponse.CountedField, _Mapping]]] = ..., built_in_field_enabled: _Optional[bool] = ...) -> None: ...

class UpdateMetadataRequest(_message.Message):
    __slots__ = ("dataset_id", "metadata_id", "name")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    metadata_id: str
    name: str
    def __init__(self, dataset_id: _Optional[str] = ..., metadata_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class DeleteMetadataRequest(_message.Message):
    __slots__ = ("dataset_id", "metadata_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    metadata_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., metadata_id: _Optional[str] = ...) -> None: ...

class ListBuiltInMetadataRequest(_message.Message):
    __slots__ = ("dataset_id",)
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    def __init__(self, dataset_id: _Optional[str] = ...) -> None: ...

class ListBuiltInMetadataResponse(_message.Message):
    __slots__ = ("fields",)
    class BuiltInField(_message.Message):
        __slots__ = ("name", "type")
        NAME_FIELD_NUMBER: _ClassVar[int]
        TYPE_FIELD_NUMBER: _ClassVar[int]
        name: str
        type: str
        def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.RepeatedCompositeFieldContainer[ListBuiltInMetadataResponse.BuiltInField]
    def __init__(self, fields: _Optional[_Iterable[_Union[ListBuiltInMetadataResponse.BuiltInField, _Mapping]]] = ...) -> None: ...

class SwitchBuiltInMetadataRequest(_message.Message):
    __slots__ = ("dataset_id", "action")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    action: str
    def __init__(self, dataset_id: _Optional[str] = ..., action: _Optional[str] = ...) -> None: ...

class UpdateDocumentsMetadataRequest(_message.Message):
    __slots__ = ("dataset_id", "operation_data")
    class DocumentMetadata(_message.Message):
        __slots__ = ("document_id", "metadata_list", "partial_update")
        DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
        METADATA_LIST_FIELD_NUMBER: _ClassVar[int]
        PARTIAL_UPDATE_FIELD_NUMBER: _ClassVar[int]
        document_id: str
        metadata_list: _containers.RepeatedCompositeFieldContainer[UpdateDocumentsMetadataRequest.MetadataValue]
        partial_update: bool
        def __init__(self, document_id: _Optional[str] = ..., metadata_list: _Optional[_Iterable[_Union[UpdateDocumentsMetadataRequest.MetadataValue, _Mapping]]] = ..., partial_update: _Optional[bool] = ...) -> None: ...
    class MetadataValue(_message.Message):
        __slots__ = ("id", "name", "value")
        ID_FIELD_NUMBER: _ClassVar[int]
        NAME_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        id: str
        name: str
        value: _struct_pb2.Value
        def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATION_DATA_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    operation_data: _containers.RepeatedCompositeFieldContainer[UpdateDocumentsMetadataRequest.DocumentMetadata]
    def __init__(self, dataset_id: _Optional[str] = ..., operation_data: _Optional[_Iterable[_Union[UpdateDocumentsMetadataRequest.DocumentMetadata, _Mapping]]] = ...) -> None: ...
