"""A part that is killed comes back, and the product with it."""

from __future__ import annotations

import os
import signal

import pytest

from tests.embedded.running import Embedded
from tests.harness.stores import wait_until


@pytest.mark.parametrize("part", ["postgres", "valkey", "server", "envoy", "model", "worker"])
def test_killed_part_is_started_again_and_chats_go_on(up: Embedded, part: str) -> None:
    up.wait_healthy()
    before = up.parts()
    said = up.screen.count("ready after")
    os.kill(before[part], signal.SIGKILL)
    wait_until(lambda: up.parts().get(part, before[part]) != before[part], f"{part} runs again", seconds=30)
    wait_until(lambda: up.screen.count("ready after") > said, f"{part} is ready again", seconds=60, every=0.05)
    wait_until(lambda: up.is_healthy() and _chats(up), "a chat is answered", seconds=60, every=0.1)
    assert f"killed by signal {int(signal.SIGKILL)} (SIGKILL); starting again" in up.screen
    after = up.parts()
    assert {name: pid for name, pid in after.items() if name != part} == {
        name: pid for name, pid in before.items() if name != part
    }, "a part died with another"


def test_product_whose_parts_were_all_killed_finds_every_part_well(up: Embedded) -> None:
    done = up.run("check")
    assert done.returncode == 0, done.stdout + done.stderr


def _chats(up: Embedded) -> bool:
    try:
        return bool(up.chat().strip())
    except Exception:
        return False
