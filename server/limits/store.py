"""SQL of limits and of what is counted against them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.tables import (
    apps,
    child_chunks,
    datasets,
    document_segments,
    documents,
    memberships,
    tenants,
    workspace_executions,
    workspace_limits,
)

_L = workspace_limits.c
_BYTES_OF_A_FLOAT = 4
_MEBIBYTE = 1024 * 1024
_MONTH = sa.cast(sa.func.date_trunc("month", sa.func.now()), sa.Date)


@dataclass(frozen=True, slots=True)
class Plan:
    """Limits of a workspace; None is unlimited. ``vector_space`` in MiB, rates are a minute's."""

    members: int | None = None
    apps: int | None = None
    vector_space: int | None = None
    documents: int | None = None
    knowledge_rate: int | None = None
    add_segment: bool = True
    key_rate: int | None = None
    user_rate: int | None = None
    workflow_executions: int | None = None

    @property
    def limits_anything(self) -> bool:
        """Whether it is more than no plan at all."""
        return self != Plan()


@dataclass(frozen=True, slots=True)
class Usage:
    """A plan and what is used of it. ``name`` is the plan's; ``executions`` are counted where they are limited."""

    plan: Plan
    name: str
    members: int
    apps: int
    documents: int
    vector_space: float
    executions: int


class LimitStore:
    """Limits in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def plan(self, tenant_id: str) -> Plan:
        """What the workspace may use."""
        columns = tuple(_L[field.name] for field in fields(Plan))
        row = self._uow.execute(sa.select(*columns).where(_L.tenant_id == tenant_id)).one_or_none()
        return Plan(*row) if row else Plan()

    def locked(self, tenant_id: str) -> Plan:
        """The same; nobody else who asks so goes on before this transaction ends."""
        columns = tuple(_L[field.name] for field in fields(Plan))
        statement = sa.select(*columns).where(_L.tenant_id == tenant_id).with_for_update()
        row = self._uow.execute(statement).one_or_none()
        return Plan(*row) if row else Plan()

    def change(self, tenant_id: str, values: Mapping[str, int | bool | None]) -> None:
        """Set some limits of a workspace."""
        statement = insert(workspace_limits).values(tenant_id=tenant_id, **values)
        self._uow.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id"], set_={**values, "updated_at": sa.func.now()}
            )
        )

    def take_execution(self, tenant_id: str, limit: int) -> bool:
        """Count one execution of this month, unless there were ``limit`` of them, at least one. Others wait."""
        table, column = workspace_executions, workspace_executions.c
        statement = insert(table).values(tenant_id=tenant_id, month=_MONTH, used=1)
        fresh = column.month != statement.excluded.month
        statement = statement.on_conflict_do_update(
            index_elements=["tenant_id"],
            set_={"used": sa.case((fresh, 1), else_=column.used + 1), "month": statement.excluded.month},
            where=sa.or_(fresh, column.used < limit),
        )
        return self._uow.execute(statement.returning(column.used)).one_or_none() is not None

    def executions(self, tenant_id: str) -> int:
        """Executions of this month that were counted."""
        column = workspace_executions.c
        statement = sa.select(column.used).where(column.tenant_id == tenant_id, column.month == _MONTH)
        return self._uow.execute(statement).scalar_one_or_none() or 0

    def usage(self, tenant_id: str) -> Usage:
        """The plan and what is used of it. Vectors, which take long to count, are counted where they are limited."""
        plan = self.plan(tenant_id)
        space = 0.0 if plan.vector_space is None else self.vector_space(tenant_id)
        return Usage(
            plan=plan, name=self.plan_name(tenant_id), members=self.members(tenant_id), apps=self.apps(tenant_id),
            documents=self.documents(tenant_id), vector_space=space, executions=self.executions(tenant_id),
        )  # fmt: skip

    def plan_name(self, tenant_id: str) -> str:
        """What the plan is called."""
        return self._uow.execute(sa.select(tenants.c.plan).where(tenants.c.id == tenant_id)).scalar_one()

    def members(self, tenant_id: str) -> int:
        """Members of the workspace, invited ones too."""
        return self._count(memberships, tenant_id)

    def apps(self, tenant_id: str) -> int:
        """Apps of the workspace."""
        return self._count(apps, tenant_id)

    def documents(self, tenant_id: str) -> int:
        """Documents of the workspace."""
        return self._count(documents, tenant_id)

    def _count(self, table: sa.Table, tenant_id: str) -> int:
        count = sa.select(sa.func.count()).select_from(table).where(table.c.tenant_id == tenant_id)
        return self._uow.execute(count).scalar_one()

    def vector_space(self, tenant_id: str) -> float:
        """MiB of the workspace's vectors: those of segments, or of child chunks where these are embedded."""
        found = datasets.c
        size = sa.func.coalesce(found.live_dimension, found.dimension)
        bytes_ = 0
        for table, is_nested in ((document_segments, False), (child_chunks, True)):
            embedded = found.doc_form == "hierarchical_model"
            total = (
                sa.select(sa.func.coalesce(sa.func.sum(size), 0))
                .select_from(table.join(datasets, found.id == table.c.dataset_id))
                .where(table.c.tenant_id == tenant_id, embedded if is_nested else sa.not_(embedded))
            )
            bytes_ += int(self._uow.execute(total).scalar_one()) * _BYTES_OF_A_FLOAT
        return bytes_ / _MEBIBYTE
