"""Apps of a workspace (console-api.md section 6): one public method is one transaction.

Every method takes the caller, whose workspace bounds what it sees; an app of another
workspace is app_not_found like one that never was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.app.model import (
    LIST_MODES,
    App,
    AppChange,
    AppFields,
    AppFilter,
    AppPage,
    NewApp,
    app_fields,
    check_name,
    site_change,
)
from server.app.ports import LookExtensions, LookModels
from server.app.store import AppStore
from server.chat import model_config, model_rules
from server.chat.model_config import EASY_MODES
from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.ids import canonical, is_uuid, new_id
from server.limits.quotas import require_app
from server.llm.names import OPENAI

_MOST_PAGES = 99_999
_LONGEST_PAGE = 100
# What a new app names in a workspace without any model; a run then says that the provider needs credentials.
_FALLBACK_MODEL = (OPENAI, "gpt-4o")


class AppService:
    """Use cases of apps."""

    def __init__(self, uow: UowFactory, look: LookModels, extensions: LookExtensions) -> None:
        self._uow = uow
        self._look = look
        self._extensions = extensions

    def list(self, caller: Caller, wanted: AppFilter) -> AppPage:
        """One page of apps, newest first: two statements."""
        with self._uow() as uow:
            total, apps = AppStore(uow).page(caller.tenant_id, wanted)
        return AppPage(wanted.page, wanted.limit, total, tuple(apps))

    def get(self, caller: Caller, app_id: str) -> App:
        """An app with its configuration and site. Raises app_not_found."""
        with self._uow() as uow:
            return _found(AppStore(uow), caller, app_id)

    def create(self, caller: Caller, mode: str, fields: AppFields) -> App:
        """Make an app; a chat, agent or completion app gets the default configuration and model."""
        document = self.default_document(caller.tenant_id, mode)
        with self._uow() as uow:
            app_id = self.add(uow, caller, NewApp(fields=fields, mode=mode, document=document))
            app = _found(AppStore(uow), caller, app_id)
            uow.commit()
            return app

    def add(self, uow: UnitOfWork, caller: Caller, new: NewApp, app_id: str | None = None) -> str:
        """Make an app inside someone else's transaction; its id. Raises forbidden when the plan allows no more."""
        require_app(uow, caller.tenant_id)
        app_id = app_id or new_id()
        AppStore(uow).add(caller.tenant_id, caller.the_account, app_id, new)
        return app_id

    def default_document(self, tenant_id: str, mode: str) -> dict[str, Any] | None:
        """The configuration of a new app; None for workflow modes, which begin without one."""
        if mode not in EASY_MODES:
            return None
        models = self._look(tenant_id)
        provider, name = models.default("llm") or _FALLBACK_MODEL
        kind = models.known("llm").get(provider, {}).get(name) or "chat"
        return model_config.default_document(mode, {"provider": provider, "name": name, "mode": kind})

    def update(self, caller: Caller, app_id: str, change: AppChange) -> App:
        """Replace an app's own fields. Raises app_not_found."""
        with self._uow() as uow:
            store = AppStore(uow)
            store.change(caller.tenant_id, caller.the_account, _app_id(app_id), change)
            app = _found(store, caller, app_id)
            uow.commit()
            return app

    def delete(self, caller: Caller, app_id: str) -> None:
        """Delete an app; its keys stop at once, its data go in the background. Raises app_not_found."""
        with self._uow() as uow:
            if not AppStore(uow).delete(caller.tenant_id, _app_id(app_id)):
                raise AppError(Reason.APP_NOT_FOUND)
            uow.commit()

    def set_enabled(self, caller: Caller, app_id: str, *, site: bool | None = None, api: bool | None = None) -> App:
        """Open or close the web page or the Service API. Raises app_not_found."""
        wanted = (("enable_site", site), ("enable_api", api))
        return self._changed(caller, app_id, {key: value for key, value in wanted if value is not None})

    def rename(self, caller: Caller, app_id: str, name: str) -> App:
        """Give an app another name. Raises app_not_found, invalid_param."""
        return self._changed(caller, app_id, {"name": check_name(name)})

    def set_icon(self, caller: Caller, app_id: str, icon_type: str, icon: str, icon_background: str) -> App:
        """Give an app another icon. Raises app_not_found, invalid_param."""
        fields = app_fields("-", "", icon_type, icon, icon_background)
        values: dict[str, object] = {"icon": fields.icon, "icon_background": fields.icon_background}
        if fields.icon_type is not None:
            values["icon_type"] = fields.icon_type
        return self._changed(caller, app_id, values)

    def _changed(self, caller: Caller, app_id: str, values: Mapping[str, object]) -> App:
        with self._uow() as uow:
            store = AppStore(uow)
            store.update(caller.tenant_id, caller.the_account, _app_id(app_id), **values)
            app = _found(store, caller, app_id)
            uow.commit()
            return app

    def update_site(self, caller: Caller, app_id: str, sent: Mapping[str, Any]) -> App:
        """Change the web page; what is not sent stays. Raises app_not_found, not_found, invalid_param."""
        values = site_change(sent)
        with self._uow() as uow:
            store = AppStore(uow)
            _found(store, caller, app_id)
            if not store.update_site(caller.tenant_id, caller.the_account, _app_id(app_id), values):
                raise not_found("Site not found")
            app = _found(store, caller, app_id)
            uow.commit()
            return app

    def reset_site_code(self, caller: Caller, app_id: str) -> App:
        """Give the web page another address. Raises app_not_found, not_found."""
        with self._uow() as uow:
            store = AppStore(uow)
            _found(store, caller, app_id)
            if not store.reset_site_code(caller.tenant_id, caller.the_account, _app_id(app_id)):
                raise not_found("Site not found")
            app = _found(store, caller, app_id)
            uow.commit()
            return app

    def update_model_config(self, caller: Caller, app_id: str, document: Mapping[str, Any]) -> None:
        """Store another version of the configuration and use it for what begins from now on.

        Raises app_not_found, also for workflow modes; invalid_param.
        """
        known, extensions = self._look(caller.tenant_id).known("llm"), self._extensions(caller.tenant_id)
        with self._uow() as uow:
            store = AppStore(uow)
            mode = store.mode(caller.tenant_id, _app_id(app_id))
            if mode not in EASY_MODES:
                raise AppError(Reason.APP_NOT_FOUND)
            valid = model_rules.validate(document, mode, known, extensions=extensions)
            mode = model_config.effective_mode(mode, model_config.parse(valid))
            store.use_config(caller.tenant_id, caller.the_account, _app_id(app_id), valid, mode)
            uow.commit()

    def checked_config(self, tenant_id: str, mode: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """A configuration that is not stored, checked like one that is. Raises invalid_param."""
        known, extensions = self._look(tenant_id).known("llm"), self._extensions(tenant_id)
        return model_rules.validate(document, mode, known, extensions=extensions)


def app_filter(
    caller: Caller, *, page: int | None, limit: int | None, mode: str, name: str, tag_ids: str, own: bool
) -> AppFilter:
    """Check the query of a list. Raises invalid_param."""
    page, limit = 1 if page is None else page, 20 if limit is None else limit
    if not 1 <= page <= _MOST_PAGES:
        raise invalid_param(f"page must be between 1 and {_MOST_PAGES}")
    if not 1 <= limit <= _LONGEST_PAGE:
        raise invalid_param(f"limit must be between 1 and {_LONGEST_PAGE}")
    if (mode or "all") not in LIST_MODES:
        raise invalid_param(f"mode must be one of {', '.join(LIST_MODES)}")
    tags = [tag.strip() for tag in tag_ids.split(",") if tag.strip()]
    if not all(is_uuid(tag) for tag in tags):
        raise invalid_param("Invalid UUID format in tag_ids.")
    return AppFilter(
        page=page, limit=limit, mode=mode or "all", name=name.replace("\x00", ""),
        tag_ids=tuple(canonical(tag) for tag in tags), created_by=caller.the_account if own else None,
    )  # fmt: skip


def _app_id(app_id: str) -> str:
    if not is_uuid(app_id):
        raise AppError(Reason.APP_NOT_FOUND)
    return canonical(app_id)


def _found(store: AppStore, caller: Caller, app_id: str) -> App:
    app = store.find(caller.tenant_id, _app_id(app_id))
    if app is None:
        raise AppError(Reason.APP_NOT_FOUND)
    return app
