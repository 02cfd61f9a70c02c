"""SQL of members and invitations. Every statement is bound to one workspace, or to a token that names one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from server.account.member_model import INVITED, Invitation, Invitee, Member, Membership
from server.db.engine import UnitOfWork
from server.db.tables import accounts, dataset_members, invitations, memberships, tenants
from server.kit.ids import new_id

_M, _A, _I = memberships.c, accounts.c, invitations.c
_now = sa.func.now()
# Of somebody who has not joined a workspace knows the address that it invited, not what the account says elsewhere.
_MEMBERS = (
    sa.select(
        _A.id, sa.case((_M.joined, _A.name), else_=sa.func.split_part(_A.email, "@", 1)).label("name"),
        sa.case((_M.joined, _A.avatar)).label("avatar"), _A.email,
        sa.case((_M.joined, _A.last_login_at)).label("last_login_at"),
        sa.case((_M.joined, _A.last_active_at)).label("last_active_at"),
        _M.created_at, _M.role, sa.case((_M.joined, _A.status), else_="pending").label("status"),
    )
    .join(memberships, _M.account_id == _A.id)
    .where(_M.tenant_id == sa.bindparam("tenant"))
    .order_by(_M.created_at, _M.id)
)
_INVITATION = (
    sa.select(
        _A.id.label("account_id"), _A.email, _A.status, _A.password_hash, tenants.c.id.label("tenant_id"),
        tenants.c.name.label("workspace"),
    )
    .select_from(
        invitations.join(accounts, _A.id == _I.account_id).join(
            tenants, sa.and_(tenants.c.id == _I.tenant_id, tenants.c.status == "normal")
        )
    )
    .where(_I.token_hash == sa.bindparam("hash"), _I.expires_at > _now)
)


class MemberStore:
    """Members in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def lock(self, tenant_id: str) -> None:
        """Let no other transaction change who is a member until this one ends."""
        self._uow.execute(
            sa.select(tenants.c.id).where(tenants.c.id == tenant_id).with_for_update(key_share=True)
        ).one_or_none()

    def members(self, tenant_id: str, role: str | None = None) -> list[Member]:
        """The workspace's members, by the time they were asked in; with a role only those that have it."""
        statement = _MEMBERS if role is None else _MEMBERS.where(_M.role == role)
        return [Member(**row._mapping) for row in self._uow.execute(statement, {"tenant": tenant_id})]

    def memberships(self, tenant_id: str, account_ids: Sequence[str]) -> dict[str, Membership]:
        """What the workspace knows of some accounts, by their ids."""
        statement = sa.select(_M.account_id, _M.role, _M.joined).where(
            _M.tenant_id == tenant_id, _M.account_id.in_(account_ids)
        )
        return {row.account_id: Membership(**row._mapping) for row in self._uow.execute(statement)}

    def is_active(self, account_id: str) -> bool:
        """Whether the account can log in."""
        statement = sa.select(_A.id).where(_A.id == account_id, _A.status == "active")
        return self._uow.execute(statement).one_or_none() is not None

    # Invitations

    def accounts(self, emails: Sequence[str]) -> dict[str, Invitee]:
        """Who has these addresses, by the address in lower case."""
        statement = sa.select(_A.email_lower, _A.id, _A.status).where(_A.email_lower.in_(emails))
        return {row.email_lower: Invitee(row.id, row.status) for row in self._uow.execute(statement)}

    def add_accounts(self, names: Mapping[str, str], language: str) -> None:
        """Make accounts that nobody can log in to yet, by their addresses; those that were just made stay."""
        rows = [
            {
                "id": new_id(), "name": name, "email": email, "email_lower": email.lower(), "status": "pending",
                "interface_language": language,
            }
            for email, name in names.items()
        ]
        self._uow.execute(insert(accounts).on_conflict_do_nothing(index_elements=["email_lower"]), rows)

    def invite(self, tenant_id: str, by: str, role: str, tokens: Mapping[str, str]) -> None:
        """Ask accounts in, by hashes of their tokens; an earlier invitation, and its role, are replaced."""
        keys = ["tenant_id", "account_id"]
        statement = insert(memberships).values(tenant_id=tenant_id, role=role, joined=False, invited_by=by)
        self._uow.execute(
            statement.on_conflict_do_update(
                index_elements=keys, set_={"role": statement.excluded.role}, where=sa.not_(_M.joined)
            ),
            [{"id": new_id(), "account_id": account} for account in tokens],
        )
        invited = insert(invitations).values(tenant_id=tenant_id, expires_at=_now + INVITED)
        self._uow.execute(
            invited.on_conflict_do_update(
                index_elements=keys,
                set_={"token_hash": invited.excluded.token_hash, "expires_at": invited.excluded.expires_at},
            ),
            [{"account_id": account, "token_hash": token} for account, token in tokens.items()],
        )

    def invitation(self, token_hash: str, *, lock: bool = False) -> Invitation | None:
        """An invitation that can be used."""
        statement = _INVITATION.with_for_update(of=invitations) if lock else _INVITATION
        row = self._uow.execute(statement, {"hash": token_hash}).one_or_none()
        return Invitation(**row._mapping) if row else None

    def join(self, tenant_id: str, account_id: str) -> None:
        """Make who was invited a member; the invitation is used up."""
        mine = (_M.tenant_id == tenant_id, _M.account_id == account_id)
        self._uow.execute(sa.update(memberships).where(*mine).values(joined=True))
        self._drop_invitation(tenant_id, account_id)

    def activate(self, account_id: str, **values: object) -> None:
        """Make a pending account one that can log in."""
        self._uow.execute(
            sa.update(accounts)
            .where(_A.id == account_id)
            .values(status="active", initialized_at=_now, updated_at=_now, **values)
        )

    # Changes

    def set_role(self, tenant_id: str, account_id: str, role: str) -> None:
        """Give a member another role."""
        mine = (_M.tenant_id == tenant_id, _M.account_id == account_id)
        self._uow.execute(sa.update(memberships).where(*mine).values(role=role))

    def remove(self, tenant_id: str, account_id: str) -> None:
        """Take a member out, with its invitation and what it was let into."""
        self._uow.execute(sa.delete(memberships).where(_M.tenant_id == tenant_id, _M.account_id == account_id))
        self._drop_invitation(tenant_id, account_id)
        listed: Any = dataset_members.c
        self._uow.execute(
            sa.delete(dataset_members).where(listed.tenant_id == tenant_id, listed.account_id == account_id)
        )

    def _drop_invitation(self, tenant_id: str, account_id: str) -> None:
        self._uow.execute(sa.delete(invitations).where(_I.tenant_id == tenant_id, _I.account_id == account_id))
