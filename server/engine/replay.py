"""The state of a run from its events alone: the same as the run itself would give."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from server.engine.core import Core, Limits
from server.engine.engine import STATE_VERSION
from server.engine.events import (
    ContainerFinished,
    ContainerStarted,
    Event,
    NodeFinished,
    NodeRetried,
    NodeStarted,
    RunFinished,
    RunPaused,
    RunStarted,
    Scope,
    TextStreamed,
)
from server.engine.frame import Frame, Paused
from server.engine.graph import Graph
from server.engine.node import Result, RunInfo
from server.engine.pool import Pool, Variables
from server.engine.ports import Ports

_TOP = Scope()


@dataclass(slots=True)
class Replayed:
    """What the events say. ``status`` is running, paused or how the run ended; ``text`` what it streamed.

    An Engine goes on from ``state``: nodes that had begun and not ended begin anew.
    """

    state: Mapping[str, Any]
    pool: Pool
    status: str = "running"
    error: str = ""
    text: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)


def replay(
    graph: Graph, run: RunInfo, variables: Variables, events: Iterable[Event], *, root: str = ""
) -> Replayed:
    """Apply all events of a run, in order. ``variables`` and ``root`` are what the run began with."""
    fold = _Fold(graph, run, variables, root)
    for event in events:
        fold.apply(event)
    return fold.result()


class _Fold:
    def __init__(self, graph: Graph, run: RunInfo, variables: Variables, root: str) -> None:
        self._core = Core(
            graph, _no_ports(), run, variables.inputs, Limits(), (), time.time, str, lambda _: None
        )
        self._frame = Frame(self._core, graph.plan(graph.root(root)), Pool.start(variables))
        self._started: dict[str, NodeStarted] = {}
        self._texts: list[str] = []
        self._status, self._error = "running", ""
        self._began = self._last = self._elapsed = 0.0

    def apply(self, event: Event) -> None:
        self._last = getattr(event, "at", self._last)
        if isinstance(event, RunStarted):
            self._resume(event)
        elif isinstance(event, NodeStarted):
            self._begin(event)
        elif isinstance(event, ContainerStarted):
            self._core.steps = max(self._core.steps, event.node.index)
        elif isinstance(event, (NodeFinished, ContainerFinished)):
            self._finish(event)
        elif isinstance(event, NodeRetried):
            self._core.exceptions += 1
            self._core.pay(event.spent)
        elif isinstance(event, TextStreamed):
            self._texts.append(event.text)
        elif isinstance(event, RunPaused):
            self._pause(event)
        elif isinstance(event, RunFinished):
            self._status, self._error = event.status, event.error

    def _resume(self, event: RunStarted) -> None:
        self._began, self._status = event.at, "running"

    def _begin(self, event: NodeStarted) -> None:
        self._core.steps = max(self._core.steps, event.node.index)
        if event.node.scope == _TOP:
            self._started[event.node.node_id] = event
            self._frame.began(self._core.graph.nodes[event.node.node_id])

    def _finish(self, event: NodeFinished | ContainerFinished) -> None:
        core, node = self._core, event.node
        core.steps = max(core.steps, node.index)
        core.exceptions += event.status == "exception"
        if isinstance(event, NodeFinished):
            core.pay(event.spent)
        if node.scope != _TOP:
            return
        self._frame.paused.pop(node.node_id, None)
        if event.status == "failed":
            core.exceptions += 1
            return
        self._frame.write(core.graph.nodes[node.node_id], Result(event.outputs, writes=event.writes))
        self._frame.settle(node.node_id, event.handle)

    def _pause(self, event: RunPaused) -> None:
        self._status = "paused"
        self._elapsed += event.at - self._began
        for node_id, reason in zip(event.node_ids, event.reasons, strict=True):
            started = self._started[node_id]
            self._frame.paused[node_id] = Paused(started.node, started.at, reason)

    def result(self) -> Replayed:
        core = self._core
        elapsed = self._elapsed + (self._last - self._began if self._status == "running" else 0.0)
        state = {
            "version": STATE_VERSION, "root": self._frame.plan.root, **core.dump(), "elapsed": elapsed,
            "pool": self._frame.pool.dump(), "frame": self._frame.dump(),
        }  # fmt: skip
        return Replayed(state, self._frame.pool, self._status, self._error, "".join(self._texts), core.outputs)


def _no_ports() -> Ports:
    """Nothing runs in a replay."""
    nothing: Any = None
    return Ports(nothing, nothing, nothing, nothing, nothing, nothing, nothing)
