"""Annotations as files: a CSV that comes in, JSON that goes out (console-api.md section 9)."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from server.annotation.file_store import AnnotationFileStore, Row
from server.annotation.model import Text
from server.annotation.service import changed, entered
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.file.model import FileHead
from server.file.multipart import UploadReader, boundary_of
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.ids import new_id
from server.kit.plain import clean_text
from server.kit.validate import id_or_none

MOST_RECORDS = 10_000
_MOST_BYTES = 2 * 1024 * 1024
# What multipart puts around a file.
_ENVELOPE_BYTES = 64 * 1024
_BATCH = 500


class _CsvOnly:
    """What an import accepts."""

    def head(self, filename: str, content_type: str) -> FileHead:
        """Check the head of the file part. Raises invalid_param."""
        if not filename.lower().endswith(".csv"):
            raise invalid_param("Invalid file type. Only CSV files are allowed")
        return FileHead(filename, "csv", content_type)

    def size_of(self, extension: str) -> int:
        """Bytes; other files were refused by their head."""
        return _MOST_BYTES if extension else 0


class AnnotationFiles:
    """Annotations of the workspace's apps."""

    def __init__(self, db: Database, uow: UowFactory) -> None:
        self._db = db
        self._uow = uow

    # Out

    async def export(self, caller: Caller, app_id: str) -> AsyncIterator[str]:
        """The file, a piece for each batch. Raises app_not_found before the first."""
        last: tuple[Any, str] | None = None
        text = '{"data": ['
        while True:
            rows = await self._db(self._batch, caller, app_id, last)
            yield text + ", ".join(_shown(row) for row in rows)
            if len(rows) < _BATCH:
                break
            text, last = ", ", (rows[-1].created_at, rows[-1].id)
        yield "]}"

    def _batch(self, caller: Caller, app_id: str, last: tuple[Any, str] | None) -> Sequence[Row]:
        with self._uow() as uow:
            scope = entered(uow, caller, app_id).scope
            return AnnotationFileStore(uow, **scope).page(last, _BATCH)

    # In

    async def take(self, caller: Caller, app_id: str, content_type: str, body: AsyncIterator[bytes]) -> tuple[str, int]:
        """Add the annotations of an upload, all or none; the id of the import and their number.

        Raises app_not_found and what ``ImportAnnotations`` says.
        """
        await self._db(self._require, caller, app_id)
        boundary = boundary_of(content_type)
        if boundary is None:
            raise AppError(Reason.NO_FILE_UPLOADED)
        whole = bytearray()
        async for data in body:
            whole += data
            if len(whole) > _MOST_BYTES + _ENVELOPE_BYTES:
                raise AppError(Reason.FILE_TOO_LARGE)
        texts = await asyncio.to_thread(_texts_in, boundary, bytes(whole))
        return await self._db(self._add, caller, app_id, texts), len(texts)

    def _require(self, caller: Caller, app_id: str) -> None:
        with self._uow() as uow:
            entered(uow, caller, app_id)

    def _add(self, caller: Caller, app_id: str, texts: Sequence[Text]) -> str:
        with self._uow() as uow:
            store = entered(uow, caller, app_id)
            job_id = new_id()
            AnnotationFileStore(uow, **store.scope).add(job_id, caller.the_account, texts)
            changed(store)
            uow.commit()
        return job_id

    def require_import(self, caller: Caller, app_id: str, job_id: str) -> str:
        """The id of an import of the last day, canonical. Raises app_not_found, invalid_param."""
        known = id_or_none(job_id)
        with self._uow() as uow:
            scope = entered(uow, caller, app_id).scope
            if known is None or not AnnotationFileStore(uow, **scope).has_import(known):
                raise invalid_param("The job does not exist.")
        return known


def _shown(row: Row) -> str:
    told = {
        "id": row.id, "question": row.question, "answer": row.answer, "hit_count": row.hit_count,
        "created_at": int(row.created_at.timestamp()),
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False)


def _texts_in(boundary: bytes, body: bytes) -> list[Text]:
    """The annotations of a multipart body. Runs beside the loop: two megabytes of CSV take a while."""
    data = bytearray()
    reader = UploadReader(boundary, _CsvOnly(), data.extend, ())
    reader.feed(body)
    reader.finish()
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise invalid_param(f"The file is no CSV in UTF-8: {error}") from None
    return texts_of(rows)


def texts_of(rows: Sequence[Sequence[str]]) -> list[Text]:
    """Questions and answers behind the heading of a CSV. Raises invalid_param."""
    found = []
    for number, row in enumerate(rows[1:], 2):
        cells = [clean_text(cell).strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) < 2 or not (cells[0] and cells[1]):
            raise invalid_param(f"Line {number} of the file has no question or no answer: it needs at least 2 columns.")
        found.append(Text(cells[0], cells[1]))
    if not found:
        raise invalid_param("The CSV file is empty.")
    if len(found) > MOST_RECORDS:
        raise invalid_param(f"The file has more than {MOST_RECORDS} annotations.")
    return found
