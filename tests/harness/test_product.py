"""The product of the tests: what it says when a part does not live."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.harness.product import Product


def test_start_whose_server_ends_says_so_with_its_log_and_leaves_nothing(tmp_path: Path) -> None:
    settings = {"server_processes": "none"}
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(AssertionError, match=r"server-1 ended with [1-9](.|\n)*SERVER_PROCESSES"):
        Product("postgresql:///nowhere", "redis://nowhere", tmp_path, settings=settings).__enter__()
    assert {child.pid for child in psutil.Process().children()} <= before


def test_close_after_a_part_died_stops_the_others(tmp_path: Path) -> None:
    product = Product("postgresql:///nowhere", "redis://nowhere", tmp_path, settings={"server_processes": "none"})
    for name in ("server-1", "worker"):
        product.start(name)
    dying = product._children["server-1"]
    dying.wait(30)
    product.close()
    assert not psutil.pid_exists(dying.pid)
    assert product._children == {}
