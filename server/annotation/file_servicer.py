"""RPCs of annotations as files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from google.api.httpbody_pb2 import HttpBody

from server.annotation.files import AnnotationFiles
from server.annotation.model import COMPLETED, TOPIC
from server.bus import Bus
from server.db.bridge import Database
from server.edge.call import caller, current_call
from server.edge.pieces import checked, data_of
from server.kit.ids import canonical
from transom.annotation.v1 import annotation_file_http_service_pb2 as pb
from transom.annotation.v1 import annotation_file_http_service_pb2_grpc as rpc

Context = Any
Pieces = AsyncIterator[pb.ImportAnnotationsRequest]


class AnnotationFileServicer(rpc.AnnotationFileServiceServicer):
    """Annotations of the workspace's apps as files."""

    def __init__(self, db: Database, files: AnnotationFiles, bus: Bus) -> None:
        self._db = db
        self._files = files
        self._bus = bus

    async def ExportAnnotations(
        self, request: pb.ExportAnnotationsRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        """The file, piece by piece."""
        pieces = self._files.export(caller(), request.app_id)
        first = await anext(pieces)
        current_call().headers.append(("x-content-type-options", "nosniff"))
        yield HttpBody(content_type="application/json; charset=utf-8", data=first.encode())
        async for piece in pieces:
            yield HttpBody(data=piece.encode())

    async def ImportAnnotations(self, request_iterator: Pieces, context: Context) -> pb.AnnotationImport:
        """Add what is in a file."""
        first = checked(await anext(aiter(request_iterator), None))
        body = data_of(first, request_iterator, lambda piece: piece.content)
        job_id, number = await self._files.take(caller(), first.app_id, first.content.content_type, body)
        await self._bus.publish(TOPIC, canonical(first.app_id))
        return pb.AnnotationImport(job_id=job_id, job_status=COMPLETED, record_count=number)

    async def GetAnnotationImport(
        self, request: pb.GetAnnotationImportRequest, context: Context
    ) -> pb.AnnotationImportStatus:
        """How far an import is."""
        job_id = await self._db(self._files.require_import, caller(), request.app_id, request.job_id)
        return pb.AnnotationImportStatus(job_id=job_id, job_status=COMPLETED, error_msg="")
