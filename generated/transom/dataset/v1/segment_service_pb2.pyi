from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.dataset.v1 import segment_pb2 as _segment_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateSegmentsRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "segments")
    class NewSegment(_message.Message):
        __slots__ = ("content", "answer", "keywords", "attachment_ids")
        CONTENT_FIELD_NUMBER: _ClassVar[int]
        ANSWER_FIELD_NUMBER: _ClassVar[int]
        KEYWORDS_FIELD_NUMBER: _ClassVar[int]
        ATTACHMENT_IDS_FIELD_NUMBER: _ClassVar[int]
        content: str
        answer: str
        keywords: _containers.RepeatedScalarFieldContainer[str]
        attachment_ids: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, content: _Optional[str] = ..., answer: _Optional[str] = ..., keywords: _Optional[_Iterable[str]] = ..., attachment_ids: _Optional[_Iterable[str]] = ...) -> None: ...
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    segments: _containers.RepeatedCompositeFieldContainer[CreateSegmentsRequest.NewSegment]
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., segments: _Optional[_Iterable[_Union[CreateSegmentsRequest.NewSegment, _Mapping]]] = ...) -> None: ...

class CreateSegmentsResponse(_message.Message):
    __slots__ = ("data", "doc_form")
    DATA_FIELD_NUMBER: _ClassVar[int]
    DOC_FORM_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_segment_pb2.Segment]
    doc_form: str
    def __init__(self, data: _Optional[_Iterable[_Union[_segment_pb2.Segment, _Mapping]]] = ..., doc_form: _Optional[str] = ...) -> None: ...

class ListSegmentsRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "status", "keyword", "page", "limit")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    status: _containers.RepeatedScalarFieldContainer[str]
    keyword: str
    page: int
    limit: int
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., status: _Optional[_Iterable[str]] = ..., keyword: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class ListSegmentsResponse(_message.Message):
    __slots__ = ("data", "doc_form", "total", "has_more", "limit", "page")
    DATA_FIELD_NUMBER: _ClassVar[int]
    DOC_FORM_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_segment_pb2.Segment]
    doc_form: str
    total: int
    has_more: bool
    limit: int
    page: int
    def __init__(self, data: _Optional[_Iterable[_Union[_segment_pb2.Segment, _Mapping]]] = ..., doc_form: _Optional[str] = ..., total: _Optional[int] = ..., has_more: _Optional[bool] = ..., limit: _Optional[int] = ..., page: _Optional[int] = ...) -> None: ...

class GetSegmentRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "segment_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    segment_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., segment_id: _Optional[str] = ...) -> None: ...

class SegmentEnvelope(_message.Message):
    __slots__ = ("data", "doc_form")
    DATA_FIELD_NUMBER: _ClassVar[int]
    DOC_FORM_FIELD_NUMBER: _ClassVar[int]
    data: _segment_pb2.Segment
    doc_form: str
    def __init__(self, data: _Optional[_Union[_segment_pb2.Segment, _Mapping]] = ..., doc_form: _Optional[str] = ...) -> None: ...

class UpdateSegmentRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "segment_id", "segment")
    class SegmentChange(_message.Message):
        __slots__ = ("content", "answer", "keywords", "enabled", "regenerate_child_chunks", "attachment_ids", "summary")
        CONTENT_FIELD_NUMBER: _ClassVar[int]
        ANSWER_FIELD_NUMBER: _ClassVar[int]
        KEYWORDS_FIELD_NUMBER: _ClassVar[int]
        ENABLED_FIELD_NUMBER: _ClassVar[int]
        REGENERATE_CHILD_CHUNKS_FIELD_NUMBER: _ClassVar[int]
        ATTACHMENT_IDS_FIELD_NUMBER: _ClassVar[int]
        SUMMARY_FIELD_NUMBER: _ClassVar[int]
        content: str
        answer: str
        keywords: _containers.RepeatedScalarFieldContainer[str]
        enabled: bool
        regenerate_child_chunks: bool
        attachment_ids: _struct_pb2.ListValue
        summary: str
        def __init__(self, content: _Optional[str] = ..., answer: _Optional[str] = ..., keywords: _Optional[_Iterable[str]] = ..., enabled: _Optional[bool] = ..., regenerate_child_chunks: _Optional[bool] = ..., attachment_ids: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ..., summary: _Optional[str] = ...) -> None: ...
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    segment_id: str
    segment: UpdateSegmentRequest.SegmentChange
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., segment_id: _Optional[str] = ..., segment: _Optional[_Union[UpdateSegmentRequest.SegmentChange, _Mapping]] = ...) -> None: ...

class DeleteSegmentRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "segment_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    segment_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., segment_id: _Optional[str] = ...) -> None: ...

class CreateChildChunkRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "segment_id", "content")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    segment_id: str
    content: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., segment_id: _Optional[str] = ..., content: _Optional[str] = ...) -> None: ...

class ListChildChunksRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "segment_id", "page", "limit", "keyword")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    segment_id: str
    page: int
    limit: int
    keyword: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., segment_id: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ..., keyword: _Optional[str] = ...) -> None: ...

class ListChildChunksResponse(_message.Message):
    __slots__ = ("data", "total", "total_pages", "page", "limit")
    DATA_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PAGES_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_segment_pb2.ChildChunk]
    total: int
    total_pages: int
    page: int
    limit: int
    def __init__(self, data: _Optional[_Iterable[_Union[_segment_pb2.ChildChunk, _Mapping]]] = ..., total: _Optional[int] = ..., total_pages: _Optional[int] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class UpdateChildChunkRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "segment_id", "child_chunk_id", "content")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHILD_CHUNK_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    segment_id: str
    child_chunk_id: str
    content: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., segment_id: _Optional[str] = ..., child_chunk_id: _Optional[str] = ..., content: _Optional[str] = ...) -> None: ...

class DeleteChildChunkRequest(_message.Message):
    __slots__ = ("dataset_id", "document_id", "segment_id", "child_chunk_id")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHILD_CHUNK_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    document_id: str
    segment_id: str
    child_chunk_id: str
    def __init__(self, dataset_id: _Optional[str] = ..., document_id: _Optional[str] = ..., segment_id: _Optional[str] = ..., child_chunk_id: _Optional[str] = ...) -> None: ...

class ChildChunkEnvelope(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _segment_pb2.ChildChunk
    def __init__(self, data: _Optional[_Union[_segment_pb2.ChildChunk, _Mapping]] = ...) -> None: ...
