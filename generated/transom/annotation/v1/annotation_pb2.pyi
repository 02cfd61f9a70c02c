from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Annotation(_message.Message):
    __slots__ = ("id", "question", "answer", "hit_count", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    HIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    question: str
    answer: str
    hit_count: int
    created_at: int
    def __init__(self, id: _Optional[str] = ..., question: _Optional[str] = ..., answer: _Optional[str] = ..., hit_count: _Optional[int] = ..., created_at: _Optional[int] = ...) -> None: ...

class AnnotationPage(_message.Message):
    __slots__ = ("data", "has_more", "limit", "total", "page")
    DATA_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[Annotation]
    has_more: bool
    limit: int
    total: int
    page: int
    def __init__(self, data: _Optional[_Iterable[_Union[Annotation, _Mapping]]] = ..., has_more: _Optional[bool] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., page: _Optional[int] = ...) -> None: ...

class AnnotationReplyJob(_message.Message):
    __slots__ = ("job_id", "job_status")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_STATUS_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    job_status: str
    def __init__(self, job_id: _Optional[str] = ..., job_status: _Optional[str] = ...) -> None: ...

class AnnotationReplyJobStatus(_message.Message):
    __slots__ = ("job_id", "job_status", "error_msg")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_MSG_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    job_status: str
    error_msg: str
    def __init__(self, job_id: _Optional[str] = ..., job_status: _Optional[str] = ..., error_msg: _Optional[str] = ...) -> None: ...

class AnnotationSetting(_message.Message):
    __slots__ = ("enabled", "id", "score_threshold", "embedding_model")
    class EmbeddingModel(_message.Message):
        __slots__ = ("embedding_provider_name", "embedding_model_name")
        EMBEDDING_PROVIDER_NAME_FIELD_NUMBER: _ClassVar[int]
        EMBEDDING_MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
        embedding_provider_name: str
        embedding_model_name: str
        def __init__(self, embedding_provider_name: _Optional[str] = ..., embedding_model_name: _Optional[str] = ...) -> None: ...
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    id: str
    score_threshold: float
    embedding_model: AnnotationSetting.EmbeddingModel
    def __init__(self, enabled: _Optional[bool] = ..., id: _Optional[str] = ..., score_threshold: _Optional[float] = ..., embedding_model: _Optional[_Union[AnnotationSetting.EmbeddingModel, _Mapping]] = ...) -> None: ...
