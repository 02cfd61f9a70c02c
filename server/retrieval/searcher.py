"""Searches one dataset (rag-engine.md section 7).

Embedding, vectors and words run beside each other; a connection is held only while a statement runs. Hits
whose segment does not answer (deleted a moment ago, of a version being made) are dropped, and when that
leaves a list short it is asked for again with a higher limit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from server.dataset.model import HIGH_QUALITY, Dataset, ModelRef
from server.db.bridge import Database
from server.db.engine import UnitOfWork, UowFactory
from server.embedding.calls import INTERACTIVE
from server.embedding.service import Embedder, Reranker
from server.index.checks import MOST_HITS
from server.index.port import Vector
from server.indexing.entries import Entries, Place, live_place
from server.ingest.keywords import keywords, query_keywords, tfidf_cosine, words
from server.metadata.conditions import where
from server.retrieval.model import Candidate, FoundChild, FoundSegment, Record, Search, Trace
from server.retrieval.store import RetrievalStore

# A list that came out short is asked for again with four times the limit, this often.
_WIDER, _MOST_ROUNDS = 4, 5
_MOST_SILENT = 1000

# Finds so many candidates, those of some documents left out.
Find = Callable[[int, Sequence[str]], list[Candidate]]
Segments = dict[str, FoundSegment]


class Searcher:
    """Thread-safe parts, async whole; one a process."""

    def __init__(
        self, db: Database, uow: UowFactory, entries: Entries, embedder: Embedder, reranker: Reranker
    ) -> None:
        self._db = db
        self._uow = uow
        self._entries = entries
        self._embedder = embedder
        self._reranker = reranker

    async def search(self, dataset: Dataset, query: str, search: Search, trace: Trace | None = None) -> list[Record]:
        """The best segments, best first. Errors of models are those of Embedder and Reranker."""
        trace = trace or Trace()
        trace.method = search.method
        allowed = await self._allowed(dataset, search, trace)
        if allowed == []:
            trace.filtered_out = True
            return []
        found, segments = await self._candidates(dataset, query, search, allowed, trace)
        ranked = await self._ranked(dataset, query, search, found, segments, trace)
        records = await self._records(dataset, ranked, segments)
        trace.candidates = sorted(found, key=lambda one: -one.shown_score)
        trace.returned = {record.segment.id for record in records}
        return records

    async def _allowed(self, dataset: Dataset, search: Search, trace: Trace) -> list[str] | None:
        """Documents that a metadata filter leaves; None without a filter."""
        condition = where(search.filtering)
        if condition is None:
            return None

        def read() -> list[str]:
            with self._uow() as uow:
                return RetrievalStore(uow).matching(dataset.tenant_id, [dataset.id], condition)[dataset.id]

        async with _stage(trace, "filter") as stage:
            allowed = await self._db(read)
            stage(len(allowed))
        return allowed

    # Candidates

    async def _candidates(
        self, dataset: Dataset, query: str, search: Search, allowed: Sequence[str] | None, trace: Trace
    ) -> tuple[list[Candidate], Segments]:
        wanted = _effective(dataset, search)
        trace.method = wanted
        lists: list[Awaitable[tuple[list[Candidate], Segments]]] = []
        if wanted == "keyword_search":
            lists.append(self._by_keywords(dataset, query, search, allowed, trace))
        if wanted in {"semantic_search", "hybrid_search"}:
            lists.append(self._by_vector(dataset, query, search, allowed, trace))
        if wanted in {"full_text_search", "hybrid_search"}:
            lists.append(self._by_text(dataset, query, search, allowed, trace))
        found: dict[str, Candidate] = {}
        segments: Segments = {}
        for candidates, of_list in await asyncio.gather(*lists):
            segments |= of_list
            for one in candidates:
                known = found.setdefault(one.node_id, one)
                if known is not one:
                    known.text_score = one.text_score
                    known.score = max(known.score, one.score)
        return list(found.values()), segments

    async def _by_vector(
        self, dataset: Dataset, query: str, search: Search, allowed: Sequence[str] | None, trace: Trace
    ) -> tuple[list[Candidate], Segments]:
        model = dataset.live_embedding
        place = live_place(dataset)
        if model is None or place is None:
            return [], {}
        async with _stage(trace, "embed") as stage:
            vector = await self._embedder.query(dataset.tenant_id, model.provider, model.model, query)
            stage(1)
        async with _stage(trace, "vector") as stage:
            found, segments = await self._db(self._read_vectors, place, vector, search, allowed)
            stage(len(found))
        return found, segments

    def _read_vectors(
        self, place: Place, vector: Vector, search: Search, allowed: Sequence[str] | None
    ) -> tuple[list[Candidate], Segments]:
        store, space = self._entries.stores.get(place.store), place.space
        with self._uow.reading() as uow:

            def find(limit: int, silent: Sequence[str]) -> list[Candidate]:
                hits = store.search(
                    uow if store.transactional else None, space, vector, limit, documents=allowed, without=silent
                )
                return [
                    Candidate(
                        node_id=hit.node_id, segment_id=hit.segment_id, document_id=hit.document_id,
                        vector_score=hit.score, score=hit.score,
                    )
                    for hit in hits
                ]

            found, segments = _living(uow, space.tenant_id, space.dataset_id, find, search.top_k, allowed)
        if search.has_threshold:
            found = [one for one in found if one.score >= search.threshold]
        return found, segments

    async def _by_text(
        self, dataset: Dataset, query: str, search: Search, allowed: Sequence[str] | None, trace: Trace
    ) -> tuple[list[Candidate], Segments]:
        def read() -> tuple[list[Candidate], Segments]:
            tokens = words(query)
            with self._uow.reading() as uow:

                def find(limit: int, silent: Sequence[str]) -> list[Candidate]:
                    hits = self._entries.fulltext.search(
                        uow, dataset.tenant_id, dataset.id, tokens, limit, documents=allowed, without=silent
                    )
                    return [_text_candidate(hit) for hit in hits]

                return _living(uow, dataset.tenant_id, dataset.id, find, search.top_k, allowed)

        async with _stage(trace, "full_text") as stage:
            found, segments = await self._db(read)
            stage(len(found))
        return found, segments

    async def _by_keywords(
        self, dataset: Dataset, query: str, search: Search, allowed: Sequence[str] | None, trace: Trace
    ) -> tuple[list[Candidate], Segments]:
        def read() -> tuple[list[Candidate], Segments]:
            asked = query_keywords(query)
            with self._uow.reading() as uow:

                def find(limit: int, silent: Sequence[str]) -> list[Candidate]:
                    hits = self._entries.keyword_table.search(
                        uow, dataset.tenant_id, dataset.id, asked, limit, documents=allowed, without=silent
                    )
                    return [_text_candidate(hit) for hit in hits]

                return _living(uow, dataset.tenant_id, dataset.id, find, search.top_k, allowed)

        async with _stage(trace, "keyword") as stage:
            found, segments = await self._db(read)
            stage(len(found))
        return found, segments

    # Ranking

    async def _ranked(
        self, dataset: Dataset, query: str, search: Search, found: list[Candidate], segments: Segments, trace: Trace
    ) -> list[Candidate]:
        """Candidates in their final order, cut as the method says.

        The threshold is one of the scores that are shown: BM25 where nothing ranks after the words.
        """
        if trace.method == "keyword_search":
            return found
        most = search.top_k
        if search.weights is not None and trace.method == "hybrid_search" and found:
            async with _stage(trace, "weigh") as stage:
                await self._weigh(dataset, query, search.weights, found, segments)
                stage(len(found))
        elif search.rerank is not None and found:
            async with _stage(trace, "rerank") as stage:
                await self._rerank(dataset, query, search.rerank, found, segments)
                stage(len(found))
        else:
            most = len(found)
        kept = [one for one in found if not search.has_threshold or one.shown_score >= search.threshold]
        return sorted(kept, key=lambda one: -one.shown_score)[:most]

    async def _weigh(
        self, dataset: Dataset, query: str, weights: tuple[float, float], found: list[Candidate], segments: Segments
    ) -> None:
        """Score = share of the cosine + share of the keyword cosine (rag-engine.md 7.1); always a real cosine."""
        texts = await self._texts(dataset, found, segments)
        await self._fill_vector_scores(dataset, query, found, texts)

        def keyword_scores() -> list[float]:
            return tfidf_cosine(keywords(query, None), [keywords(text, None) for text in texts])

        for one, keyword_score in zip(found, await self._db(keyword_scores), strict=True):
            one.final = weights[0] * (one.vector_score or 0.0) + weights[1] * keyword_score

    async def _fill_vector_scores(
        self, dataset: Dataset, query: str, found: list[Candidate], texts: Sequence[str]
    ) -> None:
        """Cosines of what only the words found; its vectors come from the embedding cache."""
        missing = [(one, text) for one, text in zip(found, texts, strict=True) if one.vector_score is None]
        model = dataset.live_embedding
        if not missing or model is None:
            return
        vector, documents = await asyncio.gather(
            self._embedder.query(dataset.tenant_id, model.provider, model.model, query),
            self._embedder.documents(
                dataset.tenant_id, model.provider, model.model, [text for _, text in missing], INTERACTIVE
            ),
        )
        for (one, _), other in zip(missing, documents.vectors, strict=True):
            one.vector_score = float(np.dot(vector, other)) if other is not None else 0.0

    async def _rerank(
        self, dataset: Dataset, query: str, model: ModelRef, found: list[Candidate], segments: Segments
    ) -> None:
        texts = await self._texts(dataset, found, segments)
        ranking = await self._reranker.rerank(
            dataset.tenant_id, model.provider, model.model, query, texts, len(texts)
        )
        for at, score in ranking:
            found[at].final = score
        for one in found:
            if one.final is None:
                one.final = 0.0

    async def _texts(self, dataset: Dataset, found: Sequence[Candidate], segments: Segments) -> list[str]:
        """What each candidate says: its child chunk's text, else its segment's."""
        if dataset.doc_form != "hierarchical_model":
            return [segments[one.segment_id].content for one in found]

        def read() -> dict[str, Any]:
            with self._uow() as uow:
                return RetrievalStore(uow).children(dataset.tenant_id, [one.node_id for one in found])

        children = await self._db(read)
        return [
            children[one.node_id].content if one.node_id in children else segments[one.segment_id].content
            for one in found
        ]

    # Records

    async def _records(self, dataset: Dataset, ranked: Sequence[Candidate], segments: Segments) -> list[Record]:
        """One record a segment, in order; children of a parent together, best first."""
        children: dict[str, Any] = {}
        if dataset.doc_form == "hierarchical_model" and ranked:

            def read() -> dict[str, Any]:
                with self._uow() as uow:
                    return RetrievalStore(uow).children(dataset.tenant_id, [one.node_id for one in ranked])

            children = await self._db(read)
        grouped: dict[str, list[Candidate]] = {}
        for one in ranked:
            grouped.setdefault(one.segment_id, []).append(one)
        # Keyword search keeps its order and shows no score (rag-engine.md 7).
        shows = dataset.live_technique == HIGH_QUALITY and dataset.live_dimension is not None
        return [
            Record(
                segment=segments[segment_id], score=max(one.shown_score for one in group) if shows else 0.0,
                children=tuple(
                    FoundChild(row.id, row.content, row.position, one.shown_score)
                    for one in sorted(group, key=lambda one: -one.shown_score)
                    if (row := children.get(one.node_id)) is not None
                ),
            )
            for segment_id, group in grouped.items()
        ]


def _effective(dataset: Dataset, search: Search) -> str:
    """What can be done: vectors and words are there once a dataset of high quality was built."""
    return search.method if dataset.live_technique == HIGH_QUALITY else "keyword_search"


def _text_candidate(hit: Any) -> Candidate:
    return Candidate(
        node_id=hit.node_id, segment_id=hit.segment_id, document_id=hit.document_id, text_score=hit.score,
        score=hit.score,
    )


def _living(
    uow: UnitOfWork, tenant_id: str, dataset_id: str, find: Find, limit: int, allowed: Sequence[str] | None
) -> tuple[list[Candidate], Segments]:
    """At most ``limit`` candidates whose segments answer, and those segments.

    Documents that are switched off are looked up once they turn up among the best: seldom. So are those whose
    rows are gone while their entries wait for the worker: each that turns up is left out of the next round.
    """
    store = RetrievalStore(uow)
    asked = min(limit, MOST_HITS)
    silent: list[str] | None = None if allowed is None else []
    for last in range(_MOST_ROUNDS):
        found = find(asked, silent or ())
        segments = store.segments(tenant_id, list({one.segment_id for one in found}))
        living = [one for one in found if one.segment_id in segments]
        if len(living) >= limit or len(found) < asked or last == _MOST_ROUNDS - 1:
            break
        if silent is None and (silent := store.silent(tenant_id, dataset_id, _MOST_SILENT)):
            continue
        gone = store.gone(tenant_id, {one.document_id for one in found}) if allowed is None else []
        if asked == MOST_HITS and not gone:
            break
        silent = [*(silent or ()), *gone]
        asked = min(asked * _WIDER, MOST_HITS)
    return living[:limit], segments


@asynccontextmanager
async def _stage(trace: Trace, name: str) -> AsyncIterator[Callable[[int], None]]:
    """Note how long a stage took and what came out of it."""
    began = time.perf_counter()
    counted = 0

    def note(count: int) -> None:
        nonlocal counted
        counted = count

    yield note
    trace.stages.append((name, (time.perf_counter() - began) * 1000, counted))
