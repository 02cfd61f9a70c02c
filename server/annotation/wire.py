"""Annotations as messages."""

from __future__ import annotations

from typing import Any

from server.annotation.model import Job, Page, Setting
from transom.annotation.v1 import annotation_console_service_pb2 as console_pb
from transom.annotation.v1 import annotation_pb2 as pb


def annotation(row: Any) -> pb.Annotation:
    """One."""
    return pb.Annotation(
        id=row.id, question=row.question, answer=row.answer, hit_count=row.hit_count,
        created_at=int(row.created_at.timestamp()),
    )


def page(found: Page) -> pb.AnnotationPage:
    """A page of them."""
    return pb.AnnotationPage(data=[annotation(row) for row in found.rows], **_paging(found))


def hits(found: Page) -> console_pb.ListAnnotationHitsResponse:
    """A page of what one answered."""
    listed = [
        console_pb.ListAnnotationHitsResponse.Hit(
            id=row.id, source=row.source, score=row.score, question=row.query,
            created_at=int(row.created_at.timestamp()), match=row.question, response=row.answer,
        )
        for row in found.rows
    ]
    return console_pb.ListAnnotationHitsResponse(data=listed, **_paging(found))


def _paging(found: Page) -> dict[str, Any]:
    return {
        "has_more": len(found.rows) == found.wanted.limit, "limit": found.wanted.limit, "total": found.total,
        "page": found.wanted.page,
    }  # fmt: skip


def job(ordered: Job) -> pb.AnnotationReplyJob:
    """A job that was ordered."""
    return pb.AnnotationReplyJob(job_id=ordered.id, job_status=ordered.status)


def status(found: Job) -> pb.AnnotationReplyJobStatus:
    """How far a job is."""
    return pb.AnnotationReplyJobStatus(job_id=found.id, job_status=found.status, error_msg=found.error)


def setting(found: Setting | None) -> pb.AnnotationSetting:
    """How annotations answer."""
    return pb.AnnotationSetting(**found.shown()) if found else pb.AnnotationSetting(enabled=False)
