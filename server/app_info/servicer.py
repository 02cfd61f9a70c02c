"""The RPCs of app information: parse, call, print."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from server.annotation.model import Setting
from server.app_info import wire
from server.app_info.model import graph_icons, tool_icons
from server.app_info.service import AppInfoService
from server.chat.parameters import UploadLimits, graph_parameters, parameters
from server.db.bridge import Database
from server.edge.call import caller
from server.edge.printer import Constant
from server.kit.caller import AppContext
from server.kit.errors import AppError, Reason
from server.workflow.library import WorkflowLibrary
from transom.app.v1 import app_info_service_pb2 as pb
from transom.app.v1 import app_info_service_pb2_grpc as pb_grpc

Context = Any
_KEPT = 1000


class AppInfoServicer(pb_grpc.AppInfoServiceServicer):
    """Information for clients of an app. ``link`` signs an upload's address."""

    def __init__(
        self, db: Database, infos: AppInfoService, workflows: WorkflowLibrary, limits: UploadLimits,
        link: Callable[[str], str], version: str, annotation_reply: Callable[[str, str], Awaitable[Setting | None]],
    ) -> None:  # fmt: skip
        self._db = db
        self._infos = infos
        self._workflows = workflows
        self._limits = limits
        self._link = link
        self._annotation_reply = annotation_reply
        self._root = pb.GetRootResponse(welcome="Dify OpenAPI", api_version="v1", server_version=version)
        # Every client asks for parameters first, and neither a configuration nor a version of a workflow changes: it
        # gets a new id.
        self._parameters: OrderedDict[tuple[str, Setting | None], Constant] = OrderedDict()

    async def GetRoot(self, request: pb.GetRootRequest, context: Context) -> pb.GetRootResponse:
        """Who answers here."""
        return self._root

    async def GetParameters(self, request: pb.GetParametersRequest, context: Context) -> Constant:
        """Features, input form and limits."""
        app = caller().the_app
        setting = await self._annotation_reply(app.tenant_id, app.app_id)
        ready = self._parameters.get((app.workflow_id or app.app_config_id or "", setting))
        return ready if ready is not None else await self._made(app, setting)

    async def GetInfo(self, request: pb.GetInfoRequest, context: Context) -> pb.GetInfoResponse:
        """Name, description, tags, mode, author."""
        who = caller()
        return wire.info(who.the_app, await self._db(self._infos.about, who))

    async def GetMeta(self, request: pb.GetMetaRequest, context: Context) -> pb.GetMetaResponse:
        """Icons of tools."""
        app = caller().the_app
        if app.workflow_id is not None:
            return wire.meta(graph_icons((await self._workflows.published(app)).document))
        return wire.meta(tool_icons(app.document))

    async def GetSite(self, request: pb.GetSiteRequest, context: Context) -> pb.GetSiteResponse:
        """Settings of the app's page."""
        return wire.site(await self._db(self._infos.site, caller()), self._link)

    async def GetEndUser(self, request: pb.GetEndUserRequest, context: Context) -> pb.GetEndUserResponse:
        """One end user."""
        return wire.end_user(await self._db(self._infos.end_user, caller(), request.end_user_id))

    async def _made(self, app: AppContext, setting: Setting | None) -> Constant:
        """The reply for a configuration or version that is seen for the first time."""
        annotation_reply = setting.shown() if setting else None
        if app.workflow_id is not None:
            key, workflow = app.workflow_id, await self._workflows.published(app)
            body = graph_parameters(workflow.features, workflow.start_variables, self._limits, annotation_reply)
        elif app.app_config_id is not None and app.document is not None:
            key, body = app.app_config_id, parameters(app.document, self._limits, annotation_reply)
        else:
            # A graph app speaks for its published version, and has none.
            raise AppError(Reason.APP_UNAVAILABLE)
        reply = Constant(wire.parameters(body))
        self._parameters[key, setting] = reply
        if len(self._parameters) > _KEPT:
            self._parameters.popitem(last=False)
        return reply
