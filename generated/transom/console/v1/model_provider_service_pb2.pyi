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

class ListModelProvidersRequest(_message.Message):
    __slots__ = ("model_type",)
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    model_type: str
    def __init__(self, model_type: _Optional[str] = ...) -> None: ...

class ListModelProvidersResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, data: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class GetProviderCredentialRequest(_message.Message):
    __slots__ = ("provider", "credential_id")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_ID_FIELD_NUMBER: _ClassVar[int]
    provider: str
    credential_id: str
    def __init__(self, provider: _Optional[str] = ..., credential_id: _Optional[str] = ...) -> None: ...

class GetProviderCredentialResponse(_message.Message):
    __slots__ = ("credentials",)
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    credentials: _struct_pb2.Struct
    def __init__(self, credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class CreateProviderCredentialRequest(_message.Message):
    __slots__ = ("provider", "credentials", "name")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    provider: str
    credentials: _struct_pb2.Struct
    name: str
    def __init__(self, provider: _Optional[str] = ..., credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class UpdateProviderCredentialRequest(_message.Message):
    __slots__ = ("provider", "credential_id", "credentials", "name")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_ID_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    provider: str
    credential_id: str
    credentials: _struct_pb2.Struct
    name: str
    def __init__(self, provider: _Optional[str] = ..., credential_id: _Optional[str] = ..., credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class DeleteProviderCredentialRequest(_message.Message):
    __slots__ = ("provider", "credential_id")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_ID_FIELD_NUMBER: _ClassVar[int]
    provider: str
    credential_id: str
    def __init__(self, provider: _Optional[str] = ..., credential_id: _Optional[str] = ...) -> None: ...

class SwitchProviderCredentialRequest(_message.Message):
    __slots__ = ("provider", "credential_id")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_ID_FIELD_NUMBER: _ClassVar[int]
    provider: str
    credential_id: str
    def __init__(self, provider: _Optional[str] = ..., credential_id: _Optional[str] = ...) -> None: ...

class ValidateProviderCredentialRequest(_message.Message):
    __slots__ = ("provider", "credentials")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    credentials: _struct_pb2.Struct
    def __init__(self, provider: _Optional[str] = ..., credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ValidateCredentialResponse(_message.Message):
    __slots__ = ("result", "error")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    result: str
    error: str
    def __init__(self, result: _Optional[str] = ..., error: _Optional[str] = ...) -> None: ...

class ListProviderModelsRequest(_message.Message):
    __slots__ = ("provider",)
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    provider: str
    def __init__(self, provider: _Optional[str] = ...) -> None: ...

class ListProviderModelsResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, data: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class DeleteCustomModelRequest(_message.Message):
    __slots__ = ("provider", "model", "model_type")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    model_type: str
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., model_type: _Optional[str] = ...) -> None: ...

class GetModelCredentialRequest(_message.Message):
    __slots__ = ("provider", "model", "model_type", "config_from", "credential_id")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FROM_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_ID_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    model_type: str
    config_from: str
    credential_id: str
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., model_type: _Optional[str] = ..., config_from: _Optional[str] = ..., credential_id: _Optional[str] = ...) -> None: ...

class GetModelCredentialResponse(_message.Message):
    __slots__ = ("credentials", "current_credential_id", "current_credential_name", "load_balancing", "available_credentials")
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    CURRENT_CREDENTIAL_ID_FIELD_NUMBER: _ClassVar[int]
    CURRENT_CREDENTIAL_NAME_FIELD_NUMBER: _ClassVar[int]
    LOAD_BALANCING_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    credentials: _struct_pb2.Struct
    current_credential_id: str
    current_credential_name: str
    load_balancing: _struct_pb2.Struct
    available_credentials: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., current_credential_id: _Optional[str] = ..., current_credential_name: _Optional[str] = ..., load_balancing: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., available_credentials: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class CreateModelCredentialRequest(_message.Message):
    __slots__ = ("provider", "model", "model_type", "credentials", "name")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    model_type: str
    credentials: _struct_pb2.Struct
    name: str
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., model_type: _Optional[str] = ..., credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class UpdateModelCredentialRequest(_message.Message):
    __slots__ = ("provider", "model", "model_type", "credential_id", "credentials", "name")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_ID_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    model_type: str
    credential_id: str
    credentials: _struct_pb2.Struct
    name: str
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., model_type: _Optional[str] = ..., credential_id: _Optional[str] = ..., credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class DeleteModelCredentialRequest(_message.Message):
    __slots__ = ("provider", "model", "model_type", "credential_id")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_ID_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    model_type: str
    credential_id: str
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., model_type: _Optional[str] = ..., credential_id: _Optional[str] = ...) -> None: ...

class ValidateModelCredentialRequest(_message.Message):
    __slots__ = ("provider", "model", "model_type", "credentials")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    model_type: str
    credentials: _struct_pb2.Struct
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., model_type: _Optional[str] = ..., credentials: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class SetModelStateRequest(_message.Message):
    __slots__ = ("provider", "model", "model_type")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    model_type: str
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., model_type: _Optional[str] = ...) -> None: ...

class ListParameterRulesRequest(_message.Message):
    __slots__ = ("provider", "model")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ...) -> None: ...

class ListParameterRulesResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, data: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class GetDefaultModelRequest(_message.Message):
    __slots__ = ("model_type",)
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    model_type: str
    def __init__(self, model_type: _Optional[str] = ...) -> None: ...

class GetDefaultModelResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _struct_pb2.Struct
    def __init__(self, data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class SetDefaultModelsRequest(_message.Message):
    __slots__ = ("model_settings",)
    class ModelSetting(_message.Message):
        __slots__ = ("model_type", "provider", "model")
        MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
        PROVIDER_FIELD_NUMBER: _ClassVar[int]
        MODEL_FIELD_NUMBER: _ClassVar[int]
        model_type: str
        provider: str
        model: str
        def __init__(self, model_type: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ...) -> None: ...
    MODEL_SETTINGS_FIELD_NUMBER: _ClassVar[int]
    model_settings: _containers.RepeatedCompositeFieldContainer[SetDefaultModelsRequest.ModelSetting]
    def __init__(self, model_settings: _Optional[_Iterable[_Union[SetDefaultModelsRequest.ModelSetting, _Mapping]]] = ...) -> None: ...

class ListModelsByTypeRequest(_message.Message):
    __slots__ = ("model_type",)
    MODEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    model_type: str
    def __init__(self, model_type: _Optional[str] = ...) -> None: ...

class ListModelsByTypeResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, data: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...
