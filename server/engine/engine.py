"""Runs a graph: ``Engine(...).run()`` tells events, ``stop`` ends it.

A run that pauses gives its state (RunPaused.state); another Engine with that ``state`` and ``answers`` goes on.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.engine.events import Event
from server.engine.graph import Graph
from server.engine.node import FormAnswer, RunInfo
from server.engine.pool import Variables
from server.engine.ports import Ports
from server.engine.values import Selector
from server.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use. ``depth`` is the nesting of workflows as tools."""

    steps: int = 500
    seconds: float = 1200.0
    depth: int = 5


class Engine:
    """One run of a graph."""

    def __init__(
        self, graph: Graph, ports: Ports, run: RunInfo, variables: Variables, *, limits: Limits | None = None,
        root: str = "", state: Mapping[str, Any] | None = None, answers: Sequence[FormAnswer] = (),
        clock: Callable[[], float] = time.time, ids: Callable[[], str] = new_id,
    ) -> None:  # fmt: skip
        """A run that begins at ``root`` (default: the graph's), or goes on from ``state``."""
        raise NotImplementedError

    def run(self) -> AsyncIterator[Event]:
        """The events, in order; the last is RunFinished or RunPaused. Closing the iterator cancels the run."""
        raise NotImplementedError

    def stop(self, reason: str = "Stopped by user.") -> None:
        """End the run as stopped, as soon as the event loop comes round; its nodes are cancelled."""
        raise NotImplementedError


def single_node(
    graph: Graph, node_id: str, ports: Ports, run: RunInfo, variables: Variables, *,
    values: Mapping[Selector, Any] | None = None, limits: Limits | None = None,
) -> Engine:  # fmt: skip
    """A run of nothing but one node (with its children, when it is a container), for debugging.

    ``values`` are the variables of other nodes that it reads. Its events are those of a run: RunStarted, NodeStarted,
    NodeFinished, RunFinished; a start or trigger node reads ``variables.inputs``.
    """
    raise NotImplementedError
