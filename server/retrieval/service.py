"""Searching one dataset for the API (dataset-api.md section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.dataset.model import Dataset
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.retrieval.external import ExternalKnowledge
from server.retrieval.model import Record, Trace, search_of, top_k_of
from server.retrieval.searcher import Searcher
from server.retrieval.store import RetrievalStore


class RetrievalService:
    """Test searches: they count no hits and leave one row of history each."""

    def __init__(self, db: Database, uow: UowFactory, searcher: Searcher, external: ExternalKnowledge) -> None:
        self._db = db
        self._uow = uow
        self._searcher = searcher
        self._external = external

    async def retrieve(
        self, caller: Caller, dataset: Dataset, query: str, model: Mapping[str, Any] | None, trace: Trace
    ) -> list[Record]:
        """The best segments of a dataset; ``model`` replaces the dataset's own for this call."""
        if dataset.is_external:
            return await self._search_external(caller, dataset, query, model)
        search = search_of(model or dataset.search_model, dataset.live_technique)
        records = await self._searcher.search(dataset, query, search, trace)
        if not trace.filtered_out:
            await self._db(self._note, caller, dataset, query)
        return records

    async def _search_external(
        self, caller: Caller, dataset: Dataset, query: str, model: Mapping[str, Any] | None
    ) -> list[Record]:
        wanted = model or dataset.retrieval_model or {}
        threshold = float(wanted.get("score_threshold") or 0.0) if wanted.get("score_threshold_enabled") else 0.0
        records = await self._external.search(
            dataset, query, top_k_of(wanted), threshold, wanted.get("metadata_filtering_conditions")
        )
        await self._db(self._note, caller, dataset, query)
        return records

    def _note(self, caller: Caller, dataset: Dataset, query: str) -> None:
        with self._uow() as uow:
            RetrievalStore(uow).note_query(
                caller.tenant_id, [dataset.id], query, source="hit_testing", app_id=None, role="account",
                created_by=caller.account_id,
            )
            uow.commit()
