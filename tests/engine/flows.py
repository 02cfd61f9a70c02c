"""Short words for graphs, nodes that do what a test says, and runs of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self

from server.engine.engine import Engine, Limits, Variables
from server.engine.events import (
    ContainerFinished,
    ContainerNext,
    ContainerStarted,
    Event,
    NodeAborted,
    NodeFinished,
    NodeRetried,
    NodeStarted,
    RunFinished,
    RunPaused,
    RunStarted,
    TextStreamed,
)
from server.engine.graph import Graph
from server.engine.node import Context, FormAnswer, Node, NodeError, Result, RunInfo, Spent
from server.engine.nodes import registry
from server.engine.values import Selector
from server.llm.port import Usage

INFO = RunInfo("tenant", "app", "workflow", "run", "user")
CHAT = RunInfo("tenant", "app", "workflow", "run", "user", mode="advanced-chat")
PORTS: Any = SimpleNamespace()
Do = Callable[[Context], Awaitable[Result]]


@dataclass(frozen=True)
class DoNode:
    """A node of type ``do`` runs the function in its data."""

    do: Do

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:
        return cls(data["do"])

    async def run(self, ctx: Context) -> Result:
        return await self.do(ctx)

    def uses(self) -> Sequence[Selector]:
        return ()


def find_class(node_type: str, version: str) -> type[Node] | None:
    return DoNode if node_type == "do" else registry.node_class(node_type, version)


def node(node_id: str, node_type: str, **data: Any) -> dict[str, Any]:
    return {"id": node_id, "type": "custom", "data": {"type": node_type, "title": node_id.upper(), **data}}


def start(*names: str) -> dict[str, Any]:
    return node("start", "start", variables=[{"variable": name, "type": "text-input"} for name in names])


def end(node_id: str = "end", **outputs: str) -> dict[str, Any]:
    """``out="llm.text"``: an end node with that output."""
    return node(node_id, "end", outputs=[
        {"variable": name, "value_selector": path.split("."), "value_type": "string"} for name, path in outputs.items()
    ])


def answer(text: str, node_id: str = "answer") -> dict[str, Any]:
    return node(node_id, "answer", answer=text)


def do(node_id: str, action: Do, **data: Any) -> dict[str, Any]:
    return node(node_id, "do", do=action, **data)


def gives(node_id: str, **outputs: Any) -> dict[str, Any]:
    """A node that ends at once with these outputs."""

    async def run(ctx: Context) -> Result:
        return Result(outputs=outputs)

    return do(node_id, run)


def fails(node_id: str, message: str = "boom", kind: str = "Boom", **data: Any) -> dict[str, Any]:
    async def run(ctx: Context) -> Result:
        raise NodeError(message, kind, inputs={"seen": 1})

    return do(node_id, run, **data)


def streams(node_id: str, *pieces: str, gate: asyncio.Event | None = None) -> dict[str, Any]:
    """A node that tells its text in pieces, after the gate is open."""

    async def run(ctx: Context) -> Result:
        if gate is not None:
            await gate.wait()
        for piece in pieces:
            ctx.stream("text", piece)
            await asyncio.sleep(0)
        return Result(outputs={"text": "".join(pieces)})

    return do(node_id, run)


def waits(node_id: str, gate: asyncio.Event, **outputs: Any) -> dict[str, Any]:
    async def run(ctx: Context) -> Result:
        await gate.wait()
        return Result(outputs=outputs)

    return do(node_id, run)


def spent(tokens: int, price: str = "0.001") -> Spent:
    return Spent(Usage(tokens, 0, tokens), {"total_tokens": tokens, "total_price": price, "currency": "USD"})


def document(*parts: Mapping[str, Any] | str) -> dict[str, Any]:
    """Nodes, and ways such as ``"start > llm > answer"`` or ``"if:true > a"`` (by a handle)."""
    edges: list[dict[str, Any]] = []
    for way in (part for part in parts if isinstance(part, str)):
        ends = [step.strip() for step in way.split(">")]
        for source, target in zip(ends, ends[1:], strict=False):
            name, _, handle = source.partition(":")
            edges.append({
                "id": f"e{len(edges)}", "source": name, "target": target.partition(":")[0],
                "sourceHandle": handle or "source",
            })
    return {"nodes": [part for part in parts if not isinstance(part, str)], "edges": edges}


def graph(*parts: Mapping[str, Any] | str) -> Graph:
    return Graph.parse(document(*parts), find_class)


class Told:
    """The events of a run, and what tests ask of them."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events

    def of(self, *kinds: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kinds)]

    @property
    def end(self) -> RunFinished:
        last = self.events[-1]
        assert isinstance(last, RunFinished), last
        return last

    @property
    def pause(self) -> RunPaused:
        last = self.events[-1]
        assert isinstance(last, RunPaused), last
        return last

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.of(TextStreamed))

    @property
    def pieces(self) -> list[str]:
        return [event.text for event in self.of(TextStreamed)]

    @property
    def ran(self) -> list[str]:
        """Nodes in the order in which they began."""
        return [event.node.node_id for event in self.of(NodeStarted, ContainerStarted)]

    def finished(self, node_id: str) -> Any:
        """The only end of a node."""
        found = [event for event in self.of(NodeFinished, ContainerFinished) if event.node.node_id == node_id]
        assert len(found) == 1, found
        return found[0]

    @property
    def names(self) -> list[str]:
        """Short names of all events, to compare whole runs."""
        return [_name(event) for event in self.events]


def _name(event: Event) -> str:  # noqa: C901, PLR0911 - one case an event
    match event:
        case RunStarted():
            return "run" if event.reason == "initial" else event.reason
        case NodeStarted():
            return f"+{event.node.node_id}"
        case NodeFinished() if event.status == "succeeded":
            return f"-{event.node.node_id}"
        case NodeFinished():
            return f"-{event.node.node_id}:{event.status}"
        case NodeAborted():
            return f"!{event.node.node_id}"
        case NodeRetried():
            return f"retry {event.node.node_id} {event.retry_index}"
        case ContainerStarted():
            return f"({event.node.node_id}"
        case ContainerNext():
            return f"next {event.round}"
        case ContainerFinished():
            return f"){event.node.node_id}" + ("" if event.status == "succeeded" else f":{event.status}")
        case TextStreamed():
            return f"'{event.text}'"
        case RunFinished():
            return event.status
        case _:
            return type(event).__name__


async def run(
    what: Graph, *, run_info: RunInfo = INFO, limits: Limits | None = None, state: Mapping[str, Any] | None = None,
    answers: Sequence[FormAnswer] = (), conversation: Mapping[str, Any] | None = None,
    types: Mapping[str, str] | None = None, environment: Mapping[str, Any] | None = None,
    system: Mapping[str, Any] | None = None, root: str = "", **inputs: Any,
) -> Told:
    """Run a graph to its end."""
    variables = Variables(inputs, system or {}, environment or {}, conversation or {}, types or {})
    engine = Engine(what, PORTS, run_info, variables, limits=limits, state=state, answers=answers, root=root)
    async with asyncio.timeout(5):
        return Told([event async for event in engine.run()])
