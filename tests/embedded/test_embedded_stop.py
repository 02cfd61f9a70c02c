"""The ways a product ends, and the start after each."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg2
import pytest

from server.embedded.state import running_environment
from tests.embedded.running import Embedded
from tests.harness.stores import wait_until

# Issue "Foundation": a second start is healthy in under 5 s.
_SECOND_START_SECONDS = 5.0
# Its servers would wait a minute for the answer that they have begun.
_CUT_SECONDS = 20.0
_SPIN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def _slowdown() -> float:
    """How much longer than alone this machine lets two busy processes run now; 1 when it is idle."""
    began = time.monotonic()
    busy = [subprocess.Popen([sys.executable, "-S", "-c", _SPIN]) for _ in range(2)]
    for each in busy:
        each.wait()
    return max(1.0, (time.monotonic() - began) / 0.33)


@pytest.fixture(scope="module")
def product() -> Iterator[Embedded]:
    """A product of this module whose answers may take as long as they need to be finished."""
    with Embedded(shutdown_grace_seconds=60) as up:
        yield up


@pytest.fixture
def running(product: Embedded) -> Embedded:
    """The module's product, started if an earlier test stopped it."""
    if not product.processes():
        product.start()
    return product


def _ended_by(product: Embedded, number: signal.Signals) -> None:
    """The signal ends everything, in order."""
    processes = product.processes()
    assert len(processes) > 6
    assert product.stop(number) == 0
    Embedded.wait_ended(processes)
    assert product.screen.rstrip().endswith("stopped")
    assert not (product.data / "worker.ready").exists()
    assert not product.is_healthy()


def test_ctrl_c_exits_0_and_leaves_no_process(running: Embedded) -> None:
    _ended_by(running, signal.SIGINT)


def test_second_start_is_healthy_within_5_seconds(product: Embedded) -> None:
    if not product.started:
        product.start()
    if product.processes():
        product.stop()
    slowdown = _slowdown()
    seconds = product.start()
    assert seconds < _SECOND_START_SECONDS * max(slowdown, _slowdown())


def test_start_after_the_supervisor_was_killed_finds_no_orphan_in_its_way(running: Embedded) -> None:
    before = running.demo()
    processes = running.processes()
    os.kill(running.pid, signal.SIGKILL)
    running.start()
    Embedded.wait_ended(processes)
    assert running.demo() == before
    assert running.chat().strip()


def test_running_answer_is_finished_before_a_terminated_product_ends(running: Embedded) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _READER, running.url, running.demo()["completion_app_key"]], stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert '"event":"message"' in child.stdout.readline()
    _ended_by(running, signal.SIGTERM)
    rest, _ = child.communicate(timeout=30)
    assert '"event":"message_end"' in rest


def test_second_ctrl_c_cuts_what_still_runs_and_ends_the_stores_in_order(running: Embedded) -> None:
    # An answer that never ends: its model stands still.
    os.kill(running.parts()["model"], signal.SIGSTOP)
    reader = subprocess.Popen(
        [sys.executable, "-c", _READER, running.url, running.demo()["completion_app_key"]], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: _runs(running) == 1, "the answer has begun", every=0.05)
    processes = running.processes()
    os.kill(running.pid, signal.SIGINT)
    # Twice in a moment is one, as a terminal may deliver it.
    time.sleep(0.1)
    os.kill(running.pid, signal.SIGINT)
    time.sleep(1)
    assert running.parts().keys() >= {"server", "postgres", "valkey"}, "the first one waits for the answer"
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < _CUT_SECONDS
    Embedded.wait_ended(processes)
    assert running.screen.rstrip().endswith("stopped")
    assert "database system is shut down" in (running.data / "log" / "postgres.log").read_text().splitlines()[-1]
    reader.wait(30)


def _runs(product: Embedded) -> int:
    """Answers that are being given now."""
    url = running_environment(product.data)["TRANSOM_DATABASE_URL"]
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM runs WHERE status = 'running'")
        (count,) = cursor.fetchone() or (0,)
    return int(count)


def test_closed_terminal_in_the_middle_of_a_start_leaves_no_process(product: Embedded) -> None:
    if product.processes():
        product.stop()
    said = product.screen.count("valkey     | ready") if product.started else 0
    product.launch()
    wait_until(lambda: product.screen.count("valkey     | ready") > said, "the first part is ready")
    processes = product.processes()
    assert product.stop(signal.SIGHUP) == 0
    Embedded.wait_ended(processes)


# A client in a process of its own: its events as they come.
_READER = """
import sys, httpx
url, key = sys.argv[1:]
body = {"inputs": {"query": "Write one sentence about the sea."}, "user": "me", "response_mode": "streaming"}
with httpx.stream("POST", url + "/v1/completion-messages", json=body, headers={"Authorization": "Bearer " + key},
                  timeout=60) as reply:
    for line in reply.iter_lines():
        if line.startswith("data: "):
            print(line, flush=True)
"""
