"""Searches knowledge that lives elsewhere, over HTTP (rag-engine.md section 8)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from server.dataset.model import Dataset
from server.dataset.store import DatasetStore
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.crypto import Sealer
from server.kit.errors import invalid_param, not_found
from server.kit.outbound import Outbound, OutboundError
from server.kit.plain import clean_text
from server.retrieval.model import FoundSegment, Record


class ExternalKnowledge:
    """The registered APIs of workspaces."""

    def __init__(self, db: Database, uow: UowFactory, posts: Outbound, sealer: Sealer) -> None:
        self._db = db
        self._uow = uow
        self._posts = posts
        self._sealer = sealer

    async def search(
        self, dataset: Dataset, query: str, top_k: int, threshold: float, filtering: Mapping[str, Any] | None = None
    ) -> list[Record]:
        """What the API finds, as records without ids. Raises invalid_param with its text when it refuses."""
        api = await self._db(self._api, dataset)
        body = {
            "knowledge_id": dataset.external_knowledge_id, "query": query,
            "retrieval_setting": {"top_k": top_k, "score_threshold": threshold}, "metadata_condition": filtering,
        }
        headers = {"Authorization": f"Bearer {self._sealer.open(api.sealed_key)}"}
        try:
            status, reply = await self._posts.post_json(f"{api.endpoint.rstrip('/')}/retrieval", body, headers)
        except OutboundError as error:
            raise invalid_param(f"The external knowledge API does not answer: {error}") from error
        if status != 200:
            raise invalid_param(f"The external knowledge API answered {status}: {str(reply)[:500]}")
        if not isinstance(reply, Mapping):
            raise invalid_param(f"The external knowledge API answered no JSON object: {str(reply)[:500]}")
        items = reply.get("records")
        records = [
            _record(dataset, item)
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, Mapping) and isinstance(item.get("content"), str)
        ]
        return sorted(records, key=lambda record: -record.score)[:top_k]

    def _api(self, dataset: Dataset) -> Any:
        with self._uow() as uow:
            api_id = dataset.external_api_id
            found = DatasetStore(uow).external_api(dataset.tenant_id, api_id) if api_id else None
        if found is None:
            raise not_found("The external knowledge API of the dataset is not registered any more.")
        return found


def _record(dataset: Dataset, item: Mapping[str, Any]) -> Record:
    content = clean_text(item["content"])
    metadata = item.get("metadata")
    segment = FoundSegment(
        id="", document_id="", dataset_id=dataset.id, position=0, content=content, answer=None,
        word_count=len(content), tokens=0, keywords=None, index_node_id="", index_node_hash="", hit_count=0,
        status="completed", created_by="", created_at=datetime.now(UTC), indexing_at=None, completed_at=None,
        document_name=clean_text(str(item.get("title") or "")), data_source_type="external", doc_type=None,
        doc_metadata=dict(metadata) if isinstance(metadata, Mapping) else None, summary=None,
    )
    return Record(segment=segment, score=_score(item.get("score")))


def _score(value: object) -> float:
    """A score as a number; what is none counts nothing."""
    try:
        score = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
    return score if math.isfinite(score) else 0.0
