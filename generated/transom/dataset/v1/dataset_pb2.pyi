from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Dataset(_message.Message):
    __slots__ = ("id", "name", "description", "provider", "permission", "data_source_type", "indexing_technique", "app_count", "document_count", "word_count", "created_by", "author_name", "created_at", "updated_by", "updated_at", "embedding_model", "embedding_model_provider", "embedding_available", "retrieval_model_dict", "summary_index_setting", "tags", "doc_form", "external_knowledge_info", "external_retrieval_model", "doc_metadata", "built_in_field_enabled", "pipeline_id", "runtime_mode", "chunk_structure", "icon_info", "is_published", "total_documents", "total_available_documents", "enable_api", "is_multimodal", "maintainer", "partial_member_list")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    INDEXING_TECHNIQUE_FIELD_NUMBER: _ClassVar[int]
    APP_COUNT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    WORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_NAME_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    RETRIEVAL_MODEL_DICT_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_INDEX_SETTING_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    DOC_FORM_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_KNOWLEDGE_INFO_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_RETRIEVAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    DOC_METADATA_FIELD_NUMBER: _ClassVar[int]
    BUILT_IN_FIELD_ENABLED_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_MODE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_STRUCTURE_FIELD_NUMBER: _ClassVar[int]
    ICON_INFO_FIELD_NUMBER: _ClassVar[int]
    IS_PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_AVAILABLE_DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    ENABLE_API_FIELD_NUMBER: _ClassVar[int]
    IS_MULTIMODAL_FIELD_NUMBER: _ClassVar[int]
    MAINTAINER_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_MEMBER_LIST_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    description: str
    provider: str
    permission: str
    data_source_type: str
    indexing_technique: str
    app_count: int
    document_count: int
    word_count: int
    created_by: str
    author_name: str
    created_at: int
    updated_by: str
    updated_at: int
    embedding_model: str
    embedding_model_provider: str
    embedding_available: bool
    retrieval_model_dict: RetrievalModel
    summary_index_setting: SummaryIndexSetting
    tags: _containers.RepeatedCompositeFieldContainer[TagReference]
    doc_form: str
    external_knowledge_info: ExternalKnowledgeInfo
    external_retrieval_model: ExternalRetrievalModel
    doc_metadata: _containers.RepeatedCompositeFieldContainer[MetadataField]
    built_in_field_enabled: bool
    pipeline_id: str
    runtime_mode: str
    chunk_structure: str
    icon_info: IconInfo
    is_published: bool
    total_documents: int
    total_available_documents: int
    enable_api: bool
    is_multimodal: bool
    maintainer: str
    partial_member_list: PartialMembers
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., provider: _Optional[str] = ..., permission: _Optional[str] = ..., data_source_type: _Optional[str] = ..., indexing_technique: _Optional[str] = ..., app_count: _Optional[int] = ..., document_count: _Optional[int] = ..., word_count: _Optional[int] = ..., created_by: _Optional[str] = ..., author_name: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_by: _Optional[str] = ..., updated_at: _Optional[int] = ..., embedding_model: _Optional[str] = ..., embedding_model_provider: _Optional[str] = ..., embedding_available: _Optional[bool] = ..., retrieval_model_dict: _Optional[_Union[RetrievalModel, _Mapping]] = ..., summary_index_setting: _Optional[_Union[SummaryIndexSetting, _Mapping]] = ..., tags: _Optional[_Iterable[_Union[TagReference, _Mapping]]] = ..., doc_form: _Optional[str] = ..., external_knowledge_info: _Optional[_Union[ExternalKnowledgeInfo, _Mapping]] = ..., external_retrieval_model: _Optional[_Union[ExternalRetrievalModel, _Mapping]] = ..., doc_metadata: _Optional[_Iterable[_Union[MetadataField, _Mapping]]] = ..., built_in_field_enabled: _Optional[bool] = ..., pipeline_id: _Optional[str] = ..., runtime_mode: _Optional[str] = ..., chunk_structure: _Optional[str] = ..., icon_info: _Optional[_Union[IconInfo, _Mapping]] = ..., is_published: _Optional[bool] = ..., total_documents: _Optional[int] = ..., total_available_documents: _Optional[int] = ..., enable_api: _Optional[bool] = ..., is_multimodal: _Optional[bool] = ..., maintainer: _Optional[str] = ..., partial_member_list: _Optional[_Union[PartialMembers, _Mapping]] = ...) -> None: ...

class PartialMembers(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ...) -> None: ...

class RetrievalModel(_message.Message):
    __slots__ = ("search_method", "reranking_enable", "reranking_mode", "reranking_model", "weights", "top_k", "score_threshold_enabled", "score_threshold", "metadata_filtering_conditions")
    SEARCH_METHOD_FIELD_NUMBER: _ClassVar[int]
    RERANKING_ENABLE_FIELD_NUMBER: _ClassVar[int]
    RERANKING_MODE_FIELD_NUMBER: _ClassVar[int]
    RERANKING_MODEL_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    SCORE_THRESHOLD_ENABLED_FIELD_NUMBER: _ClassVar[int]
    SCORE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    METADATA_FILTERING_CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    search_method: str
    reranking_enable: bool
    reranking_mode: str
    reranking_model: RerankingModel
    weights: RetrievalWeights
    top_k: int
    score_threshold_enabled: bool
    score_threshold: float
    metadata_filtering_conditions: MetadataFilteringConditions
    def __init__(self, search_method: _Optional[str] = ..., reranking_enable: _Optional[bool] = ..., reranking_mode: _Optional[str] = ..., reranking_model: _Optional[_Union[RerankingModel, _Mapping]] = ..., weights: _Optional[_Union[RetrievalWeights, _Mapping]] = ..., top_k: _Optional[int] = ..., score_threshold_enabled: _Optional[bool] = ..., score_threshold: _Optional[float] = ..., metadata_filtering_conditions: _Optional[_Union[MetadataFilteringConditions, _Mapping]] = ...) -> None: ...

