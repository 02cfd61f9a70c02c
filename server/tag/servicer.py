"""RPCs of tags."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.db.bridge import Database
from server.edge.call import caller
from server.tag.service import TagService
from server.tag.store import TYPE
from transom.dataset.v1 import tag_service_pb2 as pb
from transom.dataset.v1 import tag_service_pb2_grpc as rpc


class TagServicer(rpc.TagServiceServicer):
    """Tags of the workspace."""

    def __init__(self, db: Database, tags: TagService) -> None:
        self._db = db
        self._tags = tags

    async def ListTags(self, request: pb.ListTagsRequest, context: Any) -> pb.ListTagsResponse:
        return pb.ListTagsResponse(tags=[_tag(row) for row in await self._db(self._tags.all, caller())])

    async def CreateTag(self, request: pb.CreateTagRequest, context: Any) -> pb.Tag:
        return _tag(await self._db(self._tags.create, caller(), request.name))

    async def UpdateTag(self, request: pb.UpdateTagRequest, context: Any) -> pb.Tag:
        return _tag(await self._db(self._tags.rename, caller(), request.tag_id, request.name))

    async def DeleteTag(self, request: pb.DeleteTagRequest, context: Any) -> Empty:
        await self._db(self._tags.delete, caller(), request.tag_id)
        return Empty()

    async def BindTags(self, request: pb.BindTagsRequest, context: Any) -> Empty:
        await self._db(self._tags.bind, caller(), request.target_id, list(request.tag_ids))
        return Empty()

    async def UnbindTags(self, request: pb.UnbindTagsRequest, context: Any) -> Empty:
        ids = list(request.tag_ids) or [request.tag_id]
        await self._db(self._tags.unbind, caller(), request.target_id, ids)
        return Empty()

    async def ListDatasetTags(self, request: pb.ListDatasetTagsRequest, context: Any) -> pb.ListDatasetTagsResponse:
        rows = await self._db(self._tags.of_dataset, caller(), request.dataset_id)
        names = [pb.ListDatasetTagsResponse.TagName(id=row.id, name=row.name) for row in rows]
        return pb.ListDatasetTagsResponse(data=names, total=len(names))


def _tag(row: Any) -> pb.Tag:
    return pb.Tag(id=row.id, name=row.name, type=TYPE, binding_count=str(row.binding_count))
