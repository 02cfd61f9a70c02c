"""Accounts and workspaces as messages."""

from __future__ import annotations

from collections.abc import Iterable

from server.account.model import Account, Workspace
from transom.console.v1 import session_service_pb2 as pb


def account(value: Account) -> pb.Account:
    """An account."""
    message = pb.Account(
        id=value.id, name=value.name, avatar=value.avatar, email=value.email, is_password_set=value.has_password,
        interface_language=value.interface_language, interface_theme=value.interface_theme, timezone=value.timezone,
        last_login_ip=value.last_login_ip, created_at=int(value.created_at.timestamp()),
    )  # fmt: skip
    if value.last_login_at:
        message.last_login_at = int(value.last_login_at.timestamp())
    return message


def workspace(value: Workspace) -> pb.Workspace:
    """A workspace as its member sees it."""
    return pb.Workspace(
        id=value.id, name=value.name, plan=value.plan, status=value.status, role=value.role,
        created_at=int(value.created_at.timestamp()),
    )  # fmt: skip


def workspaces(values: Iterable[Workspace], current: str) -> pb.ListWorkspacesResponse:
    """The account's workspaces; ``current`` is the id of the one in use."""
    return pb.ListWorkspacesResponse(
        workspaces=[
            pb.WorkspaceItem(
                id=value.id, name=value.name, plan=value.plan, status=value.status, current=value.id == current,
                created_at=int(value.created_at.timestamp()),
            )
            for value in values
        ]
    )  # fmt: skip
