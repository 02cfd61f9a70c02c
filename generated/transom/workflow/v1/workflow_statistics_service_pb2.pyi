from google.api import annotations_pb2 as _annotations_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListDailyRunsRequest(_message.Message):
    __slots__ = ("app_id", "start", "end")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    start: str
    end: str
    def __init__(self, app_id: _Optional[str] = ..., start: _Optional[str] = ..., end: _Optional[str] = ...) -> None: ...

class ListDailyRunsResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "runs")
        DATE_FIELD_NUMBER: _ClassVar[int]
        RUNS_FIELD_NUMBER: _ClassVar[int]
        date: str
        runs: int
        def __init__(self, date: _Optional[str] = ..., runs: _Optional[int] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListDailyRunsResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListDailyRunsResponse.Day, _Mapping]]] = ...) -> None: ...

class ListDailyTerminalsRequest(_message.Message):
    __slots__ = ("app_id", "start", "end")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    start: str
    end: str
    def __init__(self, app_id: _Optional[str] = ..., start: _Optional[str] = ..., end: _Optional[str] = ...) -> None: ...

class ListDailyTerminalsResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "terminal_count")
        DATE_FIELD_NUMBER: _ClassVar[int]
        TERMINAL_COUNT_FIELD_NUMBER: _ClassVar[int]
        date: str
        terminal_count: int
        def __init__(self, date: _Optional[str] = ..., terminal_count: _Optional[int] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListDailyTerminalsResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListDailyTerminalsResponse.Day, _Mapping]]] = ...) -> None: ...

class ListDailyTokensRequest(_message.Message):
    __slots__ = ("app_id", "start", "end")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    start: str
    end: str
    def __init__(self, app_id: _Optional[str] = ..., start: _Optional[str] = ..., end: _Optional[str] = ...) -> None: ...

class ListDailyTokensResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "token_count")
        DATE_FIELD_NUMBER: _ClassVar[int]
        TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
        date: str
        token_count: int
        def __init__(self, date: _Optional[str] = ..., token_count: _Optional[int] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListDailyTokensResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListDailyTokensResponse.Day, _Mapping]]] = ...) -> None: ...

class ListDailyInteractionsRequest(_message.Message):
    __slots__ = ("app_id", "start", "end")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    start: str
    end: str
    def __init__(self, app_id: _Optional[str] = ..., start: _Optional[str] = ..., end: _Optional[str] = ...) -> None: ...

class ListDailyInteractionsResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "interactions")
        DATE_FIELD_NUMBER: _ClassVar[int]
        INTERACTIONS_FIELD_NUMBER: _ClassVar[int]
        date: str
        interactions: float
        def __init__(self, date: _Optional[str] = ..., interactions: _Optional[float] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListDailyInteractionsResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListDailyInteractionsResponse.Day, _Mapping]]] = ...) -> None: ...
