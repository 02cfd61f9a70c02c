"""One run of this process: the single writer of its numbered events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from server.kit.errors import AppError
from server.kit.plain import clean_text
from transom.common.v1.common_pb2 import AnswerMetadata
from transom.run.v1.event_pb2 import MessageDelta, MessageEnd, MessageReplace, RunError, RunEvent

Outlet = Callable[..., None]
"""``say(text, selector=())``: takes the next piece of an answer, as ``Run.delta`` does."""

_INSIST_SECONDS = 0.1


def is_terminal(event: RunEvent) -> bool:
    """Whether nothing follows."""
    return event.last


def is_pause(event: RunEvent) -> bool:
    """Whether nothing follows before somebody has answered."""
    return event.HasField("workflow_paused")


@dataclass(frozen=True, slots=True)
class RunKey:
    """What identifies a run, and the envelope of all its events."""

    task_id: str
    tenant_id: str
    app_id: str
    mode: str
    # Both empty in workflow apps.
    message_id: str
    conversation_id: str
    end_user_id: str | None
    # Unix seconds at which the message was created; 0 without one.
    created_at: int
    # The workflow run, in apps that have a workflow.
    workflow_run_id: str = ""
    # The key that it came with, for the ledger.
    api_key_id: str = ""
    # What is the same in all its events, serialized.
    _envelope: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        head = RunEvent(
            task_id=self.task_id,
            message_id=self.message_id,
            conversation_id=self.shown_conversation_id,
            created_at=self.created_at,
            workflow_run_id=self.workflow_run_id,
        )
        object.__setattr__(self, "_envelope", head.SerializeToString())

    @property
    def shown_conversation_id(self) -> str:
        """Completion apps do not show the conversation behind a message (sse-events.md section 2)."""
        return "" if self.mode == "completion" else self.conversation_id

    def event(self, sequence: int, **body: object) -> RunEvent:
        """An event of this run with one of the bodies."""
        event = RunEvent(sequence=sequence, time_ms=time.time_ns() // 1_000_000, **body)  # type: ignore[arg-type]
        event.MergeFromString(self._envelope)
        return event

    def blank(self, sequence: int, more: bytes = b"") -> RunEvent:
        """An event of this run without a body yet. For pieces of answers: a third of what ``event`` costs.

        ``more`` is what else is the same in several events, serialized.
        """
        event = RunEvent.FromString(self._envelope + more)
        event.sequence = sequence
        event.time_ms = time.time_ns() // 1_000_000
        return event


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: ``status`` is succeeded, stopped, failed, or paused: another ``Run`` will go on with it.

    ``result`` is for whoever started it, ``outputs`` are those of a workflow as values.
    """

    status: str
    answer: str = ""
    metadata: AnswerMetadata | None = None
    error: AppError | None = None
    result: Any = None
    outputs: Mapping[str, Any] | None = None


class Interruptible(Protocol):
    """A task, or what else can be told to stop; told more than once, when it does not."""

    def cancel(self) -> object:
        """Stop."""
        ...


