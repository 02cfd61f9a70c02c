"""SQL of pictures in documents."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.db.engine import UnitOfWork
from server.db.tables import document_pictures, upload_files
from server.indexing.model import Task

_P = document_pictures.c
_U = upload_files.c


class PictureStore:
    """Pictures in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def add(
        self, task: Task, file_id: str, *, key: str, name: str, extension: str, mime_type: str, size: int, digest: str
    ) -> bool:
        """Note a picture of the version that is indexed; False when it was known."""
        file = insert(upload_files).values(
            id=file_id, tenant_id=task.tenant_id, key=key, name=name, size=size, extension=extension,
            mime_type=mime_type, created_by_role="account", created_by=task.created_by, hash=digest,
        )
        added = self._uow.execute(file.on_conflict_do_nothing(index_elements=["id"])).rowcount > 0
        noted = insert(document_pictures).values(
            document_id=task.document_id, upload_file_id=file_id, tenant_id=task.tenant_id,
            dataset_id=task.dataset_id, version=task.version,
        )
        self._uow.execute(
            noted.on_conflict_do_update(
                index_elements=["document_id", "upload_file_id"],
                set_={"version": sa.func.greatest(_P.version, noted.excluded.version)},
            )
        )
        return added

    def some(
        self, tenant_id: str, dataset_id: str, limit: int, *, document_id: str | None = None, below: int | None = None
    ) -> list[tuple[str, str]]:
        """(id, key) of pictures of a dataset: of one document, of its versions before one."""
        statement = (
            sa.select(_U.id, _U.key).select_from(document_pictures.join(upload_files, _U.id == _P.upload_file_id))
            .where(_P.tenant_id == tenant_id, _P.dataset_id == dataset_id)
        )
        if document_id is not None:
            statement = statement.where(_P.document_id == document_id)
        if below is not None:
            statement = statement.where(_P.version < below)
        return [(row.id, row.key) for row in self._uow.execute(statement.limit(limit))]

    def remove(self, tenant_id: str, file_ids: Sequence[str]) -> None:
        """Forget pictures whose files are gone."""
        self._uow.execute(
            sa.delete(document_pictures).where(_P.tenant_id == tenant_id, _P.upload_file_id.in_(file_ids))
        )
        self._uow.execute(sa.delete(upload_files).where(_U.tenant_id == tenant_id, _U.id.in_(file_ids)))
