from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.tool.v1 import tool_provider_service_pb2 as _tool_provider_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WorkflowTool(_message.Message):
    __slots__ = ("name", "label", "workflow_tool_id", "workflow_app_id", "icon", "description", "parameters", "output_schema", "tool", "synced", "privacy_policy")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_TOOL_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_APP_ID_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    SYNCED_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_POLICY_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: str
    workflow_tool_id: str
    workflow_app_id: str
    icon: _struct_pb2.Struct
    description: str
    parameters: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    output_schema: _struct_pb2.Struct
    tool: _struct_pb2.Struct
    synced: bool
    privacy_policy: str
    def __init__(self, name: _Optional[str] = ..., label: _Optional[str] = ..., workflow_tool_id: _Optional[str] = ..., workflow_app_id: _Optional[str] = ..., icon: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., description: _Optional[str] = ..., parameters: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., output_schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., tool: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., synced: _Optional[bool] = ..., privacy_policy: _Optional[str] = ...) -> None: ...

class CreateWorkflowToolRequest(_message.Message):
    __slots__ = ("name", "label", "description", "icon", "parameters", "privacy_policy", "labels", "workflow_app_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_POLICY_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_APP_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: str
    description: str
    icon: _struct_pb2.Struct
    parameters: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    privacy_policy: str
    labels: _containers.RepeatedScalarFieldContainer[str]
    workflow_app_id: str
    def __init__(self, name: _Optional[str] = ..., label: _Optional[str] = ..., description: _Optional[str] = ..., icon: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., parameters: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., privacy_policy: _Optional[str] = ..., labels: _Optional[_Iterable[str]] = ..., workflow_app_id: _Optional[str] = ...) -> None: ...

class UpdateWorkflowToolRequest(_message.Message):
    __slots__ = ("name", "label", "description", "icon", "parameters", "privacy_policy", "labels", "workflow_tool_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_POLICY_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_TOOL_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: str
    description: str
    icon: _struct_pb2.Struct
    parameters: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    privacy_policy: str
    labels: _containers.RepeatedScalarFieldContainer[str]
    workflow_tool_id: str
    def __init__(self, name: _Optional[str] = ..., label: _Optional[str] = ..., description: _Optional[str] = ..., icon: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., parameters: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., privacy_policy: _Optional[str] = ..., labels: _Optional[_Iterable[str]] = ..., workflow_tool_id: _Optional[str] = ...) -> None: ...

class DeleteWorkflowToolRequest(_message.Message):
    __slots__ = ("workflow_tool_id",)
    WORKFLOW_TOOL_ID_FIELD_NUMBER: _ClassVar[int]
    workflow_tool_id: str
    def __init__(self, workflow_tool_id: _Optional[str] = ...) -> None: ...

class GetWorkflowToolRequest(_message.Message):
    __slots__ = ("workflow_tool_id", "workflow_app_id")
    WORKFLOW_TOOL_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_APP_ID_FIELD_NUMBER: _ClassVar[int]
    workflow_tool_id: str
    workflow_app_id: str
    def __init__(self, workflow_tool_id: _Optional[str] = ..., workflow_app_id: _Optional[str] = ...) -> None: ...

class ListWorkflowToolsRequest(_message.Message):
    __slots__ = ("workflow_tool_id",)
    WORKFLOW_TOOL_ID_FIELD_NUMBER: _ClassVar[int]
    workflow_tool_id: str
    def __init__(self, workflow_tool_id: _Optional[str] = ...) -> None: ...
