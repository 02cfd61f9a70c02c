from google.api import annotations_pb2 as _annotations_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetFeaturesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Features(_message.Message):
    __slots__ = ("billing", "education", "members", "apps", "vector_space", "knowledge_rate_limit", "annotation_quota_limit", "documents_upload_quota", "docs_processing", "can_replace_logo", "model_load_balancing_enabled", "dataset_operator_enabled", "webapp_copyright_enabled", "workspace_members", "is_allow_transfer_workspace", "trigger_event", "api_rate_limit", "knowledge_pipeline", "next_credit_reset_date")
    BILLING_FIELD_NUMBER: _ClassVar[int]
    EDUCATION_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    APPS_FIELD_NUMBER: _ClassVar[int]
    VECTOR_SPACE_FIELD_NUMBER: _ClassVar[int]
    KNOWLEDGE_RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_QUOTA_LIMIT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_UPLOAD_QUOTA_FIELD_NUMBER: _ClassVar[int]
    DOCS_PROCESSING_FIELD_NUMBER: _ClassVar[int]
    CAN_REPLACE_LOGO_FIELD_NUMBER: _ClassVar[int]
    MODEL_LOAD_BALANCING_ENABLED_FIELD_NUMBER: _ClassVar[int]
    DATASET_OPERATOR_ENABLED_FIELD_NUMBER: _ClassVar[int]
    WEBAPP_COPYRIGHT_ENABLED_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    IS_ALLOW_TRANSFER_WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_EVENT_FIELD_NUMBER: _ClassVar[int]
    API_RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    KNOWLEDGE_PIPELINE_FIELD_NUMBER: _ClassVar[int]
    NEXT_CREDIT_RESET_DATE_FIELD_NUMBER: _ClassVar[int]
    billing: BillingFeature
    education: EducationFeature
    members: Quota
    apps: Quota
    vector_space: Quota
    knowledge_rate_limit: int
    annotation_quota_limit: Quota
    documents_upload_quota: Quota
    docs_processing: str
    can_replace_logo: bool
    model_load_balancing_enabled: bool
    dataset_operator_enabled: bool
    webapp_copyright_enabled: bool
    workspace_members: MemberQuota
    is_allow_transfer_workspace: bool
    trigger_event: UsageQuota
    api_rate_limit: UsageQuota
    knowledge_pipeline: PipelineFeature
    next_credit_reset_date: int
    def __init__(self, billing: _Optional[_Union[BillingFeature, _Mapping]] = ..., education: _Optional[_Union[EducationFeature, _Mapping]] = ..., members: _Optional[_Union[Quota, _Mapping]] = ..., apps: _Optional[_Union[Quota, _Mapping]] = ..., vector_space: _Optional[_Union[Quota, _Mapping]] = ..., knowledge_rate_limit: _Optional[int] = ..., annotation_quota_limit: _Optional[_Union[Quota, _Mapping]] = ..., documents_upload_quota: _Optional[_Union[Quota, _Mapping]] = ..., docs_processing: _Optional[str] = ..., can_replace_logo: _Optional[bool] = ..., model_load_balancing_enabled: _Optional[bool] = ..., dataset_operator_enabled: _Optional[bool] = ..., webapp_copyright_enabled: _Optional[bool] = ..., workspace_members: _Optional[_Union[MemberQuota, _Mapping]] = ..., is_allow_transfer_workspace: _Optional[bool] = ..., trigger_event: _Optional[_Union[UsageQuota, _Mapping]] = ..., api_rate_limit: _Optional[_Union[UsageQuota, _Mapping]] = ..., knowledge_pipeline: _Optional[_Union[PipelineFeature, _Mapping]] = ..., next_credit_reset_date: _Optional[int] = ...) -> None: ...

class BillingFeature(_message.Message):
    __slots__ = ("enabled", "subscription")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    subscription: Subscription
    def __init__(self, enabled: _Optional[bool] = ..., subscription: _Optional[_Union[Subscription, _Mapping]] = ...) -> None: ...

class Subscription(_message.Message):
    __slots__ = ("plan", "interval")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    plan: str
    interval: str
    def __init__(self, plan: _Optional[str] = ..., interval: _Optional[str] = ...) -> None: ...

class EducationFeature(_message.Message):
    __slots__ = ("enabled", "activated")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    ACTIVATED_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    activated: bool
    def __init__(self, enabled: _Optional[bool] = ..., activated: _Optional[bool] = ...) -> None: ...

class Quota(_message.Message):
    __slots__ = ("size", "limit")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    size: int
    limit: int
    def __init__(self, size: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class MemberQuota(_message.Message):
    __slots__ = ("enabled", "size", "limit")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    size: int
    limit: int
    def __init__(self, enabled: _Optional[bool] = ..., size: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class UsageQuota(_message.Message):
    __slots__ = ("usage", "limit", "reset_date")
    USAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RESET_DATE_FIELD_NUMBER: _ClassVar[int]
    usage: int
    limit: int
    reset_date: int
    def __init__(self, usage: _Optional[int] = ..., limit: _Optional[int] = ..., reset_date: _Optional[int] = ...) -> None: ...

class PipelineFeature(_message.Message):
    __slots__ = ("publish_enabled",)
    PUBLISH_ENABLED_FIELD_NUMBER: _ClassVar[int]
    publish_enabled: bool
    def __init__(self, publish_enabled: _Optional[bool] = ...) -> None: ...
