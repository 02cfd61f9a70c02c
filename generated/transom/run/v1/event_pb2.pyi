from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunEvent(_message.Message):
    __slots__ = ("sequence", "time_ms", "ignorable", "task_id", "message_id", "conversation_id", "created_at", "workflow_run_id", "last", "message", "message_replace", "message_end", "error", "ping", "workflow_started", "node_started", "node_finished", "node_retry", "iteration_started", "iteration_next", "iteration_completed", "loop_started", "loop_next", "loop_completed", "text_chunk", "agent_log", "reasoning_chunk", "workflow_paused", "human_input_required", "agent_message", "agent_thought", "message_file", "human_input_form_filled", "human_input_form_timeout", "workflow_finished", "trigger_waiting", "tts_message", "tts_message_end")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    IGNORABLE_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_REPLACE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_END_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PING_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_STARTED_FIELD_NUMBER: _ClassVar[int]
    NODE_STARTED_FIELD_NUMBER: _ClassVar[int]
    NODE_FINISHED_FIELD_NUMBER: _ClassVar[int]
    NODE_RETRY_FIELD_NUMBER: _ClassVar[int]
    ITERATION_STARTED_FIELD_NUMBER: _ClassVar[int]
    ITERATION_NEXT_FIELD_NUMBER: _ClassVar[int]
    ITERATION_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    LOOP_STARTED_FIELD_NUMBER: _ClassVar[int]
    LOOP_NEXT_FIELD_NUMBER: _ClassVar[int]
    LOOP_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    TEXT_CHUNK_FIELD_NUMBER: _ClassVar[int]
    AGENT_LOG_FIELD_NUMBER: _ClassVar[int]
    REASONING_CHUNK_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_PAUSED_FIELD_NUMBER: _ClassVar[int]
    HUMAN_INPUT_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    AGENT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    AGENT_THOUGHT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FILE_FIELD_NUMBER: _ClassVar[int]
    HUMAN_INPUT_FORM_FILLED_FIELD_NUMBER: _ClassVar[int]
    HUMAN_INPUT_FORM_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FINISHED_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_WAITING_FIELD_NUMBER: _ClassVar[int]
    TTS_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TTS_MESSAGE_END_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    time_ms: int
    ignorable: bool
    task_id: str
    message_id: str
    conversation_id: str
    created_at: int
    workflow_run_id: str
    last: bool
    message: MessageDelta
    message_replace: MessageReplace
    message_end: MessageEnd
    error: RunError
    ping: Ping
    workflow_started: WorkflowStarted
    node_started: NodeStarted
    node_finished: NodeFinished
    node_retry: NodeRetry
    iteration_started: ContainerStarted
    iteration_next: ContainerNext
    iteration_completed: ContainerCompleted
    loop_started: ContainerStarted
    loop_next: ContainerNext
    loop_completed: ContainerCompleted
    text_chunk: TextChunk
    agent_log: AgentLog
    reasoning_chunk: ReasoningChunk
    workflow_paused: WorkflowPaused
    human_input_required: HumanInputRequired
    agent_message: MessageDelta
    agent_thought: AgentThought
    message_file: MessageFile
    human_input_form_filled: HumanInputFormFilled
    human_input_form_timeout: HumanInputFormTimeout
    workflow_finished: WorkflowFinished
    trigger_waiting: TriggerWaiting
    tts_message: TtsMessage
    tts_message_end: TtsMessageEnd
    def __init__(self, sequence: _Optional[int] = ..., time_ms: _Optional[int] = ..., ignorable: _Optional[bool] = ..., task_id: _Optional[str] = ..., message_id: _Optional[str] = ..., conversation_id: _Optional[str] = ..., created_at: _Optional[int] = ..., workflow_run_id: _Optional[str] = ..., last: _Optional[bool] = ..., message: _Optional[_Union[MessageDelta, _Mapping]] = ..., message_replace: _Optional[_Union[MessageReplace, _Mapping]] = ..., message_end: _Optional[_Union[MessageEnd, _Mapping]] = ..., error: _Optional[_Union[RunError, _Mapping]] = ..., ping: _Optional[_Union[Ping, _Mapping]] = ..., workflow_started: _Optional[_Union[WorkflowStarted, _Mapping]] = ..., node_started: _Optional[_Union[NodeStarted, _Mapping]] = ..., node_finished: _Optional[_Union[NodeFinished, _Mapping]] = ..., node_retry: _Optional[_Union[NodeRetry, _Mapping]] = ..., iteration_started: _Optional[_Union[ContainerStarted, _Mapping]] = ..., iteration_next: _Optional[_Union[ContainerNext, _Mapping]] = ..., iteration_completed: _Optional[_Union[ContainerCompleted, _Mapping]] = ..., loop_started: _Optional[_Union[ContainerStarted, _Mapping]] = ..., loop_next: _Optional[_Union[ContainerNext, _Mapping]] = ..., loop_completed: _Optional[_Union[ContainerCompleted, _Mapping]] = ..., text_chunk: _Optional[_Union[TextChunk, _Mapping]] = ..., agent_log: _Optional[_Union[AgentLog, _Mapping]] = ..., reasoning_chunk: _Optional[_Union[ReasoningChunk, _Mapping]] = ..., workflow_paused: _Optional[_Union[WorkflowPaused, _Mapping]] = ..., human_input_required: _Optional[_Union[HumanInputRequired, _Mapping]] = ..., agent_message: _Optional[_Union[MessageDelta, _Mapping]] = ..., agent_thought: _Optional[_Union[AgentThought, _Mapping]] = ..., message_file: _Optional[_Union[MessageFile, _Mapping]] = ..., human_input_form_filled: _Optional[_Union[HumanInputFormFilled, _Mapping]] = ..., human_input_form_timeout: _Optional[_Union[HumanInputFormTimeout, _Mapping]] = ..., workflow_finished: _Optional[_Union[WorkflowFinished, _Mapping]] = ..., trigger_waiting: _Optional[_Union[TriggerWaiting, _Mapping]] = ..., tts_message: _Optional[_Union[TtsMessage, _Mapping]] = ..., tts_message_end: _Optional[_Union[TtsMessageEnd, _Mapping]] = ...) -> None: ...

