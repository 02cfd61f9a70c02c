"""Takes in one upload: parsed, hashed and written on a file thread while it arrives.

What is published is recorded, and what is not recorded is removed, also when the client leaves
in between.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import TypeVar

from server.file.model import FileHead, Limits
from server.file.multipart import Received, Rules, UploadReader, boundary_of
from server.file.storage import Draft, Storage
from server.file.threads import PIECE_BYTES, FileThreads
from server.kit.errors import AppError, Reason
from server.kit.ids import new_id

T = TypeVar("T")
Record = Callable[[Received, str], Awaitable[T]]


class Uploads:
    """Receives files into the store."""

    def __init__(self, storage: Storage, threads: FileThreads, limits: Limits) -> None:
        self._storage = storage
        self._threads = threads
        self._limits = limits

    async def receive(
        self, tenant_id: str, content_type: str, body: AsyncIterator[bytes], record: Record[T],
        rules: Rules | None = None, fields: Collection[str] = ("user",),
    ) -> T:
        """Read a multipart body, keep its file, and have it recorded under its key.

        ``rules`` are those of this kind of upload, ``fields`` the form fields to keep. Raises
        no_file_uploaded, too_many_files, unsupported_file_type, filename_not_exists_error,
        invalid_param, file_too_large, bad_request (service-api.md 9.1).
        """
        stored, _ = await self.receive_optional(tenant_id, content_type, body, record, rules, fields, needed=True)
        assert stored is not None
        return stored

    async def receive_optional(
        self, tenant_id: str, content_type: str, body: AsyncIterator[bytes], record: Record[T],
        rules: Rules | None, fields: Collection[str], *, needed: bool = False,
    ) -> tuple[T | None, Mapping[str, str]]:
        """The same where the file may be missing unless it is ``needed``; also gives the form fields."""
        boundary = boundary_of(content_type)
        if boundary is None:
            raise AppError(Reason.NO_FILE_UPLOADED)
        draft = await self._threads(self._storage.begin)
        try:
            reader = UploadReader(boundary, rules or self._limits, draft.write, fields)
            await self._read(reader, body)
            if not (needed or reader.has_file):
                self._threads.later(draft.discard)
                return None, reader.finish_without_file()
            received = reader.finish()
        except BaseException:
            self._threads.later(draft.discard)
            raise
        # From here on it is all or nothing, whether or not the client still waits.
        kept = await asyncio.shield(asyncio.ensure_future(self._keep(draft, tenant_id, received, record)))
        return kept, received.fields

    async def keep_text(self, tenant_id: str, head: FileHead, text: str, record: Record[T]) -> T:
        """Keep a text that came in a request as a file."""
        return await self.keep(tenant_id, head, text.encode(), record)

    async def keep(self, tenant_id: str, head: FileHead, data: bytes, record: Record[T]) -> T:
        """Keep bytes as a file."""
        received = Received(head, len(data), hashlib.sha256(data).hexdigest(), {})
        draft = await self._threads(self._storage.begin)
        try:
            await self._threads(draft.write, data)
        except BaseException:
            self._threads.later(draft.discard)
            raise
        return await asyncio.shield(asyncio.ensure_future(self._keep(draft, tenant_id, received, record)))

    async def keep_coming(
        self, tenant_id: str, head: FileHead, pieces: AsyncIterator[bytes], record: Record[T]
    ) -> T:
        """Keep bytes that are still coming as a file; no more than a piece is held. Raises file_too_large."""
        most, size, hashed = self._limits.size_of(head.extension), 0, hashlib.sha256()
        draft = await self._threads(self._storage.begin)
        try:
            async for piece in pieces:
                size += len(piece)
                if size > most:
                    raise AppError(Reason.FILE_TOO_LARGE)
                hashed.update(piece)
                await self._threads(draft.write, piece)
        except BaseException:
            self._threads.later(draft.discard)
            raise
        received = Received(head, size, hashed.hexdigest(), {})
        return await asyncio.shield(asyncio.ensure_future(self._keep(draft, tenant_id, received, record)))

    async def _read(self, reader: UploadReader, body: AsyncIterator[bytes]) -> None:
        """Feed the reader in pieces that are worth a switch of threads."""
        waiting = bytearray()
        async for data in body:
            waiting += data
            if len(waiting) >= PIECE_BYTES:
                await self._threads(reader.feed, bytes(waiting))
                waiting.clear()
        await self._threads(reader.feed, bytes(waiting))

    async def _keep(self, draft: Draft, tenant_id: str, received: Received, record: Record[T]) -> T:
        key = f"{tenant_id}/{new_id()}"
        try:
            await self._threads(draft.publish, key)
            return await record(received, key)
        except BaseException:
            self._threads.later(draft.discard)
            self._threads.later(lambda: self._storage.delete(key))
            raise
