"""The demo of a first start."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from server.app.model import NewApp
from server.demo import create_demo
from server.kit.caller import Caller
from server.llm.names import LOCAL
from tests.rpc.console.backend import Backend, Client

URL = "http://localhost:8080/v1"


def made(backend: Backend, kept: Path, url: str = URL) -> dict[str, str] | None:
    """A start that makes the demo."""
    return create_demo(accounts=backend.accounts, apps=backend.apps, keys=backend.keys, kept=kept, base_url=url)


async def test_demo_first_start_makes_two_apps_with_keys_and_a_login(backend: Backend, tmp_path: Path) -> None:
    kept = tmp_path / "data" / "demo.json"
    demo = made(backend, kept)
    assert demo is not None
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    client = Client(backend)
    await client.login(demo["email"], demo["password"])
    apps = {app["mode"]: app for app in (await client.done("ListApps"))["data"]}
    assert set(apps) == {"chat", "completion"}
    for mode, app in apps.items():
        assert app["model_config"]["model"]["provider"] == LOCAL
        found = await backend.access.app_of_key(demo[f"{mode}_app_key"])
        assert found.app_id == app["id"] == demo[f"{mode}_app_id"]
    assert demo["base_url"] == URL


async def test_demo_second_start_changes_nothing(backend: Backend, tmp_path: Path) -> None:
    kept = tmp_path / "demo.json"
    first = made(backend, kept)
    assert first is not None
    assert made(backend, kept, "http://localhost:9/v1") == first | {"base_url": "http://localhost:9/v1"}
    client = Client(backend)
    await client.login(first["email"], first["password"])
    await client.done("DeleteAppKey", await key_of(client, first))
    again = made(backend, kept)
    assert again is not None
    assert "chat_app_key" not in again
    assert again["completion_app_key"] == first["completion_app_key"]


async def key_of(client: Client, demo: dict[str, str]) -> dict[str, str]:
    """Ids of the chat app and its key."""
    (key,) = (await client.done("ListAppKeys", {"app_id": demo["chat_app_id"]}))["data"]
    return {"app_id": demo["chat_app_id"], "key_id": key["id"]}


async def test_demo_cut_off_goes_on_with_the_same_keys(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "demo.json"
    add = backend.apps.add

    def broken(uow: object, caller: Caller, new: NewApp, app_id: str | None = None) -> str:
        if new.mode == "completion":
            raise OSError("the power went")
        return add(uow, caller, new, app_id)  # type: ignore[arg-type]

    monkeypatch.setattr(backend.apps, "add", broken)
    with pytest.raises(OSError, match="the power went"):
        made(backend, kept)
    monkeypatch.undo()
    remembered = kept.read_text()
    assert backend.accounts.setup_at() is None
    demo = made(backend, kept)
    assert demo is not None
    assert demo["chat_app_key"] in remembered
    await backend.access.app_of_key(demo["completion_app_key"])


async def test_demo_of_an_instance_set_up_by_someone_is_none(owner: Client, tmp_path: Path) -> None:
    kept = tmp_path / "demo.json"
    assert made(owner.backend, kept) is None
    assert not kept.exists()
    assert (await owner.done("ListApps"))["total"] == 0
