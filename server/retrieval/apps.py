"""Searches the datasets of an app (rag-engine.md 7.4): all at once, then one list.

The datasets are searched in parallel; the whole takes about as long as the slowest of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from server.dataset.model import HIGH_QUALITY, Dataset, ModelRef
from server.dataset.store import DatasetStore
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.embedding.calls import INTERACTIVE
from server.embedding.service import Embedder, Reranker
from server.ingest.keywords import keywords, tfidf_cosine
from server.kit.errors import AppError, invalid_param
from server.metadata.store import MetadataStore
from server.retrieval.asking import Asker, Listen, filter_request, pick_request, picked, read_filter
from server.retrieval.external import ExternalKnowledge
from server.retrieval.found import Asked, Retrieved
from server.retrieval.history import SearchLog
from server.retrieval.model import Record, Searched, search_of
from server.retrieval.searcher import Searcher
from server.retrieval.settings import AppSearch
from server.retrieval.store import RetrievalStore

log = logging.getLogger("transom.retrieval")

_TECHNIQUES = (
    "The configured knowledge base list have different indexing technique, please set reranking model."
)
_MODELS = "The configured knowledge base list have different embedding model, please set reranking model."


@dataclass(frozen=True, slots=True)
class Found:
    """One segment for the prompt and the citations."""

    dataset: Dataset
    record: Record

    @property
    def text(self) -> str:
        """What is put into the prompt (feature-semantics.md section 7)."""
        segment = self.record.segment
        text = segment.content if segment.answer is None else f"question:{segment.content} answer:{segment.answer}"
        return f"{segment.summary}\n{text}" if segment.summary else text

    @property
    def cited(self) -> str:
        """What is shown as its content."""
        segment = self.record.segment
        return segment.content if segment.answer is None else f"question:{segment.content} \nanswer:{segment.answer}"


class AppRetrieval:
    """What chat and completion apps, and nodes of workflows, search with."""

    def __init__(
        self, db: Database, uow: UowFactory, searcher: Searcher, embedder: Embedder, reranker: Reranker,
        external: ExternalKnowledge, asker: Asker, history: SearchLog,
    ) -> None:
        self._db = db
        self._uow = uow
        self._searcher = searcher
        self._embedder = embedder
        self._reranker = reranker
        self._external = external
        self._asker = asker
        self._history = history

    async def retrieve(self, asked: Asked, search: AppSearch, query: str) -> Retrieved:
        """The context and citations of a chat. Errors as ``find``."""
        found = await self.find(asked, search, query)
        return Retrieved("\n".join(one.text for one in found), _resources(asked, found))

    async def described(self, tenant_id: str, ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """(id, name, description) of those datasets that exist and have something to find."""
        datasets = await self._db(self._usable, tenant_id, ids)
        return [(one.id, one.name, one.description or "") for one in datasets]

    async def find(
        self, asked: Asked, search: AppSearch, query: str, heard: Listen | None = None
    ) -> list[Found]:
        """The best segments of the app's datasets; ``heard`` gets what models cost that were asked for the search.

        Raises invalid_param for datasets that cannot be merged.
        """
        datasets = await self._db(self._usable, asked.tenant_id, search.dataset_ids)
        if search.single and len(datasets) > 1:
            datasets = await self._pick(asked, search, query, datasets, heard)
        # One dataset is searched by its own settings; several are merged, also where none of them was picked.
        alone = search.single and len(datasets) == 1
        filtering = await self._filtering(asked, search, query, datasets, heard)
        if not alone:
            _check_mergeable(search, datasets)
        lists = await asyncio.gather(
            *(self._one(dataset, search, query, filtering, alone=alone) for dataset in datasets)
        )
        found = [one for of_dataset in lists for one in of_dataset]
        merged = found if alone else await self._merged(asked, search, query, datasets, found)
        self._note(asked, [dataset.id for dataset in datasets], query, merged)
        return merged

    def _usable(self, tenant_id: str, dataset_ids: Sequence[str]) -> list[Dataset]:
        """Those of the datasets that exist and have something to find, in the app's order."""
        with self._uow() as uow:
            found = {one.id: one for one in DatasetStore(uow).many(tenant_id, dataset_ids)}
            answering = RetrievalStore(uow).answering(tenant_id, list(found))
        return [
            found[one] for one in dataset_ids if one in found and (one in answering or found[one].is_external)
        ]

    async def _pick(
        self, asked: Asked, search: AppSearch, query: str, datasets: list[Dataset], heard: Listen | None
    ) -> list[Dataset]:
        """The one dataset that the app's model picks; all when it picks none that exists."""
        try:
            answer = await self._asker.ask(asked.tenant_id, search.model, pick_request(query, datasets), heard)
        except (AppError, TimeoutError) as error:
            log.warning("app %s: no dataset was picked: %s", asked.app_id, error)
            return datasets
        chosen = picked(answer, datasets)
        return [chosen] if chosen else datasets

    async def _filtering(
        self, asked: Asked, search: AppSearch, query: str, datasets: Sequence[Dataset], heard: Listen | None
    ) -> Mapping[str, Any] | None:
        """Conditions on metadata: those set by hand, or those the app's model reads out of the query."""
        if search.filtering_mode == "manual":
            return search.filtering
        if search.filtering_mode != "automatic":
            return None
        fields = await self._db(self._fields, asked.tenant_id, datasets)
        if not fields:
            return None
        try:
            model = search.filter_model or search.model
            answer = await self._asker.ask(asked.tenant_id, model, filter_request(query, fields), heard)
        except (AppError, TimeoutError) as error:
            log.warning("app %s: no metadata filter was derived: %s", asked.app_id, error)
            return None
        operator = (search.filtering or {}).get("logical_operator") or "or"
        return read_filter(answer, fields, operator)

    def _fields(self, tenant_id: str, datasets: Sequence[Dataset]) -> list[str]:
        with self._uow() as uow:
            store = MetadataStore(uow)
            names = [field.name for dataset in datasets for field in store.fields(tenant_id, dataset.id)]
        return list(dict.fromkeys(names))

    async def _one(
        self, dataset: Dataset, search: AppSearch, query: str, filtering: Mapping[str, Any] | None, *, alone: bool
    ) -> list[Found]:
        """One dataset by its own retrieval settings; of several, economy takes the app's number of results."""
        if dataset.is_external:
            records = await self._external.search(dataset, query, search.top_k, search.threshold, filtering)
            return [Found(dataset, record) for record in records]
        model = dict(dataset.search_model)
        if not alone and dataset.live_technique != HIGH_QUALITY:
            model["top_k"] = search.top_k
        model["metadata_filtering_conditions"] = filtering
        found = await self._searcher.search(dataset, query, search_of(model, dataset.live_technique))
        return [Found(dataset, record) for record in found]

    # Merging

    async def _merged(
        self, asked: Asked, search: AppSearch, query: str, datasets: Sequence[Dataset], found: list[Found]
    ) -> list[Found]:
        if not found:
            return []
        if len(datasets) > 1 and search.rerank is not None:
            scores = await self._reranked(asked, search.rerank, query, found)
        elif len(datasets) > 1 and search.weights is not None:
            scores = await self._weighted(asked, search.weights, query, datasets, found)
        elif all(dataset.live_technique != HIGH_QUALITY and not dataset.is_external for dataset in datasets):
            scores = await self._db(_keyword_scores, query, [one.record.segment.content for one in found])
        else:
            scores = [one.record.score for one in found]
        ranked = sorted(zip(scores, range(len(found)), strict=True), key=lambda pair: (-pair[0], pair[1]))
        kept = [(score, found[at]) for score, at in ranked if not search.has_threshold or score >= search.threshold]
        return [
            Found(one.dataset, Record(segment=one.record.segment, score=score, children=one.record.children))
            for score, one in kept[: search.top_k]
        ]

    async def _reranked(self, asked: Asked, model: ModelRef, query: str, found: Sequence[Found]) -> list[float]:
        texts = [one.record.segment.content for one in found]
        ranking = await self._reranker.rerank(
            asked.tenant_id, model.provider, model.model, query, texts, len(texts)
        )
        scores = [0.0] * len(found)
        for at, score in ranking:
            scores[at] = score
        return scores

    async def _weighted(
        self, asked: Asked, weights: tuple[float, float], query: str, datasets: Sequence[Dataset],
        found: Sequence[Found],
    ) -> list[float]:
        texts = [one.record.segment.content for one in found]
        model = next((one for dataset in datasets if (one := dataset.live_embedding)), None)
        cosines = [0.0] * len(found)
        if model is not None:
            vector, documents = await asyncio.gather(
                self._embedder.query(asked.tenant_id, model.provider, model.model, query),
                self._embedder.documents(asked.tenant_id, model.provider, model.model, texts, INTERACTIVE),
            )
            cosines = [0.0 if one is None else float(np.dot(vector, one)) for one in documents.vectors]
        words = await self._db(_keyword_scores, query, texts)
        return [weights[0] * cosine + weights[1] * word for cosine, word in zip(cosines, words, strict=True)]

    def _note(self, asked: Asked, dataset_ids: Sequence[str], query: str, found: Sequence[Found]) -> None:
        """One row of history a dataset, one hit a segment."""
        self._history.note(
            Searched(
                tenant_id=asked.tenant_id, dataset_ids=dataset_ids, query=query, source="app", app_id=asked.app_id,
                role=asked.role, created_by=asked.end_user_id,
                hits=sorted({one.record.segment.id for one in found if not one.dataset.is_external}),
            )
        )


