"""What a model remembers of a conversation (feature-semantics.md 6.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.kit.ids import NIL_UUID
from server.llm.port import FilePart, PromptMessage

MAX_MESSAGES = 500
"""How many of the latest messages of a conversation are looked at."""


@dataclass(frozen=True, slots=True)
class Step:
    """One round of an agent: what it said, what it asked of tools, and what they said, both by the tool's name."""

    thought: str
    calls: Mapping[str, Any] = field(default_factory=dict)
    observations: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One stored message: a query, and its answer so far."""

    id: str
    parent_message_id: str | None
    query: str
    answer: str
    files: tuple[FilePart, ...] = ()
    answer_files: tuple[FilePart, ...] = ()
    # What an agent did on the way to the answer.
    steps: tuple[Step, ...] = ()


def thread(newest_first: Sequence[Turn], parent: str | None = NIL_UUID) -> list[Turn]:
    """The branch that the current message continues, oldest first.

    ``newest_first`` are the conversation's messages without the current one; ``parent`` is the
    current one's parent. The nil UUID means the message before it, no parent starts a branch;
    regenerated siblings are skipped.
    """
    branch: list[Turn] = []
    wanted = parent
    for turn in newest_first[:MAX_MESSAGES]:
        if not wanted:
            break
        if wanted in (NIL_UUID, turn.id):
            branch.append(turn)
            wanted = turn.parent_message_id
    branch.reverse()
    return branch


def as_messages(turns: Sequence[Turn]) -> list[PromptMessage]:
    """Turns as prompt messages. An answer that is still empty (failed or running) is left out."""
    messages = []
    for turn in turns:
        messages.append(PromptMessage("user", turn.query, turn.files))
        if turn.answer or turn.answer_files:
            messages.append(PromptMessage("assistant", turn.answer, turn.answer_files))
    return messages
