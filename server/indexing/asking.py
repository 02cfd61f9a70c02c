"""Questions to a model, from the worker's threads: Q&A pairs of chunks, summaries of segments."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from server.embedding.blocking import LoopThread
from server.llm.port import ChatRequest, PromptMessage

if TYPE_CHECKING:
    from server.dataset.model import ModelRef
    from server.llm.port import ChatModel

_PATIENCE_SECONDS = 120.0
# rag-engine.md section 5.
_PARAMETERS = {"temperature": 0.01, "max_tokens": 2000}


class Models(Protocol):
    """What is needed of the model providers."""

    async def chat_model(self, tenant_id: str, provider: str, model: str) -> ChatModel:
        """A model with the workspace's credential. Raises provider_not_initialize."""
        ...

    async def default_llm(self, tenant_id: str) -> ChatModel:
        """The workspace's default model. Raises provider_not_initialize."""
        ...


class BlockingAsk:
    """Called as ``ask(tenant_id, system, user)``: the whole answer. Raises AppError, ModelFault, TimeoutError."""

    def __init__(self, loop: LoopThread, models: Models) -> None:
        self._loop = loop
        self._models = models

    def __call__(self, tenant_id: str, system: str, user: str, model: ModelRef | None = None) -> str:
        """Ask and wait; None is the workspace's default model."""
        return self._loop.run(self._ask(tenant_id, system, user, model))

    async def _ask(self, tenant_id: str, system: str, user: str, named: ModelRef | None) -> str:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            if named is None:
                model = await self._models.default_llm(tenant_id)
            else:
                model = await self._models.chat_model(tenant_id, named.provider, named.model)
            request = ChatRequest(
                messages=[PromptMessage(role="system", text=system), PromptMessage(role="user", text=user)],
                parameters=_PARAMETERS,
            )
            return "".join([chunk.text async for chunk in model.stream(request)])
