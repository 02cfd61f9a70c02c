"""Searching one dataset for the API (dataset-api.md section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.dataset.model import Dataset
from server.kit.caller import Caller
from server.retrieval.external import ExternalKnowledge
from server.retrieval.history import SearchLog
from server.retrieval.model import Record, Searched, Trace, search_of, top_k_of
from server.retrieval.searcher import Searcher


class RetrievalService:
    """Test searches: they count no hits and leave one row of history each."""

    def __init__(self, searcher: Searcher, external: ExternalKnowledge, history: SearchLog) -> None:
        self._searcher = searcher
        self._external = external
        self._history = history

    async def retrieve(
        self, caller: Caller, dataset: Dataset, query: str, model: Mapping[str, Any] | None, trace: Trace
    ) -> list[Record]:
        """The best segments of a dataset; ``model`` replaces the dataset's own for this call."""
        if dataset.is_external:
            return await self._search_external(caller, dataset, query, model)
        search = search_of(model or dataset.search_model, dataset.live_technique)
        records = await self._searcher.search(dataset, query, search, trace)
        if not trace.filtered_out:
            self._note(caller, dataset, query)
        return records

    async def _search_external(
        self, caller: Caller, dataset: Dataset, query: str, model: Mapping[str, Any] | None
    ) -> list[Record]:
        wanted = model or dataset.retrieval_model or {}
        threshold = float(wanted.get("score_threshold") or 0.0) if wanted.get("score_threshold_enabled") else 0.0
        records = await self._external.search(
            dataset, query, top_k_of(wanted), threshold, wanted.get("metadata_filtering_conditions")
        )
        self._note(caller, dataset, query)
        return records

    def _note(self, caller: Caller, dataset: Dataset, query: str) -> None:
        self._history.note(
            Searched(
                tenant_id=caller.tenant_id, dataset_ids=[dataset.id], query=query, source="hit_testing",
                role="account", created_by=caller.account_id,
            )
        )
