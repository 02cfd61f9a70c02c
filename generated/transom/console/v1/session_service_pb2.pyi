from google.api import annotations_pb2 as _annotations_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetSetupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetSetupResponse(_message.Message):
    __slots__ = ("step", "setup_at")
    STEP_FIELD_NUMBER: _ClassVar[int]
    SETUP_AT_FIELD_NUMBER: _ClassVar[int]
    step: str
    setup_at: str
    def __init__(self, step: _Optional[str] = ..., setup_at: _Optional[str] = ...) -> None: ...

class SetupRequest(_message.Message):
    __slots__ = ("email", "name", "password", "language")
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    email: str
    name: str
    password: str
    language: str
    def __init__(self, email: _Optional[str] = ..., name: _Optional[str] = ..., password: _Optional[str] = ..., language: _Optional[str] = ...) -> None: ...

class GetInitRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetInitResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: str
    def __init__(self, status: _Optional[str] = ...) -> None: ...

class InitRequest(_message.Message):
    __slots__ = ("password",)
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    password: str
    def __init__(self, password: _Optional[str] = ...) -> None: ...

class PingConsoleRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetVersionRequest(_message.Message):
    __slots__ = ("current_version",)
    CURRENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    current_version: str
    def __init__(self, current_version: _Optional[str] = ...) -> None: ...

class GetVersionResponse(_message.Message):
    __slots__ = ("version", "release_date", "release_notes", "can_auto_update", "features")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RELEASE_DATE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_NOTES_FIELD_NUMBER: _ClassVar[int]
    CAN_AUTO_UPDATE_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    version: str
    release_date: str
    release_notes: str
    can_auto_update: bool
    features: VersionFeatures
    def __init__(self, version: _Optional[str] = ..., release_date: _Optional[str] = ..., release_notes: _Optional[str] = ..., can_auto_update: _Optional[bool] = ..., features: _Optional[_Union[VersionFeatures, _Mapping]] = ...) -> None: ...

class VersionFeatures(_message.Message):
    __slots__ = ("can_replace_logo", "model_load_balancing_enabled")
    CAN_REPLACE_LOGO_FIELD_NUMBER: _ClassVar[int]
    MODEL_LOAD_BALANCING_ENABLED_FIELD_NUMBER: _ClassVar[int]
    can_replace_logo: bool
    model_load_balancing_enabled: bool
    def __init__(self, can_replace_logo: _Optional[bool] = ..., model_load_balancing_enabled: _Optional[bool] = ...) -> None: ...

class LoginRequest(_message.Message):
    __slots__ = ("email", "password", "remember_me", "invite_token")
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    REMEMBER_ME_FIELD_NUMBER: _ClassVar[int]
    INVITE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    email: str
    password: str
    remember_me: bool
    invite_token: str
    def __init__(self, email: _Optional[str] = ..., password: _Optional[str] = ..., remember_me: _Optional[bool] = ..., invite_token: _Optional[str] = ...) -> None: ...

class LoginResponse(_message.Message):
    __slots__ = ("result", "data")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    result: str
    data: str
    def __init__(self, result: _Optional[str] = ..., data: _Optional[str] = ...) -> None: ...

class RefreshTokenRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class LogoutRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetProfileRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RenameAccountRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ChangePasswordRequest(_message.Message):
    __slots__ = ("password", "new_password", "repeat_new_password")
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    NEW_PASSWORD_FIELD_NUMBER: _ClassVar[int]
    REPEAT_NEW_PASSWORD_FIELD_NUMBER: _ClassVar[int]
    password: str
    new_password: str
    repeat_new_password: str
    def __init__(self, password: _Optional[str] = ..., new_password: _Optional[str] = ..., repeat_new_password: _Optional[str] = ...) -> None: ...

class InitAccountRequest(_message.Message):
    __slots__ = ("interface_language", "timezone", "invitation_code")
    INTERFACE_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    INVITATION_CODE_FIELD_NUMBER: _ClassVar[int]
    interface_language: str
    timezone: str
    invitation_code: str
    def __init__(self, interface_language: _Optional[str] = ..., timezone: _Optional[str] = ..., invitation_code: _Optional[str] = ...) -> None: ...

