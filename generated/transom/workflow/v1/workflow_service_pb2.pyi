from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Account(_message.Message):
    __slots__ = ("id", "name", "email")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    email: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., email: _Optional[str] = ...) -> None: ...

class Workflow(_message.Message):
    __slots__ = ("id", "graph", "features", "hash", "version", "marked_name", "marked_comment", "created_by", "created_at", "updated_by", "updated_at", "tool_published", "environment_variables", "conversation_variables", "rag_pipeline_variables")
    ID_FIELD_NUMBER: _ClassVar[int]
    GRAPH_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MARKED_NAME_FIELD_NUMBER: _ClassVar[int]
    MARKED_COMMENT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    TOOL_PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    RAG_PIPELINE_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    id: str
    graph: _struct_pb2.Struct
    features: _struct_pb2.Struct
    hash: str
    version: str
    marked_name: str
    marked_comment: str
    created_by: Account
    created_at: int
    updated_by: Account
    updated_at: int
    tool_published: bool
    environment_variables: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    conversation_variables: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    rag_pipeline_variables: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, id: _Optional[str] = ..., graph: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., features: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., hash: _Optional[str] = ..., version: _Optional[str] = ..., marked_name: _Optional[str] = ..., marked_comment: _Optional[str] = ..., created_by: _Optional[_Union[Account, _Mapping]] = ..., created_at: _Optional[int] = ..., updated_by: _Optional[_Union[Account, _Mapping]] = ..., updated_at: _Optional[int] = ..., tool_published: _Optional[bool] = ..., environment_variables: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., conversation_variables: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., rag_pipeline_variables: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class GetDraftWorkflowRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class SyncDraftWorkflowRequest(_message.Message):
    __slots__ = ("app_id", "graph", "features", "hash", "environment_variables", "conversation_variables")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    GRAPH_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    graph: _struct_pb2.Struct
    features: _struct_pb2.Struct
    hash: str
    environment_variables: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    conversation_variables: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, app_id: _Optional[str] = ..., graph: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., features: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., hash: _Optional[str] = ..., environment_variables: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., conversation_variables: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class SyncDraftWorkflowResponse(_message.Message):
    __slots__ = ("result", "hash", "updated_at")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    result: str
    hash: str
    updated_at: int
    def __init__(self, result: _Optional[str] = ..., hash: _Optional[str] = ..., updated_at: _Optional[int] = ...) -> None: ...

class UpdateDraftFeaturesRequest(_message.Message):
    __slots__ = ("app_id", "features")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    features: _struct_pb2.Struct
    def __init__(self, app_id: _Optional[str] = ..., features: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class UpdateDraftEnvironmentVariablesRequest(_message.Message):
    __slots__ = ("app_id", "environment_variables")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    environment_variables: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, app_id: _Optional[str] = ..., environment_variables: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class UpdateDraftConversationVariablesRequest(_message.Message):
    __slots__ = ("app_id", "conversation_variables")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_VARIABLES_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    conversation_variables: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, app_id: _Optional[str] = ..., conversation_variables: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class PublishWorkflowRequest(_message.Message):
    __slots__ = ("app_id", "marked_name", "marked_comment")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    MARKED_NAME_FIELD_NUMBER: _ClassVar[int]
    MARKED_COMMENT_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    marked_name: str
    marked_comment: str
    def __init__(self, app_id: _Optional[str] = ..., marked_name: _Optional[str] = ..., marked_comment: _Optional[str] = ...) -> None: ...

class PublishWorkflowResponse(_message.Message):
    __slots__ = ("result", "created_at")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    result: str
    created_at: int
    def __init__(self, result: _Optional[str] = ..., created_at: _Optional[int] = ...) -> None: ...

class GetPublishedWorkflowRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class GetPublishedWorkflowResponse(_message.Message):
    __slots__ = ("workflow",)
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    workflow: Workflow
    def __init__(self, workflow: _Optional[_Union[Workflow, _Mapping]] = ...) -> None: ...

class ListWorkflowsRequest(_message.Message):
    __slots__ = ("app_id", "page", "limit", "user_id", "named_only")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMED_ONLY_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    page: int
    limit: int
    user_id: str
    named_only: bool
    def __init__(self, app_id: _Optional[str] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ..., user_id: _Optional[str] = ..., named_only: _Optional[bool] = ...) -> None: ...

class ListWorkflowsResponse(_message.Message):
    __slots__ = ("items", "page", "limit", "has_more")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Workflow]
    page: int
    limit: int
    has_more: bool
    def __init__(self, items: _Optional[_Iterable[_Union[Workflow, _Mapping]]] = ..., page: _Optional[int] = ..., limit: _Optional[int] = ..., has_more: _Optional[bool] = ...) -> None: ...

class UpdateWorkflowRequest(_message.Message):
    __slots__ = ("app_id", "workflow_id", "marked_name", "marked_comment")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    MARKED_NAME_FIELD_NUMBER: _ClassVar[int]
    MARKED_COMMENT_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    workflow_id: str
    marked_name: str
    marked_comment: str
    def __init__(self, app_id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., marked_name: _Optional[str] = ..., marked_comment: _Optional[str] = ...) -> None: ...

class DeleteWorkflowRequest(_message.Message):
    __slots__ = ("app_id", "workflow_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    workflow_id: str
    def __init__(self, app_id: _Optional[str] = ..., workflow_id: _Optional[str] = ...) -> None: ...

class RestoreWorkflowRequest(_message.Message):
    __slots__ = ("app_id", "workflow_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    workflow_id: str
    def __init__(self, app_id: _Optional[str] = ..., workflow_id: _Optional[str] = ...) -> None: ...

class ListDefaultBlockConfigsRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class ListDefaultBlockConfigsResponse(_message.Message):
    __slots__ = ("configs",)
    CONFIGS_FIELD_NUMBER: _ClassVar[int]
    configs: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, configs: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class GetDefaultBlockConfigRequest(_message.Message):
    __slots__ = ("app_id", "block_type", "q")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    BLOCK_TYPE_FIELD_NUMBER: _ClassVar[int]
    Q_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    block_type: str
    q: str
    def __init__(self, app_id: _Optional[str] = ..., block_type: _Optional[str] = ..., q: _Optional[str] = ...) -> None: ...

class GetDefaultBlockConfigResponse(_message.Message):
    __slots__ = ("config",)
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    config: _struct_pb2.Struct
    def __init__(self, config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ConvertToWorkflowRequest(_message.Message):
    __slots__ = ("app_id", "name", "icon_type", "icon", "icon_background")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    name: str
    icon_type: str
    icon: str
    icon_background: str
    def __init__(self, app_id: _Optional[str] = ..., name: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ...) -> None: ...

class ConvertToWorkflowResponse(_message.Message):
    __slots__ = ("new_app_id",)
    NEW_APP_ID_FIELD_NUMBER: _ClassVar[int]
    new_app_id: str
    def __init__(self, new_app_id: _Optional[str] = ...) -> None: ...
