"""Datasets for nodes. Port: ``server.engine.ports.Knowledge``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from server.engine.node import RunInfo, Spent
from server.engine.ports import Search
from server.llm.meter import Heard
from server.retrieval.apps import AppRetrieval, Found
from server.retrieval.found import Asked
from server.retrieval.settings import node_search

_FROM = "workflow"


class FlowKnowledge:
    """Searches as apps do."""

    def __init__(self, apps: AppRetrieval) -> None:
        self._apps = apps

    async def search(self, run: RunInfo, search: Search) -> Sequence[Mapping[str, Any]]:
        """What is found, best first. Raises AppError."""
        asked = Asked(run.tenant_id, run.app_id, run.user_id or None, _FROM, run.user_role)
        pay = search.pay

        def heard(one: Heard) -> None:
            if pay is not None:
                pay(Spent(one.usage, one.shown))

        found = await self._apps.find(asked, node_search(search.dataset_ids, search.settings), search.query, heard)
        ranked = sorted(found, key=lambda one: -one.record.score)
        return [_item(position, one) for position, one in enumerate(ranked, 1)]


def _item(position: int, found: Found) -> dict[str, Any]:
    """One result in the shape of workflow-engine.md 8.5. Of external knowledge nothing has an id of ours."""
    segment = found.record.segment
    ours = not segment.is_external
    metadata: dict[str, Any] = {
        "_source": "knowledge", "dataset_id": found.dataset.id, "dataset_name": found.dataset.name,
        "document_id": segment.document_id or None, "document_name": segment.document_name,
        "data_source_type": segment.data_source_type, "segment_id": segment.id or None, "retriever_from": _FROM,
        "score": found.record.score,
        "child_chunks": [
            {"id": child.id, "content": child.content, "position": child.position, "score": child.score}
            for child in found.record.children
        ],
        "segment_hit_count": segment.hit_count if ours else None,
        "segment_word_count": segment.word_count if ours else None,
        "segment_position": segment.position if ours else None,
        "segment_index_node_hash": segment.index_node_hash if ours else None,
        "doc_metadata": json.loads(json.dumps(segment.doc_metadata, default=str)), "position": position,
    }
    item = {"metadata": metadata, "title": segment.document_name, "files": None, "content": found.cited}
    return {**item, "summary": segment.summary} if segment.summary else item
