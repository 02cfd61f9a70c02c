"""Use cases of datasets (dataset-api.md section 2): one public method is one transaction.

A dataset of another workspace is not_found like one that never was; a dataset whose API is switched
off is forbidden to dataset keys and open to the console.
"""

from __future__ import annotations

from typing import Any

from server.dataset.model import (
    ECONOMY,
    HIGH_QUALITY,
    Dataset,
    DatasetChange,
    DatasetFilter,
    DatasetView,
    ModelRef,
    NewDataset,
)
from server.dataset.store import DatasetStore, purge_payload, rebuild_payload
from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.ids import new_id
from server.kit.validate import id_or_none

NO_DATASET = "Dataset not found."


class DatasetService:
    """Datasets of a workspace."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def create(self, caller: Caller, new: NewDataset) -> DatasetView:
        """Make an empty dataset. Raises dataset_name_duplicate, invalid_param."""
        with self._uow() as uow:
            view = make(uow, caller, new)
            uow.commit()
        return view

    def page(self, caller: Caller, wanted: DatasetFilter) -> tuple[int, list[DatasetView]]:
        """How many datasets match, and a page of them, newest first: four statements."""
        with self._uow() as uow:
            store = DatasetStore(uow)
            total, datasets = store.page(caller, wanted)
            facts = store.facts(caller.tenant_id, datasets)
        return total, [DatasetView(dataset, facts[dataset.id]) for dataset in datasets]

    def get(self, caller: Caller, dataset_id: str) -> DatasetView:
        """One dataset."""
        with self._uow() as uow:
            return _view(DatasetStore(uow), caller, require(uow, caller, dataset_id))

    def require(self, caller: Caller, dataset_id: str) -> Dataset:
        """A dataset the caller may work with. Raises not_found, forbidden."""
        with self._uow.reading() as uow:
            return require(uow, caller, dataset_id)

    def update(self, caller: Caller, dataset_id: str, change: DatasetChange) -> DatasetView:
        """Change a dataset; another technique or model is built in the background while the old one answers."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id, lock=True)
            store = DatasetStore(uow)
            self._check_change(store, caller, dataset, change)
            index = _index_change(dataset, change)
            if not index and _is_named(change) and dataset.generation != dataset.live_generation:
                # Chosen again after it could not be built.
                index = {} if store.is_built(dataset) else _wanted_index(dataset)
            values = {**change.values, **index, "updated_by": caller.the_account}
            if index:
                values |= self._order_rebuild(store, dataset, values)
            store.update(caller.tenant_id, dataset.id, values)
            self._change_members(store, caller, dataset, change)
            view = _view(store, caller, found(store.find(caller.tenant_id, dataset.id)))
            uow.commit()
        return view

    def _check_change(self, store: DatasetStore, caller: Caller, dataset: Dataset, change: DatasetChange) -> None:
        name = change.values.get("name")
        if name is not None and store.name_taken(caller.tenant_id, name, dataset.id):
            raise invalid_param("Dataset name already exists")
        if dataset.is_external:
            if not change.values.get("external_knowledge_id"):
                raise invalid_param("External knowledge id is required.")
            if not change.values.get("external_api_id"):
                raise invalid_param("External knowledge api id is required.")
            _check_external(
                store, caller, change.values["external_api_id"], change.values["external_knowledge_id"]
            )
        permission = change.values.get("permission", dataset.permission)
        others = permission == "partial_members" and change.members
        if caller.role == "dataset_operator" and (permission != dataset.permission or others):
            raise AppError(Reason.FORBIDDEN, "Dataset operators cannot change the dataset permissions.")

    @staticmethod
    def _order_rebuild(store: DatasetStore, dataset: Dataset, values: dict[str, Any]) -> dict[str, Any]:
        """Columns that go with a changed index: built by a job, or in force at once while there is nothing to build."""
        generation = dataset.generation + 1
        if not store.has_documents(dataset.tenant_id, dataset.id):
            store.order("drop_indexes", purge_payload(dataset, dataset.places))
            return index_values(values["indexing_technique"], _embedding(values), generation)
        if dataset.generation != dataset.live_generation:
            # Another change was on its way to be built.
            unbuilt = [place for place in dataset.places if place[2] == dataset.generation]
            store.order("drop_indexes", purge_payload(dataset, unbuilt))
        store.order("rebuild_dataset", rebuild_payload(dataset, generation))
        return {"generation": generation, "dimension": None}

    @staticmethod
    def _change_members(store: DatasetStore, caller: Caller, dataset: Dataset, change: DatasetChange) -> None:
        permission = change.values.get("permission")
        if permission == "partial_members" and change.members:
            store.set_members(caller.tenant_id, dataset.id, change.members)
        elif permission is not None and permission != "partial_members":
            store.set_members(caller.tenant_id, dataset.id, ())

    def delete(self, caller: Caller, dataset_id: str, *, force: bool = False) -> None:
        """Delete a dataset at once; its data follow in the background. Raises dataset_in_use unless forced."""
        with self._uow() as uow:
            dataset = require(uow, caller, dataset_id, lock=True)
            store = DatasetStore(uow)
            if not force and store.is_used(caller.tenant_id, dataset.id):
                raise AppError(Reason.DATASET_IN_USE)
            store.delete(caller.tenant_id, dataset)
            uow.commit()


