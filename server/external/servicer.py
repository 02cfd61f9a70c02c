"""RPCs of registered APIs."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.dataset.servicer import DatasetServicer
from server.dataset.wire import optional, page_of
from server.db.bridge import Database
from server.edge.call import caller
from server.external.model import ExternalApi, fields, obfuscated
from server.external.service import ExternalApis
from transom.console.v1 import external_knowledge_service_pb2 as pb
from transom.console.v1 import external_knowledge_service_pb2_grpc as rpc
from transom.dataset.v1 import dataset_pb2, dataset_service_pb2


class ExternalKnowledgeServicer(rpc.ExternalKnowledgeServiceServicer):
    """APIs of knowledge that lives elsewhere."""

    def __init__(self, db: Database, apis: ExternalApis, dataset_rpcs: DatasetServicer) -> None:
        self._db = db
        self._apis = apis
        self._dataset_rpcs = dataset_rpcs

    async def ListExternalApis(self, request: pb.ListExternalApisRequest, context: Any) -> pb.ListExternalApisResponse:
        page, limit = page_of(optional(request, "page"), optional(request, "limit"))
        total, found = await self._db(self._apis.page, caller(), request.keyword, page, limit)
        return pb.ListExternalApisResponse(
            data=[_shown(one) for one in found], has_more=page * limit < total, limit=limit, total=total, page=page
        )

    async def CreateExternalApi(self, request: pb.CreateExternalApiRequest, context: Any) -> pb.ExternalApi:
        return _shown(await self._apis.create(caller(), _fields(request)))

    async def GetExternalApi(self, request: pb.GetExternalApiRequest, context: Any) -> pb.ExternalApi:
        return _shown(await self._db(self._apis.get, caller(), request.api_id))

    async def UpdateExternalApi(self, request: pb.UpdateExternalApiRequest, context: Any) -> pb.ExternalApi:
        return _shown(await self._apis.update(caller(), request.api_id, _fields(request)))

    async def DeleteExternalApi(self, request: pb.DeleteExternalApiRequest, context: Any) -> Empty:
        await self._db(self._apis.delete, caller(), request.api_id)
        return Empty()

    async def CheckExternalApiUse(self, request: pb.CheckExternalApiUseRequest, context: Any) -> pb.ExternalApiUse:
        found = await self._db(self._apis.get, caller(), request.api_id)
        return pb.ExternalApiUse(is_using=bool(found.datasets), count=len(found.datasets))

    async def CreateExternalDataset(
        self, request: dataset_service_pb2.CreateDatasetRequest, context: Any
    ) -> dataset_pb2.Dataset:
        request.provider = "external"
        return await self._dataset_rpcs.CreateDataset(request, context)


def _fields(request: Any) -> Any:
    return fields(request.name, request.description, request.settings.endpoint, request.settings.api_key)


def _shown(api: ExternalApi) -> pb.ExternalApi:
    return pb.ExternalApi(
        id=api.id, tenant_id=api.tenant_id, name=api.name, description=api.description,
        settings=pb.ExternalApiSettings(endpoint=api.endpoint, api_key=obfuscated(api.api_key)),
        dataset_bindings=[pb.ExternalApi.DatasetBinding(id=key, name=name) for key, name in api.datasets],
        created_by=api.created_by, created_at=api.created_at.astimezone(UTC).replace(tzinfo=None).isoformat(),
    )
