from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.chat.v1 import chat_pb2 as _chat_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.run.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SendDebugChatMessageRequest(_message.Message):
    __slots__ = ("app_id", "inputs", "query", "model_config", "conversation_id", "parent_message_id", "files", "response_mode", "retriever_from")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MODE_FIELD_NUMBER: _ClassVar[int]
    RETRIEVER_FROM_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    inputs: _struct_pb2.Struct
    query: str
    model_config: _struct_pb2.Struct
    conversation_id: str
    parent_message_id: str
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    response_mode: str
    retriever_from: str
    def __init__(self, app_id: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query: _Optional[str] = ..., model_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., conversation_id: _Optional[str] = ..., parent_message_id: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., response_mode: _Optional[str] = ..., retriever_from: _Optional[str] = ...) -> None: ...

class SendDebugCompletionMessageRequest(_message.Message):
    __slots__ = ("app_id", "inputs", "query", "model_config", "files", "response_mode", "retriever_from")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MODE_FIELD_NUMBER: _ClassVar[int]
    RETRIEVER_FROM_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    inputs: _struct_pb2.Struct
    query: str
    model_config: _struct_pb2.Struct
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    response_mode: str
    retriever_from: str
    def __init__(self, app_id: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query: _Optional[str] = ..., model_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., response_mode: _Optional[str] = ..., retriever_from: _Optional[str] = ...) -> None: ...

class StopDebugMessageRequest(_message.Message):
    __slots__ = ("app_id", "task_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    task_id: str
    def __init__(self, app_id: _Optional[str] = ..., task_id: _Optional[str] = ...) -> None: ...

class GetDebugSuggestedQuestionsRequest(_message.Message):
    __slots__ = ("app_id", "message_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    message_id: str
    def __init__(self, app_id: _Optional[str] = ..., message_id: _Optional[str] = ...) -> None: ...

class GetDebugSuggestedQuestionsResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, data: _Optional[_Iterable[str]] = ...) -> None: ...
