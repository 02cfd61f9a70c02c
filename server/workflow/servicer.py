"""RPCs of drafts and versions of workflows."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.bus import Bus
from server.db.bridge import Database
from server.edge.call import caller
from server.edge.printer import struct_to_dict
from server.kit.ids import canonical
from server.workflow import blocks, wire
from server.workflow.convert import Converter
from server.workflow.model import marks
from server.workflow.publishing import Publisher
from server.workflow.service import WorkflowService, version_filter
from transom.common.v1.common_pb2 import Result
from transom.workflow.v1 import workflow_service_pb2 as pb
from transom.workflow.v1 import workflow_service_pb2_grpc as rpc

_DONE = Result(result="success")


class WorkflowServicer(rpc.WorkflowServiceServicer):
    """Workflows of the workspace's apps."""

    def __init__(
        self, db: Database, workflows: WorkflowService, publisher: Publisher, converter: Converter, bus: Bus
    ) -> None:
        self._db = db
        self._bus = bus
        self._workflows = workflows
        self._publisher = publisher
        self._converter = converter

    async def GetDraftWorkflow(self, request: pb.GetDraftWorkflowRequest, context: Any) -> pb.Workflow:
        return wire.workflow(await self._db(self._workflows.draft, caller(), request.app_id))

    async def SyncDraftWorkflow(
        self, request: pb.SyncDraftWorkflowRequest, context: Any
    ) -> pb.SyncDraftWorkflowResponse:
        sent = wire.sent_draft(request)
        return wire.synced(await self._db(self._workflows.sync, caller(), request.app_id, sent, request.hash))

    async def UpdateDraftFeatures(self, request: pb.UpdateDraftFeaturesRequest, context: Any) -> Result:
        features = struct_to_dict(request.features) if request.HasField("features") else None
        await self._db(self._workflows.set_features, caller(), request.app_id, features)
        return _DONE

    async def UpdateDraftEnvironmentVariables(
        self, request: pb.UpdateDraftEnvironmentVariablesRequest, context: Any
    ) -> Result:
        items = wire.objects(request.environment_variables)
        await self._db(self._workflows.set_environment, caller(), request.app_id, items)
        return _DONE

    async def UpdateDraftConversationVariables(
        self, request: pb.UpdateDraftConversationVariablesRequest, context: Any
    ) -> Result:
        items = wire.objects(request.conversation_variables)
        await self._db(self._workflows.set_conversation, caller(), request.app_id, items)
        return _DONE

    async def PublishWorkflow(self, request: pb.PublishWorkflowRequest, context: Any) -> pb.PublishWorkflowResponse:
        named = marks(request.marked_name, request.marked_comment)
        published = await self._publisher.publish(caller(), request.app_id, named)
        return pb.PublishWorkflowResponse(result="success", created_at=wire.unix(published.workflow.created_at))

    async def GetPublishedWorkflow(
        self, request: pb.GetPublishedWorkflowRequest, context: Any
    ) -> pb.GetPublishedWorkflowResponse:
        found = await self._db(self._workflows.published, caller(), request.app_id)
        return pb.GetPublishedWorkflowResponse(workflow=None if found is None else wire.workflow(found))

    async def ListWorkflows(self, request: pb.ListWorkflowsRequest, context: Any) -> pb.ListWorkflowsResponse:
        wanted = version_filter(
            page=request.page if request.HasField("page") else None,
            limit=request.limit if request.HasField("limit") else None,
            user_id=request.user_id, named_only=request.named_only,
        )  # fmt: skip
        return wire.versions(await self._db(self._workflows.versions, caller(), request.app_id, wanted))

    async def UpdateWorkflow(self, request: pb.UpdateWorkflowRequest, context: Any) -> pb.Workflow:
        named = marks(
            request.marked_name if request.HasField("marked_name") else None,
            request.marked_comment if request.HasField("marked_comment") else None,
        )
        return wire.workflow(
            await self._db(self._workflows.mark, caller(), request.app_id, request.workflow_id, named)
        )

    async def DeleteWorkflow(self, request: pb.DeleteWorkflowRequest, context: Any) -> Empty:
        await self._db(self._workflows.delete, caller(), request.app_id, request.workflow_id)
        await self._bus.publish("workflow", canonical(request.workflow_id))
        return Empty()

    async def RestoreWorkflow(self, request: pb.RestoreWorkflowRequest, context: Any) -> pb.SyncDraftWorkflowResponse:
        return wire.synced(
            await self._db(self._workflows.restore, caller(), request.app_id, request.workflow_id)
        )

    async def ListDefaultBlockConfigs(
        self, request: pb.ListDefaultBlockConfigsRequest, context: Any
    ) -> pb.ListDefaultBlockConfigsResponse:
        await self._db(self._workflows.require, caller(), request.app_id)
        return pb.ListDefaultBlockConfigsResponse(configs=[wire.struct(item) for item in blocks.block_configs()])

    async def GetDefaultBlockConfig(
        self, request: pb.GetDefaultBlockConfigRequest, context: Any
    ) -> pb.GetDefaultBlockConfigResponse:
        await self._db(self._workflows.require, caller(), request.app_id)
        found = blocks.block_config(request.block_type, wire.filters(request.q))
        return pb.GetDefaultBlockConfigResponse(config=None if found is None else wire.struct(found))

    async def ConvertToWorkflow(
        self, request: pb.ConvertToWorkflowRequest, context: Any
    ) -> pb.ConvertToWorkflowResponse:
        made = await self._db(
            self._converter.convert, caller(), request.app_id, name=request.name, icon_type=request.icon_type,
            icon=request.icon, icon_background=request.icon_background,
        )  # fmt: skip
        return pb.ConvertToWorkflowResponse(new_app_id=made)
