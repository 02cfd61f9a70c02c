"""What the knowledge engine asks of models: vectors of documents and queries, rankings."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from redis.asyncio import Redis

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.embedding.calls import INDEXING, INTERACTIVE, Calls, Lane
from server.embedding.document_cache import DocumentCache, Keeping
from server.embedding.query_cache import QueryCache
from server.embedding.rate import SharedRate
from server.embedding.vectors import normalised, text_hash
from server.llm.faults import MALFORMED
from server.llm.port import EmbeddingModel, ModelFault
from server.llm.sdk import ready
from server.provider.runtime import ModelRuntime

if TYPE_CHECKING:
    from server.embedding.vectors import Vector

UNUSABLE = "The embedding model returned no usable vector for the query."

# rag-engine.md 6.2: texts looked up, embedded and kept together.
_GROUP = 1000
# A shorter text is not too long for any model.
_SHORT = 200
_TOO_LONG = re.compile(r"token|context|length|long|batch|size|large", re.IGNORECASE)


class Documents(NamedTuple):
    """Vectors in the order of the texts; None where the model computed none. Tokens are those of calls made."""

    vectors: list[Vector | None]
    tokens: int


class Embedder:
    """Vectors of length 1. Errors of models are ModelFault, of configuration those of ``ModelRuntime``."""

    def __init__(self, models: ModelRuntime, cache: DocumentCache, queries: QueryCache, calls: Calls) -> None:
        self._models = models
        self._cache = cache
        self._queries = queries
        self._calls = calls

    async def documents(
        self, tenant_id: str, provider: str, model: str, texts: Sequence[str], lane: Lane = INDEXING
    ) -> Documents:
        """Embed texts for indexing: from the cache, else by batched calls, equal texts once.

        What was embedded before a failure is kept, so that a repeated call goes on from there. INTERACTIVE is
        the ``lane`` of texts that somebody waits for.
        """
        embedder = await self._model(tenant_id, provider, model)
        unique = {text_hash(text): text for text in texts}
        work = _Work(self._cache, self._calls, embedder, tenant_id, lane)
        for keys in _groups(list(unique), _GROUP):
            await work.fill({key: unique[key] for key in keys})
        if len(work.sizes()) > 1:
            # What is kept was made by another model behind the same name.
            work.found.clear()
            for keys in _groups(list(unique), _GROUP):
                await work.embed({key: unique[key] for key in keys})
            if len(work.sizes()) > 1:
                raise ModelFault("broken_stream", MALFORMED, detail=f"vectors of lengths {work.sizes()}")
        return Documents([work.found[text_hash(text)] for text in texts], work.tokens)

    async def query(self, tenant_id: str, provider: str, model: str, text: str) -> Vector:
        """Embed a search query. Raises ModelFault when the model gives no usable vector."""
        embedder = await self._model(tenant_id, provider, model)
        key = text_hash(text)
        kept = await self._queries.get(tenant_id, embedder.space, key)
        if kept is not None:
            return kept
        answer = await self._calls.run(
            embedder.account, INTERACTIVE, lambda: embedder.embed([text], purpose="query")
        )
        (vector,) = normalised(answer.vectors)
        if vector is None:
            raise ModelFault("broken_stream", UNUSABLE)
        await self._queries.put(tenant_id, embedder.space, key, vector)
        return vector

    async def _model(self, tenant_id: str, provider: str, model: str) -> EmbeddingModel:
        await ready("numpy")
        return await self._models.embedding_model(tenant_id, provider, model)


class _Work:
    """One call of ``documents``: what it has found so far."""

    def __init__(
        self, cache: DocumentCache, calls: Calls, embedder: EmbeddingModel, tenant_id: str, lane: Lane
    ) -> None:
        self._lane = lane
        self._cache = cache
        self._calls = calls
        self._embedder = embedder
        self._tenant_id = tenant_id
        self.found: dict[bytes, Vector | None] = {}
        self.tokens = 0

    def sizes(self) -> set[int]:
        """Lengths of the vectors found; one, unless something is wrong."""
        return {len(vector) for vector in self.found.values() if vector is not None}

    async def fill(self, texts: dict[bytes, str]) -> None:
        """Find the vectors of a group of texts."""
        kept = await self._cache.find(self._tenant_id, self._embedder.space, list(texts))
        self.found.update(kept)
        await self.embed({key: text for key, text in texts.items() if key not in kept})

    async def embed(self, texts: dict[bytes, str]) -> None:
        """The same without looking into the cache. Cancels the other calls when one fails."""
        keeping = self._cache.keeping(self._tenant_id, self._embedder.space)
        batches = _groups(list(texts), self._embedder.card.max_chunks or 1)
        tasks = [
            asyncio.ensure_future(self._batch(keys, [texts[key] for key in keys], keeping)) for keys in batches
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await keeping.flush()

    async def _batch(self, keys: list[bytes], texts: list[str], keeping: Keeping) -> None:
        vectors = await self._vectors(texts)
        self.found.update(zip(keys, vectors, strict=True))
        await keeping.add(dict(zip(keys, vectors, strict=True)))

    async def _vectors(self, texts: list[str]) -> list[Vector | None]:
        """Embed a batch by one call; by smaller ones, or from shorter texts, when it is too much for the model."""
        try:
            answer = await self._calls.run(
                self._embedder.account, self._lane, lambda: self._embedder.embed(texts, purpose="document")
            )
        except ModelFault as fault:
            if fault.fault != "request" or not _TOO_LONG.search(str(fault)):
                raise
            if len(texts) == 1:
                if len(texts[0]) <= _SHORT:
                    raise
                return await self._vectors([texts[0][: len(texts[0]) // 2]])
            half = len(texts) // 2
            return [*await self._vectors(texts[:half]), *await self._vectors(texts[half:])]
        self.tokens += answer.usage.total_tokens
        return normalised(answer.vectors)


class Reranker:
    """Rankings by a rerank model; errors as Embedder's."""

    def __init__(self, models: ModelRuntime, calls: Calls) -> None:
        self._models = models
        self._calls = calls

    async def rerank(
        self, tenant_id: str, provider: str, model: str, query: str, texts: Sequence[str], top_n: int
    ) -> list[tuple[int, float]]:
        """(index of the text, score 0..1) of the best ``top_n`` texts, best first. No texts: no call."""
        reranker = await self._models.rerank_model(tenant_id, provider, model)
        if not texts or top_n < 1:
            return []
        ranking = await self._calls.run(
            reranker.account, INTERACTIVE, lambda: reranker.rerank(query, texts, top_n=top_n)
        )
        return list(ranking.scores)


def build(models: ModelRuntime, db: Database, uow: UowFactory, redis: Redis) -> tuple[Embedder, Reranker]:
    """Both, for one event loop; they share the rate of credentials."""
    calls = Calls(SharedRate(redis))
    embedder = Embedder(models, DocumentCache(db, uow), QueryCache(redis), calls)
    return embedder, Reranker(models, calls)


def _groups(keys: list[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