@dataclass(eq=False, slots=True)
class Run:
    """Events since the oldest one that a local reader or the log still needs, and who waits for more.

    Everything here runs on the event loop; nothing blocks and nothing waits for a reader.
    """

    key: RunKey
    # Number of the event before events[0].
    base: int = 0
    events: list[RunEvent] = field(default_factory=list)
    # Number of the last event that is in the log.
    logged: int = 0
    outcome: Outcome | None = None
    answer_parts: list[str] = field(default_factory=list)
    answer_dirty: bool = False
    stop_requested: bool = False
    # Set while the run may be interrupted: cancels the model call or stops the workflow.
    interrupt: Interruptible | None = None
    # The answer is complete as it is: what the model would still say is not wanted.
    cut_requested: bool = False
    # Another process has ended the run in our stead; the log is no longer ours.
    lost: bool = False
    # When it ended, by time.monotonic.
    ended_at: float | None = None
    # The voice that reads it to the stream that began it, as its app names it; None: nobody does.
    voice: str | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    # The source of the last piece of the answer, and what says so in its event: most pieces have the same.
    _selector: Sequence[str] = ()
    _source: bytes = b""
    _interrupted_at: float = 0.0
    _wakers: dict[asyncio.Event, int] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """Number of the newest event."""
        return self.base + len(self.events)

    def emit(self, **body: object) -> None:
        """Append an event with one of the bodies."""
        self._append(self.key.event(self.last + 1, **body))

    def _append(self, event: RunEvent) -> None:
        self.events.append(event)
        for waker in self._wakers:
            waker.set()

    def delta(self, text: str, selector: Sequence[str] = ()) -> None:
        """Append a piece of the answer, without characters that cannot be stored."""
        text = clean_text(text)
        if not text:
            return
        self.answer_parts.append(text)
        self.answer_dirty = True
        if selector != self._selector:
            source = RunEvent(message=MessageDelta(from_variable_selector=selector))
            self._selector, self._source = selector, source.SerializeToString()
        event = self.key.blank(self.base + len(self.events) + 1, self._source)
        piece = event.agent_message if self.key.mode == "agent-chat" else event.message
        piece.answer = text
        self._append(event)

    def say(self, text: str) -> None:
        """Append what no model said: a ``message`` in every mode."""
        text = clean_text(text)
        if text:
            self.answer_parts.append(text)
            self.answer_dirty = True
            self.emit(message=MessageDelta(answer=text))

    def replace(self, text: str, reason: str) -> None:
        """Replace the answer so far."""
        text = clean_text(text)
        self.answer_parts = [text]
        self.answer_dirty = True
        self.emit(message_replace=MessageReplace(answer=text, reason=reason))

    def end(self, outcome: Outcome, *, http_status: int = 0, message: str = "") -> None:
        """The last event. Call it after the outcome is stored; only the first call counts."""
        if outcome.error is not None:
            body: dict[str, object] = {
                "error": RunError(code=outcome.error.reason.value, status=http_status, message=message)
            }
        else:
            how = MessageEnd.OUTCOME_STOPPED if outcome.status == "stopped" else MessageEnd.OUTCOME_SUCCEEDED
            body = {"message_end": MessageEnd(metadata=outcome.metadata, outcome=how)}
        self.conclude(outcome, [body])

    def conclude(self, outcome: Outcome, bodies: Sequence[Mapping[str, object]]) -> None:
        """The last events, by their bodies, as ``end``; after a pause others will follow."""
        if self.outcome is not None:
            return
        self.outcome = outcome
        self.ended_at = time.monotonic()
        for body in bodies[:-1]:
            self.emit(**body)
        self.emit(**bodies[-1], last=outcome.status != "paused")
        self.finished.set()

    @property
    def answer(self) -> str:
        """The answer so far."""
        if len(self.answer_parts) > 1:
            self.answer_parts = ["".join(self.answer_parts)]
        return self.answer_parts[0] if self.answer_parts else ""

    def request_stop(self) -> None:
        """Interrupt the model call; what there is of the answer is kept. Idempotent."""
        if not self.stop_requested and self.outcome is None:
            self.stop_requested = True
            self._interrupt()

    def cut(self) -> None:
        """Interrupt the model call: the answer is complete as it is. Idempotent."""
        if not self.cut_requested and self.outcome is None:
            self.cut_requested = True
            self._interrupt()

    def give_up(self) -> None:
        """Another process has ended the run: interrupt the model call, write no more to the log. Idempotent."""
        if not self.lost:
            self.lost = True
            self._interrupt()

    def insist(self) -> None:
        """Interrupt again what goes on long after it was interrupted: a library may swallow a cancel."""
        is_wanted = self.stop_requested or self.cut_requested or self.lost
        if is_wanted and time.monotonic() - self._interrupted_at > _INSIST_SECONDS:
            self._interrupt()

    def _interrupt(self) -> None:
        self._interrupted_at = time.monotonic()
        if self.interrupt is not None:
            self.interrupt.cancel()

    # Readers

    def attach(self, after: int) -> asyncio.Event:
        """Register a reader that has seen events up to ``after``; set whenever there are more."""
        waker = asyncio.Event()
        self._wakers[waker] = after
        return waker

    def seen(self, waker: asyncio.Event, after: int) -> None:
        """Note how far a reader is."""
        self._wakers[waker] = after

    def detach(self, waker: asyncio.Event) -> None:
        """Forget a reader."""
        self._wakers.pop(waker, None)

    def after(self, sequence: int, most: int) -> list[RunEvent]:
        """The oldest events newer than ``sequence`` that are in memory, at most ``most``."""
        start = max(0, sequence - self.base)
        return self.events[start : start + most]

    def unlogged(self, most: int) -> list[RunEvent]:
        """The oldest events that are not in the log yet, at most ``most``."""
        return self.after(self.logged, most)

    def trim(self, slack: int) -> None:
        """Drop events that are in the log and that every local reader, but for stragglers, has seen.

        A reader more than ``slack`` events behind does not hold memory: it is cut off (reader.py).
        The end stays, for readers that join when the log is gone.
        """
        newest = self.last if self.outcome is None else self.last - 1
        needed = min([self.logged, newest, *(at for at in self._wakers.values() if at >= self.last - slack)])
        if needed > self.base:
            del self.events[: needed - self.base]
            self.base = needed
