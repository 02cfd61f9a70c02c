"""The contract explains itself: a comment on every service, RPC, message, field, enum and value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from gateway.contract import load
from tests.arch.sources import ROOT
from transom.common.v1 import options_pb2

SET = (ROOT / "generated" / "transom.binpb").read_bytes()
OURS = [file for file in descriptor_pb2.FileDescriptorSet.FromString(SET).file if file.package.startswith("transom.")]
_F = FieldDescriptor
# Numbers beyond 2^53 are not exact in JSON, and 64-bit ones are printed as text there.
_WIDE = {_F.TYPE_INT64, _F.TYPE_UINT64, _F.TYPE_SINT64, _F.TYPE_FIXED64, _F.TYPE_SFIXED64}


def rpcs() -> list[MethodDescriptor]:
    """Every RPC of the generated code that has a REST binding or a policy."""
    import importlib

    found = []
    for file in OURS:
        module = importlib.import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            found += service.methods
    return found


def _places(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, tuple[int, ...]]]:
    """(name, path in the file) of everything that wants a comment."""
    for at, service in enumerate(file.service):
        yield service.name, (6, at)
        yield from ((f"{service.name}.{rpc.name}", (6, at, 2, n)) for n, rpc in enumerate(service.method))
    for at, message in enumerate(file.message_type):
        yield from _message_places(message, (4, at), message.name)
    for at, enum in enumerate(file.enum_type):
        yield from _enum_places(enum, (5, at), enum.name)


def _message_places(message: Any, path: tuple[int, ...], name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    if message.options.map_entry:
        return
    yield name, path
    yield from ((f"{name}.{field.name}", (*path, 2, at)) for at, field in enumerate(message.field))
    for at, inner in enumerate(message.nested_type):
        yield from _message_places(inner, (*path, 3, at), f"{name}.{inner.name}")
    for at, enum in enumerate(message.enum_type):
        yield from _enum_places(enum, (*path, 4, at), f"{name}.{enum.name}")


def _enum_places(enum: Any, path: tuple[int, ...], name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield name, path
    yield from ((f"{name}.{value.name}", (*path, 2, at)) for at, value in enumerate(enum.value))


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_everything_in_a_proto_has_a_comment(file: descriptor_pb2.FileDescriptorProto) -> None:
    said = {tuple(place.path): place.leading_comments.strip() for place in file.source_code_info.location}
    silent = [name for name, path in _places(file) if not said.get(path)]
    assert not silent


def test_comments_are_kept_in_the_descriptor_set() -> None:
    assert all(file.source_code_info.location for file in OURS)


@pytest.mark.parametrize("rpc", rpcs(), ids=lambda rpc: rpc.full_name)
def test_rpc_says_who_may_call_and_where_it_is_over_rest(rpc: MethodDescriptor) -> None:
    policy = rpc.GetOptions().Extensions[options_pb2.policy]
    assert policy.auth != options_pb2.AUTH_UNSPECIFIED
    http = rpc.GetOptions().Extensions[annotations_pb2.http]
    assert http.WhichOneof("pattern")
    if policy.end_user != options_pb2.END_USER_UNSPECIFIED:
        assert "user" in rpc.input_type.fields_by_name, "the edge reads the end user from the field `user`"
    if policy.modes:
        assert policy.mode_error


def _printed(message: Descriptor, seen: set[str]) -> Iterator[FieldDescriptor]:
    """Fields that REST prints, through all messages of an answer."""
    if message.full_name in seen or message.full_name.startswith("google."):
        return
    seen.add(message.full_name)
    for field in message.fields:
        yield field
        if field.message_type is not None:
            yield from _printed(field.message_type, seen)


def test_no_answer_has_a_number_that_json_cannot_carry() -> None:
    seen: set[str] = {"transom.run.v1.RunEvent"}  # printed by server/edge/sse.py, in Dify's flat form
    wide = [
        field.full_name for rpc in rpcs() for field in _printed(rpc.output_type, seen) if field.type in _WIDE
    ]
    assert not wide


def test_generated_code_knows_every_service_of_the_descriptor_set() -> None:
    in_set = {service.full_name for service in load(SET)}
    assert in_set == {rpc.containing_service.full_name for rpc in rpcs()}


def test_packages_are_named_as_their_folders() -> None:
    odd: Sequence[str] = [file.name for file in OURS if not file.name.startswith(file.package.replace(".", "/") + "/")]
    assert not odd
    assert all(re.fullmatch(r"transom\.[a-z_]+\.v\d+", file.package) for file in OURS)
