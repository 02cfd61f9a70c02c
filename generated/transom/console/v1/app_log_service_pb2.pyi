from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.conversation.v1 import conversation_pb2 as _conversation_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListChatConversationsRequest(_message.Message):
    __slots__ = ("app_id", "keyword", "start", "end", "annotation_status", "sort_by", "page", "limit")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_STATUS_FIELD_NUMBER: _ClassVar[int]
    SORT_BY_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    keyword: str
    start: str
    end: str
    annotation_status: str
    sort_by: str
    page: int
    limit: int
    def __init__(self, app_id: _Optional[str] = ..., keyword: _Optional[str] = ..., start: _Optional[str] = ..., end: _Optional[str] = ..., annotation_status: _Optional[str] = ..., sort_by: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class ListChatConversationsResponse(_message.Message):
    __slots__ = ("page", "limit", "total", "has_more", "data")
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    page: int
    limit: int
    total: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[LoggedConversation]
    def __init__(self, page: _Optional[int] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[LoggedConversation, _Mapping]]] = ...) -> None: ...

class GetChatConversationRequest(_message.Message):
    __slots__ = ("app_id", "conversation_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    conversation_id: str
    def __init__(self, app_id: _Optional[str] = ..., conversation_id: _Optional[str] = ...) -> None: ...

class DeleteChatConversationRequest(_message.Message):
    __slots__ = ("app_id", "conversation_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    conversation_id: str
    def __init__(self, app_id: _Optional[str] = ..., conversation_id: _Optional[str] = ...) -> None: ...

class ListCompletionConversationsRequest(_message.Message):
    __slots__ = ("app_id", "keyword", "start", "end", "annotation_status", "page", "limit")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_STATUS_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    keyword: str
    start: str
    end: str
    annotation_status: str
    page: int
    limit: int
    def __init__(self, app_id: _Optional[str] = ..., keyword: _Optional[str] = ..., start: _Optional[str] = ..., end: _Optional[str] = ..., annotation_status: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class ListCompletionConversationsResponse(_message.Message):
    __slots__ = ("page", "limit", "total", "has_more", "data")
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    page: int
    limit: int
    total: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[LoggedCompletion]
    def __init__(self, page: _Optional[int] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[LoggedCompletion, _Mapping]]] = ...) -> None: ...

class GetCompletionConversationRequest(_message.Message):
    __slots__ = ("app_id", "conversation_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    conversation_id: str
    def __init__(self, app_id: _Optional[str] = ..., conversation_id: _Optional[str] = ...) -> None: ...

class DeleteCompletionConversationRequest(_message.Message):
    __slots__ = ("app_id", "conversation_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    conversation_id: str
    def __init__(self, app_id: _Optional[str] = ..., conversation_id: _Optional[str] = ...) -> None: ...

class ListLoggedMessagesRequest(_message.Message):
    __slots__ = ("app_id", "conversation_id", "first_id", "limit")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    conversation_id: str
    first_id: str
    limit: int
    def __init__(self, app_id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., first_id: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListLoggedMessagesResponse(_message.Message):
    __slots__ = ("limit", "has_more", "data")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    limit: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[LoggedMessage]
    def __init__(self, limit: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[LoggedMessage, _Mapping]]] = ...) -> None: ...

class GetLoggedMessageRequest(_message.Message):
    __slots__ = ("app_id", "message_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    message_id: str
    def __init__(self, app_id: _Optional[str] = ..., message_id: _Optional[str] = ...) -> None: ...

class SubmitAdminFeedbackRequest(_message.Message):
    __slots__ = ("app_id", "message_id", "rating", "content")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    message_id: str
    rating: str
    content: str
    def __init__(self, app_id: _Optional[str] = ..., message_id: _Optional[str] = ..., rating: _Optional[str] = ..., content: _Optional[str] = ...) -> None: ...

class GetAgentLogRequest(_message.Message):
    __slots__ = ("app_id", "conversation_id", "message_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    conversation_id: str
    message_id: str
    def __init__(self, app_id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., message_id: _Optional[str] = ...) -> None: ...

class ListLoggedVariablesRequest(_message.Message):
    __slots__ = ("app_id", "conversation_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    conversation_id: str
    def __init__(self, app_id: _Optional[str] = ..., conversation_id: _Optional[str] = ...) -> None: ...

class ListLoggedVariablesResponse(_message.Message):
    __slots__ = ("page", "limit", "total", "has_more", "data")
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    page: int
    limit: int
    total: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.ConversationVariable]
    def __init__(self, page: _Optional[int] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[_conversation_pb2.ConversationVariable, _Mapping]]] = ...) -> None: ...

class FeedbackStats(_message.Message):
    __slots__ = ("like", "dislike")
    LIKE_FIELD_NUMBER: _ClassVar[int]
    DISLIKE_FIELD_NUMBER: _ClassVar[int]
    like: int
    dislike: int
    def __init__(self, like: _Optional[int] = ..., dislike: _Optional[int] = ...) -> None: ...

class StatusCount(_message.Message):
    __slots__ = ("success", "failed", "partial_success", "paused")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    success: int
    failed: int
    partial_success: int
    paused: int
    def __init__(self, success: _Optional[int] = ..., failed: _Optional[int] = ..., partial_success: _Optional[int] = ..., paused: _Optional[int] = ...) -> None: ...

class LoggedModelConfig(_message.Message):
    __slots__ = ("model", "pre_prompt")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PRE_PROMPT_FIELD_NUMBER: _ClassVar[int]
    model: _common_pb2.Json
    pre_prompt: str
    def __init__(self, model: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., pre_prompt: _Optional[str] = ...) -> None: ...

class LoggedFullConfig(_message.Message):
    __slots__ = ("opening_statement", "suggested_questions", "model", "user_input_form", "pre_prompt", "agent_mode")
    OPENING_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    SUGGESTED_QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    USER_INPUT_FORM_FIELD_NUMBER: _ClassVar[int]
    PRE_PROMPT_FIELD_NUMBER: _ClassVar[int]
    AGENT_MODE_FIELD_NUMBER: _ClassVar[int]
    opening_statement: str
    suggested_questions: _common_pb2.Json
    model: _common_pb2.Json
    user_input_form: _common_pb2.Json
    pre_prompt: str
    agent_mode: _common_pb2.Json
    def __init__(self, opening_statement: _Optional[str] = ..., suggested_questions: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., model: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., user_input_form: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., pre_prompt: _Optional[str] = ..., agent_mode: _Optional[_Union[_common_pb2.Json, _Mapping]] = ...) -> None: ...

class LogAuthor(_message.Message):
    __slots__ = ("id", "name", "email")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    email: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., email: _Optional[str] = ...) -> None: ...

class LogAnnotation(_message.Message):
    __slots__ = ("id", "question", "content", "account", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    question: str
    content: str
    account: LogAuthor
    created_at: int
    def __init__(self, id: _Optional[str] = ..., question: _Optional[str] = ..., content: _Optional[str] = ..., account: _Optional[_Union[LogAuthor, _Mapping]] = ..., created_at: _Optional[int] = ...) -> None: ...

class LogAnnotationHit(_message.Message):
    __slots__ = ("annotation_id", "annotation_create_account", "created_at")
    ANNOTATION_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_CREATE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    annotation_id: str
    annotation_create_account: LogAuthor
    created_at: int
    def __init__(self, annotation_id: _Optional[str] = ..., annotation_create_account: _Optional[_Union[LogAuthor, _Mapping]] = ..., created_at: _Optional[int] = ...) -> None: ...

class LoggedConversation(_message.Message):
    __slots__ = ("id", "status", "from_source", "from_end_user_id", "from_end_user_session_id", "from_account_id", "from_account_name", "name", "summary", "read_at", "created_at", "updated_at", "annotated", "model_config", "message_count", "user_feedback_stats", "admin_feedback_stats", "status_count")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FROM_SOURCE_FIELD_NUMBER: _ClassVar[int]
    FROM_END_USER_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_END_USER_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_NAME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ANNOTATED_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    USER_FEEDBACK_STATS_FIELD_NUMBER: _ClassVar[int]
    ADMIN_FEEDBACK_STATS_FIELD_NUMBER: _ClassVar[int]
    STATUS_COUNT_FIELD_NUMBER: _ClassVar[int]
    id: str
    status: str
    from_source: str
    from_end_user_id: str
    from_end_user_session_id: str
    from_account_id: str
    from_account_name: str
    name: str
    summary: str
    read_at: int
    created_at: int
    updated_at: int
    annotated: bool
    model_config: LoggedModelConfig
    message_count: int
    user_feedback_stats: FeedbackStats
    admin_feedback_stats: FeedbackStats
    status_count: StatusCount
    def __init__(self, id: _Optional[str] = ..., status: _Optional[str] = ..., from_source: _Optional[str] = ..., from_end_user_id: _Optional[str] = ..., from_end_user_session_id: _Optional[str] = ..., from_account_id: _Optional[str] = ..., from_account_name: _Optional[str] = ..., name: _Optional[str] = ..., summary: _Optional[str] = ..., read_at: _Optional[int] = ..., created_at: _Optional[int] = ..., updated_at: _Optional[int] = ..., annotated: _Optional[bool] = ..., model_config: _Optional[_Union[LoggedModelConfig, _Mapping]] = ..., message_count: _Optional[int] = ..., user_feedback_stats: _Optional[_Union[FeedbackStats, _Mapping]] = ..., admin_feedback_stats: _Optional[_Union[FeedbackStats, _Mapping]] = ..., status_count: _Optional[_Union[StatusCount, _Mapping]] = ...) -> None: ...

class ChatConversationDetail(_message.Message):
    __slots__ = ("id", "status", "from_source", "from_end_user_id", "from_account_id", "created_at", "updated_at", "annotated", "introduction", "model_config", "message_count", "user_feedback_stats", "admin_feedback_stats")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FROM_SOURCE_FIELD_NUMBER: _ClassVar[int]
    FROM_END_USER_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ANNOTATED_FIELD_NUMBER: _ClassVar[int]
    INTRODUCTION_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    USER_FEEDBACK_STATS_FIELD_NUMBER: _ClassVar[int]
    ADMIN_FEEDBACK_STATS_FIELD_NUMBER: _ClassVar[int]
    id: str
    status: str
    from_source: str
    from_end_user_id: str
    from_account_id: str
    created_at: int
    updated_at: int
    annotated: bool
    introduction: str
    model_config: LoggedFullConfig
    message_count: int
    user_feedback_stats: FeedbackStats
    admin_feedback_stats: FeedbackStats
    def __init__(self, id: _Optional[str] = ..., status: _Optional[str] = ..., from_source: _Optional[str] = ..., from_end_user_id: _Optional[str] = ..., from_account_id: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_at: _Optional[int] = ..., annotated: _Optional[bool] = ..., introduction: _Optional[str] = ..., model_config: _Optional[_Union[LoggedFullConfig, _Mapping]] = ..., message_count: _Optional[int] = ..., user_feedback_stats: _Optional[_Union[FeedbackStats, _Mapping]] = ..., admin_feedback_stats: _Optional[_Union[FeedbackStats, _Mapping]] = ...) -> None: ...

class LoggedCompletion(_message.Message):
    __slots__ = ("id", "status", "from_source", "from_end_user_id", "from_end_user_session_id", "from_account_id", "from_account_name", "read_at", "created_at", "updated_at", "annotation", "model_config", "user_feedback_stats", "admin_feedback_stats", "message")
    class Brief(_message.Message):
        __slots__ = ("inputs", "query", "message", "answer")
        INPUTS_FIELD_NUMBER: _ClassVar[int]
        QUERY_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        ANSWER_FIELD_NUMBER: _ClassVar[int]
        inputs: _common_pb2.Json
        query: str
        message: str
        answer: str
        def __init__(self, inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., query: _Optional[str] = ..., message: _Optional[str] = ..., answer: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FROM_SOURCE_FIELD_NUMBER: _ClassVar[int]
    FROM_END_USER_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_END_USER_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_NAME_FIELD_NUMBER: _ClassVar[int]
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    USER_FEEDBACK_STATS_FIELD_NUMBER: _ClassVar[int]
    ADMIN_FEEDBACK_STATS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    id: str
    status: str
    from_source: str
    from_end_user_id: str
    from_end_user_session_id: str
    from_account_id: str
    from_account_name: str
    read_at: int
    created_at: int
    updated_at: int
    annotation: LogAnnotation
    model_config: LoggedModelConfig
    user_feedback_stats: FeedbackStats
    admin_feedback_stats: FeedbackStats
    message: LoggedCompletion.Brief
    def __init__(self, id: _Optional[str] = ..., status: _Optional[str] = ..., from_source: _Optional[str] = ..., from_end_user_id: _Optional[str] = ..., from_end_user_session_id: _Optional[str] = ..., from_account_id: _Optional[str] = ..., from_account_name: _Optional[str] = ..., read_at: _Optional[int] = ..., created_at: _Optional[int] = ..., updated_at: _Optional[int] = ..., annotation: _Optional[_Union[LogAnnotation, _Mapping]] = ..., model_config: _Optional[_Union[LoggedModelConfig, _Mapping]] = ..., user_feedback_stats: _Optional[_Union[FeedbackStats, _Mapping]] = ..., admin_feedback_stats: _Optional[_Union[FeedbackStats, _Mapping]] = ..., message: _Optional[_Union[LoggedCompletion.Brief, _Mapping]] = ...) -> None: ...

class CompletionConversationDetail(_message.Message):
    __slots__ = ("id", "status", "from_source", "from_end_user_id", "from_account_id", "created_at", "model_config", "message")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FROM_SOURCE_FIELD_NUMBER: _ClassVar[int]
    FROM_END_USER_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    id: str
    status: str
    from_source: str
    from_end_user_id: str
    from_account_id: str
    created_at: int
    model_config: LoggedFullConfig
    message: LoggedMessage
    def __init__(self, id: _Optional[str] = ..., status: _Optional[str] = ..., from_source: _Optional[str] = ..., from_end_user_id: _Optional[str] = ..., from_account_id: _Optional[str] = ..., created_at: _Optional[int] = ..., model_config: _Optional[_Union[LoggedFullConfig, _Mapping]] = ..., message: _Optional[_Union[LoggedMessage, _Mapping]] = ...) -> None: ...

class LoggedFeedback(_message.Message):
    __slots__ = ("rating", "content", "from_source", "from_end_user_id", "from_account")
    RATING_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    FROM_SOURCE_FIELD_NUMBER: _ClassVar[int]
    FROM_END_USER_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    rating: str
    content: str
    from_source: str
    from_end_user_id: str
    from_account: LogAuthor
    def __init__(self, rating: _Optional[str] = ..., content: _Optional[str] = ..., from_source: _Optional[str] = ..., from_end_user_id: _Optional[str] = ..., from_account: _Optional[_Union[LogAuthor, _Mapping]] = ...) -> None: ...

class LoggedMessage(_message.Message):
    __slots__ = ("id", "conversation_id", "inputs", "query", "message", "message_tokens", "answer", "answer_tokens", "provider_response_latency", "from_source", "from_end_user_id", "from_account_id", "feedbacks", "workflow_run_id", "annotation", "annotation_hit_history", "created_at", "agent_thoughts", "message_files", "metadata", "status", "error", "parent_message_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    ANSWER_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_RESPONSE_LATENCY_FIELD_NUMBER: _ClassVar[int]
    FROM_SOURCE_FIELD_NUMBER: _ClassVar[int]
    FROM_END_USER_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    FEEDBACKS_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_HIT_HISTORY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    AGENT_THOUGHTS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FILES_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PARENT_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    conversation_id: str
    inputs: _common_pb2.Json
    query: str
    message: _containers.RepeatedCompositeFieldContainer[_common_pb2.Json]
    message_tokens: int
    answer: str
    answer_tokens: int
    provider_response_latency: float
    from_source: str
    from_end_user_id: str
    from_account_id: str
    feedbacks: _containers.RepeatedCompositeFieldContainer[LoggedFeedback]
    workflow_run_id: str
    annotation: LogAnnotation
    annotation_hit_history: LogAnnotationHit
    created_at: int
    agent_thoughts: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.AgentThought]
    message_files: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.MessageFile]
    metadata: _common_pb2.Json
    status: str
    error: str
    parent_message_id: str
    def __init__(self, id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., query: _Optional[str] = ..., message: _Optional[_Iterable[_Union[_common_pb2.Json, _Mapping]]] = ..., message_tokens: _Optional[int] = ..., answer: _Optional[str] = ..., answer_tokens: _Optional[int] = ..., provider_response_latency: _Optional[float] = ..., from_source: _Optional[str] = ..., from_end_user_id: _Optional[str] = ..., from_account_id: _Optional[str] = ..., feedbacks: _Optional[_Iterable[_Union[LoggedFeedback, _Mapping]]] = ..., workflow_run_id: _Optional[str] = ..., annotation: _Optional[_Union[LogAnnotation, _Mapping]] = ..., annotation_hit_history: _Optional[_Union[LogAnnotationHit, _Mapping]] = ..., created_at: _Optional[int] = ..., agent_thoughts: _Optional[_Iterable[_Union[_conversation_pb2.AgentThought, _Mapping]]] = ..., message_files: _Optional[_Iterable[_Union[_conversation_pb2.MessageFile, _Mapping]]] = ..., metadata: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., status: _Optional[str] = ..., error: _Optional[str] = ..., parent_message_id: _Optional[str] = ...) -> None: ...

class AgentLog(_message.Message):
    __slots__ = ("meta", "iterations", "files")
    class Meta(_message.Message):
        __slots__ = ("status", "executor", "start_time", "elapsed_time", "total_tokens", "agent_mode", "iterations")
        STATUS_FIELD_NUMBER: _ClassVar[int]
        EXECUTOR_FIELD_NUMBER: _ClassVar[int]
        START_TIME_FIELD_NUMBER: _ClassVar[int]
        ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
        TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
        AGENT_MODE_FIELD_NUMBER: _ClassVar[int]
        ITERATIONS_FIELD_NUMBER: _ClassVar[int]
        status: str
        executor: str
        start_time: str
        elapsed_time: float
        total_tokens: int
        agent_mode: str
        iterations: int
        def __init__(self, status: _Optional[str] = ..., executor: _Optional[str] = ..., start_time: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., total_tokens: _Optional[int] = ..., agent_mode: _Optional[str] = ..., iterations: _Optional[int] = ...) -> None: ...
    class Iteration(_message.Message):
        __slots__ = ("tokens", "tool_calls", "tool_raw", "thought", "created_at", "files")
        TOKENS_FIELD_NUMBER: _ClassVar[int]
        TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
        TOOL_RAW_FIELD_NUMBER: _ClassVar[int]
        THOUGHT_FIELD_NUMBER: _ClassVar[int]
        CREATED_AT_FIELD_NUMBER: _ClassVar[int]
        FILES_FIELD_NUMBER: _ClassVar[int]
        tokens: int
        tool_calls: _containers.RepeatedCompositeFieldContainer[AgentLog.ToolCall]
        tool_raw: AgentLog.Raw
        thought: str
        created_at: str
        files: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, tokens: _Optional[int] = ..., tool_calls: _Optional[_Iterable[_Union[AgentLog.ToolCall, _Mapping]]] = ..., tool_raw: _Optional[_Union[AgentLog.Raw, _Mapping]] = ..., thought: _Optional[str] = ..., created_at: _Optional[str] = ..., files: _Optional[_Iterable[str]] = ...) -> None: ...
    class Raw(_message.Message):
        __slots__ = ("inputs", "outputs")
        INPUTS_FIELD_NUMBER: _ClassVar[int]
        OUTPUTS_FIELD_NUMBER: _ClassVar[int]
        inputs: str
        outputs: str
        def __init__(self, inputs: _Optional[str] = ..., outputs: _Optional[str] = ...) -> None: ...
    class ToolCall(_message.Message):
        __slots__ = ("status", "error", "time_cost", "tool_name", "tool_label", "tool_input", "tool_output", "tool_parameters", "tool_icon")
        STATUS_FIELD_NUMBER: _ClassVar[int]
        ERROR_FIELD_NUMBER: _ClassVar[int]
        TIME_COST_FIELD_NUMBER: _ClassVar[int]
        TOOL_NAME_FIELD_NUMBER: _ClassVar[int]
        TOOL_LABEL_FIELD_NUMBER: _ClassVar[int]
        TOOL_INPUT_FIELD_NUMBER: _ClassVar[int]
        TOOL_OUTPUT_FIELD_NUMBER: _ClassVar[int]
        TOOL_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
        TOOL_ICON_FIELD_NUMBER: _ClassVar[int]
        status: str
        error: str
        time_cost: float
        tool_name: str
        tool_label: _common_pb2.Json
        tool_input: _common_pb2.Json
        tool_output: _common_pb2.Json
        tool_parameters: _common_pb2.Json
        tool_icon: str
        def __init__(self, status: _Optional[str] = ..., error: _Optional[str] = ..., time_cost: _Optional[float] = ..., tool_name: _Optional[str] = ..., tool_label: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., tool_input: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., tool_output: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., tool_parameters: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., tool_icon: _Optional[str] = ...) -> None: ...
    META_FIELD_NUMBER: _ClassVar[int]
    ITERATIONS_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    meta: AgentLog.Meta
    iterations: _containers.RepeatedCompositeFieldContainer[AgentLog.Iteration]
    files: _containers.RepeatedCompositeFieldContainer[_conversation_pb2.MessageFile]
    def __init__(self, meta: _Optional[_Union[AgentLog.Meta, _Mapping]] = ..., iterations: _Optional[_Iterable[_Union[AgentLog.Iteration, _Mapping]]] = ..., files: _Optional[_Iterable[_Union[_conversation_pb2.MessageFile, _Mapping]]] = ...) -> None: ...
