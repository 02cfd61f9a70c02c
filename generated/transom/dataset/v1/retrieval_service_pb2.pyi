from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.dataset.v1 import dataset_pb2 as _dataset_pb2
from transom.dataset.v1 import segment_pb2 as _segment_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RetrieveSegmentsRequest(_message.Message):
    __slots__ = ("dataset_id", "query", "retrieval_model", "external_retrieval_model", "attachment_ids", "explain")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    RETRIEVAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_RETRIEVAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    query: str
    retrieval_model: _dataset_pb2.RetrievalModel
    external_retrieval_model: _dataset_pb2.ExternalRetrievalModel
    attachment_ids: _containers.RepeatedScalarFieldContainer[str]
    explain: bool
    def __init__(self, dataset_id: _Optional[str] = ..., query: _Optional[str] = ..., retrieval_model: _Optional[_Union[_dataset_pb2.RetrievalModel, _Mapping]] = ..., external_retrieval_model: _Optional[_Union[_dataset_pb2.ExternalRetrievalModel, _Mapping]] = ..., attachment_ids: _Optional[_Iterable[str]] = ..., explain: _Optional[bool] = ...) -> None: ...

class RetrieveSegmentsResponse(_message.Message):
    __slots__ = ("query", "records", "explanation")
    class Query(_message.Message):
        __slots__ = ("content",)
        CONTENT_FIELD_NUMBER: _ClassVar[int]
        content: str
        def __init__(self, content: _Optional[str] = ...) -> None: ...
    QUERY_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    query: RetrieveSegmentsResponse.Query
    records: _containers.RepeatedCompositeFieldContainer[RetrievalRecord]
    explanation: Explanation
    def __init__(self, query: _Optional[_Union[RetrieveSegmentsResponse.Query, _Mapping]] = ..., records: _Optional[_Iterable[_Union[RetrievalRecord, _Mapping]]] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ...) -> None: ...

class RetrievalRecord(_message.Message):
    __slots__ = ("segment", "child_chunks", "score", "tsne_position", "files", "summary")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    CHILD_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    TSNE_POSITION_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    segment: RetrievedSegment
    child_chunks: _containers.RepeatedCompositeFieldContainer[RetrievedChild]
    score: float
    tsne_position: _struct_pb2.Value
    files: _containers.RepeatedCompositeFieldContainer[_segment_pb2.SegmentAttachment]
    summary: str
    def __init__(self, segment: _Optional[_Union[RetrievedSegment, _Mapping]] = ..., child_chunks: _Optional[_Iterable[_Union[RetrievedChild, _Mapping]]] = ..., score: _Optional[float] = ..., tsne_position: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., files: _Optional[_Iterable[_Union[_segment_pb2.SegmentAttachment, _Mapping]]] = ..., summary: _Optional[str] = ...) -> None: ...

class RetrievedSegment(_message.Message):
    __slots__ = ("id", "position", "document_id", "content", "sign_content", "answer", "word_count", "tokens", "keywords", "index_node_id", "index_node_hash", "hit_count", "enabled", "disabled_at", "disabled_by", "status", "created_by", "created_at", "indexing_at", "completed_at", "error", "stopped_at", "document")
    ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    SIGN_CONTENT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    WORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    KEYWORDS_FIELD_NUMBER: _ClassVar[int]
    INDEX_NODE_ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_NODE_HASH_FIELD_NUMBER: _ClassVar[int]
    HIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    DISABLED_AT_FIELD_NUMBER: _ClassVar[int]
    DISABLED_BY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    INDEXING_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STOPPED_AT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    id: str
    position: int
    document_id: str
    content: str
    sign_content: str
    answer: str
    word_count: int
    tokens: int
    keywords: _segment_pb2.KeywordList
    index_node_id: str
    index_node_hash: str
    hit_count: int
    enabled: bool
    disabled_at: int
    disabled_by: str
    status: str
    created_by: str
    created_at: int
    indexing_at: int
    completed_at: int
    error: str
    stopped_at: int
    document: RetrievedDocument
    def __init__(self, id: _Optional[str] = ..., position: _Optional[int] = ..., document_id: _Optional[str] = ..., content: _Optional[str] = ..., sign_content: _Optional[str] = ..., answer: _Optional[str] = ..., word_count: _Optional[int] = ..., tokens: _Optional[int] = ..., keywords: _Optional[_Union[_segment_pb2.KeywordList, _Mapping]] = ..., index_node_id: _Optional[str] = ..., index_node_hash: _Optional[str] = ..., hit_count: _Optional[int] = ..., enabled: _Optional[bool] = ..., disabled_at: _Optional[int] = ..., disabled_by: _Optional[str] = ..., status: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ..., indexing_at: _Optional[int] = ..., completed_at: _Optional[int] = ..., error: _Optional[str] = ..., stopped_at: _Optional[int] = ..., document: _Optional[_Union[RetrievedDocument, _Mapping]] = ...) -> None: ...

class RetrievedDocument(_message.Message):
    __slots__ = ("id", "data_source_type", "name", "doc_type", "doc_metadata")
    ID_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DOC_TYPE_FIELD_NUMBER: _ClassVar[int]
    DOC_METADATA_FIELD_NUMBER: _ClassVar[int]
    id: str
    data_source_type: str
    name: str
    doc_type: str
    doc_metadata: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., data_source_type: _Optional[str] = ..., name: _Optional[str] = ..., doc_type: _Optional[str] = ..., doc_metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class RetrievedChild(_message.Message):
    __slots__ = ("id", "content", "position", "score")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    id: str
    content: str
    position: int
    score: float
    def __init__(self, id: _Optional[str] = ..., content: _Optional[str] = ..., position: _Optional[int] = ..., score: _Optional[float] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("search_method", "stages", "candidates")
    class Stage(_message.Message):
        __slots__ = ("name", "milliseconds", "count")
        NAME_FIELD_NUMBER: _ClassVar[int]
        MILLISECONDS_FIELD_NUMBER: _ClassVar[int]
        COUNT_FIELD_NUMBER: _ClassVar[int]
        name: str
        milliseconds: float
        count: int
        def __init__(self, name: _Optional[str] = ..., milliseconds: _Optional[float] = ..., count: _Optional[int] = ...) -> None: ...
    class Candidate(_message.Message):
        __slots__ = ("segment_id", "vector_score", "text_score", "score_before", "score_after", "returned")
        SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
        VECTOR_SCORE_FIELD_NUMBER: _ClassVar[int]
        TEXT_SCORE_FIELD_NUMBER: _ClassVar[int]
        SCORE_BEFORE_FIELD_NUMBER: _ClassVar[int]
        SCORE_AFTER_FIELD_NUMBER: _ClassVar[int]
        RETURNED_FIELD_NUMBER: _ClassVar[int]
        segment_id: str
        vector_score: float
        text_score: float
        score_before: float
        score_after: float
        returned: bool
        def __init__(self, segment_id: _Optional[str] = ..., vector_score: _Optional[float] = ..., text_score: _Optional[float] = ..., score_before: _Optional[float] = ..., score_after: _Optional[float] = ..., returned: _Optional[bool] = ...) -> None: ...
    SEARCH_METHOD_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    search_method: str
    stages: _containers.RepeatedCompositeFieldContainer[Explanation.Stage]
    candidates: _containers.RepeatedCompositeFieldContainer[Explanation.Candidate]
    def __init__(self, search_method: _Optional[str] = ..., stages: _Optional[_Iterable[_Union[Explanation.Stage, _Mapping]]] = ..., candidates: _Optional[_Iterable[_Union[Explanation.Candidate, _Mapping]]] = ...) -> None: ...