class RerankingModel(_message.Message):
    __slots__ = ("reranking_provider_name", "reranking_model_name")
    RERANKING_PROVIDER_NAME_FIELD_NUMBER: _ClassVar[int]
    RERANKING_MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    reranking_provider_name: str
    reranking_model_name: str
    def __init__(self, reranking_provider_name: _Optional[str] = ..., reranking_model_name: _Optional[str] = ...) -> None: ...

class RetrievalWeights(_message.Message):
    __slots__ = ("weight_type", "vector_setting", "keyword_setting")
    class VectorSetting(_message.Message):
        __slots__ = ("vector_weight", "embedding_provider_name", "embedding_model_name")
        VECTOR_WEIGHT_FIELD_NUMBER: _ClassVar[int]
        EMBEDDING_PROVIDER_NAME_FIELD_NUMBER: _ClassVar[int]
        EMBEDDING_MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
        vector_weight: float
        embedding_provider_name: str
        embedding_model_name: str
        def __init__(self, vector_weight: _Optional[float] = ..., embedding_provider_name: _Optional[str] = ..., embedding_model_name: _Optional[str] = ...) -> None: ...
    class KeywordSetting(_message.Message):
        __slots__ = ("keyword_weight",)
        KEYWORD_WEIGHT_FIELD_NUMBER: _ClassVar[int]
        keyword_weight: float
        def __init__(self, keyword_weight: _Optional[float] = ...) -> None: ...
    WEIGHT_TYPE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_SETTING_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_SETTING_FIELD_NUMBER: _ClassVar[int]
    weight_type: str
    vector_setting: RetrievalWeights.VectorSetting
    keyword_setting: RetrievalWeights.KeywordSetting
    def __init__(self, weight_type: _Optional[str] = ..., vector_setting: _Optional[_Union[RetrievalWeights.VectorSetting, _Mapping]] = ..., keyword_setting: _Optional[_Union[RetrievalWeights.KeywordSetting, _Mapping]] = ...) -> None: ...

class MetadataFilteringConditions(_message.Message):
    __slots__ = ("logical_operator", "conditions")
    LOGICAL_OPERATOR_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    logical_operator: str
    conditions: _containers.RepeatedCompositeFieldContainer[MetadataCondition]
    def __init__(self, logical_operator: _Optional[str] = ..., conditions: _Optional[_Iterable[_Union[MetadataCondition, _Mapping]]] = ...) -> None: ...

class MetadataCondition(_message.Message):
    __slots__ = ("name", "comparison_operator", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    comparison_operator: str
    value: _struct_pb2.Value
    def __init__(self, name: _Optional[str] = ..., comparison_operator: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...

class SummaryIndexSetting(_message.Message):
    __slots__ = ("enable", "model_name", "model_provider_name", "summary_prompt")
    ENABLE_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_PROVIDER_NAME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_PROMPT_FIELD_NUMBER: _ClassVar[int]
    enable: bool
    model_name: str
    model_provider_name: str
    summary_prompt: str
    def __init__(self, enable: _Optional[bool] = ..., model_name: _Optional[str] = ..., model_provider_name: _Optional[str] = ..., summary_prompt: _Optional[str] = ...) -> None: ...

class TagReference(_message.Message):
    __slots__ = ("id", "name", "type")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    type: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class ExternalKnowledgeInfo(_message.Message):
    __slots__ = ("external_knowledge_id", "external_knowledge_api_id", "external_knowledge_api_name", "external_knowledge_api_endpoint")
    EXTERNAL_KNOWLEDGE_ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_KNOWLEDGE_API_ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_KNOWLEDGE_API_NAME_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_KNOWLEDGE_API_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    external_knowledge_id: str
    external_knowledge_api_id: str
    external_knowledge_api_name: str
    external_knowledge_api_endpoint: str
    def __init__(self, external_knowledge_id: _Optional[str] = ..., external_knowledge_api_id: _Optional[str] = ..., external_knowledge_api_name: _Optional[str] = ..., external_knowledge_api_endpoint: _Optional[str] = ...) -> None: ...

class ExternalRetrievalModel(_message.Message):
    __slots__ = ("top_k", "score_threshold", "score_threshold_enabled")
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    SCORE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    SCORE_THRESHOLD_ENABLED_FIELD_NUMBER: _ClassVar[int]
    top_k: int
    score_threshold: float
    score_threshold_enabled: bool
    def __init__(self, top_k: _Optional[int] = ..., score_threshold: _Optional[float] = ..., score_threshold_enabled: _Optional[bool] = ...) -> None: ...

class MetadataField(_message.Message):
    __slots__ = ("id", "name", "type")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    type: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class IconInfo(_message.Message):
    __slots__ = ("icon_type", "icon", "icon_background", "icon_url")
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    ICON_URL_FIELD_NUMBER: _ClassVar[int]
    icon_type: str
    icon: str
    icon_background: str
    icon_url: str
    def __init__(self, icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., icon_url: _Optional[str] = ...) -> None: ...
