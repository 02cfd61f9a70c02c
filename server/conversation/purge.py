"""Removes the rows of a deleted conversation; handler of the job ``purge_conversation``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.conversation.purge_store import PurgeStore
from server.db.engine import UowFactory


class ConversationPurge:
    """Runs in the worker. Uploaded files stay (data-model.md section 9)."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def purge(self, payload: Mapping[str, Any]) -> None:
        """Delete everything of ``payload["conversation_id"]``, one batch a transaction; may be repeated.

        A message that is still being answered stays until its run has ended: the job is ordered again.
        """
        tenant_id, conversation_id = payload["tenant_id"], payload["conversation_id"]
        while self._batch(tenant_id, conversation_id):
            pass
        with self._uow() as uow:
            store = PurgeStore(uow)
            if not store.conversation(tenant_id, conversation_id):
                store.again(payload)
            uow.commit()

    def _batch(self, tenant_id: str, conversation_id: str) -> int:
        with self._uow() as uow:
            gone = PurgeStore(uow).messages(tenant_id, conversation_id)
            uow.commit()
            return gone
