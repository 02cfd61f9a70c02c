"""Whole runs of workflows through Envoy, beside a server that only answers and beside chat apps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from bench.compare import Measured, Options, compare, middle, once
from bench.report import Result
from bench.world import App, World, warm
from tests.harness.product import COMPATIBLE
from tests.rest.flows import PASS, chain, end, node, start

_CLIENTS = 32
_OPTIONS = Options()
_MODEL = "bench@tokens=200"
_TEMPLATE = chain(
    start("name"),
    node(
        "say", "template-transform", template="Hello {{ name }}!",
        variables=[{"variable": "name", "value_selector": ["start", "name"]}],
    ),
    end(output=("say", "output")),
)  # fmt: skip


def _runs(app: App) -> list[str]:
    return [app.post("/v1/workflows/run", {"inputs": {"name": "bo"}, "user": f"user-{at}"}) for at in range(_CLIENTS)]


def run(world: World) -> Result:
    """Start and end, blocking."""
    result = Result("run", f"start -> end, blocking, {_CLIENTS} clients")
    found = compare(
        world.product_target, world.bare_target, _runs(world.flow("pass", PASS)), _OPTIONS, clients=_CLIENTS
    )
    result.compared(found)
    product, ratio = middle(found.product), found.ratio(lambda each: each.rate)
    result.figures["ratio"] = ratio
    result.aim(
        "at least 300 requests/s and 0.25 of bare", f"{product.rate:.0f} requests/s, {ratio:.2f} of bare",
        ok=product.rate >= 300 and ratio >= 0.25,
    )
    return result


def run_template(world: World) -> Result:
    """A template between start and end."""
    result = Result("run_template", f"start -> template -> end beside start -> end, blocking, {_CLIENTS} clients")
    plain, filled = "start -> end", "start -> template -> end"
    flows = {plain: _runs(world.flow("pass", PASS)), filled: _runs(world.flow("template", _TEMPLATE))}
    found = _in_turn(world, flows, _CLIENTS)
    for name, each in found.items():
        result.add(f"{name}: {each.rate:.0f} requests/s, server {each.cpu['server']:.0f} us, all {each.all_cpu:.0f} us")
        result.figures[name] = asdict(each)
        result.failed += each.failed
    cost = found[filled].all_cpu / found[plain].all_cpu
    result.aim("at most 1.3 x the CPU of start -> end", f"{cost:.2f}", ok=cost <= 1.3)
    return result


def _in_turn(world: World, loads: Mapping[str, Sequence[str]], clients: int) -> dict[str, Measured]:
    """Rounds of several loads on the product in turn, so that a busy machine treats all alike; the middle of each."""
    for requests in loads.values():
        warm(world.product_target, requests, clients)
    rounds: dict[str, list[Measured]] = {name: [] for name in loads}
    for _ in range(_OPTIONS.rounds):
        for name, requests in loads.items():
            rounds[name].append(once(world.product_target, requests, clients, _OPTIONS.seconds))
    return {name: middle(seen) for name, seen in rounds.items()}


def chatflow(world: World) -> Result:
    """A chatflow of one model, beside a chat app."""
    clients = 50
    result = Result("chatflow", f"chatflow start -> llm -> answer beside a chat app, 200 tokens, {clients} clients")
    chat = world.app("tokens=200")
    flow = world.flow("chatflow", chain(
        start(),
        node(
            "llm", "llm", model={"provider": COMPATIBLE, "name": _MODEL, "mode": "chat", "completion_params": {}},
            prompt_template=[{"role": "user", "text": "{{#sys.query#}}"}],
            context={"enabled": False, "variable_selector": []},
        ),
        node("answer", "answer", answer="{{#llm.text#}}"),
    ), "advanced-chat")  # fmt: skip
    found = _in_turn(world, {"chat": chat.chats(clients), "chatflow": flow.chats(clients)}, clients)
    for name, each in found.items():
        result.add(f"{name}: {each.event_rate:.0f} events/s, server {each.cpu['server'] / 1000:.1f} ms an answer")
        result.figures[name] = asdict(each)
        result.failed += each.failed
    ratio = found["chatflow"].event_rate / max(found["chat"].event_rate, 1e-9)
    result.aim("at least 0.8 of the chat app's events/s", f"{ratio:.2f}", ok=ratio >= 0.8)
    return result


CASES: Mapping[str, Callable[[World], Result]] = {
    "run": run, "run_template": run_template, "chatflow": chatflow,
}
