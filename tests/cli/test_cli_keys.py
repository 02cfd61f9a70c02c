"""`transom key`: made, shown, refused by running servers the moment they are revoked."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.cli.conftest import Instance
from tests.harness.product import App, Product, Workspace
from tests.harness.stores import wait_until

# Enough calls for both servers to get some.
_CALLS = 12


@pytest.fixture
def app(cli_workspace: Workspace) -> App:
    return cli_workspace.app()


def _statuses(product: Product, key: str, calls: int = _CALLS) -> set[int]:
    headers = {"Authorization": f"Bearer {key}"}
    return {httpx.get(f"{product.url}/v1/info", headers=headers).status_code for _ in range(calls)}


def _key_id(transom: Instance, app: App, key: str) -> str:
    return next(line.split()[0] for line in transom.ok("key", "list", app.id, "--show").splitlines() if key in line)


def test_created_key_is_printed_alone_and_opens_the_app(transom: Instance, cli_product: Product, app: App) -> None:
    key = transom.ok("key", "create", app.id)
    assert key.startswith("app-")
    assert len(key.split()) == 1
    assert _statuses(cli_product, key.strip()) == {200}


def test_dataset_key_is_made_for_the_workspace(transom: Instance) -> None:
    key = transom.ok("key", "create", "--dataset").strip()
    assert key.startswith("dataset-")
    line = next(line for line in transom.ok("key", "list", "--show").splitlines() if key in line)
    assert line.endswith("(datasets)")


@pytest.mark.parametrize("both", [True, False])
def test_key_for_an_app_and_datasets_or_for_neither_is_a_usage_error(transom: Instance, app: App, both: bool) -> None:
    done = transom("key", "create", *([app.id, "--dataset"] if both else []))
    assert done.exit_code == 2
    assert "name an APP, or give --dataset" in done.stderr


def test_list_masks_keys_unless_asked(transom: Instance, app: App) -> None:
    key = transom.ok("key", "create", app.id).strip()
    masked, shown = transom.ok("key", "list", app.id), transom.ok("key", "list", app.id, "--show")
    assert key not in masked
    assert f"{key[:8]}...{key[-4:]}" in masked
    assert key in shown


def test_list_without_an_app_shows_the_keys_of_all_with_their_apps(
    transom: Instance, app: App, cli_workspace: Workspace
) -> None:
    other = cli_workspace.app("completion")
    shown = transom.ok("key", "list", "--show")
    assert app.key in shown
    assert other.key in shown
    assert other.key not in transom.ok("key", "list", app.id, "--show")


def _by_text(transom: Instance, app: App, key: str) -> str:
    return key


@pytest.mark.parametrize("named", [_key_id, _by_text])
def test_revoked_key_is_refused_by_every_running_server_at_once(
    transom: Instance, cli_product: Product, app: App, named: Callable[[Instance, App, str], str]
) -> None:
    key = transom.ok("key", "create", app.id).strip()
    word = named(transom, app, key)
    # A server that nobody tells remembers a key for five seconds (server/access): fill both now.
    assert _statuses(cli_product, key) == {200}
    assert transom.ok("key", "revoke", word) == "revoked\n"
    wait_until(lambda: _statuses(cli_product, key) == {401}, "every server refuses the key", seconds=2)
    assert key not in transom.ok("key", "list", "--show")


@pytest.mark.parametrize("named", ["app-neverwas", "01a212ed-0000-7000-8000-000000000000"])
def test_revoking_an_unknown_key_fails(transom: Instance, named: str) -> None:
    done = transom("key", "revoke", named)
    assert done.exit_code == 1
    assert "API key not found" in done.stderr


def test_eleventh_key_of_an_app_is_refused(transom: Instance, app: App) -> None:
    for _ in range(9):
        transom.ok("key", "create", app.id)
    done = transom("key", "create", app.id)
    assert done.exit_code == 1
    assert "Cannot create more than 10 API keys" in done.stderr
