"""What is measured, and what is to be reached on two cores (each case says so in its aims)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from statistics import mean
from typing import Any

import httpx

from bench.compare import Comparison, Measured, Options, compare, middle, once, percentile
from bench.load import Held, Order, Seen, run
from bench.meter import MIB, Meter, Part
from bench.report import Result
from bench.routes import Route, routes
from bench.statements import counted
from bench.world import App, Target, World, _parts, _port, warm
from tests.harness.product import Workspace

Case = Callable[[World, Options], Result]
_KIB = 1024


def generator(world: World, options: Options) -> Result:
    """The load generator alone."""
    result = Result("generator", "the load generator alone, against a loop that answers constant bytes")
    for size, clients in ((1000, 32), (15000, 32)):
        request = world.constant(size)
        best = max((once(world.model_target, [request], clients, options.seconds) for _ in range(2)), key=_rate)
        cost = best.generator_busy / max(best.rate, 1) * 1e6
        result.add(f"{size:6d} bytes: {best.rate:6.0f} requests/s at {cost:4.0f} us of its CPU each")
        result.figures[str(size)] = asdict(best)
    return result


def _rate(of: Measured) -> float:
    return of.rate


def parameters(world: World, options: Options) -> Result:
    """GET /v1/parameters."""
    result = Result("parameters", "GET /v1/parameters, 32 clients")
    found = compare(
        world.product_target, world.bare_target, [world.app("tokens=100").get("/v1/parameters")], options, clients=32
    )
    result.compared(found)
    _aim_ratio(result, found, 0.6)
    return result


def messages(world: World, options: Options) -> Result:
    """GET /v1/messages."""
    result = Result("messages", "GET /v1/messages limit=20, 32 clients")
    app = world.app("tokens=100")
    found = compare(world.product_target, world.bare_target, [app.get(world.messages_path)], options, clients=32)
    result.compared(found)
    warm_count, cold_count = _statements_of_a_page(world, app)
    result.figures["statements"] = {"warm": dict(warm_count), "cold": dict(cold_count)}
    result.aim(
        "at most 3 SQL statements", f"warm {_shown(warm_count)}; caches aged out {_shown(cold_count)}",
        ok=max(_queries(warm_count), _queries(cold_count)) <= 3,
    )
    _aim_ratio(result, found, 0.25)
    return result


def _statements_of_a_page(world: World, app: App) -> tuple[Counter[str], Counter[str]]:
    """Statements of one page when keys and users are known, and when their caches have aged out."""
    client = httpx.Client(base_url=world.product.url, headers=app.headers)

    def page() -> None:
        assert client.get(world.messages_path).is_success

    with counted(world) as count:
        # Each process keeps its own caches: enough requests to reach all, then the quietest of the next.
        time.sleep(5.5)
        cold = count(page)
        for _ in range(8 * world.servers):
            page()
        calm = min((count(page) for _ in range(8)), key=lambda found: found.total())
    return calm, cold


def _queries(count: Mapping[str, int]) -> int:
    return sum(number for word, number in count.items() if word not in {"BEGIN", "COMMIT", "ROLLBACK"})


def _shown(count: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in sorted(count.items())) or "none"


def chat_stream(world: World, options: Options) -> Result:
    """A chat stream as fast as the model can."""
    clients = 50
    result = Result("chat_stream", f"chat stream of 200 tokens without delay, {clients} clients")
    found = compare(
        world.product_target, world.bare_target, world.app("tokens=200").chats(clients), options, clients=clients
    )
    result.compared(found, per_second="events/s", events=True)
    shortest = world.app("tokens=1").chats(clients)
    warm(world.product_target, shortest, clients)
    fixed = middle(
        [once(world.product_target, shortest, clients, options.seconds) for _ in range(max(2, options.rounds // 2))]
    )
    result.figures["fixed"] = asdict(fixed)
    result.failed += fixed.failed
    product, bare = middle(found.product), middle(found.bare)
    event = (product.cpu["server"] + product.cpu["envoy"] - fixed.cpu["server"] - fixed.cpu["envoy"]) / 199
    result.add(
        f"one token instead of 200: server {fixed.cpu['server'] / 1000:.1f} ms, envoy {fixed.cpu['envoy'] / 1000:.1f}, "
        f"postgres {fixed.cpu['postgres'] / 1000:.1f}; each further token {event:.0f} us of server and envoy "
        f"(bare {(bare.cpu['server'] + bare.cpu['envoy']) / 200:.0f})"
    )
    _aim_ratio(result, found, 0.7, what="events/s", of=lambda each: each.event_rate)
    cost = (fixed.cpu["server"] + fixed.cpu["envoy"]) / 1000
    result.aim("fixed cost at most 10 ms CPU a request", f"{cost:.1f} ms of server and envoy", ok=cost <= 10)
    return result


def _aim_ratio(
    result: Result, found: Comparison, least: float, *, what: str = "", of: Callable[[Measured], float] = _rate
) -> None:
    ratio = found.ratio(of)
    each = [of(mine) / max(of(theirs), 1e-9) for mine, theirs in zip(found.product, found.bare, strict=True)]
    result.figures["ratio"], result.figures["cpu_ratio"] = ratio, found.cpu_ratio
    result.add(
        f"ratio in each round {' '.join(f'{value:.2f}' for value in each)}; "
        f"by CPU of all parts {found.cpu_ratio:.2f}"
    )
    result.aim(f"at least {least:g} of bare {what}".rstrip(), f"{ratio:.2f}", ok=ratio >= least)


def first_event(world: World, options: Options) -> Result:
    """Time to the first event, beyond the model's own."""
    result = Result("first_event", "time from the request to the first event, beyond the model's own")
    product, model = world.product_target.port, world.model_target.port
    calm, pacing = "tokens=5", "tokens=100,delay=20"

    each = 40 * options.rounds
    mine = run(Order(port=product, requests=world.app(calm).chats(1), each=each))
    own = run(Order(port=model, requests=[world.ask_model(calm)], each=each))
    _beyond(result, "1 client", mine, own, 0.5, 25)

    chats, asked = world.app(pacing).chats(100), [world.ask_model(pacing)]
    warm(world.product_target, chats[:20], 20)
    seconds = 2.0 + 2 * options.rounds
    mine = run(Order(port=product, requests=chats, clients=100, seconds=seconds, ramp=2, settle=2))
    own = run(Order(port=model, requests=asked, clients=100, seconds=seconds, ramp=2, settle=2))
    _beyond(result, "100 streams", mine, own, 0.95, 50)

    mine = run(Order(port=product, requests=chats, clients=100, each=1))
    result.add(
        f"100 requests in one instant: p50 {percentile(mine.first_ms, 0.5):.0f} ms, "
        f"p95 {percentile(mine.first_ms, 0.95):.0f} ms (CPU of 100 starts on the cores there are)"
    )
    result.failed += mine.failed
    return result


