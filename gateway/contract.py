"""The REST surface as the protos declare it: one `Binding` per RPC and path."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from google.api import annotations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor, ServiceDescriptor

_METHODS = ("get", "put", "post", "delete", "patch")
_VARIABLE = re.compile(r"\{([^}=]+)(?:=([^}]*))?\}")
_AFTER_REST = re.compile(r"=\*\*\}.*\{")
HTTP_BODY = "google.api.HttpBody"
# Envoy's parser never ends on a bare number for these: the request would hang.
_BARE_VALUES = frozenset({"google.protobuf.Value", "google.protobuf.ListValue"})


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
        name: str = self.method.containing_service.full_name
        return name

    @property
    def rpc(self) -> str:
        """`/package.Service/Method`."""
        return f"/{self.service}/{self.method.name}"

    @property
    def streams(self) -> bool:
        """The answer is a stream."""
        return bool(self.method.server_streaming)

    @property
    def sends_events(self) -> bool:
        """The answer is a stream of events, which may last as long as a run; else it ends by itself."""
        return self.streams and self.method.output_type.full_name != HTTP_BODY

    @property
    def uploads(self) -> bool:
        """The request is a stream of bytes."""
        return bool(self.method.client_streaming)

    @property
    def picks_mode(self) -> bool:
        """The request says whether the answer comes whole or as events; either lasts as long as a model works."""
        return "response_mode" in self.method.input_type.fields_by_name

    @property
    def variables(self) -> list[str]:
        """Fields bound by the path."""
        return [found[1] for found in _VARIABLE.finditer(self.path)]

    @property
    def queries(self) -> set[str]:
        """Fields that a query parameter may bind; a body of `*` leaves none."""
        if self.body == "*" or self.uploads:
            return set()
        return set(self.method.input_type.fields_by_name) - {self.body, *self.variables}

    @property
    def shape(self) -> str:
        """The path without the names of its variables: two bindings of one shape cannot be told apart."""
        return _VARIABLE.sub(lambda found: "{%s}" % (found[2] or "*"), self.path)

    @property
    def regex(self) -> str:
        """The path, with or without a slash at its end, as a regular expression for Envoy (RE2)."""
        parts = _VARIABLE.split(self.path)
        fixed, kinds = parts[0::3], parts[2::3]
        segments = [".+" if kind and "**" in kind else "[^/]+" for kind in kinds]
        return "".join(re.escape(text) + segment for text, segment in zip(fixed, [*segments, ""], strict=True)) + "/?"


def load(descriptor_set: bytes) -> list[ServiceDescriptor]:
    """List the services of our own packages in a descriptor set."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return [
        service
        for file in files.file
        if file.package.startswith("transom.")
        for service in pool.FindFileByName(file.name).services_by_name.values()
    ]


def bindings(services: Iterable[ServiceDescriptor]) -> list[Binding]:
    """List all REST bindings, checked. Raises ContractError."""
    found = [binding for service in services for method in service.methods for binding in _bindings_of(method)]
    for binding in found:
        _check_variables(binding)
        _check_body(binding)
    _check_places(found)
    return found


def pairs(found: Sequence[Binding]) -> list[tuple[Binding, Binding]]:
    """List the (blocking, streaming) bindings that share a path and are told apart by `response_mode`."""
    return [(both[0], both[1]) for both in _by_place(found).values() if len(both) > 1]


def plain_services(found: Sequence[Binding]) -> list[str]:
    """List all services but the streaming halves of pairs."""
    twins = {stream.service for _, stream in pairs(found)}
    return sorted({binding.service for binding in found} - twins)


def overriding(found: Iterable[Binding], allowed: Collection[str] = ()) -> list[str]:
    """List the query parameters, in both spellings, that would override a path; all variables but ``allowed``."""
    fields = [binding.method.input_type.fields_by_name[name] for binding in found for name in binding.variables]
    return sorted({name for field in fields if field.name not in allowed for name in (field.name, field.json_name)})


def _bindings_of(method: MethodDescriptor) -> Iterator[Binding]:
    # The options come from another pool: read them through bytes.
    options = descriptor_pb2.MethodOptions.FromString(method.GetOptions().SerializeToString())
    rule = options.Extensions[annotations_pb2.http]
    for one in (rule, *rule.additional_bindings):
        for verb in _METHODS:
            path = getattr(one, verb)
            if path:
                yield Binding(verb.upper(), path, one.body, method)


def _by_place(found: Sequence[Binding]) -> dict[tuple[str, str], list[Binding]]:
    places: dict[tuple[str, str], list[Binding]] = defaultdict(list)
    for binding in found:
        places[binding.verb, binding.shape].append(binding)
    return {place: sorted(sharing, key=lambda binding: binding.streams) for place, sharing in places.items()}


def _check_places(found: Sequence[Binding]) -> None:
    """Two RPCs may share a place only as a pair, and Envoy must be able to offer the second half alone."""
    for (verb, _), sharing in _by_place(found).items():
        pair = [binding.streams for binding in sharing] == [False, True] and all(one.picks_mode for one in sharing)
        if len(sharing) > 1 and not pair:
            raise ContractError(f"{' and '.join(one.rpc for one in sharing)} all claim {verb} {sharing[0].path}")
    twins = {stream.rpc for _, stream in pairs(found)}
    services = {stream.service for _, stream in pairs(found)}
    for binding in found:
        if binding.service in services and binding.rpc not in twins:
            raise ContractError(
                f"{binding.rpc}: {binding.service} streams on paths of another service, so it may hold nothing else"
            )


def _check_variables(binding: Binding) -> None:
    """Allow a path variable only where it binds one plain field of the request itself.

    Envoy refuses a body that contradicts such a field, and ignores a query parameter of its name
    (`overriding`); in a nested, repeated or whole-body field the body or the query would win.
    """
    for name in binding.variables:
        field: FieldDescriptor | None = binding.method.input_type.fields_by_name.get(name)
        if "." in name or field is None or field.is_repeated or field.message_type is not None:
            raise ContractError(f"{binding.rpc}: {binding.path} binds {name!r}, which is no plain field of the request")
        if name == binding.body:
            raise ContractError(f"{binding.rpc}: the body would override {name!r}, which {binding.path} binds")
    if _AFTER_REST.search(binding.path):
        raise ContractError(f"{binding.rpc}: {binding.path} has a variable after {{x=**}}, which Envoy refuses")


def _check_body(binding: Binding) -> None:
    request = binding.method.input_type
    if binding.body in {"", "*"}:
        kind = request.full_name if binding.body else ""
    else:
        field = request.fields_by_name.get(binding.body)
        if field is None or field.message_type is None:
            raise ContractError(f"{binding.rpc}: the body is {binding.body!r}, which is no message of the request")
        kind = field.message_type.full_name
    if kind in _BARE_VALUES:
        raise ContractError(f"{binding.rpc}: a body of {kind} hangs on a bare number; use a message or a Struct")
