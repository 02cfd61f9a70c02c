from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.dataset.v1 import dataset_pb2 as _dataset_pb2
from transom.dataset.v1 import dataset_service_pb2 as _dataset_service_pb2
from transom.dataset.v1 import document_pb2 as _document_pb2
from transom.dataset.v1 import document_service_pb2 as _document_service_pb2
from transom.dataset.v1 import metadata_service_pb2 as _metadata_service_pb2
from transom.dataset.v1 import retrieval_service_pb2 as _retrieval_service_pb2
from transom.dataset.v1 import segment_service_pb2 as _segment_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class KnowledgeConfig(_message.Message):
    __slots__ = ("dataset_id", "data_source", "indexing_technique", "process_rule", "doc_form", "doc_language", "retrieval_model", "embedding_model", "embedding_model_provider", "original_document_id", "name", "summary_index_setting")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_FIELD_NUMBER: _ClassVar[int]
    INDEXING_TECHNIQUE_FIELD_NUMBER: _ClassVar[int]
    PROCESS_RULE_FIELD_NUMBER: _ClassVar[int]
    DOC_FORM_FIELD_NUMBER: _ClassVar[int]
    DOC_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    RETRIEVAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_INDEX_SETTING_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    data_source: DataSource
    indexing_technique: str
    process_rule: _document_pb2.ProcessRule
    doc_form: str
    doc_language: str
    retrieval_model: _dataset_pb2.RetrievalModel
    embedding_model: str
    embedding_model_provider: str
    original_document_id: str
    name: str
    summary_index_setting: _dataset_pb2.SummaryIndexSetting
    def __init__(self, dataset_id: _Optional[str] = ..., data_source: _Optional[_Union[DataSource, _Mapping]] = ..., indexing_technique: _Optional[str] = ..., process_rule: _Optional[_Union[_document_pb2.ProcessRule, _Mapping]] = ..., doc_form: _Optional[str] = ..., doc_language: _Optional[str] = ..., retrieval_model: _Optional[_Union[_dataset_pb2.RetrievalModel, _Mapping]] = ..., embedding_model: _Optional[str] = ..., embedding_model_provider: _Optional[str] = ..., original_document_id: _Optional[str] = ..., name: _Optional[str] = ..., summary_index_setting: _Optional[_Union[_dataset_pb2.SummaryIndexSetting, _Mapping]] = ...) -> None: ...

class DataSource(_message.Message):
    __slots__ = ("info_list",)
    class InfoList(_message.Message):
        __slots__ = ("data_source_type", "file_info_list")
        DATA_SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
        FILE_INFO_LIST_FIELD_NUMBER: _ClassVar[int]
        data_source_type: str
        file_info_list: DataSource.FileInfoList
        def __init__(self, data_source_type: _Optional[str] = ..., file_info_list: _Optional[_Union[DataSource.FileInfoList, _Mapping]] = ...) -> None: ...
    class FileInfoList(_message.Message):
        __slots__ = ("file_ids",)
        FILE_IDS_FIELD_NUMBER: _ClassVar[int]
        file_ids: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, file_ids: _Optional[_Iterable[str]] = ...) -> None: ...
    INFO_LIST_FIELD_NUMBER: _ClassVar[int]
    info_list: DataSource.InfoList
    def __init__(self, info_list: _Optional[_Union[DataSource.InfoList, _Mapping]] = ...) -> None: ...

class KnowledgeCreated(_message.Message):
    __slots__ = ("dataset", "documents", "batch")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    dataset: _dataset_pb2.Dataset
    documents: _containers.RepeatedCompositeFieldContainer[_document_pb2.Document]
    batch: str
    def __init__(self, dataset: _Optional[_Union[_dataset_pb2.Dataset, _Mapping]] = ..., documents: _Optional[_Iterable[_Union[_document_pb2.Document, _Mapping]]] = ..., batch: _Optional[str] = ...) -> None: ...

class GetApiBaseInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ApiBaseInfo(_message.Message):
    __slots__ = ("api_base_url",)
    API_BASE_URL_FIELD_NUMBER: _ClassVar[int]
    api_base_url: str
    def __init__(self, api_base_url: _Optional[str] = ...) -> None: ...

class SwitchDatasetApiRequest(_message.Message):
    __slots__ = ("dataset_id", "action")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    action: str
    def __init__(self, dataset_id: _Optional[str] = ..., action: _Optional[str] = ...) -> None: ...