def _beyond(result: Result, name: str, mine: Seen, own: Seen, share: float, most: float) -> None:
    label = f"p{share * 100:.0f}"
    gap = percentile(mine.first_ms, share) - percentile(own.first_ms, share)
    result.add(
        f"{name}: product p50 {percentile(mine.first_ms, 0.5):.1f} p95 {percentile(mine.first_ms, 0.95):.1f} "
        f"p99 {percentile(mine.first_ms, 0.99):.1f} ms; model alone p50 {percentile(own.first_ms, 0.5):.1f} "
        f"p95 {percentile(own.first_ms, 0.95):.1f} ms; {mine.answers} streams"
    )
    result.figures[name] = {"product": mine.first_ms, "model": own.first_ms}
    result.failed += mine.failed + own.failed
    result.failures += [*mine.failures, *own.failures]
    result.aim(f"{name}: {label} under {most:g} ms beyond the model", f"{gap:.1f} ms", ok=gap < most)


def paced(world: World, options: Options) -> Result:
    """Many streams at a model's pace."""
    result = Result("paced", "streams of 100 tokens, 20 ms apart: how much longer than from the model alone")
    script = "tokens=100,delay=20"
    levels = (200,) if options.rounds < 3 else (100, 200, 300)
    for streams in levels:
        seconds = 2.0 + 2 * min(options.rounds, 3)
        chats, asked = world.app(script).chats(streams), [world.ask_model(script)]
        meter = Meter(world.product_target.parts)
        mine = run(
            Order(port=world.product_target.port, requests=chats, clients=streams, seconds=seconds, ramp=2, settle=2)
        )
        used = meter.read()
        own = run(
            Order(port=world.model_target.port, requests=asked, clients=streams, seconds=seconds, ramp=2, settle=2)
        )
        stretch = mean(mine.total_ms) / mean(own.total_ms) - 1 if mine.answers and own.answers else 1.0
        slow = percentile(mine.total_ms, 0.95) / percentile(own.total_ms, 0.95) - 1 if own.answers else 1.0
        share = {name: f"{seconds / (mine.wall + 2):.0%}" for name, seconds in used.items()}
        result.add(
            f"{streams} streams: {stretch:.1%} longer (p95 {slow:.1%}), {mine.event_rate:.0f} events/s, of a core: "
            f"{', '.join(f'{name} {value}' for name, value in share.items())}, generator {mine.busy:.0%}"
        )
        result.figures[str(streams)] = {"stretch": stretch, "p95": slow, "events_per_second": mine.event_rate}
        result.failed += mine.failed + own.failed
        result.failures += mine.failures
        if streams == 200:
            result.aim("200 streams under 10 % stretch", f"{stretch:.1%}", ok=stretch < 0.1 and not mine.failed)
    return result


