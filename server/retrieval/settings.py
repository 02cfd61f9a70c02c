"""An app's ``dataset_configs`` as the engine reads it (feature-semantics.md section 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.dataset.model import ModelRef
from server.kit.validate import id_or_none
from server.llm.names import full_name


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSearch:
    """Which datasets an app searches, and how their results become one list."""

    dataset_ids: tuple[str, ...]
    single: bool = False
    top_k: int = 4
    threshold: float = 0.0
    has_threshold: bool = False
    rerank: ModelRef | None = None
    weights: tuple[float, float] | None = None
    # disabled, automatic or manual.
    filtering_mode: str = "disabled"
    filtering: Mapping[str, Any] | None = None
    # The app's model, which picks datasets and derives filters; ``filter_model`` if another one derives them.
    model: ModelRef | None = None
    filter_model: ModelRef | None = None


def dataset_ids(document: Mapping[str, Any]) -> list[str]:
    """The datasets that an app configuration names and has switched on; old agent forms included."""
    named = _list(_map(_map(document.get("dataset_configs")).get("datasets")).get("datasets"))
    tools = _list(_map(document.get("agent_mode")).get("tools"))
    found = [_map(_map(item).get("dataset")) for item in (*named, *tools)]
    ids = [id_or_none(str(one.get("id") or "")) for one in found if one.get("enabled", True)]
    return list(dict.fromkeys(one for one in ids if one))


def app_search(document: Mapping[str, Any]) -> AppSearch | None:
    """How an app searches; None when it names no dataset. Never raises: what is malformed gets its default."""
    ids = dataset_ids(document)
    if not ids:
        return None
    config = _map(document.get("dataset_configs"))
    has_threshold = bool(config.get("score_threshold_enabled"))
    return AppSearch(
        dataset_ids=tuple(ids), single=config.get("retrieval_model") == "single",
        top_k=max(1, int(_number(config.get("top_k")) or 4)),
        threshold=_number(config.get("score_threshold")) if has_threshold else 0.0, has_threshold=has_threshold,
        rerank=_rerank(config), weights=_weights(config),
        filtering_mode=str(config.get("metadata_filtering_mode") or "disabled"),
        filtering=_map(config.get("metadata_filtering_conditions")) or None, model=_model(_map(document.get("model"))),
    )


def node_search(ids: Sequence[str], data: Mapping[str, Any]) -> AppSearch:
    """How a knowledge-retrieval node searches (workflow-engine.md 8.5). What is malformed gets its default."""
    config = _map(data.get("multiple_retrieval_config"))
    threshold = _number(config.get("score_threshold"))
    named = _map(config.get("reranking_model"))
    known = {
        "reranking_provider_name": named.get("provider") or named.get("reranking_provider_name"),
        "reranking_model_name": named.get("model") or named.get("reranking_model_name"),
    }
    config = {**config, "reranking_model": known}
    return AppSearch(
        dataset_ids=tuple(dict.fromkeys(one for given in ids if (one := id_or_none(str(given))))),
        single=data.get("retrieval_mode") == "single", top_k=max(1, int(_number(config.get("top_k")) or 4)),
        threshold=threshold, has_threshold=threshold > 0, rerank=_rerank(config), weights=_weights(config),
        filtering_mode=str(data.get("metadata_filtering_mode") or "disabled"),
        filtering=_map(data.get("metadata_filtering_conditions")) or None,
        model=_model(_map(_map(data.get("single_retrieval_config")).get("model"))),
        filter_model=_model(_map(data.get("metadata_model_config"))),
    )


def _reranks(config: Mapping[str, Any]) -> bool:
    """Whether results are ranked again; on unless switched off, under either spelling."""
    return all(config.get(name) in (None, True) for name in ("reranking_enabled", "reranking_enable"))


def _rerank(config: Mapping[str, Any]) -> ModelRef | None:
    named = _map(config.get("reranking_model"))
    provider, name = named.get("reranking_provider_name"), named.get("reranking_model_name")
    if not _reranks(config) or config.get("reranking_mode") == "weighted_score" or not (provider and name):
        return None
    return ModelRef(full_name(str(provider)), str(name))


def _weights(config: Mapping[str, Any]) -> tuple[float, float] | None:
    if not _reranks(config) or config.get("reranking_mode") != "weighted_score":
        return None
    weights = _map(config.get("weights"))
    vector = _map(weights.get("vector_setting")).get("vector_weight")
    keyword = _map(weights.get("keyword_setting")).get("keyword_weight")
    if vector is None and keyword is None:
        return None
    return _number(vector), _number(keyword)


def _model(config: Mapping[str, Any]) -> ModelRef | None:
    provider, name = config.get("provider"), config.get("name")
    return ModelRef(full_name(str(provider)), str(name)) if provider and name else None


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
