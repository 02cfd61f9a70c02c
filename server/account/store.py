"""SQL of accounts, memberships, refresh tokens and the setup record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.account.model import Account, Candidate, NewOwner, OwnedWorkspace, Principal, Workspace
from server.db.engine import UnitOfWork
from server.db.tables import accounts, login_failures, memberships, refresh_tokens, setup_records, tenants, upload_files
from server.kit.ids import new_id

LOCKOUT = timedelta(hours=24)
_ACTIVITY_STEP = timedelta(minutes=10)
_PRUNE_AT_ONCE = 100

_now = sa.func.now()
_ACCOUNT = (
    accounts.c.id, accounts.c.name, accounts.c.email, accounts.c.avatar,
    accounts.c.password_hash.is_not(None).label("has_password"), accounts.c.interface_language,
    accounts.c.interface_theme, accounts.c.timezone, accounts.c.last_login_at, accounts.c.last_login_ip,
    accounts.c.created_at,
)  # fmt: skip
_WORKSPACE = (
    tenants.c.id, tenants.c.name, tenants.c.plan, tenants.c.status, tenants.c.created_at,
    memberships.c.role, memberships.c.current,
)  # fmt: skip
# Archived workspaces are not shown and cannot be entered.
_WORKSPACES = (
    sa.select(*_WORKSPACE)
    .join(memberships, memberships.c.tenant_id == tenants.c.id)
    .where(
        memberships.c.account_id == sa.bindparam("account"), memberships.c.joined, tenants.c.status == "normal"
    )
    .order_by(memberships.c.created_at, memberships.c.id)
)
_MEMBER = memberships.join(tenants, sa.and_(tenants.c.id == memberships.c.tenant_id, tenants.c.status == "normal"))
_PRINCIPAL = (
    sa.select(
        accounts.c.id.label("account_id"), accounts.c.status, accounts.c.password_hash,
        memberships.c.tenant_id, memberships.c.role,
        (accounts.c.last_active_at < _now - _ACTIVITY_STEP).label("idle"),
    )
    .select_from(accounts.outerjoin(_MEMBER, sa.and_(memberships.c.account_id == accounts.c.id, memberships.c.joined)))
    .order_by(memberships.c.current.desc(), memberships.c.created_at, memberships.c.id)
    .limit(1)
)  # fmt: skip
_BY_ACCOUNT = _PRINCIPAL.where(accounts.c.id == sa.bindparam("account"))
_OWNER = _PRINCIPAL.where(memberships.c.tenant_id == sa.bindparam("tenant"), memberships.c.role == "owner")


class AccountStore:
    """Accounts and their sessions in one transaction. Accounts span workspaces, so most methods take an account."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    # Setup

    def setup_at(self) -> datetime | None:
        """When the instance was set up; None before."""
        return self._uow.execute(sa.select(setup_records.c.setup_at)).scalar_one_or_none()

    def claim_setup(self, version: str) -> bool:
        """Write the setup record; False when it exists. Waits for another setup that is under way."""
        statement = insert(setup_records).values(id=1, version=version).on_conflict_do_nothing()
        return self._uow.execute(statement).rowcount == 1

    def add_owner(self, tenant_id: str, owner: NewOwner, password_hash: str) -> str:
        """Make the account, its workspace and the membership; the account's id."""
        account_id = new_id()
        self._uow.execute(
            sa.insert(accounts).values(
                id=account_id, name=owner.name, email=owner.email, email_lower=owner.email.lower(),
                password_hash=password_hash, interface_language=owner.language,
            )
        )
        self._uow.execute(sa.insert(tenants).values(id=tenant_id, name=f"{owner.name}'s Workspace"))
        self._uow.execute(
            sa.insert(memberships).values(
                id=new_id(), tenant_id=tenant_id, account_id=account_id, role="owner", current=True
            )
        )
        return account_id

    # Login

    def is_locked(self, email: str, limit: int) -> bool:
        """Whether the e-mail has ``limit`` failures that still count."""
        statement = sa.select(sa.literal(1)).where(
            login_failures.c.email_lower == email.lower(),
            login_failures.c.failures >= limit,
            login_failures.c.until > _now,
        )
        return self._uow.execute(statement).one_or_none() is not None

    def count_failure(self, email: str) -> None:
        """One more failure; the count starts again when the last one is 24 hours old."""
        fresh = insert(login_failures).values(email_lower=email.lower(), failures=1, until=_now + LOCKOUT)
        again = sa.case((login_failures.c.until > _now, login_failures.c.failures + 1), else_=1)
        self._uow.execute(
            fresh.on_conflict_do_update(
                index_elements=["email_lower"], set_={"failures": again, "until": _now + LOCKOUT}
            )
        )
        stale = sa.select(login_failures.c.email_lower).where(login_failures.c.until < _now).limit(_PRUNE_AT_ONCE)
        self._uow.execute(sa.delete(login_failures).where(login_failures.c.email_lower.in_(stale)))

    def forget_failures(self, email: str) -> None:
        """Start counting from zero."""
        self._uow.execute(sa.delete(login_failures).where(login_failures.c.email_lower == email.lower()))

    def candidate(self, email: str) -> Candidate:
        """Who has that e-mail, in any spelling."""
        row = self._uow.execute(
            sa.select(accounts.c.id, accounts.c.password_hash, accounts.c.status).where(
                accounts.c.email_lower == email.lower()
            )
        ).one_or_none()
        return Candidate(row.id, row.password_hash, row.status) if row else Candidate(None, None, "")

    def note_login(self, account_id: str, ip: str | None) -> sa.Row[Any]:
        """Note time and address, make a pending account active; its e-mail and password hash."""
        return self._uow.execute(
            sa.update(accounts)
            .where(accounts.c.id == account_id)
            .values(
                last_login_at=_now, last_active_at=_now, last_login_ip=ip,
                status=sa.case((accounts.c.status == "pending", "active"), else_=accounts.c.status),
            )
            .returning(accounts.c.email, accounts.c.password_hash)
        ).one()

    def add_refresh_token(self, account_id: str, token_hash: str, life: timedelta) -> None:
        """Keep a refresh token; the account's outdated ones go."""
        self._uow.execute(
            sa.delete(refresh_tokens).where(
                refresh_tokens.c.account_id == account_id, refresh_tokens.c.expires_at < _now
            )
        )
        self._uow.execute(
            sa.insert(refresh_tokens).values(token_hash=token_hash, account_id=account_id, expires_at=_now + life)
        )

    def take_refresh_token(self, token_hash: str) -> str | None:
        """Use a refresh token up; its account, None when it is unknown, used or outdated."""
        return self._uow.execute(
            sa.delete(refresh_tokens)
            .where(refresh_tokens.c.token_hash == token_hash, refresh_tokens.c.expires_at > _now)
            .returning(refresh_tokens.c.account_id)
        ).scalar_one_or_none()

    def drop_refresh_tokens(self, account_id: str) -> None:
        """End every session of the account."""
        self._uow.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.account_id == account_id))

    # Who a call is made for

    def principal(self, account_id: str) -> Principal | None:
        """The account in its current workspace, or in its first one when none is marked."""
        return self._principal(_BY_ACCOUNT, {"account": account_id})

    def owner(self, tenant_id: str) -> Principal | None:
        """The owner of a workspace."""
        return self._principal(_OWNER, {"tenant": tenant_id})

    def _principal(self, statement: sa.Select[Any], parameters: dict[str, str]) -> Principal | None:
        row = self._uow.execute(statement, parameters).one_or_none()
        if row is None:
            return None
        if row.idle:
            self._uow.execute(sa.update(accounts).where(accounts.c.id == row.account_id).values(last_active_at=_now))
        return Principal(row.account_id, row.status, row.password_hash, row.tenant_id, row.role or "")

    # Account and workspaces

    def account(self, account_id: str) -> Account | None:
        """The account."""
        row = self._uow.execute(sa.select(*_ACCOUNT).where(accounts.c.id == account_id)).one_or_none()
        return Account(**row._mapping) if row else None

    def password_hash(self, account_id: str) -> str | None:
        """The stored hash; None when the account has no password."""
        statement = sa.select(accounts.c.password_hash).where(accounts.c.id == account_id)
        return self._uow.execute(statement).scalar_one_or_none()

    def update(self, account_id: str, **values: object) -> None:
        """Change columns of the account."""
        self._uow.execute(sa.update(accounts).where(accounts.c.id == account_id).values(updated_at=_now, **values))

    def initialize(self, account_id: str, **values: object) -> bool:
        """Make an account that was never initialized usable; False when it was."""
        statement = (
            sa.update(accounts)
            .where(accounts.c.id == account_id, accounts.c.status == "uninitialized")
            .values(status="active", initialized_at=_now, updated_at=_now, **values)
        )
        return self._uow.execute(statement).rowcount == 1

    def has_upload(self, tenant_id: str, account_id: str, file_id: str) -> bool:
        """Whether the account uploaded a file in a workspace."""
        files = upload_files.c
        statement = sa.select(files.id).where(
            files.tenant_id == tenant_id, files.id == file_id, files.created_by_role == "account",
            files.created_by == account_id,
        )
        return self._uow.execute(statement).one_or_none() is not None

    def rename_workspace(self, tenant_id: str, name: str) -> None:
        """Give a workspace another name."""
        self._uow.execute(sa.update(tenants).where(tenants.c.id == tenant_id).values(name=name, updated_at=_now))

    def replace_password(self, account_id: str, known: str | None, new: str) -> bool:
        """Store a new hash if the stored one is still ``known``; False when someone was faster."""
        statement = (
            sa.update(accounts)
            .where(accounts.c.id == account_id, accounts.c.password_hash.is_not_distinct_from(known))
            .values(password_hash=new, updated_at=_now)
        )
        return self._uow.execute(statement).rowcount == 1

    def workspaces(self, account_id: str) -> list[Workspace]:
        """The account's workspaces that are in use, oldest membership first."""
        rows = self._uow.execute(_WORKSPACES, {"account": account_id})
        return [Workspace(**row._mapping) for row in rows]

    def every_workspace(self) -> list[OwnedWorkspace]:
        """The instance's workspaces that are in use and have an owner, oldest first; for its operator alone."""
        rows = self._uow.execute(
            sa.select(tenants.c.id, tenants.c.name, memberships.c.account_id.label("owner_id"))
            .join(memberships, sa.and_(memberships.c.tenant_id == tenants.c.id, memberships.c.role == "owner"))
            .where(tenants.c.status == "normal")
            .order_by(tenants.c.created_at, tenants.c.id)
        )
        return [OwnedWorkspace(**row._mapping) for row in rows]

    def enter(self, account_id: str, tenant_id: str) -> None:
        """Mark one membership as current, and only that one."""
        self._uow.execute(
            sa.update(memberships)
            .where(memberships.c.account_id == account_id)
            .values(current=memberships.c.tenant_id == tenant_id)
        )
