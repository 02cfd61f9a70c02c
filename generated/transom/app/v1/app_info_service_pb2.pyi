from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from transom.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetRootRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetRootResponse(_message.Message):
    __slots__ = ("welcome", "api_version", "server_version")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    API_VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    welcome: str
    api_version: str
    server_version: str
    def __init__(self, welcome: _Optional[str] = ..., api_version: _Optional[str] = ..., server_version: _Optional[str] = ...) -> None: ...

class GetParametersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetParametersResponse(_message.Message):
    __slots__ = ("opening_statement", "suggested_questions", "suggested_questions_after_answer", "speech_to_text", "text_to_speech", "retriever_resource", "annotation_reply", "more_like_this", "user_input_form", "sensitive_word_avoidance", "file_upload", "system_parameters")
    class SystemParameters(_message.Message):
        __slots__ = ("image_file_size_limit", "video_file_size_limit", "audio_file_size_limit", "file_size_limit", "workflow_file_upload_limit")
        IMAGE_FILE_SIZE_LIMIT_FIELD_NUMBER: _ClassVar[int]
        VIDEO_FILE_SIZE_LIMIT_FIELD_NUMBER: _ClassVar[int]
        AUDIO_FILE_SIZE_LIMIT_FIELD_NUMBER: _ClassVar[int]
        FILE_SIZE_LIMIT_FIELD_NUMBER: _ClassVar[int]
        WORKFLOW_FILE_UPLOAD_LIMIT_FIELD_NUMBER: _ClassVar[int]
        image_file_size_limit: int
        video_file_size_limit: int
        audio_file_size_limit: int
        file_size_limit: int
        workflow_file_upload_limit: int
        def __init__(self, image_file_size_limit: _Optional[int] = ..., video_file_size_limit: _Optional[int] = ..., audio_file_size_limit: _Optional[int] = ..., file_size_limit: _Optional[int] = ..., workflow_file_upload_limit: _Optional[int] = ...) -> None: ...
    OPENING_STATEMENT_FIELD_NUMBER: _ClassVar[int]
    SUGGESTED_QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    SUGGESTED_QUESTIONS_AFTER_ANSWER_FIELD_NUMBER: _ClassVar[int]
    SPEECH_TO_TEXT_FIELD_NUMBER: _ClassVar[int]
    TEXT_TO_SPEECH_FIELD_NUMBER: _ClassVar[int]
    RETRIEVER_RESOURCE_FIELD_NUMBER: _ClassVar[int]
    ANNOTATION_REPLY_FIELD_NUMBER: _ClassVar[int]
    MORE_LIKE_THIS_FIELD_NUMBER: _ClassVar[int]
    USER_INPUT_FORM_FIELD_NUMBER: _ClassVar[int]
    SENSITIVE_WORD_AVOIDANCE_FIELD_NUMBER: _ClassVar[int]
    FILE_UPLOAD_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    opening_statement: str
    suggested_questions: _containers.RepeatedScalarFieldContainer[str]
    suggested_questions_after_answer: _struct_pb2.Struct
    speech_to_text: _struct_pb2.Struct
    text_to_speech: _struct_pb2.Struct
    retriever_resource: _struct_pb2.Struct
    annotation_reply: _struct_pb2.Struct
    more_like_this: _struct_pb2.Struct
    user_input_form: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    sensitive_word_avoidance: _struct_pb2.Struct
    file_upload: _struct_pb2.Struct
    system_parameters: GetParametersResponse.SystemParameters
    def __init__(self, opening_statement: _Optional[str] = ..., suggested_questions: _Optional[_Iterable[str]] = ..., suggested_questions_after_answer: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., speech_to_text: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., text_to_speech: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., retriever_resource: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., annotation_reply: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., more_like_this: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., user_input_form: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., sensitive_word_avoidance: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., file_upload: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., system_parameters: _Optional[_Union[GetParametersResponse.SystemParameters, _Mapping]] = ...) -> None: ...

class GetInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetInfoResponse(_message.Message):
    __slots__ = ("name", "description", "tags", "mode", "author_name")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    mode: str
    author_name: str
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., mode: _Optional[str] = ..., author_name: _Optional[str] = ...) -> None: ...

class GetMetaRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetMetaResponse(_message.Message):
    __slots__ = ("tool_icons",)
    TOOL_ICONS_FIELD_NUMBER: _ClassVar[int]
    tool_icons: _struct_pb2.Struct
    def __init__(self, tool_icons: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class GetSiteRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetSiteResponse(_message.Message):
    __slots__ = ("title", "chat_color_theme", "chat_color_theme_inverted", "icon_type", "icon", "icon_background", "description", "copyright", "privacy_policy", "custom_disclaimer", "default_language", "show_workflow_steps", "use_icon_as_answer_icon", "icon_url", "input_placeholder")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CHAT_COLOR_THEME_FIELD_NUMBER: _ClassVar[int]
    CHAT_COLOR_THEME_INVERTED_FIELD_NUMBER: _ClassVar[int]
    ICON_TYPE_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    COPYRIGHT_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_POLICY_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_DISCLAIMER_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SHOW_WORKFLOW_STEPS_FIELD_NUMBER: _ClassVar[int]
    USE_ICON_AS_ANSWER_ICON_FIELD_NUMBER: _ClassVar[int]
    ICON_URL_FIELD_NUMBER: _ClassVar[int]
    INPUT_PLACEHOLDER_FIELD_NUMBER: _ClassVar[int]
    title: str
    chat_color_theme: str
    chat_color_theme_inverted: bool
    icon_type: str
    icon: str
    icon_background: str
    description: str
    copyright: str
    privacy_policy: str
    custom_disclaimer: str
    default_language: str
    show_workflow_steps: bool
    use_icon_as_answer_icon: bool
    icon_url: str
    input_placeholder: str
    def __init__(self, title: _Optional[str] = ..., chat_color_theme: _Optional[str] = ..., chat_color_theme_inverted: _Optional[bool] = ..., icon_type: _Optional[str] = ..., icon: _Optional[str] = ..., icon_background: _Optional[str] = ..., description: _Optional[str] = ..., copyright: _Optional[str] = ..., privacy_policy: _Optional[str] = ..., custom_disclaimer: _Optional[str] = ..., default_language: _Optional[str] = ..., show_workflow_steps: _Optional[bool] = ..., use_icon_as_answer_icon: _Optional[bool] = ..., icon_url: _Optional[str] = ..., input_placeholder: _Optional[str] = ...) -> None: ...

class GetEndUserRequest(_message.Message):
    __slots__ = ("end_user_id",)
    END_USER_ID_FIELD_NUMBER: _ClassVar[int]
    end_user_id: str
    def __init__(self, end_user_id: _Optional[str] = ...) -> None: ...

class GetEndUserResponse(_message.Message):
    __slots__ = ("id", "tenant_id", "app_id", "type", "external_user_id", "name", "is_anonymous", "session_id", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    APP_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IS_ANONYMOUS_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    tenant_id: str
    app_id: str
    type: str
    external_user_id: str
    name: str
    is_anonymous: bool
    session_id: str
    created_at: str
    updated_at: str
    def __init__(self, id: _Optional[str] = ..., tenant_id: _Optional[str] = ..., app_id: _Optional[str] = ..., type: _Optional[str] = ..., external_user_id: _Optional[str] = ..., name: _Optional[str] = ..., is_anonymous: _Optional[bool] = ..., session_id: _Optional[str] = ..., created_at: _Optional[str] = ..., updated_at: _Optional[str] = ...) -> None: ...
