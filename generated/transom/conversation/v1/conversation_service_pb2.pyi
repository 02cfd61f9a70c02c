from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.conversation.v1 import conversation_pb2 as _conversation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListConversationsRequest(_message.Message):
    __slots__ = ("user", "last_id", "limit", "sort_by")
    USER_FIELD_NUMBER: _ClassVar[int]
    LAST_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    SORT_BY_FIELD_NUMBER: _ClassVar[int]
    user: str
    last_id: str
    limit: int
    sort_by: str
    def __init__(self, user: _Optional[str] = ..., last_id: _Optional[str] = ..., limit: _Optional[int] = ..., sort_by: _Optional[str] = ...) -> None: ...

class ListConversationsResponse(_message.Message):
    __slots__ = ("limit", "has_more", "data")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    limit: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.Conversation]
    def __init__(self, limit: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[_conversation_pb2.Conversation, _Mapping]]] = ...) -> None: ...

class DeleteConversationRequest(_message.Message):
    __slots__ = ("conversation_id", "user")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    user: str
    def __init__(self, conversation_id: _Optional[str] = ..., user: _Optional[str] = ...) -> None: ...

class RenameConversationRequest(_message.Message):
    __slots__ = ("conversation_id", "name", "auto_generate", "user")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    AUTO_GENERATE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    name: str
    auto_generate: bool
    user: str
    def __init__(self, conversation_id: _Optional[str] = ..., name: _Optional[str] = ..., auto_generate: _Optional[bool] = ..., user: _Optional[str] = ...) -> None: ...

class ListConversationVariablesRequest(_message.Message):
    __slots__ = ("conversation_id", "user", "last_id", "limit", "variable_name")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    LAST_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    VARIABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    user: str
    last_id: str
    limit: int
    variable_name: str
    def __init__(self, conversation_id: _Optional[str] = ..., user: _Optional[str] = ..., last_id: _Optional[str] = ..., limit: _Optional[int] = ..., variable_name: _Optional[str] = ...) -> None: ...

class ListConversationVariablesResponse(_message.Message):
    __slots__ = ("limit", "has_more", "data")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    limit: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.ConversationVariable]
    def __init__(self, limit: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[_conversation_pb2.ConversationVariable, _Mapping]]] = ...) -> None: ...

class UpdateConversationVariableRequest(_message.Message):
    __slots__ = ("conversation_id", "variable_id", "value", "user")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    VARIABLE_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    variable_id: str
    value: _struct_pb2.Value
    user: str
    def __init__(self, conversation_id: _Optional[str] = ..., variable_id: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., user: _Optional[str] = ...) -> None: ...
