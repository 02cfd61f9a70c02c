"""The providers of this process, by full id."""

from __future__ import annotations

from collections.abc import Iterator

from server.kit.errors import invalid_param
from server.llm import tokens
from server.llm.calls import Timings
from server.llm.google_provider import GoogleProvider
from server.llm.names import full_name
from server.llm.openai_provider import LocalProvider, OpenAICompatibleProvider, OpenAIProvider
from server.llm.port import Provider
from server.llm.rerank_provider import cohere, jina
from server.llm.sdk import ready


class Registry:
    """Built once by bootstrap; close it on shutdown."""

    def __init__(self, *providers: Provider) -> None:
        self._providers = {provider.spec.provider: provider for provider in providers}

    def find(self, name: str) -> Provider | None:
        """A provider by full or short id."""
        return self._providers.get(full_name(name))

    def get(self, name: str) -> Provider:
        """The same; an unknown one is ``invalid_param``."""
        provider = self.find(name)
        if provider is None:
            raise invalid_param(f"Provider {name} does not exist.")
        return provider

    def __iter__(self) -> Iterator[Provider]:
        return iter(self._providers.values())

    async def warm(self) -> None:
        """Load the SDKs and the tokenizer in the background, so that no first request waits for it."""
        await ready("aiohttp", "openai", "google.genai")
        await tokens.warm()

    async def close(self) -> None:
        for provider in self:
            await provider.close()


def build(
    timings: Timings,
    *,
    google_base_url: str = "",
    google_api_version: str = "",
    local_model_url: str = "",
    local_model_key: str = "",
) -> Registry:
    """All adapters of this server. Nothing is imported or connected until a model is used."""
    return Registry(
        GoogleProvider(timings, base_url=google_base_url, api_version=google_api_version),
        OpenAIProvider(timings),
        OpenAICompatibleProvider(timings),
        cohere(timings),
        jina(timings),
        LocalProvider(timings, url=local_model_url, key=local_model_key),
    )
