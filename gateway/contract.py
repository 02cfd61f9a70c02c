"""The REST surface as the protos declare it: one `Binding` per RPC and path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from google.api import annotations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

_METHODS = ("get", "put", "post", "delete", "patch")
HTTP_BODY = "google.api.HttpBody"


class ContractError(Exception):
    """The protos contradict themselves over REST; the message names the RPCs."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One way to call an RPC over REST."""

    verb: str
    path: str
    body: str
    method: MethodDescriptor

    @property
    def service(self) -> str:
        """Full name of the service."""
        return self.method.containing_service.full_name

    @property
    def rpc(self) -> str:
        """`/package.Service/Method`."""
        return f"/{self.service}/{self.method.name}"

    @property
    def streams(self) -> bool:
        """The answer is a stream."""
        return self.method.server_streaming

    @property
    def uploads(self) -> bool:
        """The request is a stream of bytes."""
        return self.method.client_streaming

    @property
    def variables(self) -> list[str]:
        """Fields bound by the path."""
        return re.findall(r"\{([a-z_.]+)(?:=[^}]*)?\}", self.path)

    @property
    def regex(self) -> str:
        """The path as a regular expression for Envoy."""
        return re.sub(r"\\\{[a-z_.]+(=[^}]*)?\\\}", _segment, re.escape(self.path))


def _segment(match: re.Match[str]) -> str:
    return ".+" if match[1] and "\\*\\*" in match[1] else "[^/]+"


def load(descriptor_set: bytes) -> list[ServiceDescriptor]:
    """The services of our own packages in a descriptor set."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)  # type: ignore[attr-defined]
    return [
        service
        for file in files.file
        if file.package.startswith("transom.")
        for service in pool.FindFileByName(file.name).services_by_name.values()
    ]


def bindings(services: Iterable[ServiceDescriptor]) -> list[Binding]:
    """All REST bindings, checked. Raises ContractError."""
    found = [binding for service in services for method in service.methods for binding in _bindings_of(method)]
    _check(found)
    return found


def _bindings_of(method: MethodDescriptor) -> Iterable[Binding]:
    # The options come from another pool: read them through bytes.
    options = descriptor_pb2.MethodOptions.FromString(method.GetOptions().SerializeToString())
    rule = options.Extensions[annotations_pb2.http]
    for one in (rule, *rule.additional_bindings):
        for verb in _METHODS:
            path = getattr(one, verb)
            if path:
                yield Binding(verb.upper(), path, one.body, method)


def _check(found: list[Binding]) -> None:
    seen: dict[tuple[str, str], Binding] = {}
    for binding in found:
        shape = (binding.verb, re.sub(r"\{[^}]*\}", "{}", binding.path))
        other = seen.get(shape)
        if other is not None and not is_pair(other, binding):
            raise ContractError(f"{other.rpc} and {binding.rpc} both claim {binding.verb} {binding.path}")
        seen[shape] = binding
        names = {field.name for field in binding.method.input_type.fields}
        unknown = [name for name in binding.variables if name.split(".")[0] not in names]
        if unknown:
            raise ContractError(f"{binding.rpc}: {binding.path} binds {unknown}, which the request lacks")


def is_pair(one: Binding, other: Binding) -> bool:
    """A blocking and a streaming RPC on one path, told apart by `response_mode`."""
    names = {field.name for field in one.method.input_type.fields}
    return one.streams != other.streams and "response_mode" in names


def pairs(found: list[Binding]) -> list[tuple[Binding, Binding]]:
    """(blocking, streaming) bindings that share a path."""
    by_place: dict[tuple[str, str], list[Binding]] = {}
    for binding in found:
        by_place.setdefault((binding.verb, binding.path), []).append(binding)
    return [
        tuple(sorted(two, key=lambda binding: binding.streams))  # type: ignore[misc]
        for two in by_place.values()
        if len(two) == 2
    ]
