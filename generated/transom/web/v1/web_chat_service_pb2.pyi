from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.run.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SendWebChatMessageRequest(_message.Message):
    __slots__ = ("inputs", "query", "response_mode", "conversation_id", "parent_message_id", "files", "retriever_from")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MODE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    RETRIEVER_FROM_FIELD_NUMBER: _ClassVar[int]
    inputs: _struct_pb2.Struct
    query: str
    response_mode: str
    conversation_id: str
    parent_message_id: str
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    retriever_from: str
    def __init__(self, inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query: _Optional[str] = ..., response_mode: _Optional[str] = ..., conversation_id: _Optional[str] = ..., parent_message_id: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., retriever_from: _Optional[str] = ...) -> None: ...

class SendWebCompletionMessageRequest(_message.Message):
    __slots__ = ("inputs", "query", "response_mode", "files", "retriever_from")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MODE_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    RETRIEVER_FROM_FIELD_NUMBER: _ClassVar[int]
    inputs: _struct_pb2.Struct
    query: str
    response_mode: str
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    retriever_from: str
    def __init__(self, inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query: _Optional[str] = ..., response_mode: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., retriever_from: _Optional[str] = ...) -> None: ...

class MoreLikeThisRequest(_message.Message):
    __slots__ = ("message_id", "response_mode")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MODE_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    response_mode: str
    def __init__(self, message_id: _Optional[str] = ..., response_mode: _Optional[str] = ...) -> None: ...

class StopWebMessageRequest(_message.Message):
    __slots__ = ("task_id",)
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    def __init__(self, task_id: _Optional[str] = ...) -> None: ...

class ResumeWebMessageRequest(_message.Message):
    __slots__ = ("task_id", "after_sequence")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    after_sequence: int
    def __init__(self, task_id: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class SendWebChatMessageResponse(_message.Message):
    __slots__ = ("event", "task_id", "id", "message_id", "conversation_id", "mode", "answer", "metadata", "created_at")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    event: str
    task_id: str
    id: str
    message_id: str
    conversation_id: str
    mode: str
    answer: str
    metadata: SimpleMetadata
    created_at: int
    def __init__(self, event: _Optional[str] = ..., task_id: _Optional[str] = ..., id: _Optional[str] = ..., message_id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., mode: _Optional[str] = ..., answer: _Optional[str] = ..., metadata: _Optional[_Union[SimpleMetadata, _Mapping]] = ..., created_at: _Optional[int] = ...) -> None: ...

class SendWebCompletionMessageResponse(_message.Message):
    __slots__ = ("event", "task_id", "id", "message_id", "mode", "answer", "metadata", "created_at")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    event: str
    task_id: str
    id: str
    message_id: str
    mode: str
    answer: str
    metadata: SimpleMetadata
    created_at: int
    def __init__(self, event: _Optional[str] = ..., task_id: _Optional[str] = ..., id: _Optional[str] = ..., message_id: _Optional[str] = ..., mode: _Optional[str] = ..., answer: _Optional[str] = ..., metadata: _Optional[_Union[SimpleMetadata, _Mapping]] = ..., created_at: _Optional[int] = ...) -> None: ...

class SimpleMetadata(_message.Message):
    __slots__ = ("retriever_resources",)
    class Citation(_message.Message):
        __slots__ = ("dataset_id", "dataset_name", "document_id", "segment_id", "position", "data_source_type", "document_name", "score", "hit_count", "word_count", "segment_position", "index_node_hash", "content", "page", "title", "files", "summary")
        DATASET_ID_FIELD_NUMBER: _ClassVar[int]
        DATASET_NAME_FIELD_NUMBER: _ClassVar[int]
        DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
        SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
        POSITION_FIELD_NUMBER: _ClassVar[int]
        DATA_SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
        DOCUMENT_NAME_FIELD_NUMBER: _ClassVar[int]
        SCORE_FIELD_NUMBER: _ClassVar[int]
        HIT_COUNT_FIELD_NUMBER: _ClassVar[int]
        WORD_COUNT_FIELD_NUMBER: _ClassVar[int]
        SEGMENT_POSITION_FIELD_NUMBER: _ClassVar[int]
        INDEX_NODE_HASH_FIELD_NUMBER: _ClassVar[int]
        CONTENT_FIELD_NUMBER: _ClassVar[int]
        PAGE_FIELD_NUMBER: _ClassVar[int]
        TITLE_FIELD_NUMBER: _ClassVar[int]
        FILES_FIELD_NUMBER: _ClassVar[int]
        SUMMARY_FIELD_NUMBER: _ClassVar[int]
        dataset_id: str
        dataset_name: str
        document_id: str
        segment_id: str
        position: int
        data_source_type: str
        document_name: str
        score: float
        hit_count: int
        word_count: int
        segment_position: int
        index_node_hash: str
        content: str
        page: int
        title: str
        files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
        summary: str
        def __init__(self, dataset_id: _Optional[str] = ..., dataset_name: _Optional[str] = ..., document_id: _Optional[str] = ..., segment_id: _Optional[str] = ..., position: _Optional[int] = ..., data_source_type: _Optional[str] = ..., document_name: _Optional[str] = ..., score: _Optional[float] = ..., hit_count: _Optional[int] = ..., word_count: _Optional[int] = ..., segment_position: _Optional[int] = ..., index_node_hash: _Optional[str] = ..., content: _Optional[str] = ..., page: _Optional[int] = ..., title: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., summary: _Optional[str] = ...) -> None: ...
    RETRIEVER_RESOURCES_FIELD_NUMBER: _ClassVar[int]
    retriever_resources: _containers.RepeatedCompositeFieldContainer[SimpleMetadata.Citation]
    def __init__(self, retriever_resources: _Optional[_Iterable[_Union[SimpleMetadata.Citation, _Mapping]]] = ...) -> None: ...
