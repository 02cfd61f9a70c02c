"""SQL of a turn: what it continues, and what it begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from server.chat.files import ResolvedFile, Upload
from server.chat.memory import MAX_MESSAGES, Turn
from server.db.direct import Order
from server.db.engine import UnitOfWork
from server.db.prepared import hot
from server.db.tables import app_configs, conversations, message_files, messages, upload_files
from server.kit.ids import new_id
from server.runs.run import RunKey
from server.runs.store import NEW_RUN, new_run

_CONVERSATION = (
    sa.select(
        conversations.c.id, conversations.c.status, conversations.c.app_config_id, app_configs.c.document,
    )
    .outerjoin(app_configs, app_configs.c.id == conversations.c.app_config_id)
    .where(
        conversations.c.id == sa.bindparam("id"), conversations.c.app_id == sa.bindparam("app"),
        sa.func.coalesce(conversations.c.from_end_user_id, conversations.c.from_account_id) == sa.bindparam("user"),
        conversations.c.is_deleted.is_(False),
    )
)
_HISTORY = (
    sa.select(messages.c.id, messages.c.parent_message_id, messages.c.query, messages.c.answer)
    .where(messages.c.conversation_id == sa.bindparam("id"), messages.c.app_id == sa.bindparam("app"))
    .order_by(messages.c.created_at.desc(), messages.c.id.desc())
    .limit(MAX_MESSAGES)
)
_UPLOADS = sa.select(upload_files).where(
    upload_files.c.id.in_(sa.bindparam("ids", expanding=True)), upload_files.c.tenant_id == sa.bindparam("tenant"),
    upload_files.c.created_by == sa.bindparam("user"),
)
_QUESTION = (
    sa.select(messages.c.id, messages.c.inputs, messages.c.query, messages.c.conversation_id)
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .where(
        messages.c.id == sa.bindparam("message"), messages.c.app_id == sa.bindparam("app"),
        messages.c.from_end_user_id == sa.bindparam("user"), conversations.c.is_deleted.is_(False),
    )
)
_FILES = sa.select(
    message_files.c.type, message_files.c.transfer_method, message_files.c.url, message_files.c.upload_file_id
).where(
    message_files.c.message_id == sa.bindparam("message"), message_files.c.app_id == sa.bindparam("app"),
    message_files.c.belongs_to == "user",
)
_NEW_CONVERSATION = (
    sa.insert(conversations)
    .values(
        id=sa.bindparam("b_conversation"), tenant_id=sa.bindparam("b_tenant"), app_id=sa.bindparam("b_app"),
        mode=sa.bindparam("b_mode"), app_config_id=sa.bindparam("b_config"), name=sa.bindparam("b_name"),
        inputs=sa.bindparam("b_inputs"), introduction=sa.bindparam("b_introduction"),
        invoke_from=sa.bindparam("b_via"), from_end_user_id=sa.bindparam("b_user"),
        from_source=sa.bindparam("b_source"), from_account_id=sa.bindparam("b_account"),
    )
    .cte("conversation")
)
_NEXT_MESSAGE = hot(
    sa.insert(messages)
    .values(
        id=sa.bindparam("b_message"), tenant_id=sa.bindparam("b_tenant"), app_id=sa.bindparam("b_app"),
        conversation_id=sa.bindparam("b_conversation"), parent_message_id=sa.bindparam("b_parent"),
        app_config_id=sa.bindparam("b_config"), provider=sa.bindparam("b_provider"), model=sa.bindparam("b_model"),
        inputs=sa.bindparam("b_inputs"), query=sa.bindparam("b_query"), app_mode=sa.bindparam("b_mode"),
        invoke_from=sa.bindparam("b_via"), from_end_user_id=sa.bindparam("b_user"),
        from_source=sa.bindparam("b_source"), from_account_id=sa.bindparam("b_account"),
    )
    .returning(messages.c.created_at)
    .add_cte(NEW_RUN)
)
_FIRST_MESSAGE = hot(_NEXT_MESSAGE.add_cte(_NEW_CONVERSATION))


@dataclass(frozen=True, slots=True)
class Conversation:
    """The conversation that a turn continues, with the configuration it began with."""

    id: str
    status: str
    app_config_id: str | None
    document: Mapping[str, Any] | None
    # Newest first.
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """An uploaded file and where its bytes are."""

    upload: Upload
    key: str


@dataclass(frozen=True, slots=True)
class NewTurn:
    """Everything that is stored before the model is asked."""

    tenant_id: str
    app_id: str
    mode: str
    # One of the two: who asks.
    end_user_id: str | None
    account_id: str | None
    app_config_id: str | None
    provider: str
    model: str
    conversation_id: str | None
    name: str
    introduction: str | None
    inputs: Mapping[str, Any]
    query: str
    parent_message_id: str | None
    via: str
    api_key_id: str = ""
    files: Sequence[ResolvedFile] = ()

    def new_key(self) -> RunKey:
        """What identifies its run, before it is known when it was stored."""
        return RunKey(
            task_id=new_id(), tenant_id=self.tenant_id, app_id=self.app_id, mode=self.mode, message_id=new_id(),
            conversation_id=self.conversation_id or new_id(), end_user_id=self.end_user_id, created_at=0,
            api_key_id=self.api_key_id,
        )


class ChatStore:
    """Turns in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def conversation(self, app_id: str, asker_id: str, conversation_id: str) -> Conversation | None:
        """The conversation of an end user or member, with its turns; None when it is not theirs."""
        row = self._uow.execute(
            _CONVERSATION, {"id": conversation_id, "app": app_id, "user": asker_id}
        ).one_or_none()
        if row is None:
            return None
        turns = [
            Turn(id=turn.id, parent_message_id=turn.parent_message_id, query=turn.query, answer=turn.answer)
            for turn in self._uow.execute(_HISTORY, {"id": conversation_id, "app": app_id})
        ]
        return Conversation(row.id, row.status, row.app_config_id, row.document, tuple(turns))

    def uploads(self, tenant_id: str, asker_id: str, ids: Sequence[str]) -> dict[str, StoredUpload]:
        """The own uploads of an end user or member among ``ids``."""
        if not ids:
            return {}
        rows = self._uow.execute(_UPLOADS, {"ids": list(ids), "tenant": tenant_id, "user": asker_id})
        return {
            row.id: StoredUpload(Upload(row.id, row.name, row.extension, row.mime_type, row.size), row.key)
            for row in rows
        }

    def question(self, app_id: str, end_user_id: str, message_id: str) -> sa.Row[Any] | None:
        """What an end user once asked: inputs, query, conversation."""
        found = {"app": app_id, "user": end_user_id, "message": message_id}
        return self._uow.execute(_QUESTION, found).one_or_none()

    def files(self, app_id: str, message_id: str) -> list[dict[str, Any]]:
        """The files of a user's message, as a request names them."""
        return [dict(row._mapping) for row in self._uow.execute(_FILES, {"app": app_id, "message": message_id})]

    def keep_config(
        self, tenant_id: str, app_id: str, account_id: str, document: Mapping[str, Any], conversation_id: str | None
    ) -> str:
        """Keep a configuration that is tried out, for a conversation when there is one already; its id."""
        config_id = new_id()
        self._uow.execute(
            sa.insert(app_configs).values(
                id=config_id, tenant_id=tenant_id, app_id=app_id, document=dict(document), created_by=account_id
            )
        )
        if conversation_id is not None:
            self._uow.execute(
                sa.update(conversations)
                .where(
                    conversations.c.id == conversation_id, conversations.c.app_id == app_id,
                    conversations.c.tenant_id == tenant_id,
                )
                .values(app_config_id=config_id)
            )
        return config_id

    @staticmethod
    def adding(turn: NewTurn, key: RunKey, owner: str) -> Order:
        """What stores conversation (if new), message and run, and gives the time at which the message was created.

        ``owner`` is the process that is about to start the run.
        """
        values = {
            "b_conversation": key.conversation_id, "b_tenant": turn.tenant_id, "b_app": turn.app_id,
            "b_mode": turn.mode, "b_config": turn.app_config_id, "b_inputs": dict(turn.inputs),
            "b_user": turn.end_user_id, "b_account": turn.account_id,
            "b_source": "api" if turn.account_id is None else "console", "b_via": turn.via, "b_message": key.message_id,
            "b_parent": turn.parent_message_id, "b_provider": turn.provider, "b_model": turn.model,
            "b_query": turn.query, **new_run(key, owner),
        }
        if turn.conversation_id is None:
            return Order(_FIRST_MESSAGE, {**values, "b_name": turn.name, "b_introduction": turn.introduction})
        return Order(_NEXT_MESSAGE, values)

    def add(self, turn: NewTurn, key: RunKey, owner: str) -> datetime:
        """Store a turn, as ``adding``, and its files in another statement."""
        created: datetime = self._uow.execute(*self.adding(turn, key, owner)).scalar_one()
        if turn.files:
            self.attach(turn.tenant_id, turn.app_id, key.message_id, turn.files)
        return created

    def attach(self, tenant_id: str, app_id: str, message_id: str, files: Sequence[ResolvedFile]) -> None:
        """Store the files of a user's message."""
        self._uow.execute(
            sa.insert(message_files),
            [
                {
                    "id": new_id(), "tenant_id": tenant_id, "app_id": app_id, "message_id": message_id,
                    "type": file.kind, "transfer_method": file.method, "belongs_to": "user", "url": file.url or None,
                    "upload_file_id": file.upload_id or None,
                    # Of an upload its own row tells them.
                    "name": file.name if file.url else None, "mime_type": file.mime_type if file.url else None,
                    "size": file.size if file.url and file.size >= 0 else None,
                }
                for file in files
            ],
        )
