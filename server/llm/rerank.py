"""Rerank models behind the wire that Cohere and Jina share and most self-hosted servers speak.

``POST {address}/rerank`` ``{model, query, documents, top_n}`` ->
``{"results": [{"index", "relevance_score"}], "usage": {"total_tokens"}}``

An address without a path is also tried with ``/v1``: servers differ in where they put it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from server.llm import tokens
from server.llm.calls import counted
from server.llm.openai_chat import Endpoint, OpenAIClients
from server.llm.pool import credential_key
from server.llm.port import ModelCard, ModelFault, Ranking, Usage
from server.llm.vectors import decoded, malformed


class HttpRerank:
    """A rerank model. Port: ``RerankModel``."""

    def __init__(self, card: ModelCard, endpoint: Endpoint, clients: OpenAIClients) -> None:
        self.card = card
        self.account = credential_key(endpoint.base_url, endpoint.api_key, endpoint.organization)
        self._endpoint = endpoint
        self._clients = clients
        bare = not urlsplit(endpoint.base_url).path.strip("/")
        self._paths = ["/rerank", "/v1/rerank"] if bare else ["/rerank"]

    async def rerank(self, query: str, texts: Sequence[str], *, top_n: int) -> Ranking:
        fitted = await tokens.fit(texts, self.card.context_size)
        wanted = min(top_n, len(fitted))
        body = {"model": self._endpoint.name, "query": query or " ", "documents": fitted, "top_n": wanted}
        with counted(self.card) as cost:
            found = _ranking(await self._call(orjson.dumps(body)), query, fitted, wanted)
            cost.append(found.usage)
        return found

    async def _call(self, body: bytes) -> bytes:
        try:
            return await self._clients.post(self._endpoint, self._paths[0], body)
        except ModelFault as fault:
            if fault.fault != "model" or len(self._paths) == 1:
                raise
            try:
                content = await self._clients.post(self._endpoint, self._paths[1], body)
            except ModelFault:
                raise fault from None
            self._paths = self._paths[1:]
            return content


def _ranking(content: bytes, query: str, texts: Sequence[str], wanted: int) -> Ranking:
    answer = decoded(content)
    try:
        found = {int(item["index"]): float(item["relevance_score"]) for item in answer["results"]}
        reported = _reported(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise malformed(f"malformed ranking {content[:200]!r}") from error
    if len(found) != len(answer["results"]) or len(found) < wanted:
        raise malformed(f"{len(answer['results'])} results for {len(texts)} texts")
    if not all(0 <= index < len(texts) for index in found) or not all(map(math.isfinite, found.values())):
        raise malformed(f"an index or score that cannot be: {content[:200]!r}")
    best = sorted(_unit(found).items(), key=lambda item: (-item[1], item[0]))[:wanted]
    usage = Usage(reported, 0, reported) if reported else tokens.estimate_texts([query, *texts])
    return Ranking(tuple(best), usage)


def _reported(answer: Mapping[str, Any]) -> int:
    """Tokens as Jina (``usage``) or Cohere (``meta.tokens``) tells them; 0 when untold."""
    usage = answer.get("usage") or {}
    counts = (answer.get("meta") or {}).get("tokens") or {}
    return int(usage.get("total_tokens") or counts.get("input_tokens") or 0)


def _unit(scores: Mapping[int, float]) -> Mapping[int, float]:
    """Scores in 0..1, so that thresholds mean the same everywhere.

    Servers that answer with the model's raw logits (llama.cpp does) are told by a score outside
    of that; the logistic function keeps their order.
    """
    if all(0.0 <= score <= 1.0 for score in scores.values()):
        return scores
    return {index: 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, score)))) for index, score in scores.items()}
