from google.api import annotations_pb2 as _annotations_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListMembersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDatasetOperatorsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListMembersResponse(_message.Message):
    __slots__ = ("accounts",)
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[Member]
    def __init__(self, accounts: _Optional[_Iterable[_Union[Member, _Mapping]]] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("id", "name", "avatar", "avatar_url", "email", "last_login_at", "last_active_at", "created_at", "role", "status")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    AVATAR_URL_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    LAST_LOGIN_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_ACTIVE_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    avatar: str
    avatar_url: str
    email: str
    last_login_at: int
    last_active_at: int
    created_at: int
    role: str
    status: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., avatar: _Optional[str] = ..., avatar_url: _Optional[str] = ..., email: _Optional[str] = ..., last_login_at: _Optional[int] = ..., last_active_at: _Optional[int] = ..., created_at: _Optional[int] = ..., role: _Optional[str] = ..., status: _Optional[str] = ...) -> None: ...

class InviteMembersRequest(_message.Message):
    __slots__ = ("emails", "role", "language")
    EMAILS_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    emails: _containers.RepeatedScalarFieldContainer[str]
    role: str
    language: str
    def __init__(self, emails: _Optional[_Iterable[str]] = ..., role: _Optional[str] = ..., language: _Optional[str] = ...) -> None: ...

class InviteMembersResponse(_message.Message):
    __slots__ = ("result", "invitation_results", "tenant_id")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    INVITATION_RESULTS_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    result: str
    invitation_results: _containers.RepeatedCompositeFieldContainer[InvitationResult]
    tenant_id: str
    def __init__(self, result: _Optional[str] = ..., invitation_results: _Optional[_Iterable[_Union[InvitationResult, _Mapping]]] = ..., tenant_id: _Optional[str] = ...) -> None: ...

class InvitationResult(_message.Message):
    __slots__ = ("status", "email", "url", "message")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    status: str
    email: str
    url: str
    message: str
    def __init__(self, status: _Optional[str] = ..., email: _Optional[str] = ..., url: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class RemoveMemberRequest(_message.Message):
    __slots__ = ("member_id",)
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    def __init__(self, member_id: _Optional[str] = ...) -> None: ...

class RemoveMemberResponse(_message.Message):
    __slots__ = ("result", "tenant_id")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    result: str
    tenant_id: str
    def __init__(self, result: _Optional[str] = ..., tenant_id: _Optional[str] = ...) -> None: ...

class UpdateMemberRoleRequest(_message.Message):
    __slots__ = ("member_id", "role")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    role: str
    def __init__(self, member_id: _Optional[str] = ..., role: _Optional[str] = ...) -> None: ...

class CheckActivationRequest(_message.Message):
    __slots__ = ("token", "email", "workspace_id")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    token: str
    email: str
    workspace_id: str
    def __init__(self, token: _Optional[str] = ..., email: _Optional[str] = ..., workspace_id: _Optional[str] = ...) -> None: ...

class CheckActivationResponse(_message.Message):
    __slots__ = ("is_valid", "data")
    IS_VALID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    is_valid: bool
    data: InvitationData
    def __init__(self, is_valid: _Optional[bool] = ..., data: _Optional[_Union[InvitationData, _Mapping]] = ...) -> None: ...

class InvitationData(_message.Message):
    __slots__ = ("workspace_name", "workspace_id", "email", "has_password")
    WORKSPACE_NAME_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    HAS_PASSWORD_FIELD_NUMBER: _ClassVar[int]
    workspace_name: str
    workspace_id: str
    email: str
    has_password: bool
    def __init__(self, workspace_name: _Optional[str] = ..., workspace_id: _Optional[str] = ..., email: _Optional[str] = ..., has_password: _Optional[bool] = ...) -> None: ...

class ActivateRequest(_message.Message):
    __slots__ = ("token", "email", "workspace_id", "name", "interface_language", "timezone", "password")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INTERFACE_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    token: str
    email: str
    workspace_id: str
    name: str
    interface_language: str
    timezone: str
    password: str
    def __init__(self, token: _Optional[str] = ..., email: _Optional[str] = ..., workspace_id: _Optional[str] = ..., name: _Optional[str] = ..., interface_language: _Optional[str] = ..., timezone: _Optional[str] = ..., password: _Optional[str] = ...) -> None: ...
