from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.run.v1 import event_pb2 as _event_pb2
from transom.workflow.v1 import workflow_run_pb2 as _workflow_run_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StreamDraftRunRequest(_message.Message):
    __slots__ = ("app_id", "inputs", "files")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    inputs: _struct_pb2.Struct
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, app_id: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class StreamDraftChatRequest(_message.Message):
    __slots__ = ("app_id", "inputs", "query", "files", "conversation_id", "parent_message_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    inputs: _struct_pb2.Struct
    query: str
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    conversation_id: str
    parent_message_id: str
    def __init__(self, app_id: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., conversation_id: _Optional[str] = ..., parent_message_id: _Optional[str] = ...) -> None: ...

class RunDraftNodeRequest(_message.Message):
    __slots__ = ("app_id", "node_id", "inputs", "query", "files")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    node_id: str
    inputs: _struct_pb2.Struct
    query: str
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, app_id: _Optional[str] = ..., node_id: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query: _Optional[str] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class StreamDraftContainerRequest(_message.Message):
    __slots__ = ("app_id", "node_id", "inputs")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    node_id: str
    inputs: _struct_pb2.Struct
    def __init__(self, app_id: _Optional[str] = ..., node_id: _Optional[str] = ..., inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class GetNodeLastRunRequest(_message.Message):
    __slots__ = ("app_id", "node_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    node_id: str
    def __init__(self, app_id: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class StopWorkflowRunTaskRequest(_message.Message):
    __slots__ = ("app_id", "task_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    task_id: str
    def __init__(self, app_id: _Optional[str] = ..., task_id: _Optional[str] = ...) -> None: ...

class ListWorkflowRunsRequest(_message.Message):
    __slots__ = ("app_id", "last_id", "limit", "status", "triggered_from")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TRIGGERED_FROM_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    last_id: str
    limit: int
    status: str
    triggered_from: str
    def __init__(self, app_id: _Optional[str] = ..., last_id: _Optional[str] = ..., limit: _Optional[int] = ..., status: _Optional[str] = ..., triggered_from: _Optional[str] = ...) -> None: ...

class ListWorkflowRunsResponse(_message.Message):
    __slots__ = ("limit", "has_more", "data")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    limit: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[WorkflowRunItem]
    def __init__(self, limit: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[WorkflowRunItem, _Mapping]]] = ...) -> None: ...

class WorkflowRunItem(_message.Message):
    __slots__ = ("id", "conversation_id", "message_id", "version", "status", "elapsed_time", "total_tokens", "total_steps", "created_by_account", "created_at", "finished_at", "exceptions_count", "retry_index")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    EXCEPTIONS_COUNT_FIELD_NUMBER: _ClassVar[int]
    RETRY_INDEX_FIELD_NUMBER: _ClassVar[int]
    id: str
    conversation_id: str
    message_id: str
    version: str
    status: str
    elapsed_time: float
    total_tokens: int
    total_steps: int
    created_by_account: _workflow_run_pb2.RunAccount
    created_at: int
    finished_at: int
    exceptions_count: int
    retry_index: int
    def __init__(self, id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., message_id: _Optional[str] = ..., version: _Optional[str] = ..., status: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., total_tokens: _Optional[int] = ..., total_steps: _Optional[int] = ..., created_by_account: _Optional[_Union[_workflow_run_pb2.RunAccount, _Mapping]] = ..., created_at: _Optional[int] = ..., finished_at: _Optional[int] = ..., exceptions_count: _Optional[int] = ..., retry_index: _Optional[int] = ...) -> None: ...

class CountWorkflowRunsRequest(_message.Message):
    __slots__ = ("app_id", "status", "time_range", "triggered_from")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TIME_RANGE_FIELD_NUMBER: _ClassVar[int]
    TRIGGERED_FROM_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    status: str
    time_range: str
    triggered_from: str
    def __init__(self, app_id: _Optional[str] = ..., status: _Optional[str] = ..., time_range: _Optional[str] = ..., triggered_from: _Optional[str] = ...) -> None: ...

class WorkflowRunCount(_message.Message):
    __slots__ = ("total", "running", "succeeded", "failed", "stopped", "partial_succeeded")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    STOPPED_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    total: int
    running: int
    succeeded: int
    failed: int
    stopped: int
    partial_succeeded: int
    def __init__(self, total: _Optional[int] = ..., running: _Optional[int] = ..., succeeded: _Optional[int] = ..., failed: _Optional[int] = ..., stopped: _Optional[int] = ..., partial_succeeded: _Optional[int] = ...) -> None: ...

class GetWorkflowRunDetailRequest(_message.Message):
    __slots__ = ("app_id", "run_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    run_id: str
    def __init__(self, app_id: _Optional[str] = ..., run_id: _Optional[str] = ...) -> None: ...

class WorkflowRunDetail(_message.Message):
    __slots__ = ("id", "version", "graph", "inputs", "status", "outputs", "error", "elapsed_time", "total_tokens", "total_steps", "created_by_role", "created_by_account", "created_by_end_user", "created_at", "finished_at", "exceptions_count")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    GRAPH_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_ROLE_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_END_USER_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    EXCEPTIONS_COUNT_FIELD_NUMBER: _ClassVar[int]
    id: str
    version: str
    graph: _common_pb2.Json
    inputs: _common_pb2.Json
    status: str
    outputs: _common_pb2.Json
    error: str
    elapsed_time: float
    total_tokens: int
    total_steps: int
    created_by_role: str
    created_by_account: _workflow_run_pb2.RunAccount
    created_by_end_user: _workflow_run_pb2.RunEndUser
    created_at: int
    finished_at: int
    exceptions_count: int
    def __init__(self, id: _Optional[str] = ..., version: _Optional[str] = ..., graph: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., status: _Optional[str] = ..., outputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., error: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., total_tokens: _Optional[int] = ..., total_steps: _Optional[int] = ..., created_by_role: _Optional[str] = ..., created_by_account: _Optional[_Union[_workflow_run_pb2.RunAccount, _Mapping]] = ..., created_by_end_user: _Optional[_Union[_workflow_run_pb2.RunEndUser, _Mapping]] = ..., created_at: _Optional[int] = ..., finished_at: _Optional[int] = ..., exceptions_count: _Optional[int] = ...) -> None: ...

class ListNodeExecutionsResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[NodeExecution]
    def __init__(self, data: _Optional[_Iterable[_Union[NodeExecution, _Mapping]]] = ...) -> None: ...

class NodeExecution(_message.Message):
    __slots__ = ("id", "index", "predecessor_node_id", "node_id", "node_type", "title", "inputs", "process_data", "outputs", "status", "error", "elapsed_time", "execution_metadata", "extras", "created_at", "created_by_role", "created_by_account", "created_by_end_user", "finished_at", "inputs_truncated", "outputs_truncated", "process_data_truncated")
    ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    PREDECESSOR_NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    PROCESS_DATA_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_METADATA_FIELD_NUMBER: _ClassVar[int]
    EXTRAS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_ROLE_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_END_USER_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    INPUTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    PROCESS_DATA_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    id: str
    index: int
    predecessor_node_id: str
    node_id: str
    node_type: str
    title: str
    inputs: _common_pb2.Json
    process_data: _common_pb2.Json
    outputs: _common_pb2.Json
    status: str
    error: str
    elapsed_time: float
    execution_metadata: _common_pb2.Json
    extras: _common_pb2.Json
    created_at: int
    created_by_role: str
    created_by_account: _workflow_run_pb2.RunAccount
    created_by_end_user: _workflow_run_pb2.RunEndUser
    finished_at: int
    inputs_truncated: bool
    outputs_truncated: bool
    process_data_truncated: bool
    def __init__(self, id: _Optional[str] = ..., index: _Optional[int] = ..., predecessor_node_id: _Optional[str] = ..., node_id: _Optional[str] = ..., node_type: _Optional[str] = ..., title: _Optional[str] = ..., inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., process_data: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., outputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., status: _Optional[str] = ..., error: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., execution_metadata: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., extras: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., created_at: _Optional[int] = ..., created_by_role: _Optional[str] = ..., created_by_account: _Optional[_Union[_workflow_run_pb2.RunAccount, _Mapping]] = ..., created_by_end_user: _Optional[_Union[_workflow_run_pb2.RunEndUser, _Mapping]] = ..., finished_at: _Optional[int] = ..., inputs_truncated: _Optional[bool] = ..., outputs_truncated: _Optional[bool] = ..., process_data_truncated: _Optional[bool] = ...) -> None: ...

class ListAppLogsRequest(_message.Message):
    __slots__ = ("app_id", "keyword", "status", "created_at_before", "created_at_after", "created_by_end_user_session_id", "created_by_account", "detail", "page", "limit")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    KEYWORD_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_END_USER_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    keyword: str
    status: str
    created_at_before: str
    created_at_after: str
    created_by_end_user_session_id: str
    created_by_account: str
    detail: bool
    page: int
    limit: int
    def __init__(self, app_id: _Optional[str] = ..., keyword: _Optional[str] = ..., status: _Optional[str] = ..., created_at_before: _Optional[str] = ..., created_at_after: _Optional[str] = ..., created_by_end_user_session_id: _Optional[str] = ..., created_by_account: _Optional[str] = ..., detail: _Optional[bool] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...