class SetAvatarRequest(_message.Message):
    __slots__ = ("avatar",)
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    avatar: str
    def __init__(self, avatar: _Optional[str] = ...) -> None: ...

class SetInterfaceLanguageRequest(_message.Message):
    __slots__ = ("interface_language",)
    INTERFACE_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    interface_language: str
    def __init__(self, interface_language: _Optional[str] = ...) -> None: ...

class SetInterfaceThemeRequest(_message.Message):
    __slots__ = ("interface_theme",)
    INTERFACE_THEME_FIELD_NUMBER: _ClassVar[int]
    interface_theme: str
    def __init__(self, interface_theme: _Optional[str] = ...) -> None: ...

class SetTimezoneRequest(_message.Message):
    __slots__ = ("timezone",)
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    timezone: str
    def __init__(self, timezone: _Optional[str] = ...) -> None: ...

class Account(_message.Message):
    __slots__ = ("id", "name", "avatar", "avatar_url", "email", "is_password_set", "interface_language", "interface_theme", "timezone", "last_login_at", "last_login_ip", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    AVATAR_URL_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    IS_PASSWORD_SET_FIELD_NUMBER: _ClassVar[int]
    INTERFACE_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    INTERFACE_THEME_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    LAST_LOGIN_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_LOGIN_IP_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    avatar: str
    avatar_url: str
    email: str
    is_password_set: bool
    interface_language: str
    interface_theme: str
    timezone: str
    last_login_at: int
    last_login_ip: str
    created_at: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., avatar: _Optional[str] = ..., avatar_url: _Optional[str] = ..., email: _Optional[str] = ..., is_password_set: _Optional[bool] = ..., interface_language: _Optional[str] = ..., interface_theme: _Optional[str] = ..., timezone: _Optional[str] = ..., last_login_at: _Optional[int] = ..., last_login_ip: _Optional[str] = ..., created_at: _Optional[int] = ...) -> None: ...

class GetCurrentWorkspaceRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Workspace(_message.Message):
    __slots__ = ("id", "name", "plan", "status", "created_at", "role", "in_trial", "trial_end_reason", "custom_config")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    IN_TRIAL_FIELD_NUMBER: _ClassVar[int]
    TRIAL_END_REASON_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_CONFIG_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    plan: str
    status: str
    created_at: int
    role: str
    in_trial: bool
    trial_end_reason: str
    custom_config: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., plan: _Optional[str] = ..., status: _Optional[str] = ..., created_at: _Optional[int] = ..., role: _Optional[str] = ..., in_trial: _Optional[bool] = ..., trial_end_reason: _Optional[str] = ..., custom_config: _Optional[str] = ...) -> None: ...

class ListWorkspacesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListWorkspacesResponse(_message.Message):
    __slots__ = ("workspaces",)
    WORKSPACES_FIELD_NUMBER: _ClassVar[int]
    workspaces: _containers.RepeatedCompositeFieldContainer[WorkspaceItem]
    def __init__(self, workspaces: _Optional[_Iterable[_Union[WorkspaceItem, _Mapping]]] = ...) -> None: ...

class WorkspaceItem(_message.Message):
    __slots__ = ("id", "name", "plan", "status", "created_at", "current")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    plan: str
    status: str
    created_at: int
    current: bool
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., plan: _Optional[str] = ..., status: _Optional[str] = ..., created_at: _Optional[int] = ..., current: _Optional[bool] = ...) -> None: ...

class SwitchWorkspaceRequest(_message.Message):
    __slots__ = ("tenant_id",)
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    def __init__(self, tenant_id: _Optional[str] = ...) -> None: ...

class SwitchWorkspaceResponse(_message.Message):
    __slots__ = ("result", "new_tenant")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    NEW_TENANT_FIELD_NUMBER: _ClassVar[int]
    result: str
    new_tenant: Workspace
    def __init__(self, result: _Optional[str] = ..., new_tenant: _Optional[_Union[Workspace, _Mapping]] = ...) -> None: ...

class RenameWorkspaceRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class RenameWorkspaceResponse(_message.Message):
    __slots__ = ("result", "tenant")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    result: str
    tenant: Workspace
    def __init__(self, result: _Optional[str] = ..., tenant: _Optional[_Union[Workspace, _Mapping]] = ...) -> None: ...
