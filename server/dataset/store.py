"""SQL of datasets. Every statement is bound to one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from server.dataset.model import COLUMNS, Dataset, DatasetFilter, Facts, Field, Tag
from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import (
    accounts,
    app_datasets,
    apps,
    dataset_members,
    dataset_metadata_fields,
    dataset_queries,
    datasets,
    documents,
    external_knowledge_apis,
    jobs,
    memberships,
    tag_bindings,
    tags,
)
from server.kit.caller import Caller

_D = datasets.c
_ROW = tuple(_D[name] for name in COLUMNS)
_FIND = hot(sa.select(*_ROW).where(_D.tenant_id == sa.bindparam("tenant"), _D.id == sa.bindparam("dataset")))
_LOCK = _FIND.with_for_update()
_AVAILABLE = sa.and_(
    documents.c.indexing_status == "completed", documents.c.enabled, sa.not_(documents.c.archived)
)


def _visible(caller: Caller) -> sa.ColumnElement[bool]:
    """What the caller may read (dataset-api.md 2.8): the owner everything."""
    if caller.role == "owner":
        return sa.true()
    listed = sa.select(dataset_members.c.dataset_id).where(dataset_members.c.account_id == caller.account_id)
    return sa.or_(
        _D.permission == "all_team_members", _D.created_by == caller.account_id,
        sa.and_(_D.permission == "partial_members", _D.id.in_(listed)),
    )


def _listed(caller: Caller) -> sa.ColumnElement[bool]:
    """What a list shows without ``include_all`` (dataset-api.md 2.4)."""
    listed = sa.select(dataset_members.c.dataset_id).where(dataset_members.c.account_id == caller.account_id)
    return sa.or_(
        _D.permission == "all_team_members",
        sa.and_(_D.permission == "only_me", _D.created_by == caller.account_id),
        sa.and_(_D.permission == "partial_members", sa.or_(_D.created_by == caller.account_id, _D.id.in_(listed))),
    )


def _dataset(row: Any) -> Dataset:
    return Dataset(**row._mapping)


class DatasetStore:
    """Datasets in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def find(self, tenant_id: str, dataset_id: str, *, lock: bool = False) -> Dataset | None:
        """A dataset by id; locked when it is about to change."""
        row = self._uow.execute(_LOCK if lock else _FIND, {"tenant": tenant_id, "dataset": dataset_id}).one_or_none()
        return _dataset(row) if row else None

    def readable(self, caller: Caller, dataset_id: str) -> bool:
        """Whether the caller may read it."""
        statement = sa.select(_D.id).where(_D.tenant_id == caller.tenant_id, _D.id == dataset_id, _visible(caller))
        return self._uow.execute(statement).first() is not None

    def many(self, tenant_id: str, dataset_ids: Sequence[str]) -> list[Dataset]:
        """Datasets of a workspace, in no order."""
        statement = sa.select(*_ROW).where(_D.tenant_id == tenant_id, _D.id.in_(dataset_ids))
        return [_dataset(row) for row in self._uow.execute(statement)]

    def page(self, caller: Caller, wanted: DatasetFilter) -> tuple[int, list[Dataset]]:
        """How many match, and the page of them, newest first."""
        matches = self._matches(caller, wanted)
        total = self._uow.execute(sa.select(sa.func.count()).select_from(datasets).where(*matches)).scalar_one()
        start = (wanted.page - 1) * wanted.limit
        if total <= start:
            return total, []
        statement = sa.select(*_ROW).where(*matches).order_by(_D.created_at.desc(), _D.id.desc())
        rows = self._uow.execute(statement.limit(wanted.limit).offset(start))
        return total, [_dataset(row) for row in rows]

    def _matches(self, caller: Caller, wanted: DatasetFilter) -> list[sa.ColumnElement[bool]]:
        everything = wanted.include_all and caller.role == "owner"
        matches = [_D.tenant_id == caller.tenant_id, sa.true() if everything else _listed(caller)]
        if wanted.keyword:
            matches.append(_D.name.icontains(wanted.keyword, autoescape=True))
        if wanted.ids is not None:
            matches.append(_D.id.in_(wanted.ids))
        if wanted.tag_ids is not None:
            bound = sa.select(tag_bindings.c.target_id).where(
                tag_bindings.c.tenant_id == caller.tenant_id, tag_bindings.c.tag_id.in_(wanted.tag_ids)
            )
            matches.append(_D.id.in_(bound))
        return matches

    def name_taken(self, tenant_id: str, name: str, besides: str | None = None) -> bool:
        """Whether another dataset of the workspace has that name."""
        statement = sa.select(_D.id).where(_D.tenant_id == tenant_id, _D.name == name)
        if besides is not None:
            statement = statement.where(_D.id != besides)
        return self._uow.execute(statement).first() is not None

    def add(self, values: Mapping[str, Any]) -> bool:
        """Make a dataset; False when its name is taken."""
        statement = insert(datasets).values(**values).on_conflict_do_nothing(index_elements=["tenant_id", "name"])
        return self._uow.execute(statement.returning(_D.id)).first() is not None

    def names_like(self, tenant_id: str, beginning: str) -> set[str]:
        """Names that begin so."""
        mine = sa.select(_D.name).where(_D.tenant_id == tenant_id, _D.name.startswith(beginning, autoescape=True))
        return set(self._uow.execute(mine).scalars())

    def update(self, tenant_id: str, dataset_id: str, values: Mapping[str, Any]) -> None:
        """Change columns."""
        statement = sa.update(datasets).where(_D.tenant_id == tenant_id, _D.id == dataset_id)
        self._uow.execute(statement.values(**values, updated_at=sa.func.now()))

    def delete(self, tenant_id: str, dataset: Dataset) -> None:
        """Delete a dataset and what only names it; its documents and index follow by a job."""
        self._uow.execute(sa.delete(datasets).where(_D.tenant_id == tenant_id, _D.id == dataset.id))
        for table, column in (
            (dataset_members, dataset_members.c.dataset_id), (app_datasets, app_datasets.c.dataset_id),
            (tag_bindings, tag_bindings.c.target_id),
        ):
            self._uow.execute(sa.delete(table).where(table.c.tenant_id == tenant_id, column == dataset.id))
        self._uow.execute(sa.insert(jobs).values(kind="purge_dataset", payload=purge_payload(dataset, dataset.places)))

    def order(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Leave work for after the commit."""
        self._uow.execute(sa.insert(jobs).values(kind=kind, payload=dict(payload)))

    def order_rebuild(self, dataset: Dataset) -> None:
        """Have the index that is wanted built after the commit, unless that is on its way."""
        if not self.is_built(dataset):
            self.order("rebuild_dataset", rebuild_payload(dataset, dataset.generation))

    def is_built(self, dataset: Dataset) -> bool:
        """Whether a job builds, or waits to build, the index that is wanted."""
        statement = sa.select(jobs.c.id).where(
            jobs.c.kind == "rebuild_dataset", jobs.c.payload["dataset_id"].astext == dataset.id
        )
        return self._uow.execute(statement.limit(1)).first() is not None

    def is_used(self, tenant_id: str, dataset_id: str) -> bool:
        """Whether an app searches it."""
        statement = sa.select(app_datasets.c.app_id).where(
            app_datasets.c.tenant_id == tenant_id, app_datasets.c.dataset_id == dataset_id
        )
        return self._uow.execute(statement.limit(1)).first() is not None

    def related_apps(self, tenant_id: str, dataset_id: str) -> Sequence[Any]:
        """Apps that search it, by name."""
        columns = apps.c
        statement = (
            sa.select(
                columns.id, columns.name, columns.mode, columns.icon_type, columns.icon, columns.icon_background
            )
            .select_from(app_datasets.join(apps, columns.id == app_datasets.c.app_id))
            .where(app_datasets.c.tenant_id == tenant_id, app_datasets.c.dataset_id == dataset_id)
            .order_by(columns.name, columns.id)
        )
        return self._uow.execute(statement).all()

    def queries(self, tenant_id: str, dataset_id: str, page: int, limit: int) -> tuple[int, Sequence[Any]]:
        """How many searches are remembered, and a page of them, newest first."""
        columns = dataset_queries.c
        mine = (columns.tenant_id == tenant_id, columns.dataset_id == dataset_id)
        total = self._uow.execute(sa.select(sa.func.count()).select_from(dataset_queries).where(*mine)).scalar_one()
        statement = (
            sa.select(
                columns.id, columns.content, columns.source, columns.app_id, columns.created_by_role,
                columns.created_by, columns.created_at,
            )
            .where(*mine).order_by(columns.created_at.desc(), columns.id.desc()).limit(limit)
        )
        return total, self._uow.execute(statement.offset((page - 1) * limit)).all()

    def has_documents(self, tenant_id: str, dataset_id: str) -> bool:
        """Whether it holds any document."""
        statement = sa.select(documents.c.id).where(
            documents.c.tenant_id == tenant_id, documents.c.dataset_id == dataset_id
        )
        return self._uow.execute(statement.limit(1)).first() is not None

    def external_api(self, tenant_id: str, api_id: str) -> Any | None:
        """A registered API of the workspace."""
        table = external_knowledge_apis
        statement = sa.select(table.c.id, table.c.name, table.c.endpoint, table.c.sealed_key)
        return self._uow.execute(statement.where(table.c.tenant_id == tenant_id, table.c.id == api_id)).one_or_none()

    # Members

    def set_members(self, tenant_id: str, dataset_id: str, account_ids: Sequence[str]) -> None:
        """Replace who may read it; accounts that are no members of the workspace are left out."""
        table, column = dataset_members, memberships.c
        self._uow.execute(sa.delete(table).where(table.c.tenant_id == tenant_id, table.c.dataset_id == dataset_id))
        if account_ids:
            mine = sa.select(
                column.tenant_id, sa.literal(dataset_id, sa.Uuid(as_uuid=False)), column.account_id
            ).where(column.tenant_id == tenant_id, column.account_id.in_(account_ids))
            self._uow.execute(sa.insert(table).from_select(["tenant_id", "dataset_id", "account_id"], mine))

    # Facts around datasets: a fixed number of statements, however many there are

    def facts(self, tenant_id: str, found: Sequence[Dataset]) -> dict[str, Facts]:
        """Counts, names, tags and fields of datasets, by id."""
        ids = [dataset.id for dataset in found]
        if not ids:
            return {}
        counts = {row.dataset_id: row for row in self._uow.execute(_COUNTS, {"tenant": tenant_id, "ids": ids})}
        around = {row.id: row for row in self._uow.execute(_AROUND, {"tenant": tenant_id, "ids": ids})}
        return {dataset_id: _facts(counts.get(dataset_id), around[dataset_id]) for dataset_id in ids}


def purge_payload(dataset: Dataset, places: Sequence[tuple[str, int, int]]) -> dict[str, Any]:
    """A job about vectors of a dataset, by (store, dimension, generation)."""
    return {"tenant_id": dataset.tenant_id, "dataset_id": dataset.id, "places": [list(place) for place in places]}


def rebuild_payload(dataset: Dataset, generation: int) -> dict[str, Any]:
    """The job that builds a generation."""
    return {"tenant_id": dataset.tenant_id, "dataset_id": dataset.id, "generation": generation}


_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_TENANT: sa.BindParameter[Any] = sa.bindparam("tenant")
_COUNTS = (
    sa.select(
        documents.c.dataset_id, sa.func.count().label("documents"),
        sa.func.count().filter(_AVAILABLE).label("available"),
        sa.func.coalesce(sa.func.sum(documents.c.word_count), 0).label("words"),
    )
    .where(documents.c.tenant_id == _TENANT, documents.c.dataset_id.in_(_IDS))
    .group_by(documents.c.dataset_id)
)
_APP_COUNT = (
    sa.select(sa.func.count())
    .select_from(app_datasets.join(apps, apps.c.id == app_datasets.c.app_id))
    .where(app_datasets.c.dataset_id == _D.id, app_datasets.c.tenant_id == _D.tenant_id)
    .scalar_subquery()
)
_TAGS = (
    sa.select(sa.func.json_agg(aggregate_order_by(sa.func.json_build_array(tags.c.id, tags.c.name), tags.c.name)))
    .select_from(tag_bindings.join(tags, tags.c.id == tag_bindings.c.tag_id))
    .where(tag_bindings.c.target_id == _D.id, tags.c.tenant_id == _D.tenant_id, tags.c.type == "knowledge")
    .scalar_subquery()
)
_F = dataset_metadata_fields.c
_FIELDS = (
    sa.select(
        sa.func.json_agg(aggregate_order_by(sa.func.json_build_array(_F.id, _F.name, _F.type), _F.created_at, _F.id))
    )
    .where(_F.dataset_id == _D.id, _F.tenant_id == _D.tenant_id)
    .scalar_subquery()
)
_MEMBERS = (
    sa.select(sa.func.json_agg(dataset_members.c.account_id))
    .where(dataset_members.c.dataset_id == _D.id, dataset_members.c.tenant_id == _D.tenant_id)
    .scalar_subquery()
)
_AROUND = (
    sa.select(
        _D.id, accounts.c.name.label("author"), _APP_COUNT.label("apps"), _TAGS.label("tags"),
        _FIELDS.label("fields"), _MEMBERS.label("members"), external_knowledge_apis.c.name.label("api_name"),
        external_knowledge_apis.c.endpoint.label("api_endpoint"),
    )
    .select_from(
        datasets.outerjoin(accounts, accounts.c.id == _D.created_by).outerjoin(
            external_knowledge_apis,
            sa.and_(
                external_knowledge_apis.c.id == _D.external_api_id,
                external_knowledge_apis.c.tenant_id == _D.tenant_id,
            ),
        )
    )
    .where(_D.tenant_id == _TENANT, _D.id.in_(_IDS))
)


def _facts(counts: Any, around: Any) -> Facts:
    return Facts(
        author_name=around.author, app_count=around.apps,
        document_count=counts.documents if counts else 0, available_count=counts.available if counts else 0,
        word_count=counts.words if counts else 0,
        tags=tuple(Tag(*item) for item in around.tags or ()),
        fields=tuple(Field(*item) for item in around.fields or ()),
        members=tuple(around.members or ()),
        external_api_name=around.api_name, external_api_endpoint=around.api_endpoint,
    )