def open_streams(world: World, options: Options) -> Result:
    """What an open stream holds."""
    streams = 300 if options.rounds < 3 else 1000
    result = Result("open_streams", f"{streams} open streams whose model says a token a second, on a fresh product")
    with world.fresh_bare("held") as bare:
        target = Target("bare", _port(bare.url), _parts(bare))
        held = world.app("tokens=10").post("/v1/completion-messages", {"inputs": {}, "response_mode": "streaming"})
        least, _, _ = _held(result, target, [held], streams, dict)
    with world.fresh("open") as product:
        workspace = Workspace(product, world.model_url, model="bench@tokens=10")
        app = world.app("tokens=600,delay=1000", workspace)
        target = Target("fresh", _port(product.url), _parts(product))
        run(Order(port=target.port, requests=world.app("tokens=50", workspace).chats(20), clients=20, seconds=2))
        time.sleep(1)
        look = partial(_connections, world, product.postgres_url, seconds=6)
        grown, used, states = _held(result, target, app.chats(streams), streams, look)
    total = sum(grown.values())
    result.figures |= {"grown_kib": grown, "bare_grown_kib": least, "connections": states}
    result.add(f"each: {_sizes(grown)}; a stream that a bare server holds: {_sizes(least)}")
    result.add(f"CPU meanwhile, of a core: {', '.join(f'{name} {spent / 6:.0%}' for name, spent in used.items())}")
    result.add(
        f"database connections of {world.servers} processes over 6 s: {states['most']} open; "
        f"idle in {states['idle']} of {states['looks']} looks, most at work at once {states['active']}"
    )
    result.aim("an open stream at most 100 KiB", f"{total:.0f} KiB of server and envoy", ok=total <= 100)
    result.aim(
        "no database connection held while the model speaks",
        f"at most {states['in_transaction']} in a transaction between looks",
        ok=states["in_transaction"] == 0,
    )
    return result


