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

class ListAppsRequest(_message.Message):
    __slots__ = ("page", "limit", "mode", "name", "tag_ids", "is_created_by_me")
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TAG_IDS_FIELD_NUMBER: _ClassVar[int]
    IS_CREATED_BY_ME_FIELD_NUMBER: _ClassVar[int]
    page: int
    limit: int
    mode: str
    name: str
    tag_ids: str
    is_created_by_me: bool
    def __init__(self, page: _Optional[int] = ..., limit: _Optional[int] = ..., mode: _Optional[str] = ..., name: _Optional[str] = ..., tag_ids: _Optional[str] = ..., is_created_by_me: _Optional[bool] = ...) -> None: ...

class ListAppsResponse(_message.Message):
    __slots__ = ("page", "limit", "total", "has_more", "data")
    PAGE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    page: int
    limit: int
    total: int
    has_more: bool
    data: _containers.RepeatedCompositeFieldContainer[AppPartial]
    def __init__(self, page: _Optional[int] = ..., limit: _Optional[int] = ..., total: _Optional[int] = ..., has_more: _Optional[bool] = ..., data: _Optional[_Iterable[_Union[AppPartial, _Mapping]]] = ...) -> None: ...

class CreateAppRequest(_message.Message):
    __slots__ = ("name", "mode", "description", "icon_type", "icon", "icon_background")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    name: str
    mode: str
    description: str
    icon_type: str
    icon: str
    icon_background: str
    def __init__(self, name: _Optional[str] = ..., mode: _Optional[str] = ..., description: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ...) -> None: ...

class GetAppRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class UpdateAppRequest(_message.Message):
    __slots__ = ("app_id", "name", "description", "icon_type", "icon", "icon_background", "use_icon_as_answer_icon", "max_active_requests")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    USE_ICON_AS_ANSWER_ICON_FIELD_NUMBER: _ClassVar[int]
    MAX_ACTIVE_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    name: str
    description: str
    icon_type: str
    icon: str
    icon_background: str
    use_icon_as_answer_icon: bool
    max_active_requests: int
    def __init__(self, app_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., use_icon_as_answer_icon: _Optional[bool] = ..., max_active_requests: _Optional[int] = ...) -> None: ...

class DeleteAppRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class CopyAppRequest(_message.Message):
    __slots__ = ("app_id", "name", "description", "icon_type", "icon", "icon_background")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    name: str
    description: str
    icon_type: str
    icon: str
    icon_background: str
    def __init__(self, app_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ...) -> None: ...

