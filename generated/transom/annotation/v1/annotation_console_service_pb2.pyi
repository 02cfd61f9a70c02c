from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from transom.annotation.v1 import annotation_pb2 as _annotation_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListAppAnnotationsRequest(_message.Message):
    __slots__ = ("app_id", "page", "limit", "keyword")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    page: int
    limit: int
    keyword: str
    def __init__(self, app_id: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ..., keyword: _Optional[str] = ...) -> None: ...

class CountAppAnnotationsRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class CountAppAnnotationsResponse(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class CreateAppAnnotationRequest(_message.Message):
    __slots__ = ("app_id", "question", "answer", "message_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    question: str
    answer: str
    message_id: str
    def __init__(self, app_id: _Optional[str] = ..., question: _Optional[str] = ..., answer: _Optional[str] = ..., message_id: _Optional[str] = ...) -> None: ...

class DeleteAppAnnotationsRequest(_message.Message):
    __slots__ = ("app_id", "annotation_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    annotation_id: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, app_id: _Optional[str] = ..., annotation_id: _Optional[_Iterable[str]] = ...) -> None: ...

class UpdateAppAnnotationRequest(_message.Message):
    __slots__ = ("app_id", "annotation_id", "question", "answer")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    annotation_id: str
    question: str
    answer: str
    def __init__(self, app_id: _Optional[str] = ..., annotation_id: _Optional[str] = ..., question: _Optional[str] = ..., answer: _Optional[str] = ...) -> None: ...

class DeleteAppAnnotationRequest(_message.Message):
    __slots__ = ("app_id", "annotation_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    annotation_id: str
    def __init__(self, app_id: _Optional[str] = ..., annotation_id: _Optional[str] = ...) -> None: ...

class ListAnnotationHitsRequest(_message.Message):
    __slots__ = ("app_id", "annotation_id", "page", "limit")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    annotation_id: str
    page: int
    limit: int
    def __init__(self, app_id: _Optional[str] = ..., annotation_id: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class ListAnnotationHitsResponse(_message.Message):
    __slots__ = ("data", "has_more", "limit", "total", "page")
    class Hit(_message.Message):
        __slots__ = ("id", "source", "score", "question", "created_at", "match", "response")
        ID_FIELD_NUMBER: _ClassVar[int]
        SOURCE_FIELD_NUMBER: _ClassVar[int]
        SCORE_FIELD_NUMBER: _ClassVar[int]
        QUESTION_FIELD_NUMBER: _ClassVar[int]
        CREATED_AT_FIELD_NUMBER: _ClassVar[int]
        MATCH_FIELD_NUMBER: _ClassVar[int]
        RESPONSE_FIELD_NUMBER: _ClassVar[int]
        id: str
        source: str
        score: float
        question: str
        created_at: int
        match: str
        response: str
        def __init__(self, id: _Optional[str] = ..., source: _Optional[str] = ..., score: _Optional[float] = ..., question: _Optional[str] = ..., created_at: _Optional[int] = ..., match: _Optional[str] = ..., response: _Optional[str] = ...) -> None: ...
    DATA_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ListAnnotationHitsResponse.Hit]
    has_more: bool
    limit: int
    total: int
    page: int
    def __init__(self, data: _Optional[_Iterable[_Union[ListAnnotationHitsResponse.Hit, _Mapping]]] = ..., has_more: _Optional[bool] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., page: _Optional[int] = ...) -> None: ...

class SwitchAppAnnotationReplyRequest(_message.Message):
    __slots__ = ("app_id", "action", "score_threshold", "embedding_provider_name", "embedding_model_name")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SCORE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_PROVIDER_NAME_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    action: str
    score_threshold: float
    embedding_provider_name: str
    embedding_model_name: str
    def __init__(self, app_id: _Optional[str] = ..., action: _Optional[str] = ..., score_threshold: _Optional[float] = ..., embedding_provider_name: _Optional[str] = ..., embedding_model_name: _Optional[str] = ...) -> None: ...

class GetAppAnnotationReplyJobRequest(_message.Message):
    __slots__ = ("app_id", "action", "job_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    action: str
    job_id: str
    def __init__(self, app_id: _Optional[str] = ..., action: _Optional[str] = ..., job_id: _Optional[str] = ...) -> None: ...

class GetAnnotationSettingRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class UpdateAnnotationSettingRequest(_message.Message):
    __slots__ = ("app_id", "setting_id", "score_threshold")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    SETTING_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    setting_id: str
    score_threshold: float
    def __init__(self, app_id: _Optional[str] = ..., setting_id: _Optional[str] = ..., score_threshold: _Optional[float] = ...) -> None: ...
