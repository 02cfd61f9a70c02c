"""Accounts and workspaces as messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import urlencode

from server.account.member_model import Invitation, Invited, Member
from server.account.model import Account, Workspace
from server.kit.ids import is_uuid
from transom.console.v1 import member_service_pb2 as member_pb
from transom.console.v1 import session_service_pb2 as pb

Link = Callable[[str], str]


def _picture(avatar: str | None, link: Link) -> str | None:
    """The address of a picture: an upload's is signed. Only the account's own uploads are stored."""
    return link(avatar) if avatar and is_uuid(avatar) else avatar


def account(value: Account, link: Link) -> pb.Account:
    """An account."""
    message = pb.Account(
        id=value.id, name=value.name, avatar=value.avatar, avatar_url=_picture(value.avatar, link), email=value.email,
        is_password_set=value.has_password,
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


def members(values: Iterable[Member], link: Link) -> member_pb.ListMembersResponse:
    """Members of a workspace."""
    return member_pb.ListMembersResponse(
        accounts=[
            member_pb.Member(
                id=value.id, name=value.name, avatar=value.avatar, avatar_url=_picture(value.avatar, link),
                email=value.email, last_login_at=_unix(value.last_login_at),
                last_active_at=_unix(value.last_active_at), created_at=int(value.created_at.timestamp()),
                role=value.role, status=value.status,
            )
            for value in values
        ]
    )  # fmt: skip


def invited(values: Iterable[Invited], public_url: str) -> Iterable[member_pb.InvitationResult]:
    """How invitations went; each address leads to a page that takes the token."""
    base = public_url.rstrip("/")
    for value in values:
        if value.error:
            yield member_pb.InvitationResult(status="failed", email=value.email, message=value.error)
        else:
            query = urlencode({"email": value.email, "token": value.token})
            url = f"{base}/activate?{query}" if value.token else f"{base}/signin"
            yield member_pb.InvitationResult(status="success", email=value.email, url=url)


def invitation(value: Invitation | None) -> member_pb.CheckActivationResponse:
    """Whether an invitation can be used."""
    if value is None:
        return member_pb.CheckActivationResponse(is_valid=False)
    data = member_pb.InvitationData(
        workspace_name=value.workspace, workspace_id=value.tenant_id, email=value.email,
        has_password=value.status != "pending",
    )  # fmt: skip
    return member_pb.CheckActivationResponse(is_valid=True, data=data)


def _unix(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
