from google.api import annotations_pb2 as _annotations_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.conversation.v1 import conversation_pb2 as _conversation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListMessagesRequest(_message.Message):
    __slots__ = ("conversation_id", "user", "first_id", "limit")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    FIRST_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    user: str
    first_id: str
    limit: int
    def __init__(self, conversation_id: _Optional[str] = ..., user: _Optional[str] = ..., first_id: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListMessagesResponse(_message.Message):
    __slots__ = ("limit", "has_more", "data")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    limit: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.Message]
    def __init__(self, limit: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[_conversation_pb2.Message, _Mapping]]] = ...) -> None: ...

class SubmitMessageFeedbackRequest(_message.Message):
    __slots__ = ("message_id", "rating", "content", "user")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    rating: str
    content: str
    user: str
    def __init__(self, message_id: _Optional[str] = ..., rating: _Optional[str] = ..., content: _Optional[str] = ..., user: _Optional[str] = ...) -> None: ...

class GetSuggestedQuestionsRequest(_message.Message):
    __slots__ = ("message_id", "user")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    user: str
    def __init__(self, message_id: _Optional[str] = ..., user: _Optional[str] = ...) -> None: ...

class GetSuggestedQuestionsResponse(_message.Message):
    __slots__ = ("result", "data")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    result: str
    data: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, result: _Optional[str] = ..., data: _Optional[_Iterable[str]] = ...) -> None: ...

class ListAppFeedbacksRequest(_message.Message):
    __slots__ = ("page", "limit")
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    page: int
    limit: int
    def __init__(self, page: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class ListAppFeedbacksResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.AppFeedback]
    def __init__(self, data: _Optional[_Iterable[_Union[_conversation_pb2.AppFeedback, _Mapping]]] = ...) -> None: ...
