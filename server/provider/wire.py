"""Between the console's messages and plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from server.kit.errors import invalid_param
from server.kit.plain import clean
from server.provider.model import Target, model_type_of
from transom.console.v1 import model_provider_service_pb2 as pb


def struct(value: Mapping[str, Any]) -> Struct:
    """A plain dict as a Struct."""
    message = Struct()
    message.update(dict(value))
    return message


def structs(values: Iterable[Mapping[str, Any]]) -> list[Struct]:
    """Plain dicts as Structs."""
    return [struct(value) for value in values]


def credentials(request: Message) -> dict[str, object]:
    """The filled form of a request. Missing: ``invalid_param``."""
    if not request.HasField("credentials"):
        raise invalid_param("credentials is required")
    return clean(MessageToDict(request.credentials))


def required(value: str, name: str) -> str:
    """A text field that must not be empty."""
    if not value:
        raise invalid_param(f"{name} is required")
    return value


def defaults(request: pb.SetDefaultModelsRequest) -> list[Target]:
    """Entries with a provider, as targets with the provider's name as it was sent."""
    found = []
    for setting in request.model_settings:
        model_type = model_type_of(setting.model_type)
        if setting.provider:
            found.append(Target(setting.provider, required(setting.model, "model"), model_type))
    return found


def model_credential(view: Mapping[str, Any]) -> pb.GetModelCredentialResponse:
    """Shape of GET models/credentials."""
    return pb.GetModelCredentialResponse(
        credentials=struct(view["credentials"]),
        current_credential_id=view["current_credential_id"],
        current_credential_name=view["current_credential_name"],
        load_balancing=struct(view["load_balancing"]),
        available_credentials=structs(view["available_credentials"]),
    )
