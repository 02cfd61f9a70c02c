"""Builds annotations: the API over them, what finds the one that answers, and the worker's part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from server.annotation.file_servicer import AnnotationFileServicer
from server.annotation.files import AnnotationFiles
from server.annotation.jobs import AnnotationJobs, Models
from server.annotation.service import EMBED_JOB, SWITCH_JOB, AnnotationService
from server.annotation.servicer import AnnotationConsoleServicer, AnnotationServicer
from server.db.engine import UowFactory
from transom.annotation.v1 import annotation_console_service_pb2 as console_pb2
from transom.annotation.v1 import annotation_console_service_pb2_grpc as console_grpc
from transom.annotation.v1 import annotation_file_http_service_pb2 as file_pb2
from transom.annotation.v1 import annotation_file_http_service_pb2_grpc as file_grpc
from transom.annotation.v1 import annotation_service_pb2 as annotation_pb2
from transom.annotation.v1 import annotation_service_pb2_grpc as annotation_grpc

if TYPE_CHECKING:
    from server.bootstrap import Core, Registry


def add_annotations(registry: Registry, core: Core) -> None:
    """The Service API and the console over annotations."""
    service = AnnotationService(core.uow)
    registry.add(
        AnnotationServicer(core.db, service, core.bus), annotation_pb2, annotation_grpc, "AnnotationService"
    )
    registry.add(
        AnnotationConsoleServicer(core.db, service, core.bus), console_pb2, console_grpc, "AnnotationConsoleService"
    )
    files = AnnotationFileServicer(core.db, AnnotationFiles(core.db, core.uow), core.bus)
    registry.add(files, file_pb2, file_grpc, "AnnotationFileService")


def annotation_jobs(
    uow: UowFactory, models: Models, tell: Callable[[str], None]
) -> dict[str, Callable[[Mapping[str, Any]], None]]:
    """Jobs of annotations by kind."""
    jobs = AnnotationJobs(uow, models, tell)
    return {SWITCH_JOB: jobs.switch, EMBED_JOB: jobs.embed}
