from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.app.v1 import app_info_service_pb2 as _app_info_service_pb2
from transom.common.v1 import common_pb2 as _common_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetPassportRequest(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class GetPassportResponse(_message.Message):
    __slots__ = ("access_token",)
    ACCESS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    access_token: str
    def __init__(self, access_token: _Optional[str] = ...) -> None: ...

class GetAccessModeRequest(_message.Message):
    __slots__ = ("app_id", "app_code")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    APP_CODE_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    app_code: str
    def __init__(self, app_id: _Optional[str] = ..., app_code: _Optional[str] = ...) -> None: ...

class GetAccessModeResponse(_message.Message):
    __slots__ = ("access_mode",)
    ACCESS_MODE_FIELD_NUMBER: _ClassVar[int]
    access_mode: str
    def __init__(self, access_mode: _Optional[str] = ...) -> None: ...

class GetPermissionRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class GetPermissionResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class GetLoginStatusRequest(_message.Message):
    __slots__ = ("app_code", "user_id")
    APP_CODE_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    app_code: str
    user_id: str
    def __init__(self, app_code: _Optional[str] = ..., user_id: _Optional[str] = ...) -> None: ...

class GetLoginStatusResponse(_message.Message):
    __slots__ = ("logged_in", "app_logged_in")
    LOGGED_IN_FIELD_NUMBER: _ClassVar[int]
    APP_LOGGED_IN_FIELD_NUMBER: _ClassVar[int]
    logged_in: bool
    app_logged_in: bool
    def __init__(self, logged_in: _Optional[bool] = ..., app_logged_in: _Optional[bool] = ...) -> None: ...

class LogoutVisitorRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetWebSiteRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetWebSiteResponse(_message.Message):
    __slots__ = ("app_id", "end_user_id", "enable_site", "site", "model_config", "plan", "can_replace_logo", "custom_config")
    class Site(_message.Message):
        __slots__ = ("title", "chat_color_theme", "chat_color_theme_inverted", "icon_type", "icon", "icon_background", "icon_url", "description", "copyright", "privacy_policy", "input_placeholder", "custom_disclaimer", "default_language", "prompt_public", "show_workflow_steps", "use_icon_as_answer_icon")
        TITLE_FIELD_NUMBER: _ClassVar[int]
        CHAT_COLOR_THEME_FIELD_NUMBER: _ClassVar[int]
        CHAT_COLOR_THEME_INVERTED_FIELD_NUMBER: _ClassVar[int]
        ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
        ICON_FIELD_NUMBER: _ClassVar[int]
        ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
        ICON_URL_FIELD_NUMBER: _ClassVar[int]
        DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
        COPYRIGHT_FIELD_NUMBER: _ClassVar[int]
        PRIVACY_POLICY_FIELD_NUMBER: _ClassVar[int]
        INPUT_PLACEHOLDER_FIELD_NUMBER: _ClassVar[int]
        CUSTOM_DISCLAIMER_FIELD_NUMBER: _ClassVar[int]
        DEFAULT_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
        PROMPT_PUBLIC_FIELD_NUMBER: _ClassVar[int]
        SHOW_WORKFLOW_STEPS_FIELD_NUMBER: _ClassVar[int]
        USE_ICON_AS_ANSWER_ICON_FIELD_NUMBER: _ClassVar[int]
        title: str
        chat_color_theme: str
        chat_color_theme_inverted: bool
        icon_type: str
        icon: str
        icon_background: str
        icon_url: str
        description: str
        copyright: str
        privacy_policy: str
        input_placeholder: str
        custom_disclaimer: str
        default_language: str
        prompt_public: bool
        show_workflow_steps: bool
        use_icon_as_answer_icon: bool
        def __init__(self, title: _Optional[str] = ..., chat_color_theme: _Optional[str] = ..., chat_color_theme_inverted: _Optional[bool] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., icon_url: _Optional[str] = ..., description: _Optional[str] = ..., copyright: _Optional[str] = ..., privacy_policy: _Optional[str] = ..., input_placeholder: _Optional[str] = ..., custom_disclaimer: _Optional[str] = ..., default_language: _Optional[str] = ..., prompt_public: _Optional[bool] = ..., show_workflow_steps: _Optional[bool] = ..., use_icon_as_answer_icon: _Optional[bool] = ...) -> None: ...
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    END_USER_ID_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SITE_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    CAN_REPLACE_LOGO_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_CONFIG_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    end_user_id: str
    enable_site: bool
    site: GetWebSiteResponse.Site
    model_config: _struct_pb2.Struct
    plan: str
    can_replace_logo: bool
    custom_config: _struct_pb2.Struct
    def __init__(self, app_id: _Optional[str] = ..., end_user_id: _Optional[str] = ..., enable_site: _Optional[bool] = ..., site: _Optional[_Union[GetWebSiteResponse.Site, _Mapping]] = ..., model_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., plan: _Optional[str] = ..., can_replace_logo: _Optional[bool] = ..., custom_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
