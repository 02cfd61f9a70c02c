"""App files in and out: import, its confirmation, dependencies, export (app-dsl.md sections 6 and 7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from server.app import dsl
from server.app.dsl import AppFile, DslError, NamedModel
from server.app.model import App, AppFields, ImportOrder, ImportResult, NewApp
from server.app.ports import LookModels, WorkspaceModels
from server.app.service import AppService
from server.app.store import AppStore
from server.chat import model_config
from server.db.bridge import Database
from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, invalid_param
from server.kit.ids import canonical, is_uuid, new_id
from server.kit.outbound import Outbound, OutboundError, TooLargeError
from server.llm.names import GOOGLE, LOCAL, OPENAI, OPENAI_COMPATIBLE
from server.llm.port import ModelType
from server.workflow.service import WorkflowService

_PENDING = timedelta(minutes=10)
_URL_SECONDS = 10.0
_MAX_BYTES = 10 * 1024 * 1024
_LONGEST_NAME = 255
# Plugins whose providers this server has built in: "langgenius/openai" and the like.
_BUILT_IN = frozenset(name.rpartition("/")[0] for name in (GOOGLE, LOCAL, OPENAI, OPENAI_COMPATIBLE))


class ImportService:
    """Use cases of app files. One public method is one transaction; files are read before it."""

    def __init__(self, uow: UowFactory, apps: AppService, look: LookModels, workflows: WorkflowService) -> None:
        self._uow = uow
        self._apps = apps
        self._look = look
        self._workflows = workflows

    def finish(self, caller: Caller, order: ImportOrder, text: str, file: AppFile) -> ImportResult:
        """Make or overwrite the app, or keep the import for a confirmation. Raises DslError."""
        if file.status != "pending":
            return self._write(caller, order, file, new_id(), file.status)
        import_id = new_id()
        with self._uow() as uow:
            store = AppStore(uow)
            _target(store, caller, order, file)
            kept = {"yaml": text, "order": asdict(order)}
            store.keep_import(caller.tenant_id, caller.the_account, import_id, kept, _PENDING)
            uow.commit()
        return ImportResult(import_id, "pending", order.app_id or None, file.mode or None, file.version)

    def pending(self, caller: Caller, import_id: str) -> tuple[ImportOrder, str]:
        """The order and the file of an import that waits. Raises DslError after ten minutes."""
        with self._uow() as uow:
            kept = AppStore(uow).kept_import(caller.tenant_id, canonical(import_id)) if is_uuid(import_id) else None
        if kept is None:
            raise DslError(dsl.EXPIRED)
        return ImportOrder(**kept["order"]), kept["yaml"]

    def confirm(self, caller: Caller, import_id: str, order: ImportOrder, file: AppFile) -> ImportResult:
        """Finish an import that waits, once. Raises DslError."""
        import_id = canonical(import_id)

        def take(uow: UnitOfWork) -> None:
            if not AppStore(uow).take_import(caller.tenant_id, import_id):
                raise DslError(dsl.EXPIRED, file.version)

        return self._write(caller, order, file, import_id, "completed", take)

    def _write(
        self, caller: Caller, order: ImportOrder, file: AppFile, import_id: str, status: str,
        first: Callable[[UnitOfWork], None] = lambda _: None,
    ) -> ImportResult:  # fmt: skip
        file, warnings = self._fitted(caller.tenant_id, file, use_default=order.use_default_model)
        file = _named(file, order)
        with self._uow() as uow:
            first(uow)
            store = AppStore(uow)
            mode = _target(store, caller, order, file)
            if mode:
                app_id = canonical(order.app_id)
                self._overwrite(store, caller, app_id, file)
            else:
                mode = _stored_mode(file)
                app_id = self._apps.add(uow, caller, self._new_app(file, mode))
            if file.workflow is not None:
                self._write_draft(uow, caller, app_id, mode, file)
            uow.commit()
        if warnings and status == "completed":
            status = "completed-with-warnings"
        return ImportResult(import_id, status, app_id, mode, file.version, warnings=warnings)

    def _fitted(self, tenant_id: str, file: AppFile, *, use_default: bool) -> tuple[AppFile, tuple[str, ...]]:
        """The file with models that the workspace has, and a warning for each that it lacks."""
        named = dsl.models_named(file.model_config, file.workflow)
        if not named:
            return file, ()
        models = self._look(tenant_id)
        types: set[ModelType] = {model.model_type for model in named}
        known = {model for kind in types for model in _known(models, kind)}
        if use_default and not known.issuperset(named):
            defaults = {kind: NamedModel(*pair, kind) for kind in types if (pair := models.default(kind))}
            file = dsl.with_default_models(file, known, defaults)
            named = dsl.models_named(file.model_config, file.workflow)
            known |= set(defaults.values())
        return file, tuple(
            f"Model {model.name} ({model.model_type}) of {model.provider} is not available in this workspace."
            for model in named
            if model not in known
        )

    @staticmethod
    def _new_app(file: AppFile, mode: str) -> NewApp:
        return NewApp(
            fields=AppFields(file.name, file.description, file.icon_type, file.icon, file.icon_background),
            mode=mode, document=file.model_config, dependencies=file.dependencies,
            use_icon_as_answer_icon=file.use_icon_as_answer_icon,
        )  # fmt: skip

    @staticmethod
    def _overwrite(store: AppStore, caller: Caller, app_id: str, file: AppFile) -> None:
        values: dict[str, Any] = {"name": file.name} if file.name else {}
        store.update(
            caller.tenant_id, caller.the_account, app_id, description=file.description, icon_type=file.icon_type,
            icon=file.icon, icon_background=file.icon_background,
            use_icon_as_answer_icon=file.use_icon_as_answer_icon, dependencies=list(file.dependencies), **values,
        )  # fmt: skip

    def _write_draft(self, uow: UnitOfWork, caller: Caller, app_id: str, mode: str, file: AppFile) -> None:
        try:
            self._workflows.write_section(uow, caller, app_id, mode, file.workflow or {})
        except AppError as error:
            raise DslError(error.message or "", file.version) from error

    def copy(self, caller: Caller, app_id: str, order: ImportOrder) -> App:
        """Make another app like this one, secrets included; ``order`` says what is called otherwise.

        Raises app_not_found; invalid_param when a workflow app has no draft, or a text is too long.
        """
        text = self.export(caller, app_id, include_secret=True)
        try:
            made = self._write(caller, order, dsl.load(text), new_id(), "completed")
        except DslError as error:
            raise invalid_param(error.message) from error
        return self._apps.get(caller, made.app_id or "")

    def leaked_dependencies(self, caller: Caller, app_id: str) -> list[Mapping[str, Any]]:
        """Plugins that the app's file named and this server does not have built in. Raises app_not_found."""
        app = self._apps.get(caller, app_id)
        return [item for item in app.dependencies if _plugin_of(item) not in _BUILT_IN]

    def export(self, caller: Caller, app_id: str, *, include_secret: bool, workflow_id: str = "") -> str:
        """The app as an app file; a workflow's draft or a version of it.

        Raises app_not_found; invalid_param when a workflow app has no draft; not_found without the version.
        """
        app = self._apps.get(caller, app_id)
        workflow = None
        if app.mode in dsl.GRAPH_MODES:
            workflow = self._workflows.section(caller, app.id, workflow_id, include_secret=include_secret)
        return dsl.dump(_file(app, workflow))


