"""RPCs of apps and keys."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.app import wire
from server.app.importing import Importer, ImportService
from server.app.keys import KeyService
from server.app.model import App, ImportResult, app_fields, check_mode
from server.app.service import AppService, app_filter
from server.app.wire import AppPrinter
from server.bus import Bus
from server.db.bridge import Database
from server.edge.call import caller, current_call
from server.kit.errors import invalid_param
from server.kit.ids import canonical
from transom.common.v1.common_pb2 import Result
from transom.console.v1 import app_service_pb2 as pb
from transom.console.v1 import app_service_pb2_grpc as rpc

_IMPORT_STATUS = {"pending": 202, "failed": 400}


class AppServicer(rpc.AppServiceServicer):
    """Apps of the workspace."""

    def __init__(
        self, db: Database, apps: AppService, imports: ImportService, importer: Importer, printer: AppPrinter, bus: Bus
    ) -> None:
        self._db = db
        self._apps = apps
        self._imports = imports
        self._importer = importer
        self._print = printer
        self._bus = bus

    async def ListApps(self, request: pb.ListAppsRequest, context: Any) -> pb.ListAppsResponse:
        wanted = app_filter(
            caller(), mode=request.mode, name=request.name, tag_ids=request.tag_ids, own=request.is_created_by_me,
            page=request.page if request.HasField("page") else None,
            limit=request.limit if request.HasField("limit") else None,
        )  # fmt: skip
        return self._print.page(await self._db(self._apps.list, caller(), wanted))

    async def CreateApp(self, request: pb.CreateAppRequest, context: Any) -> pb.AppDetail:
        mode = check_mode(request.mode)
        fields = app_fields(
            request.name, request.description, request.icon_type, request.icon, request.icon_background
        )
        return self._print.detail(await self._db(self._apps.create, caller(), mode, fields))

    async def GetApp(self, request: pb.GetAppRequest, context: Any) -> pb.AppDetailWithSite:
        return self._print.with_site(await self._db(self._apps.get, caller(), request.app_id))

    async def UpdateApp(self, request: pb.UpdateAppRequest, context: Any) -> pb.AppDetailWithSite:
        app = await self._db(self._apps.update, caller(), request.app_id, wire.change(request))
        await self._bus.publish("app", app.id)
        return self._print.with_site(app)

    async def DeleteApp(self, request: pb.DeleteAppRequest, context: Any) -> Empty:
        await self._db(self._apps.delete, caller(), request.app_id)
        await self._bus.publish("app", canonical(request.app_id))
        return Empty()

    async def CopyApp(self, request: pb.CopyAppRequest, context: Any) -> pb.AppDetailWithSite:
        order = wire.copy_order(request)
        return self._print.with_site(await self._db(self._imports.copy, caller(), request.app_id, order))

    async def ExportApp(self, request: pb.ExportAppRequest, context: Any) -> pb.ExportAppResponse:
        text = await self._db(
            self._imports.export, caller(), request.app_id, include_secret=request.include_secret,
            workflow_id=request.workflow_id,
        )
        return pb.ExportAppResponse(data=text)

    async def ImportApp(self, request: pb.ImportAppRequest, context: Any) -> pb.ImportAppResponse:
        order = wire.import_order(request)
        result = await self._importer.begin(
            caller(), order, request.mode, request.yaml_content, request.yaml_url
        )
        return await self._imported(result)

    async def ConfirmImport(self, request: pb.ConfirmImportRequest, context: Any) -> pb.ImportAppResponse:
        return await self._imported(await self._importer.confirm(caller(), request.import_id))

    async def _imported(self, result: ImportResult) -> pb.ImportAppResponse:
        current_call().status = _IMPORT_STATUS.get(result.status, 200)
        if result.app_id and result.status != "pending":
            await self._bus.publish("app", result.app_id)
        return wire.imported(result)

    async def CheckImportDependencies(
        self, request: pb.CheckImportDependenciesRequest, context: Any
    ) -> pb.CheckImportDependenciesResponse:
        return wire.dependencies(await self._db(self._imports.leaked_dependencies, caller(), request.app_id))

    async def UpdateModelConfig(self, request: pb.UpdateModelConfigRequest, context: Any) -> Result:
        await self._db(self._apps.update_model_config, caller(), request.app_id, wire.document(request))
        await self._bus.publish("app", canonical(request.app_id))
        return Result(result="success")

    async def SetSiteEnabled(self, request: pb.SetSiteEnabledRequest, context: Any) -> pb.AppDetail:
        if not request.HasField("enable_site"):
            raise invalid_param("enable_site is required")
        return await self._told(
            await self._db(self._apps.set_enabled, caller(), request.app_id, site=request.enable_site)
        )

    async def SetApiEnabled(self, request: pb.SetApiEnabledRequest, context: Any) -> pb.AppDetail:
        if not request.HasField("enable_api"):
            raise invalid_param("enable_api is required")
        return await self._told(
            await self._db(self._apps.set_enabled, caller(), request.app_id, api=request.enable_api)
        )

    async def RenameApp(self, request: pb.RenameAppRequest, context: Any) -> pb.AppDetail:
        return await self._told(await self._db(self._apps.rename, caller(), request.app_id, request.name))

    async def SetAppIcon(self, request: pb.SetAppIconRequest, context: Any) -> pb.AppDetail:
        icon = request.icon_type, request.icon, request.icon_background
        return await self._told(await self._db(self._apps.set_icon, caller(), request.app_id, *icon))

    async def _told(self, app: App) -> pb.AppDetail:
        await self._bus.publish("app", app.id)
        return self._print.detail(app)

    async def UpdateSite(self, request: pb.UpdateSiteRequest, context: Any) -> pb.Site:
        sent = wire.site_sent(request)
        return await self._site(await self._db(self._apps.update_site, caller(), request.app_id, sent))

    async def ResetSiteCode(self, request: pb.ResetSiteCodeRequest, context: Any) -> pb.Site:
        return await self._site(await self._db(self._apps.reset_site_code, caller(), request.app_id))

    async def _site(self, app: App) -> pb.Site:
        await self._bus.publish("app", app.id)
        site = self._print.site(app)
        assert site is not None, "the change has found it"
        return site


class ApiKeyServicer(rpc.ApiKeyServiceServicer):
    """Keys of apps and of the workspace's datasets."""

    def __init__(self, db: Database, keys: KeyService, bus: Bus) -> None:
        self._db = db
        self._keys = keys
        self._bus = bus

    async def ListAppKeys(self, request: pb.ListAppKeysRequest, context: Any) -> pb.ListKeysResponse:
        return wire.keys(await self._db(self._keys.list, caller(), request.app_id))

    async def CreateAppKey(self, request: pb.CreateAppKeyRequest, context: Any) -> pb.ApiKey:
        return wire.key(await self._db(self._keys.create, caller(), request.app_id))

    async def DeleteAppKey(self, request: pb.DeleteAppKeyRequest, context: Any) -> Empty:
        return await self._delete(request.app_id, request.key_id)

    async def ListDatasetKeys(self, request: pb.ListDatasetKeysRequest, context: Any) -> pb.ListKeysResponse:
        return wire.keys(await self._db(self._keys.list, caller(), None))

    async def CreateDatasetKey(self, request: pb.CreateDatasetKeyRequest, context: Any) -> pb.ApiKey:
        return wire.key(await self._db(self._keys.create, caller(), None))

    async def DeleteDatasetKey(self, request: pb.DeleteDatasetKeyRequest, context: Any) -> Empty:
        return await self._delete(None, request.key_id)

    async def _delete(self, app_id: str | None, key_id: str) -> Empty:
        hashed = await self._db(self._keys.delete, caller(), app_id, key_id)
        await self._bus.publish("key", hashed)
        return Empty()
