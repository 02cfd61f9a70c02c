"""The REST view: the descriptor set that Envoy loads.

Every JSON answer is shown to Envoy as `google.api.HttpBody`, because Envoy cannot print an
explicit null; the server prints the JSON itself (server/edge). Requests stay typed.
"""

from __future__ import annotations

from google.protobuf import descriptor_pb2

from gateway.contract import HTTP_BODY


def rest_view(descriptor_set: bytes) -> bytes:
    """Derive the REST view from the canonical descriptor set."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
    for file in files.file:
        if not file.package.startswith("transom."):
            continue
        if file.service and "google/api/httpbody.proto" not in file.dependency:
            file.dependency.append("google/api/httpbody.proto")
        for service in file.service:
            for method in service.method:
                method.output_type = f".{HTTP_BODY}"
        file.ClearField("source_code_info")
    names = [file.name for file in files.file]
    order = sorted(range(len(names)), key=lambda at: names[at].startswith("transom/"))
    ordered = descriptor_pb2.FileDescriptorSet(file=[files.file[at] for at in order])
    return bytes(ordered.SerializeToString(deterministic=True))
