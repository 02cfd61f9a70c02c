from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Document(_message.Message):
    __slots__ = ("id", "position", "data_source_type", "data_source_info", "data_source_detail_dict", "dataset_process_rule_id", "name", "created_from", "created_by", "created_at", "tokens", "indexing_status", "error", "enabled", "disabled_at", "disabled_by", "archived", "display_status", "word_count", "hit_count", "doc_form", "doc_metadata", "summary_index_status", "need_summary")
    ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_INFO_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_DETAIL_DICT_FIELD_NUMBER: _ClassVar[int]
    DATASET_PROCESS_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CREATED_FROM_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    INDEXING_STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    DISABLED_AT_FIELD_NUMBER: _ClassVar[int]
    DISABLED_BY_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_STATUS_FIELD_NUMBER: _ClassVar[int]
    WORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    HIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    DOC_FORM_FIELD_NUMBER: _ClassVar[int]
    DOC_METADATA_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_INDEX_STATUS_FIELD_NUMBER: _ClassVar[int]
    NEED_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    id: str
    position: int
    data_source_type: str
    data_source_info: _struct_pb2.Struct
    data_source_detail_dict: _struct_pb2.Struct
    dataset_process_rule_id: str
    name: str
    created_from: str
    created_by: str
    created_at: int
    tokens: int
    indexing_status: str
    error: str
    enabled: bool
    disabled_at: int
    disabled_by: str
    archived: bool
    display_status: str
    word_count: int
    hit_count: int
    doc_form: str
    doc_metadata: DocumentMetadataValues
    summary_index_status: str
    need_summary: bool
    def __init__(self, id: _Optional[str] = ..., position: _Optional[int] = ..., data_source_type: _Optional[str] = ..., data_source_info: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., data_source_detail_dict: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., dataset_process_rule_id: _Optional[str] = ..., name: _Optional[str] = ..., created_from: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ..., tokens: _Optional[int] = ..., indexing_status: _Optional[str] = ..., error: _Optional[str] = ..., enabled: _Optional[bool] = ..., disabled_at: _Optional[int] = ..., disabled_by: _Optional[str] = ..., archived: _Optional[bool] = ..., display_status: _Optional[str] = ..., word_count: _Optional[int] = ..., hit_count: _Optional[int] = ..., doc_form: _Optional[str] = ..., doc_metadata: _Optional[_Union[DocumentMetadataValues, _Mapping]] = ..., summary_index_status: _Optional[str] = ..., need_summary: _Optional[bool] = ...) -> None: ...

