"""Servers are killed while they run schedules: each time runs once, and what was missed is made up for once."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.durability.cluster import Cluster, polled
from tests.harness.product import App
from tests.harness.stores import wait_until
from tests.rest.flows import edge, end, flow, node

CLOCKS = 24


@pytest.fixture(scope="module")
def clocks(_standing: Cluster) -> App:
    """A workflow that many schedules start, once in four years each."""
    nodes = [
        node(f"clock{number}", "trigger-schedule", mode="cron", cron_expression="0 0 29 2 *")
        for number in range(CLOCKS)
    ]  # fmt: skip
    edges = [edge(one["id"], "end") for one in nodes]
    return flow(_standing.workspace, {"nodes": [*nodes, end(at=("sys", "timestamp"))], "edges": edges})


def _runs(standing: Cluster, app: App) -> int:
    row: dict[str, Any]
    (row,) = standing.rows("SELECT count(*) AS number FROM workflow_runs WHERE app_id = %s", app.id)
    return int(row["number"])


def _waiting(standing: Cluster, app: App) -> int:
    due = "SELECT count(*) AS number FROM triggers WHERE app_id = %s AND due_at <= now()"
    return int(standing.rows(due, app.id)[0]["number"])


def _set_due(standing: Cluster, app: App, moment: str) -> None:
    standing.change(f"UPDATE triggers SET due_at = {moment} WHERE app_id = '{app.id}'")


def test_g1_schedules_run_once_though_servers_are_killed(standing: Cluster, clocks: App) -> None:
    _set_due(standing, clocks, "now()")
    # Some have run; the process that is killed may be in the middle of any.
    wait_until(lambda: _runs(standing, clocks) > 0, "a schedule has run", every=0.01)
    standing.product.kill("server-1")
    polled(lambda: _waiting(standing, clocks), 0, "another process runs what is due", seconds=30)
    standing.product.kill("server-2")
    # Nobody is there for years.
    _set_due(standing, clocks, "now() - interval '9 years'")
    assert (_runs(standing, clocks), _waiting(standing, clocks)) == (CLOCKS, CLOCKS)
    standing.mend()
    polled(lambda: _waiting(standing, clocks), 0, "what was missed is made up for", seconds=30)
    # Two more looks of each process.
    time.sleep(2.5)
    assert _runs(standing, clocks) == 2 * CLOCKS
    running = "SELECT count(*) AS number FROM workflow_runs WHERE app_id = %s AND status = 'running'"
    polled(lambda: standing.rows(running, clocks.id)[0]["number"], 0, "no run stays open", seconds=30)