class ExportAppRequest(_message.Message):
    __slots__ = ("app_id", "include_secret", "workflow_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_SECRET_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    include_secret: bool
    workflow_id: str
    def __init__(self, app_id: _Optional[str] = ..., include_secret: _Optional[bool] = ..., workflow_id: _Optional[str] = ...) -> None: ...

class ExportAppResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: str
    def __init__(self, data: _Optional[str] = ...) -> None: ...

class ImportAppRequest(_message.Message):
    __slots__ = ("mode", "yaml_content", "yaml_url", "name", "description", "icon_type", "icon", "icon_background", "app_id", "use_default_model")
    MODE_FIELD_NUMBER: _ClassVar[int]
    YAML_CONTENT_FIELD_NUMBER: _ClassVar[int]
    YAML_URL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    USE_DEFAULT_MODEL_FIELD_NUMBER: _ClassVar[int]
    mode: str
    yaml_content: str
    yaml_url: str
    name: str
    description: str
    icon_type: str
    icon: str
    icon_background: str
    app_id: str
    use_default_model: bool
    def __init__(self, mode: _Optional[str] = ..., yaml_content: _Optional[str] = ..., yaml_url: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., app_id: _Optional[str] = ..., use_default_model: _Optional[bool] = ...) -> None: ...

class ImportAppResponse(_message.Message):
    __slots__ = ("id", "status", "app_id", "app_mode", "current_dsl_version", "imported_dsl_version", "error", "warnings")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    APP_MODE_FIELD_NUMBER: _ClassVar[int]
    CURRENT_DSL_VERSION_FIELD_NUMBER: _ClassVar[int]
    IMPORTED_DSL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    status: str
    app_id: str
    app_mode: str
    current_dsl_version: str
    imported_dsl_version: str
    error: str
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., status: _Optional[str] = ..., app_id: _Optional[str] = ..., app_mode: _Optional[str] = ..., current_dsl_version: _Optional[str] = ..., imported_dsl_version: _Optional[str] = ..., error: _Optional[str] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class ConfirmImportRequest(_message.Message):
    __slots__ = ("import_id",)
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    def __init__(self, import_id: _Optional[str] = ...) -> None: ...

class CheckImportDependenciesRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class CheckImportDependenciesResponse(_message.Message):
    __slots__ = ("leaked_dependencies",)
    LEAKED_DEPENDENCIES_FIELD_NUMBER: _ClassVar[int]
    leaked_dependencies: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, leaked_dependencies: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class UpdateModelConfigRequest(_message.Message):
    __slots__ = ("app_id", "model_config")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    model_config: _struct_pb2.Struct
    def __init__(self, app_id: _Optional[str] = ..., model_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class SetSiteEnabledRequest(_message.Message):
    __slots__ = ("app_id", "enable_site")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SITE_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    enable_site: bool
    def __init__(self, app_id: _Optional[str] = ..., enable_site: _Optional[bool] = ...) -> None: ...

class SetApiEnabledRequest(_message.Message):
    __slots__ = ("app_id", "enable_api")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    ENABLE_API_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    enable_api: bool
    def __init__(self, app_id: _Optional[str] = ..., enable_api: _Optional[bool] = ...) -> None: ...

class RenameAppRequest(_message.Message):
    __slots__ = ("app_id", "name")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    name: str
    def __init__(self, app_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class SetAppIconRequest(_message.Message):
    __slots__ = ("app_id", "icon", "icon_background", "icon_type")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    icon: str
    icon_background: str
    icon_type: str
    def __init__(self, app_id: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., icon_type: _Optional[str] = ...) -> None: ...

class UpdateSiteRequest(_message.Message):
    __slots__ = ("app_id", "title", "icon_type", "icon", "icon_background", "description", "default_language", "chat_color_theme", "chat_color_theme_inverted", "customize_domain", "copyright", "privacy_policy", "custom_disclaimer", "customize_token_strategy", "prompt_public", "show_workflow_steps", "use_icon_as_answer_icon")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    CHAT_COLOR_THEME_FIELD_NUMBER: _ClassVar[int]
    CHAT_COLOR_THEME_INVERTED_FIELD_NUMBER: _ClassVar[int]
    CUSTOMIZE_DOMAIN_FIELD_NUMBER: _ClassVar[int]
    COPYRIGHT_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_POLICY_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_DISCLAIMER_FIELD_NUMBER: _ClassVar[int]
    CUSTOMIZE_TOKEN_STRATEGY_FIELD_NUMBER: _ClassVar[int]
    PROMPT_PUBLIC_FIELD_NUMBER: _ClassVar[int]
    SHOW_WORKFLOW_STEPS_FIELD_NUMBER: _ClassVar[int]
    USE_ICON_AS_ANSWER_ICON_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    title: str
    icon_type: str
    icon: str
    icon_background: str
    description: str
    default_language: str
    chat_color_theme: str
    chat_color_theme_inverted: bool
    customize_domain: str
    copyright: str
    privacy_policy: str
    custom_disclaimer: str
    customize_token_strategy: str
    prompt_public: bool
    show_workflow_steps: bool
    use_icon_as_answer_icon: bool
    def __init__(self, app_id: _Optional[str] = ..., title: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., description: _Optional[str] = ..., default_language: _Optional[str] = ..., chat_color_theme: _Optional[str] = ..., chat_color_theme_inverted: _Optional[bool] = ..., customize_domain: _Optional[str] = ..., copyright: _Optional[str] = ..., privacy_policy: _Optional[str] = ..., custom_disclaimer: _Optional[str] = ..., customize_token_strategy: _Optional[str] = ..., prompt_public: _Optional[bool] = ..., show_workflow_steps: _Optional[bool] = ..., use_icon_as_answer_icon: _Optional[bool] = ...) -> None: ...

class ResetSiteCodeRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class AppTag(_message.Message):
    __slots__ = ("id", "name", "type")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    type: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class AppPartial(_message.Message):
    __slots__ = ("id", "name", "max_active_requests", "description", "mode", "icon_type", "icon", "icon_background", "icon_url", "model_config", "workflow", "use_icon_as_answer_icon", "created_by", "created_at", "updated_by", "updated_at", "tags", "access_mode", "create_user_name", "author_name", "has_draft_trigger")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MAX_ACTIVE_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    ICON_URL_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    USE_ICON_AS_ANSWER_ICON_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    ACCESS_MODE_FIELD_NUMBER: _ClassVar[int]
    CREATE_USER_NAME_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_NAME_FIELD_NUMBER: _ClassVar[int]
    HAS_DRAFT_TRIGGER_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    max_active_requests: int
    description: str
    mode: str
    icon_type: str
    icon: str
    icon_background: str
    icon_url: str
    model_config: _struct_pb2.Struct
    workflow: AppWorkflow
    use_icon_as_answer_icon: bool
    created_by: str
    created_at: int
    updated_by: str
    updated_at: int
    tags: _containers.RepeatedCompositeFieldContainer[AppTag]
    access_mode: str
    create_user_name: str
    author_name: str
    has_draft_trigger: bool
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., max_active_requests: _Optional[int] = ..., description: _Optional[str] = ..., mode: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., icon_url: _Optional[str] = ..., model_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., workflow: _Optional[_Union[AppWorkflow, _Mapping]] = ..., use_icon_as_answer_icon: _Optional[bool] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_by: _Optional[str] = ..., updated_at: _Optional[int] = ..., tags: _Optional[_Iterable[_Union[AppTag, _Mapping]]] = ..., access_mode: _Optional[str] = ..., create_user_name: _Optional[str] = ..., author_name: _Optional[str] = ..., has_draft_trigger: _Optional[bool] = ...) -> None: ...

class AppWorkflow(_message.Message):
    __slots__ = ("id", "created_by", "created_at", "updated_by", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    created_by: str
    created_at: int
    updated_by: str
    updated_at: int
    def __init__(self, id: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_by: _Optional[str] = ..., updated_at: _Optional[int] = ...) -> None: ...

class AppDetail(_message.Message):
    __slots__ = ("id", "name", "description", "mode", "icon", "icon_background", "enable_site", "enable_api", "model_config", "workflow", "tracing", "use_icon_as_answer_icon", "created_by", "created_at", "updated_by", "updated_at", "access_mode", "tags")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SITE_FIELD_NUMBER: _ClassVar[int]
    ENABLE_API_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    TRACING_FIELD_NUMBER: _ClassVar[int]
    USE_ICON_AS_ANSWER_ICON_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ACCESS_MODE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    description: str
    mode: str
    icon: str
    icon_background: str
    enable_site: bool
    enable_api: bool
    model_config: _struct_pb2.Struct
    workflow: AppWorkflow
    tracing: _struct_pb2.Struct
    use_icon_as_answer_icon: bool
    created_by: str
    created_at: int
    updated_by: str
    updated_at: int
    access_mode: str
    tags: _containers.RepeatedCompositeFieldContainer[AppTag]
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., mode: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., enable_site: _Optional[bool] = ..., enable_api: _Optional[bool] = ..., model_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., workflow: _Optional[_Union[AppWorkflow, _Mapping]] = ..., tracing: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., use_icon_as_answer_icon: _Optional[bool] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_by: _Optional[str] = ..., updated_at: _Optional[int] = ..., access_mode: _Optional[str] = ..., tags: _Optional[_Iterable[_Union[AppTag, _Mapping]]] = ...) -> None: ...

class AppDetailWithSite(_message.Message):
    __slots__ = ("id", "name", "description", "mode", "icon_type", "icon", "icon_background", "icon_url", "enable_site", "enable_api", "model_config", "workflow", "tracing", "site", "api_base_url", "use_icon_as_answer_icon", "max_active_requests", "created_by", "created_at", "updated_by", "updated_at", "deleted_tools", "access_mode", "tags")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    ICON_URL_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SITE_FIELD_NUMBER: _ClassVar[int]
    ENABLE_API_FIELD_NUMBER: _ClassVar[int]
    MODEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    TRACING_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    API_BASE_URL_FIELD_NUMBER: _ClassVar[int]
    USE_ICON_AS_ANSWER_ICON_FIELD_NUMBER: _ClassVar[int]
    MAX_ACTIVE_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    DELETED_TOOLS_FIELD_NUMBER: _ClassVar[int]
    ACCESS_MODE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    description: str
    mode: str
    icon_type: str
    icon: str
    icon_background: str
    icon_url: str
    enable_site: bool
    enable_api: bool
    model_config: _struct_pb2.Struct
    workflow: AppWorkflow
    tracing: _struct_pb2.Struct
    site: Site
    api_base_url: str
    use_icon_as_answer_icon: bool
    max_active_requests: int
    created_by: str
    created_at: int
    updated_by: str
    updated_at: int
    deleted_tools: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    access_mode: str
    tags: _containers.RepeatedCompositeFieldContainer[AppTag]
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., mode: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., icon_url: _Optional[str] = ..., enable_site: _Optional[bool] = ..., enable_api: _Optional[bool] = ..., model_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., workflow: _Optional[_Union[AppWorkflow, _Mapping]] = ..., tracing: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., site: _Optional[_Union[Site, _Mapping]] = ..., api_base_url: _Optional[str] = ..., use_icon_as_answer_icon: _Optional[bool] = ..., max_active_requests: _Optional[int] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_by: _Optional[str] = ..., updated_at: _Optional[int] = ..., deleted_tools: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., access_mode: _Optional[str] = ..., tags: _Optional[_Iterable[_Union[AppTag, _Mapping]]] = ...) -> None: ...

class Site(_message.Message):
    __slots__ = ("access_token", "code", "title", "icon_type", "icon", "icon_background", "icon_url", "description", "default_language", "chat_color_theme", "chat_color_theme_inverted", "customize_domain", "copyright", "privacy_policy", "custom_disclaimer", "customize_token_strategy", "prompt_public", "app_base_url", "show_workflow_steps", "use_icon_as_answer_icon", "created_by", "created_at", "updated_by", "updated_at")
    ACCESS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    ICON_URL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    CHAT_COLOR_THEME_FIELD_NUMBER: _ClassVar[int]
    CHAT_COLOR_THEME_INVERTED_FIELD_NUMBER: _ClassVar[int]
    CUSTOMIZE_DOMAIN_FIELD_NUMBER: _ClassVar[int]
    COPYRIGHT_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_POLICY_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_DISCLAIMER_FIELD_NUMBER: _ClassVar[int]
    CUSTOMIZE_TOKEN_STRATEGY_FIELD_NUMBER: _ClassVar[int]
    PROMPT_PUBLIC_FIELD_NUMBER: _ClassVar[int]
    APP_BASE_URL_FIELD_NUMBER: _ClassVar[int]
    SHOW_WORKFLOW_STEPS_FIELD_NUMBER: _ClassVar[int]
    USE_ICON_AS_ANSWER_ICON_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    access_token: str
    code: str
    title: str
    icon_type: str
    icon: str
    icon_background: str
    icon_url: str
    description: str
    default_language: str
    chat_color_theme: str
    chat_color_theme_inverted: bool
    customize_domain: str
    copyright: str
    privacy_policy: str
    custom_disclaimer: str
    customize_token_strategy: str
    prompt_public: bool
    app_base_url: str
    show_workflow_steps: bool
    use_icon_as_answer_icon: bool
    created_by: str
    created_at: int
    updated_by: str
    updated_at: int
    def __init__(self, access_token: _Optional[str] = ..., code: _Optional[str] = ..., title: _Optional[str] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., icon_url: _Optional[str] = ..., description: _Optional[str] = ..., default_language: _Optional[str] = ..., chat_color_theme: _Optional[str] = ..., chat_color_theme_inverted: _Optional[bool] = ..., customize_domain: _Optional[str] = ..., copyright: _Optional[str] = ..., privacy_policy: _Optional[str] = ..., custom_disclaimer: _Optional[str] = ..., customize_token_strategy: _Optional[str] = ..., prompt_public: _Optional[bool] = ..., app_base_url: _Optional[str] = ..., show_workflow_steps: _Optional[bool] = ..., use_icon_as_answer_icon: _Optional[bool] = ..., created_by: _Optional[str] = ..., created_at: _Optional[int] = ..., updated_by: _Optional[str] = ..., updated_at: _Optional[int] = ...) -> None: ...

class ListAppKeysRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class ListKeysResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[ApiKey]
    def __init__(self, data: _Optional[_Iterable[_Union[ApiKey, _Mapping]]] = ...) -> None: ...

class ApiKey(_message.Message):
    __slots__ = ("id", "type", "token", "last_used_at", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    LAST_USED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    token: str
    last_used_at: int
    created_at: int
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., token: _Optional[str] = ..., last_used_at: _Optional[int] = ..., created_at: _Optional[int] = ...) -> None: ...

class CreateAppKeyRequest(_message.Message):
    __slots__ = ("app_id",)
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    def __init__(self, app_id: _Optional[str] = ...) -> None: ...

class DeleteAppKeyRequest(_message.Message):
    __slots__ = ("app_id", "key_id")
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    app_id: str
    key_id: str
    def __init__(self, app_id: _Optional[str] = ..., key_id: _Optional[str] = ...) -> None: ...

class ListDatasetKeysRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CreateDatasetKeyRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeleteDatasetKeyRequest(_message.Message):
    __slots__ = ("key_id",)
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    def __init__(self, key_id: _Optional[str] = ...) -> None: ...
