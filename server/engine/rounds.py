"""Rounds of iterations and loops: frames inside of a frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from server.engine.core import Running
from server.engine.events import ContainerNext, ContainerStarted, Event, Scope
from server.engine.graph import GraphNode
from server.engine.node import NodeError, Spent
from server.engine.pool import CONVERSATION, Pool
from server.engine.values import Selector

if TYPE_CHECKING:
    from server.engine.frame import Frame


@dataclass(frozen=True, slots=True)
class EndedRound:
    """A round that has ended."""

    error: NodeError | None
    ended: bool
    seconds: float
    pool: Pool

    def find(self, selector: Sequence[str]) -> tuple[bool, Any]:
        """A variable as the round left it."""
        return self.pool.find(selector)


class FrameRounds:
    """The rounds of one execution of a container."""

    __slots__ = ("_before", "_frame", "_node", "_running", "begun", "length", "spent")

    def __init__(self, frame: Frame, node: GraphNode, running: Running) -> None:
        self._frame = frame
        self._node = node
        self._running = running
        self._before = dict(frame.pool.scope(CONVERSATION)) if node.is_container else {}
        self.begun = False
        self.length = 0
        self.spent: list[Spent] = []

    def begin(self, length: int, inputs: Mapping[str, Any]) -> None:
        """Tell that the container starts."""
        self.begun, self.length = True, length
        running = self._running
        self._frame.emit(ContainerStarted(running.ref, running.kind, length, inputs, running.started_at))

    def next(self, index: int) -> None:
        """Tell that a round begins. Rounds that run no node count as well: more of them than steps end the run."""
        core = self._frame.core
        if index > core.limits.steps:
            core.too_many(core.steps + index)
        self._frame.emit(ContainerNext(self._running.ref, self._running.kind, index, core.clock()))

    def put(self, name: str, value: Any, kind: str = "") -> None:
        """Write a variable of the container itself."""
        self._frame.pool.set(self._node.id, name, value)
        if kind:
            self._frame.pool.declare(self._node.id, name, kind)

    def changes(self) -> list[tuple[Selector, Any]]:
        """Conversation variables that are not what they were before the first round."""
        if not self._node.is_container:
            return []
        now = self._frame.pool.scope(CONVERSATION)
        return [((CONVERSATION, name), value) for name, value in now.items() if self._before.get(name) is not value]

    async def run(
        self, index: int, variables: Mapping[str, Any], *, isolated: bool, together: bool = False
    ) -> EndedRound:
        """Run the nodes from the start node on."""
        outer = self._frame
        pool = outer.pool.copy() if isolated else outer.pool
        plan = outer.core.graph.plan(self._node.entry)
        if not isolated:
            for node_id in plan.nodes:
                pool.forget(node_id)
        pool.update(self._node.id, variables)
        told: list[Event] = []
        emit: Callable[[Event], None] = told.append if together else outer.emit
        started = outer.core.clock()
        error: NodeError | None = None
        frame = type(outer)(outer.core, plan, pool, scope=self._scope(index), emit=emit)
        try:
            error = await _finish(frame)
        finally:
            self.spent += frame.spent
            for event in told:
                outer.emit(event)
        if isolated and not together:
            outer.pool.update(CONVERSATION, pool.scope(CONVERSATION))
        return EndedRound(error, frame.ran("loop-end"), outer.core.clock() - started, pool)

    def _scope(self, index: int) -> Scope:
        if self._node.type == "iteration":
            return Scope(iteration_id=self._node.id, iteration_index=index)
        return Scope(loop_id=self._node.id, loop_index=index)


async def _finish(frame: Frame) -> NodeError | None:
    from server.engine.frame import NodeFailedError  # a frame has rounds, and a round is a frame

    try:
        await frame.run()
    except NodeFailedError as failed:
        return failed.error
    return None
