"""Rows of uploads: recorded when their bytes are safe, found for who may read them."""

from __future__ import annotations

from collections.abc import Mapping

from server.db.engine import UowFactory
from server.file.links import FileLinks
from server.file.model import StoredFile
from server.file.multipart import Received
from server.file.store import FileStore
from server.kit.caller import AppContext, Caller
from server.kit.errors import AppError, Reason, not_found
from server.kit.ids import new_id
from server.kit.validate import id_or_none


class FileService:
    """Uploaded files."""

    def __init__(self, uow: UowFactory, links: FileLinks) -> None:
        self._uow = uow
        self._links = links

    def add(self, app: AppContext, end_user_id: str, received: Received, key: str) -> StoredFile:
        """Record a file of an end user that is in the store under ``key``."""
        return self._add(app.tenant_id, received, key, {"app_id": app.app_id, "created_by": end_user_id})

    def add_of_member(self, caller: Caller, received: Received, key: str) -> StoredFile:
        """Record a file of a member of the workspace."""
        owner = {"app_id": None, "created_by": caller.the_account, "created_by_role": "account"}
        return self._add(caller.tenant_id, received, key, owner)

    def add_made(
        self, tenant_id: str, app_id: str, user_id: str, role: str, received: Received, key: str
    ) -> StoredFile:
        """Record a file that a run made for its user."""
        owner = {"app_id": app_id, "created_by": user_id, "created_by_role": role}
        return self._add(tenant_id, received, key, owner)

    def of_tenant(self, tenant_id: str, file_id: str) -> StoredFile | None:
        """A file of a workspace, for a run that has been allowed to use it."""
        known = id_or_none(file_id)
        with self._uow() as uow:
            return FileStore(uow).of_tenant(tenant_id, known) if known else None

    def _add(self, tenant_id: str, received: Received, key: str, owner: Mapping[str, str | None]) -> StoredFile:
        head, file_id = received.head, new_id()
        with self._uow() as uow:
            created_at = FileStore(uow).add(
                tenant_id,
                {
                    "id": file_id, "key": key, "name": head.name, "size": received.size, "extension": head.extension,
                    "mime_type": head.mime_type, "hash": received.hash, **owner,
                },
            )
            uow.commit()
        return StoredFile(
            id=file_id, tenant_id=tenant_id, app_id=owner["app_id"], key=key, name=head.name, size=received.size,
            extension=head.extension, mime_type=head.mime_type, hash=received.hash, created_by=owner["created_by"],
            created_at=created_at,
        )

    def for_preview(self, caller: Caller, file_id: str, *, of_user: bool) -> StoredFile:
        """A file that a message of the app carries (service-api.md 9.3), else ``file_not_found``.

        ``of_user``: the call names an end user, who then sees the files of their own messages only
        (service-api.md 1.2). A call that names none acts for the app, whose key reads them all. A file
        that was never used, is unknown, or is someone else's: the answer is the same.
        """
        known = id_or_none(file_id)
        user_id = caller.the_user.id if of_user else None
        with self._uow() as uow:
            found = known and FileStore(uow).attached(caller.tenant_id, caller.the_app.app_id, user_id, known)
        if not found:
            raise AppError(Reason.FILE_NOT_FOUND, "File not found in message context")
        return found

    def for_link(self, file_id: str, timestamp: str, nonce: str, signature: str) -> StoredFile:
        """A file by a signed link; one that is wrong or too old is ``not_found``."""
        if not id_or_none(file_id) or not self._links.is_valid(file_id, timestamp, nonce, signature):
            raise not_found("File not found")
        with self._uow() as uow:
            found = FileStore(uow).signed(file_id)
        if found is None:
            raise not_found("File not found")
        return found
