"""One answer of a model as it comes: its text, what it costs, how long it took."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.llm import tokens
from server.llm.port import ChatRequest, Chunk, FunctionCall, ModelCard, Usage
from server.llm.pricing import usage_dict


@dataclass(frozen=True, slots=True)
class Heard:
    """A whole answer; ``shown`` is its ``usage`` object."""

    text: str
    usage: Usage
    shown: Mapping[str, Any]
    finish_reason: str
    calls: tuple[FunctionCall, ...]


class Meter:
    """Takes the pieces of one answer. Its clock starts when it is made."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card
        self._began = time.perf_counter()
        self._first: float | None = None
        self._pieces: list[str] = []
        self._usage: Usage | None = None
        self._reason = ""
        self._calls: tuple[FunctionCall, ...] = ()

    def take(self, chunk: Chunk) -> str:
        """One piece; its text."""
        text = chunk.text
        if text:
            self._first = self._first or time.perf_counter()
            self._pieces.append(text)
        self._usage = chunk.usage or self._usage
        self._reason = chunk.finish_reason or self._reason
        if chunk.calls:
            self._calls += chunk.calls
        return text

    @property
    def has_begun(self) -> bool:
        """Whether anything came: then it costs something, however it ends."""
        return bool(self._usage or self._pieces)

    async def whole(self, request: ChatRequest) -> Heard:
        """The answer; its usage is estimated when none was reported."""
        text = "".join(self._pieces)
        usage = self._usage or await tokens.estimate(request.messages, text)
        return Heard(text, usage, self._shown(usage), self._reason, self._calls)

    def cut(self, request: ChatRequest) -> Heard:
        """What came of an answer that broke off or is being cancelled; unreported usage is estimated."""
        text = "".join(self._pieces)
        usage = self._usage or tokens.estimate_now(request.messages, text)
        return Heard(text, usage, self._shown(usage), self._reason, self._calls)

    def _shown(self, usage: Usage) -> Mapping[str, Any]:
        now = time.perf_counter()
        return usage_dict(
            usage, self.card.pricing, latency=now - self._began,
            time_to_first_token=self._first and self._first - self._began,
            time_to_generate=self._first and now - self._first,
        )
