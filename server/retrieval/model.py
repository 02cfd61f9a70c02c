"""What a search asks and finds (rag-engine.md section 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from server.dataset.model import ENGINE_TOP_K, TOP_K_LIMIT, ModelRef, model_ref
from server.kit.errors import invalid_param

QUERY_LIMIT = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How one dataset is searched. ``threshold`` 0 keeps everything."""

    method: str
    top_k: int
    threshold: float = 0.0
    has_threshold: bool = False
    rerank: ModelRef | None = None
    # (share of the vector score, share of the keyword score); only for hybrid searches.
    weights: tuple[float, float] | None = None
    filtering: Mapping[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Candidate:
    """One text found; scores are filled as they become known."""

    node_id: str
    segment_id: str
    document_id: str
    vector_score: float | None = None
    text_score: float | None = None
    score: float = 0.0
    final: float | None = None

    @property
    def shown_score(self) -> float:
        """After reranking or weighting, else before."""
        return self.score if self.final is None else self.final


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSegment:
    """A segment that may be returned, with its document."""

    id: str
    document_id: str
    dataset_id: str
    position: int
    content: str
    answer: str | None
    word_count: int
    tokens: int
    keywords: Sequence[str] | None
    index_node_id: str
    index_node_hash: str
    hit_count: int
    status: str
    created_by: str
    created_at: datetime
    indexing_at: datetime | None
    completed_at: datetime | None
    document_name: str
    data_source_type: str
    doc_type: str | None
    doc_metadata: Mapping[str, Any] | None
    summary: str | None

    @property
    def is_external(self) -> bool:
        """Found elsewhere: it has a text, a title and metadata, and nothing that is ours."""
        return not self.id


@dataclass(frozen=True, slots=True)
class FoundChild:
    """A child chunk that matched."""

    id: str
    content: str
    position: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One result."""

    segment: FoundSegment
    score: float
    children: tuple[FoundChild, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """One search: a row of history in each dataset, a hit for each segment that was found."""

    tenant_id: str
    dataset_ids: Sequence[str]
    query: str
    source: str
    role: str
    created_by: str | None
    app_id: str | None = None
    hits: Sequence[str] = ()
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True)
class Trace:
    """What a search did, for ``explain``."""

    method: str = ""
    # A metadata filter left no document, so nothing was searched.
    filtered_out: bool = False
    # (name, milliseconds, count) in order.
    stages: list[tuple[str, float, int]] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    returned: set[str] = field(default_factory=set)


def search_of(model: Mapping[str, Any], technique: str | None) -> Search:
    """A stored or sent retrieval model as a search. Raises invalid_param.

    ``technique`` is that of the index that answers: an economy index always matches keywords.
    """
    enabled = bool(model.get("score_threshold_enabled"))
    threshold = float(model.get("score_threshold") or 0.0) if enabled else 0.0
    method = "keyword_search" if technique != "high_quality" else str(model.get("search_method") or "semantic_search")
    return Search(
        method=method, top_k=top_k_of(model), threshold=threshold, has_threshold=enabled, rerank=_rerank(model),
        weights=_weights(model, method), filtering=model.get("metadata_filtering_conditions"),
    )


def top_k_of(model: Mapping[str, Any]) -> int:
    """How many are wanted. Raises invalid_param."""
    top_k = int(model.get("top_k") or ENGINE_TOP_K)
    if not 1 <= top_k <= TOP_K_LIMIT:
        raise invalid_param(f"top_k must be between 1 and {TOP_K_LIMIT}")
    return top_k


def _rerank(model: Mapping[str, Any]) -> ModelRef | None:
    if not model.get("reranking_enable") or model.get("reranking_mode") == "weighted_score":
        return None
    named = model.get("reranking_model") or {}
    provider, name = named.get("reranking_provider_name"), named.get("reranking_model_name")
    return model_ref(provider, name) if provider and name else None


def _weights(model: Mapping[str, Any], method: str) -> tuple[float, float] | None:
    weights = model.get("weights")
    if method != "hybrid_search" or model.get("reranking_mode") != "weighted_score" or not weights:
        return None
    vector = (weights.get("vector_setting") or {}).get("vector_weight")
    keyword = (weights.get("keyword_setting") or {}).get("keyword_weight")
    return (float(vector or 0.0), float(keyword or 0.0))
