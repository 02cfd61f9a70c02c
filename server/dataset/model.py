"""What a dataset is, and the rules of its fields (dataset-api.md section 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from server.kit.errors import invalid_param
from server.kit.plain import clean_text
from server.kit.validate import Checks
from server.llm.names import full_name

NAME_LIMIT = 40
DESCRIPTION_LIMIT = 400
HIGH_QUALITY, ECONOMY = "high_quality", "economy"
TECHNIQUES = (HIGH_QUALITY, ECONOMY)
PERMISSIONS = ("only_me", "all_team_members", "partial_members")
PROVIDERS = ("vendor", "external")
DOC_FORMS = ("text_model", "hierarchical_model", "qa_model")
SEARCH_METHODS = ("keyword_search", "semantic_search", "full_text_search", "hybrid_search")
TOP_K_LIMIT = 100
# What is shown of a dataset that keeps no retrieval model, and what searches it (dataset-api.md 2.2).
SHOWN_TOP_K, ENGINE_TOP_K = 2, 4
_BARE_NAME = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+){0,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a dataset."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """A custom metadata field: ``type`` is string, number or time."""

    id: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model by the full id of its provider."""

    provider: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A row of ``datasets``. ``live_*`` describe the index that answers searches (server/db/tables.py)."""

    id: str
    tenant_id: str
    name: str
    description: str | None
    provider: str
    permission: str
    data_source_type: str | None
    indexing_technique: str | None
    embedding_provider: str | None
    embedding_model: str | None
    generation: int
    dimension: int | None
    live_technique: str | None
    live_provider: str | None
    live_model: str | None
    live_generation: int
    live_dimension: int | None
    vector_store: str | None
    moving_to: str | None
    doc_form: str | None
    keyword_number: int
    retrieval_model: Mapping[str, Any] | None
    summary_index_setting: Mapping[str, Any] | None
    icon_info: Mapping[str, Any] | None
    built_in_field_enabled: bool
    enable_api: bool
    external_api_id: str | None
    external_knowledge_id: str | None
    created_by: str
    updated_by: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def is_external(self) -> bool:
        """Its text lives elsewhere; it has no documents here."""
        return self.provider == "external"

    @property
    def embedding(self) -> ModelRef | None:
        """The model that new vectors are made with; None for economy."""
        if self.embedding_provider and self.embedding_model:
            return ModelRef(self.embedding_provider, self.embedding_model)
        return None

    @property
    def live_embedding(self) -> ModelRef | None:
        """The model behind the vectors that answer."""
        if self.live_provider and self.live_model:
            return ModelRef(self.live_provider, self.live_model)
        return None

    @property
    def places(self) -> list[tuple[str, int, int]]:
        """(store, dimension, generation) of all vectors that it may have, those of an index being built too."""
        built = [(self.live_dimension, self.live_generation)]
        if self.generation != self.live_generation:
            built.append((self.dimension, self.generation))
        return [
            (store, dimension, generation)
            for store in (self.vector_store, self.moving_to) if store is not None
            for dimension, generation in built if dimension is not None
        ]

    @property
    def search_model(self) -> Mapping[str, Any]:
        """How it is searched when a call does not say."""
        return self.retrieval_model or default_retrieval_model(ENGINE_TOP_K)


COLUMNS = tuple(item.name for item in fields(Dataset))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is counted or looked up around a dataset."""

    author_name: str | None = None
    app_count: int = 0
    document_count: int = 0
    available_count: int = 0
    word_count: int = 0
    tags: tuple[Tag, ...] = ()
    fields: tuple[Field, ...] = ()
    members: tuple[str, ...] = ()
    external_api_name: str | None = None
    external_api_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetView:
    """A dataset with the facts around it."""

    dataset: Dataset
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDataset:
    """A checked request to make one. ``embedding`` is resolved by the caller for high_quality."""

    name: str
    description: str = ""
    provider: str = "vendor"
    permission: str = "only_me"
    indexing_technique: str | None = None
    embedding: ModelRef | None = None
    retrieval_model: Mapping[str, Any] | None = None
    summary_index_setting: Mapping[str, Any] | None = None
    external_api_id: str | None = None
    external_knowledge_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetChange:
    """A checked request to change one: ``values`` are columns; members only with partial_members."""

    values: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[str, ...] | None = None
    indexing_technique: str | None = None
    embedding: ModelRef | None = None
    external_sent: bool = False


@dataclass(frozen=True, slots=True)
class DatasetFilter:
    """Which datasets a list shows, and which page of them."""

    page: int
    limit: int
    keyword: str = ""
    tag_ids: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    include_all: bool = False


def default_retrieval_model(top_k: int) -> dict[str, Any]:
    """Semantic search, nothing reranked, no threshold."""
    return {
        "search_method": "semantic_search",
        "reranking_enable": False,
        "reranking_model": {"reranking_provider_name": "", "reranking_model_name": ""},
        "top_k": top_k,
        "score_threshold_enabled": False,
    }


def checked_name(checks: Checks, name: str) -> str:
    """1-40 characters."""
    cleaned = clean_text(name)
    if not cleaned:
        checks.add("name", "String should have at least 1 character", "string_too_short", name)
    elif len(cleaned) > NAME_LIMIT:
        checks.add("name", f"String should have at most {NAME_LIMIT} characters", "string_too_long", name)
    return cleaned


def checked_description(checks: Checks, description: str) -> str:
    """At most 400 characters."""
    cleaned = clean_text(description)
    if len(cleaned) > DESCRIPTION_LIMIT:
        limit = f"String should have at most {DESCRIPTION_LIMIT} characters"
        checks.add("description", limit, "string_too_long", description)
    return cleaned


def checked_retrieval_model(checks: Checks, sent: Mapping[str, Any], prefix: str = "retrieval_model") -> dict[str, Any]:
    """A retrieval model as it is stored; ``sent`` holds only the keys of the request (dataset-api.md 2.2)."""
    for key in ("search_method", "reranking_enable", "top_k", "score_threshold_enabled"):
        checks.present(f"{prefix}.{key}", key in sent)
    if "search_method" in sent:
        checks.choice(f"{prefix}.search_method", str(sent["search_method"]), SEARCH_METHODS)
    checks.number(f"{prefix}.top_k", sent.get("top_k"), ENGINE_TOP_K, 1, TOP_K_LIMIT)
    _check_weights(checks, sent.get("weights"), f"{prefix}.weights")
    return dict(sent)


def _check_weights(checks: Checks, weights: Mapping[str, Any] | None, prefix: str) -> None:
    if not weights:
        return
    for part, key in (("vector_setting", "vector_weight"), ("keyword_setting", "keyword_weight")):
        setting = weights.get(part)
        if setting is not None:
            checks.present(f"{prefix}.{part}.{key}", key in setting)


def model_ref(provider: str, model: str) -> ModelRef:
    """A model by any accepted spelling of its provider (dataset-api.md 1.5). Raises invalid_param."""
    if not _BARE_NAME.fullmatch(provider):
        raise invalid_param(f"Invalid plugin id {provider}")
    return ModelRef(full_name(provider), model)
