"""Reads request messages into plain Python."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.unknown_fields import UnknownFieldSet

from server.edge.printer import struct_to_dict, value_to_python
from server.kit.errors import invalid_param
from transom.common.v1 import options_pb2


def sent(message: Message) -> dict[str, Any]:
    """The fields that a request carries, by name; what it leaves out is left out."""
    return {field.name: _plain(value) for field, value in message.ListFields()}


def take_user(request: Any) -> None:
    """Read `user` of a JSON body, which the REST view takes whatever its type is, into the request.

    A number or a boolean becomes text, as Python writes it. Raises invalid_param for a list or an object.
    """
    for field in UnknownFieldSet(request):
        if field.field_number == options_pb2.REST_FIELD_USER:
            user = value_to_python(Value.FromString(field.data))
            if isinstance(user, (dict, list)):
                raise invalid_param("user: a text is expected")
            # 0 and false say nothing, as null and "" do (service-api.md 1.2).
            request.user = str(user) if user else ""


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        return struct_to_dict(value)
    if isinstance(value, Value):
        return value_to_python(value)
    if isinstance(value, ListValue):
        return [value_to_python(item) for item in value.values]
    if isinstance(value, Message):
        return sent(value)
    if isinstance(value, (str, bytes, int, float)):
        return value
    return [_plain(item) for item in value]
