from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.run.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunWebWorkflowRequest(_message.Message):
    __slots__ = ("inputs", "files")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    inputs: _struct_pb2.Struct
    files: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, inputs: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., files: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class StopWebWorkflowTaskRequest(_message.Message):
    __slots__ = ("task_id",)
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    def __init__(self, task_id: _Optional[str] = ...) -> None: ...

class ResumeWebWorkflowRunRequest(_message.Message):
    __slots__ = ("workflow_run_id", "include_state_snapshot", "after_sequence")
    WORKFLOW_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_STATE_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    workflow_run_id: str
    include_state_snapshot: str
    after_sequence: int
    def __init__(self, workflow_run_id: _Optional[str] = ..., include_state_snapshot: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...
