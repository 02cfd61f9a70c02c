"""Prints run events as Dify's server-sent events (sse-events.md sections 1-3, 6).

A run's envelope is the same in all its events, so its JSON is made once per stream and
each delta costs one small ``orjson.dumps``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from server.edge.printer import to_python
from transom.run.v1.event_pb2 import MessageDelta, RunEvent, TextChunk

PING = b"event: ping\n\n"
# Events that are in no log, and so have no number.
_SPEECH = frozenset({"tts_message", "tts_message_end"})


class SsePrinter:
    """The printer of one stream. With ``ids`` every event carries an ``id:`` line (architecture.md section 5)."""

    def __init__(self, *, ids: bool = False, simple: bool = False) -> None:
        """``simple`` is the form for visitors of web pages (sse-events.md section 11)."""
        self._ids = ids
        self._simple = simple
        self._task = ""
        self._message_head = b""
        # The source of the last piece of the answer: most pieces have the same.
        self._source: list[str] = []
        self._message_tail = _message_tail([])

    def print(self, events: Iterable[RunEvent]) -> bytes:
        """The bytes of events that leave in one write."""
        return b"".join([self._one(event) for event in events])

    def _one(self, event: RunEvent) -> bytes:
        kind = event.WhichOneof("body")
        if kind == "ping":
            return PING
        if kind == "message":
            if self._task != event.task_id:
                self._task = event.task_id
                self._message_head = _message_head(event)
            said = event.message
            # Only pieces of workflows have a source, and to look at it costs as much as to print the text.
            source = said.from_variable_selector[:] if event.workflow_run_id else []
            if source != self._source:
                self._source, self._message_tail = source, _message_tail(source)
            data = self._message_head + orjson.dumps(said.answer) + self._message_tail
        else:
            flat = project(event)
            data = b"data: " + orjson.dumps(simplified(flat) if self._simple else flat) + b"\n\n"
        return b"id: %d\n%b" % (event.sequence, data) if self._ids and kind not in _SPEECH else data


# Keys of a citation that a visitor sees.
_CITATION = frozenset(
    {
        "dataset_id", "dataset_name", "document_id", "segment_id", "position", "data_source_type", "document_name",
        "score", "hit_count", "word_count", "segment_position", "index_node_hash", "content", "page", "title", "files",
        "summary",
    }
)  # fmt: skip


_NODE_EVENTS = frozenset({"node_started", "node_finished"})
# Keys of a node's event that a visitor does not see; the values of others were left out before (server/web/simple.py).
_OWNERS = frozenset({"inputs_truncated", "process_data_truncated", "outputs_truncated", "agent_strategy"})


def simplified(flat: dict[str, Any]) -> dict[str, Any]:
    """The same event without what only the app's owner may see."""
    data = flat.get("data")
    if isinstance(data, dict) and flat["event"] in _NODE_EVENTS:
        return {**flat, "data": {name: value for name, value in data.items() if name not in _OWNERS}}
    metadata = flat.get("metadata")
    if not isinstance(metadata, dict):
        return flat
    cited = metadata.get("retriever_resources") or []
    shown = [{name: value for name, value in item.items() if name in _CITATION} for item in cited]
    return {**flat, "metadata": {"retriever_resources": shown}}


def _message_head(event: RunEvent) -> bytes:
    head = _envelope(event, "message") | {"id": event.message_id, "answer": ""}
    return b"data: " + orjson.dumps(head)[:-3]


def _message_tail(source: list[str]) -> bytes:
    return b',"from_variable_selector":%b}\n\n' % orjson.dumps(source or None)


def _selector(said: MessageDelta | TextChunk) -> list[str] | None:
    return list(said.from_variable_selector) or None


def _envelope(event: RunEvent, name: str) -> dict[str, Any]:
    head: dict[str, Any] = {"event": name}
    if event.message_id:
        if event.conversation_id:
            head["conversation_id"] = event.conversation_id
        head["message_id"] = event.message_id
        head["created_at"] = event.created_at
    elif name not in _WITHOUT_RUN:
        head["workflow_run_id"] = event.workflow_run_id or None
    if name != "error":
        head["task_id"] = event.task_id
    return head


def project(event: RunEvent) -> dict[str, Any]:
    """The flat JSON object of an event, full form."""
    kind = event.WhichOneof("body")
    assert kind is not None, "an event without a body never enters a log"
    head = _envelope(event, kind)
    plain = _PLAIN.get(kind)
    if plain is not None:
        return head | plain(event)
    if event.message_id and kind not in _WITHOUT_RUN:
        head["workflow_run_id"] = event.workflow_run_id
    body = getattr(event, kind)
    data = to_python(body)
    if kind == "text_chunk":
        data["from_variable_selector"] = _selector(body)
    head["data"] = data
    return head


def _message_end(event: RunEvent) -> dict[str, Any]:
    end = event.message_end
    files = [to_python(file) for file in end.files] if event.workflow_run_id else None
    return {"id": event.message_id, "metadata": to_python(end.metadata), "files": files}


def _error(event: RunEvent) -> dict[str, Any]:
    return {"code": event.error.code, "status": event.error.status, "message": event.error.message}


# Workflow events whose envelope does not name the run (sse-events.md section 2).
_WITHOUT_RUN = frozenset({"agent_log", "reasoning_chunk"})
# Events whose fields are not in `data`.
_PLAIN: Mapping[str, Callable[[RunEvent], dict[str, Any]]] = {
    "message": lambda event: {
        "id": event.message_id, "answer": event.message.answer, "from_variable_selector": _selector(event.message),
    },
    "agent_message": lambda event: {"id": event.message_id, "answer": event.agent_message.answer},
    "agent_thought": lambda event: to_python(event.agent_thought),
    "message_file": lambda event: to_python(event.message_file),
    "message_end": _message_end,
    "message_replace": lambda event: {
        "answer": event.message_replace.answer, "reason": event.message_replace.reason,
    },
    "error": _error,
    "tts_message": lambda event: {"audio": base64.b64encode(event.tts_message.audio).decode()},
    "tts_message_end": lambda _: {"audio": ""},
}