class Importer:
    """The asynchronous part of an import: fetching and reading the file off the event loop."""

    def __init__(self, db: Database, imports: ImportService, outbound: Outbound) -> None:
        self._db = db
        self._imports = imports
        self._outbound = outbound

    async def begin(
        self, caller: Caller, order: ImportOrder, mode: str, yaml_content: str | None, yaml_url: str | None
    ) -> ImportResult:
        """Import a file, from a text or an address. A file that cannot be imported gives status ``failed``."""
        try:
            dsl.check_source(mode, yaml_content, yaml_url)
            text = (yaml_content or "") if mode == "yaml-content" else await self._fetch(yaml_url or "")
            file = await asyncio.to_thread(dsl.load, text)
            return await self._db(self._imports.finish, caller, order, text, file)
        except DslError as error:
            return _failed(new_id(), error)

    async def confirm(self, caller: Caller, import_id: str) -> ImportResult:
        """Finish an import that waits. One that cannot be finished gives status ``failed``."""
        try:
            order, text = await self._db(self._imports.pending, caller, import_id)
            file = await asyncio.to_thread(dsl.load, text, confirmed=True)
            return await self._db(self._imports.confirm, caller, import_id, order, file)
        except DslError as error:
            return _failed(import_id, error)

    async def _fetch(self, url: str) -> str:
        try:
            body = await self._outbound.fetch(dsl.raw_address(url), max_bytes=_MAX_BYTES, seconds=_URL_SECONDS)
            text = body.decode("utf-8-sig")
        except TooLargeError:
            raise DslError(dsl.TOO_LARGE) from None
        except (OutboundError, UnicodeDecodeError) as error:
            raise DslError(f"Cannot read yaml_url: {error}") from error
        if not text:
            raise DslError(dsl.EMPTY_URL_CONTENT)
        return text


