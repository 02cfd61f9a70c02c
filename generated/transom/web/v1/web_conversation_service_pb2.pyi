from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.conversation.v1 import conversation_pb2 as _conversation_pb2
from transom.conversation.v1 import conversation_service_pb2 as _conversation_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListWebConversationsRequest(_message.Message):
    __slots__ = ("last_id", "limit", "pinned", "sort_by")
    LAST_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    SORT_BY_FIELD_NUMBER: _ClassVar[int]
    last_id: str
    limit: int
    pinned: bool
    sort_by: str
    def __init__(self, last_id: _Optional[str] = ..., limit: _Optional[int] = ..., pinned: _Optional[bool] = ..., sort_by: _Optional[str] = ...) -> None: ...

class DeleteWebConversationRequest(_message.Message):
    __slots__ = ("conversation_id",)
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    def __init__(self, conversation_id: _Optional[str] = ...) -> None: ...

class RenameWebConversationRequest(_message.Message):
    __slots__ = ("conversation_id", "name", "auto_generate")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    AUTO_GENERATE_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    name: str
    auto_generate: bool
    def __init__(self, conversation_id: _Optional[str] = ..., name: _Optional[str] = ..., auto_generate: _Optional[bool] = ...) -> None: ...

class PinConversationRequest(_message.Message):
    __slots__ = ("conversation_id",)
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    def __init__(self, conversation_id: _Optional[str] = ...) -> None: ...

class UnpinConversationRequest(_message.Message):
    __slots__ = ("conversation_id",)
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    def __init__(self, conversation_id: _Optional[str] = ...) -> None: ...

class ListWebMessagesRequest(_message.Message):
    __slots__ = ("conversation_id", "first_id", "limit")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    first_id: str
    limit: int
    def __init__(self, conversation_id: _Optional[str] = ..., first_id: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListWebMessagesResponse(_message.Message):
    __slots__ = ("limit", "has_more", "data")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    limit: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.Message]
    def __init__(self, limit: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[_conversation_pb2.Message, _Mapping]]] = ...) -> None: ...

class SubmitWebFeedbackRequest(_message.Message):
    __slots__ = ("message_id", "rating", "content")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    rating: str
    content: str
    def __init__(self, message_id: _Optional[str] = ..., rating: _Optional[str] = ..., content: _Optional[str] = ...) -> None: ...

class GetWebSuggestedQuestionsRequest(_message.Message):
    __slots__ = ("message_id",)
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    def __init__(self, message_id: _Optional[str] = ...) -> None: ...

class GetWebSuggestedQuestionsResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, data: _Optional[_Iterable[str]] = ...) -> None: ...

class ListSavedMessagesRequest(_message.Message):
    __slots__ = ("last_id", "limit")
    LAST_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    last_id: str
    limit: int
    def __init__(self, last_id: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListSavedMessagesResponse(_message.Message):
    __slots__ = ("limit", "has_more", "data")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    limit: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[SavedMessage]
    def __init__(self, limit: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[SavedMessage, _Mapping]]] = ...) -> None: ...

class SavedMessage(_message.Message):
    __slots__ = ("id", "inputs", "query", "answer", "message_files", "feedback", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FILES_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    inputs: _struct_pb2.Struct
    query: str
    answer: str
    message_files: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.MessageFile]
    feedback: _conversation_pb2.MessageFeedback
    created_at: int
    def __init__(self, id: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query: _Optional[str] = ..., answer: _Optional[str] = ..., message_files: _Optional[_Iterable[_Union[_conversation_pb2.MessageFile, _Mapping]]] = ..., feedback: _Optional[_Union[_conversation_pb2.MessageFeedback, _Mapping]] = ..., created_at: _Optional[int] = ...) -> None: ...

class SaveMessageRequest(_message.Message):
    __slots__ = ("message_id",)
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    def __init__(self, message_id: _Optional[str] = ...) -> None: ...

class DeleteSavedMessageRequest(_message.Message):
    __slots__ = ("message_id",)
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    def __init__(self, message_id: _Optional[str] = ...) -> None: ...
