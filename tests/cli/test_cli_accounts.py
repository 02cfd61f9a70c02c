"""`transom account`."""

from __future__ import annotations

import base64

import httpx

from tests.cli.conftest import Instance
from tests.harness.product import PASSWORD, Workspace
from tests.rest.people import member, new_email


def log_in(url: str, email: str, password: str) -> httpx.Response:
    body = {"email": email, "password": base64.b64encode(password.encode()).decode()}
    return httpx.post(f"{url}/console/api/login", json=body)


def test_account_gets_a_new_password_and_its_sessions_end(transom: Instance, cli_workspace: Workspace) -> None:
    product, email = cli_workspace.product, new_email()
    lost = member(cli_workspace, "normal", email)
    for _ in range(6):  # it is locked, too
        status = log_in(product.url, email, "wrong").status_code
    assert status == 429
    password = transom.ok("account", "reset", email.upper()).strip()
    assert log_in(product.url, email, PASSWORD).status_code == 401
    assert log_in(product.url, email, password).json() == {"result": "success"}
    assert lost.post("/console/api/refresh-token").status_code == 401


def test_account_that_nobody_has_is_told(transom: Instance, cli_workspace: Workspace) -> None:
    done = transom("account", "reset", "nobody@example.com")
    assert done.exit_code == 1
    assert "Account not found." in done.output