def make(uow: UnitOfWork, caller: Caller, new: NewDataset) -> DatasetView:
    """Make an empty dataset, inside someone else's transaction. Raises dataset_name_duplicate, invalid_param."""
    store, dataset_id = DatasetStore(uow), new_id()
    if new.external_api_id is not None:
        _check_external(store, caller, new.external_api_id, new.external_knowledge_id)
    embedding = new.embedding if new.indexing_technique == HIGH_QUALITY else None
    values = {
        "id": dataset_id, "tenant_id": caller.tenant_id, "name": new.name, "description": new.description,
        "provider": new.provider, "permission": new.permission,
        "retrieval_model": new.retrieval_model, "summary_index_setting": new.summary_index_setting,
        "external_api_id": new.external_api_id, "external_knowledge_id": new.external_knowledge_id,
        "created_by": caller.the_account, "updated_by": caller.the_account,
        **index_values(new.indexing_technique, embedding),
    }
    if not store.add(values):
        raise AppError(Reason.DATASET_NAME_DUPLICATE)
    return _view(store, caller, found(store.find(caller.tenant_id, dataset_id)))


def _check_external(store: DatasetStore, caller: Caller, api_id: str, knowledge_id: str | None) -> None:
    known = id_or_none(api_id)
    if known is None or store.external_api(caller.tenant_id, known) is None:
        raise invalid_param("api template not found")
    if not knowledge_id:
        raise invalid_param("external_knowledge_id is required")


def require(uow: UnitOfWork, caller: Caller, dataset_id: str, *, lock: bool = False) -> Dataset:
    """A dataset the caller may work with, inside someone else's transaction. Raises not_found, forbidden."""
    known = id_or_none(dataset_id)
    store = DatasetStore(uow)
    dataset = found(store.find(caller.tenant_id, known, lock=lock) if known else None)
    if caller.by_key and not dataset.enable_api:
        raise AppError(Reason.FORBIDDEN, "Dataset api access is not enabled.")
    if caller.role != "owner" and not store.readable(caller, dataset.id):
        raise AppError(Reason.FORBIDDEN, "You do not have permission to access this dataset.")
    return dataset


def found(dataset: Dataset | None) -> Dataset:
    """The dataset, or not_found."""
    if dataset is None:
        raise not_found(NO_DATASET)
    return dataset


def index_values(technique: str | None, embedding: ModelRef | None, generation: int = 1) -> dict[str, Any]:
    """Columns of an index that is wanted and answers at once: nothing has to be built for it."""
    provider, model = (embedding.provider, embedding.model) if embedding else (None, None)
    return {
        "indexing_technique": technique, "embedding_provider": provider, "embedding_model": model,
        "generation": generation, "dimension": None,
        "live_technique": technique, "live_provider": provider, "live_model": model, "live_generation": generation,
        "live_dimension": None,
    }


def _embedding(values: dict[str, Any]) -> ModelRef | None:
    if values.get("embedding_provider") and values.get("embedding_model"):
        return ModelRef(values["embedding_provider"], values["embedding_model"])
    return None


def _index_change(dataset: Dataset, change: DatasetChange) -> dict[str, Any]:
    """Columns of another index than now, {} when it stays (the matrix of dataset-api.md 2.6)."""
    technique = change.indexing_technique or dataset.indexing_technique
    if dataset.is_external or technique is None:
        return {}
    embedding = None if technique == ECONOMY else change.embedding or dataset.embedding
    if technique == HIGH_QUALITY and embedding is None:
        raise invalid_param("Default model not found for text-embedding")
    if technique == dataset.indexing_technique and embedding == dataset.embedding:
        return {}
    if technique == ECONOMY and dataset.doc_form == "hierarchical_model":
        raise invalid_param("doc_form hierarchical_model needs indexing_technique high_quality.")
    return _index(technique, embedding)


def _index(technique: str | None, embedding: ModelRef | None) -> dict[str, Any]:
    return {
        "indexing_technique": technique,
        "embedding_provider": embedding.provider if embedding else None,
        "embedding_model": embedding.model if embedding else None,
    }


def _wanted_index(dataset: Dataset) -> dict[str, Any]:
    return _index(dataset.indexing_technique, dataset.embedding)


def _is_named(change: DatasetChange) -> bool:
    """Whether a change speaks of the index at all."""
    return change.indexing_technique is not None or change.embedding is not None


def _view(store: DatasetStore, caller: Caller, dataset: Dataset) -> DatasetView:
    return DatasetView(dataset, store.facts(caller.tenant_id, [dataset])[dataset.id])
