"""SQL of apps, configurations, sites and pending imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from server.app.model import App, AppChange, AppFilter, AppWorkflow, Config, NewApp, Site, Tag
from server.db.engine import UnitOfWork
from server.db.tables import (
    accounts,
    app_configs,
    app_datasets,
    apps,
    datasets,
    jobs,
    pending_imports,
    sites,
    tag_bindings,
    tags,
    upload_files,
)
from server.db.workflow_tables import workflows
from server.kit.ids import new_id, random_text
from server.retrieval.settings import dataset_ids

_SITE_CODE_LENGTH = 16
_PRUNE_AT_ONCE = 100

_now = sa.func.now()
_author = accounts.alias("author")
_TAGS = (
    sa.select(sa.func.json_agg(aggregate_order_by(sa.func.json_build_array(tags.c.id, tags.c.name), tags.c.name)))
    .select_from(tag_bindings.join(tags, tags.c.id == tag_bindings.c.tag_id))
    .where(tag_bindings.c.target_id == apps.c.id, tags.c.tenant_id == apps.c.tenant_id, tags.c.type == "app")
    .scalar_subquery()
    .label("tags")
)
_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
# The picture of an app is a link to a file, but only to a file of the same workspace.
_ICON_FILE = sa.case(
    (
        sa.and_(apps.c.icon_type == "image", apps.c.icon.regexp_match(_UUID)),
        sa.select(upload_files.c.id)
        .where(upload_files.c.id == sa.cast(apps.c.icon, sa.Uuid), upload_files.c.tenant_id == apps.c.tenant_id)
        .scalar_subquery(),
    )
).label("icon_file")
_published, _draft = workflows.alias("published"), workflows.alias("draft")
_HAS_TRIGGER = sa.func.coalesce(_draft.c.has_trigger, False).label("has_trigger")
_WORKFLOW_FIELDS = tuple(field.name for field in fields(AppWorkflow))
_WORKFLOW = tuple(_published.c[name].label(f"workflow_{name}") for name in _WORKFLOW_FIELDS)
_HEAD = (
    apps.c.id, apps.c.name, apps.c.description, apps.c.mode, apps.c.icon_type, apps.c.icon, apps.c.icon_background,
    apps.c.enable_site, apps.c.enable_api, apps.c.max_active_requests, apps.c.use_icon_as_answer_icon,
    apps.c.created_by, apps.c.updated_by, apps.c.created_at, apps.c.updated_at, _ICON_FILE, _HAS_TRIGGER,
)  # fmt: skip
_CONFIG = (
    app_configs.c.created_by.label("config_created_by"), app_configs.c.created_at.label("config_created_at"),
)  # fmt: skip
# Lists show two keys of a document; the rest would be most of the bytes.
_SHORT_DOCUMENT = sa.func.jsonb_build_object(
    "model", sa.cast(app_configs.c.document, JSONB)["model"],
    "pre_prompt", sa.cast(app_configs.c.document, JSONB)["pre_prompt"],
    "agent_mode", sa.cast(app_configs.c.document, JSONB)["agent_mode"],
).label("document")  # fmt: skip
_SITE_FIELDS = tuple(field.name for field in fields(Site))
_SITE = tuple(sites.c[name].label(f"site_{name}") for name in _SITE_FIELDS)
_FROM = (
    apps.outerjoin(app_configs, app_configs.c.id == apps.c.app_config_id)
    .outerjoin(_author, _author.c.id == apps.c.created_by)
    .outerjoin(_published, _published.c.id == apps.c.workflow_id)
    .outerjoin(_draft, sa.and_(_draft.c.app_id == apps.c.id, _draft.c.version == "draft"))
)
_LIST = sa.select(
    *_HEAD, *_CONFIG, *_WORKFLOW, _SHORT_DOCUMENT, _author.c.name.label("author_name"), _TAGS
).select_from(_FROM)
_ONE = (
    sa.select(
        *_HEAD, *_CONFIG, *_WORKFLOW, app_configs.c.document, _author.c.name.label("author_name"), _TAGS,
        apps.c.dependencies, *_SITE,
    )
    .select_from(_FROM.outerjoin(sites, sites.c.app_id == apps.c.id))
    .where(apps.c.tenant_id == sa.bindparam("tenant"), apps.c.id == sa.bindparam("app"))
)  # fmt: skip


class AppStore:
    """Apps in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def page(self, tenant_id: str, wanted: AppFilter) -> tuple[int, list[App]]:
        """How many apps match, and the page of them, newest first."""
        matches = _matches(tenant_id, wanted)
        total = self._uow.execute(sa.select(sa.func.count()).select_from(apps).where(*matches)).scalar_one()
        if total <= (wanted.page - 1) * wanted.limit:
            return total, []
        statement = _LIST.where(*matches).order_by(apps.c.created_at.desc(), apps.c.id.desc())
        rows = self._uow.execute(statement.limit(wanted.limit).offset((wanted.page - 1) * wanted.limit))
        return total, [_app(row) for row in rows]

    def find(self, tenant_id: str, app_id: str) -> App | None:
        """An app with its configuration and site."""
        row = self._uow.execute(_ONE, {"tenant": tenant_id, "app": app_id}).one_or_none()
        return _app(row, with_site=True) if row else None

    def mode(self, tenant_id: str, app_id: str) -> str | None:
        """Mode of an app; None when there is no such app. Locks the row."""
        return self._uow.execute(
            sa.select(apps.c.mode).where(apps.c.tenant_id == tenant_id, apps.c.id == app_id).with_for_update()
        ).scalar_one_or_none()

    def add(self, tenant_id: str, account_id: str, app_id: str, new: NewApp) -> None:
        """Make an app, its first configuration and its site."""
        config_id = new_id() if new.document is not None else None
        texts = {
            "icon_type": new.fields.icon_type, "icon": new.fields.icon, "icon_background": new.fields.icon_background,
            "use_icon_as_answer_icon": new.use_icon_as_answer_icon,
            "created_by": account_id, "updated_by": account_id,
        }  # fmt: skip
        self._uow.execute(
            sa.insert(apps).values(
                id=app_id, tenant_id=tenant_id, name=new.fields.name, description=new.fields.description,
                mode=new.mode, app_config_id=config_id, dependencies=_or_null(list(new.dependencies) or None), **texts,
            )
        )  # fmt: skip
        if new.document is not None:
            self._add_config(tenant_id, account_id, app_id, str(config_id), new.document)
        language = sa.select(accounts.c.interface_language).where(accounts.c.id == account_id).scalar_subquery()
        self._uow.execute(
            sa.insert(sites).values(
                id=new_id(), tenant_id=tenant_id, app_id=app_id, code=random_text(_SITE_CODE_LENGTH),
                title=new.fields.name, default_language=sa.func.coalesce(language, "en-US"), **texts,
            )
        )  # fmt: skip

    def _add_config(
        self, tenant_id: str, account_id: str, app_id: str, config_id: str, document: Mapping[str, Any]
    ) -> None:
        self._uow.execute(
            sa.insert(app_configs).values(
                id=config_id, tenant_id=tenant_id, app_id=app_id, document=document, created_by=account_id
            )
        )
        self._join_datasets(tenant_id, app_id, dataset_ids(document))

    def _join_datasets(self, tenant_id: str, app_id: str, ids: Sequence[str]) -> None:
        """Note which of the workspace's datasets an app searches; in use means that they are not deleted."""
        mine = sa.and_(app_datasets.c.tenant_id == tenant_id, app_datasets.c.app_id == app_id)
        self._uow.execute(sa.delete(app_datasets).where(mine))
        if ids:
            known = sa.select(sa.cast(app_id, sa.Uuid), datasets.c.id, datasets.c.tenant_id).where(
                datasets.c.tenant_id == tenant_id, datasets.c.id.in_(ids)
            )
            self._uow.execute(sa.insert(app_datasets).from_select(["app_id", "dataset_id", "tenant_id"], known))

    def use_config(
        self, tenant_id: str, account_id: str, app_id: str, document: Mapping[str, Any], mode: str
    ) -> None:
        """Store another version of the configuration and point the app at it."""
        config_id = new_id()
        self._add_config(tenant_id, account_id, app_id, config_id, document)
        self.update(tenant_id, account_id, app_id, app_config_id=config_id, mode=mode)

    def change(self, tenant_id: str, account_id: str, app_id: str, change: AppChange) -> bool:
        """Replace an app's own fields; False when there is no such app."""
        fields_ = change.fields
        values: dict[str, Any] = {} if fields_.icon_type is None else {"icon_type": fields_.icon_type}
        return self.update(
            tenant_id, account_id, app_id, name=fields_.name, description=fields_.description, icon=fields_.icon,
            icon_background=fields_.icon_background, use_icon_as_answer_icon=change.use_icon_as_answer_icon,
            max_active_requests=change.max_active_requests, **values,
        )  # fmt: skip

    def update(self, tenant_id: str, account_id: str, app_id: str, **values: object) -> bool:
        """Change columns; False when there is no such app."""
        result = self._uow.execute(
            sa.update(apps)
            .where(apps.c.tenant_id == tenant_id, apps.c.id == app_id)
            .values(updated_by=account_id, updated_at=_now, **values)
        )
        return result.rowcount == 1

    def update_site(self, tenant_id: str, account_id: str, app_id: str, values: Mapping[str, Any]) -> bool:
        """Change columns of an app's site; False when it has none."""
        changed = (
            sa.update(sites)
            .where(sites.c.tenant_id == tenant_id, sites.c.app_id == app_id)
            .values({**values, "updated_by": account_id, "updated_at": _now})
        )
        return self._uow.execute(changed).rowcount == 1

    def reset_site_code(self, tenant_id: str, account_id: str, app_id: str) -> bool:
        """Give an app's site another code; False when it has none."""
        return self.update_site(tenant_id, account_id, app_id, {"code": random_text(_SITE_CODE_LENGTH)})

    def delete(self, tenant_id: str, app_id: str) -> bool:
        """Delete an app and leave a job that deletes its data; False when there is no such app."""
        gone = self._uow.execute(sa.delete(apps).where(apps.c.tenant_id == tenant_id, apps.c.id == app_id))
        if gone.rowcount == 0:
            return False
        # At once: a dataset that nothing uses any more may be deleted.
        self._uow.execute(
            sa.delete(app_datasets).where(app_datasets.c.tenant_id == tenant_id, app_datasets.c.app_id == app_id)
        )
        payload = {"tenant_id": tenant_id, "app_id": app_id}
        self._uow.execute(sa.insert(jobs).values(kind="purge_app", payload=payload))
        return True

    # Imports that wait for a confirmation

    def keep_import(
        self, tenant_id: str, account_id: str, import_id: str, document: Mapping[str, Any], life: timedelta
    ) -> None:
        """Keep an import for a while; outdated ones go."""
        stale = sa.select(pending_imports.c.id).where(pending_imports.c.expires_at < _now).limit(_PRUNE_AT_ONCE)
        self._uow.execute(sa.delete(pending_imports).where(pending_imports.c.id.in_(stale)))
        self._uow.execute(
            sa.insert(pending_imports).values(
                id=import_id, tenant_id=tenant_id, account_id=account_id, document=document, expires_at=_now + life
            )
        )

    def kept_import(self, tenant_id: str, import_id: str) -> dict[str, Any] | None:
        """A kept import that is not outdated."""
        return self._uow.execute(
            sa.select(pending_imports.c.document).where(*_kept(tenant_id, import_id))
        ).scalar_one_or_none()

    def take_import(self, tenant_id: str, import_id: str) -> bool:
        """Use a kept import up; False when someone else did or its time is over."""
        return self._uow.execute(sa.delete(pending_imports).where(*_kept(tenant_id, import_id))).rowcount == 1


