from transom.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunEvent(_message.Message):
    __slots__ = ("sequence", "time_ms", "ignorable", "task_id", "message_id", "conversation_id", "created_at", "message", "message_replace", "message_end", "error", "ping")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    IGNORABLE_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_REPLACE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_END_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PING_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    time_ms: int
    ignorable: bool
    task_id: str
    message_id: str
    conversation_id: str
    created_at: int
    message: MessageDelta
    message_replace: MessageReplace
    message_end: MessageEnd
    error: RunError
    ping: Ping
    def __init__(self, sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., ignorable: _Optional[bool] = ..., task_id: _Optional[str] = ..., message_id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., created_at: _Optional[int] = ..., message: _Optional[_Union[MessageDelta, _Mapping]] = ..., message_replace: _Optional[_Union[MessageReplace, _Mapping]] = ..., message_end: _Optional[_Union[MessageEnd, _Mapping]] = ..., error: _Optional[_Union[RunError, _Mapping]] = ..., ping: _Optional[_Union[Ping, _Mapping]] = ...) -> None: ...

class MessageDelta(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: str
    def __init__(self, answer: _Optional[str] = ...) -> None: ...

class MessageReplace(_message.Message):
    __slots__ = ("answer", "reason")
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    answer: str
    reason: str
    def __init__(self, answer: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class MessageEnd(_message.Message):
    __slots__ = ("metadata", "outcome")
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OUTCOME_UNSPECIFIED: _ClassVar[MessageEnd.Outcome]
        OUTCOME_SUCCEEDED: _ClassVar[MessageEnd.Outcome]
        OUTCOME_STOPPED: _ClassVar[MessageEnd.Outcome]
    OUTCOME_UNSPECIFIED: MessageEnd.Outcome
    OUTCOME_SUCCEEDED: MessageEnd.Outcome
    OUTCOME_STOPPED: MessageEnd.Outcome
    METADATA_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    metadata: _common_pb2.AnswerMetadata
    outcome: MessageEnd.Outcome
    def __init__(self, metadata: _Optional[_Union[_common_pb2.AnswerMetadata, _Mapping]] = ..., outcome: _Optional[_Union[MessageEnd.Outcome, str]] = ...) -> None: ...

class RunError(_message.Message):
    __slots__ = ("code", "status", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    status: int
    message: str
    def __init__(self, code: _Optional[str] = ..., status: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class Ping(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
