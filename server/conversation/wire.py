"""Rows as messages. A page of messages is on the path of every client that opens a conversation."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from server.chat.files import guess_remote
from server.conversation.model import shown_type, shown_value
from server.conversation.store import Row
from transom.conversation.v1 import conversation_pb2 as pb
from transom.conversation.v1 import message_service_pb2 as page_pb

_RESOURCE = tuple(
    name
    for name in pb.StoredRetrieverResource.DESCRIPTOR.fields_by_name
    if name not in ("id", "message_id", "created_at")
)
_WHOLE = ("position", "hit_count", "word_count", "segment_position")


def conversation(row: Row) -> pb.Conversation:
    """An item of service-api.md 5.1."""
    return pb.Conversation(
        id=row.id, name=row.name, inputs=row.inputs, status=row.status, introduction=row.introduction,
        created_at=int(row.created_at.timestamp()), updated_at=int(row.updated_at.timestamp()),
    )


def variable(row: Row) -> pb.ConversationVariable:
    """An item of service-api.md 5.4."""
    return pb.ConversationVariable(
        id=row.id, name=row.name, value_type=shown_type(row.value_type), value=shown_value(row.value),
        description=row.description, created_at=int(row.created_at.timestamp()),
        updated_at=int(row.updated_at.timestamp()),
    )


class MessagePrinter:
    """Prints messages. ``link`` signs an upload's address, ``renewed`` those inside an answer."""

    def __init__(self, link: Callable[[str], str], renewed: Callable[[str], str]) -> None:
        self._link = link
        self.renewed = renewed

    def page(self, conversation_id: str, rows: Iterable[Row]) -> Sequence[pb.Message]:
        """Items of service-api.md 6.1."""
        response = page_pb.ListMessagesResponse()
        self.fill(response.data, conversation_id, rows)
        return response.data[:]

    def fill(self, page: Any, conversation_id: str, rows: Iterable[Row]) -> None:
        """Make the items of a page in their place: to copy one there costs a quarter of making it."""
        known: Any = None
        packed = b""
        for row in rows:
            values: Any = row[:16]
            (
                message_id, parent, inputs, query, answer, status, error, asked, answered, price, currency, latency,
                created_at, resources, rating, files,
            ) = values
            made = page.add(
                id=message_id, conversation_id=conversation_id, parent_message_id=parent, query=query,
                answer=self.renewed(answer), feedback=pb.MessageFeedback(rating=rating) if rating else None,
                retriever_resources=[_resource(item, message_id) for item in resources] if resources else None,
                created_at=int(created_at.timestamp()),
                message_files=[self.file(item) for item in files] if files else None,
                status=status, error=error, message_tokens=asked, answer_tokens=answered,
                total_tokens=asked + answered, provider_response_latency=latency, total_price=price,
                currency=currency,
            )
            # As a rule those of a conversation are the same, and to pack them costs as much as all the rest.
            if inputs != known:
                known, packed = inputs, pb.Message(inputs=inputs).inputs.SerializeToString()
            made.inputs.SetInParent()
            made.inputs.MergeFromString(packed)

    def file(self, item: list[Any]) -> pb.MessageFile:
        """A file from ``[id, type, transfer_method, belongs_to, url, upload_file_id, name, mime_type, size]``."""
        file_id, kind, method, belongs_to, url, upload_id, name, mime_type, size = item
        if upload_id:
            url = self._link(upload_id)
        elif url and name is None:
            remote = guess_remote(url)
            name, mime_type = remote.name, remote.mime_type
        return pb.MessageFile(
            id=file_id, filename=name, type=kind, url=url, mime_type=mime_type, size=size, transfer_method=method,
            belongs_to=belongs_to, upload_file_id=upload_id,
        )


def add_thoughts(page: Iterable[pb.Message], thoughts: Iterable[Row]) -> None:
    """Put the thoughts of agents to the messages that they belong to."""
    messages = {message.id: message for message in page}
    for row in thoughts:
        messages[row.message_id].agent_thoughts.append(thought(row))


def thought(row: Row) -> pb.AgentThought:
    """A step of an agent."""
    made = pb.AgentThought(
        id=row.id, message_id=row.message_id, position=row.position, thought=row.thought, tool=row.tool,
        tool_input=row.tool_input, observation=row.observation, created_at=int(row.created_at.timestamp()),
        files=row.files,
    )
    made.tool_labels.update(row.tool_labels)
    return made


def _resource(item: Mapping[str, Any], message_id: str) -> pb.StoredRetrieverResource:
    known = {name: item[name] for name in _RESOURCE if item.get(name) is not None}
    whole = {name: int(known[name]) for name in _WHOLE if name in known}
    return pb.StoredRetrieverResource(id=str(uuid.uuid4()), message_id=message_id, **{**known, **whole})


def app_feedback(row: Row) -> pb.AppFeedback:
    """An item of service-api.md 6.4."""
    return pb.AppFeedback(
        id=row.id, app_id=row.app_id, conversation_id=row.conversation_id, message_id=row.message_id,
        rating=row.rating, content=row.content, from_source=row.from_source, from_end_user_id=row.from_end_user_id,
        from_account_id=row.from_account_id, created_at=_iso(row.created_at), updated_at=_iso(row.updated_at),
    )


def _iso(moment: datetime) -> str:
    """UTC without zone, to the second."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
