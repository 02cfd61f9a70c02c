"""Run events as server-sent events, byte for byte (sse-events.md sections 1-3, 6)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from server.edge.sse import SsePrinter
from transom.run.v1.event_pb2 import RunEvent

RECORDED = Path(__file__).parents[2] / "golden"
ENVELOPE: dict[str, Any] = {
    "sequence": 7, "time_ms": 5, "task_id": "t", "message_id": "m", "conversation_id": "c", "created_at": 1795334423,
}  # fmt: skip
HEAD = '"conversation_id":"c","message_id":"m","created_at":1795334423'


def printed(*, ids: bool = False, **body: Any) -> str:
    """One event."""
    return SsePrinter(ids=ids).print([RunEvent(**ENVELOPE, **body)]).decode()


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        (
            {"message": {"answer": 'Hé "x"\n'}},
            f'data: {{"event":"message",{HEAD},"task_id":"t","id":"m","answer":"Hé \\"x\\"\\n","from_variable_selector":null}}\n\n',
        ),
        (
            {"message_replace": {"answer": "no", "reason": "output_moderation"}},
            f'data: {{"event":"message_replace",{HEAD},"task_id":"t","answer":"no","reason":"output_moderation"}}\n\n',
        ),
        (
            {"error": {"code": "completion_request_error", "status": 400, "message": "It broke."}},
            f'data: {{"event":"error",{HEAD},"code":"completion_request_error","status":400,"message":"It broke."}}\n\n',
        ),
        ({"ping": {}}, "event: ping\n\n"),
    ],
)
def test_event_prints_these_bytes(body: dict[str, Any], wire: str) -> None:
    assert printed(**body) == wire
    # An id goes before an event that is in the log; a ping is not.
    assert printed(ids=True, **body) == (wire if "ping" in body else f"id: 7\n{wire}")


@pytest.mark.parametrize("name", ["chat_streaming", "completion_streaming"])
def test_events_have_the_recorded_names_in_their_order(name: str) -> None:
    recorded = json.loads((RECORDED / f"{name}.json").read_text())
    usage = recorded["message_end"]["metadata"]["usage"]
    events = {"message": {"answer": "x"}, "message_end": {"metadata": {"usage": {"currency": usage["currency"]}}}}
    for kind, body in events.items():
        event = RunEvent(**ENVELOPE, **{kind: body})
        if name.startswith("completion"):
            event.ClearField("conversation_id")
        found = json.loads(SsePrinter().print([event]).removeprefix(b"data: "))
        assert list(found) == list(recorded[kind])
    assert list(found["metadata"]) == list(recorded["message_end"]["metadata"])
    assert list(found["metadata"]["usage"]) == list(usage)


def test_waiting_events_leave_in_one_write() -> None:
    printer = SsePrinter(ids=True)
    events = [RunEvent(**{**ENVELOPE, "sequence": at}, message={"answer": str(at)}) for at in (1, 2, 3)]
    together = printer.print(events)
    assert together == b"".join(printer.print([event]) for event in events)
    assert together.count(b"\n\n") == 3
    assert printer.print([]) == b""


def test_stream_that_changes_its_run_changes_the_envelope() -> None:
    printer = SsePrinter()
    printer.print([RunEvent(**ENVELOPE, message={"answer": "a"})])
    other = printer.print([RunEvent(**{**ENVELOPE, "task_id": "t2", "message_id": "m2"}, message={"answer": "a"})])
    assert b'"message_id":"m2"' in other
    assert b'"task_id":"t2"' in other


def test_text_that_looks_like_framing_stays_text() -> None:
    text = 'a\n\ndata: {"event":"error"}\n\nevent: ping\r\n\r\nid: 9\n'
    wire = printed(message={"answer": text})
    assert wire.count("\n") == 2
    assert json.loads(wire.removeprefix("data: "))["answer"] == text
