"""What the audit log keeps of a call: read from the descriptors once, from messages for each act.

Kept are ids that name a resource, the id that a call made, and fields marked ``(wire).audited``; nothing else, so
that a secret gets in only where the contract says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from server.audit.model import Entry
from server.edge.call import Call
from server.kit.plain import clean_text
from transom.common.v1 import options_pb2

_LONGEST = 200
_MOST = 50


@dataclass(frozen=True, slots=True)
class Act:
    """How an RPC is noted. ``ids`` are (field, kind) of its request, the last is what it is about."""

    action: str
    ids: Sequence[tuple[str, str]]
    kept: Sequence[str]

    def entry(self, call: Call, request: Any, response: Any, outcome: str) -> Entry:
        """The line of one call; ``request`` is no message when it came in pieces."""
        asked = request if isinstance(request, Message) else None
        ids = [(name, kind, _short(getattr(asked, name))) for name, kind in self.ids if asked is not None]
        ids = [found for found in ids if found[2]]
        detail: dict[str, Any] = {name: value for name, _, value in ids[:-1]}
        detail |= {name: _value(getattr(asked, name)) for name in self.kept if asked is not None}
        about = ids[-1] if ids else ("", "", "")
        made = _made(response)
        if made and made not in {value for _, _, value in ids}:
            if ids:
                detail["id"] = made
            else:
                about = ("id", "", made)
        if call.caller.by_admin_key:
            detail["by"] = "admin_api_key"
        said = {name: value for name, value in detail.items() if value != ""}
        return Entry(
            tenant_id=call.caller.tenant_id, account_id=call.caller.the_account, action=self.action,
            resource=about[1], resource_id=about[2], detail=said, ip=call.address, outcome=outcome,
        )  # fmt: skip


def act_of(method: MethodDescriptor, path: str) -> Act:
    """How calls of an RPC with this path are noted."""
    fields = [field for field in method.input_type.fields if _is_text(field) and _wire(field).resource]
    # What a path names last is what a call is about.
    fields.sort(key=lambda field: path.find("{" + field.name))
    kept = [field.name for field in method.input_type.fields if _wire(field).audited]
    return Act(method.name, [(field.name, _wire(field).resource) for field in fields], kept)


def _is_text(field: FieldDescriptor) -> bool:
    return field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated


def _wire(field: FieldDescriptor) -> options_pb2.Wire:
    return field.GetOptions().Extensions[options_pb2.wire]


def _made(response: Any) -> str:
    field = response.DESCRIPTOR.fields_by_name.get("id") if isinstance(response, Message) else None
    return _short(response.id) if field is not None and _is_text(field) else ""


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, (bool, int, float)):
        return value
    return [_value(item) for item in list(value)[:_MOST]]


def _short(text: str) -> str:
    return clean_text(text)[:_LONGEST]


