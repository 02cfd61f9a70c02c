from google.api import annotations_pb2 as _annotations_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListStatisticsRequest(_message.Message):
    __slots__ = ("app_id", "start", "end")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    start: str
    end: str
    def __init__(self, app_id: _Optional[str] = ..., start: _Optional[str] = ..., end: _Optional[str] = ...) -> None: ...

class ListDailyMessagesResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "message_count")
        DATE_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
        date: str
        message_count: int
        def __init__(self, date: _Optional[str] = ..., message_count: _Optional[int] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListDailyMessagesResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListDailyMessagesResponse.Day, _Mapping]]] = ...) -> None: ...

class ListDailyConversationsResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "conversation_count")
        DATE_FIELD_NUMBER: _ClassVar[int]
        CONVERSATION_COUNT_FIELD_NUMBER: _ClassVar[int]
        date: str
        conversation_count: int
        def __init__(self, date: _Optional[str] = ..., conversation_count: _Optional[int] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListDailyConversationsResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListDailyConversationsResponse.Day, _Mapping]]] = ...) -> None: ...

class ListDailyEndUsersResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "terminal_count")
        DATE_FIELD_NUMBER: _ClassVar[int]
        TERMINAL_COUNT_FIELD_NUMBER: _ClassVar[int]
        date: str
        terminal_count: int
        def __init__(self, date: _Optional[str] = ..., terminal_count: _Optional[int] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListDailyEndUsersResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListDailyEndUsersResponse.Day, _Mapping]]] = ...) -> None: ...

class ListDailyCostsResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "token_count", "total_price", "currency")
        DATE_FIELD_NUMBER: _ClassVar[int]
        TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
        TOTAL_PRICE_FIELD_NUMBER: _ClassVar[int]
        CURRENCY_FIELD_NUMBER: _ClassVar[int]
        date: str
        token_count: int
        total_price: str
        currency: str
        def __init__(self, date: _Optional[str] = ..., token_count: _Optional[int] = ..., total_price: _Optional[str] = ..., currency: _Optional[str] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListDailyCostsResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListDailyCostsResponse.Day, _Mapping]]] = ...) -> None: ...

class ListSessionInteractionsResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "interactions")
        DATE_FIELD_NUMBER: _ClassVar[int]
        INTERACTIONS_FIELD_NUMBER: _ClassVar[int]
        date: str
        interactions: float
        def __init__(self, date: _Optional[str] = ..., interactions: _Optional[float] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListSessionInteractionsResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListSessionInteractionsResponse.Day, _Mapping]]] = ...) -> None: ...

class ListSatisfactionRatesResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "rate")
        DATE_FIELD_NUMBER: _ClassVar[int]
        RATE_FIELD_NUMBER: _ClassVar[int]
        date: str
        rate: float
        def __init__(self, date: _Optional[str] = ..., rate: _Optional[float] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListSatisfactionRatesResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListSatisfactionRatesResponse.Day, _Mapping]]] = ...) -> None: ...

class ListResponseTimesResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "latency")
        DATE_FIELD_NUMBER: _ClassVar[int]
        LATENCY_FIELD_NUMBER: _ClassVar[int]
        date: str
        latency: float
        def __init__(self, date: _Optional[str] = ..., latency: _Optional[float] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListResponseTimesResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListResponseTimesResponse.Day, _Mapping]]] = ...) -> None: ...

class ListTokenSpeedsResponse(_message.Message):
    __slots__ = ("data",)
    class Day(_message.Message):
        __slots__ = ("date", "tps")
        DATE_FIELD_NUMBER: _ClassVar[int]
        TPS_FIELD_NUMBER: _ClassVar[int]
        date: str
        tps: float
        def __init__(self, date: _Optional[str] = ..., tps: _Optional[float] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListTokenSpeedsResponse.Day]
    def __init__(self, data: _Optional[_Iterable[_Union[ListTokenSpeedsResponse.Day, _Mapping]]] = ...) -> None: ...
