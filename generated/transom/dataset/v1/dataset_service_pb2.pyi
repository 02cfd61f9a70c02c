from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.dataset.v1 import dataset_pb2 as _dataset_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateDatasetRequest(_message.Message):
    __slots__ = ("name", "description", "indexing_technique", "permission", "provider", "embedding_model", "embedding_model_provider", "retrieval_model", "external_knowledge_api_id", "external_knowledge_id", "summary_index_setting")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    INDEXING_TECHNIQUE_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    RETRIEVAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_KNOWLEDGE_API_ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_KNOWLEDGE_ID_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_INDEX_SETTING_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    indexing_technique: str
    permission: str
    provider: str
    embedding_model: str
    embedding_model_provider: str
    retrieval_model: _dataset_pb2.RetrievalModel
    external_knowledge_api_id: str
    external_knowledge_id: str
    summary_index_setting: _dataset_pb2.SummaryIndexSetting
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., indexing_technique: _Optional[str] = ..., permission: _Optional[str] = ..., provider: _Optional[str] = ..., embedding_model: _Optional[str] = ..., embedding_model_provider: _Optional[str] = ..., retrieval_model: _Optional[_Union[_dataset_pb2.RetrievalModel, _Mapping]] = ..., external_knowledge_api_id: _Optional[str] = ..., external_knowledge_id: _Optional[str] = ..., summary_index_setting: _Optional[_Union[_dataset_pb2.SummaryIndexSetting, _Mapping]] = ...) -> None: ...

class ListDatasetsRequest(_message.Message):
    __slots__ = ("page", "limit", "keyword", "tag_ids", "include_all", "ids")
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    TAG_IDS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_ALL_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    page: int
    limit: int
    keyword: str
    tag_ids: _containers.RepeatedScalarFieldContainer[str]
    include_all: bool
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, page: _Optional[int] = ..., limit: _Optional[int] = ..., keyword: _Optional[str] = ..., tag_ids: _Optional[_Iterable[str]] = ..., include_all: _Optional[bool] = ..., ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListDatasetsResponse(_message.Message):
    __slots__ = ("data", "has_more", "limit", "total", "page")
    DATA_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_dataset_pb2.Dataset]
    has_more: bool
    limit: int
    total: int
    page: int
    def __init__(self, data: _Optional[_Iterable[_Union[_dataset_pb2.Dataset, _Mapping]]] = ..., has_more: _Optional[bool] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., page: _Optional[int] = ...) -> None: ...

class GetDatasetRequest(_message.Message):
    __slots__ = ("dataset_id",)
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    def __init__(self, dataset_id: _Optional[str] = ...) -> None: ...

class UpdateDatasetRequest(_message.Message):
    __slots__ = ("dataset_id", "name", "description", "indexing_technique", "embedding_model", "embedding_model_provider", "permission", "partial_member_list", "retrieval_model", "external_retrieval_model", "external_knowledge_id", "external_knowledge_api_id", "summary_index_setting", "icon_info")
    class Member(_message.Message):
        __slots__ = ("user_id",)
        USER_ID_FIELD_NUMBER: _ClassVar[int]
        user_id: str
        def __init__(self, user_id: _Optional[str] = ...) -> None: ...
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    INDEXING_TECHNIQUE_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_MEMBER_LIST_FIELD_NUMBER: _ClassVar[int]
    RETRIEVAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_RETRIEVAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_KNOWLEDGE_ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_KNOWLEDGE_API_ID_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_INDEX_SETTING_FIELD_NUMBER: _ClassVar[int]
    ICON_INFO_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    name: str
    description: _struct_pb2.Value
    indexing_technique: str
    embedding_model: str
    embedding_model_provider: str
    permission: str
    partial_member_list: _containers.RepeatedCompositeFieldContainer[UpdateDatasetRequest.Member]
    retrieval_model: _dataset_pb2.RetrievalModel
    external_retrieval_model: _dataset_pb2.ExternalRetrievalModel
    external_knowledge_id: str
    external_knowledge_api_id: str
    summary_index_setting: _dataset_pb2.SummaryIndexSetting
    icon_info: _dataset_pb2.IconInfo
    def __init__(self, dataset_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., indexing_technique: _Optional[str] = ..., embedding_model: _Optional[str] = ..., embedding_model_provider: _Optional[str] = ..., permission: _Optional[str] = ..., partial_member_list: _Optional[_Iterable[_Union[UpdateDatasetRequest.Member, _Mapping]]] = ..., retrieval_model: _Optional[_Union[_dataset_pb2.RetrievalModel, _Mapping]] = ..., external_retrieval_model: _Optional[_Union[_dataset_pb2.ExternalRetrievalModel, _Mapping]] = ..., external_knowledge_id: _Optional[str] = ..., external_knowledge_api_id: _Optional[str] = ..., summary_index_setting: _Optional[_Union[_dataset_pb2.SummaryIndexSetting, _Mapping]] = ..., icon_info: _Optional[_Union[_dataset_pb2.IconInfo, _Mapping]] = ...) -> None: ...

class DeleteDatasetRequest(_message.Message):
    __slots__ = ("dataset_id", "force")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    force: bool
    def __init__(self, dataset_id: _Optional[str] = ..., force: _Optional[bool] = ...) -> None: ...
