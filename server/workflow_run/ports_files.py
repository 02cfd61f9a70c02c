"""Files for nodes. Port: ``server.engine.ports.Files``."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from server.chat.files import kind_of
from server.db.bridge import Database
from server.engine.node import NodeError, RunInfo
from server.engine.ports import Http, HttpFaultError, HttpRequest
from server.engine.values import File
from server.file.model import FileHead, StoredFile
from server.file.multipart import Received
from server.file.service import FileService
from server.file.storage import LocalStorage
from server.file.threads import FileThreads
from server.file.upload import Uploads
from server.ingest.document_text import NoTextError, document_text, reader_of

_READ_ERROR = "FileReadError"
_EXTRACT_ERROR = "DocumentExtractorError"
_LONGEST_NAME = 200


class FlowFiles:
    """The file store and remote files. ``most_bytes`` is the size of a remote file at most."""

    def __init__(
        self, db: Database, files: FileService, storage: LocalStorage, threads: FileThreads, uploads: Uploads,
        http: Http, link: Callable[[str], str], most_bytes: int,
    ) -> None:
        self._db = db
        self._files = files
        self._storage = storage
        self._threads = threads
        self._uploads = uploads
        self._http = http
        self._link = link
        self._most_bytes = most_bytes

    async def read(self, run: RunInfo, file: File) -> bytes:
        """The bytes of an upload, or of what a remote address gives."""
        if not file.id:
            return await self._fetch(file)
        stored = await self._stored(run, file)
        try:
            return await self._threads.read(stored.key)
        except FileNotFoundError:
            raise _gone(file) from None

    async def save(self, run: RunInfo, data: bytes, name: str, mime_type: str) -> File:
        """Keep bytes as a file of the run's user."""
        clean = PurePosixPath(name.replace("\\", "/")).name.replace("\x00", "")[-_LONGEST_NAME:] or "file"
        extension = PurePosixPath(clean).suffix.removeprefix(".").lower()[:20]
        head = FileHead(clean, extension, mime_type)

        async def record(received: Received, key: str) -> StoredFile:
            return await self._db(
                self._files.add_made, run.tenant_id, run.app_id, run.user_id, run.user_role, received, key
            )

        stored = await self._uploads.keep(run.tenant_id, head, data, record)
        return File(
            type=kind_of(extension, mime_type), transfer_method="tool_file", name=clean,
            extension=f".{extension}" if extension else "", mime_type=mime_type, size=len(data), id=stored.id,
            url=self._link(stored.id), belongs_to="assistant",
        )

    async def text(self, run: RunInfo, file: File) -> str:
        """The text in a document, extracted in a limited child process."""
        try:
            reader_of(file.extension, file.mime_type)
            if file.id:
                stored = await self._stored(run, file)
                path = self._storage.path(stored.key)
                return await asyncio.to_thread(document_text, path, file.extension, file.mime_type)
            data = await self._fetch(file)
            return await asyncio.to_thread(_text_of, data, file.extension, file.mime_type)
        except NoTextError as error:
            raise NodeError(str(error), _EXTRACT_ERROR) from error


    async def _stored(self, run: RunInfo, file: File) -> StoredFile:
        stored = await self._db(self._files.of_tenant, run.tenant_id, file.id)
        if stored is None:
            raise _gone(file)
        return stored

    async def _fetch(self, file: File) -> bytes:
        address = file.remote_url or file.url
        if not address:
            raise _gone(file)
        limit = self._most_bytes
        try:
            answer = await self._http.send(HttpRequest("GET", address, max_text_bytes=limit, max_file_bytes=limit))
        except HttpFaultError as error:
            raise NodeError(f"File {file.name or address} could not be fetched: {error}", _READ_ERROR) from error
        if answer.status >= 400:
            raise NodeError(
                f"File {file.name or address} could not be fetched: status {answer.status}", _READ_ERROR
            )
        return answer.body


def _gone(file: File) -> NodeError:
    return NodeError(f"File {file.name or file.id} not found", _READ_ERROR)


def _text_of(data: bytes, extension: str, mime_type: str) -> str:
    with tempfile.NamedTemporaryFile(prefix="transom-") as kept:
        kept.write(data)
        kept.flush()
        return document_text(Path(kept.name), extension, mime_type)
