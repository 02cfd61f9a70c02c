"""The call in progress, as handlers see it."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from server.kit.caller import Caller
from server.kit.errors import invalid_param


@dataclass(slots=True)
class Call:
    """One call: who, how, and what the reply carries besides its body."""

    request_id: str
    # The call came through the gateway's REST view.
    rest: bool
    metadata: Mapping[str, str]
    caller: Caller = field(default_factory=Caller)
    # Initial metadata of the reply; over REST they are response headers. `set-cookie` may repeat.
    headers: list[tuple[str, str]] = field(default_factory=list)
    # Another success status than the policy's.
    status: int = 0
    # Code of the error that it ended with.
    code: str = ""

    @property
    def path(self) -> str:
        """REST path with query; empty over gRPC."""
        return self.metadata.get("x-envoy-original-path", "")

    @property
    def address(self) -> str | None:
        """The client's address as the gateway saw it."""
        forwarded = self.metadata.get("x-forwarded-for", "").partition(",")[0].strip()
        return self.metadata.get("x-envoy-external-address") or forwarded or None


_CURRENT: ContextVar[Call] = ContextVar("call")
# A caller may choose it.
_ID_CHARACTERS = 128


def current_call() -> Call:
    """The call that this task or thread works on."""
    return _CURRENT.get()


def request_id() -> str:
    """The request's id, as the caller knows it (``X-Request-Id``); empty outside of calls and for calls without one."""
    call = _CURRENT.get(None)
    return "" if call is None else call.request_id[:_ID_CHARACTERS]


def caller() -> Caller:
    """Who calls."""
    return _CURRENT.get().caller


def enter(call: Call) -> None:
    """Make ``call`` the current one in this context."""
    _CURRENT.set(call)


def last_event_id() -> int | None:
    """The number in the header ``Last-Event-ID``. Raises invalid_param when it is none."""
    text = current_call().metadata.get("last-event-id", "").strip()
    if not text:
        return None
    if not text.isdigit() or len(text) > 9:
        raise invalid_param("Last-Event-ID must be the number of an event")
    return int(text)
