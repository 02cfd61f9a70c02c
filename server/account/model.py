"""Accounts and workspaces as plain data, and what their fields must satisfy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.kit.errors import invalid_param
from server.kit.ids import canonical, is_uuid
from server.kit.plain import clean_text

PASSWORD_RULE = "Password must contain letters and numbers, and the length must be greater than 8."  # noqa: S105

_EMAIL = re.compile(r"[\w.!#$%&'*+\-/=?^`{|}~]+@([\w-]+\.)+[\w-]{2,}")
_PASSWORD = re.compile(r"(?=.*[a-zA-Z])(?=.*\d).{8,256}", re.DOTALL)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
_LONGEST_EMAIL = 254
_LONGEST_OWNER_NAME = 30
_LONGEST_WORKSPACE_NAME = 255
_LONGEST_AVATAR = 2000
_THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Account:
    """A person who administers (console-api.md section 4)."""

    id: str
    name: str
    email: str
    avatar: str | None
    has_password: bool
    interface_language: str
    interface_theme: str
    timezone: str
    last_login_at: datetime | None
    last_login_ip: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant as one of its members sees it; ``current`` is the member's choice."""

    id: str
    name: str
    plan: str
    status: str
    created_at: datetime
    role: str
    current: bool


@dataclass(frozen=True, slots=True)
class OwnedWorkspace:
    """A workspace as the operator of the instance sees it."""

    id: str
    name: str
    owner_id: str


@dataclass(frozen=True, slots=True)
class NewOwner:
    """What setup asks for; made by `new_owner`, so its fields are valid."""

    email: str
    name: str
    password: str
    language: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who tries to log in. ``account_id`` None: nobody has that e-mail."""

    account_id: str | None
    password_hash: str | None
    status: str


@dataclass(frozen=True, slots=True)
class Session:
    """A fresh login: the account, what its tokens are bound to, its new refresh token.

    ``tenant_id`` is its current workspace, None when it has none.
    """

    account_id: str
    password_hash: str | None
    refresh_token: str
    tenant_id: str | None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for now. ``tenant_id`` None: the account has no workspace."""

    account_id: str
    status: str
    password_hash: str | None
    tenant_id: str | None
    role: str


def is_email(text: str) -> bool:
    """Whether text looks like an e-mail address."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def check_password_rule(password: str) -> None:
    """At least 8 characters with a letter and a digit (console-api.md section 2). Raises invalid_param."""
    if not _PASSWORD.fullmatch(password):
        raise invalid_param(PASSWORD_RULE)


def check_account_name(name: str) -> str:
    """The name to store: 3-30 characters. Raises invalid_param."""
    name = clean_text(name).strip()
    if not 3 <= len(name) <= _LONGEST_OWNER_NAME:
        raise invalid_param("Account name must be between 3 and 30 characters.")
    return name


def check_owner_name(name: str) -> str:
    """The name of somebody who is new: 1-30 characters. Raises invalid_param."""
    name = clean_text(name).strip()
    if not name or len(name) > _LONGEST_OWNER_NAME:
        raise invalid_param("name must have 1 to 30 characters.")
    return name


def check_workspace_name(name: str) -> str:
    """The name to store: 1-255 characters. Raises invalid_param."""
    name = clean_text(name).strip()
    if not 1 <= len(name) <= _LONGEST_WORKSPACE_NAME:
        raise invalid_param(f"name must have 1 to {_LONGEST_WORKSPACE_NAME} characters.")
    return name


def check_language(field: str, language: str) -> str:
    """A language tag. Raises invalid_param."""
    if not _LANGUAGE.fullmatch(language):
        raise invalid_param(f"{field} must be a language tag, for example en-US.")
    return language


def check_theme(theme: str) -> str:
    """Colours of the console. Raises invalid_param."""
    if theme not in _THEMES:
        raise invalid_param(f"interface_theme must be one of {', '.join(_THEMES)}")
    return theme


def check_timezone(name: str) -> str:
    """A time zone of the IANA database, which is on disk. Raises invalid_param."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid_param("timezone must be a name of the IANA database, for example Europe/Berlin.") from None


def check_avatar(avatar: str) -> str:
    """The id of an upload, an address, or nothing. Raises invalid_param."""
    avatar = clean_text(avatar).strip()
    if is_uuid(avatar):
        return canonical(avatar)
    if avatar and (len(avatar) > _LONGEST_AVATAR or not avatar.startswith(("http://", "https://"))):
        raise invalid_param("avatar must be the id of an uploaded image, or its address.")
    return avatar


def new_owner(email: str, name: str, password: str, language: str) -> NewOwner:
    """Check the fields of a setup (console-api.md section 3). Raises invalid_param."""
    email = email.strip()
    if not is_email(email):
        raise invalid_param(f"email: {clean_text(email)[:_LONGEST_EMAIL]} is not a valid email.")
    name = check_owner_name(name)
    check_password_rule(password)
    language = check_language("language", language or "en-US")
    return NewOwner(email=email, name=name, password=password, language=language)
