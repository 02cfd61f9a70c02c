"""RPCs of searching."""

from __future__ import annotations

from typing import Any

from server.dataset.models import Models
from server.dataset.service import DatasetService
from server.dataset.wire import retrieval_model
from server.db.bridge import Database
from server.edge.call import caller
from server.edge.reader import sent
from server.file.links import FileLinks
from server.limits.service import Limits
from server.retrieval import wire
from server.retrieval.model import Trace
from server.retrieval.service import RetrievalService
from transom.dataset.v1 import retrieval_service_pb2 as pb
from transom.dataset.v1 import retrieval_service_pb2_grpc as rpc


class RetrievalServicer(rpc.RetrievalServiceServicer):
    """Searching one dataset."""

    def __init__(
        self, db: Database, datasets: DatasetService, retrieval: RetrievalService, models: Models, limits: Limits,
        links: FileLinks,
    ) -> None:
        self._db = db
        self._datasets = datasets
        self._retrieval = retrieval
        self._models = models
        self._limits = limits
        self._links = links

    async def RetrieveSegments(
        self, request: pb.RetrieveSegmentsRequest, context: Any
    ) -> pb.RetrieveSegmentsResponse:
        await self._limits.knowledge(caller())
        dataset = await self._db(self._datasets.require, caller(), request.dataset_id)
        text = wire.query(request)
        model = retrieval_model(request)
        if dataset.is_external and request.HasField("external_retrieval_model"):
            filtering = (model or {}).get("metadata_filtering_conditions")
            model = {**sent(request.external_retrieval_model), "metadata_filtering_conditions": filtering}
        await self._models.check_rerank(caller().tenant_id, model)
        trace = Trace()
        records = await self._retrieval.retrieve(caller(), dataset, text, model, trace)
        return wire.response(text, records, trace if request.explain else None, self._links.renewed)
