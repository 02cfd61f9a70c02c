"""SQL of uploaded files."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import conversations, message_files, messages, upload_files
from server.file.model import StoredFile

_U = upload_files.c
_COLUMNS = tuple(_U[name] for name in StoredFile.__dataclass_fields__)
_ADD = sa.insert(upload_files).returning(_U.created_at)
_BY_ID = sa.select(*_COLUMNS).where(_U.id == sa.bindparam("b_id"))
_OF_TENANT = _BY_ID.where(_U.tenant_id == sa.bindparam("b_tenant"))
_ATTACHED = (
    sa.select(message_files.c.id)
    .join(messages, messages.c.id == message_files.c.message_id)
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .where(
        message_files.c.upload_file_id == _U.id, messages.c.app_id == sa.bindparam("b_app"),
        conversations.c.is_deleted.is_(False),
    )
)
_OF_APP = _BY_ID.where(_U.tenant_id == sa.bindparam("b_tenant"), _ATTACHED.exists())
_OF_USER = _BY_ID.where(
    _U.tenant_id == sa.bindparam("b_tenant"),
    _ATTACHED.where(messages.c.from_end_user_id == sa.bindparam("b_user")).exists(),
)


class FileStore:
    """Rows of uploads in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def add(self, tenant_id: str, values: dict[str, Any]) -> Any:
        """Record an upload that is in the store; when it was made."""
        return self._uow.execute(_ADD, {"tenant_id": tenant_id, **values}).scalar_one()

    def attached(self, tenant_id: str, app_id: str, end_user_id: str | None, file_id: str) -> StoredFile | None:
        """An upload that a message of the app carries; with an end user, a message of theirs."""
        parameters = {"b_id": file_id, "b_tenant": tenant_id, "b_app": app_id}
        if end_user_id is None:
            row = self._uow.execute(_OF_APP, parameters).one_or_none()
        else:
            row = self._uow.execute(_OF_USER, {**parameters, "b_user": end_user_id}).one_or_none()
        return _stored(row)

    def of_tenant(self, tenant_id: str, file_id: str) -> StoredFile | None:
        """A workspace's upload, whoever may see it."""
        return _stored(self._uow.execute(_OF_TENANT, {"b_id": file_id, "b_tenant": tenant_id}).one_or_none())

    def signed(self, file_id: str) -> StoredFile | None:
        """An upload by a link that we signed: the signature stands for the tenant."""
        return _stored(self._uow.execute(_BY_ID, {"b_id": file_id}).one_or_none())


def _stored(row: sa.Row[Any] | None) -> StoredFile | None:
    return None if row is None else StoredFile(**row._mapping)
