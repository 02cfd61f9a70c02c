"""Console requests as those of the Dataset API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import NULL_VALUE, Value

from server.document import wire as document_wire
from server.ingest.chunks import Chunk
from server.kit.errors import invalid_param
from transom.console.v1 import dataset_console_service_pb2 as pb
from transom.dataset.v1 import document_service_pb2, segment_service_pb2


@dataclass(frozen=True, slots=True)
class Estimate:
    """A checked request for a preview."""

    file_ids: tuple[str, ...]
    process_rule: Mapping[str, Any] | None
    doc_form: str
    doc_language: str


@dataclass(frozen=True, slots=True)
class Estimated:
    """How many segments files would give, the first of them, and of Q&A the pairs of the very first."""

    total: int
    preview: Sequence[Chunk]
    pairs: Sequence[tuple[str, str]] | None = None


def file_ids(info_list: pb.DataSource.InfoList) -> tuple[str, ...]:
    """The uploads of a data source. Raises invalid_param."""
    if info_list.data_source_type not in {"", "upload_file"}:
        raise invalid_param("data_source_type must be upload_file")
    found = tuple(info_list.file_info_list.file_ids)
    if not found:
        raise invalid_param("file_ids is required")
    return found


def text_request(config: pb.KnowledgeConfig) -> document_service_pb2.CreateDocumentByTextRequest:
    """What a configuration says beside its files."""
    request = document_service_pb2.CreateDocumentByTextRequest(dataset_id=config.dataset_id)
    for name in (
        "indexing_technique", "doc_form", "doc_language", "embedding_model", "embedding_model_provider",
        "original_document_id",
    ):
        if config.HasField(name):
            setattr(request, name, getattr(config, name))
    for name in ("process_rule", "retrieval_model"):
        if config.HasField(name):
            getattr(request, name).CopyFrom(getattr(config, name))
    return request


def estimate(request: pb.EstimateIndexingRequest) -> Estimate:
    """A checked request for a preview. Raises invalid_param."""
    sent = document_service_pb2.CreateDocumentByTextRequest()
    if request.HasField("process_rule"):
        sent.process_rule.CopyFrom(request.process_rule)
    if request.HasField("doc_form"):
        sent.doc_form = request.doc_form
    settings = document_wire.settings(sent)
    return Estimate(
        file_ids(request.info_list), settings.process_rule, settings.doc_form or "text_model",
        request.doc_language or "English",
    )


def estimated(found: Estimated) -> pb.IndexingEstimate:
    """A preview."""
    shown = pb.IndexingEstimate(
        total_segments=found.total,
        preview=[
            pb.IndexingEstimate.PreviewSegment(content=one.content, child_chunks=one.children)
            for one in found.preview
        ],
    )
    if found.pairs is not None:
        shown.qa_preview.extend([{"question": question, "answer": answer} for question, answer in found.pairs])
        shown.qa_preview.SetInParent()
    return shown


def new_segment(request: pb.CreateSegmentRequest) -> segment_service_pb2.CreateSegmentsRequest:
    """One new segment."""
    made = segment_service_pb2.CreateSegmentsRequest(
        dataset_id=request.dataset_id, document_id=request.document_id
    )
    one = made.segments.add(
        content=request.content, keywords=request.keywords, attachment_ids=request.attachment_ids
    )
    if request.HasField("answer"):
        one.answer = request.answer
    return made


def changed_segment(request: pb.UpdateSegmentRequest) -> segment_service_pb2.UpdateSegmentRequest:
    """Changes of a segment."""
    made = segment_service_pb2.UpdateSegmentRequest(
        dataset_id=request.dataset_id, document_id=request.document_id, segment_id=request.segment_id
    )
    made.segment.SetInParent()
    made.segment.keywords.extend(request.keywords)
    for name in ("content", "answer", "regenerate_child_chunks", "summary"):
        if request.HasField(name):
            setattr(made.segment, name, getattr(request, name))
    if request.HasField("attachment_ids"):
        made.segment.attachment_ids.CopyFrom(request.attachment_ids)
    return made


def searched(row: Any) -> pb.DatasetQueries.DatasetQuery:
    """A search that was made."""
    return pb.DatasetQueries.DatasetQuery(
        id=row.id, source=row.source, source_app_id=row.app_id, created_by_role=row.created_by_role,
        created_by=row.created_by, created_at=int(row.created_at.timestamp()),
        queries=[
            pb.DatasetQueries.QueryContent(
                content_type=part["content_type"], content=part["content"], file_info=Value(null_value=NULL_VALUE)
            )
            for part in row.content
        ],
    )