class DocumentMetadataValues(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedCompositeFieldContainer[DocumentMetadataValue]
    def __init__(self, values: _Optional[_Iterable[_Union[DocumentMetadataValue, _Mapping]]] = ...) -> None: ...

class DocumentMetadataValue(_message.Message):
    __slots__ = ("id", "name", "type", "value")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    type: str
    value: _struct_pb2.Value
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...

class DocumentDetail(_message.Message):
    __slots__ = ("id", "position", "data_source_type", "data_source_info", "dataset_process_rule_id", "dataset_process_rule", "document_process_rule", "name", "created_from", "created_by", "created_at", "tokens", "indexing_status", "completed_at", "updated_at", "indexing_latency", "error", "enabled", "disabled_at", "disabled_by", "archived", "doc_type", "doc_metadata", "segment_count", "average_segment_length", "hit_count", "display_status", "doc_form", "doc_language", "summary_index_status", "need_summary")
    ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_INFO_FIELD_NUMBER: _ClassVar[int]
    DATASET_PROCESS_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    DATASET_PROCESS_RULE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_PROCESS_RULE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CREATED_FROM_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    INDEXING_STATUS_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    INDEXING_LATENCY_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    DISABLED_AT_FIELD_NUMBER: _ClassVar[int]
    DISABLED_BY_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    DOC_TYPE_FIELD_NUMBER: _ClassVar[int]
    DOC_METADATA_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_SEGMENT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    HIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_STATUS_FIELD_NUMBER: _ClassVar[int]
    DOC_FORM_FIELD_NUMBER: _ClassVar[int]
    DOC_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_INDEX_STATUS_FIELD_NUMBER: _ClassVar[int]
    NEED_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    id: str
    position: int
    data_source_type: str
    data_source_info: _struct_pb2.Struct
    dataset_process_rule_id: str
    dataset_process_rule: _struct_pb2.Struct
    document_process_rule: _struct_pb2.Struct
    name: str
    created_from: str
    created_by: str
    created_at: int
    tokens: int
    indexing_status: str
    completed_at: int
    updated_at: int
    indexing_latency: float
    error: str
    enabled: bool
    disabled_at: int
    disabled_by: str
    archived: bool
    doc_type: _struct_pb2.Value
    doc_metadata: OptionalMetadata
    segment_count: int
    average_segment_length: int
    hit_count: int
    display_status: str
    doc_form: str
    doc_language: str
    summary_index_status: str
    need_summary: bool
    def __init__(self, id: _Optional[str] = ..., position: _Optional[int] = ..., data_source_type: _Optional[str] = ..., data_source_info: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., dataset_process_rule_id: _Optional[str] = ..., dataset_process_rule: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., document_process_rule: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., name: _Optional[str] = ..., created_from: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ..., tokens: _Optional[int] = ..., indexing_status: _Optional[str] = ..., completed_at: _Optional[int] = ..., updated_at: _Optional[int] = ..., indexing_latency: _Optional[float] = ..., error: _Optional[str] = ..., enabled: _Optional[bool] = ..., disabled_at: _Optional[int] = ..., disabled_by: _Optional[str] = ..., archived: _Optional[bool] = ..., doc_type: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., doc_metadata: _Optional[_Union[OptionalMetadata, _Mapping]] = ..., segment_count: _Optional[int] = ..., average_segment_length: _Optional[int] = ..., hit_count: _Optional[int] = ..., display_status: _Optional[str] = ..., doc_form: _Optional[str] = ..., doc_language: _Optional[str] = ..., summary_index_status: _Optional[str] = ..., need_summary: _Optional[bool] = ...) -> None: ...

class OptionalMetadata(_message.Message):
    __slots__ = ("list",)
    LIST_FIELD_NUMBER: _ClassVar[int]
    list: DocumentMetadataValues
    def __init__(self, list: _Optional[_Union[DocumentMetadataValues, _Mapping]] = ...) -> None: ...

class DocumentMetadataOnly(_message.Message):
    __slots__ = ("id", "doc_type", "doc_metadata")
    ID_FIELD_NUMBER: _ClassVar[int]
    DOC_TYPE_FIELD_NUMBER: _ClassVar[int]
    DOC_METADATA_FIELD_NUMBER: _ClassVar[int]
    id: str
    doc_type: str
    doc_metadata: DocumentMetadataValues
    def __init__(self, id: _Optional[str] = ..., doc_type: _Optional[str] = ..., doc_metadata: _Optional[_Union[DocumentMetadataValues, _Mapping]] = ...) -> None: ...

class DocumentEnvelope(_message.Message):
    __slots__ = ("document", "batch")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    document: Document
    batch: str
    def __init__(self, document: _Optional[_Union[Document, _Mapping]] = ..., batch: _Optional[str] = ...) -> None: ...

class ProcessRule(_message.Message):
    __slots__ = ("mode", "rules")
    class ProcessRules(_message.Message):
        __slots__ = ("pre_processing_rules", "segmentation", "parent_mode", "subchunk_segmentation")
        PRE_PROCESSING_RULES_FIELD_NUMBER: _ClassVar[int]
        SEGMENTATION_FIELD_NUMBER: _ClassVar[int]
        PARENT_MODE_FIELD_NUMBER: _ClassVar[int]
        SUBCHUNK_SEGMENTATION_FIELD_NUMBER: _ClassVar[int]
        pre_processing_rules: _containers.RepeatedCompositeFieldContainer[ProcessRule.PreProcessingRule]
        segmentation: ProcessRule.Segmentation
        parent_mode: str
        subchunk_segmentation: ProcessRule.Segmentation
        def __init__(self, pre_processing_rules: _Optional[_Iterable[_Union[ProcessRule.PreProcessingRule, _Mapping]]] = ..., segmentation: _Optional[_Union[ProcessRule.Segmentation, _Mapping]] = ..., parent_mode: _Optional[str] = ..., subchunk_segmentation: _Optional[_Union[ProcessRule.Segmentation, _Mapping]] = ...) -> None: ...
    class PreProcessingRule(_message.Message):
        __slots__ = ("id", "enabled")
        ID_FIELD_NUMBER: _ClassVar[int]
        ENABLED_FIELD_NUMBER: _ClassVar[int]
        id: str
        enabled: bool
        def __init__(self, id: _Optional[str] = ..., enabled: _Optional[bool] = ...) -> None: ...
    class Segmentation(_message.Message):
        __slots__ = ("separator", "max_tokens", "chunk_overlap", "delimiter")
        SEPARATOR_FIELD_NUMBER: _ClassVar[int]
        MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
        CHUNK_OVERLAP_FIELD_NUMBER: _ClassVar[int]
        DELIMITER_FIELD_NUMBER: _ClassVar[int]
        separator: str
        max_tokens: int
        chunk_overlap: int
        delimiter: str
        def __init__(self, separator: _Optional[str] = ..., max_tokens: _Optional[int] = ..., chunk_overlap: _Optional[int] = ..., delimiter: _Optional[str] = ...) -> None: ...
    MODE_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    mode: str
    rules: ProcessRule.ProcessRules
    def __init__(self, mode: _Optional[str] = ..., rules: _Optional[_Union[ProcessRule.ProcessRules, _Mapping]] = ...) -> None: ...

class IndexingStatus(_message.Message):
    __slots__ = ("id", "indexing_status", "processing_started_at", "parsing_completed_at", "cleaning_completed_at", "splitting_completed_at", "completed_at", "paused_at", "error", "stopped_at", "completed_segments", "total_segments")
    ID_FIELD_NUMBER: _ClassVar[int]
    INDEXING_STATUS_FIELD_NUMBER: _ClassVar[int]
    PROCESSING_STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    PARSING_COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    CLEANING_COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    SPLITTING_COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    PAUSED_AT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STOPPED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    indexing_status: str
    processing_started_at: int
    parsing_completed_at: int
    cleaning_completed_at: int
    splitting_completed_at: int
    completed_at: int
    paused_at: int
    error: str
    stopped_at: int
    completed_segments: int
    total_segments: int
    def __init__(self, id: _Optional[str] = ..., indexing_status: _Optional[str] = ..., processing_started_at: _Optional[int] = ..., parsing_completed_at: _Optional[int] = ..., cleaning_completed_at: _Optional[int] = ..., splitting_completed_at: _Optional[int] = ..., completed_at: _Optional[int] = ..., paused_at: _Optional[int] = ..., error: _Optional[str] = ..., stopped_at: _Optional[int] = ..., completed_segments: _Optional[int] = ..., total_segments: _Optional[int] = ...) -> None: ...
