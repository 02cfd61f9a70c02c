"""The RPCs of passports and of what a page shows first: parse, call, print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from server.access.passports import Passports
from server.app_info.service import AppInfoService
from server.app_info.servicer import AppInfoServicer
from server.db.bridge import Database
from server.edge.call import caller, current_call
from server.edge.printer import Constant
from server.kit.errors import AppError, bad_request
from server.web import wire
from transom.app.v1 import app_info_service_pb2 as info_pb
from transom.common.v1.common_pb2 import Result
from transom.web.v1 import passport_service_pb2 as pb
from transom.web.v1 import passport_service_pb2_grpc as pb_grpc

Context = Any


class PassportServicer(pb_grpc.PassportServiceServicer):
    """How visitors get in."""

    def __init__(self, passports: Passports) -> None:
        self._passports = passports

    async def GetPassport(self, request: pb.GetPassportRequest, context: Context) -> pb.GetPassportResponse:
        """A passport for an app's page."""
        code = current_call().metadata.get("x-app-code", "").strip()
        return pb.GetPassportResponse(access_token=await self._passports.issue(code, request.user_id))

    async def GetAccessMode(self, request: pb.GetAccessModeRequest, context: Context) -> pb.GetAccessModeResponse:
        """Who may open a page."""
        if not request.app_id and not request.app_code:
            raise bad_request("appId or appCode must be provided")
        return pb.GetAccessModeResponse(access_mode="public")

    async def GetPermission(self, request: pb.GetPermissionRequest, context: Context) -> pb.GetPermissionResponse:
        """Whether the visitor may open a page."""
        if not request.app_id:
            raise bad_request("appId must be provided")
        return pb.GetPermissionResponse(result=True)

    async def GetLoginStatus(self, request: pb.GetLoginStatusRequest, context: Context) -> pb.GetLoginStatusResponse:
        """Whether the visitor has a good passport."""
        try:
            visitor = await self._passports.read(current_call().metadata)
        except AppError:
            return pb.GetLoginStatusResponse(logged_in=True, app_logged_in=False)
        mine = not request.user_id or visitor.the_user.session_id == request.user_id
        return pb.GetLoginStatusResponse(logged_in=True, app_logged_in=mine)

    async def LogoutVisitor(self, request: pb.LogoutVisitorRequest, context: Context) -> Result:
        """Public pages have no login to end."""
        return Result(result="success")


class WebAppServicer(pb_grpc.WebAppServiceServicer):
    """What a page shows before the first message."""

    def __init__(
        self, db: Database, infos: AppInfoService, service_api: AppInfoServicer, link: Callable[[str], str]
    ) -> None:
        """``service_api`` answers what both APIs answer alike."""
        self._db = db
        self._infos = infos
        self._service_api = service_api
        self._link = link

    async def GetWebParameters(self, request: info_pb.GetParametersRequest, context: Context) -> Constant:
        """Features, input form and limits."""
        return await self._service_api.GetParameters(request, context)

    async def GetWebMeta(self, request: info_pb.GetMetaRequest, context: Context) -> info_pb.GetMetaResponse:
        """Icons of tools."""
        return await self._service_api.GetMeta(request, context)

    async def GetWebSite(self, request: pb.GetWebSiteRequest, context: Context) -> pb.GetWebSiteResponse:
        """Settings of the page."""
        who = caller()
        return wire.site(who, await self._db(self._infos.site, who), self._link)
