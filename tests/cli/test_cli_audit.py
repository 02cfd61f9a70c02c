"""`transom audit`."""

from __future__ import annotations

from tests.cli.conftest import Instance
from tests.harness.product import Workspace


def test_audit_shows_acts_of_an_account(transom: Instance, cli_workspace: Workspace) -> None:
    console = cli_workspace.console
    app = cli_workspace.ok(console.post("/console/api/apps", json={"name": "audited", "mode": "chat"}))["id"]
    cli_workspace.ok(console.post(f"/console/api/apps/{app}/site-enable", json={"enable_site": False}))
    head, *shown = transom.ok("audit", "--account", "OWNER@example.com", "--limit", "2").splitlines()
    assert head.split() == ["TIME", "ACCOUNT", "ADDRESS", "OUTCOME", "RPC", "ABOUT", "DETAIL"]
    *rows, more = [line.split() for line in shown]
    assert [row[2:] for row in rows] == [
        ["owner@example.com", "127.0.0.1", "success", "SetSiteEnabled", "app", app, '{"enable_site":false}'],
        ["owner@example.com", "127.0.0.1", "success", "CreateApp", app, '{"name":"audited","mode":"chat"}'],
    ]
    assert more == ["more:", "--page", "2"]
    assert app in transom.ok("audit", "--action", "CreateApp", "--outcome", "success")
    assert len(transom.ok("audit", "--until", "2020-01-01").splitlines()) == 1


def test_audit_says_what_it_does_not_know(transom: Instance, cli_workspace: Workspace) -> None:
    assert "nobody@example.com did nothing in this workspace" in transom("audit", "--account", "nobody@example.com").output
    assert "must be a day" in transom("audit", "--since", "soon").output
