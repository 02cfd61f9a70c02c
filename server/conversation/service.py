"""What an end user does with conversations (service-api.md section 5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from server.conversation.model import NAME_LIMIT, VARIABLE_LIMIT, fits, is_too_large, mismatch
from server.conversation.store import ConversationStore, Row
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import AppError, bad_request, invalid_param, not_found
from server.kit.plain import clean_text
from server.kit.validate import Checks, id_or_none

NO_CONVERSATION = "Conversation Not Exists."
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_VARIABLE_NAME_RULE = (
    "Variable name can only contain letters, numbers, hyphens (-), underscores (_), and periods (.)"
)


class ConversationService:
    """Conversations of the caller's end user. A conversation of anyone else is ``not_found``."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def page(
        self, caller: Caller, last_id: str, limit: int, sort: str, pinned: bool | None = None
    ) -> tuple[Sequence[Row], bool]:
        """A page of conversations after ``last_id`` ("" for the first), and whether more follow.

        ``pinned``: only those that are, or are not; None: all.
        """
        with self._uow() as uow:
            rows = ConversationStore(uow).page(
                caller.the_app.app_id, caller.the_user.id, caller.via, last_id, sort, limit + 1, pinned
            )
        if rows is None:
            raise not_found("Last Conversation Not Exists.")
        return rows[:limit], len(rows) > limit

    def delete(self, caller: Caller, conversation_id: str) -> None:
        """Make a conversation unreachable now; its rows follow in the background."""
        with self._uow() as uow:
            if not ConversationStore(uow).delete(*_mine(caller, conversation_id)):
                raise not_found(NO_CONVERSATION)
            uow.commit()

    def pin(self, caller: Caller, conversation_id: str) -> None:
        """Pin a conversation; again is no error."""
        with self._uow() as uow:
            if not ConversationStore(uow).pin(*_mine(caller, conversation_id)):
                raise not_found(NO_CONVERSATION)
            uow.commit()

    def unpin(self, caller: Caller, conversation_id: str) -> None:
        """Pin a conversation no longer, whether it was pinned or not."""
        known = id_or_none(conversation_id)
        if known is None:
            return
        with self._uow() as uow:
            ConversationStore(uow).unpin(caller.the_app.app_id, caller.the_user.id, known)
            uow.commit()

    def rename(self, caller: Caller, conversation_id: str, name: str) -> Row:
        """Give a conversation a name. A blank or overlong one is ``invalid_param``."""
        checked = checked_name(name)
        with self._uow() as uow:
            row = ConversationStore(uow).rename(*_mine(caller, conversation_id), checked)
            uow.commit()
        return _found(row)

    def first_query(self, caller: Caller, conversation_id: str) -> Row:
        """A conversation and the ``query`` a title is made of. Without messages: ``invalid_param``."""
        with self._uow() as uow:
            row = _found(ConversationStore(uow).with_first_query(*_mine(caller, conversation_id)))
        if row.query is None:
            raise invalid_param("")
        return row

    def set_title(self, caller: Caller, conversation_id: str, title: str) -> Row:
        """Give a conversation a generated name."""
        with self._uow() as uow:
            row = ConversationStore(uow).set_title(*_mine(caller, conversation_id), clean_text(title))
            uow.commit()
        return _found(row)

    def set_first_title(self, tenant_id: str, conversation_id: str, initial: str, title: str) -> None:
        """Give a new conversation its generated name, unless someone named it since."""
        with self._uow.single() as uow:
            ConversationStore(uow).set_first_title(tenant_id, conversation_id, initial, clean_text(title))
            uow.commit()

    def variables(
        self, caller: Caller, conversation_id: str, last_id: str, limit: int, name: str
    ) -> tuple[Sequence[Row], bool]:
        """A page of a conversation's variables, oldest first. An unknown ``last_id`` is ``invalid_param``."""
        if name and not _VARIABLE_NAME.fullmatch(name):
            raise _bad_variable_name(name)
        with self._uow() as uow:
            store = ConversationStore(uow)
            app_id, _, conversation = mine = _mine(caller, conversation_id)
            _found(store.one(*mine))
            after = {}
            if last_id:
                known = id_or_none(last_id)
                at = store.variable_time(app_id, conversation, known) if known else None
                if at is None:
                    raise invalid_param("")
                after = {"b_at": at, "b_last": known}
            rows = store.variables(app_id, conversation, name, limit + 1, after)
        return rows[:limit], len(rows) > limit

    def set_variable(self, caller: Caller, conversation_id: str, variable_id: str, value: Any) -> Row:
        """Change a variable. A value of another type, or one that is too large, is ``bad_request``."""
        with self._uow() as uow:
            store = ConversationStore(uow)
            app_id, _, conversation = mine = _mine(caller, conversation_id)
            _found(store.one(*mine))
            known = id_or_none(variable_id)
            variable = store.lock_variable(app_id, conversation, known) if known else None
            if known is None or variable is None:
                raise not_found("Conversation Variable Not Exists.")
            if not fits(value, variable.value_type):
                raise bad_request(mismatch(variable.name, variable.value_type, value))
            if is_too_large(value):
                raise bad_request(f"variable '{variable.name}' is larger than {VARIABLE_LIMIT} bytes")
            row = store.set_variable(app_id, conversation, known, value)
            uow.commit()
        return row


def checked_name(name: str) -> str:
    """A name that may be stored. Raises ``invalid_param``."""
    cleaned = clean_text(name)
    checks = Checks("ConversationRenamePayload")
    if not cleaned.strip():
        checks.add("name", "Value error, name is required when auto_generate is false", "value_error", name)
    elif len(cleaned) > NAME_LIMIT:
        checks.add("name", f"String should have at most {NAME_LIMIT} characters", "string_too_long", name)
    checks.done()
    return cleaned


def _mine(caller: Caller, conversation_id: str) -> tuple[str, str, str]:
    """App, end user and conversation. Text that is no UUID cannot be a conversation's id."""
    known = id_or_none(conversation_id)
    if known is None:
        raise not_found(NO_CONVERSATION)
    return caller.the_app.app_id, caller.the_user.id, known


def _found(row: Row | None) -> Row:
    if row is None:
        raise not_found(NO_CONVERSATION)
    return row


def _bad_variable_name(name: str) -> AppError:
    checks = Checks("ConversationVariablesQuery")
    if len(name) > NAME_LIMIT:
        checks.add("variable_name", f"String should have at most {NAME_LIMIT} characters", "string_too_long", name)
    else:
        checks.add("variable_name", f"Value error, {_VARIABLE_NAME_RULE}", "value_error", name)
    return checks.error()
