"""RPCs of datasets in the console. What the Dataset API has too is handled there; the caller differs."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct

from server.dataset.servicer import DatasetServicer
from server.dataset.wire import optional, page_of
from server.dataset_console import wire
from server.dataset_console.service import KnowledgeConsole
from server.db.bridge import Database
from server.document import wire as document_wire
from server.document.model import text_name
from server.document.service import DocumentService
from server.document.servicer import DocumentServicer
from server.edge.call import caller
from server.ingest.rules import LONGEST
from server.kit.errors import AppError, Reason
from server.limits.service import Limits
from server.metadata.model import BUILT_IN_FIELDS
from server.metadata.servicer import MetadataServicer
from server.retrieval.servicer import RetrievalServicer
from server.segment.servicer import ChildChunkServicer, SegmentServicer
from transom.common.v1.common_pb2 import Result
from transom.console.v1 import dataset_console_service_pb2 as pb
from transom.console.v1 import dataset_console_service_pb2_grpc as rpc
from transom.dataset.v1 import (
    dataset_service_pb2,
    document_pb2,
    document_service_pb2,
    metadata_service_pb2,
    retrieval_service_pb2,
    segment_service_pb2,
)

_METHODS = ("semantic_search", "full_text_search", "hybrid_search")
_DONE = "success"


class DatasetConsoleServicer(rpc.DatasetConsoleServiceServicer):
    """Datasets of the workspace, for members."""

    def __init__(
        self, db: Database, public_url: str, plans: Limits, knowledge: KnowledgeConsole, documents: DocumentService,
        dataset_rpcs: DatasetServicer, document_rpcs: DocumentServicer, segment_rpcs: SegmentServicer,
        child_rpcs: ChildChunkServicer, metadata_rpcs: MetadataServicer, retrieval_rpcs: RetrievalServicer,
    ) -> None:
        self._db = db
        self._url = public_url.rstrip("/")
        self._plans = plans
        self._knowledge = knowledge
        self._documents = documents
        self._dataset_rpcs = dataset_rpcs
        self._document_rpcs = document_rpcs
        self._segment_rpcs = segment_rpcs
        self._metadata_rpcs = metadata_rpcs
        # The same request and answer as in the Dataset API.
        shared: tuple[tuple[object, tuple[str, ...]], ...] = (
            (dataset_rpcs, ("ListDatasets", "CreateDataset", "GetDataset", "UpdateDataset", "DeleteDataset")),
            (document_rpcs, ("ListDocuments", "GetDocument", "DeleteDocument", "GetDocumentDownload")),
            (segment_rpcs, ("ListSegments", "DeleteSegment")),
            (child_rpcs, ("ListChildChunks", "CreateChildChunk", "UpdateChildChunk", "DeleteChildChunk")),
            (
                metadata_rpcs,
                (
                    "ListMetadata", "CreateMetadata", "UpdateMetadata", "DeleteMetadata", "SwitchBuiltInMetadata",
                    "UpdateDocumentsMetadata",
                ),
            ),
        )
        for servicer, names in shared:
            for name in names:
                setattr(self, name, getattr(servicer, name))
        self._retrieval_rpcs = retrieval_rpcs

    # Datasets

    async def InitDataset(self, request: pb.KnowledgeConfig, context: Any) -> pb.KnowledgeCreated:
        await self._plans.knowledge(caller(), vectors=True, documents=True)
        made = await self._knowledge.init(caller(), request)
        shown = await self._dataset_rpcs.GetDataset(
            dataset_service_pb2.GetDatasetRequest(dataset_id=made.dataset_id), context
        )
        return pb.KnowledgeCreated(
            dataset=shown, documents=[document_wire.document(view) for view in made.views], batch=made.batch
        )

    async def GetApiBaseInfo(self, request: pb.GetApiBaseInfoRequest, context: Any) -> pb.ApiBaseInfo:
        return pb.ApiBaseInfo(api_base_url=f"{self._url}/v1")

    async def SwitchDatasetApi(self, request: pb.SwitchDatasetApiRequest, context: Any) -> Result:
        await self._db(self._knowledge.switch_api, caller(), request.dataset_id, request.action)
        return Result(result=_DONE)

    async def CheckDatasetUse(self, request: dataset_service_pb2.GetDatasetRequest, context: Any) -> pb.DatasetUse:
        return pb.DatasetUse(is_using=await self._db(self._knowledge.is_used, caller(), request.dataset_id))

    async def ListPartialMembers(
        self, request: dataset_service_pb2.GetDatasetRequest, context: Any
    ) -> pb.PartialMembers:
        return pb.PartialMembers(data=await self._db(self._knowledge.shared_with, caller(), request.dataset_id))

    async def EstimateIndexing(self, request: pb.EstimateIndexingRequest, context: Any) -> pb.IndexingEstimate:
        found = await self._knowledge.estimate(caller(), wire.estimate(request))
        return wire.estimated(found)

    async def GetProcessRule(self, request: pb.GetProcessRuleRequest, context: Any) -> pb.ProcessRuleView:
        rule = await self._db(self._knowledge.process_rule, caller(), request.document_id)
        rules, limits = Struct(), Struct()
        rules.update(rule["rules"] or {})
        limits.update({"indexing_max_segmentation_tokens_length": LONGEST})
        return pb.ProcessRuleView(mode=rule["mode"], rules=rules, limits=limits)

    # Documents

    async def GetBatchStatus(
        self, request: document_service_pb2.GetBatchIndexingStatusRequest, context: Any
    ) -> document_service_pb2.IndexingStatusList:
        return await self._document_rpcs.GetBatchIndexingStatus(request, context)

    async def CreateDocuments(self, request: pb.KnowledgeConfig, context: Any) -> pb.KnowledgeCreated:
        await self._plans.knowledge(caller(), vectors=True, documents=True)
        made = await self._knowledge.add(caller(), request)
        return pb.KnowledgeCreated(
            documents=[document_wire.document(view) for view in made.views], batch=made.batch
        )

    async def DeleteDocuments(self, request: pb.DeleteDocumentsRequest, context: Any) -> Empty:
        await self._plans.knowledge(caller())
        await self._db(self._documents.delete, caller(), request.dataset_id, *request.document_id)
        return Empty()

    async def GetDocumentStatus(
        self, request: pb.GetDocumentStatusRequest, context: Any
    ) -> document_pb2.IndexingStatus:
        (found,) = await self._db(
            self._documents.progress, caller(), request.dataset_id, request.document_id
        )
        return document_wire.progress([found]).data[0]

    async def GetDatasetStatus(
        self, request: dataset_service_pb2.GetDatasetRequest, context: Any
    ) -> document_service_pb2.IndexingStatusList:
        return document_wire.progress(await self._db(self._documents.progress, caller(), request.dataset_id, None))

    async def ListErrorDocuments(
        self, request: dataset_service_pb2.GetDatasetRequest, context: Any
    ) -> pb.ErrorDocuments:
        found = document_wire.progress(await self._db(self._documents.progress, caller(), request.dataset_id, None))
        failed = [one for one in found.data if one.indexing_status == "error"]
        return pb.ErrorDocuments(data=failed, total=len(failed))

    async def ListRelatedApps(self, request: dataset_service_pb2.GetDatasetRequest, context: Any) -> pb.RelatedApps:
        rows = await self._db(self._knowledge.related_apps, caller(), request.dataset_id)
        return pb.RelatedApps(data=[pb.RelatedApps.RelatedApp(**row._mapping) for row in rows], total=len(rows))

    async def ListDatasetQueries(self, request: pb.ListDatasetQueriesRequest, context: Any) -> pb.DatasetQueries:
        page, limit = page_of(optional(request, "page"), optional(request, "limit"))
        total, rows = await self._db(self._knowledge.queries, caller(), request.dataset_id, page, limit)
        return pb.DatasetQueries(
            data=[wire.searched(row) for row in rows], has_more=page * limit < total, limit=limit, total=total,
            page=page,
        )

    async def UpdateDocumentsStatus(self, request: pb.UpdateDocumentsStatusRequest, context: Any) -> Result:
        return await self._document_rpcs.UpdateDocumentsStatus(
            document_service_pb2.UpdateDocumentsStatusRequest(
                dataset_id=request.dataset_id, action=request.action, document_ids=request.document_id
            ),
            context,
        )

    async def ControlProcessing(self, request: pb.ControlProcessingRequest, context: Any) -> Empty:
        actions = {"pause": self._documents.pause, "resume": self._documents.resume}
        if request.action not in actions:
            raise AppError(Reason.INVALID_ACTION)
        await self._db(actions[request.action], caller(), request.dataset_id, request.document_id)
        return Empty()

    async def RetryDocuments(self, request: pb.RetryDocumentsRequest, context: Any) -> Empty:
        await self._db(self._documents.retry, caller(), request.dataset_id, list(request.document_ids))
        return Empty()

    async def RenameDocument(self, request: pb.RenameDocumentRequest, context: Any) -> document_pb2.Document:
        view = await self._db(
            self._documents.rename, caller(), request.dataset_id, request.document_id, text_name(request.name)
        )
        return document_wire.document(view)

    # Segments

    async def CreateSegment(
        self, request: pb.CreateSegmentRequest, context: Any
    ) -> segment_service_pb2.SegmentEnvelope:
        made = await self._segment_rpcs.CreateSegments(wire.new_segment(request), context)
        return segment_service_pb2.SegmentEnvelope(data=made.data[0], doc_form=made.doc_form)

    async def UpdateSegment(
        self, request: pb.UpdateSegmentRequest, context: Any
    ) -> segment_service_pb2.SegmentEnvelope:
        return await self._segment_rpcs.UpdateSegment(wire.changed_segment(request), context)

    async def DeleteSegments(self, request: pb.DeleteSegmentsRequest, context: Any) -> Empty:
        await self._segment_rpcs.delete(request.dataset_id, request.document_id, *request.segment_id)
        return Empty()

    async def SwitchSegments(self, request: pb.SwitchSegmentsRequest, context: Any) -> Result:
        if request.action not in {"enable", "disable"}:
            raise AppError(Reason.INVALID_ACTION)
        for segment_id in request.segment_id:
            await self._segment_rpcs.switch(
                request.dataset_id, request.document_id, segment_id, enabled=request.action == "enable"
            )
        return Result(result=_DONE)

    # Searching and metadata

    async def HitTest(
        self, request: retrieval_service_pb2.RetrieveSegmentsRequest, context: Any
    ) -> retrieval_service_pb2.RetrieveSegmentsResponse:
        return await self._retrieval_rpcs.RetrieveSegments(request, context)

    async def ListBuiltInMetadata(
        self, request: pb.ListBuiltInMetadataRequest, context: Any
    ) -> metadata_service_pb2.ListBuiltInMetadataResponse:
        kind = metadata_service_pb2.ListBuiltInMetadataResponse.BuiltInField
        return metadata_service_pb2.ListBuiltInMetadataResponse(
            fields=[kind(name=name, type=value) for name, value in BUILT_IN_FIELDS.items()]
        )

    async def GetRetrievalSetting(self, request: pb.GetRetrievalSettingRequest, context: Any) -> pb.RetrievalSetting:
        return pb.RetrievalSetting(retrieval_method=_METHODS)


