"""`transom demo` on servers by URL: makes the workspace once, prints it again, leaves other instances alone."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.cli.conftest import Instance
from tests.harness.product import SECRET
from tests.harness.stores import DataStores


def _fresh(stores: DataStores, folder: Path) -> Instance:
    return Instance(stores.postgres_url(), stores.redis_url(), folder, {"public_url": "https://ai.example.com"})


def test_demo_on_an_empty_instance_is_made_once_and_printed_again(stores: DataStores, tmp_path: Path) -> None:
    transom = _fresh(stores, tmp_path)
    shown = transom.ok("demo")
    kept = json.loads((tmp_path / "demo.json").read_text())
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600
    for part in (kept["email"], kept["password"], kept["chat_app_key"], kept["completion_app_key"]):
        assert part in shown
    assert "curl -N https://ai.example.com/v1/chat-messages" in shown
    assert SECRET not in shown
    assert transom.ok("demo") == shown
    assert len(transom.ok("app", "list").splitlines()) == 3


def test_demo_leaves_out_a_key_that_was_revoked(stores: DataStores, tmp_path: Path) -> None:
    transom = _fresh(stores, tmp_path)
    transom.ok("demo")
    kept = json.loads((tmp_path / "demo.json").read_text())
    transom.ok("key", "revoke", kept["chat_app_key"])
    shown = transom.ok("demo")
    assert kept["chat_app_key"] not in shown
    assert kept["completion_app_key"] in shown


def test_demo_on_an_instance_that_was_set_up_makes_nothing(transom: Instance, tmp_path: Path) -> None:
    assert "set up without the demo" in transom.ok("demo", data_dir=str(tmp_path))
    assert not (tmp_path / "demo.json").exists()
