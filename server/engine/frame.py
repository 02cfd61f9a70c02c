"""Runs a plan: the whole graph of a run, or one round of a container (workflow-engine.md 3, 5).

A worker is a task that runs a node, settles its edges, and goes on with a node that this made ready; more workers are
started for further ready nodes, so that a chain costs no tasks and branches are parallel.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from server.engine import values
from server.engine.context import NodeContext
from server.engine.core import Core, Running, RunOverError, as_node_error, cost
from server.engine.events import (
    ContainerFinished,
    Event,
    NodeAborted,
    NodeFinished,
    NodeRef,
    NodeRetried,
    NodeStarted,
    Scope,
)
from server.engine.graph import RESPONSES, GraphNode
from server.engine.node import NodeError, PauseNode, Result, Spent
from server.engine.plan import Edge, Plan
from server.engine.pool import Pool
from server.engine.rounds import FrameRounds
from server.engine.stream import Streams
from server.kit import trace

# Nodes that run without a word.
_SILENT = frozenset({"iteration-start", "loop-start"})
# A long chain of nodes that wait for nothing lets others have the loop now and then.
_BREATH = 16


class NodeFailedError(Exception):
    """A node failed and nothing in the graph handles it."""

    def __init__(self, error: NodeError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Paused:
    """A node that waits for somebody."""

    ref: NodeRef
    started_at: float
    reason: Mapping[str, Any]


@dataclass(slots=True)
class Outcome:
    """How an execution ended."""

    status: str
    result: Result
    error: str = ""
    # Set when the run fails by it.
    fatal: NodeError | None = None
    spent: Spent | None = None


class Frame:
    """One run of a plan over a pool."""

    def __init__(
        self, core: Core, plan: Plan, pool: Pool, *, scope: Scope | None = None,
        emit: Callable[[Event], None] | None = None,
    ) -> None:  # fmt: skip
        """A frame in which nothing has happened. ``scope`` is None for the whole graph."""
        self.core, self.plan, self.pool = core, plan, pool
        self.scope = scope or Scope()
        self.is_top = scope is None
        self.emit = emit or core.emit
        # Nodes that ended or were skipped.
        self.over: set[str] = set()
        self.streams = Streams(plan, pool.find, self.emit, self.over)
        self.spent: list[Spent] = []
        self.paused: dict[str, Paused] = {}
        self.edges: dict[int, bool] = {}
        self._waits = dict(plan.waits)
        self._taken: set[int] = set()
        # Nodes that some edge leads to, by the node before them.
        self._before: dict[str, str] = {}
        self._ready: deque[str] = deque()
        self._running: dict[str, Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: asyncio.Future[None] | None = None
        self._failure: Exception | None = None
        self._is_resumed = False

    async def run(self) -> None:
        """Run until nothing can go on. Raises NodeFailedError and RunOverError; what runs then is cut off."""
        self._done = asyncio.get_running_loop().create_future()
        if not self._is_resumed:
            self._ready.append(self.plan.root)
        self._spread()
        try:
            if self._tasks:
                await self._done
        finally:
            await self._cut()
        if self._failure is not None:
            raise self._failure

    async def _cut(self) -> None:
        """Cancel what still runs, and say so."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
        for running in self._running.values():
            at = self.core.clock()
            self.emit(NodeAborted(running.ref, self.core.cause, running.started_at, at, running.kind))
        self._running.clear()

    def _spread(self) -> None:
        while self._ready:
            task = asyncio.get_running_loop().create_task(self._work(self._ready.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and self._failure is None:
            self._failure = error if isinstance(error, Exception) else RuntimeError("a worker died")
        if (not self._tasks or self._failure is not None) and self._done is not None and not self._done.done():
            self._done.set_result(None)

    async def _work(self, node_id: str) -> None:
        rested = 0
        while True:
            await self._execute(self.core.graph.nodes[node_id])
            if not self._ready or self._failure is not None:
                return
            node_id = self._ready.popleft()
            self._spread()
            rested += 1
            if rested % _BREATH == 0:
                await asyncio.sleep(0)

    async def _execute(self, node: GraphNode) -> None:
        if node.type in _SILENT:
            self.settle(node.id, "source")
            return
        running = self._begin(node)
        kind = running.kind
        rounds = FrameRounds(self, node, running)
        ctx = NodeContext(self, running.ref, rounds)
        with trace.begin(f"node {node.type}") as span:
            try:
                outcome = await self._attempt(node, ctx, running)
            except PauseNode as pause:
                del self._running[running.ref.execution_id]
                self.paused[node.id] = Paused(running.ref, running.started_at, pause.reason)
                return
            finally:
                if span:
                    span.set("transom.node.id", node.id)
                    span.set("transom.node.execution.id", running.ref.execution_id)
            if span:
                span.set("transom.node.status", outcome.status)
                if outcome.fatal is not None:
                    span.fail(outcome.fatal.error_type)
        del self._running[running.ref.execution_id]
        if outcome.fatal is not None:
            self._failure = NodeFailedError(outcome.fatal)
            self.core.exceptions += self.is_top
            self.core.cause = outcome.error
        else:
            self.write(node, outcome.result)
            self.settle(node.id, outcome.result.handle)
        self._pay(outcome.spent)
        self.spent += rounds.spent
        self.emit(self._container_end(running, outcome, rounds) if kind else self._end(running, outcome))

    def _begin(self, node: GraphNode) -> Running:
        paused = self.paused.pop(node.id, None)
        if paused is not None:
            running = Running(paused.ref, paused.started_at)
        else:
            core = self.core
            index = core.step()
            ref = NodeRef(core.ids(), node.id, node.type, node.title, index, self.scope, self._before.get(node.id, ""))
            running = Running(ref, core.clock(), node.type if node.is_container else "")
            if not running.kind:
                self.emit(NodeStarted(ref, running.started_at, node.extras))
        self._running[running.ref.execution_id] = running
        self.began(node)
        return running

    def began(self, node: GraphNode) -> None:
        """A node begins: texts that hang on it cannot wait longer."""
        if node.type in RESPONSES:
            self.streams.started(node.id)

    async def _attempt(self, node: GraphNode, ctx: NodeContext, running: Running) -> Outcome:
        retry = 0
        while True:
            result = await self._once(node, ctx)
            if isinstance(result, Result):
                return Outcome("succeeded", result, spent=result.spent)
            if retry >= node.retries:
                return _failed(node, result, self.core)
            retry += 1
            self.core.exceptions += 1
            self._pay(result.usage)
            self.emit(NodeRetried(
                running.ref, retry, str(result), result.inputs or {}, running.started_at, self.core.clock(),
                result.usage,
            ))  # fmt: skip
            self.streams.again(node.id)
            await asyncio.sleep(node.retry_interval)

    async def _once(self, node: GraphNode, ctx: NodeContext) -> Result | NodeError:
        """One attempt. Raises what is not the node's own: a pause, a limit, a cancellation."""
        try:
            return await node.node.run(ctx)
        except RunOverError:
            raise
        except PauseNode:
            if self.is_top:
                raise
            return NodeError("Nobody can be waited for inside of an iteration or loop.", "PauseError")
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return NodeError("Something that the node waited for was cancelled.", "CancelledError")
        except Exception as raised:
            return as_node_error(raised, node.id)

    def write(self, node: GraphNode, result: Result) -> None:
        """Put what a node produced into the pool and the outputs of the run."""
        self.pool.update(node.id, result.outputs)
        for selector, value in result.writes:
            self.pool.set(selector[0], selector[1], value)
        if self.is_top and node.type in RESPONSES:
            self.core.answered(result.outputs)

    def settle(self, node_id: str, handle: str) -> None:
        """A node is left by a handle: tell its texts, resolve its edges, and what follows from that."""
        self.over.add(node_id)
        self.streams.ended(node_id)
        unresolved: list[tuple[Edge, bool]] = [(edge, edge.handle == handle) for edge in self.plan.outgoing[node_id]]
        for edge, taken in unresolved:
            target = edge.target
            self.edges[edge.index] = taken
            self._waits[target] -= 1
            if taken:
                self._taken.add(edge.index)
                self._before[target] = edge.source
            if self._waits[target] == 0:
                if target in self._before:
                    self._ready.append(target)
                else:
                    self.over.add(target)
                    self.streams.ended(target)
                    unresolved.extend((further, False) for further in self.plan.outgoing[target])
        self.streams.decided(node_id, self._taken)

    def _end(self, running: Running, outcome: Outcome) -> NodeFinished:
        result = outcome.result
        return NodeFinished(
            running.ref, outcome.status, result.inputs, result.process_data, result.outputs,
            self._metadata(outcome), outcome.error, running.started_at, self.core.clock(),
            handle=result.handle, writes=result.writes, resources=result.resources, files=result.files,
            spent=outcome.spent,
        )  # fmt: skip

    def _container_end(self, running: Running, outcome: Outcome, rounds: FrameRounds) -> ContainerFinished:
        result = outcome.result
        if outcome.fatal is not None and not rounds.begun:
            rounds.begin(0, result.inputs)
        return ContainerFinished(
            running.ref, running.kind, outcome.status, result.inputs, result.outputs,
            cost(rounds.spent) | self._metadata(outcome), outcome.error, rounds.length,
            running.started_at, self.core.clock(), handle=result.handle, writes=rounds.changes(),
            quiet=not rounds.begun,
        )  # fmt: skip

    def _pay(self, spent: Spent | None) -> None:
        if spent is not None:
            self.core.pay(spent)
            self.spent.append(spent)

    def _metadata(self, outcome: Outcome) -> dict[str, Any]:
        metadata = cost([outcome.spent]) if outcome.spent else {}
        scope = self.scope
        if scope.iteration_id:
            metadata |= {"iteration_id": scope.iteration_id, "iteration_index": scope.iteration_index}
        if scope.loop_id:
            metadata |= {"loop_id": scope.loop_id, "loop_index": scope.loop_index}
        return {**metadata, **outcome.result.metadata} if outcome.result.metadata else metadata

    def ran(self, node_type: str) -> bool:
        """Whether a node of a type ran and ended."""
        nodes = self.core.graph.nodes
        return any(node_id in self._before and nodes[node_id].type == node_type for node_id in self.over)

    def dump(self) -> dict[str, Any]:
        """Where a frame stands in which nothing runs, as JSON."""
        return {
            "edges": [[index, taken] for index, taken in sorted(self.edges.items())],
            "before": dict(sorted(self._before.items())),
            "over": sorted(self.over),
            "paused": [
                [node_id, paused.ref.execution_id, paused.ref.index, paused.started_at, values.encode(paused.reason)]
                for node_id, paused in self.paused.items()
            ],
            "streams": self.streams.dump(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from where ``dump`` stood: with nodes that are ready and have not begun, and paused ones answered."""
        self._is_resumed = True
        self.edges = dict(state["edges"])
        self._before = dict(state["before"])
        self.over.update(state["over"])
        self._taken = {index for index, taken in self.edges.items() if taken}
        for edges in self.plan.outgoing.values():
            for edge in edges:
                self._waits[edge.target] -= edge.index in self.edges
        for node_id, execution_id, index, started_at, reason in state["paused"]:
            node = self.core.graph.nodes[node_id]
            before = self._before.get(node_id, "")
            ref = NodeRef(execution_id, node_id, node.type, node.title, index, self.scope, before)
            self.paused[node_id] = Paused(ref, started_at, values.decode(reason))
        self.streams.load(state["streams"])
        for node_id, waits in self._waits.items():
            due = waits == 0 and (node_id in self._before or node_id == self.plan.root) and node_id not in self.over
            if due and (node_id not in self.paused or node_id in self.core.answers):
                self._ready.append(node_id)


def _failed(node: GraphNode, error: NodeError, core: Core) -> Outcome:
    """What a failure that is not tried again comes to by the node's strategy."""
    known = {"inputs": error.inputs or {}, "process_data": error.process_data or {}, "writes": error.writes}
    metadata = dict(error.metadata or {})
    text = str(error)
    if not node.strategy:
        result = Result(error.outputs or {}, metadata=metadata, **known)  # type: ignore[arg-type]
        return Outcome("failed", result, text, error, error.usage)
    core.exceptions += 1
    outputs = {**node.defaults, "error_message": text, "error_type": error.error_type}
    handle = "fail-branch" if node.strategy == "fail-branch" else "source"
    metadata["error_strategy"] = node.strategy
    result = Result(outputs, handle=handle, metadata=metadata, **known)  # type: ignore[arg-type]
    return Outcome("exception", result, text, spent=error.usage)
