"""Builds the knowledge half of the server: datasets and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.dataset.models import Models as DatasetModels
from server.dataset.service import DatasetService
from server.dataset.servicer import DatasetServicer
from server.limits.service import Limits
from server.metadata.service import MetadataService
from server.metadata.servicer import MetadataServicer
from server.tag.service import TagService
from server.tag.servicer import TagServicer
from transom.dataset.v1 import (
    dataset_service_pb2,
    dataset_service_pb2_grpc,
    metadata_service_pb2,
    metadata_service_pb2_grpc,
    tag_service_pb2,
    tag_service_pb2_grpc,
)

if TYPE_CHECKING:
    from server.bootstrap import Core, Models, Registry


def add_knowledge(registry: Registry, core: Core, models: Models) -> None:
    """The Dataset API."""
    db, uow = core.db, core.uow
    limits = Limits(db, uow, core.redis)
    datasets = DatasetService(uow)
    usable = DatasetModels(models.runtime)
    registry.add(
        DatasetServicer(db, datasets, usable, limits), dataset_service_pb2, dataset_service_pb2_grpc, "DatasetService"
    )
    registry.add(TagServicer(db, TagService(uow)), tag_service_pb2, tag_service_pb2_grpc, "TagService")
    registry.add(
        MetadataServicer(db, MetadataService(uow), limits), metadata_service_pb2, metadata_service_pb2_grpc,
        "MetadataService",
    )
