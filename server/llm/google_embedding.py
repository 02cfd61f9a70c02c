"""Gemini embedding models, by google-genai."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from server.kit import trace
from server.llm import tokens
from server.llm.calls import Deadlines, counted
from server.llm.google_chat import GOOGLE_URL, GoogleClients, GoogleEndpoint, translated
from server.llm.pool import credential_key
from server.llm.port import Embedded, ModelCard, Purpose, Usage
from server.llm.vectors import matrix

if TYPE_CHECKING:
    from google.genai import types

_TASKS: dict[Purpose, str] = {"query": "RETRIEVAL_QUERY", "document": "RETRIEVAL_DOCUMENT"}
# Models from the second generation on take the task as words before the text and refuse a task type.
_FIRST_GENERATION = ("gemini-embedding-001", "text-embedding-004")
_WORDS: dict[Purpose, str] = {"query": "task: search result | query: ", "document": "title: none | text: "}


class GoogleEmbedding:
    """A Gemini embedding model. Port: ``EmbeddingModel``."""

    def __init__(self, card: ModelCard, endpoint: GoogleEndpoint, clients: GoogleClients) -> None:
        self.card = card
        self.account = credential_key(endpoint.base_url, endpoint.api_version, endpoint.api_key)
        self.space = credential_key(endpoint.base_url, card.model, str(card.dimensions))
        self._endpoint = endpoint
        self._clients = clients
        self._by_words = card.model not in _FIRST_GENERATION

    async def embed(self, texts: Sequence[str], *, purpose: Purpose) -> Embedded:
        fitted = await tokens.fit(texts, self.card.context_size)
        with counted(self.card) as cost:
            answer = await self._call(fitted, purpose)
            found = await asyncio.to_thread(_embedded, answer, fitted)
            cost.append(found.usage)
        return found

    async def _call(self, texts: list[str], purpose: Purpose) -> types.EmbedContentResponse:
        end = self._endpoint
        client = await self._clients.get(end.api_key, end.base_url, end.api_version)
        from google.genai import types

        words = _WORDS[purpose] if self._by_words else ""
        contents: list[Any] = [types.Content(parts=[types.Part(text=words + text)]) for text in texts]
        config = types.EmbedContentConfig(
            task_type=None if self._by_words else _TASKS[purpose],
            output_dimensionality=self.card.dimensions or None,
        )
        with translated(), trace.http("POST", end.base_url or GOOGLE_URL):
            return await Deadlines(self._clients.timings).read(
                client.aio.models.embed_content(model=self.card.model, contents=contents, config=config)
            )


def _embedded(answer: types.EmbedContentResponse, texts: Sequence[str]) -> Embedded:
    vectors = matrix([item.values or () for item in answer.embeddings or ()], len(texts))
    reported = answer.usage_metadata
    counted = (reported.prompt_token_count or reported.total_token_count or 0) if reported else 0
    return Embedded(vectors, Usage(counted, 0, counted) if counted else tokens.estimate_texts(texts))
