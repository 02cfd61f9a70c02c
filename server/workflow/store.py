"""SQL of drafts and versions. Every statement is scoped to one app of one workspace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import accounts, app_datasets, apps, datasets
from server.db.workflow_tables import workflow_draft_variables, workflows
from server.kit.ids import new_id
from server.workflow.model import DRAFT, Author, Content, Marks, VersionFilter, Workflow
from server.workflow.rules import has_trigger

_W = workflows.c
_now = sa.func.now()
_maker, _changer = accounts.alias("maker"), accounts.alias("changer")
_CONTENT = (_W.graph, _W.features, _W.environment_variables, _W.conversation_variables)
_ONE = sa.select(
    _W.id, _W.app_id, _W.version, _W.marked_name, _W.marked_comment, *_CONTENT, _W.created_at, _W.updated_at,
    *(
        person.c[name].label(f"{person.name}_{name}")
        for person in (_maker, _changer)
        for name in ("id", "name", "email")
    ),
).select_from(
    workflows.outerjoin(_maker, _maker.c.id == _W.created_by).outerjoin(_changer, _changer.c.id == _W.updated_by)
)  # fmt: skip
# What a run is made from: read once a version and process.
_BARE = hot(
    sa.select(_W.id, _W.version, *_CONTENT).where(
        _W.tenant_id == sa.bindparam("tenant"), _W.app_id == sa.bindparam("app"), _W.id == sa.bindparam("workflow")
    )
)


class WorkflowStore:
    """Drafts and versions in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def mode(self, tenant_id: str, app_id: str, *, lock: bool = False) -> str | None:
        """Mode of an app; None when there is no such app. ``lock`` holds off others who change its workflow."""
        statement = sa.select(apps.c.mode).where(apps.c.tenant_id == tenant_id, apps.c.id == app_id)
        return self._uow.execute(statement.with_for_update() if lock else statement).scalar_one_or_none()

    def draft(self, tenant_id: str, app_id: str) -> Workflow | None:
        """The draft."""
        statement = _ONE.where(_W.tenant_id == tenant_id, _W.app_id == app_id, _W.version == DRAFT)
        row = self._uow.execute(statement).one_or_none()
        return _workflow(row) if row else None

    def version(self, tenant_id: str, app_id: str, workflow_id: str) -> Workflow | None:
        """A version, or the draft, by its id."""
        statement = _ONE.where(_W.tenant_id == tenant_id, _W.app_id == app_id, _W.id == workflow_id)
        row = self._uow.execute(statement).one_or_none()
        return _workflow(row) if row else None

    def published(self, tenant_id: str, app_id: str) -> Workflow | None:
        """The version that runs."""
        current = sa.select(apps.c.workflow_id).where(apps.c.tenant_id == tenant_id, apps.c.id == app_id)
        statement = _ONE.where(_W.tenant_id == tenant_id, _W.app_id == app_id, _W.id == current.scalar_subquery())
        row = self._uow.execute(statement).one_or_none()
        return _workflow(row) if row else None

    def published_id(self, tenant_id: str, app_id: str) -> str | None:
        """Id of the version that runs."""
        statement = sa.select(apps.c.workflow_id).where(apps.c.tenant_id == tenant_id, apps.c.id == app_id)
        return self._uow.execute(statement).scalar_one_or_none()

    def content(self, tenant_id: str, app_id: str, workflow_id: str) -> sa.Row[Any] | None:
        """What a run is made from: id, version, graph, features, both kinds of variables."""
        key = {"tenant": tenant_id, "app": app_id, "workflow": workflow_id}
        return self._uow.execute(_BARE, key).one_or_none()

    def draft_id(self, tenant_id: str, app_id: str) -> str | None:
        """Id of the draft."""
        return self._uow.execute(
            sa.select(_W.id).where(_W.tenant_id == tenant_id, _W.app_id == app_id, _W.version == DRAFT)
        ).scalar_one_or_none()

    def page(self, tenant_id: str, app_id: str, wanted: VersionFilter) -> list[Workflow]:
        """A page of versions, newest first, and one more when there is one."""
        statement = _ONE.where(_W.tenant_id == tenant_id, _W.app_id == app_id, _W.version != DRAFT)
        if wanted.created_by:
            statement = statement.where(_W.created_by == wanted.created_by)
        if wanted.named_only:
            statement = statement.where(_W.marked_name != "")
        statement = statement.order_by(_W.created_at.desc(), _W.id.desc())
        rows = self._uow.execute(statement.limit(wanted.limit + 1).offset((wanted.page - 1) * wanted.limit))
        return [_workflow(row) for row in rows]

    def save_draft(self, tenant_id: str, account_id: str, app_id: str, kind: str, content: Content) -> None:
        """Make or replace the draft. Secrets in ``content`` are sealed."""
        values = {
            "graph": content.graph, "features": content.features, "has_trigger": has_trigger(content.graph),
            "environment_variables": list(content.environment_variables),
            "conversation_variables": list(content.conversation_variables),
        }  # fmt: skip
        statement = insert(workflows).values(
            id=new_id(), tenant_id=tenant_id, app_id=app_id, type=kind, version=DRAFT, created_by=account_id, **values
        )
        statement = statement.on_conflict_do_update(
            index_elements=["app_id", "version"], where=_W.tenant_id == tenant_id,
            set_={**values, "updated_by": account_id, "updated_at": _now},
        )
        self._uow.execute(statement)

    def change_draft(self, tenant_id: str, account_id: str, app_id: str, **values: object) -> bool:
        """Replace parts of the draft other than its graph; False when there is none."""
        changed = self._uow.execute(
            sa.update(workflows)
            .where(_W.tenant_id == tenant_id, _W.app_id == app_id, _W.version == DRAFT)
            .values(updated_by=account_id, updated_at=_now, **values)
        )
        return changed.rowcount == 1

    def add_version(
        self, tenant_id: str, account_id: str, app_id: str, version: str, marks: Marks, *, at: datetime
    ) -> str | None:
        """Copy the draft to a version that runs from now on; its id, None without a draft."""
        workflow_id = new_id()
        copied = (_W.tenant_id, _W.app_id, _W.type, *_CONTENT, _W.has_trigger)
        own: dict[str, Any] = {
            "id": sa.cast(workflow_id, sa.Uuid), "version": sa.literal(version),
            "marked_name": sa.literal(marks.name or ""), "marked_comment": sa.literal(marks.comment or ""),
            "created_by": sa.cast(account_id, sa.Uuid), "created_at": sa.literal(at), "updated_at": sa.literal(at),
        }  # fmt: skip
        source = sa.select(*own.values(), *copied).where(
            _W.tenant_id == tenant_id, _W.app_id == app_id, _W.version == DRAFT
        )
        names = [*own, *(column.name for column in copied)]
        if self._uow.execute(sa.insert(workflows).from_select(names, source)).rowcount == 0:
            return None
        self._uow.execute(
            sa.update(apps)
            .where(apps.c.tenant_id == tenant_id, apps.c.id == app_id)
            .values(workflow_id=workflow_id, updated_by=account_id, updated_at=_now)
        )
        return workflow_id

    def join_datasets(self, tenant_id: str, app_id: str, ids: Sequence[str]) -> None:
        """Note which of the workspace's datasets the running version searches: those are in use."""
        mine = sa.and_(app_datasets.c.tenant_id == tenant_id, app_datasets.c.app_id == app_id)
        self._uow.execute(sa.delete(app_datasets).where(mine))
        if ids:
            known = sa.select(sa.cast(app_id, sa.Uuid), datasets.c.id, datasets.c.tenant_id).where(
                datasets.c.tenant_id == tenant_id, datasets.c.id.in_(ids)
            )
            self._uow.execute(sa.insert(app_datasets).from_select(["app_id", "dataset_id", "tenant_id"], known))

    def mark(self, tenant_id: str, account_id: str, app_id: str, workflow_id: str, marks: Marks) -> bool:
        """Name a version; False when there is no such version."""
        named = {"marked_name": marks.name, "marked_comment": marks.comment}
        values = {key: text for key, text in named.items() if text is not None}
        changed = self._uow.execute(
            sa.update(workflows)
            .where(_W.tenant_id == tenant_id, _W.app_id == app_id, _W.id == workflow_id, _W.version != DRAFT)
            .values(updated_by=account_id, updated_at=_now, **values)
        )
        return changed.rowcount == 1

    def delete(self, tenant_id: str, app_id: str, workflow_id: str) -> None:
        """Delete a version."""
        self._uow.execute(
            sa.delete(workflows).where(_W.tenant_id == tenant_id, _W.app_id == app_id, _W.id == workflow_id)
        )

    def forget_values(self, tenant_id: str, app_id: str) -> None:
        """Delete the values that debug runs of the draft left."""
        table = workflow_draft_variables
        self._uow.execute(sa.delete(table).where(table.c.tenant_id == tenant_id, table.c.app_id == app_id))


def _workflow(row: sa.Row[Any]) -> Workflow:
    def person(prefix: str) -> Author | None:
        id_, name, email = (getattr(row, f"{prefix}_{part}") for part in ("id", "name", "email"))
        return None if id_ is None else Author(id_, name, email)

    return Workflow(
        id=row.id, app_id=row.app_id, version=row.version, marked_name=row.marked_name,
        marked_comment=row.marked_comment, graph=row.graph, features=row.features,
        environment_variables=row.environment_variables, conversation_variables=row.conversation_variables,
        created_by=person("maker"), updated_by=person("changer"), created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip
