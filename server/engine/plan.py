"""What can be known of a run before it begins: which nodes a root reaches, and what holds back which text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.template import Part
from server.engine.values import Selector


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from a node, by one of its handles, to another. ``index`` is its place in the graph."""

    index: int
    id: str
    source: str
    target: str
    handle: str


@dataclass(frozen=True, slots=True)
class Session:
    """What an answer or end node streams: its parts in order, and the nodes that decide whether it will run."""

    node_id: str
    parts: tuple[Part, ...]
    blocking: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """The part of a graph that a root reaches. Edges from elsewhere count as skipped."""

    root: str
    nodes: frozenset[str]
    # How many edges must be resolved before a node is; nodes nearer to the root first.
    waits: Mapping[str, int]
    outgoing: Mapping[str, Sequence[Edge]]
    incoming: Mapping[str, Sequence[Edge]]
    sessions: Sequence[Session]
    # (node, output) that some session prints.
    wanted: frozenset[Selector]

    @classmethod
    def make(
        cls, root: str, edges: Sequence[Edge], responses: Mapping[str, Any], blocking: frozenset[str],
        writers: Mapping[str, frozenset[Selector]],
    ) -> Self:  # fmt: skip
        """The plan of a root. ``writers`` are nodes that write variables of others."""
        leaving: dict[str, list[Edge]] = {}
        for edge in edges:
            leaving.setdefault(edge.source, []).append(edge)
        nodes = _reach(root, leaving)
        outgoing = {node: tuple(edge for edge in leaving.get(node, ()) if edge.target != root) for node in nodes}
        incoming: dict[str, list[Edge]] = {node: [] for node in nodes}
        for edge in edges:
            if edge.source in nodes and edge.target != root:
                incoming[edge.target].append(edge)
        sessions = [
            _session(node, made.segments, incoming, blocking, writers)
            for node, made in responses.items()
            if node in nodes
        ]
        wanted = frozenset(
            part[:2] for session in sessions for part in session.parts if not isinstance(part, str)
        )
        return cls(
            root, frozenset(nodes), {node: len(found) for node, found in incoming.items()}, outgoing, incoming,
            sessions, wanted,
        )  # fmt: skip

    @classmethod
    def alone(cls, node: str) -> Self:
        """A plan of one node and nothing else."""
        return cls(node, frozenset({node}), {node: 0}, {node: ()}, {node: ()}, (), frozenset())

    def circular(self) -> list[str]:
        """Nodes that can never become ready."""
        waits = dict(self.waits)
        ready = [node for node, count in waits.items() if count == 0]
        while ready:
            for edge in self.outgoing[ready.pop()]:
                waits[edge.target] -= 1
                if waits[edge.target] == 0:
                    ready.append(edge.target)
        return [node for node, count in waits.items() if count > 0]


def _reach(root: str, leaving: Mapping[str, Sequence[Edge]]) -> dict[str, None]:
    """Nodes from a root on, nearer ones first."""
    found = {root: None}
    for node in (waiting := [root]):
        for edge in leaving.get(node, ()):
            if edge.target not in found:
                found[edge.target] = None
                waiting.append(edge.target)
    return found


def _session(
    node: str, parts: tuple[Part, ...], incoming: Mapping[str, Sequence[Edge]], blocking: frozenset[str],
    writers: Mapping[str, frozenset[Selector]],
) -> Session:  # fmt: skip
    reads = {part[:2] for part in parts if not isinstance(part, str)}
    before: set[str] = set()
    waiting = [node]
    while waiting:
        for edge in incoming.get(waiting.pop(), ()):
            if edge.source not in before:
                before.add(edge.source)
                waiting.append(edge.source)
    held = {name for name in before if name in blocking or reads & writers.get(name, frozenset())}
    return Session(node, parts, frozenset(held - {node}))
