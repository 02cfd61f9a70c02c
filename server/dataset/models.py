"""Which models a workspace's datasets may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from server.dataset.model import ModelRef, model_ref
from server.kit.errors import AppError, Reason, invalid_param
from server.provider.runtime import ModelRuntime


class Models:
    """Answers from the workspace's model configuration."""

    def __init__(self, runtime: ModelRuntime) -> None:
        self._runtime = runtime

    async def active_embeddings(self, tenant_id: str) -> Callable[[ModelRef], bool]:
        """A test for whether an embedding model can be called."""
        active = await self._runtime.active(tenant_id, "text-embedding")
        return lambda model: (model.provider, model.model) in active

    async def embedding(self, tenant_id: str, named: ModelRef | None, *, needed: bool) -> ModelRef | None:
        """The model that was named, checked; else the workspace's default when one is needed.

        Raises invalid_param for one that cannot be called, or when there is no default.
        """
        if named is not None:
            if (named.provider, named.model) not in await self._runtime.active(tenant_id, "text-embedding"):
                raise invalid_param(f"Model {named.model} of {named.provider} is not available for text-embedding.")
            return named
        if not needed:
            return None
        default = await self._runtime.default_model(tenant_id, "text-embedding")
        if default is None:
            raise invalid_param("Default model not found for text-embedding")
        return ModelRef(*default)

    async def require_embedding(self, tenant_id: str, model: ModelRef) -> None:
        """Raises provider_not_initialize when the embedding model of a dataset cannot be called any more."""
        if (model.provider, model.model) not in await self._runtime.active(tenant_id, "text-embedding"):
            raise AppError(Reason.PROVIDER_NOT_INITIALIZE)

    async def check_rerank(self, tenant_id: str, retrieval_model: Mapping[str, Any] | None) -> None:
        """Raises invalid_param when a retrieval model names a rerank model that cannot be called."""
        named = (retrieval_model or {}).get("reranking_model") or {}
        provider, model = named.get("reranking_provider_name"), named.get("reranking_model_name")
        if not (provider and model):
            return
        found = model_ref(provider, model)
        if (found.provider, found.model) not in await self._runtime.active(tenant_id, "rerank"):
            raise invalid_param(f"Model {model} of {provider} is not available for rerank.")
