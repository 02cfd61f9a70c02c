"""RPCs of metadata."""

from __future__ import annotations

from typing import Any

from google.protobuf.empty_pb2 import Empty

from server.db.bridge import Database
from server.edge.call import caller
from server.edge.printer import value_to_python
from server.limits.service import Limits
from server.metadata.model import BUILT_IN_FIELDS, DocumentValues, FieldUse
from server.metadata.service import MetadataService
from transom.common.v1.common_pb2 import Result
from transom.dataset.v1 import dataset_pb2
from transom.dataset.v1 import metadata_service_pb2 as pb
from transom.dataset.v1 import metadata_service_pb2_grpc as rpc


class MetadataServicer(rpc.MetadataServiceServicer):
    """Metadata of documents."""

    def __init__(self, db: Database, metadata: MetadataService, limits: Limits) -> None:
        self._db = db
        self._metadata = metadata
        self._limits = limits

    async def CreateMetadata(self, request: pb.CreateMetadataRequest, context: Any) -> dataset_pb2.MetadataField:
        await self._limits.knowledge(caller())
        return _field(
            await self._db(self._metadata.create, caller(), request.dataset_id, request.name, request.type)
        )

    async def ListMetadata(self, request: pb.ListMetadataRequest, context: Any) -> pb.ListMetadataResponse:
        dataset, fields = await self._db(self._metadata.fields, caller(), request.dataset_id)
        return pb.ListMetadataResponse(
            doc_metadata=[
                pb.ListMetadataResponse.CountedField(id=item.id, name=item.name, type=item.type, count=item.count)
                for item in fields
            ],
            built_in_field_enabled=dataset.built_in_field_enabled,
        )

    async def UpdateMetadata(self, request: pb.UpdateMetadataRequest, context: Any) -> dataset_pb2.MetadataField:
        await self._limits.knowledge(caller())
        return _field(
            await self._db(self._metadata.rename, caller(), request.dataset_id, request.metadata_id, request.name)
        )

    async def DeleteMetadata(self, request: pb.DeleteMetadataRequest, context: Any) -> Empty:
        await self._limits.knowledge(caller())
        await self._db(self._metadata.delete, caller(), request.dataset_id, request.metadata_id)
        return Empty()

    async def ListBuiltInMetadata(
        self, request: pb.ListBuiltInMetadataRequest, context: Any
    ) -> pb.ListBuiltInMetadataResponse:
        await self._db(self._metadata.fields, caller(), request.dataset_id)
        kind = pb.ListBuiltInMetadataResponse.BuiltInField
        return pb.ListBuiltInMetadataResponse(
            fields=[kind(name=name, type=value) for name, value in BUILT_IN_FIELDS.items()]
        )

    async def SwitchBuiltInMetadata(self, request: pb.SwitchBuiltInMetadataRequest, context: Any) -> Result:
        await self._limits.knowledge(caller())
        await self._db(self._metadata.switch_built_in, caller(), request.dataset_id, request.action)
        return Result(result="success")

    async def UpdateDocumentsMetadata(self, request: pb.UpdateDocumentsMetadataRequest, context: Any) -> Result:
        await self._limits.knowledge(caller())
        operations = [
            DocumentValues(
                document_id=item.document_id, partial=item.partial_update,
                values=tuple((one.id, one.name, value_to_python(one.value)) for one in item.metadata_list),
            )
            for item in request.operation_data
        ]
        await self._db(self._metadata.set_values, caller(), request.dataset_id, operations)
        return Result(result="success")


def _field(field: FieldUse) -> dataset_pb2.MetadataField:
    return dataset_pb2.MetadataField(id=field.id, name=field.name, type=field.type)
