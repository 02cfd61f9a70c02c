"""RPCs of extensions."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.db.bridge import Database
from server.edge.call import caller
from server.extension.console import ExtensionConsole
from server.extension.model import Extension, Fields, fields, obfuscated
from server.extension.service import ExtensionService
from transom.console.v1 import api_based_extension_service_pb2 as pb
from transom.console.v1 import api_based_extension_service_pb2_grpc as rpc


class ApiBasedExtensionServicer(rpc.ApiBasedExtensionServiceServicer):
    """Extensions of the console's workspace."""

    def __init__(self, db: Database, service: ExtensionService, console: ExtensionConsole) -> None:
        self._db = db
        self._service = service
        self._console = console

    async def ListApiBasedExtensions(
        self, request: pb.ListApiBasedExtensionsRequest, context: Any
    ) -> pb.ListApiBasedExtensionsResponse:
        """All of them."""
        found = await self._db(self._service.list, caller())
        return pb.ListApiBasedExtensionsResponse(extensions=map(_shown, found))

    async def CreateApiBasedExtension(
        self, request: pb.CreateApiBasedExtensionRequest, context: Any
    ) -> pb.ApiBasedExtension:
        """Add one."""
        return _shown(await self._console.create(caller(), _fields(request)))

    async def GetApiBasedExtension(self, request: pb.GetApiBasedExtensionRequest, context: Any) -> pb.ApiBasedExtension:
        """One."""
        return _shown(await self._db(self._service.get, caller(), request.extension_id))

    async def UpdateApiBasedExtension(
        self, request: pb.UpdateApiBasedExtensionRequest, context: Any
    ) -> pb.ApiBasedExtension:
        """Replace one."""
        return _shown(await self._console.update(caller(), request.extension_id, _fields(request)))

    async def DeleteApiBasedExtension(self, request: pb.DeleteApiBasedExtensionRequest, context: Any) -> Empty:
        """Forget one."""
        await self._console.delete(caller(), request.extension_id)
        return Empty()


def _fields(request: pb.CreateApiBasedExtensionRequest | pb.UpdateApiBasedExtensionRequest) -> Fields:
    return fields(request.name, request.api_endpoint, request.api_key)


def _shown(found: Extension) -> pb.ApiBasedExtension:
    return pb.ApiBasedExtension(
        id=found.id, name=found.name, api_endpoint=found.endpoint, api_key=obfuscated(found.api_key),
        created_at=int(found.created_at.timestamp()),
    )  # fmt: skip
