"""More people and workspaces than setup makes."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from server.account.model import new_owner
from server.account.store import AccountStore
from server.db.engine import UowFactory
from server.db.tables import accounts, memberships
from server.kit.crypto import hash_password
from server.kit.ids import new_id
from tests.rpc.console.backend import Backend, Client

PASSWORD = "another horse 8"


@cache
def hashed(password: str) -> str:
    """The stored form of a password; made once, since it takes a tenth of a second."""
    return hash_password(password)


def workspace(uow: UowFactory, email: str, name: str = "Other") -> tuple[str, str]:
    """A second owner with a workspace of their own: (tenant id, account id)."""
    tenant_id = new_id()
    with uow() as work:
        owner = new_owner(email, name, PASSWORD, "")
        account_id = AccountStore(work).add_owner(tenant_id, owner, hashed(PASSWORD))
        work.commit()
    return tenant_id, account_id


def member(uow: UowFactory, tenant_id: str, account_id: str, role: str, *, current: bool = True) -> None:
    """Give an account a role in a workspace."""
    with uow() as work:
        if current:
            work.execute(sa.update(memberships).where(memberships.c.account_id == account_id).values(current=False))
        work.execute(
            sa.insert(memberships).values(
                id=new_id(), tenant_id=tenant_id, account_id=account_id, role=role, current=current
            )
        )
        work.commit()


def set_status(uow: UowFactory, account_id: str, status: str) -> None:
    """Ban or close an account."""
    with uow() as work:
        work.execute(sa.update(accounts).where(accounts.c.id == account_id).values(status=status))
        work.commit()


def other_client(backend: Backend, email: str = "other@example.com") -> Client:
    """A logged-in owner of another workspace."""
    _, account_id = workspace(backend.uow, email)
    client = Client(backend)
    client.enter(account_id)
    return client


async def colleague(backend: Backend, owner: Client, role: str, email: str = "colleague@example.com") -> Client:
    """A logged-in member of the owner's workspace."""
    tenant_id = (await owner.done("GetCurrentWorkspace"))["id"]
    _, account_id = workspace(backend.uow, email)
    member(backend.uow, tenant_id, account_id, role)
    client = Client(backend)
    client.enter(account_id)
    return client
