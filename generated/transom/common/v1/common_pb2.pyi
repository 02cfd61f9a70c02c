from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Result(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: str
    def __init__(self, result: _Optional[str] = ...) -> None: ...

class Usage(_message.Message):
    __slots__ = ("prompt_tokens", "prompt_unit_price", "prompt_price_unit", "prompt_price", "completion_tokens", "completion_unit_price", "completion_price_unit", "completion_price", "total_tokens", "total_price", "currency", "latency", "time_to_first_token", "time_to_generate")
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    PROMPT_PRICE_UNIT_FIELD_NUMBER: _ClassVar[int]
    PROMPT_PRICE_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_PRICE_UNIT_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_PRICE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PRICE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_FIRST_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_GENERATE_FIELD_NUMBER: _ClassVar[int]
    prompt_tokens: int
    prompt_unit_price: str
    prompt_price_unit: str
    prompt_price: str
    completion_tokens: int
    completion_unit_price: str
    completion_price_unit: str
    completion_price: str
    total_tokens: int
    total_price: str
    currency: str
    latency: float
    time_to_first_token: float
    time_to_generate: float
    def __init__(self, prompt_tokens: _Optional[int] = ..., prompt_unit_price: _Optional[str] = ..., prompt_price_unit: _Optional[str] = ..., prompt_price: _Optional[str] = ..., completion_tokens: _Optional[int] = ..., completion_unit_price: _Optional[str] = ..., completion_price_unit: _Optional[str] = ..., completion_price: _Optional[str] = ..., total_tokens: _Optional[int] = ..., total_price: _Optional[str] = ..., currency: _Optional[str] = ..., latency: _Optional[float] = ..., time_to_first_token: _Optional[float] = ..., time_to_generate: _Optional[float] = ...) -> None: ...

class RetrieverResource(_message.Message):
    __slots__ = ("position", "dataset_id", "dataset_name", "document_id", "document_name", "data_source_type", "segment_id", "retriever_from", "score", "hit_count", "word_count", "segment_position", "index_node_hash", "content", "page", "doc_metadata", "title", "files", "summary")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DATASET_NAME_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RETRIEVER_FROM_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    HIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    WORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_POSITION_FIELD_NUMBER: _ClassVar[int]
    INDEX_NODE_HASH_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    DOC_METADATA_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    position: int
    dataset_id: str
    dataset_name: str
    document_id: str
    document_name: str
    data_source_type: str
    segment_id: str
    retriever_from: str
    score: float
    hit_count: int
    word_count: int
    segment_position: int
    index_node_hash: str
    content: str
    page: int
    doc_metadata: _struct_pb2.Struct
    title: str
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    summary: str
    def __init__(self, position: _Optional[int] = ..., dataset_id: _Optional[str] = ..., dataset_name: _Optional[str] = ..., document_id: _Optional[str] = ..., document_name: _Optional[str] = ..., data_source_type: _Optional[str] = ..., segment_id: _Optional[str] = ..., retriever_from: _Optional[str] = ..., score: _Optional[float] = ..., hit_count: _Optional[int] = ..., word_count: _Optional[int] = ..., segment_position: _Optional[int] = ..., index_node_hash: _Optional[str] = ..., content: _Optional[str] = ..., page: _Optional[int] = ..., doc_metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., title: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., summary: _Optional[str] = ...) -> None: ...

class AnnotationReply(_message.Message):
    __slots__ = ("id", "account")
    class Author(_message.Message):
        __slots__ = ("id", "name")
        ID_FIELD_NUMBER: _ClassVar[int]
        NAME_FIELD_NUMBER: _ClassVar[int]
        id: str
        name: str
        def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    id: str
    account: AnnotationReply.Author
    def __init__(self, id: _Optional[str] = ..., account: _Optional[_Union[AnnotationReply.Author, _Mapping]] = ...) -> None: ...

class AnswerMetadata(_message.Message):
    __slots__ = ("annotation_reply", "retriever_resources", "usage")
    ANNOTATION_REPLY_FIELD_NUMBER: _ClassVar[int]
    RETRIEVER_RESOURCES_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    annotation_reply: AnnotationReply
    retriever_resources: _containers.RepeatedCompositeFieldContainer[RetrieverResource]
    usage: Usage
    def __init__(self, annotation_reply: _Optional[_Union[AnnotationReply, _Mapping]] = ..., retriever_resources: _Optional[_Iterable[_Union[RetrieverResource, _Mapping]]] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...

class Json(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...