def _known(models: WorkspaceModels, kind: ModelType) -> set[NamedModel]:
    found = models.known(kind).items()
    return {NamedModel(provider, name, kind) for provider, names in found for name in names}


def _target(store: AppStore, caller: Caller, order: ImportOrder, file: AppFile) -> str | None:
    """Mode of the app to overwrite; None when a new one is to be made. Raises DslError."""
    if not order.app_id:
        return None
    mode = store.mode(caller.tenant_id, canonical(order.app_id)) if is_uuid(order.app_id) else None
    if mode is None:
        raise DslError(dsl.APP_NOT_FOUND, file.version)
    if mode not in dsl.GRAPH_MODES or file.mode not in dsl.GRAPH_MODES:
        raise DslError(dsl.NOT_OVERWRITABLE, file.version)
    return mode


def _named(file: AppFile, order: ImportOrder) -> AppFile:
    """The file with what the order says instead. Raises DslError when a text is too long to store."""
    file = dsl.overridden(
        file, name=order.name, description=order.description, icon_type=order.icon_type, icon=order.icon,
        icon_background=order.icon_background,
    )  # fmt: skip
    for field in ("name", "icon", "icon_background"):
        if len(getattr(file, field)) > _LONGEST_NAME:
            raise DslError(f"{field} cannot exceed {_LONGEST_NAME} characters.", file.version)
    return replace(file, name=file.name.strip())


def _stored_mode(file: AppFile) -> str:
    if file.model_config is None:
        return file.mode
    return model_config.effective_mode(file.mode, model_config.parse(file.model_config))


def _file(app: App, workflow: Mapping[str, Any] | None) -> AppFile:
    icon_type: Any = app.icon_type or "emoji"
    return AppFile(
        name=app.name, mode=app.mode, description=app.description, icon_type=icon_type, icon=app.icon or "",
        icon_background=app.icon_background or "", use_icon_as_answer_icon=app.use_icon_as_answer_icon,
        model_config=model_config.to_console(app.config.document) if app.config else None, workflow=workflow,
        dependencies=app.dependencies,
    )  # fmt: skip


def _plugin_of(dependency: Mapping[str, Any]) -> str:
    """``author/name`` of a dependency, "" when it names none (app-dsl.md section 1)."""
    value = dependency.get("value")
    for key in ("marketplace_plugin_unique_identifier", "plugin_unique_identifier", "github_plugin_unique_identifier"):
        identifier = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(identifier, str):
            return identifier.partition(":")[0]
    return ""


def _failed(import_id: str, error: DslError) -> ImportResult:
    return ImportResult(import_id, "failed", imported_version=error.version, error=error.message)
