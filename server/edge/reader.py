"""Reads request messages into plain Python."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from server.edge.printer import struct_to_dict, value_to_python


def sent(message: Message) -> dict[str, Any]:
    """The fields that a request carries, by name; what it leaves out is left out."""
    return {field.name: _plain(value) for field, value in message.ListFields()}


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
