"""Setup, sessions, accounts and workspaces: one public method is one transaction.

Hashing a password takes tens of milliseconds; it never happens here, so that no connection
is held meanwhile: methods take and return hashes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from server.account.model import (
    Account,
    Candidate,
    NewOwner,
    OwnedWorkspace,
    Principal,
    Session,
    Workspace,
    check_account_name,
    check_avatar,
    check_language,
    check_password_rule,
    check_theme,
    check_timezone,
    check_workspace_name,
    is_email,
)
from server.account.store import AccountStore
from server.db.engine import UnitOfWork, UowFactory
from server.kit.caller import Caller
from server.kit.crypto import key_hash
from server.kit.errors import AppError, Reason, not_found
from server.kit.ids import canonical, is_uuid, new_id

MAX_FAILURES = 5
_REFRESH_BYTES = 64

T = TypeVar("T")
Extra = Callable[[UnitOfWork, str, str], None]


class AccountService:
    """Use cases of people who administer."""

    def __init__(self, uow: UowFactory, *, refresh_days: int = 30, version: str = "1.0.0") -> None:
        self._uow = uow
        self._refresh_life = timedelta(days=refresh_days)
        self._version = version

    # Setup

    def setup_at(self) -> datetime | None:
        """When the instance was set up; None before."""
        with self._uow() as uow:
            return AccountStore(uow).setup_at()

    def setup(
        self, owner: NewOwner, password_hash: str, *, tenant_id: str | None = None, also: Extra | None = None
    ) -> str:
        """Make the owner, the workspace and the setup record; the account's id.

        ``also(uow, tenant_id, account_id)`` runs in the same transaction, so that a demo exists
        whole or not at all. Of two setups at once one raises already_setup.
        """
        tenant_id = tenant_id or new_id()
        with self._uow() as uow:
            store = AccountStore(uow)
            if not store.claim_setup(self._version):
                raise AppError(Reason.ALREADY_SETUP)
            account_id = store.add_owner(tenant_id, owner, password_hash)
            if also:
                also(uow, tenant_id, account_id)
            uow.commit()
        return account_id

    # Sessions

    def candidate(self, email: str) -> Candidate:
        """Who tries to log in. Raises email_code_login_limit after five failures in 24 hours."""
        if not is_email(email):
            return Candidate(None, None, "")
        with self._uow() as uow:
            store = AccountStore(uow)
            if store.is_locked(email, MAX_FAILURES):
                raise AppError(Reason.EMAIL_CODE_LOGIN_LIMIT)
            return store.candidate(email)

    def count_failure(self, email: str) -> None:
        """Note a wrong password; also for e-mails that nobody has, so that they look alike."""
        if is_email(email):
            with self._uow() as uow:
                AccountStore(uow).count_failure(email)
                uow.commit()

    def begin_session(self, account_id: str, ip: str | None) -> Session:
        """A session after the password was found right."""
        token = secrets.token_hex(_REFRESH_BYTES)
        with self._uow() as uow:
            store = AccountStore(uow)
            row = store.note_login(account_id, ip)
            store.forget_failures(row.email)
            principal = store.principal(account_id)
            tenant_id = principal.tenant_id if principal else None
            if tenant_id is not None:
                store.add_refresh_token(account_id, key_hash(token), self._refresh_life)
            uow.commit()
        return Session(account_id, row.password_hash, token, tenant_id)

    def rotate(self, refresh_token: str) -> Session:
        """A new session for an old refresh token, which is void from now on. Raises unauthorized."""
        token = secrets.token_hex(_REFRESH_BYTES)
        with self._uow() as uow:
            store = AccountStore(uow)
            account_id = store.take_refresh_token(key_hash(refresh_token))
            principal = store.principal(account_id) if account_id else None
            if principal is None:
                raise AppError(Reason.UNAUTHORIZED, "Invalid refresh token")
            store.add_refresh_token(principal.account_id, key_hash(token), self._refresh_life)
            uow.commit()
        return Session(principal.account_id, principal.password_hash, token, principal.tenant_id)

    def end_session(self, refresh_token: str) -> None:
        """Forget a refresh token; unknown ones are fine."""
        with self._uow() as uow:
            AccountStore(uow).take_refresh_token(key_hash(refresh_token))
            uow.commit()

    def principal(self, account_id: str) -> Principal | None:
        """The account and its current workspace; None when the account is gone."""
        with self._uow() as uow:
            principal = AccountStore(uow).principal(account_id)
            uow.commit()
            return principal

    def owner(self, tenant_id: str) -> Principal | None:
        """The owner of a workspace; None when there is no such workspace."""
        if not is_uuid(tenant_id):
            return None
        with self._uow() as uow:
            return AccountStore(uow).owner(tenant_id)

    # Account

    def account(self, account_id: str) -> Account:
        """The account. Raises not_found."""
        with self._uow() as uow:
            return _found(AccountStore(uow).account(account_id))

    def rename(self, account_id: str, name: str) -> Account:
        """Change the name: 3-30 characters."""
        name = check_account_name(name)
        with self._uow() as uow:
            store = AccountStore(uow)
            store.update(account_id, name=name)
            account = _found(store.account(account_id))
            uow.commit()
            return account

    def password_hash(self, account_id: str) -> str | None:
        """The stored hash, for a check outside of any transaction."""
        with self._uow() as uow:
            return AccountStore(uow).password_hash(account_id)

    def initialize(self, account_id: str, language: str, timezone: str) -> None:
        """Make an account that was never initialized usable. Raises account_already_inited."""
        values = {
            "interface_language": check_language("interface_language", language), "timezone": check_timezone(timezone),
        }
        with self._uow() as uow:
            if not AccountStore(uow).initialize(account_id, **values):
                raise AppError(Reason.ACCOUNT_ALREADY_INITED)
            uow.commit()

    def set_avatar(self, caller: Caller, avatar: str) -> Account:
        """Set the picture: an upload of the account's own, or an address. Raises not_found for another's."""
        avatar = check_avatar(avatar)
        with self._uow() as uow:
            store = AccountStore(uow)
            if is_uuid(avatar) and not store.has_upload(caller.tenant_id, caller.the_account, avatar):
                raise not_found("File not found.")
            return self._changed(uow, caller, avatar=avatar or None)

    def set_language(self, caller: Caller, language: str) -> Account:
        """Set the language of the console."""
        with self._uow() as uow:
            return self._changed(uow, caller, interface_language=check_language("interface_language", language))

    def set_theme(self, caller: Caller, theme: str) -> Account:
        """Set the colours of the console."""
        with self._uow() as uow:
            return self._changed(uow, caller, interface_theme=check_theme(theme))

    def set_timezone(self, caller: Caller, timezone: str) -> Account:
        """Set the time zone of days."""
        with self._uow() as uow:
            return self._changed(uow, caller, timezone=check_timezone(timezone))

    @staticmethod
    def _changed(uow: UnitOfWork, caller: Caller, **values: object) -> Account:
        store = AccountStore(uow)
        store.update(caller.the_account, **values)
        account = _found(store.account(caller.the_account))
        uow.commit()
        return account

    def change_password(self, account_id: str, known_hash: str | None, new_hash: str) -> tuple[Account, Session]:
        """Store a new password, end every session and begin one for the caller.

        ``known_hash`` is the one that the current password was checked against; when it changed
        meanwhile the check is void: current_password_incorrect.
        """
        token = secrets.token_hex(_REFRESH_BYTES)
        with self._uow() as uow:
            store = AccountStore(uow)
            if not store.replace_password(account_id, known_hash, new_hash):
                raise AppError(Reason.CURRENT_PASSWORD_INCORRECT)
            store.drop_refresh_tokens(account_id)
            store.add_refresh_token(account_id, key_hash(token), self._refresh_life)
            account = _found(store.account(account_id))
            principal = store.principal(account_id)
            uow.commit()
        return account, Session(account_id, new_hash, token, principal.tenant_id if principal else None)

    def reset_password(self, email: str, new_hash: str) -> str:
        """Store a new password for whoever has that e-mail, end their sessions; the account's id. Raises not_found.

        For the instance's operator, never for a call.
        """
        with self._uow() as uow:
            store = AccountStore(uow)
            account_id = store.candidate(email).account_id
            if account_id is None:
                raise not_found("Account not found.")
            store.update(account_id, password_hash=new_hash)
            store.drop_refresh_tokens(account_id)
            store.forget_failures(email)
            uow.commit()
        return account_id

    # Workspaces

    def workspaces(self, account_id: str) -> list[Workspace]:
        """The account's workspaces, oldest membership first."""
        with self._uow() as uow:
            return AccountStore(uow).workspaces(account_id)

    def every_workspace(self) -> list[OwnedWorkspace]:
        """The instance's workspaces, oldest first; for its operator, never for a call."""
        with self._uow() as uow:
            return AccountStore(uow).every_workspace()

    def workspace(self, account_id: str, tenant_id: str) -> Workspace:
        """One of the account's workspaces. Raises account_not_link_tenant."""
        with self._uow() as uow:
            return _member(AccountStore(uow).workspaces(account_id), tenant_id)

    def switch(self, account_id: str, tenant_id: str) -> Workspace:
        """Make a workspace the current one. Raises account_not_link_tenant."""
        with self._uow() as uow:
            store = AccountStore(uow)
            workspace = _member(store.workspaces(account_id), tenant_id)
            store.enter(account_id, workspace.id)
            uow.commit()
            return workspace

    def rename_workspace(self, caller: Caller, name: str) -> Workspace:
        """Give the current workspace another name: 1-255 characters."""
        name = check_workspace_name(name)
        with self._uow() as uow:
            store = AccountStore(uow)
            store.rename_workspace(caller.tenant_id, name)
            workspace = _member(store.workspaces(caller.the_account), caller.tenant_id)
            uow.commit()
            return workspace


def check_new_password(new: str, again: str) -> None:
    """Raises repeat_password_not_match or invalid_param."""
    if new != again:
        raise AppError(Reason.REPEAT_PASSWORD_NOT_MATCH)
    check_password_rule(new)


def _member(workspaces: list[Workspace], tenant_id: str) -> Workspace:
    wanted = canonical(tenant_id) if is_uuid(tenant_id) else ""
    for workspace in workspaces:
        if workspace.id == wanted:
            return workspace
    raise AppError(Reason.ACCOUNT_NOT_LINK_TENANT)


def _found(value: T | None) -> T:
    if value is None:
        raise AppError(Reason.NOT_FOUND, "Account not found.")
    return value
