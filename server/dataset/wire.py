"""Datasets as messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from google.protobuf import json_format

from server.dataset.model import (
    DOC_FORMS,
    HIGH_QUALITY,
    PERMISSIONS,
    PROVIDERS,
    SHOWN_TOP_K,
    TECHNIQUES,
    Dataset,
    DatasetChange,
    DatasetFilter,
    DatasetView,
    Facts,
    ModelRef,
    NewDataset,
    checked_description,
    checked_name,
    checked_retrieval_model,
    default_retrieval_model,
    model_ref,
)
from server.edge.reader import sent
from server.kit.errors import invalid_param
from server.kit.validate import Checks, id_or_none
from server.metadata.model import BUILT_IN_FIELDS
from transom.dataset.v1 import dataset_pb2 as pb
from transom.dataset.v1 import dataset_service_pb2 as rpc

MOST_PAGES = 2**31 - 1
PAGE_LIMIT = 100
# A model that can be called: is it active?
IsActive = Callable[[ModelRef], bool]


def page_of(page: int | None, limit: int | None) -> tuple[int, int]:
    """Page and limit of a list: below 1 is 1, above 100 is 100 (dataset-api.md 1.4)."""
    return max(1, 1 if page is None else page), min(PAGE_LIMIT, max(1, 20 if limit is None else limit))


def optional(request: Any, name: str) -> Any:
    """A field with presence; None when it was not sent."""
    return getattr(request, name) if request.HasField(name) else None


# Requests


def new_dataset(request: rpc.CreateDatasetRequest) -> NewDataset:
    """A checked request; the embedding model is still as it was sent. Raises invalid_param."""
    checks = Checks("DatasetCreatePayload")
    name = checked_name(checks, request.name)
    description = checked_description(checks, request.description)
    technique = _choice(checks, "indexing_technique", optional(request, "indexing_technique"), TECHNIQUES)
    permission = _choice(checks, "permission", optional(request, "permission"), PERMISSIONS) or "only_me"
    provider = _choice(checks, "provider", optional(request, "provider"), PROVIDERS) or "vendor"
    retrieval = _retrieval(checks, request)
    checks.done()
    external = provider == "external"
    return NewDataset(
        name=name, description=description, provider=provider, permission=permission, indexing_technique=technique,
        embedding=embedding_of(request), retrieval_model=retrieval, summary_index_setting=_summary(request),
        external_api_id=(request.external_knowledge_api_id or None) if external else None,
        external_knowledge_id=(request.external_knowledge_id or None) if external else None,
    )


def change(request: rpc.UpdateDatasetRequest) -> DatasetChange:
    """A checked request. Raises invalid_param."""
    checks = Checks("DatasetUpdatePayload")
    values: dict[str, Any] = {}
    if request.HasField("name"):
        values["name"] = checked_name(checks, request.name)
    if request.HasField("description"):
        values["description"] = _description(checks, request.description)
    permission = _choice(checks, "permission", optional(request, "permission"), PERMISSIONS)
    if permission:
        values["permission"] = permission
    technique = _choice(checks, "indexing_technique", optional(request, "indexing_technique"), TECHNIQUES)
    retrieval = _retrieval(checks, request)
    if retrieval is not None:
        values["retrieval_model"] = retrieval
    checks.done()
    for field, column in _STORED_AS_SENT.items():
        if request.HasField(field):
            values[column] = sent(getattr(request, field))
    if request.external_knowledge_api_id or request.external_knowledge_id:
        values["external_api_id"] = id_or_none(request.external_knowledge_api_id)
        values["external_knowledge_id"] = request.external_knowledge_id or None
    members = tuple(known for member in request.partial_member_list if (known := id_or_none(member.user_id)))
    return DatasetChange(
        values=values, members=members or None, indexing_technique=technique, embedding=embedding_of(request)
    )


_STORED_AS_SENT = {
    "external_retrieval_model": "retrieval_model", "summary_index_setting": "summary_index_setting",
    "icon_info": "icon_info",
}


def _description(checks: Checks, sent_value: Any) -> str | None:
    """Text, or None for null, which clears it."""
    kind = sent_value.WhichOneof("kind")
    if kind == "null_value":
        return None
    if kind != "string_value":
        checks.add("description", "Input should be a valid string", "string_type", str(sent_value).strip())
    return checked_description(checks, sent_value.string_value)


def wanted(request: rpc.ListDatasetsRequest) -> DatasetFilter:
    """Which page of which datasets."""
    page, limit = page_of(optional(request, "page"), optional(request, "limit"))
    return DatasetFilter(
        page=page, limit=limit, keyword=request.keyword, include_all=request.include_all,
        tag_ids=_named(request.tag_ids), ids=_named(request.ids),
    )


def _named(ids: Sequence[str]) -> tuple[str, ...] | None:
    """Those of the texts that are ids; None when no text was sent."""
    return tuple(known for one in ids if (known := id_or_none(one))) if any(ids) else None


def embedding_of(request: Any) -> ModelRef | None:
    """The embedding model of a request, when it names both halves."""
    if request.embedding_model and request.embedding_model_provider:
        return model_ref(request.embedding_model_provider, request.embedding_model)
    return None


def checked_doc_form(form: str | None) -> str | None:
    """One of the three forms. Raises invalid_param."""
    if form is not None and form not in DOC_FORMS:
        raise invalid_param("Invalid doc_form.")
    return form


def retrieval_model(request: Any) -> dict[str, Any] | None:
    """The retrieval model of a request; None when it has none. Raises invalid_param."""
    checks = Checks("RetrievalModel")
    model = _retrieval(checks, request)
    checks.done()
    return model


def _retrieval(checks: Checks, request: Any) -> dict[str, Any] | None:
    if not request.HasField("retrieval_model"):
        return None
    return checked_retrieval_model(checks, sent(request.retrieval_model))


def _summary(request: Any) -> dict[str, Any] | None:
    return sent(request.summary_index_setting) if request.HasField("summary_index_setting") else None


def _choice(checks: Checks, field: str, value: str | None, allowed: Sequence[str]) -> str | None:
    return None if value is None else checks.choice(field, value, allowed)


def with_embedding(checked: NewDataset | DatasetChange, embedding: ModelRef | None) -> Any:
    """The same request with the embedding model that was found for it."""
    return replace(checked, embedding=embedding)


# Answers


def dataset(view: DatasetView, is_active: IsActive, *, detail: bool = False, members: bool = False) -> pb.Dataset:
    """A dataset object (dataset-api.md 2.1). ``detail``: get shows the method that is really used."""
    row, facts = view.dataset, view.facts
    shown = pb.Dataset(
        id=row.id, name=row.name, description=row.description, provider=row.provider, permission=row.permission,
        data_source_type=row.data_source_type, indexing_technique=row.indexing_technique,
        app_count=facts.app_count, document_count=facts.document_count, word_count=facts.word_count,
        created_by=row.created_by, author_name=facts.author_name, created_at=int(row.created_at.timestamp()),
        updated_by=row.updated_by, updated_at=int(row.updated_at.timestamp()),
        embedding_model=row.embedding_model, embedding_model_provider=row.embedding_provider,
        embedding_available=row.embedding is None or is_active(row.embedding),
        retrieval_model_dict=_shown_retrieval(row, detail=detail),
        summary_index_setting=_parsed(row.summary_index_setting, pb.SummaryIndexSetting),
        tags=[pb.TagReference(id=tag.id, name=tag.name, type="knowledge") for tag in facts.tags],
        doc_form=row.doc_form, doc_metadata=_fields(row, facts), built_in_field_enabled=row.built_in_field_enabled,
        runtime_mode="general", icon_info=_parsed(row.icon_info, pb.IconInfo),
        total_documents=facts.document_count, total_available_documents=facts.available_count,
        enable_api=row.enable_api,
    )
    if row.is_external:
        _add_external(shown, row, facts)
    if members:
        shown.partial_member_list.ids.extend(facts.members)
        shown.partial_member_list.SetInParent()
    return shown


def _add_external(shown: pb.Dataset, row: Dataset, facts: Facts) -> None:
    shown.external_knowledge_info.CopyFrom(
        pb.ExternalKnowledgeInfo(
            external_knowledge_id=row.external_knowledge_id, external_knowledge_api_id=row.external_api_id,
            external_knowledge_api_name=facts.external_api_name,
            external_knowledge_api_endpoint=facts.external_api_endpoint,
        )
    )
    stored = row.retrieval_model or {}
    shown.external_retrieval_model.CopyFrom(
        pb.ExternalRetrievalModel(
            top_k=stored.get("top_k", SHOWN_TOP_K), score_threshold=stored.get("score_threshold", 0.0),
            score_threshold_enabled=stored.get("score_threshold_enabled"),
        )
    )


def _shown_retrieval(row: Dataset, *, detail: bool) -> pb.RetrievalModel:
    stored: Mapping[str, Any] = row.retrieval_model or {}
    if "search_method" not in stored:
        stored = {**default_retrieval_model(SHOWN_TOP_K), **stored}
    model = _parsed(stored, pb.RetrievalModel)
    if detail and row.indexing_technique != HIGH_QUALITY:
        model.search_method = "keyword_search"
    return model


def _parsed(document: Mapping[str, Any] | None, kind: type[Any]) -> Any:
    if document is None:
        return None
    return json_format.ParseDict(dict(document), kind(), ignore_unknown_fields=True)


def _fields(row: Dataset, facts: Facts) -> list[pb.MetadataField]:
    own = [pb.MetadataField(id=item.id, name=item.name, type=item.type) for item in facts.fields]
    if row.built_in_field_enabled:
        own += [pb.MetadataField(id="built-in", name=name, type=kind) for name, kind in BUILT_IN_FIELDS.items()]
    return own
