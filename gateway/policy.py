"""Our own options on RPCs and fields, read without the generated code (which may be stale or missing)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

_FILE = "transom/common/v1/options.proto"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the document says of an RPC's access rules."""

    auth: str
    success_status: int
    # The request may name an end user in `user`, or must.
    takes_user: bool
    needs_user: bool
    # Parts of an upload's form.
    form_required: tuple[str, ...]
    form_optional: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wire:
    """How a field is printed."""

    omit_unset: bool
    unwrap: bool
    printed_as: str


class Options:
    """Reads the options that ``options.proto`` of one descriptor set declares."""

    def __init__(self, descriptor_set: bytes) -> None:
        pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_set).file:
            if file.name in {_FILE, "google/protobuf/descriptor.proto"}:
                pool.Add(file)
        message_factory.GetMessageClassesForFiles([_FILE], pool)
        self._policy = pool.FindExtensionByName("transom.common.v1.policy")
        self._wire = pool.FindExtensionByName("transom.common.v1.wire")
        # Number of `user` in the REST view of a request.
        self.user_number: int = (
            pool.FindEnumTypeByName("transom.common.v1.RestField").values_by_name["REST_FIELD_USER"].number
        )
        self._method = self._class(pool, "google.protobuf.MethodOptions")
        self._field = self._class(pool, "google.protobuf.FieldOptions")

    @staticmethod
    def _class(pool: descriptor_pool.DescriptorPool, name: str) -> Any:
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))

    def policy(self, method: MethodDescriptor) -> Policy:
        """Access rules of an RPC."""
        options = self._method.FromString(method.GetOptions().SerializeToString())
        policy = options.Extensions[self._policy]
        end_user = _enum_name(policy, "end_user")
        return Policy(
            auth=_enum_name(policy, "auth"),
            success_status=policy.success_status,
            takes_user=end_user != "END_USER_UNSPECIFIED",
            needs_user=end_user == "END_USER_REQUIRED",
            form_required=tuple(policy.form_required),
            form_optional=tuple(policy.form_optional),
        )

    def wire(self, field: FieldDescriptor) -> Wire:
        """How a field is printed."""
        wire = self._field.FromString(field.GetOptions().SerializeToString()).Extensions[self._wire]
        return Wire(omit_unset=wire.omit_unset, unwrap=wire.unwrap, printed_as=wire.printed_as)


def _enum_name(message: Any, field: str) -> str:
    values = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    name: str = values[getattr(message, field)].name
    return name
