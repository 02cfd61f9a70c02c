"""Apps, keys and imports as messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from google.protobuf.struct_pb2 import Struct

from server.app import dsl
from server.app.model import (
    ApiKey,
    App,
    AppChange,
    AppPage,
    AppWorkflow,
    Config,
    ImportOrder,
    ImportResult,
    Site,
    app_fields,
    check_icon,
    check_max_active_requests,
)
from server.chat import model_config
from server.edge.printer import struct_to_dict
from server.kit.plain import clean_text
from transom.console.v1 import app_service_pb2 as pb

_DETAIL = (
    "id", "name", "description", "icon", "icon_background", "enable_site", "enable_api", "use_icon_as_answer_icon",
    "created_by", "updated_by",
)  # fmt: skip
_WITH_SITE = (*_DETAIL, "icon_type", "max_active_requests")
_PARTIAL = (
    "id", "name", "max_active_requests", "description", "icon_type", "icon", "icon_background",
    "use_icon_as_answer_icon", "created_by", "updated_by", "author_name",
)  # fmt: skip
_SITE = tuple(name for name in Site.__dataclass_fields__ if name not in ("created_at", "updated_at"))


class AppPrinter:
    """Prints apps. ``file_link`` makes the signed address of an uploaded file."""

    def __init__(self, public_url: str, file_link: Callable[[str], str]) -> None:
        self._url = public_url.rstrip("/")
        self._file_link = file_link

    def page(self, page: AppPage) -> pb.ListAppsResponse:
        """One page of a list."""
        return pb.ListAppsResponse(
            page=page.page, limit=page.limit, total=page.total, has_more=page.has_more,
            data=[self._partial(app) for app in page.apps],
        )  # fmt: skip

    def _partial(self, app: App) -> pb.AppPartial:
        return pb.AppPartial(
            **_fields(app, _PARTIAL), **_shared(app), create_user_name=app.author_name, icon_url=self._icon_url(app),
            model_config=_struct(_short(app.config)), has_draft_trigger=app.has_trigger,
        )  # fmt: skip

    def detail(self, app: App) -> pb.AppDetail:
        """An app."""
        return pb.AppDetail(**_fields(app, _DETAIL), **_shared(app), model_config=_struct(_full(app.config)))

    def with_site(self, app: App) -> pb.AppDetailWithSite:
        """An app with its site."""
        return pb.AppDetailWithSite(
            **_fields(app, _WITH_SITE), **_shared(app), model_config=_struct(_full(app.config)),
            icon_url=self._icon_url(app), api_base_url=f"{self._url}/v1", site=self.site(app),
        )  # fmt: skip

    def site(self, app: App) -> pb.Site | None:
        """The web page of an app, None without one."""
        site = app.site
        if site is None:
            return None
        same_icon = (site.icon_type, site.icon) == (app.icon_type, app.icon)
        return pb.Site(
            **_fields(site, _SITE), access_token=site.code, app_base_url=self._url, created_at=_unix(site.created_at),
            updated_at=_unix(site.updated_at), icon_url=self._icon_url(app) if same_icon else None,
        )  # fmt: skip

    def _icon_url(self, app: App) -> str | None:
        return self._file_link(app.icon_file) if app.icon_file else None


def _fields(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _shared(app: App) -> dict[str, Any]:
    return {
        "mode": _shown_mode(app), "created_at": _unix(app.created_at), "updated_at": _unix(app.updated_at),
        "workflow": _workflow(app.workflow),
        "tags": [pb.AppTag(id=tag.id, name=tag.name, type="app") for tag in app.tags],
    }  # fmt: skip


def _workflow(workflow: AppWorkflow | None) -> pb.AppWorkflow | None:
    if workflow is None:
        return None
    return pb.AppWorkflow(
        id=workflow.id, created_by=workflow.created_by, created_at=_unix(workflow.created_at),
        updated_by=workflow.updated_by, updated_at=_unix(workflow.updated_at),
    )  # fmt: skip


def _shown_mode(app: App) -> str:
    """An old chat app whose agent mode is on reads as an agent."""
    if app.mode != "chat" or app.config is None:
        return app.mode
    return model_config.effective_mode(app.mode, model_config.parse(app.config.document))


def _short(config: Config | None) -> Mapping[str, Any] | None:
    if config is None:
        return None
    return {key: config.document.get(key) for key in ("model", "pre_prompt")} | _stamps(config)


def _full(config: Config | None) -> Mapping[str, Any] | None:
    return None if config is None else model_config.to_console(config.document) | _stamps(config)


def _stamps(config: Config) -> dict[str, Any]:
    """Versions are never changed, so a version was updated when it was made."""
    at = _unix(config.created_at)
    return {"created_by": config.created_by, "created_at": at, "updated_by": config.created_by, "updated_at": at}


def _struct(value: Mapping[str, Any] | None) -> Struct | None:
    if value is None:
        return None
    struct = Struct()
    struct.update(value)
    return struct


def _unix(at: datetime) -> int:
    return int(at.timestamp())


def change(request: pb.UpdateAppRequest) -> AppChange:
    """The change that a request asks for. Raises invalid_param."""
    fields = app_fields(request.name, request.description, request.icon_type, request.icon, request.icon_background)
    wanted = request.max_active_requests if request.HasField("max_active_requests") else None
    return AppChange(fields, request.use_icon_as_answer_icon, check_max_active_requests(wanted))


def site_sent(request: pb.UpdateSiteRequest) -> dict[str, Any]:
    """What a request says about a web page."""
    return {field.name: value for field, value in request.ListFields() if field.name != "app_id"}


def document(request: pb.UpdateModelConfigRequest) -> dict[str, Any]:
    """The posted configuration."""
    return struct_to_dict(request.model_config)


def import_order(request: pb.ImportAppRequest) -> ImportOrder:
    """What an import asks for besides the file. Raises invalid_param."""
    check_icon(request.icon_type, request.icon, request.icon_background)
    return ImportOrder(
        name=clean_text(request.name), description=clean_text(request.description), icon_type=request.icon_type,
        icon=clean_text(request.icon), icon_background=clean_text(request.icon_background), app_id=request.app_id,
        use_default_model=request.use_default_model,
    )  # fmt: skip


def copy_order(request: pb.CopyAppRequest) -> ImportOrder:
    """What a copy is called otherwise. Raises invalid_param."""
    # A name that is not given is the app's own, which is valid.
    app_fields(request.name or "-", request.description, request.icon_type, request.icon, request.icon_background)
    return ImportOrder(
        name=clean_text(request.name), description=clean_text(request.description), icon_type=request.icon_type,
        icon=clean_text(request.icon), icon_background=clean_text(request.icon_background),
    )  # fmt: skip


def imported(result: ImportResult) -> pb.ImportAppResponse:
    """How an import ended."""
    return pb.ImportAppResponse(
        id=result.id, status=result.status, app_id=result.app_id, app_mode=result.app_mode, error=result.error,
        current_dsl_version=dsl.CURRENT_VERSION, imported_dsl_version=result.imported_version,
        warnings=result.warnings,
    )  # fmt: skip


def dependencies(values: list[Mapping[str, Any]]) -> pb.CheckImportDependenciesResponse:
    """Plugins that the server lacks."""
    return pb.CheckImportDependenciesResponse(
        leaked_dependencies=[
            _struct({key: value.get(key) for key in ("type", "value", "current_identifier")}) for value in values
        ]
    )


def key(value: ApiKey) -> pb.ApiKey:
    """A key in clear."""
    message = pb.ApiKey(id=value.id, type=value.type, token=value.token, created_at=_unix(value.created_at))
    if value.last_used_at:
        message.last_used_at = _unix(value.last_used_at)
    return message


def keys(values: list[ApiKey]) -> pb.ListKeysResponse:
    """Keys in clear."""
    return pb.ListKeysResponse(data=[key(value) for value in values])
