from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from transom.annotation.v1 import annotation_pb2 as _annotation_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ListAnnotationsRequest(_message.Message):
    __slots__ = ("page", "limit", "keyword")
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    page: int
    limit: int
    keyword: str
    def __init__(self, page: _Optional[int] = ..., limit: _Optional[int] = ..., keyword: _Optional[str] = ...) -> None: ...

class CreateAnnotationRequest(_message.Message):
    __slots__ = ("question", "answer")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    question: str
    answer: str
    def __init__(self, question: _Optional[str] = ..., answer: _Optional[str] = ...) -> None: ...

class UpdateAnnotationRequest(_message.Message):
    __slots__ = ("annotation_id", "question", "answer")
    ANNOTATION_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    annotation_id: str
    question: str
    answer: str
    def __init__(self, annotation_id: _Optional[str] = ..., question: _Optional[str] = ..., answer: _Optional[str] = ...) -> None: ...

class DeleteAnnotationRequest(_message.Message):
    __slots__ = ("annotation_id",)
    ANNOTATION_ID_FIELD_NUMBER: _ClassVar[int]
    annotation_id: str
    def __init__(self, annotation_id: _Optional[str] = ...) -> None: ...

class SwitchAnnotationReplyRequest(_message.Message):
    __slots__ = ("action", "score_threshold", "embedding_provider_name", "embedding_model_name")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SCORE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_PROVIDER_NAME_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    action: str
    score_threshold: float
    embedding_provider_name: str
    embedding_model_name: str
    def __init__(self, action: _Optional[str] = ..., score_threshold: _Optional[float] = ..., embedding_provider_name: _Optional[str] = ..., embedding_model_name: _Optional[str] = ...) -> None: ...

class GetAnnotationReplyJobRequest(_message.Message):
    __slots__ = ("action", "job_id")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    action: str
    job_id: str
    def __init__(self, action: _Optional[str] = ..., job_id: _Optional[str] = ...) -> None: ...
