from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Conversation(_message.Message):
    __slots__ = ("id", "name", "inputs", "status", "introduction", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    INTRODUCTION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    inputs: _struct_pb2.Struct
    status: str
    introduction: str
    created_at: int
    updated_at: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., status: _Optional[str] = ..., introduction: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_at: _Optional[int] = ...) -> None: ...

class ConversationVariable(_message.Message):
    __slots__ = ("id", "name", "value_type", "value", "description", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_TYPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    value_type: str
    value: str
    description: str
    created_at: int
    updated_at: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., value_type: _Optional[str] = ..., value: _Optional[str] = ..., description: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_at: _Optional[int] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("id", "conversation_id", "parent_message_id", "inputs", "query", "answer", "feedback", "retriever_resources", "created_at", "agent_thoughts", "message_files", "status", "error", "extra_contents", "message_tokens", "answer_tokens", "total_tokens", "provider_response_latency", "total_price", "currency", "metadata")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    RETRIEVER_RESOURCES_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    AGENT_THOUGHTS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FILES_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    EXTRA_CONTENTS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    ANSWER_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_RESPONSE_LATENCY_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PRICE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    id: str
    conversation_id: str
    parent_message_id: str
    inputs: _struct_pb2.Struct
    query: str
    answer: str
    feedback: MessageFeedback
    retriever_resources: _containers.RepeatedCompositeFieldContainer[StoredRetrieverResource]
    created_at: int
    agent_thoughts: _containers.RepeatedCompositeFieldContainer[AgentThought]
    message_files: _containers.RepeatedCompositeFieldContainer[MessageFile]
    status: str
    error: str
    extra_contents: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    message_tokens: int
    answer_tokens: int
    total_tokens: int
    provider_response_latency: float
    total_price: str
    currency: str
    metadata: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., parent_message_id: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query: _Optional[str] = ..., answer: _Optional[str] = ..., feedback: _Optional[_Union[MessageFeedback, _Mapping]] = ..., retriever_resources: _Optional[_Iterable[_Union[StoredRetrieverResource, _Mapping]]] = ..., created_at: _Optional[int] = ..., agent_thoughts: _Optional[_Iterable[_Union[AgentThought, _Mapping]]] = ..., message_files: _Optional[_Iterable[_Union[MessageFile, _Mapping]]] = ..., status: _Optional[str] = ..., error: _Optional[str] = ..., extra_contents: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., message_tokens: _Optional[int] = ..., answer_tokens: _Optional[int] = ..., total_tokens: _Optional[int] = ..., provider_response_latency: _Optional[float] = ..., total_price: _Optional[str] = ..., currency: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class MessageFeedback(_message.Message):
    __slots__ = ("rating",)
    RATING_FIELD_NUMBER: _ClassVar[int]
    rating: str
    def __init__(self, rating: _Optional[str] = ...) -> None: ...

class StoredRetrieverResource(_message.Message):
    __slots__ = ("id", "message_id", "position", "dataset_id", "dataset_name", "document_id", "document_name", "data_source_type", "segment_id", "score", "hit_count", "word_count", "segment_position", "index_node_hash", "content", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DATASET_NAME_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    HIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    WORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_POSITION_FIELD_NUMBER: _ClassVar[int]
    INDEX_NODE_HASH_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    message_id: str
    position: int
    dataset_id: str
    dataset_name: str
    document_id: str
    document_name: str
    data_source_type: str
    segment_id: str
    score: float
    hit_count: int
    word_count: int
    segment_position: int
    index_node_hash: str
    content: str
    created_at: int
    def __init__(self, id: _Optional[str] = ..., message_id: _Optional[str] = ..., position: _Optional[int] = ..., dataset_id: _Optional[str] = ..., dataset_name: _Optional[str] = ..., document_id: _Optional[str] = ..., document_name: _Optional[str] = ..., data_source_type: _Optional[str] = ..., segment_id: _Optional[str] = ..., score: _Optional[float] = ..., hit_count: _Optional[int] = ..., word_count: _Optional[int] = ..., segment_position: _Optional[int] = ..., index_node_hash: _Optional[str] = ..., content: _Optional[str] = ..., created_at: _Optional[int] = ...) -> None: ...

class AgentThought(_message.Message):
    __slots__ = ("id", "chain_id", "message_id", "position", "thought", "tool", "tool_labels", "tool_input", "created_at", "observation", "files")
    ID_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    THOUGHT_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    TOOL_LABELS_FIELD_NUMBER: _ClassVar[int]
    TOOL_INPUT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    id: str
    chain_id: str
    message_id: str
    position: int
    thought: str
    tool: str
    tool_labels: _struct_pb2.Struct
    tool_input: str
    created_at: int
    observation: str
    files: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., chain_id: _Optional[str] = ..., message_id: _Optional[str] = ..., position: _Optional[int] = ..., thought: _Optional[str] = ..., tool: _Optional[str] = ..., tool_labels: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., tool_input: _Optional[str] = ..., created_at: _Optional[int] = ..., observation: _Optional[str] = ..., files: _Optional[_Iterable[str]] = ...) -> None: ...

class MessageFile(_message.Message):
    __slots__ = ("id", "filename", "type", "url", "mime_type", "size", "transfer_method", "belongs_to", "upload_file_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_METHOD_FIELD_NUMBER: _ClassVar[int]
    BELONGS_TO_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_FILE_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    filename: str
    type: str
    url: str
    mime_type: str
    size: int
    transfer_method: str
    belongs_to: str
    upload_file_id: str
    def __init__(self, id: _Optional[str] = ..., filename: _Optional[str] = ..., type: _Optional[str] = ..., url: _Optional[str] = ..., mime_type: _Optional[str] = ..., size: _Optional[int] = ..., transfer_method: _Optional[str] = ..., belongs_to: _Optional[str] = ..., upload_file_id: _Optional[str] = ...) -> None: ...

class AppFeedback(_message.Message):
    __slots__ = ("id", "app_id", "conversation_id", "message_id", "rating", "content", "from_source", "from_end_user_id", "from_account_id", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    FROM_SOURCE_FIELD_NUMBER: _ClassVar[int]
    FROM_END_USER_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    app_id: str
    conversation_id: str
    message_id: str
    rating: str
    content: str
    from_source: str
    from_end_user_id: str
    from_account_id: str
    created_at: str
    updated_at: str
    def __init__(self, id: _Optional[str] = ..., app_id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., message_id: _Optional[str] = ..., rating: _Optional[str] = ..., content: _Optional[str] = ..., from_source: _Optional[str] = ..., from_end_user_id: _Optional[str] = ..., from_account_id: _Optional[str] = ..., created_at: _Optional[str] = ..., updated_at: _Optional[str] = ...) -> None: ...
