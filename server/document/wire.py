"""Documents as messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import NULL_VALUE, Struct, Value

from server.dataset import wire as dataset_wire
from server.dataset.model import TECHNIQUES
from server.dataset.wire import optional
from server.document.model import DocumentView, Progress, Settings, Source
from server.edge.reader import sent
from server.kit.errors import bad_request
from server.kit.validate import Checks
from server.metadata.model import built_in_values, entries
from transom.dataset.v1 import document_pb2 as pb
from transom.dataset.v1 import document_service_pb2 as rpc

# Requests


def settings(request: Any, checks_model: str = "DocumentTextCreatePayload") -> Settings:
    """What a request says beside name and text. Raises invalid_param."""
    checks = Checks(checks_model)
    has = request.DESCRIPTOR.fields_by_name
    technique = optional(request, "indexing_technique") if "indexing_technique" in has else None
    if technique is not None:
        checks.choice("indexing_technique", technique, TECHNIQUES)
    checks.done()
    return Settings(
        indexing_technique=technique,
        doc_form=dataset_wire.checked_doc_form(optional(request, "doc_form")),
        doc_language=optional(request, "doc_language"),
        process_rule=_process_rule(request),
        retrieval_model=dataset_wire.retrieval_model(request),
        embedding=dataset_wire.embedding_of(request) if "embedding_model" in has else None,
        original_document_id=(optional(request, "original_document_id") or None) if "embedding_model" in has else None,
    )


def _process_rule(request: Any) -> Mapping[str, Any] | None:
    """The rule as JSON; protobuf cannot tell an empty list from none, so an object always has its list."""
    if not request.HasField("process_rule"):
        return None
    rule = sent(request.process_rule)
    if "rules" in rule:
        rule["rules"].setdefault("pre_processing_rules", [])
        for one in rule["rules"]["pre_processing_rules"]:
            one.setdefault("id", "")
            one.setdefault("enabled", False)
    return rule


def form_data(text: str | None) -> rpc.CreateDocumentByTextRequest:
    """The form field ``data`` of an upload: JSON text. Raises bad_request."""
    request = rpc.CreateDocumentByTextRequest()
    if not text or not text.strip():
        return request
    try:
        # The parser takes an empty list and a text for no fields at all.
        if not text.lstrip().startswith("{"):
            raise json_format.ParseError("an object is expected")
        return json_format.Parse(text, request, ignore_unknown_fields=True)
    except (json_format.ParseError, RecursionError) as error:
        raise bad_request(f"data is not the JSON that is expected: {str(error)[:200]}") from error


# Answers


def document(view: DocumentView) -> pb.Document:
    """A document as in lists (dataset-api.md 3.1)."""
    row = view.document
    return pb.Document(
        id=row.id, position=row.position, data_source_type=row.data_source_type,
        data_source_info=_struct({"upload_file_id": row.upload_file_id}),
        data_source_detail_dict=_struct(_detail(view.source)), dataset_process_rule_id=row.process_rule_id,
        name=row.name, created_from=row.created_from, created_by=row.created_by, created_at=_seconds(row.created_at),
        tokens=row.tokens, indexing_status=row.indexing_status, error=row.error, enabled=row.enabled,
        disabled_at=_seconds(row.disabled_at), disabled_by=row.disabled_by, archived=row.archived,
        display_status=row.display_status, word_count=row.word_count, hit_count=view.hit_count, doc_form=row.doc_form,
        doc_metadata=_metadata(view, as_text=True), need_summary=row.need_summary,
        summary_index_status="SUMMARIZING" if view.summarizing else None,
    )


def envelope(view: DocumentView) -> pb.DocumentEnvelope:
    """A document that was just accepted."""
    return pb.DocumentEnvelope(document=document(view), batch=view.document.batch)


def detail(view: DocumentView, *, with_metadata: bool) -> pb.DocumentDetail:
    """A document alone (dataset-api.md 3.9)."""
    row = view.document
    words = row.word_count or 0
    shown = pb.DocumentDetail(
        id=row.id, position=row.position, data_source_type=row.data_source_type,
        data_source_info=_struct(_detail(view.source)), dataset_process_rule_id=row.process_rule_id,
        dataset_process_rule=_struct(view.dataset_rule or {}), document_process_rule=_struct(view.own_rule or {}),
        name=row.name, created_from=row.created_from, created_by=row.created_by, created_at=_seconds(row.created_at),
        tokens=row.tokens, indexing_status=row.indexing_status, completed_at=_seconds(row.completed_at),
        updated_at=_seconds(row.updated_at), indexing_latency=row.indexing_latency, error=row.error,
        enabled=row.enabled, disabled_at=_seconds(row.disabled_at), disabled_by=row.disabled_by, archived=row.archived,
        segment_count=view.segment_count,
        average_segment_length=words // view.segment_count if view.segment_count else 0, hit_count=view.hit_count,
        display_status=row.display_status, doc_form=row.doc_form, doc_language=row.doc_language,
        summary_index_status="SUMMARIZING" if view.summarizing else None, need_summary=row.need_summary,
    )
    if with_metadata:
        shown.doc_type.CopyFrom(_value(row.doc_type))
        values = _metadata(view, as_text=False)
        shown.doc_metadata.CopyFrom(pb.OptionalMetadata(list=values))
    return shown


def metadata_only(view: DocumentView) -> pb.DocumentMetadataOnly:
    """Id, type and metadata."""
    return pb.DocumentMetadataOnly(
        id=view.document.id, doc_type=view.document.doc_type, doc_metadata=_metadata(view, as_text=False)
    )


def progress(found: Iterable[Progress]) -> pb.IndexingStatus:
    """How far documents are."""
    return rpc.IndexingStatusList(data=[_progress(one) for one in found])


def _progress(one: Progress) -> pb.IndexingStatus:
    row = one.document
    paused = row.display_status == "paused" or (row.is_paused and row.indexing_status == "waiting")
    return pb.IndexingStatus(
        id=row.id, indexing_status="paused" if paused else row.indexing_status,
        processing_started_at=_seconds(row.processing_started_at),
        parsing_completed_at=_seconds(row.parsing_completed_at),
        cleaning_completed_at=_seconds(row.cleaning_completed_at),
        splitting_completed_at=_seconds(row.splitting_completed_at), completed_at=_seconds(row.completed_at),
        paused_at=_seconds(row.paused_at), error=row.error, stopped_at=_seconds(row.stopped_at),
        completed_segments=one.completed, total_segments=one.total,
    )


def upload_file(source: Source, url: str) -> rpc.DocumentUploadFile:
    """The original file of a document."""
    return rpc.DocumentUploadFile(
        id=source.id, name=source.name, size=source.size, extension=source.extension, url=url,
        download_url=f"{url}&as_attachment=true", mime_type=source.mime_type, created_by=source.created_by,
        created_at=source.created_at.timestamp(),
    )


def _detail(source: Source | None) -> dict[str, Any]:
    if source is None:
        return {}
    return {
        "upload_file": {
            "id": source.id, "name": source.name, "size": source.size, "extension": source.extension,
            "mime_type": source.mime_type, "created_by": source.created_by,
            "created_at": source.created_at.timestamp(),
        }
    }


def _metadata(view: DocumentView, *, as_text: bool) -> pb.DocumentMetadataValues | None:
    row = view.document
    built_in = built_in_values(
        name=row.name, uploader=view.uploader, created_at=row.created_at, updated_at=row.updated_at,
        source_type=row.data_source_type,
    )
    shown = entries(row.doc_metadata, view.bound, built_in, as_text=as_text)
    if shown is None:
        return None
    return pb.DocumentMetadataValues(
        values=[
            pb.DocumentMetadataValue(id=one.id, name=one.name, type=one.type, value=_value(one.value)) for one in shown
        ]
    )


def _value(plain: Any) -> Value:
    if plain is None:
        return Value(null_value=NULL_VALUE)
    return json_format.ParseDict(plain, Value())


def _struct(plain: Mapping[str, Any]) -> Struct:
    struct = Struct()
    struct.update(plain)
    return struct


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