class TriggerWaiting(_message.Message):
    __slots__ = ("status", "retry_in")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RETRY_IN_FIELD_NUMBER: _ClassVar[int]
    status: str
    retry_in: int
    def __init__(self, status: _Optional[str] = ..., retry_in: _Optional[int] = ...) -> None: ...

class MessageDelta(_message.Message):
    __slots__ = ("answer", "from_variable_selector")
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    FROM_VARIABLE_SELECTOR_FIELD_NUMBER: _ClassVar[int]
    answer: str
    from_variable_selector: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, answer: _Optional[str] = ..., from_variable_selector: _Optional[_Iterable[str]] = ...) -> None: ...

class AgentThought(_message.Message):
    __slots__ = ("id", "position", "thought", "observation", "tool", "tool_labels", "tool_input", "message_files")
    ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    THOUGHT_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    TOOL_LABELS_FIELD_NUMBER: _ClassVar[int]
    TOOL_INPUT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FILES_FIELD_NUMBER: _ClassVar[int]
    id: str
    position: int
    thought: str
    observation: str
    tool: str
    tool_labels: _common_pb2.Json
    tool_input: str
    message_files: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., position: _Optional[int] = ..., thought: _Optional[str] = ..., observation: _Optional[str] = ..., tool: _Optional[str] = ..., tool_labels: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., tool_input: _Optional[str] = ..., message_files: _Optional[_Iterable[str]] = ...) -> None: ...

class MessageFile(_message.Message):
    __slots__ = ("id", "type", "belongs_to", "url")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BELONGS_TO_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    belongs_to: str
    url: str
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., belongs_to: _Optional[str] = ..., url: _Optional[str] = ...) -> None: ...

