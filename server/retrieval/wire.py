"""Search results as messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from google.protobuf.struct_pb2 import NULL_VALUE, Struct, Value

from server.kit.errors import invalid_param
from server.kit.plain import clean_text
from server.retrieval.model import QUERY_LIMIT, FoundSegment, Record, Trace
from server.segment.model import ATTACHMENT_LIMIT
from server.segment.wire import seconds
from transom.dataset.v1 import retrieval_service_pb2 as pb
from transom.dataset.v1 import segment_pb2


def query(request: pb.RetrieveSegmentsRequest) -> str:
    """The query of a request. Raises invalid_param.

    Images are refused rather than left out: no embedding model here sees them.
    """
    if len(request.attachment_ids) > ATTACHMENT_LIMIT:
        raise invalid_param(f"Exceeded maximum attachment limit of {ATTACHMENT_LIMIT}")
    if request.attachment_ids:
        raise invalid_param("The embedding model of the dataset does not see images; search by text.")
    if not request.HasField("query"):
        raise invalid_param("query is required")
    text = clean_text(request.query)
    if len(text) > QUERY_LIMIT:
        raise invalid_param(f"Query cannot exceed {QUERY_LIMIT} characters")
    if not text.strip():
        raise invalid_param("Query or attachment_ids is required")
    return text


def response(
    text: str, records: Sequence[Record], trace: Trace | None, renewed: Callable[[str], str]
) -> pb.RetrieveSegmentsResponse:
    """The reply of a search."""
    shown = pb.RetrieveSegmentsResponse(
        query=pb.RetrieveSegmentsResponse.Query(content=text), records=[_record(one, renewed) for one in records]
    )
    if trace is not None:
        shown.explanation.CopyFrom(_explanation(trace))
    return shown


def _record(record: Record, renewed: Callable[[str], str]) -> pb.RetrievalRecord:
    return pb.RetrievalRecord(
        segment=_segment(record.segment, renewed), score=record.score, tsne_position=Value(null_value=NULL_VALUE),
        child_chunks=[
            pb.RetrievedChild(id=one.id, content=one.content, position=one.position, score=one.score)
            for one in record.children
        ],
        summary=record.segment.summary,
    )


def _segment(row: FoundSegment, renewed: Callable[[str], str]) -> pb.RetrievedSegment:
    metadata = None
    if row.doc_metadata:
        metadata = Struct()
        metadata.update(dict(row.doc_metadata))
    if row.is_external:
        document = pb.RetrievedDocument(
            data_source_type=row.data_source_type, name=row.document_name, doc_metadata=metadata
        )
        return pb.RetrievedSegment(content=row.content, sign_content=row.content, enabled=True, document=document)
    return pb.RetrievedSegment(
        id=row.id, position=row.position, document_id=row.document_id, content=row.content,
        sign_content=renewed(row.content), answer=row.answer, word_count=row.word_count, tokens=row.tokens,
        keywords=None if row.keywords is None else segment_pb2.KeywordList(words=row.keywords),
        index_node_id=row.index_node_id, index_node_hash=row.index_node_hash, hit_count=row.hit_count, enabled=True,
        status=row.status, created_by=row.created_by, created_at=seconds(row.created_at),
        indexing_at=seconds(row.indexing_at), completed_at=seconds(row.completed_at),
        document=pb.RetrievedDocument(
            id=row.document_id, data_source_type=row.data_source_type, name=row.document_name, doc_type=row.doc_type,
            doc_metadata=metadata,
        ),
    )


def _explanation(trace: Trace) -> pb.Explanation:
    return pb.Explanation(
        search_method=trace.method,
        stages=[
            pb.Explanation.Stage(name=name, milliseconds=round(spent, 3), count=count)
            for name, spent, count in trace.stages
        ],
        candidates=[
            pb.Explanation.Candidate(
                segment_id=one.segment_id, vector_score=one.vector_score, text_score=one.text_score,
                score_before=one.score, score_after=one.final, returned=one.segment_id in trace.returned,
            )
            for one in trace.candidates
        ],
    )