def _sizes(grown: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {size:.0f} KiB" for name, size in grown.items())


def _held(
    result: Result, target: Target, requests: Sequence[str], streams: int, look: Callable[[], dict[str, int]]
) -> tuple[dict[str, float], dict[str, float], dict[str, int]]:
    """Open streams and ``look`` meanwhile: KiB that each part grew by per stream, CPU during the look, what it saw."""
    before = {name: part.memory() for name, part in target.parts.items()}
    order = Order(port=target.port, requests=requests, clients=streams, ramp=4, hold=True)
    with Held(order) as held:
        trouble = held.opened()
        result.failed += bool(trouble)
        result.failures += [trouble] if trouble else []
        meter = Meter(target.parts)
        seen = look()
        used = meter.read()
        grown = {name: (part.memory() - before[name]) / streams / _KIB for name, part in target.parts.items()}
        held.end()
    return grown, used, seen


def _connections(world: World, url: str, *, seconds: float) -> dict[str, int]:
    """Looks at pg_stat_activity: open connections, and how many work or sit in a transaction."""
    found = {"most": 0, "active": 0, "in_transaction": 0, "idle": 0, "looks": 0}
    until = time.monotonic() + seconds
    previous: set[tuple[Any, Any]] = set()
    while time.monotonic() < until:
        rows = world.sql(
            "SELECT pid, state, xact_start FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'transom'", url,
        )
        busy = [row for row in rows if row[1] != "idle"]
        # Held is a transaction that was there at the look before, too.
        held = {(row[0], row[2]) for row in busy if row[2] is not None}
        found["looks"] += 1
        found["most"] = max(found["most"], len(rows))
        found["active"] = max(found["active"], len(busy))
        found["in_transaction"] = max(found["in_transaction"], len(held & previous))
        found["idle"] += not busy
        previous = held
        time.sleep(0.05)
    return found


def clients(world: World, options: Options) -> Result:
    """Many clients on every route."""
    result = Result("clients", "64 and 256 clients on each route")
    each = 1 if options.rounds < 3 else 2
    found: dict[str, dict[str, object]] = {}
    for count in (64, 256):
        failed, sent = 0, 0
        table = routes(world, count)
        for route in table:
            seen = _on_route(world, route, count, each)
            failed += seen.failed
            sent += seen.answers + seen.failed
            result.failures += [f"{route.name}: {text}" for text in seen.failures]
            found[f"{route.name} {count}"] = {
                "rate": seen.rate, "p50": percentile(seen.total_ms, 0.5), "p99": percentile(seen.total_ms, 0.99),
                "failed": seen.failed,
            }
        result.failed += failed
        reached = f"{failed} of {sent} failed on {len(table)} routes"
        result.aim(f"{count} clients on any route: no failure", reached, ok=not failed)
    result.figures = found
    slowest = sorted(found, key=lambda name: -float(str(found[name]["p99"])))[:6]
    result.add("slowest p99: " + ", ".join(f"{name} {float(str(found[name]['p99'])):.0f} ms" for name in slowest))
    return result


def _on_route(world: World, route: Route, count: int, each: int) -> Seen:
    return run(
        Order(
            port=world.product_target.port, requests=route.requests, clients=count, each=each, status=route.status,
        )
    )


CASES: Mapping[str, Case] = {
    "generator": generator, "parameters": parameters, "messages": messages, "chat_stream": chat_stream,
    "first_event": first_event, "paced": paced, "open_streams": open_streams, "clients": clients,
}


def peaks(world: World) -> str:
    """The most memory that each part ever had."""
    lines = ["== peak memory, MiB"]
    for target in (world.product_target, world.bare_target):
        sizes = [
            f"{name} {' + '.join(f'{Part(name, (pid,)).peak() / MIB:.0f}' for pid in part.pids)}"
            for name, part in target.parts.items()
            if not part.family
        ]
        lines.append(f"   {target.name:8} {', '.join(sizes)}")
    return "\n".join(lines)