def _kept(tenant_id: str, import_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    table = pending_imports.c
    return table.tenant_id == tenant_id, table.id == import_id, table.expires_at > _now


def _matches(tenant_id: str, wanted: AppFilter) -> list[sa.ColumnElement[bool]]:
    matches = [apps.c.tenant_id == tenant_id]
    if wanted.mode != "all":
        matches.append(apps.c.mode == wanted.mode)
    if wanted.name:
        matches.append(apps.c.name.icontains(wanted.name, autoescape=True))
    if wanted.created_by:
        matches.append(apps.c.created_by == wanted.created_by)
    if wanted.tag_ids:
        bound = sa.select(tag_bindings.c.target_id).where(
            tag_bindings.c.tenant_id == tenant_id, tag_bindings.c.tag_id.in_(wanted.tag_ids)
        )
        matches.append(apps.c.id.in_(bound))
    return matches


def _or_null(value: object) -> object:
    """SQL NULL instead of JSON null."""
    return sa.null() if value is None else value


def _app(row: sa.Row[Any], *, with_site: bool = False) -> App:
    columns = row._mapping
    config = None
    if row.config_created_at is not None:
        config = Config(row.document, row.config_created_by, row.config_created_at)
    workflow = None
    if row.workflow_id is not None:
        workflow = AppWorkflow(**{name: columns[f"workflow_{name}"] for name in _WORKFLOW_FIELDS})
    site = None
    if with_site and row.site_code is not None:
        site = Site(**{name: columns[f"site_{name}"] for name in _SITE_FIELDS})
    return App(
        **{column.name: columns[column.name] for column in _HEAD},
        author_name=row.author_name, tags=tuple(Tag(*pair) for pair in row.tags or ()), config=config, site=site,
        workflow=workflow,
        dependencies=tuple(row.dependencies or ()) if with_site else (),
    )  # fmt: skip
