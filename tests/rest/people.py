"""People of a workspace, who joined as people do: invited, by the address that they were handed."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from server.kit.ids import new_id
from tests.harness.product import PASSWORD, Workspace

MEMBERS = "/console/api/workspaces/current/members"
ROLES = ("owner", "admin", "editor", "normal", "dataset_operator")


def encoded(password: str = PASSWORD) -> str:
    """A password as login takes it."""
    return base64.b64encode(password.encode()).decode()


def new_email() -> str:
    """An address that nobody has."""
    return f"{new_id()}@example.com"


def session(url: str) -> httpx.Client:
    """Somebody without a session."""
    return httpx.Client(base_url=url, timeout=60)


def entered(http: httpx.Client, reply: httpx.Response) -> httpx.Client:
    """The same client, with the session that an answer gave it."""
    assert reply.is_success and reply.json()["result"] == "success", reply.text
    http.headers["X-CSRF-Token"] = http.cookies["csrf_token"]
    return http


def log_in(url: str, email: str, **fields: str) -> httpx.Client:
    """A session of an account with the usual password."""
    http = session(url)
    return entered(http, http.post("/console/api/login", json={"email": email, "password": encoded(), **fields}))


def invite(console: httpx.Client, email: str, role: str = "normal") -> dict[str, str]:
    """What the address of an invitation says: its email and token."""
    reply = console.post(f"{MEMBERS}/invite-email", json={"emails": [email], "role": role, "language": "en-US"})
    assert reply.status_code == 201, reply.text
    (made,) = reply.json()["invitation_results"]
    assert made["status"] == "success", made
    return {name: value for name, (value,) in parse_qs(urlsplit(made["url"]).query).items()}


def activate(url: str, invitation: Mapping[str, str], name: str = "new", **fields: Any) -> httpx.Client:
    """A session of somebody who has just used an invitation."""
    http = session(url)
    body = {"name": name, "password": PASSWORD, **invitation, **fields}
    return entered(http, http.post("/console/api/activate", json=body))


def member(workspace: Workspace, role: str, email: str = "") -> httpx.Client:
    """A session of a new member of the workspace."""
    invitation = invite(workspace.console, email or new_email(), role)
    return activate(workspace.product.url, invitation, role.replace("_", " "))


def profile(http: httpx.Client) -> dict[str, Any]:
    """Whose session it is."""
    return dict(Workspace.ok(http.get("/console/api/account/profile")))


def tenant_of(http: httpx.Client) -> str:
    """Id of the workspace that a session is in."""
    return str(Workspace.ok(http.post("/console/api/workspaces/current", json={}))["id"])