class MessageReplace(_message.Message):
    __slots__ = ("answer", "reason")
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    answer: str
    reason: str
    def __init__(self, answer: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class MessageEnd(_message.Message):
    __slots__ = ("metadata", "outcome", "files")
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
    FILES_FIELD_NUMBER: _ClassVar[int]
    metadata: _common_pb2.AnswerMetadata
    outcome: MessageEnd.Outcome
    files: _containers.RepeatedCompositeFieldContainer[_common_pb2.Json]
    def __init__(self, metadata: _Optional[_Union[_common_pb2.AnswerMetadata, _Mapping]] = ..., outcome: _Optional[_Union[MessageEnd.Outcome, str]] = ..., files: _Optional[_Iterable[_Union[_common_pb2.Json, _Mapping]]] = ...) -> None: ...

class RunError(_message.Message):
    __slots__ = ("code", "status", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    status: int
    message: str
    def __init__(self, code: _Optional[str] = ..., status: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class TtsMessage(_message.Message):
    __slots__ = ("audio",)
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    audio: bytes
    def __init__(self, audio: _Optional[bytes] = ...) -> None: ...

class TtsMessageEnd(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Ping(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WorkflowStarted(_message.Message):
    __slots__ = ("id", "workflow_id", "inputs", "created_at", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow_id: str
    inputs: _common_pb2.Json
    created_at: int
    reason: str
    def __init__(self, id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., created_at: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class NodeStarted(_message.Message):
    __slots__ = ("id", "node_id", "node_type", "title", "index", "predecessor_node_id", "inputs", "inputs_truncated", "created_at", "extras", "iteration_id", "loop_id", "agent_strategy")
    ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    PREDECESSOR_NODE_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    EXTRAS_FIELD_NUMBER: _ClassVar[int]
    ITERATION_ID_FIELD_NUMBER: _ClassVar[int]
    LOOP_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_STRATEGY_FIELD_NUMBER: _ClassVar[int]
    id: str
    node_id: str
    node_type: str
    title: str
    index: int
    predecessor_node_id: str
    inputs: _common_pb2.Json
    inputs_truncated: bool
    created_at: int
    extras: _common_pb2.Json
    iteration_id: str
    loop_id: str
    agent_strategy: _common_pb2.Json
    def __init__(self, id: _Optional[str] = ..., node_id: _Optional[str] = ..., node_type: _Optional[str] = ..., title: _Optional[str] = ..., index: _Optional[int] = ..., predecessor_node_id: _Optional[str] = ..., inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., inputs_truncated: _Optional[bool] = ..., created_at: _Optional[int] = ..., extras: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., iteration_id: _Optional[str] = ..., loop_id: _Optional[str] = ..., agent_strategy: _Optional[_Union[_common_pb2.Json, _Mapping]] = ...) -> None: ...

class NodeFinished(_message.Message):
    __slots__ = ("id", "node_id", "node_type", "title", "index", "predecessor_node_id", "inputs", "inputs_truncated", "process_data", "process_data_truncated", "outputs", "outputs_truncated", "status", "error", "elapsed_time", "execution_metadata", "created_at", "finished_at", "files", "iteration_id", "loop_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    PREDECESSOR_NODE_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    PROCESS_DATA_FIELD_NUMBER: _ClassVar[int]
    PROCESS_DATA_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_METADATA_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    ITERATION_ID_FIELD_NUMBER: _ClassVar[int]
    LOOP_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    node_id: str
    node_type: str
    title: str
    index: int
    predecessor_node_id: str
    inputs: _common_pb2.Json
    inputs_truncated: bool
    process_data: _common_pb2.Json
    process_data_truncated: bool
    outputs: _common_pb2.Json
    outputs_truncated: bool
    status: str
    error: str
    elapsed_time: float
    execution_metadata: _common_pb2.Json
    created_at: int
    finished_at: int
    files: _containers.RepeatedCompositeFieldContainer[_common_pb2.Json]
    iteration_id: str
    loop_id: str
    def __init__(self, id: _Optional[str] = ..., node_id: _Optional[str] = ..., node_type: _Optional[str] = ..., title: _Optional[str] = ..., index: _Optional[int] = ..., predecessor_node_id: _Optional[str] = ..., inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., inputs_truncated: _Optional[bool] = ..., process_data: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., process_data_truncated: _Optional[bool] = ..., outputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., outputs_truncated: _Optional[bool] = ..., status: _Optional[str] = ..., error: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., execution_metadata: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., created_at: _Optional[int] = ..., finished_at: _Optional[int] = ..., files: _Optional[_Iterable[_Union[_common_pb2.Json, _Mapping]]] = ..., iteration_id: _Optional[str] = ..., loop_id: _Optional[str] = ...) -> None: ...

class NodeRetry(_message.Message):
    __slots__ = ("id", "node_id", "node_type", "title", "index", "predecessor_node_id", "inputs", "inputs_truncated", "process_data", "process_data_truncated", "outputs", "outputs_truncated", "status", "error", "elapsed_time", "execution_metadata", "created_at", "finished_at", "files", "iteration_id", "loop_id", "retry_index")
    ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    PREDECESSOR_NODE_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    PROCESS_DATA_FIELD_NUMBER: _ClassVar[int]
    PROCESS_DATA_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_METADATA_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    ITERATION_ID_FIELD_NUMBER: _ClassVar[int]
    LOOP_ID_FIELD_NUMBER: _ClassVar[int]
    RETRY_INDEX_FIELD_NUMBER: _ClassVar[int]
    id: str
    node_id: str
    node_type: str
    title: str
    index: int
    predecessor_node_id: str
    inputs: _common_pb2.Json
    inputs_truncated: bool
    process_data: _common_pb2.Json
    process_data_truncated: bool
    outputs: _common_pb2.Json
    outputs_truncated: bool
    status: str
    error: str
    elapsed_time: float
    execution_metadata: _common_pb2.Json
    created_at: int
    finished_at: int
    files: _containers.RepeatedCompositeFieldContainer[_common_pb2.Json]
    iteration_id: str
    loop_id: str
    retry_index: int
    def __init__(self, id: _Optional[str] = ..., node_id: _Optional[str] = ..., node_type: _Optional[str] = ..., title: _Optional[str] = ..., index: _Optional[int] = ..., predecessor_node_id: _Optional[str] = ..., inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., inputs_truncated: _Optional[bool] = ..., process_data: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., process_data_truncated: _Optional[bool] = ..., outputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., outputs_truncated: _Optional[bool] = ..., status: _Optional[str] = ..., error: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., execution_metadata: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., created_at: _Optional[int] = ..., finished_at: _Optional[int] = ..., files: _Optional[_Iterable[_Union[_common_pb2.Json, _Mapping]]] = ..., iteration_id: _Optional[str] = ..., loop_id: _Optional[str] = ..., retry_index: _Optional[int] = ...) -> None: ...

class ContainerStarted(_message.Message):
    __slots__ = ("id", "node_id", "node_type", "title", "created_at", "extras", "metadata", "inputs", "inputs_truncated")
    ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    EXTRAS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    id: str
    node_id: str
    node_type: str
    title: str
    created_at: int
    extras: _common_pb2.Json
    metadata: _common_pb2.Json
    inputs: _common_pb2.Json
    inputs_truncated: bool
    def __init__(self, id: _Optional[str] = ..., node_id: _Optional[str] = ..., node_type: _Optional[str] = ..., title: _Optional[str] = ..., created_at: _Optional[int] = ..., extras: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., metadata: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., inputs_truncated: _Optional[bool] = ...) -> None: ...

class ContainerNext(_message.Message):
    __slots__ = ("id", "node_id", "node_type", "title", "index", "created_at", "extras", "pre_loop_output")
    ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    EXTRAS_FIELD_NUMBER: _ClassVar[int]
    PRE_LOOP_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    id: str
    node_id: str
    node_type: str
    title: str
    index: int
    created_at: int
    extras: _common_pb2.Json
    pre_loop_output: _common_pb2.Json
    def __init__(self, id: _Optional[str] = ..., node_id: _Optional[str] = ..., node_type: _Optional[str] = ..., title: _Optional[str] = ..., index: _Optional[int] = ..., created_at: _Optional[int] = ..., extras: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., pre_loop_output: _Optional[_Union[_common_pb2.Json, _Mapping]] = ...) -> None: ...

class ContainerCompleted(_message.Message):
    __slots__ = ("id", "node_id", "node_type", "title", "outputs", "outputs_truncated", "created_at", "extras", "inputs", "inputs_truncated", "status", "error", "elapsed_time", "total_tokens", "execution_metadata", "finished_at", "steps")
    ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    EXTRAS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_METADATA_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    id: str
    node_id: str
    node_type: str
    title: str
    outputs: _common_pb2.Json
    outputs_truncated: bool
    created_at: int
    extras: _common_pb2.Json
    inputs: _common_pb2.Json
    inputs_truncated: bool
    status: str
    error: str
    elapsed_time: float
    total_tokens: int
    execution_metadata: _common_pb2.Json
    finished_at: int
    steps: int
    def __init__(self, id: _Optional[str] = ..., node_id: _Optional[str] = ..., node_type: _Optional[str] = ..., title: _Optional[str] = ..., outputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., outputs_truncated: _Optional[bool] = ..., created_at: _Optional[int] = ..., extras: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., inputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., inputs_truncated: _Optional[bool] = ..., status: _Optional[str] = ..., error: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., total_tokens: _Optional[int] = ..., execution_metadata: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., finished_at: _Optional[int] = ..., steps: _Optional[int] = ...) -> None: ...

class TextChunk(_message.Message):
    __slots__ = ("text", "from_variable_selector")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FROM_VARIABLE_SELECTOR_FIELD_NUMBER: _ClassVar[int]
    text: str
    from_variable_selector: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, text: _Optional[str] = ..., from_variable_selector: _Optional[_Iterable[str]] = ...) -> None: ...

class AgentLog(_message.Message):
    __slots__ = ("node_execution_id", "id", "label", "parent_id", "error", "status", "data", "metadata", "node_id")
    NODE_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    node_execution_id: str
    id: str
    label: str
    parent_id: str
    error: str
    status: str
    data: _common_pb2.Json
    metadata: _common_pb2.Json
    node_id: str
    def __init__(self, node_execution_id: _Optional[str] = ..., id: _Optional[str] = ..., label: _Optional[str] = ..., parent_id: _Optional[str] = ..., error: _Optional[str] = ..., status: _Optional[str] = ..., data: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., metadata: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., node_id: _Optional[str] = ...) -> None: ...

class ReasoningChunk(_message.Message):
    __slots__ = ("message_id", "reasoning", "node_id", "is_final")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    reasoning: str
    node_id: str
    is_final: bool
    def __init__(self, message_id: _Optional[str] = ..., reasoning: _Optional[str] = ..., node_id: _Optional[str] = ..., is_final: _Optional[bool] = ...) -> None: ...

class WorkflowPaused(_message.Message):
    __slots__ = ("workflow_run_id", "paused_nodes", "outputs", "reasons", "status", "created_at", "elapsed_time", "total_tokens", "total_steps")
    WORKFLOW_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    PAUSED_NODES_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    workflow_run_id: str
    paused_nodes: _containers.RepeatedScalarFieldContainer[str]
    outputs: _common_pb2.Json
    reasons: _containers.RepeatedCompositeFieldContainer[_common_pb2.Json]
    status: str
    created_at: int
    elapsed_time: float
    total_tokens: int
    total_steps: int
    def __init__(self, workflow_run_id: _Optional[str] = ..., paused_nodes: _Optional[_Iterable[str]] = ..., outputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., reasons: _Optional[_Iterable[_Union[_common_pb2.Json, _Mapping]]] = ..., status: _Optional[str] = ..., created_at: _Optional[int] = ..., elapsed_time: _Optional[float] = ..., total_tokens: _Optional[int] = ..., total_steps: _Optional[int] = ...) -> None: ...

class HumanInputRequired(_message.Message):
    __slots__ = ("form_id", "node_id", "node_title", "form_content", "inputs", "actions", "display_in_ui", "form_token", "resolved_default_values", "expiration_time")
    FORM_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_TITLE_FIELD_NUMBER: _ClassVar[int]
    FORM_CONTENT_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_IN_UI_FIELD_NUMBER: _ClassVar[int]
    FORM_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_DEFAULT_VALUES_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_TIME_FIELD_NUMBER: _ClassVar[int]
    form_id: str
    node_id: str
    node_title: str
    form_content: str
    inputs: _containers.RepeatedCompositeFieldContainer[_common_pb2.Json]
    actions: _containers.RepeatedCompositeFieldContainer[_common_pb2.Json]
    display_in_ui: bool
    form_token: str
    resolved_default_values: _common_pb2.Json
    expiration_time: int
    def __init__(self, form_id: _Optional[str] = ..., node_id: _Optional[str] = ..., node_title: _Optional[str] = ..., form_content: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[_common_pb2.Json, _Mapping]]] = ..., actions: _Optional[_Iterable[_Union[_common_pb2.Json, _Mapping]]] = ..., display_in_ui: _Optional[bool] = ..., form_token: _Optional[str] = ..., resolved_default_values: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., expiration_time: _Optional[int] = ...) -> None: ...

class HumanInputFormFilled(_message.Message):
    __slots__ = ("node_id", "node_title", "rendered_content", "action_id", "action_text", "submitted_data")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_TITLE_FIELD_NUMBER: _ClassVar[int]
    RENDERED_CONTENT_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_TEXT_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_DATA_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    node_title: str
    rendered_content: str
    action_id: str
    action_text: str
    submitted_data: _common_pb2.Json
    def __init__(self, node_id: _Optional[str] = ..., node_title: _Optional[str] = ..., rendered_content: _Optional[str] = ..., action_id: _Optional[str] = ..., action_text: _Optional[str] = ..., submitted_data: _Optional[_Union[_common_pb2.Json, _Mapping]] = ...) -> None: ...

class HumanInputFormTimeout(_message.Message):
    __slots__ = ("node_id", "node_title", "expiration_time")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_TITLE_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_TIME_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    node_title: str
    expiration_time: int
    def __init__(self, node_id: _Optional[str] = ..., node_title: _Optional[str] = ..., expiration_time: _Optional[int] = ...) -> None: ...

class WorkflowFinished(_message.Message):
    __slots__ = ("id", "workflow_id", "status", "outputs", "error", "elapsed_time", "total_tokens", "total_steps", "created_by", "created_at", "finished_at", "exceptions_count", "files")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    EXCEPTIONS_COUNT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow_id: str
    status: str
    outputs: _common_pb2.Json
    error: str
    elapsed_time: float
    total_tokens: int
    total_steps: int
    created_by: _common_pb2.Json
    created_at: int
    finished_at: int
    exceptions_count: int
    files: _containers.RepeatedCompositeFieldContainer[_common_pb2.Json]
    def __init__(self, id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., status: _Optional[str] = ..., outputs: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., error: _Optional[str] = ..., elapsed_time: _Optional[float] = ..., total_tokens: _Optional[int] = ..., total_steps: _Optional[int] = ..., created_by: _Optional[_Union[_common_pb2.Json, _Mapping]] = ..., created_at: _Optional[int] = ..., finished_at: _Optional[int] = ..., exceptions_count: _Optional[int] = ..., files: _Optional[_Iterable[_Union[_common_pb2.Json, _Mapping]]] = ...) -> None: ...
