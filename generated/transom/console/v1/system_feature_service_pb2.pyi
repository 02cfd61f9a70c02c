from google.api import annotations_pb2 as _annotations_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetSystemFeaturesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SystemFeatures(_message.Message):
    __slots__ = ("sso_enforced_for_signin", "sso_enforced_for_signin_protocol", "enable_marketplace", "max_plugin_package_size", "enable_email_code_login", "enable_email_password_login", "enable_social_oauth_login", "is_allow_register", "is_allow_create_workspace", "is_email_setup", "license", "branding", "webapp_auth", "plugin_installation_permission", "enable_change_email", "plugin_manager", "trial_models", "enable_trial_app", "enable_explore_banner")
    class License(_message.Message):
        __slots__ = ("status", "expired_at", "workspaces")
        STATUS_FIELD_NUMBER: _ClassVar[int]
        EXPIRED_AT_FIELD_NUMBER: _ClassVar[int]
        WORKSPACES_FIELD_NUMBER: _ClassVar[int]
        status: str
        expired_at: str
        workspaces: SystemFeatures.Workspaces
        def __init__(self, status: _Optional[str] = ..., expired_at: _Optional[str] = ..., workspaces: _Optional[_Union[SystemFeatures.Workspaces, _Mapping]] = ...) -> None: ...
    class Workspaces(_message.Message):
        __slots__ = ("enabled", "size", "limit")
        ENABLED_FIELD_NUMBER: _ClassVar[int]
        SIZE_FIELD_NUMBER: _ClassVar[int]
        LIMIT_FIELD_NUMBER: _ClassVar[int]
        enabled: bool
        size: int
        limit: int
        def __init__(self, enabled: _Optional[bool] = ..., size: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...
    class Branding(_message.Message):
        __slots__ = ("enabled", "application_title", "login_page_logo", "workspace_logo", "favicon")
        ENABLED_FIELD_NUMBER: _ClassVar[int]
        APPLICATION_TITLE_FIELD_NUMBER: _ClassVar[int]
        LOGIN_PAGE_LOGO_FIELD_NUMBER: _ClassVar[int]
        WORKSPACE_LOGO_FIELD_NUMBER: _ClassVar[int]
        FAVICON_FIELD_NUMBER: _ClassVar[int]
        enabled: bool
        application_title: str
        login_page_logo: str
        workspace_logo: str
        favicon: str
        def __init__(self, enabled: _Optional[bool] = ..., application_title: _Optional[str] = ..., login_page_logo: _Optional[str] = ..., workspace_logo: _Optional[str] = ..., favicon: _Optional[str] = ...) -> None: ...
    class WebAppAuth(_message.Message):
        __slots__ = ("enabled", "allow_sso", "sso_config", "allow_email_code_login", "allow_email_password_login")
        ENABLED_FIELD_NUMBER: _ClassVar[int]
        ALLOW_SSO_FIELD_NUMBER: _ClassVar[int]
        SSO_CONFIG_FIELD_NUMBER: _ClassVar[int]
        ALLOW_EMAIL_CODE_LOGIN_FIELD_NUMBER: _ClassVar[int]
        ALLOW_EMAIL_PASSWORD_LOGIN_FIELD_NUMBER: _ClassVar[int]
        enabled: bool
        allow_sso: bool
        sso_config: SystemFeatures.SsoConfig
        allow_email_code_login: bool
        allow_email_password_login: bool
        def __init__(self, enabled: _Optional[bool] = ..., allow_sso: _Optional[bool] = ..., sso_config: _Optional[_Union[SystemFeatures.SsoConfig, _Mapping]] = ..., allow_email_code_login: _Optional[bool] = ..., allow_email_password_login: _Optional[bool] = ...) -> None: ...
    class SsoConfig(_message.Message):
        __slots__ = ("protocol",)
        PROTOCOL_FIELD_NUMBER: _ClassVar[int]
        protocol: str
        def __init__(self, protocol: _Optional[str] = ...) -> None: ...
    class PluginInstallationPermission(_message.Message):
        __slots__ = ("plugin_installation_scope", "restrict_to_marketplace_only")
        PLUGIN_INSTALLATION_SCOPE_FIELD_NUMBER: _ClassVar[int]
        RESTRICT_TO_MARKETPLACE_ONLY_FIELD_NUMBER: _ClassVar[int]
        plugin_installation_scope: str
        restrict_to_marketplace_only: bool
        def __init__(self, plugin_installation_scope: _Optional[str] = ..., restrict_to_marketplace_only: _Optional[bool] = ...) -> None: ...
    class PluginManager(_message.Message):
        __slots__ = ("enabled",)
        ENABLED_FIELD_NUMBER: _ClassVar[int]
        enabled: bool
        def __init__(self, enabled: _Optional[bool] = ...) -> None: ...
    SSO_ENFORCED_FOR_SIGNIN_FIELD_NUMBER: _ClassVar[int]
    SSO_ENFORCED_FOR_SIGNIN_PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    ENABLE_MARKETPLACE_FIELD_NUMBER: _ClassVar[int]
    MAX_PLUGIN_PACKAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    ENABLE_EMAIL_CODE_LOGIN_FIELD_NUMBER: _ClassVar[int]
    ENABLE_EMAIL_PASSWORD_LOGIN_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SOCIAL_OAUTH_LOGIN_FIELD_NUMBER: _ClassVar[int]
    IS_ALLOW_REGISTER_FIELD_NUMBER: _ClassVar[int]
    IS_ALLOW_CREATE_WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    IS_EMAIL_SETUP_FIELD_NUMBER: _ClassVar[int]
    LICENSE_FIELD_NUMBER: _ClassVar[int]
    BRANDING_FIELD_NUMBER: _ClassVar[int]
    WEBAPP_AUTH_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_INSTALLATION_PERMISSION_FIELD_NUMBER: _ClassVar[int]
    ENABLE_CHANGE_EMAIL_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_MANAGER_FIELD_NUMBER: _ClassVar[int]
    TRIAL_MODELS_FIELD_NUMBER: _ClassVar[int]
    ENABLE_TRIAL_APP_FIELD_NUMBER: _ClassVar[int]
    ENABLE_EXPLORE_BANNER_FIELD_NUMBER: _ClassVar[int]
    sso_enforced_for_signin: bool
    sso_enforced_for_signin_protocol: str
    enable_marketplace: bool
    max_plugin_package_size: int
    enable_email_code_login: bool
    enable_email_password_login: bool
    enable_social_oauth_login: bool
    is_allow_register: bool
    is_allow_create_workspace: bool
    is_email_setup: bool
    license: SystemFeatures.License
    branding: SystemFeatures.Branding
    webapp_auth: SystemFeatures.WebAppAuth
    plugin_installation_permission: SystemFeatures.PluginInstallationPermission
    enable_change_email: bool
    plugin_manager: SystemFeatures.PluginManager
    trial_models: _containers.RepeatedScalarFieldContainer[str]
    enable_trial_app: bool
    enable_explore_banner: bool
    def __init__(self, sso_enforced_for_signin: _Optional[bool] = ..., sso_enforced_for_signin_protocol: _Optional[str] = ..., enable_marketplace: _Optional[bool] = ..., max_plugin_package_size: _Optional[int] = ..., enable_email_code_login: _Optional[bool] = ..., enable_email_password_login: _Optional[bool] = ..., enable_social_oauth_login: _Optional[bool] = ..., is_allow_register: _Optional[bool] = ..., is_allow_create_workspace: _Optional[bool] = ..., is_email_setup: _Optional[bool] = ..., license: _Optional[_Union[SystemFeatures.License, _Mapping]] = ..., branding: _Optional[_Union[SystemFeatures.Branding, _Mapping]] = ..., webapp_auth: _Optional[_Union[SystemFeatures.WebAppAuth, _Mapping]] = ..., plugin_installation_permission: _Optional[_Union[SystemFeatures.PluginInstallationPermission, _Mapping]] = ..., enable_change_email: _Optional[bool] = ..., plugin_manager: _Optional[_Union[SystemFeatures.PluginManager, _Mapping]] = ..., trial_models: _Optional[_Iterable[str]] = ..., enable_trial_app: _Optional[bool] = ..., enable_explore_banner: _Optional[bool] = ...) -> None: ...
