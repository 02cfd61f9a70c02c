"""SQL of what agents thought on the way to an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.chat.agent import Thought
from server.chat.memory import Step
from server.db.engine import UnitOfWork
from server.db.tables import message_agent_thoughts, message_files
from server.kit.ids import new_id
from server.kit.plain import clean, clean_text

_T = message_agent_thoughts.c
_OF_MESSAGES = (
    sa.select(message_agent_thoughts)
    .where(_T.app_id == sa.bindparam("b_app"), _T.message_id.in_(sa.bindparam("b_ids", expanding=True)))
    .order_by(_T.message_id, _T.position)
)

Row = sa.Row[Any]


def step_of(row: Row) -> Step:
    """A stored thought as later turns remember it."""
    calls, observations = _object(row.tool_input), _object(row.observation)
    names = [name for name in row.tool.split(";") if name]
    return Step(row.thought, {name: calls.get(name, {}) for name in names}, observations)


def _object(text: str) -> dict[str, Any]:
    """JSON by tool; nothing for text that is none."""
    try:
        found = orjson.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class ThoughtStore:
    """Thoughts in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def keep(self, tenant_id: str, app_id: str, message_id: str, thoughts: Sequence[Thought]) -> None:
        """Store the thoughts of an answer and the files that its tools made. Again changes nothing."""
        owner = {"tenant_id": tenant_id, "app_id": app_id, "message_id": message_id}
        rows = [
            {
                **owner, "id": one.id, "position": one.position, "thought": clean_text(one.thought), "tool": one.tool,
                "tool_labels": clean(one.tool_labels), "tool_input": clean_text(one.tool_input),
                "observation": clean_text(one.observation), "files": [file.id for file in one.files if file.id],
                "message_tokens": one.usage.prompt_tokens, "answer_tokens": one.usage.completion_tokens,
                "created_at": datetime.fromtimestamp(one.created_at, UTC),
            }
            for one in thoughts
        ]
        added = self._uow.execute(
            insert(message_agent_thoughts).values(rows).on_conflict_do_nothing().returning(_T.id)
        ).all()
        files = [file for one in thoughts for file in one.files] if added else []
        if files:
            self._uow.execute(
                sa.insert(message_files),
                [
                    {
                        **owner, "id": new_id(), "type": file.type, "belongs_to": "assistant",
                        "transfer_method": "tool_file" if file.id else file.transfer_method,
                        "upload_file_id": file.id or None, "url": None if file.id else file.url or file.remote_url,
                        "name": file.name or None, "mime_type": file.mime_type or None,
                        "size": file.size if file.size >= 0 else None,
                    }
                    for file in files
                ],
            )

    def of(self, app_id: str, message_ids: Sequence[str]) -> Sequence[Row]:
        """The thoughts of messages of an app, in order."""
        return self._uow.execute(_OF_MESSAGES, {"b_app": app_id, "b_ids": list(message_ids)}).all()
