"""Rows that tests of the Service API start from, written as other slices leave them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from server.db.engine import UowFactory
from server.db.tables import (
    accounts,
    api_keys,
    app_configs,
    apps,
    conversation_variables,
    conversations,
    end_users,
    memberships,
    message_files,
    messages,
    sites,
    tenants,
)
from server.kit.crypto import key_hash
from server.kit.ids import NIL_UUID, new_id, random_text

START = datetime(2026, 11, 22, 8, 0, 22, tzinfo=UTC)
DOCUMENT: Mapping[str, Any] = {
    "model": {"provider": "transom/local/local", "name": "small", "mode": "chat", "completion_params": {}},
    "pre_prompt": "Be kind.",
    "opening_statement": "Hello there",
    "suggested_questions": ["What is x?"],
    "user_input_form": [
        {"text-input": {"label": "topic", "variable": "topic", "required": False, "max_length": 48, "default": ""}}
    ],
}


@dataclass(frozen=True, slots=True)
class App:
    """An app with a key."""

    tenant_id: str
    app_id: str
    config_id: str | None
    key: str


class World:
    """Makes tenants, apps, conversations and messages."""

    def __init__(self, uow: UowFactory) -> None:
        self.uow = uow
        self._minutes = 0

    def insert(self, table: sa.Table, **values: Any) -> str:
        """One row; its id."""
        row = {"id": new_id(), **values}
        with self.uow() as work:
            work.execute(sa.insert(table), row)
            work.commit()
        return str(row["id"])

    def rows(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
        """The rows that match."""
        with self.uow() as work:
            return list(work.execute(sa.select(table).where(*conditions)))

    def tenant(self) -> str:
        """A workspace with an owner called admin."""
        tenant_id = self.insert(tenants, name="T")
        account_id = self.insert(
            accounts, name="admin", email=f"{tenant_id}@example.com", email_lower=f"{tenant_id}@example.com"
        )
        self.insert(memberships, tenant_id=tenant_id, account_id=account_id, role="owner", current=True)
        return tenant_id

    def app(
        self, tenant_id: str | None = None, *, mode: str = "chat", document: Mapping[str, Any] | None = DOCUMENT,
        with_site: bool = True, **values: Any,
    ) -> App:
        """An app of a new workspace, or of the given one."""
        tenant_id = tenant_id or self.tenant()
        app_id, key = new_id(), "app-" + random_text(24)
        owner = self.rows(memberships, memberships.c.tenant_id == tenant_id)[0].account_id
        config_id = None
        if document is not None:
            config_id = self.insert(app_configs, tenant_id=tenant_id, app_id=app_id, document=document)
        self.insert(
            apps, id=app_id, tenant_id=tenant_id, name="chat10", description="chat10 app", mode=mode,
            app_config_id=config_id, created_by=owner, **values,
        )
        self.insert(api_keys, tenant_id=tenant_id, app_id=app_id, token_hash=key_hash(key), token_sealed="-")
        if with_site:
            self.insert(
                sites, tenant_id=tenant_id, app_id=app_id, code=random_text(16), title="chat10", icon_type="emoji",
                icon="🤖", icon_background="#FFEAD5",
            )
        return App(tenant_id, app_id, config_id, key)

    def end_user(self, app: App, session_id: str = "cap-user") -> str:
        """The end user of that name."""
        found = self.rows(end_users, end_users.c.app_id == app.app_id, end_users.c.session_id == session_id)
        if found:
            return str(found[0].id)
        return self.insert(
            end_users, tenant_id=app.tenant_id, app_id=app.app_id, session_id=session_id, external_user_id=session_id
        )

    def conversation(self, app: App, user: str = "cap-user", *, mode: str = "chat", **values: Any) -> str:
        """A conversation, a minute younger than the one before."""
        self._minutes += 1
        at = START + timedelta(minutes=self._minutes)
        row = {
            "tenant_id": app.tenant_id, "app_id": app.app_id, "app_config_id": app.config_id, "mode": mode,
            "name": "first question", "inputs": {"topic": "sea"}, "introduction": "Hello there",
            "from_end_user_id": self.end_user(app, user), "created_at": at, "updated_at": at,
        }
        return self.insert(conversations, **{**row, **values})

    def message(self, app: App, conversation_id: str, user: str = "cap-user", **values: Any) -> str:
        """A message, a minute younger than the one before."""
        self._minutes += 1
        at = START + timedelta(minutes=self._minutes)
        row = {
            "tenant_id": app.tenant_id, "app_id": app.app_id, "conversation_id": conversation_id,
            "parent_message_id": NIL_UUID, "app_config_id": app.config_id, "provider": "transom/local/local",
            "model": "small", "inputs": {"topic": "sea"}, "query": "first question", "answer": "tok0 tok1",
            "message_tokens": 7, "answer_tokens": 10, "total_price": Decimal("0.0012890"), "latency": 1.25,
            "app_mode": "chat", "from_end_user_id": self.end_user(app, user), "created_at": at, "updated_at": at,
        }
        return self.insert(messages, **{**row, **values})

    def message_file(self, app: App, message_id: str, **values: Any) -> str:
        """A file of a message."""
        row = {
            "tenant_id": app.tenant_id, "app_id": app.app_id, "message_id": message_id, "type": "image",
            "transfer_method": "local_file",
        }
        return self.insert(message_files, **{**row, **values})

    def variable(self, app: App, conversation_id: str, name: str, value_type: str, value: Any, **values: Any) -> str:
        """A conversation variable, a minute younger than the one before."""
        self._minutes += 1
        at = START + timedelta(minutes=self._minutes)
        row = {
            "tenant_id": app.tenant_id, "app_id": app.app_id, "conversation_id": conversation_id, "name": name,
            "value_type": value_type, "value": value, "created_at": at, "updated_at": at,
        }
        return self.insert(conversation_variables, **{**row, **values})
