"""Prints typed responses as the JSON that REST callers expect.

One printer is compiled per message type: from the descriptor a Python function is written
and evaluated, because a page of 20 messages has 400 fields and reading each through a
generic walk costs more than the rest of the call. Rules (architecture.md section 2):

- an unset field with presence prints ``null``, or nothing with ``(wire).omit_unset``;
- other fields always print; free-form objects keep whole numbers whole;
- a ``Json`` prints as the text that it holds;
- a field with ``(wire).unwrap`` is the whole value, ``null`` when unset; of several, the one that is set.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from transom.common.v1 import options_pb2

ToJson = Callable[[Any], Any]

_OPTIONS = orjson.OPT_NON_STR_KEYS
_WHOLE = float(2**53)


def struct_to_dict(struct: Struct) -> dict[str, Any]:
    """A free-form object as plain Python, its keys in order; whole numbers become ints."""
    fields = struct.fields
    return {key: value_to_python(fields[key]) for key in sorted(fields)}


def value_to_python(value: Value) -> Any:
    """A free-form value as plain Python."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and -_WHOLE <= number <= _WHOLE else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "struct_value":
        return struct_to_dict(value.struct_value)
    if kind == "list_value":
        return [value_to_python(item) for item in value.list_value.values]
    return None


def _list_to_python(value: ListValue) -> list[Any]:
    return [value_to_python(item) for item in value.values]


_compiled: dict[str, ToJson] = {
    "google.protobuf.Struct": struct_to_dict,
    "google.protobuf.Value": value_to_python,
    "google.protobuf.ListValue": _list_to_python,
    "google.protobuf.Empty": lambda _: {},
    "transom.common.v1.Json": lambda value: orjson.Fragment(value.text or "null"),
}


class Constant:
    """A response that a handler gives again and again: printed once."""

    def __init__(self, message: Message) -> None:
        self.message = message

    @cached_property
    def json(self) -> bytes:
        """The REST body."""
        return to_json(self.message)


def to_json(message: Message) -> bytes:
    """The REST body of a response."""
    return orjson.dumps(printer_of(message.DESCRIPTOR)(message), option=_OPTIONS)


def to_python(message: Message) -> Any:
    """The REST body of a response, before it becomes bytes."""
    return printer_of(message.DESCRIPTOR)(message)


def printer_of(descriptor: Descriptor) -> ToJson:
    """The compiled printer of a message type."""
    name = descriptor.full_name
    printer = _compiled.get(name)
    if printer is None:
        # A message may hold its own kind: what it is given until its printer is there.
        _compiled[name] = lambda message: _compiled[name](message)
        printer = _compiled[name] = _compile(descriptor)
    return printer


def _wire(field: FieldDescriptor) -> options_pb2.Wire:
    return field.GetOptions().Extensions[options_pb2.wire]


def _compile(descriptor: Descriptor) -> ToJson:
    names: dict[str, ToJson] = {}
    always: list[str] = []
    sometimes: list[str] = []
    unwrapped = [field for field in descriptor.fields if _wire(field).unwrap]
    if unwrapped:
        return eval(f"lambda m: {_whole(unwrapped, names)}", names)  # noqa: S307 - built from descriptors only
    for field in descriptor.fields:
        expression, key = _expression(field, names), _wire(field).printed_as or field.name
        if field.has_presence and _wire(field).omit_unset:
            sometimes.append(f"    if m.HasField({field.name!r}): d[{key!r}] = {expression}\n")
        elif field.has_presence:
            always.append(f"{key!r}: {expression} if m.HasField({field.name!r}) else None")
        else:
            always.append(f"{key!r}: {expression}")
    body = "def printer(m):\n    d = {" + ", ".join(always) + "}\n" + "".join(sometimes) + "    return d\n"
    scope: dict[str, Any] = names
    exec(body, scope)  # noqa: S102 - built from descriptors only
    return scope["printer"]


def _whole(fields: list[FieldDescriptor], names: dict[str, ToJson]) -> str:
    first, *rest = fields
    expression = _expression(first, names)
    if not first.has_presence:
        return expression
    other = _whole(rest, names) if rest else "None"
    return f"{expression} if m.HasField({first.name!r}) else {other}"


def _expression(field: FieldDescriptor, names: dict[str, ToJson]) -> str:
    value = f"m.{field.name}"
    # A slice is a list at once; a walk over the container costs three times that, also of an empty one.
    if field.message_type is None:
        return f"{value}[:]" if field.is_repeated else value
    helper = f"print_{field.number}"
    names[helper] = printer_of(field.message_type)
    if field.is_repeated:
        return f"[{helper}(item) for item in {value}[:]]"
    return f"{helper}({value})"
