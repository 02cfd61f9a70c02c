"""RPCs of segments and child chunks."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.dataset.model import Dataset
from server.dataset.models import Models
from server.dataset.wire import optional, page_of
from server.db.bridge import Database
from server.edge.call import caller
from server.file.links import FileLinks
from server.kit.errors import AppError, Reason, invalid_param
from server.limits.service import Limits
from server.segment import wire
from server.segment.editor import SegmentEditor
from server.segment.model import SegmentChange, SegmentView
from server.segment.service import SegmentService
from transom.dataset.v1 import segment_pb2
from transom.dataset.v1 import segment_service_pb2 as pb
from transom.dataset.v1 import segment_service_pb2_grpc as rpc

_NO_MODEL = "The embedding model of the dataset is not configured any more."


class SegmentServicer(rpc.SegmentServiceServicer):
    """Segments of a document."""

    def __init__(
        self, db: Database, segments: SegmentService, editor: SegmentEditor, models: Models, limits: Limits,
        links: FileLinks, most: int,
    ) -> None:
        """``most`` segments may be added by one call; 0: any number."""
        self._db = db
        self._segments = segments
        self._editor = editor
        self._models = models
        self._limits = limits
        self._links = links
        self._most = most

    async def CreateSegments(self, request: pb.CreateSegmentsRequest, context: Any) -> pb.CreateSegmentsResponse:
        await self._limits.knowledge(caller(), vectors=True, segments=True)
        scope = await self._db(
            self._segments.scope, caller(), request.dataset_id, request.document_id, writable=True
        )
        await self._usable(scope.dataset)
        new = wire.new(request, scope.document.doc_form, self._most)
        views = await self._editor.add(caller(), scope, new)
        return pb.CreateSegmentsResponse(data=self._shown(views), doc_form=scope.document.doc_form)

    async def ListSegments(self, request: pb.ListSegmentsRequest, context: Any) -> pb.ListSegmentsResponse:
        page, limit = _page(request)
        scope, total, views = await self._db(
            self._segments.page, caller(), request.dataset_id, request.document_id,
            [one for one in request.status if one], request.keyword, page, limit,
        )
        if caller().by_key:
            await self._usable(scope.dataset)
        return pb.ListSegmentsResponse(
            data=self._shown(views), doc_form=scope.document.doc_form, total=total, has_more=page * limit < total,
            limit=limit, page=page,
        )

    async def GetSegment(self, request: pb.GetSegmentRequest, context: Any) -> pb.SegmentEnvelope:
        scope, view = await self._db(
            self._segments.get, caller(), request.dataset_id, request.document_id, request.segment_id
        )
        if caller().by_key:
            try:
                await self._usable(scope.dataset)
            except AppError as error:
                # The one route that says it so (dataset-api.md 5.3).
                raise AppError(Reason.INVALID_PARAM, _NO_MODEL) from error
        return pb.SegmentEnvelope(data=self._one(view), doc_form=scope.document.doc_form)

    async def UpdateSegment(self, request: pb.UpdateSegmentRequest, context: Any) -> pb.SegmentEnvelope:
        await self._limits.knowledge(caller(), vectors=True)
        scope, view = await self._db(
            self._segments.get, caller(), request.dataset_id, request.document_id, request.segment_id
        )
        await self._usable(scope.dataset)
        await self._editor.change(caller(), scope, view, wire.change(request, scope.document.doc_form))
        (changed,) = await self._db(self._segments.views, caller(), scope, [view.segment.id])
        return pb.SegmentEnvelope(data=self._one(changed), doc_form=scope.document.doc_form)

    async def switch(self, dataset_id: str, document_id: str, segment_id: str, *, enabled: bool) -> None:
        """Enable or disable one segment; nothing happens to one that is so already."""
        scope, view = await self._db(self._segments.get, caller(), dataset_id, document_id, segment_id)
        if view.segment.enabled != enabled:
            await self._usable(scope.dataset)
            await self._editor.change(caller(), scope, view, SegmentChange(enabled=enabled))

    async def DeleteSegment(self, request: pb.DeleteSegmentRequest, context: Any) -> Empty:
        await self.delete(request.dataset_id, request.document_id, request.segment_id)
        return Empty()

    async def delete(self, dataset_id: str, document_id: str, *segment_ids: str) -> None:
        """Delete segments, all or none."""
        await self._limits.knowledge(caller())
        await self._db(self._segments.delete, caller(), dataset_id, document_id, *segment_ids)

    async def _usable(self, dataset: Dataset) -> None:
        if dataset.embedding is not None:
            await self._models.require_embedding(caller().tenant_id, dataset.embedding)

    def _shown(self, views: list[SegmentView]) -> list[segment_pb2.Segment]:
        return [self._one(view) for view in views]

    def _one(self, view: SegmentView) -> segment_pb2.Segment:
        return wire.segment(view, self._links.renewed, self._links.link)


class ChildChunkServicer(rpc.ChildChunkServiceServicer):
    """Child chunks of a segment."""

    def __init__(
        self, db: Database, segments: SegmentService, editor: SegmentEditor, models: Models, limits: Limits
    ) -> None:
        self._db = db
        self._segments = segments
        self._editor = editor
        self._models = models
        self._limits = limits

    async def CreateChildChunk(self, request: pb.CreateChildChunkRequest, context: Any) -> pb.ChildChunkEnvelope:
        await self._limits.knowledge(caller(), vectors=True, segments=True)
        scope, segment = await self._parent(request)
        content = wire.child_content(request.content)
        if scope.dataset.embedding is not None:
            await self._models.require_embedding(caller().tenant_id, scope.dataset.embedding)
        child = await self._editor.add_child(caller(), scope, segment, content)
        return pb.ChildChunkEnvelope(data=wire.child(child))

    async def ListChildChunks(self, request: pb.ListChildChunksRequest, context: Any) -> pb.ListChildChunksResponse:
        page, limit = _page(request)
        total, children = await self._db(
            self._segments.children, caller(), request.dataset_id, request.document_id, request.segment_id,
            request.keyword, page, limit,
        )
        return pb.ListChildChunksResponse(
            data=[wire.child(one) for one in children], total=total, total_pages=-(-total // limit), page=page,
            limit=limit,
        )

    async def UpdateChildChunk(self, request: pb.UpdateChildChunkRequest, context: Any) -> pb.ChildChunkEnvelope:
        await self._limits.knowledge(caller(), vectors=True, segments=True)
        scope, segment = await self._parent(request)
        content = wire.child_content(request.content)
        child = await self._editor.change_child(caller(), scope, segment, request.child_chunk_id, content)
        return pb.ChildChunkEnvelope(data=wire.child(child))

    async def DeleteChildChunk(self, request: pb.DeleteChildChunkRequest, context: Any) -> Empty:
        await self._limits.knowledge(caller(), segments=True)
        scope, segment = await self._parent(request)
        await self._db(self._segments.delete_child, caller(), scope, segment, request.child_chunk_id)
        return Empty()

    async def _parent(self, request: Any) -> Any:
        return await self._db(
            self._segments.parent, caller(), request.dataset_id, request.document_id, request.segment_id
        )


def _page(request: Any) -> tuple[int, int]:
    """Page and limit, each at least 1 (dataset-api.md 1.4)."""
    for field in ("page", "limit"):
        if request.HasField(field) and getattr(request, field) < 1:
            raise invalid_param(f"{field} must be at least 1")
    return page_of(optional(request, "page"), optional(request, "limit"))