class DatasetUse(_message.Message):
    __slots__ = ("is_using",)
    IS_USING_FIELD_NUMBER: _ClassVar[int]
    is_using: bool
    def __init__(self, is_using: _Optional[bool] = ...) -> None: ...

class PartialMembers(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, data: _Optional[_Iterable[str]] = ...) -> None: ...

class EstimateIndexingRequest(_message.Message):
    __slots__ = ("info_list", "process_rule", "indexing_technique", "doc_form", "doc_language", "dataset_id")
    INFO_LIST_FIELD_NUMBER: _ClassVar[int]
    PROCESS_RULE_FIELD_NUMBER: _ClassVar[int]
    INDEXING_TECHNIQUE_FIELD_NUMBER: _ClassVar[int]
    DOC_FORM_FIELD_NUMBER: _ClassVar[int]
    DOC_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    info_list: DataSource.InfoList
    process_rule: _document_pb2.ProcessRule
    indexing_technique: str
    doc_form: str
    doc_language: str
    dataset_id: str
    def __init__(self, info_list: _Optional[_Union[DataSource.InfoList, _Mapping]] = ..., process_rule: _Optional[_Union[_document_pb2.ProcessRule, _Mapping]] = ..., indexing_technique: _Optional[str] = ..., doc_form: _Optional[str] = ..., doc_language: _Optional[str] = ..., dataset_id: _Optional[str] = ...) -> None: ...

class IndexingEstimate(_message.Message):
    __slots__ = ("total_segments", "preview", "qa_preview")
    class PreviewSegment(_message.Message):
        __slots__ = ("content", "child_chunks", "summary")
        CONTENT_FIELD_NUMBER: _ClassVar[int]
        CHILD_CHUNKS_FIELD_NUMBER: _ClassVar[int]
        SUMMARY_FIELD_NUMBER: _ClassVar[int]
        content: str
        child_chunks: _containers.RepeatedScalarFieldContainer[str]
        summary: str
        def __init__(self, content: _Optional[str] = ..., child_chunks: _Optional[_Iterable[str]] = ..., summary: _Optional[str] = ...) -> None: ...
    TOTAL_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    QA_PREVIEW_FIELD_NUMBER: _ClassVar[int]
    total_segments: int
    preview: _containers.RepeatedCompositeFieldContainer[IndexingEstimate.PreviewSegment]
    qa_preview: _struct_pb2.ListValue
    def __init__(self, total_segments: _Optional[int] = ..., preview: _Optional[_Iterable[_Union[IndexingEstimate.PreviewSegment, _Mapping]]] = ..., qa_preview: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ...) -> None: ...

class GetProcessRuleRequest(_message.Message):
    __slots__ = ("document_id",)
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    document_id: str
    def __init__(self, document_id: _Optional[str] = ...) -> None: ...

class ProcessRuleView(_message.Message):
    __slots__ = ("mode", "rules", "limits")
    MODE_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    mode: str
    rules: _struct_pb2.Struct
    limits: _struct_pb2.Struct
    def __init__(self, mode: _Optional[str] = ..., rules: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., limits: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class DeleteDocumentsRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[_Iterable[str]] = ...) -> None: ...

class GetDocumentStatusRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ...) -> None: ...

class UpdateDocumentsStatusRequest(_message.Message):
    __slots__ = ("dataset_id", "action", "document_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    action: str
    document_id: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., action: _Optional[str] = ..., document_id: _Optional[_Iterable[str]] = ...) -> None: ...

class ControlProcessingRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "action")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    action: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., action: _Optional[str] = ...) -> None: ...

class RetryDocumentsRequest(_message.Message):
    __slots__ = ("dataset_id", "document_ids")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., document_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class RenameDocumentRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "name")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    name: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class CreateSegmentRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "content", "answer", "keywords", "attachment_ids")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    KEYWORDS_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    content: str
    answer: str
    keywords: _containers.RepeatedScalarFieldContainer[str]
    attachment_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., content: _Optional[str] = ..., answer: _Optional[str] = ..., keywords: _Optional[_Iterable[str]] = ..., attachment_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class UpdateSegmentRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "segment_id", "content", "answer", "keywords", "regenerate_child_chunks", "attachment_ids", "summary")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    KEYWORDS_FIELD_NUMBER: _ClassVar[int]
    REGENERATE_CHILD_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    segment_id: str
    content: str
    answer: str
    keywords: _containers.RepeatedScalarFieldContainer[str]
    regenerate_child_chunks: bool
    attachment_ids: _struct_pb2.ListValue
    summary: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., segment_id: _Optional[str] = ..., content: _Optional[str] = ..., answer: _Optional[str] = ..., keywords: _Optional[_Iterable[str]] = ..., regenerate_child_chunks: _Optional[bool] = ..., attachment_ids: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ..., summary: _Optional[str] = ...) -> None: ...

class DeleteSegmentsRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "segment_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    segment_id: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., segment_id: _Optional[_Iterable[str]] = ...) -> None: ...

class SwitchSegmentsRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "action", "segment_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    action: str
    segment_id: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., action: _Optional[str] = ..., segment_id: _Optional[_Iterable[str]] = ...) -> None: ...

class ListBuiltInMetadataRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetRetrievalSettingRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RetrievalSetting(_message.Message):
    __slots__ = ("retrieval_method",)
    RETRIEVAL_METHOD_FIELD_NUMBER: _ClassVar[int]
    retrieval_method: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, retrieval_method: _Optional[_Iterable[str]] = ...) -> None: ...

class ErrorDocuments(_message.Message):
    __slots__ = ("data", "total")
    DATA_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_document_pb2.IndexingStatus]
    total: int
    def __init__(self, data: _Optional[_Iterable[_Union[_document_pb2.IndexingStatus, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class RelatedApps(_message.Message):
    __slots__ = ("data", "total")
    class RelatedApp(_message.Message):
        __slots__ = ("id", "name", "mode", "icon_type", "icon", "icon_background", "icon_url")
        ID_FIELD_NUMBER: _ClassVar[int]
        NAME_FIELD_NUMBER: _ClassVar[int]
        MODE_FIELD_NUMBER: _ClassVar[int]
        ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
        ICON_FIELD_NUMBER: _ClassVar[int]
        ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
        ICON_URL_FIELD_NUMBER: _ClassVar[int]
        id: str
        name: str
        mode: str
        icon_type: str
        icon: str
        icon_background: str
        icon_url: str
        def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., mode: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., icon_url: _Optional[str] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[RelatedApps.RelatedApp]
    total: int
    def __init__(self, data: _Optional[_Iterable[_Union[RelatedApps.RelatedApp, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class ListDatasetQueriesRequest(_message.Message):
    __slots__ = ("dataset_id", "page", "limit")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    page: int
    limit: int
    def __init__(self, dataset_id: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class DatasetQueries(_message.Message):
    __slots__ = ("data", "has_more", "limit", "total", "page")
    class DatasetQuery(_message.Message):
        __slots__ = ("id", "queries", "source", "source_app_id", "created_by_role", "created_by", "created_at")
        ID_FIELD_NUMBER: _ClassVar[int]
        QUERIES_FIELD_NUMBER: _ClassVar[int]
        SOURCE_FIELD_NUMBER: _ClassVar[int]
        SOURCE_APP_ID_FIELD_NUMBER: _ClassVar[int]
        CREATED_BY_ROLE_FIELD_NUMBER: _ClassVar[int]
        CREATED_BY_FIELD_NUMBER: _ClassVar[int]
        CREATED_AT_FIELD_NUMBER: _ClassVar[int]
        id: str
        queries: _containers.RepeatedCompositeFieldContainer[DatasetQueries.QueryContent]
        source: str
        source_app_id: str
        created_by_role: str
        created_by: str
        created_at: int
        def __init__(self, id: _Optional[str] = ..., queries: _Optional[_Iterable[_Union[DatasetQueries.QueryContent, _Mapping]]] = ..., source: _Optional[str] = ..., source_app_id: _Optional[str] = ..., created_by_role: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ...) -> None: ...
    class QueryContent(_message.Message):
        __slots__ = ("content_type", "content", "file_info")
        CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
        CONTENT_FIELD_NUMBER: _ClassVar[int]
        FILE_INFO_FIELD_NUMBER: _ClassVar[int]
        content_type: str
        content: str
        file_info: _struct_pb2.Value
        def __init__(self, content_type: _Optional[str] = ..., content: _Optional[str] = ..., file_info: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[DatasetQueries.DatasetQuery]
    has_more: bool
    limit: int
    total: int
    page: int
    def __init__(self, data: _Optional[_Iterable[_Union[DatasetQueries.DatasetQuery, _Mapping]]] = ..., has_more: _Optional[bool] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., page: _Optional[int] = ...) -> None: ...
