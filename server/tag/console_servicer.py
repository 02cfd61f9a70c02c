"""RPCs of tags in the console: of datasets and of apps."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.db.bridge import Database
from server.edge.call import caller
from server.tag.service import TagService
from transom.console.v1 import tag_service_pb2 as pb
from transom.console.v1 import tag_service_pb2_grpc as rpc


class ConsoleTagServicer(rpc.ConsoleTagServiceServicer):
    """Tags of the workspace."""

    def __init__(self, db: Database, tags: TagService) -> None:
        self._db = db
        self._tags = tags

    async def ListConsoleTags(self, request: pb.ListConsoleTagsRequest, context: Any) -> pb.ListConsoleTagsResponse:
        rows = await self._db(self._tags.all, caller(), request.type, request.keyword)
        return pb.ListConsoleTagsResponse(tags=[_tag(row) for row in rows])

    async def CreateConsoleTag(self, request: pb.CreateConsoleTagRequest, context: Any) -> pb.ConsoleTag:
        return _tag(await self._db(self._tags.create, caller(), request.name, request.type))

    async def UpdateConsoleTag(self, request: pb.UpdateConsoleTagRequest, context: Any) -> pb.ConsoleTag:
        kind = await self._db(self._tags.kind, caller(), request.tag_id)
        return _tag(await self._db(self._tags.rename, caller(), request.tag_id, request.name, kind))

    async def DeleteConsoleTag(self, request: pb.DeleteConsoleTagRequest, context: Any) -> Empty:
        kind = await self._db(self._tags.kind, caller(), request.tag_id)
        await self._db(self._tags.delete, caller(), request.tag_id, kind)
        return Empty()

    async def BindConsoleTags(self, request: pb.BindConsoleTagsRequest, context: Any) -> Empty:
        await self._db(self._tags.bind, caller(), request.target_id, list(request.tag_ids), request.type)
        return Empty()

    async def UnbindConsoleTag(self, request: pb.UnbindConsoleTagRequest, context: Any) -> Empty:
        await self._db(self._tags.unbind, caller(), request.target_id, [request.tag_id], request.type)
        return Empty()


def _tag(row: Any) -> pb.ConsoleTag:
    return pb.ConsoleTag(id=row.id, name=row.name, type=row.type, binding_count=str(row.binding_count))
