"""App information as messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from google.protobuf.struct_pb2 import Struct

from server.app_info.model import About
from server.kit.caller import AppContext
from transom.app.v1 import app_info_service_pb2 as pb

_SITE = tuple(
    name for name in pb.GetSiteResponse.DESCRIPTOR.fields_by_name if name not in ("custom_disclaimer", "icon_url")
)
_END_USER = tuple(
    name
    for name in pb.GetEndUserResponse.DESCRIPTOR.fields_by_name
    if name not in ("created_at", "updated_at")
)


def parameters(body: Mapping[str, Any]) -> pb.GetParametersResponse:
    """The body that ``server.chat.parameters`` makes, as a message."""
    fields: dict[str, Any] = {}
    for field in pb.GetParametersResponse.DESCRIPTOR.fields:
        value = body[field.name]
        if field.message_type is Struct.DESCRIPTOR:
            value = [_struct(item) for item in value] if field.is_repeated else _struct(value)
        fields[field.name] = value
    return pb.GetParametersResponse(**fields)


def _struct(value: Mapping[str, Any]) -> Struct:
    struct = Struct()
    struct.update(value)
    return struct


def info(app: AppContext, about: About) -> pb.GetInfoResponse:
    """Name, description, tags, mode, author."""
    return pb.GetInfoResponse(
        name=app.name, description=app.description, tags=about.tags, mode=app.mode, author_name=about.author_name
    )


def meta(icons: Mapping[str, Any]) -> pb.GetMetaResponse:
    """Icons of tools."""
    return pb.GetMetaResponse(tool_icons=_struct(icons))


def site(row: Any, link: Callable[[str], str]) -> pb.GetSiteResponse:
    """Settings of the app's page."""
    return pb.GetSiteResponse(
        **{name: getattr(row, name) for name in _SITE}, custom_disclaimer=row.custom_disclaimer or "",
        icon_url=link(row.icon_file_id) if row.icon_file_id else None,
    )


def end_user(row: Any) -> pb.GetEndUserResponse:
    """One end user."""
    return pb.GetEndUserResponse(
        **{name: getattr(row, name) for name in _END_USER}, created_at=_iso(row.created_at),
        updated_at=_iso(row.updated_at),
    )


def _iso(moment: datetime) -> str:
    """UTC without zone, to the second."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
