from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Segment(_message.Message):
    __slots__ = ("id", "position", "document_id", "content", "sign_content", "answer", "word_count", "tokens", "keywords", "index_node_id", "index_node_hash", "hit_count", "enabled", "disabled_at", "disabled_by", "status", "created_by", "created_at", "updated_at", "updated_by", "indexing_at", "completed_at", "error", "stopped_at", "child_chunks", "attachments", "summary")
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
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    INDEXING_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STOPPED_AT_FIELD_NUMBER: _ClassVar[int]
    CHILD_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENTS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    id: str
    position: int
    document_id: str
    content: str
    sign_content: str
    answer: str
    word_count: int
    tokens: int
    keywords: KeywordList
    index_node_id: str
    index_node_hash: str
    hit_count: int
    enabled: bool
    disabled_at: int
    disabled_by: str
    status: str
    created_by: str
    created_at: int
    updated_at: int
    updated_by: str
    indexing_at: int
    completed_at: int
    error: str
    stopped_at: int
    child_chunks: _containers.RepeatedCompositeFieldContainer[ChildChunk]
    attachments: _containers.RepeatedCompositeFieldContainer[SegmentAttachment]
    summary: str
    def __init__(self, id: _Optional[str] = ..., position: _Optional[int] = ..., document_id: _Optional[str] = ..., content: _Optional[str] = ..., sign_content: _Optional[str] = ..., answer: _Optional[str] = ..., word_count: _Optional[int] = ..., tokens: _Optional[int] = ..., keywords: _Optional[_Union[KeywordList, _Mapping]] = ..., index_node_id: _Optional[str] = ..., index_node_hash: _Optional[str] = ..., hit_count: _Optional[int] = ..., enabled: _Optional[bool] = ..., disabled_at: _Optional[int] = ..., disabled_by: _Optional[str] = ..., status: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_at: _Optional[int] = ..., updated_by: _Optional[str] = ..., indexing_at: _Optional[int] = ..., completed_at: _Optional[int] = ..., error: _Optional[str] = ..., stopped_at: _Optional[int] = ..., child_chunks: _Optional[_Iterable[_Union[ChildChunk, _Mapping]]] = ..., attachments: _Optional[_Iterable[_Union[SegmentAttachment, _Mapping]]] = ..., summary: _Optional[str] = ...) -> None: ...

class KeywordList(_message.Message):
    __slots__ = ("words",)
    WORDS_FIELD_NUMBER: _ClassVar[int]
    words: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, words: _Optional[_Iterable[str]] = ...) -> None: ...

class SegmentAttachment(_message.Message):
    __slots__ = ("id", "name", "size", "extension", "mime_type", "source_url")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    EXTENSION_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_URL_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    size: int
    extension: str
    mime_type: str
    source_url: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., size: _Optional[int] = ..., extension: _Optional[str] = ..., mime_type: _Optional[str] = ..., source_url: _Optional[str] = ...) -> None: ...

class ChildChunk(_message.Message):
    __slots__ = ("id", "segment_id", "content", "position", "word_count", "type", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    WORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    segment_id: str
    content: str
    position: int
    word_count: int
    type: str
    created_at: int
    updated_at: int
    def __init__(self, id: _Optional[str] = ..., segment_id: _Optional[str] = ..., content: _Optional[str] = ..., position: _Optional[int] = ..., word_count: _Optional[int] = ..., type: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_at: _Optional[int] = ...) -> None: ...
