"""What visitors are told of a run: less than the app's owner (sse-events.md section 11)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from transom.common.v1.common_pb2 import Json
from transom.run.v1.event_pb2 import RunEvent

Batches = AsyncIterator[list[RunEvent]]

_EMPTY = "{}"


def _end(event: RunEvent) -> None:
    metadata = event.message_end.metadata
    metadata.ClearField("usage")
    metadata.ClearField("annotation_reply")
    for resource in metadata.retriever_resources:
        resource.ClearField("retriever_from")
        resource.ClearField("doc_metadata")


def _started(event: RunEvent) -> None:
    node = event.node_started
    node.ClearField("inputs")
    node.ClearField("agent_strategy")
    node.extras.CopyFrom(Json(text=_EMPTY))


def _finished(event: RunEvent) -> None:
    node: Any = event.node_finished
    for name in ("inputs", "process_data", "outputs", "error", "execution_metadata", "files"):
        node.ClearField(name)


_SIMPLE: Mapping[str, Callable[[RunEvent], None]] = {
    "message_end": _end, "node_started": _started, "node_finished": _finished,
}


async def simple(batches: Batches) -> Batches:
    """The same events without what only the owner may see. Events are shared by readers: what changes is a copy."""
    async for batch in batches:
        yield [_simple(event) for event in batch]


def _simple(event: RunEvent) -> RunEvent:
    change = _SIMPLE.get(event.WhichOneof("body") or "")
    if change is None:
        return event
    copy = RunEvent()
    copy.CopyFrom(event)
    change(copy)
    return copy
