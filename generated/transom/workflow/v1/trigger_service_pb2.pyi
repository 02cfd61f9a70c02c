from google.api import annotations_pb2 as _annotations_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from transom.run.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunDraftTriggerRequest(_message.Message):
    __slots__ = ("app_id", "node_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    node_id: str
    def __init__(self, app_id: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class RunDraftTriggersRequest(_message.Message):
    __slots__ = ("app_id", "node_ids")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_IDS_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    node_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, app_id: _Optional[str] = ..., node_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListTriggersRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class ListTriggersResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[Trigger]
    def __init__(self, data: _Optional[_Iterable[_Union[Trigger, _Mapping]]] = ...) -> None: ...

class Trigger(_message.Message):
    __slots__ = ("id", "trigger_type", "title", "node_id", "provider_name", "icon", "status", "created_at", "updated_at", "next_run_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_NAME_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    NEXT_RUN_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    trigger_type: str
    title: str
    node_id: str
    provider_name: str
    icon: str
    status: str
    created_at: str
    updated_at: str
    next_run_at: str
    def __init__(self, id: _Optional[str] = ..., trigger_type: _Optional[str] = ..., title: _Optional[str] = ..., node_id: _Optional[str] = ..., provider_name: _Optional[str] = ..., icon: _Optional[str] = ..., status: _Optional[str] = ..., created_at: _Optional[str] = ..., updated_at: _Optional[str] = ..., next_run_at: _Optional[str] = ...) -> None: ...

class EnableTriggerRequest(_message.Message):
    __slots__ = ("app_id", "trigger_id", "enable_trigger")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    ENABLE_TRIGGER_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    trigger_id: str
    enable_trigger: bool
    def __init__(self, app_id: _Optional[str] = ..., trigger_id: _Optional[str] = ..., enable_trigger: _Optional[bool] = ...) -> None: ...

class GetTriggerWebhookRequest(_message.Message):
    __slots__ = ("app_id", "node_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    node_id: str
    def __init__(self, app_id: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class TriggerWebhook(_message.Message):
    __slots__ = ("id", "webhook_id", "webhook_url", "webhook_debug_url", "node_id", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_ID_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_URL_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_DEBUG_URL_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    webhook_id: str
    webhook_url: str
    webhook_debug_url: str
    node_id: str
    created_at: str
    def __init__(self, id: _Optional[str] = ..., webhook_id: _Optional[str] = ..., webhook_url: _Optional[str] = ..., webhook_debug_url: _Optional[str] = ..., node_id: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...
