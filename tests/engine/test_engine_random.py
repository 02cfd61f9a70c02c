"""Random graphs against a plain model of what must run, and what must be streamed."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.engine.engine import Engine
from server.engine.events import ContainerStarted, NodeAborted, NodeFinished, NodeStarted
from server.engine.graph import Graph
from server.engine.node import Context, NodeError, Result
from server.engine.pool import Variables
from server.engine.replay import replay
from tests.engine.flows import CHAT, PORTS, Told, find_class, node, run, start


@dataclass(frozen=True)
class Step:
    """One node of a random graph. ``ends``: how it ends, by a handle or by a failure that its strategy handles."""

    kind: str
    ends: str
    before: tuple[tuple[int, str], ...]
    pause: int


HANDLES = {"plain": ("source",), "branch": ("x", "y"), "guarded": ("source", "fail-branch"), "answer": ("source",)}


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    found: list[Step] = []
    for index in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["plain", "plain", "branch", "guarded", "answer"]))
        before = []
        for source in draw(st.lists(st.integers(-1, index - 1), min_size=1, max_size=3, unique=True)):
            before.append((source, draw(st.sampled_from(HANDLES[found[source].kind] if source >= 0 else ("source",)))))
        found.append(Step(kind, draw(st.sampled_from(HANDLES[kind])), tuple(before), draw(st.integers(0, 3))))
    return found


def expected(found: list[Step]) -> set[int]:
    """Nodes that some taken way leads to."""
    ran: set[int] = set()
    for index, step in enumerate(found):
        if any(source == -1 or (source in ran and found[source].ends == handle) for source, handle in step.before):
            ran.add(index)
    return ran


def built(found: list[Step]) -> Graph:
    nodes: list[dict[str, Any]] = [start("q")]
    edges = []
    for index, step in enumerate(found):
        name = f"n{index}"
        if step.kind == "answer":
            source = step.before[0][0]
            variable = f"{{{{#n{source}.text#}}}}" if source >= 0 else "{{#start.q#}}"
            nodes.append(node(name, "answer", answer=f"<{index}:{variable}>"))
        else:
            nodes.append(_doing(name, step))
        edges += [
            {"source": f"n{source}" if source >= 0 else "start", "sourceHandle": handle, "target": name}
            for source, handle in step.before
        ]
    return Graph.parse({"nodes": nodes, "edges": edges}, find_class)


def _doing(name: str, step: Step) -> dict[str, Any]:
    async def go(ctx: Context) -> Result:
        for piece in range(step.pause):
            ctx.stream("text", f"{name}p{piece} ")
            await asyncio.sleep(0)
        if step.ends == "fail-branch":
            raise NodeError("failed")
        text = "".join(f"{name}p{piece} " for piece in range(step.pause))
        return Result(outputs={"text": text}, handle=step.ends)

    strategy = {"error_strategy": "fail-branch"} if step.kind in {"guarded", "branch"} else {}
    return node(name, "do", do=go, **strategy)


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps())
def test_random_graphs_run_and_stream_what_they_must(found: list[Step]) -> None:
    told = asyncio.run(run(built(found), run_info=CHAT, q="Q"))
    must = expected(found)
    assert told.end.status == ("partial-succeeded" if any(found[index].ends == "fail-branch" for index in must) else "succeeded")
    ran = [int(name[1:]) for name in told.ran if name != "start"]
    assert sorted(ran) == sorted(must)
    _nothing_runs_before_what_it_waits_for(found, told.of(NodeStarted, NodeFinished, ContainerStarted), must)
    _answers_do_not_mix(found, told.text, told.end.outputs.get("answer", ""), must)


def _nothing_runs_before_what_it_waits_for(found: list[Step], events: list[Any], must: set[int]) -> None:
    places = {(type(event).__name__, event.node.node_id): place for place, event in enumerate(events)}
    for index in must:
        for source, _ in found[index].before:
            if source in must:
                assert places["NodeFinished", f"n{source}"] < places["NodeStarted", f"n{index}"]


def _answers_do_not_mix(found: list[Step], text: str, recorded: str, must: set[int]) -> None:
    """Each answer that ran streams as a whole, exactly once, and is recorded with the same text."""
    pieces = re.findall(r"<(\d+):([^<>]*)>", text)
    assert "".join(f"<{index}:{body}>" for index, body in pieces) == text
    answers = {index for index in must if found[index].kind == "answer"}
    assert sorted(int(index) for index, _ in pieces) == sorted(answers)
    for index, body in pieces:
        source = found[int(index)].before[0][0]
        if source in must and found[source].kind != "answer" and found[source].ends != "fail-branch":
            assert f"<{index}:{body}>" in recorded


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps(), st.floats(0, 1))
def test_random_graphs_go_on_from_any_cut(found: list[Step], part: float) -> None:
    what = built(found)
    whole = asyncio.run(run(what, run_info=CHAT, q="Q"))
    cut = int(part * len(whole.events))
    before = whole.events[:cut]
    done = {event.node.node_id for event in before if isinstance(event, NodeFinished)}
    state = json.loads(json.dumps(replay(what, CHAT, Variables({"q": "Q"}), before).state))
    after = asyncio.run(run(what, run_info=CHAT, state=state, q="Q"))
    assert set(after.ran) == set(whole.ran) - done
    assert after.end.status == whole.end.status
    assert sorted(after.end.outputs.get("answer", "")) == sorted(whole.end.outputs.get("answer", ""))


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps(), st.integers(0, 20))
def test_random_graphs_stop_wherever_they_are(found: list[Step], place: int) -> None:
    async def stopped() -> Told:
        engine = Engine(built(found), PORTS, CHAT, Variables({"q": "Q"}))
        events = []
        async for event in engine.run():
            events.append(event)
            if len(events) == place:
                engine.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return Told(events)

    told = asyncio.run(stopped())
    assert told.end.status in {"stopped", "succeeded", "partial-succeeded"}
    began = {event.node.execution_id for event in told.of(NodeStarted)}
    ended = [event.node.execution_id for event in told.of(NodeFinished, NodeAborted)]
    assert sorted(ended) == sorted(began)
