"""RPCs of documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty

from server.dataset.models import Models
from server.dataset.service import DatasetService
from server.dataset.wire import optional, page_of
from server.db.bridge import Database
from server.document import wire
from server.document.archive import zipped
from server.document.model import DocumentFiles, DocumentView, Settings, Upload, text_name, wanted_status
from server.document.service import DocumentService
from server.edge.call import caller, current_call
from server.edge.pieces import checked, data_of
from server.file.links import FileLinks
from server.file.model import FileHead
from server.file.multipart import Received
from server.file.threads import FileThreads
from server.file.upload import Uploads
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.plain import clean_text
from server.limits.service import Limits
from transom.common.v1.common_pb2 import Result
from transom.dataset.v1 import document_pb2
from transom.dataset.v1 import document_service_pb2 as pb
from transom.dataset.v1 import document_service_pb2_grpc as rpc

Record = Callable[[Received, str], Awaitable[DocumentView]]
_TEXT = "text/plain"


class DocumentServicer(rpc.DocumentServiceServicer):
    """Documents of a dataset."""

    def __init__(
        self, db: Database, documents: DocumentService, datasets: DatasetService, models: Models, limits: Limits,
        uploads: Uploads, threads: FileThreads, links: FileLinks, files: DocumentFiles,
    ) -> None:
        self._db = db
        self._documents = documents
        self._datasets = datasets
        self._models = models
        self._limits = limits
        self._uploads = uploads
        self._threads = threads
        self._links = links
        self._files = files

    async def CreateDocumentByText(
        self, request: pb.CreateDocumentByTextRequest, context: Any
    ) -> document_pb2.DocumentEnvelope:
        await self._limits.knowledge(caller(), vectors=True, documents=True)
        if not request.HasField("text"):
            raise invalid_param("text is required.")
        name = text_name(request.name)
        settings = await self._settled(request.dataset_id, wire.settings(request))

        async def record(received: Received, key: str) -> DocumentView:
            upload = Upload(key, received.head, received.size, received.hash)
            return await self._db(
                self._documents.create, caller(), request.dataset_id, name, upload, settings, by_text=True
            )

        return wire.envelope(await self._keep_text(name, request.text, record))

    async def CreateDocumentByFile(
        self, request_iterator: AsyncIterator[pb.CreateDocumentByFileRequest], context: Any
    ) -> document_pb2.DocumentEnvelope:
        await self._limits.knowledge(caller(), vectors=True, documents=True)
        first = checked(await anext(aiter(request_iterator), None))
        await self._db(self._datasets.require, caller(), first.dataset_id)

        async def record(received: Received, key: str) -> DocumentView:
            settings = await self._settled(first.dataset_id, wire.settings(wire.form_data(received.fields.get("data"))))
            upload = Upload(key, received.head, received.size, received.hash)
            return await self._db(
                self._documents.create, caller(), first.dataset_id, received.head.name, upload, settings, by_text=False
            )

        view = await self._uploads.receive(
            caller().tenant_id, first.content.content_type,
            data_of(first, request_iterator, lambda piece: piece.content), record, self._files, ("data",),
        )
        return wire.envelope(view)

    async def UpdateDocumentByText(
        self, request: pb.UpdateDocumentByTextRequest, context: Any
    ) -> document_pb2.DocumentEnvelope:
        await self._limits.knowledge(caller(), vectors=True)
        if request.text and not request.name:
            raise invalid_param("name is required when text is provided")
        settings = wire.settings(request)
        await self._usable(request.dataset_id)
        name = text_name(request.name) if request.name else None

        async def record(received: Received | None, key: str) -> DocumentView:
            upload = Upload(key, received.head, received.size, received.hash) if received else None
            return await self._db(
                self._documents.update, caller(), request.dataset_id, request.document_id, name, upload, settings,
                by_text=True,
            )

        if not request.text:
            return wire.envelope(await record(None, ""))
        return wire.envelope(await self._keep_text(name or "", request.text, record))

    async def UpdateDocumentByFile(
        self, request_iterator: AsyncIterator[pb.UpdateDocumentByFileRequest], context: Any
    ) -> document_pb2.DocumentEnvelope:
        await self._limits.knowledge(caller(), vectors=True)
        first = checked(await anext(aiter(request_iterator), None))
        await self._usable(first.dataset_id)

        async def update(data: str | None, upload: Upload | None) -> DocumentView:
            sent = wire.form_data(data)
            name = clean_text(sent.name) or (upload.head.name if upload else None)
            return await self._db(
                self._documents.update, caller(), first.dataset_id, first.document_id, name, upload,
                wire.settings(sent), by_text=False,
            )

        async def record(received: Received, key: str) -> DocumentView:
            return await update(
                received.fields.get("data"), Upload(key, received.head, received.size, received.hash)
            )

        view, fields = await self._uploads.receive_optional(
            caller().tenant_id, first.content.content_type,
            data_of(first, request_iterator, lambda piece: piece.content), record, self._files, ("data",),
        )
        return wire.envelope(view or await update(fields.get("data"), None))

    async def _keep_text(self, name: str, text: str, record: Record) -> DocumentView:
        cleaned = clean_text(text)
        head = FileHead(name, "txt", _TEXT)
        return await self._uploads.keep_text(caller().tenant_id, head, cleaned, record)

    async def _settled(self, dataset_id: str, settings: Settings) -> Settings:
        """The settings with the model that a first document of high quality decides for."""
        dataset = await self._db(self._datasets.require, caller(), dataset_id)
        needed = dataset.indexing_technique is None and settings.indexing_technique == "high_quality"
        embedding = await self._models.embedding(caller().tenant_id, settings.embedding, needed=needed)
        await self._models.check_rerank(caller().tenant_id, settings.retrieval_model)
        if dataset.embedding is not None:
            await self._models.require_embedding(caller().tenant_id, dataset.embedding)
        return replace(settings, embedding=embedding)

    async def _usable(self, dataset_id: str) -> None:
        dataset = await self._db(self._datasets.require, caller(), dataset_id)
        if dataset.embedding is not None:
            await self._models.require_embedding(caller().tenant_id, dataset.embedding)

    async def ListDocuments(self, request: pb.ListDocumentsRequest, context: Any) -> pb.ListDocumentsResponse:
        page, limit = page_of(optional(request, "page"), optional(request, "limit"))
        total, views = await self._db(
            self._documents.page, caller(), request.dataset_id, request.keyword, wanted_status(request.status),
            page, limit,
        )
        return pb.ListDocumentsResponse(
            data=[wire.document(view) for view in views], has_more=page * limit < total, limit=limit, total=total,
            page=page,
        )

    async def GetDocument(self, request: pb.GetDocumentRequest, context: Any) -> pb.GetDocumentResponse:
        view = await self._db(self._documents.get, caller(), request.dataset_id, request.document_id)
        half = request.metadata or "all"
        if half not in {"all", "only", "without"}:
            raise AppError(Reason.INVALID_METADATA, f"Invalid metadata value: {half}")
        if half == "only":
            return pb.GetDocumentResponse(metadata_only=wire.metadata_only(view))
        return pb.GetDocumentResponse(document=wire.detail(view, with_metadata=half == "all"))

    async def DeleteDocument(self, request: pb.DeleteDocumentRequest, context: Any) -> Empty:
        await self._limits.knowledge(caller())
        await self._db(self._documents.delete, caller(), request.dataset_id, request.document_id)
        return Empty()

    async def GetBatchIndexingStatus(
        self, request: pb.GetBatchIndexingStatusRequest, context: Any
    ) -> pb.IndexingStatusList:
        return wire.progress(await self._db(self._documents.batch, caller(), request.dataset_id, request.batch))

    async def UpdateDocumentsStatus(self, request: pb.UpdateDocumentsStatusRequest, context: Any) -> Result:
        if request.action != "disable":
            await self._usable(request.dataset_id)
        await self._db(
            self._documents.set_status, caller(), request.dataset_id, request.action, list(request.document_ids)
        )
        return Result(result="success")

    async def GetDocumentDownload(self, request: pb.GetDocumentDownloadRequest, context: Any) -> pb.DownloadLink:
        await self._limits.knowledge(caller())
        source = await self._db(self._documents.source, caller(), request.dataset_id, request.document_id)
        return pb.DownloadLink(url=f"{self._links.link(source.id)}&as_attachment=true")

    async def GetDocumentUploadFile(
        self, request: pb.GetDocumentUploadFileRequest, context: Any
    ) -> pb.DocumentUploadFile:
        source = await self._db(self._documents.source, caller(), request.dataset_id, request.document_id)
        return wire.upload_file(source, self._links.link(source.id))

    async def DownloadDocumentsZip(
        self, request: pb.DownloadDocumentsZipRequest, context: Any
    ) -> AsyncIterator[HttpBody]:
        await self._limits.knowledge(caller())
        sources = await self._db(
            self._documents.sources, caller(), request.dataset_id, list(request.document_ids)
        )
        archive = zipped(self._threads, sources)
        current_call().headers.append(("content-disposition", f'attachment; filename="{archive.name}"'))
        yield HttpBody(content_type="application/zip", data=b"")
        async for piece in archive.pieces():
            yield HttpBody(data=piece)
