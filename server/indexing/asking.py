"""Questions to the workspace's model, from the worker's threads: Q&A pairs of chunks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from server.embedding.blocking import LoopThread
from server.llm.port import ChatRequest, PromptMessage

if TYPE_CHECKING:
    from server.llm.port import ChatModel

_PATIENCE_SECONDS = 120.0
# rag-engine.md section 5.
_PARAMETERS = {"temperature": 0.01, "max_tokens": 2000}


class Models(Protocol):
    """What is needed of the model providers."""

    async def default_llm(self, tenant_id: str) -> ChatModel:
        """The workspace's default model. Raises provider_not_initialize."""
        ...


class BlockingAsk:
    """Called as ``ask(tenant_id, system, user)``: the whole answer. Raises AppError, TimeoutError."""

    def __init__(self, loop: LoopThread, models: Models) -> None:
        self._loop = loop
        self._models = models

    def __call__(self, tenant_id: str, system: str, user: str) -> str:
        """Ask and wait."""
        return self._loop.run(self._ask(tenant_id, system, user))

    async def _ask(self, tenant_id: str, system: str, user: str) -> str:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            model = await self._models.default_llm(tenant_id)
            request = ChatRequest(
                messages=[PromptMessage(role="system", text=system), PromptMessage(role="user", text=user)],
                parameters=_PARAMETERS,
            )
            return "".join([chunk.text async for chunk in model.stream(request)])
