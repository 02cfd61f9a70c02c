"""The REST view: the descriptor set that Envoy loads.

Every JSON answer is shown to Envoy as `google.api.HttpBody`, because Envoy cannot print an
explicit null; the server prints the JSON itself (server/edge). Requests stay typed, except that
`user` of a JSON body may be any value: clients send numbers, and the server makes text of them.
"""

from __future__ import annotations

from google.protobuf import descriptor_pb2

from gateway.contract import HTTP_BODY, bindings, load
from gateway.policy import Options

_STRUCT = "google/protobuf/struct.proto"


def rest_view(descriptor_set: bytes) -> bytes:
    """Derive the REST view from the canonical descriptor set."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
    options = Options(descriptor_set)
    lenient = _lenient(descriptor_set, options)
    for file in files.file:
        if not file.package.startswith("transom."):
            continue
        if file.service and "google/api/httpbody.proto" not in file.dependency:
            file.dependency.append("google/api/httpbody.proto")
        for service in file.service:
            for method in service.method:
                method.output_type = f".{HTTP_BODY}"
        for message in file.message_type:
            if f"{file.package}.{message.name}" in lenient:
                _take_any_user(message, options.user_number)
                if _STRUCT not in file.dependency:
                    file.dependency.append(_STRUCT)
        file.ClearField("source_code_info")
    names = [file.name for file in files.file]
    order = sorted(range(len(names)), key=lambda at: names[at].startswith("transom/"))
    ordered = descriptor_pb2.FileDescriptorSet(file=[files.file[at] for at in order])
    return bytes(ordered.SerializeToString(deterministic=True))


def _lenient(descriptor_set: bytes, options: Options) -> set[str]:
    """Requests whose end user comes in a JSON body, whatever the path they are sent to."""
    found: set[str] = set()
    others: set[str] = set()
    for binding in bindings(load(descriptor_set)):
        in_body = binding.body == "*" and not binding.uploads and "user" not in binding.variables
        acts_for_user = options.policy(binding.method).takes_user
        (found if in_body and acts_for_user else others).add(binding.method.input_type.full_name)
    return found - others


def _take_any_user(message: descriptor_pb2.DescriptorProto, number: int) -> None:
    """Show `user` as a value of any type, with a number that only the view has."""
    for field in message.field:
        if field.name == "user":
            field.number = number
            field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
            field.type_name = ".google.protobuf.Value"
