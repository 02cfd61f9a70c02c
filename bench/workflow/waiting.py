"""Hundreds of runs that wait, for somebody or for a slow address: what that holds of the database and of memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import httpx

from bench.load import Held, Order, run
from bench.meter import MIB
from bench.report import Result
from bench.world import App, World, _parts, _port
from tests.harness.product import Product, Workspace
from tests.rest.flows import Graph, chain, edge, end, flow, human, llm, node, start

_RUNS, _RESUMED = 500, 50
_CONNECTIONS = 20
# A process looks every 15 s for connections that nobody needs.
_SETTLE_SECONDS = 40.0
# Longer than all that is measured meanwhile.
_SLOW, _QUICK = "bench@tokens=2,delay=100000", "bench@tokens=1"
_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'transom'"
_ASK: Graph = {
    "nodes": [start("name"), human("ask"), end(said=("ask", "said"))],
    "edges": [edge("start", "ask"), edge("ask", "end", "ok")],
}


class _Place:
    """A product on an empty database that may call loopback addresses, and what is to be seen of it."""

    def __init__(self, world: World, product: Product) -> None:
        self.world = world
        self.product = product
        self.port = _port(product.url)
        self.workspace = Workspace(product, world.model_url, model="bench@tokens=10")

    def flow(self, graph: Graph) -> App:
        """An app that runs a graph."""
        made = flow(self.workspace, graph)
        return App(made.id, made.key)

    def number(self, statement: str) -> int:
        """The one number that a statement gives."""
        return int(self.world.sql(statement, self.product.postgres_url)[0][0])

    @property
    def connections(self) -> int:
        """Database connections of the server processes."""
        return self.number(_OPEN)

    @property
    def memory(self) -> int:
        """Bytes of memory of the server processes."""
        return _parts(self.product)["server"].memory()

    def settled(self) -> int:
        """The most connections of some seconds, when those of the burst before are let go."""
        until = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < until and self.connections >= _CONNECTIONS:
            time.sleep(0.5)
        seen = []
        for _ in range(12):
            seen.append(self.connections)
            time.sleep(0.25)
        return max(seen)


@contextmanager
def _fresh(world: World, name: str) -> Iterator[_Place]:
    product = Product(
        world.stores.postgres_url(), world.stores.redis_url(), world.folder / name, servers=world.servers,
        settings={"log_level": "WARNING", "outbound_allow": "127.0.0.0/8"},
    )
    with product:
        yield _Place(world, product)


def _calls(apps: Sequence[App], mode: str, count: int) -> list[str]:
    """Runs of the apps in turn."""
    return [
        apps[at % len(apps)].post(
            "/v1/workflows/run", {"inputs": {"name": "bo"}, "user": f"user-{at}", "response_mode": mode}
        )
        for at in range(count)
    ]


def _noted(result: Result, burst: int, settled: int, kib: float, what: str) -> None:
    result.add(f"database connections: {burst} after the burst of starts, at most {settled} while all wait")
    result.add(f"memory of the server processes: {kib:.1f} KiB more for each run that waits{what}")
    result.figures |= {"connections_burst": burst, "connections": settled, "kib_a_run": kib}
    result.aim(
        f"under {_CONNECTIONS} database connections", f"{settled} while {_RUNS} runs wait", ok=settled < _CONNECTIONS
    )


def paused(world: World) -> Result:
    """Runs that wait for a form; some of them go on."""
    result = Result("paused", f"{_RUNS} runs that wait for a form, then {_RESUMED} that go on, on a fresh product")
    with _fresh(world, "paused") as place:
        app = place.flow(_ASK)
        order = partial(Order, port=place.port, requests=_calls([app], "blocking", 25), clients=25)
        run(order(each=2))
        before, began = place.memory, time.monotonic()
        seen = run(order(each=_RUNS // 25))
        wall, burst = time.monotonic() - began, place.connections
        result.failed, result.failures = seen.failed, seen.failures
        settled = place.settled()
        waiting = place.number("SELECT count(*) FROM runs WHERE status = 'paused'")
        result.add(f"{waiting} runs wait; {_RUNS} began and paused in {wall:.1f} s, {_RUNS / wall:.0f} a second")
        _noted(result, burst, settled, (place.memory - before) / _RUNS / 1024, ": it is in the database alone")
        result.figures |= {"paused": waiting, "started_a_second": _RUNS / wall}
        _resume(place, app, result)
    return result


def _resume(place: _Place, app: App, result: Result) -> None:
    """Answer some forms at once, and wait for the runs behind them."""
    statement = f"SELECT token FROM human_input_forms WHERE status = 'waiting' ORDER BY id LIMIT {_RESUMED}"
    tokens = [row[0] for row in place.world.sql(statement, place.product.postgres_url)]
    body = {"inputs": {"said": "yes"}, "action": "ok", "user": "somebody"}

    client = httpx.Client(base_url=place.product.url, headers=app.headers, timeout=60)

    def answer(token: str) -> str:
        reply = client.post(f"/v1/form/human_input/{token}", json=body)
        return "" if reply.is_success else reply.text

    began = time.monotonic()
    with client, ThreadPoolExecutor(10) as pool:
        refused = [text for text in pool.map(answer, tokens) if text]
    until, done = began + 60, 0
    while time.monotonic() < until and done + len(refused) < _RESUMED:
        done = place.number("SELECT count(*) FROM runs WHERE status = 'succeeded'")
        time.sleep(0.01)
    wall = time.monotonic() - began
    result.failed += _RESUMED - done
    result.failures += refused[:3]
    result.add(f"{done} forms answered, their runs ended within {wall:.2f} s; {place.connections} connections then")
    result.figures |= {"resumed": done, "resume_seconds": wall}


def _waiting(place: _Place, model: str) -> list[App]:
    """An app that waits for an address, and one that waits for a model."""
    body = f'{{"model": "{model}"}}'
    place.workspace.add_model(model)
    asks = node(
        "get", "http-request", method="post", url=f"{place.world.model_url}/slow", headers="", params="", timeout={},
        authorization={"type": "no-auth"}, body={"type": "json", "data": [{"key": "", "type": "text", "value": body}]},
    )
    return [
        place.flow(chain(start("name"), asks, end(said=("get", "body")))),
        place.flow(chain(start("name"), llm("llm", model, "Hi"), end(said=("llm", "text")))),
    ]


def slow(world: World) -> Result:
    """Runs that wait for an address and for a model, each with its reader."""
    title = f"{_RUNS} streamed runs, half wait for a slow address, half for a slow model, on a fresh product"
    result = Result("slow", title)
    with _fresh(world, "slow") as place:
        quick = _calls(_waiting(place, _QUICK), "streaming", 20)
        run(Order(port=place.port, requests=quick, clients=20, each=3))
        calls = _calls(_waiting(place, _SLOW), "streaming", _RUNS)
        before = place.memory
        with Held(Order(port=place.port, requests=calls, clients=_RUNS, ramp=4, hold=True)) as held:
            trouble = held.opened()
            burst = place.connections
            result.failures += [trouble] if trouble else []
            settled = place.settled()
            running = place.number("SELECT count(*) FROM runs WHERE status = 'running'")
            nodes = place.number("SELECT count(*) FROM workflow_node_executions WHERE status = 'running'")
            kib = (place.memory - before) / _RUNS / 1024
            held.end()
        result.failed += bool(trouble) or min(running, nodes) < _RUNS
        result.add(f"{running} runs go on, {nodes} nodes wait")
        _noted(result, burst, settled, kib, f", with its open stream; {before / MIB:.0f} MiB before")
        result.figures |= {"running": running}
    return result


CASES: Mapping[str, Callable[[World], Result]] = {"paused": paused, "slow": slow}
