"""The RPCs of files: bytes in, bytes out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

from google.api.httpbody_pb2 import HttpBody

from server.access.service import AccessService
from server.db.bridge import Database
from server.edge.call import caller, current_call
from server.edge.pieces import checked, data_of
from server.file import wire
from server.file.links import FileLinks
from server.file.model import StoredFile
from server.file.multipart import Received
from server.file.service import FileService
from server.file.threads import FileThreads
from server.file.upload import Uploads
from server.ingest.document_text import NoTextError, document_text
from server.kit.errors import AppError, Reason, invalid_param, not_found
from server.kit.plain import clean_text
from transom.console.v1 import file_http_service_pb2 as console_pb
from transom.console.v1 import file_http_service_pb2_grpc as console_grpc
from transom.file.v1 import file_http_service_pb2 as pb
from transom.file.v1 import file_http_service_pb2_grpc as pb_grpc
from transom.web.v1 import web_file_http_service_pb2_grpc as web_grpc

log = logging.getLogger("transom.file")

Context = Any
_PREVIEW_CHARACTERS = 3000
Bodies = AsyncIterator[HttpBody]
Record = Callable[[Received, str], Awaitable[StoredFile]]


class FileServicer(pb_grpc.FileServiceServicer, web_grpc.WebFileServiceServicer):
    """Uploads and reads of files, of users of the API and of visitors of pages."""

    def __init__(
        self, db: Database, files: FileService, uploads: Uploads, threads: FileThreads, links: FileLinks,
        access: AccessService,
    ) -> None:
        self._db = db
        self._files = files
        self._uploads = uploads
        self._threads = threads
        self._links = links
        self._access = access

    async def UploadFile(self, request_iterator: Bodies, context: Context) -> pb.UploadedFile:
        """Store one file."""
        app = caller().the_app

        async def record(received: Received, key: str) -> StoredFile:
            user = await self._access.end_user(app, received.user)
            return await self._db(self._files.add, app, user.id, received, key)

        return await self._receive(request_iterator, record)

    async def _receive(self, bodies: Bodies, record: Record, fields: tuple[str, ...] = ("user",)) -> pb.UploadedFile:
        first = await anext(aiter(bodies), HttpBody())
        file = await self._uploads.receive(
            caller().tenant_id, checked(first).content_type, data_of(first, bodies), record, fields=fields
        )
        return wire.uploaded(file, self._links.link(file.id))

    async def UploadWebFile(self, request_iterator: Bodies, context: Context) -> pb.UploadedFile:
        """Store one file of a visitor."""
        who = caller()

        async def record(received: Received, key: str) -> StoredFile:
            return await self._db(self._files.add, who.the_app, who.the_user.id, received, key)

        return await self._receive(request_iterator, record, fields=("source",))

    async def PreviewFile(self, request: pb.PreviewFileRequest, context: Context) -> Bodies:
        """Read a file that a message carries."""
        who = current_call().caller
        file = await self._db(self._files.for_preview, who, request.file_id, of_user=bool(request.user))
        async for body in self._bodies(file, Reason.FILE_NOT_FOUND, as_attachment=request.as_attachment):
            yield body

    async def ReadSignedFile(self, request: pb.ReadSignedFileRequest, context: Context) -> Bodies:
        """Read a file by a link."""
        file = await self._db(
            self._files.for_link, request.file_id, request.timestamp, request.nonce, request.sign
        )
        async for body in self._bodies(file, Reason.NOT_FOUND, as_attachment=request.as_attachment):
            yield body

    async def _bodies(self, file: StoredFile, missing: Reason, *, as_attachment: bool) -> Bodies:
        """The bytes of a file; its headers leave with the first piece, when nothing can be refused any more."""
        kind = wire.content_type(file, as_attachment=as_attachment)
        headers = wire.headers(file, as_attachment=as_attachment)
        pieces = self._threads.pieces(file.key)
        try:
            first = await anext(pieces)
        except FileNotFoundError:
            log.exception("the bytes of file %s are gone", file.id)
            raise AppError(missing, "File not found") from None
        current_call().headers.extend(headers)
        yield HttpBody(content_type=kind, data=first)
        size = len(first)
        async for piece in pieces:
            size += len(piece)
            yield HttpBody(data=piece)
        if size != file.size:
            raise OSError(f"file {file.id} has {size} bytes, not {file.size}")


class ConsoleFileServicer(console_grpc.FileServiceServicer):
    """Uploads of members: documents of datasets, icons and other files."""

    def __init__(
        self, db: Database, files: FileService, uploads: Uploads, links: FileLinks, limits: console_pb.UploadLimits,
        documents: Collection[str], place: Callable[[str], Path],
    ) -> None:
        """``documents`` are the extensions of which documents can be made; ``place`` says where a file lies."""
        self._db = db
        self._files = files
        self._uploads = uploads
        self._links = links
        self._limits = limits
        self._documents = documents
        self._place = place

    async def UploadConsoleFile(self, request_iterator: Bodies, context: Context) -> pb.UploadedFile:
        """Store one file."""

        async def record(received: Received, key: str) -> StoredFile:
            if received.fields.get("source") == "datasets" and received.head.extension not in self._documents:
                raise AppError(Reason.UNSUPPORTED_FILE_TYPE)
            return await self._db(self._files.add_of_member, caller(), received, key)

        first = await anext(aiter(request_iterator), HttpBody())
        file = await self._uploads.receive(
            caller().tenant_id, checked(first).content_type, data_of(first, request_iterator), record,
            fields=("source",),
        )
        return wire.uploaded(file, self._links.link(file.id))

    async def GetUploadLimits(
        self, request: console_pb.GetUploadLimitsRequest, context: Context
    ) -> console_pb.UploadLimits:
        """What an upload may be."""
        return self._limits

    async def PreviewConsoleFile(
        self, request: console_pb.PreviewConsoleFileRequest, context: Context
    ) -> console_pb.PreviewConsoleFileResponse:
        """The beginning of a document's text."""
        file = await self._db(self._files.of_tenant, caller().tenant_id, request.file_id)
        if file is None:
            raise not_found("File not found")
        if file.extension not in self._documents:
            raise AppError(Reason.UNSUPPORTED_FILE_TYPE)
        try:
            text = await asyncio.to_thread(document_text, self._place(file.key), file.extension, file.mime_type)
        except NoTextError as error:
            raise invalid_param(f"file_id: {error}") from error
        return console_pb.PreviewConsoleFileResponse(content=clean_text(text[:_PREVIEW_CHARACTERS]))

    async def ListSupportedTypes(
        self, request: console_pb.ListSupportedTypesRequest, context: Context
    ) -> console_pb.ListSupportedTypesResponse:
        """Of which files documents can be made."""
        return console_pb.ListSupportedTypesResponse(allowed_extensions=sorted(self._documents))
