"""Pictures found in documents: kept as files of the workspace, linked to from the text of segments."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from server.db.engine import UowFactory
from server.indexing.model import Task
from server.indexing.picture_store import PictureStore
from server.indexing.ports import Files
from server.indexing.store import IndexingStore
from server.ingest.part import Picture

_MIME_TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}


class PictureKeeper:
    """Thread-safe. A repeated attempt keeps a picture under the id that it has already."""

    def __init__(self, uow: UowFactory, files: Files, link: Callable[[str], str]) -> None:
        self._uow = uow
        self._files = files
        self._link = link

    def keep(self, task: Task, picture: Picture) -> str:
        """Keep a picture of a document; the markdown that shows it. Raises Superseded."""
        file_id = str(uuid.uuid5(uuid.UUID(task.document_id), picture.name))
        key = f"{task.tenant_id}/pictures/{file_id}.{picture.extension}"
        with self._uow() as uow:
            # Held, it is not removed in between: whoever removes it finds the picture.
            IndexingStore(uow).hold(task)
            # First the row: what no row names would never be removed.
            is_new = PictureStore(uow).add(
                task, file_id, key=key, name=f"image.{picture.extension}", extension=picture.extension,
                mime_type=_MIME_TYPES[picture.extension], size=len(picture.data), digest=picture.name,
            )
            uow.commit()
        if is_new or not self._files.path(key).is_file():
            draft = self._files.begin()
            try:
                draft.write(picture.data)
                draft.publish(key)
            finally:
                draft.discard()
        return f"![image]({self._link(file_id)})"
