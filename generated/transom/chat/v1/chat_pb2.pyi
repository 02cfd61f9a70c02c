from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SendChatMessageRequest(_message.Message):
    __slots__ = ("inputs", "query", "response_mode", "conversation_id", "user", "files", "auto_generate_name", "workflow_id", "trace_id", "retriever_from")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MODE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    AUTO_GENERATE_NAME_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    RETRIEVER_FROM_FIELD_NUMBER: _ClassVar[int]
    inputs: _struct_pb2.Struct
    query: str
    response_mode: str
    conversation_id: str
    user: str
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    auto_generate_name: bool
    workflow_id: str
    trace_id: str
    retriever_from: str
    def __init__(self, inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query: _Optional[str] = ..., response_mode: _Optional[str] = ..., conversation_id: _Optional[str] = ..., user: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., auto_generate_name: _Optional[bool] = ..., workflow_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., retriever_from: _Optional[str] = ...) -> None: ...

class SendChatMessageResponse(_message.Message):
    __slots__ = ("event", "task_id", "id", "message_id", "conversation_id", "mode", "answer", "metadata", "created_at", "workflow_run_id", "data")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    event: str
    task_id: str
    id: str
    message_id: str
    conversation_id: str
    mode: str
    answer: str
    metadata: _common_pb2.AnswerMetadata
    created_at: int
    workflow_run_id: str
    data: PausedChat
    def __init__(self, event: _Optional[str] = ..., task_id: _Optional[str] = ..., id: _Optional[str] = ..., message_id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., mode: _Optional[str] = ..., answer: _Optional[str] = ..., metadata: _Optional[_Union[_common_pb2.AnswerMetadata, _Mapping]] = ..., created_at: _Optional[int] = ..., workflow_run_id: _Optional[str] = ..., data: _Optional[_Union[PausedChat, _Mapping]] = ...) -> None: ...

class PausedChat(_message.Message):
    __slots__ = ("id", "mode", "conversation_id", "message_id", "workflow_run_id", "answer", "metadata", "created_at", "paused_nodes", "reasons", "status", "elapsed_time", "total_tokens", "total_steps")
    ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    PAUSED_NODES_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    id: str
    mode: str
    conversation_id: str
    message_id: str
    workflow_run_id: str
    answer: str
    metadata: _common_pb2.AnswerMetadata
    created_at: int
    paused_nodes: _containers.RepeatedScalarFieldContainer[str]
    reasons: _common_pb2.Json
    status: str
    elapsed_time: float
    total_tokens: int
    total_steps: int
    def __init__(self, id: _Optional[str] = ..., mode: _Optional[str] = ..., conversation_id: _Optional[str] = ..., message_id: _Optional[str] = ..., workflow_run_id: _Optional[str] = ..., answer: _Optional[str] = ..., metadata: _Optional[_Union[_common_pb2.AnswerMetadata, _Mapping]] = ..., created_at: _Optional[int] = ..., paused_nodes: _Optional[_Iterable[str]] = ..., reasons: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., status: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., total_tokens: _Optional[int] = ..., total_steps: _Optional[int] = ...) -> None: ...

class SendCompletionMessageRequest(_message.Message):
    __slots__ = ("inputs", "query", "response_mode", "user", "files", "trace_id", "retriever_from")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MODE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    RETRIEVER_FROM_FIELD_NUMBER: _ClassVar[int]
    inputs: _struct_pb2.Struct
    query: str
    response_mode: str
    user: str
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    trace_id: str
    retriever_from: str
    def __init__(self, inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query: _Optional[str] = ..., response_mode: _Optional[str] = ..., user: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., trace_id: _Optional[str] = ..., retriever_from: _Optional[str] = ...) -> None: ...

class SendCompletionMessageResponse(_message.Message):
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
    metadata: _common_pb2.AnswerMetadata
    created_at: int
    def __init__(self, event: _Optional[str] = ..., task_id: _Optional[str] = ..., id: _Optional[str] = ..., message_id: _Optional[str] = ..., mode: _Optional[str] = ..., answer: _Optional[str] = ..., metadata: _Optional[_Union[_common_pb2.AnswerMetadata, _Mapping]] = ..., created_at: _Optional[int] = ...) -> None: ...

class StopMessageRequest(_message.Message):
    __slots__ = ("task_id", "user")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    user: str
    def __init__(self, task_id: _Optional[str] = ..., user: _Optional[str] = ...) -> None: ...

class ResumeMessageRequest(_message.Message):
    __slots__ = ("task_id", "user", "after_sequence")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    user: str
    after_sequence: int
    def __init__(self, task_id: _Optional[str] = ..., user: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...
