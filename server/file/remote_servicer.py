"""The RPCs of files elsewhere."""

from __future__ import annotations

from typing import Any

from server.db.bridge import Database
from server.edge.call import caller
from server.file import wire
from server.file.links import FileLinks
from server.file.model import StoredFile
from server.file.multipart import Received
from server.file.remote import RemoteUploads
from server.file.service import FileService
from transom.console.v1 import remote_file_service_pb2 as console_pb
from transom.console.v1 import remote_file_service_pb2_grpc as console_rpc
from transom.file.v1.remote_file_pb2 import RemoteFileInfo, RemoteUpload
from transom.web.v1 import web_remote_file_service_pb2 as web_pb
from transom.web.v1 import web_remote_file_service_pb2_grpc as web_rpc

Context = Any


class RemoteFileServicer(web_rpc.WebRemoteFileServiceServicer, console_rpc.RemoteFileServiceServicer):
    """Files elsewhere, for visitors and for members."""

    def __init__(self, db: Database, files: FileService, remotes: RemoteUploads, links: FileLinks) -> None:
        self._db = db
        self._files = files
        self._remotes = remotes
        self._links = links

    async def GetWebRemoteFileInfo(
        self, request: web_pb.GetWebRemoteFileInfoRequest, context: Context
    ) -> RemoteFileInfo:
        """What lies behind an address."""
        return await self._look(request.url)

    async def UploadWebRemoteFile(self, request: web_pb.UploadWebRemoteFileRequest, context: Context) -> RemoteUpload:
        """A copy for a visitor."""
        who = caller()

        async def record(received: Received, key: str) -> StoredFile:
            return await self._db(self._files.add, who.the_app, who.the_user.id, received, key)

        return self._told(await self._remotes.fetch(who.tenant_id, request.url, record))

    async def GetRemoteFileInfo(
        self, request: console_pb.GetRemoteFileInfoRequest, context: Context
    ) -> RemoteFileInfo:
        """What lies behind an address."""
        return await self._look(request.url)

    async def UploadRemoteFile(self, request: console_pb.UploadRemoteFileRequest, context: Context) -> RemoteUpload:
        """A copy for a member."""
        who = caller()

        async def record(received: Received, key: str) -> StoredFile:
            return await self._db(self._files.add_of_member, who, received, key)

        return self._told(await self._remotes.fetch(who.tenant_id, request.url, record))

    async def _look(self, url: str) -> RemoteFileInfo:
        kind, length = await self._remotes.look(url)
        return RemoteFileInfo(file_type=kind, file_length=length)

    def _told(self, file: StoredFile) -> RemoteUpload:
        return wire.copied(file, self._links.link(file.id))
