"""What pages are told, as messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.struct_pb2 import Struct

from server.kit.caller import Caller
from transom.common.v1.common_pb2 import AnswerMetadata
from transom.conversation.v1.conversation_pb2 import Message
from transom.web.v1 import passport_service_pb2 as pb
from transom.web.v1.web_chat_service_pb2 import SimpleMetadata
from transom.web.v1.web_conversation_service_pb2 import SavedMessage

_SITE = tuple(
    name
    for name in pb.GetWebSiteResponse.Site.DESCRIPTOR.fields_by_name
    if name not in ("custom_disclaimer", "icon_url")
)
_CITATION = tuple(SimpleMetadata.Citation.DESCRIPTOR.fields_by_name)


def site(who: Caller, row: Any, link: Callable[[str], str]) -> pb.GetWebSiteResponse:
    """The settings of a page (web-api.md section 3)."""
    return pb.GetWebSiteResponse(
        app_id=who.the_app.app_id, end_user_id=who.end_user.id if who.end_user else None, enable_site=True,
        can_replace_logo=False,
        site=pb.GetWebSiteResponse.Site(
            **{name: getattr(row, name) for name in _SITE}, custom_disclaimer=row.custom_disclaimer or "",
            icon_url=link(row.icon_file_id) if row.icon_file_id else None,
        ),
    )


def simple(metadata: AnswerMetadata | None) -> SimpleMetadata:
    """What a visitor sees of an answer's metadata (sse-events.md section 11)."""
    told = SimpleMetadata()
    for resource in metadata.retriever_resources if metadata is not None else ():
        citation = told.retriever_resources.add()
        for field, value in resource.ListFields():
            if field.name in _CITATION:
                if field.is_repeated:
                    getattr(citation, field.name).extend(value)
                else:
                    setattr(citation, field.name, value)
    return told


def with_metadata(message: Message, metadata: Any) -> Message:
    """The message with what was told of its answer."""
    struct = Struct()
    struct.update(metadata or {})
    message.metadata.CopyFrom(struct)
    return message


def saved(message: Message) -> SavedMessage:
    """A kept message (web-api.md section 6)."""
    return SavedMessage(
        id=message.id, inputs=message.inputs, query=message.query, answer=message.answer,
        message_files=message.message_files, feedback=message.feedback if message.HasField("feedback") else None,
        created_at=message.created_at,
    )