def _keyword_scores(query: str, texts: Sequence[str]) -> list[float]:
    return tfidf_cosine(keywords(query, None), [keywords(text, None) for text in texts])


def _check_mergeable(search: AppSearch, datasets: Sequence[Dataset]) -> None:
    """Scores of different kinds are comparable only through a rerank model."""
    own = [dataset for dataset in datasets if not dataset.is_external]
    if search.rerank is not None or len(own) < 2:
        return
    if len({dataset.live_technique for dataset in own}) > 1:
        raise invalid_param(_TECHNIQUES)
    if search.weights is not None and len({dataset.live_embedding for dataset in own}) > 1:
        raise invalid_param(_MODELS)


def _resources(asked: Asked, found: Sequence[Found]) -> list[dict[str, Any]]:
    return [
        {
            "position": position, "dataset_id": one.dataset.id, "dataset_name": one.dataset.name,
            # Of external knowledge nothing has an id of ours.
            "document_id": one.record.segment.document_id or None, "document_name": one.record.segment.document_name,
            "data_source_type": one.record.segment.data_source_type, "segment_id": one.record.segment.id or None,
            "retriever_from": asked.retriever_from, "score": one.record.score,
            "content": one.cited, "doc_metadata": json.loads(json.dumps(one.record.segment.doc_metadata)),
            "summary": one.record.segment.summary,
        }
        for position, one in enumerate(found, 1)
    ]
