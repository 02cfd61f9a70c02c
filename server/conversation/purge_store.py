"""SQL that removes a deleted conversation, in batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from server.db.engine import UnitOfWork
from server.db.tables import (
    conversation_variables,
    conversations,
    jobs,
    message_agent_thoughts,
    message_feedbacks,
    message_files,
    messages,
    pinned_conversations,
    runs,
    saved_messages,
)

_BATCH = 1000
_AGAIN = sa.text("interval '60 seconds'")


class PurgeStore:
    """Rows of one conversation that was marked as deleted."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def messages(self, tenant_id: str, conversation_id: str) -> int:
        """One batch of messages that no run works on, with what belongs to them; how many went."""
        running = sa.select(runs.c.task_id).where(runs.c.message_id == messages.c.id, runs.c.status == "running")
        batch = (
            sa.select(messages.c.id)
            .where(
                messages.c.tenant_id == tenant_id, messages.c.conversation_id == conversation_id, ~running.exists()
            )
            .limit(_BATCH)
        )
        ids = list(self._uow.execute(batch).scalars())
        for child in (message_files, message_feedbacks, saved_messages, message_agent_thoughts, runs):
            self._uow.execute(sa.delete(child).where(child.c.tenant_id == tenant_id, child.c.message_id.in_(ids)))
        self._uow.execute(sa.delete(messages).where(messages.c.tenant_id == tenant_id, messages.c.id.in_(ids)))
        return len(ids)

    def conversation(self, tenant_id: str, conversation_id: str) -> bool:
        """The conversation and its variables; False, and nothing done, while it has messages."""
        left = sa.select(messages.c.id).where(
            messages.c.tenant_id == tenant_id, messages.c.conversation_id == conversation_id
        )
        if self._uow.execute(left.limit(1)).first() is not None:
            return False
        for child in (conversation_variables, pinned_conversations):
            self._uow.execute(
                sa.delete(child).where(child.c.tenant_id == tenant_id, child.c.conversation_id == conversation_id)
            )
        self._uow.execute(
            sa.delete(conversations).where(
                conversations.c.tenant_id == tenant_id, conversations.c.id == conversation_id,
                conversations.c.is_deleted,
            )
        )
        return True

    def again(self, payload: Mapping[str, Any]) -> None:
        """Order the same job for a minute later."""
        due = sa.func.now() + _AGAIN
        self._uow.execute(sa.insert(jobs).values(kind="purge_conversation", payload=dict(payload), due_at=due))
