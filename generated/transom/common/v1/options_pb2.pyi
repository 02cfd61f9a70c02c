from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Auth(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUTH_UNSPECIFIED: _ClassVar[Auth]
    AUTH_NONE: _ClassVar[Auth]
    AUTH_APP_KEY: _ClassVar[Auth]
    AUTH_DATASET_KEY: _ClassVar[Auth]
    AUTH_ACCOUNT: _ClassVar[Auth]
    AUTH_PASSPORT: _ClassVar[Auth]

class EndUser(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    END_USER_UNSPECIFIED: _ClassVar[EndUser]
    END_USER_REQUIRED: _ClassVar[EndUser]
    END_USER_OPTIONAL: _ClassVar[EndUser]

class RestField(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REST_FIELD_UNSPECIFIED: _ClassVar[RestField]
    REST_FIELD_USER: _ClassVar[RestField]
AUTH_UNSPECIFIED: Auth
AUTH_NONE: Auth
AUTH_APP_KEY: Auth
AUTH_DATASET_KEY: Auth
AUTH_ACCOUNT: Auth
AUTH_PASSPORT: Auth
END_USER_UNSPECIFIED: EndUser
END_USER_REQUIRED: EndUser
END_USER_OPTIONAL: EndUser
REST_FIELD_UNSPECIFIED: RestField
REST_FIELD_USER: RestField
POLICY_FIELD_NUMBER: _ClassVar[int]
policy: _descriptor.FieldDescriptor
WIRE_FIELD_NUMBER: _ClassVar[int]
wire: _descriptor.FieldDescriptor

class Policy(_message.Message):
    __slots__ = ("auth", "end_user", "success_status", "modes", "mode_error", "roles", "before_setup", "csrf_exempt", "form_required", "form_optional", "text_body", "before_init", "unaudited")
    AUTH_FIELD_NUMBER: _ClassVar[int]
    END_USER_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_STATUS_FIELD_NUMBER: _ClassVar[int]
    MODES_FIELD_NUMBER: _ClassVar[int]
    MODE_ERROR_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    BEFORE_SETUP_FIELD_NUMBER: _ClassVar[int]
    CSRF_EXEMPT_FIELD_NUMBER: _ClassVar[int]
    FORM_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    FORM_OPTIONAL_FIELD_NUMBER: _ClassVar[int]
    TEXT_BODY_FIELD_NUMBER: _ClassVar[int]
    BEFORE_INIT_FIELD_NUMBER: _ClassVar[int]
    UNAUDITED_FIELD_NUMBER: _ClassVar[int]
    auth: Auth
    end_user: EndUser
    success_status: int
    modes: _containers.RepeatedScalarFieldContainer[str]
    mode_error: str
    roles: _containers.RepeatedScalarFieldContainer[str]
    before_setup: bool
    csrf_exempt: bool
    form_required: _containers.RepeatedScalarFieldContainer[str]
    form_optional: _containers.RepeatedScalarFieldContainer[str]
    text_body: bool
    before_init: bool
    unaudited: bool
    def __init__(self, auth: _Optional[_Union[Auth, str]] = ..., end_user: _Optional[_Union[EndUser, str]] = ..., success_status: _Optional[int] = ..., modes: _Optional[_Iterable[str]] = ..., mode_error: _Optional[str] = ..., roles: _Optional[_Iterable[str]] = ..., before_setup: _Optional[bool] = ..., csrf_exempt: _Optional[bool] = ..., form_required: _Optional[_Iterable[str]] = ..., form_optional: _Optional[_Iterable[str]] = ..., text_body: _Optional[bool] = ..., before_init: _Optional[bool] = ..., unaudited: _Optional[bool] = ...) -> None: ...

class Wire(_message.Message):
    __slots__ = ("omit_unset", "unwrap", "resource", "foreign_is_silent", "printed_as", "audited")
    OMIT_UNSET_FIELD_NUMBER: _ClassVar[int]
    UNWRAP_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    FOREIGN_IS_SILENT_FIELD_NUMBER: _ClassVar[int]
    PRINTED_AS_FIELD_NUMBER: _ClassVar[int]
    AUDITED_FIELD_NUMBER: _ClassVar[int]
    omit_unset: bool
    unwrap: bool
    resource: str
    foreign_is_silent: bool
    printed_as: str
    audited: bool
    def __init__(self, omit_unset: _Optional[bool] = ..., unwrap: _Optional[bool] = ..., resource: _Optional[str] = ..., foreign_is_silent: _Optional[bool] = ..., printed_as: _Optional[str] = ..., audited: _Optional[bool] = ...) -> None: ...
