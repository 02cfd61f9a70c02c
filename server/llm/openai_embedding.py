"""Embedding models behind OpenAI's wire."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from server.llm import tokens
from server.llm.calls import counted
from server.llm.openai_chat import Endpoint, OpenAIClients
from server.llm.openai_wire import usage_of
from server.llm.pool import credential_key
from server.llm.port import Embedded, ModelCard, Purpose, Usage
from server.llm.sdk import ready
from server.llm.vectors import decoded, malformed, matrix

# Decoding a longer answer takes milliseconds: not on the event loop.
_LARGE = 256 * 1024


class OpenAIEmbedding:
    """A text-embedding model. Port: ``EmbeddingModel``.

    ``encoding`` is how vectors travel: ``base64`` costs a tenth of ``float`` to read, which every
    server knows. ``extra`` is added to the body of a call with this purpose.
    """

    def __init__(
        self,
        card: ModelCard,
        endpoint: Endpoint,
        clients: OpenAIClients,
        *,
        encoding: str = "float",
        extra: Mapping[Purpose, Mapping[str, Any]] | None = None,
        space: str = "",
    ) -> None:
        self.card = card
        self.account = credential_key(endpoint.base_url, endpoint.api_key, endpoint.organization)
        self.space = credential_key(space or endpoint.base_url, endpoint.name, str(card.dimensions))
        self._endpoint = endpoint
        self._clients = clients
        self._encoding = encoding
        self._extra = extra or {}

    async def embed(self, texts: Sequence[str], *, purpose: Purpose) -> Embedded:
        fitted = await tokens.fit(texts, self.card.context_size)
        with counted(self.card) as cost:
            content = await self._clients.post(self._endpoint, "/embeddings", self._body(fitted, purpose))
            await ready("numpy")
            if len(content) < _LARGE:
                found = _embedded(content, fitted)
            else:
                found = await asyncio.to_thread(_embedded, content, fitted)
            cost.append(found.usage)
        return found

    def _body(self, texts: list[str], purpose: Purpose) -> bytes:
        body: dict[str, Any] = {"model": self._endpoint.name, "input": texts, "encoding_format": self._encoding}
        if self.card.dimensions:
            body["dimensions"] = self.card.dimensions
        return orjson.dumps({**body, **self._extra.get(purpose, {})})


def _embedded(content: bytes, texts: Sequence[str]) -> Embedded:
    answer = decoded(content)
    try:
        rows = sorted(answer["data"], key=lambda row: row.get("index", 0))
        vectors = matrix([row["embedding"] for row in rows], len(texts))
        usage = usage_of(answer["usage"]) if answer.get("usage") else Usage()
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise malformed(f"malformed embeddings {content[:200]!r}") from error
    return Embedded(vectors, usage if usage.total_tokens else tokens.estimate_texts(texts))

