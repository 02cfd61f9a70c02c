"""Members and invitations as plain data, and what their fields must satisfy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.account.model import is_email
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.plain import clean_text

OWNER = "owner"
DATASET_OPERATOR = "dataset_operator"
# Every role of console-api.md section 2; which RPCs each may call stands in the protos.
ROLES = (OWNER, "admin", "editor", "normal", DATASET_OPERATOR)
# How long an invitation can be used (data-model.md section 2).
INVITED = timedelta(hours=72)
MOST_INVITED = 50
_LONGEST_SHOWN = 254


@dataclass(frozen=True, slots=True)
class Member:
    """An account in a workspace. Of one that has not joined ``status`` is ``pending``."""

    id: str
    name: str
    avatar: str | None
    email: str
    last_login_at: datetime | None
    last_active_at: datetime | None
    created_at: datetime
    role: str
    status: str


@dataclass(frozen=True, slots=True)
class Membership:
    """What a workspace knows of an account that it asked in."""

    account_id: str
    role: str
    joined: bool


@dataclass(frozen=True, slots=True)
class Invitee:
    """Who has an e-mail address."""

    account_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Invited:
    """How the invitation of one address went: a ``token`` to join with, ``""`` for a member; or an error."""

    email: str
    token: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that can be used: who, and where to."""

    account_id: str
    email: str
    status: str
    password_hash: str | None
    tenant_id: str
    workspace: str


def check_emails(emails: Sequence[str]) -> list[str]:
    """Addresses without blanks around them, as many as may be invited at once. Raises invalid_param."""
    if not 1 <= len(emails) <= MOST_INVITED:
        raise invalid_param(f"emails must name 1 to {MOST_INVITED} addresses")
    return [clean_text(email).strip() for email in emails]


def check_invited_role(role: str) -> str:
    """A role that an invitation may give. Raises invalid-role."""
    if role not in ROLES or role == OWNER:
        raise AppError(Reason.INVALID_ROLE)
    return role


def check_role(role: str) -> str:
    """Any role. Raises invalid-role."""
    if role not in ROLES:
        raise AppError(Reason.INVALID_ROLE)
    return role


def refusal(email: str) -> str:
    """Why an address cannot be invited; "" when it can."""
    return "" if is_email(email) else f"{email[:_LONGEST_SHOWN]} is not a valid email."
