"""Any RPC as a REST call, built from its descriptor: a new RPC is covered the day it is added."""

from __future__ import annotations

import copy
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from gateway.contract import Binding, bindings, load
from transom.common.v1 import options_pb2

_SET = (Path(__file__).resolve().parents[2] / "generated" / "transom.binpb").read_bytes()
_VARIABLE = re.compile(r"\{(\w+)(=[^}]*)?\}")
_MODULE = re.compile(r"\.proto$")
# Services that no server offers yet, and with what they come; test_isolation.py fails when one is offered.
LATER: Mapping[str, str] = {}
BINDINGS = [binding for binding in bindings(load(_SET)) if binding.service not in LATER]


def policy_of(binding: Binding) -> options_pb2.Policy:
    """Who may call."""
    return _method(binding).GetOptions().Extensions[options_pb2.policy]


def _method(binding: Binding) -> MethodDescriptor:
    """The RPC in the generated code, where our options can be read."""
    name = _MODULE.sub("_pb2", binding.method.containing_service.file.name).replace("/", ".")
    service = importlib.import_module(name).DESCRIPTOR.services_by_name[binding.method.containing_service.name]
    return service.methods_by_name[binding.method.name]


@dataclass(frozen=True)
class Field:
    """A field of a request, by its path from the request (``settings.model_type``)."""

    path: str
    steps: tuple[FieldDescriptor, ...]

    @property
    def descriptor(self) -> FieldDescriptor:
        """The field itself."""
        return self.steps[-1]

    @property
    def wire(self) -> options_pb2.Wire:
        """Our rules for it."""
        return self.descriptor.GetOptions().Extensions[options_pb2.wire]


def request_fields(binding: Binding) -> list[Field]:
    """All fields of the request and of the messages in it."""
    return list(_fields(_method(binding).input_type, ()))


def _fields(message: Descriptor, steps: tuple[FieldDescriptor, ...]) -> Iterator[Field]:
    if message.full_name.startswith("google.") or message in [step.containing_type for step in steps]:
        return
    for field in message.fields:
        inner = (*steps, field)
        yield Field(".".join(step.name for step in inner), inner)
        if field.message_type is not None:
            yield from _fields(field.message_type, inner)


def with_value(values: Mapping[str, Any], field: Field, value: Any) -> dict[str, Any]:
    """A copy of a request's values with one field set, however deep it is; lists get one item."""
    changed = copy.deepcopy(dict(values))
    at: Any = changed
    for step in field.steps[:-1]:
        below = at.setdefault(step.name, [{}] if step.is_repeated else {})
        at = below[0] if step.is_repeated else below
    is_list = field.descriptor.message_type is not None and field.descriptor.message_type.name == "ListValue"
    at[field.descriptor.name] = [value] if field.descriptor.is_repeated or is_list else value
    return changed


def rest(binding: Binding, values: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """(verb, path, keyword arguments for httpx) of a call with these values for its fields."""
    left = dict(values)
    path = _VARIABLE.sub(lambda found: quote(str(left.pop(found[1])), safe="/" if found[2] else ""), binding.path)
    if binding.uploads:
        file = {"file": ("a.txt", b"a text", "text/plain")}
        return binding.verb, path, {"files": file, "data": {name: _form(value) for name, value in left.items()}}
    if binding.body == "*":
        return binding.verb, path, {"json": left}
    if binding.body:
        return binding.verb, path, {"json": left.pop(binding.body, {}), "params": left}
    return binding.verb, path, {"params": left}


def _form(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
