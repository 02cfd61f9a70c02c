"""RPCs of datasets."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.dataset import wire
from server.dataset.model import HIGH_QUALITY, DatasetView
from server.dataset.models import Models
from server.dataset.service import DatasetService
from server.db.bridge import Database
from server.edge.call import caller
from server.limits.service import Limits
from transom.dataset.v1 import dataset_pb2 as pb
from transom.dataset.v1 import dataset_service_pb2 as rpc
from transom.dataset.v1 import dataset_service_pb2_grpc as rpc_grpc


class DatasetServicer(rpc_grpc.DatasetServiceServicer):
    """Datasets of the workspace."""

    def __init__(self, db: Database, datasets: DatasetService, models: Models, limits: Limits) -> None:
        self._db = db
        self._datasets = datasets
        self._models = models
        self._limits = limits

    async def CreateDataset(self, request: rpc.CreateDatasetRequest, context: Any) -> pb.Dataset:
        await self._limits.knowledge(caller())
        new = wire.new_dataset(request)
        embedding = await self._models.embedding(
            caller().tenant_id, new.embedding, needed=new.indexing_technique == HIGH_QUALITY
        )
        await self._models.check_rerank(caller().tenant_id, new.retrieval_model)
        view = await self._db(self._datasets.create, caller(), wire.with_embedding(new, embedding))
        return await self._shown(view)

    async def ListDatasets(self, request: rpc.ListDatasetsRequest, context: Any) -> rpc.ListDatasetsResponse:
        wanted = wire.wanted(request)
        total, views = await self._db(self._datasets.page, caller(), wanted)
        is_active = await self._models.active_embeddings(caller().tenant_id)
        return rpc.ListDatasetsResponse(
            data=[wire.dataset(view, is_active) for view in views], has_more=wanted.page * wanted.limit < total,
            limit=wanted.limit, total=total, page=wanted.page,
        )

    async def GetDataset(self, request: rpc.GetDatasetRequest, context: Any) -> pb.Dataset:
        view = await self._db(self._datasets.get, caller(), request.dataset_id)
        return await self._shown(view, detail=True, members=view.dataset.permission == "partial_members")

    async def UpdateDataset(self, request: rpc.UpdateDatasetRequest, context: Any) -> pb.Dataset:
        await self._limits.knowledge(caller())
        dataset = await self._db(self._datasets.require, caller(), request.dataset_id)
        change = wire.change(request)
        technique = change.indexing_technique or dataset.indexing_technique
        embedding = await self._models.embedding(
            caller().tenant_id, change.embedding, needed=technique == HIGH_QUALITY and dataset.embedding is None
        )
        await self._models.check_rerank(caller().tenant_id, change.values.get("retrieval_model"))
        changed = wire.with_embedding(change, embedding)
        view = await self._db(self._datasets.update, caller(), request.dataset_id, changed)
        return await self._shown(view, members=True)

    async def DeleteDataset(self, request: rpc.DeleteDatasetRequest, context: Any) -> Empty:
        await self._limits.knowledge(caller())
        await self._db(self._datasets.delete, caller(), request.dataset_id, force=request.force)
        return Empty()

    async def _shown(self, view: DatasetView, *, detail: bool = False, members: bool = False) -> pb.Dataset:
        is_active = await self._models.active_embeddings(caller().tenant_id)
        return wire.dataset(view, is_active, detail=detail, members=members)
