"""Questions suggested after an answer (feature-semantics.md 3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from server.chat.prompt import transcript
from server.chat.replies import first_list
from server.llm.port import ChatRequest, PromptMessage

MAX_TURNS = 3
"""How many of the thread's latest messages are shown to the model."""

MAX_TOKENS = 3000
"""How many tokens of them, counted with the conversation's model (``fitting.fit``)."""

PARAMETERS: Mapping[str, object] = MappingProxyType({"temperature": 0, "max_tokens": 256})

_INSTRUCTION = (
    "Here is the end of a conversation. Write the three questions that the human is most likely to ask next, in the "
    "language of the assistant's last answer, each shorter than 20 characters."
)
_FORM = 'Reply with one JSON array of strings and nothing else: ["...", "...", "..."]'


def request(history: Sequence[PromptMessage], instruction: str = "") -> ChatRequest:
    """The model call that asks for questions. ``instruction`` replaces our own, the reply's form stays."""
    text = f"{transcript(history)}\n\n{instruction.strip() or _INSTRUCTION}\n{_FORM}"
    return ChatRequest(messages=(PromptMessage("user", text),), parameters=PARAMETERS)


def questions(reply: str) -> list[str]:
    """The questions in a model's reply; none when there is no JSON array in it."""
    return [item.strip() for item in first_list(reply) if isinstance(item, str) and item.strip()]
