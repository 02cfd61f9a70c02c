"""Earlier turns of a conversation for nodes. Port: ``server.engine.ports.Memory``."""

from __future__ import annotations

from collections.abc import Sequence

from server.chat.memory import Turn, as_messages, thread
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.engine.node import RunInfo
from server.kit.ids import NIL_UUID
from server.llm.port import PromptMessage
from server.workflow_run.turns_store import TurnsStore


class FlowMemory:
    """Stored messages, read when a node asks."""

    def __init__(self, db: Database, uow: UowFactory) -> None:
        self._db = db
        self._uow = uow

    async def history(self, run: RunInfo, *, window: int | None) -> Sequence[PromptMessage]:
        """The thread that the run's message continues, oldest first: the newest ``window`` turns of it."""
        if run.mode != "advanced-chat" or not run.conversation_id:
            return []
        turns = earlier(await self._db(self._newest, run), run.message_id)
        if window is not None:
            turns = turns[-window:] if window > 0 else []
        return as_messages(turns)

    def _newest(self, run: RunInfo) -> list[Turn]:
        with self._uow() as uow:
            return TurnsStore(uow).newest(run.tenant_id, run.app_id, run.conversation_id)


def earlier(newest_first: Sequence[Turn], message_id: str) -> list[Turn]:
    """The thread before a message, oldest first; messages that came after it belong to other runs."""
    at = next((index for index, turn in enumerate(newest_first) if turn.id == message_id), None)
    if at is None:
        return thread(newest_first, NIL_UUID)
    return thread(newest_first[at + 1 :], newest_first[at].parent_message_id)
