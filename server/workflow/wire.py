"""Workflows and draft variables as messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct, Value

from server.edge.printer import struct_to_dict, value_to_python
from server.kit.errors import invalid_param
from server.workflow import secrets
from server.workflow.model import Author, Variable, VersionPage, Workflow
from transom.workflow.v1 import workflow_service_pb2 as pb

_SHOWN = ("id", "name", "value_type", "value", "description")


def workflow(found: Workflow) -> pb.Workflow:
    """A draft or a version."""
    return pb.Workflow(
        id=found.id, graph=struct(found.graph), features=struct(found.features), hash=found.hash,
        version=found.version, marked_name=found.marked_name, marked_comment=found.marked_comment,
        created_by=_account(found.created_by), created_at=unix(found.created_at),
        updated_by=_account(found.updated_by), updated_at=unix(found.updated_at),
        environment_variables=_variables(secrets.masked(found.environment_variables)),
        conversation_variables=_variables(found.conversation_variables),
    )  # fmt: skip


def synced(draft: Workflow) -> pb.SyncDraftWorkflowResponse:
    """A draft was saved."""
    return pb.SyncDraftWorkflowResponse(result="success", hash=draft.hash, updated_at=unix(draft.updated_at))


def versions(page: VersionPage) -> pb.ListWorkflowsResponse:
    """A page of versions."""
    return pb.ListWorkflowsResponse(
        items=[workflow(item) for item in page.items], page=page.page, limit=page.limit, has_more=page.has_more
    )


def sent_draft(request: pb.SyncDraftWorkflowRequest) -> dict[str, Any]:
    """The parts of a draft that a request carries."""
    return {
        "graph": struct_to_dict(request.graph) if request.HasField("graph") else None,
        "features": struct_to_dict(request.features) if request.HasField("features") else None,
        "environment_variables": objects(request.environment_variables),
        "conversation_variables": objects(request.conversation_variables),
    }


def objects(items: Iterable[Struct]) -> list[dict[str, Any]]:
    """Free-form objects as plain Python."""
    return [struct_to_dict(item) for item in items]


def filters(text: str) -> Mapping[str, Any]:
    """The JSON object in a query field ``q``. Raises invalid_param."""
    if not text:
        return {}
    try:
        found = orjson.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise invalid_param("q must be a JSON object")
    return found


def environment(items: Iterable[Variable]) -> list[Struct]:
    """Environment variables as the list of a draft's variables shows them."""
    return [
        struct({
            **{key: item[key] for key in ("id", "name", "description", "selector", "value_type", "value")},
            "type": "env", "edited": False, "visible": True, "editable": True,
        })
        for item in secrets.masked(items)
    ]  # fmt: skip


def struct(value: Mapping[str, Any]) -> Struct:
    """A free-form object."""
    made = Struct()
    ParseDict(value, made)
    return made


def any_value(value: Any) -> Value:
    """A free-form value."""
    made = Value()
    ParseDict(value, made)
    return made


def python_value(value: Value) -> Any:
    """A free-form value as plain Python."""
    return value_to_python(value)


def unix(at: datetime) -> int:
    """Unix seconds."""
    return int(at.timestamp())


def _variables(items: Iterable[Variable]) -> list[Struct]:
    return [struct({key: item[key] for key in _SHOWN}) for item in items]


def _account(author: Author | None) -> pb.Account | None:
    return None if author is None else pb.Account(id=author.id, name=author.name, email=author.email)
