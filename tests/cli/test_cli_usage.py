"""`transom usage`."""

from __future__ import annotations

from tests.cli.conftest import Instance
from tests.harness.product import Workspace


def test_usage_by_app_key_and_user(transom: Instance, cli_workspace: Workspace) -> None:
    app = cli_workspace.app()
    used = [cli_workspace.ok(app.send(user=user))["metadata"]["usage"] for user in ("ann", "bob", "ann")]
    shown = transom.ok("usage", "--by", "user,key,day", "--app", app.id).splitlines()
    assert shown[0].split() == ["DAY", "KEY", "USER", "CALLS", "PROMPT", "COMPLETION", "PRICE"]
    rows = {line.split()[2]: line.split() for line in shown[1:]}
    assert {name: int(row[3]) for name, row in rows.items()} == {"ann": 2, "bob": 1}
    assert sum(int(row[4]) for row in rows.values()) == sum(one["prompt_tokens"] for one in used)
    keys = cli_workspace.ok(cli_workspace.console.get(f"/console/api/apps/{app.id}/api-keys"))["data"]
    assert {row[1] for row in rows.values()} == {keys[0]["id"]}
    assert transom.ok("usage", "--by", "user", "--app", app.id, "--limit", "1").splitlines()[-1] == "more: --page 2"


def test_usage_says_what_it_does_not_know(transom: Instance, cli_workspace: Workspace) -> None:
    assert "some of day,app,model,key,user" in transom("usage", "--by", "colour").output
    assert "must be a day" in transom("usage", "--since", "soon").output
