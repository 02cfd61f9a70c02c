from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunWorkflowRequest(_message.Message):
    __slots__ = ("inputs", "response_mode", "user", "files", "trace_id")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MODE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    inputs: _struct_pb2.Struct
    response_mode: str
    user: str
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    trace_id: str
    def __init__(self, inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., response_mode: _Optional[str] = ..., user: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., trace_id: _Optional[str] = ...) -> None: ...

class RunWorkflowVersionRequest(_message.Message):
    __slots__ = ("workflow_id", "inputs", "response_mode", "user", "files", "trace_id")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_MODE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    inputs: _struct_pb2.Struct
    response_mode: str
    user: str
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    trace_id: str
    def __init__(self, workflow_id: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., response_mode: _Optional[str] = ..., user: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., trace_id: _Optional[str] = ...) -> None: ...

class RunWorkflowResponse(_message.Message):
    __slots__ = ("task_id", "workflow_run_id", "data")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    workflow_run_id: str
    data: WorkflowRunResult
    def __init__(self, task_id: _Optional[str] = ..., workflow_run_id: _Optional[str] = ..., data: _Optional[_Union[WorkflowRunResult, _Mapping]] = ...) -> None: ...

class WorkflowRunResult(_message.Message):
    __slots__ = ("id", "workflow_id", "status", "outputs", "error", "elapsed_time", "total_tokens", "total_steps", "created_at", "finished_at", "paused_nodes", "reasons")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    PAUSED_NODES_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow_id: str
    status: str
    outputs: _common_pb2.Json
    error: str
    elapsed_time: float
    total_tokens: int
    total_steps: int
    created_at: int
    finished_at: int
    paused_nodes: _common_pb2.Json
    reasons: _common_pb2.Json
    def __init__(self, id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., status: _Optional[str] = ..., outputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., error: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., total_tokens: _Optional[int] = ..., total_steps: _Optional[int] = ..., created_at: _Optional[int] = ..., finished_at: _Optional[int] = ..., paused_nodes: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., reasons: _Optional[_Union[_common_pb2.Json, _Mapping]] = ...) -> None: ...

class GetWorkflowRunRequest(_message.Message):
    __slots__ = ("workflow_run_id", "inputs_format")
    WORKFLOW_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FORMAT_FIELD_NUMBER: _ClassVar[int]
    workflow_run_id: str
    inputs_format: str
    def __init__(self, workflow_run_id: _Optional[str] = ..., inputs_format: _Optional[str] = ...) -> None: ...

class WorkflowRun(_message.Message):
    __slots__ = ("id", "workflow_id", "status", "inputs", "outputs", "error", "total_steps", "total_tokens", "created_at", "finished_at", "elapsed_time")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow_id: str
    status: str
    inputs: _common_pb2.Json
    outputs: _common_pb2.Json
    error: str
    total_steps: int
    total_tokens: int
    created_at: int
    finished_at: int
    elapsed_time: float
    def __init__(self, id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., status: _Optional[str] = ..., inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., outputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., error: _Optional[str] = ..., total_steps: _Optional[int] = ..., total_tokens: _Optional[int] = ..., created_at: _Optional[int] = ..., finished_at: _Optional[int] = ..., elapsed_time: _Optional[float] = ...) -> None: ...

class StopWorkflowTaskRequest(_message.Message):
    __slots__ = ("task_id", "user")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    user: str
    def __init__(self, task_id: _Optional[str] = ..., user: _Optional[str] = ...) -> None: ...

class ResumeWorkflowRunRequest(_message.Message):
    __slots__ = ("workflow_run_id", "user", "include_state_snapshot", "continue_on_pause", "after_sequence")
    WORKFLOW_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_STATE_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    CONTINUE_ON_PAUSE_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    workflow_run_id: str
    user: str
    include_state_snapshot: str
    continue_on_pause: str
    after_sequence: int
    def __init__(self, workflow_run_id: _Optional[str] = ..., user: _Optional[str] = ..., include_state_snapshot: _Optional[str] = ..., continue_on_pause: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class ListWorkflowLogsRequest(_message.Message):
    __slots__ = ("keyword", "status", "created_at_before", "created_at_after", "created_by_end_user_session_id", "created_by_account", "page", "limit")
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_END_USER_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    keyword: str
    status: str
    created_at_before: str
    created_at_after: str
    created_by_end_user_session_id: str
    created_by_account: str
    page: int
    limit: int
    def __init__(self, keyword: _Optional[str] = ..., status: _Optional[str] = ..., created_at_before: _Optional[str] = ..., created_at_after: _Optional[str] = ..., created_by_end_user_session_id: _Optional[str] = ..., created_by_account: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class ListWorkflowLogsResponse(_message.Message):
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
    data: _containers.RepeatedCompositeFieldContainer[WorkflowLog]
    def __init__(self, page: _Optional[int] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[WorkflowLog, _Mapping]]] = ...) -> None: ...

class WorkflowLog(_message.Message):
    __slots__ = ("id", "workflow_run", "details", "created_from", "created_by_role", "created_by_account", "created_by_end_user", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_RUN_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    CREATED_FROM_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_ROLE_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_END_USER_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow_run: WorkflowLogRun
    details: _common_pb2.Json
    created_from: str
    created_by_role: str
    created_by_account: RunAccount
    created_by_end_user: RunEndUser
    created_at: int
    def __init__(self, id: _Optional[str] = ..., workflow_run: _Optional[_Union[WorkflowLogRun, _Mapping]] = ..., details: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., created_from: _Optional[str] = ..., created_by_role: _Optional[str] = ..., created_by_account: _Optional[_Union[RunAccount, _Mapping]] = ..., created_by_end_user: _Optional[_Union[RunEndUser, _Mapping]] = ..., created_at: _Optional[int] = ...) -> None: ...

class WorkflowLogRun(_message.Message):
    __slots__ = ("id", "version", "status", "triggered_from", "error", "elapsed_time", "total_tokens", "total_steps", "created_at", "finished_at", "exceptions_count")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TRIGGERED_FROM_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    EXCEPTIONS_COUNT_FIELD_NUMBER: _ClassVar[int]
    id: str
    version: str
    status: str
    triggered_from: str
    error: str
    elapsed_time: float
    total_tokens: int
    total_steps: int
    created_at: int
    finished_at: int
    exceptions_count: int
    def __init__(self, id: _Optional[str] = ..., version: _Optional[str] = ..., status: _Optional[str] = ..., triggered_from: _Optional[str] = ..., error: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., total_tokens: _Optional[int] = ..., total_steps: _Optional[int] = ..., created_at: _Optional[int] = ..., finished_at: _Optional[int] = ..., exceptions_count: _Optional[int] = ...) -> None: ...

class RunAccount(_message.Message):
    __slots__ = ("id", "name", "email")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    email: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., email: _Optional[str] = ...) -> None: ...

class RunEndUser(_message.Message):
    __slots__ = ("id", "type", "is_anonymous", "session_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    IS_ANONYMOUS_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    is_anonymous: bool
    session_id: str
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., is_anonymous: _Optional[bool] = ..., session_id: _Optional[str] = ...) -> None: ...
