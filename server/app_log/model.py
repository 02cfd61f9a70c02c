"""What is asked of an app's log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

CHAT_MODES = ("chat", "agent-chat", "advanced-chat")
COMPLETION_MODES = ("completion",)
MESSAGE_MODES = (*CHAT_MODES, *COMPLETION_MODES)
ANNOTATED = {"": None, "all": None, "annotated": True, "not_annotated": False}
DEBUGGER = "debugger"
"""How members who try an app out ask it (``invoke_from``)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The query of a list, as it came and as far as it can be checked alone."""

    keyword: str
    start: str
    end: str
    annotated: bool | None
    page: int
    limit: int
    sort: str = "-created_at"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Conversations that a list shows. Times are of creation, or of the last change when sorted by that."""

    keyword: str
    since: datetime | None
    # Exclusive.
    until: datetime | None
    annotated: bool | None
    sort: str
    # Chats are found by their names and users too, answers of completion apps by their texts alone.
    is_chat: bool
    # Of chatflows, whose drafts have logs of their own.
    hides_debugging: bool


@dataclass(frozen=True, slots=True)
class FeedbackFilter:
    """Feedback that an export has."""

    from_source: str = ""
    rating: str = ""
    has_comment: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
