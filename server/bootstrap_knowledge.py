"""Builds the knowledge half of the server: datasets and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.dataset.models import Models as DatasetModels
from server.dataset.service import DatasetService
from server.dataset.servicer import DatasetServicer
from server.document.model import DocumentFiles
from server.document.service import DocumentService
from server.document.servicer import DocumentServicer
from server.limits.service import Limits
from server.metadata.service import MetadataService
from server.metadata.servicer import MetadataServicer
from server.tag.service import TagService
from server.tag.servicer import TagServicer
from transom.dataset.v1 import (
    dataset_service_pb2,
    dataset_service_pb2_grpc,
    document_service_pb2,
    document_service_pb2_grpc,
    metadata_service_pb2,
    metadata_service_pb2_grpc,
    tag_service_pb2,
    tag_service_pb2_grpc,
)

if TYPE_CHECKING:
    from server.bootstrap import Core, Files, Models, Registry


def add_knowledge(registry: Registry, core: Core, models: Models, files: Files) -> None:
    """The Dataset API."""
    db, uow, settings = core.db, core.uow, core.settings
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
    accepted = DocumentFiles(settings.file_size_limit, files.blocked)
    documents = DocumentService(uow)
    registry.add(
        DocumentServicer(
            db, documents, datasets, usable, limits, files.uploads, files.threads, files.links, accepted
        ),
        document_service_pb2, document_service_pb2_grpc, "DocumentService",
    )
