"""Runs a graph: ``Engine(...).run()`` tells events, ``stop`` ends it.

A run that pauses gives its state (RunPaused.state); another Engine with that ``state`` and ``answers`` goes on. So does
one with the state that ``replay.py`` makes of the events of a run that was cut off.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

from server.engine.core import Core, Ending, Limits, RunOverError
from server.engine.events import Event, FormFilled, NodeAborted, RunFinished, RunPaused, RunStarted
from server.engine.frame import Frame, NodeFailedError
from server.engine.graph import Graph, GraphError, Problem
from server.engine.node import FormAnswer, RunInfo
from server.engine.plan import Plan
from server.engine.pool import Pool, Variables
from server.engine.ports import Ports
from server.engine.values import Selector
from server.kit.ids import new_id

__all__ = ["Engine", "FormAnswer", "Limits", "Variables", "single_node"]

STATE_VERSION = 1
_log = logging.getLogger(__name__)


class Engine:
    """One run of a graph."""

    def __init__(
        self, graph: Graph, ports: Ports, run: RunInfo, variables: Variables, *, limits: Limits | None = None,
        root: str = "", only: str = "", state: Mapping[str, Any] | None = None, answers: Sequence[FormAnswer] = (),
        clock: Callable[[], float] = time.time, ids: Callable[[], str] = new_id,
    ) -> None:  # fmt: skip
        """A run that begins at ``root`` (default: the graph's), or goes on from ``state``. Raises GraphError.

        ``only`` makes it a run of that node and nothing else.
        """
        self._told: deque[Event] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._driver: asyncio.Task[None] | None = None
        self._has_begun = False
        self._is_resumed = state is not None
        self._elapsed = 0.0
        self._core = Core(graph, ports, run, variables.inputs, limits or Limits(), answers, clock, ids, self._tell)
        if state is None:
            plan = Plan.alone(only) if only else graph.plan(graph.root(root))
            self._frame = Frame(self._core, plan, Pool.start(variables))
        else:
            self._frame = self._load(state, variables)

    def _load(self, state: Mapping[str, Any], variables: Variables) -> Frame:
        if state.get("version") != STATE_VERSION:
            raise GraphError([Problem("The run was paused by another version of the server and cannot go on.")])
        self._core.load(state)
        self._elapsed = state["elapsed"]
        plan = self._core.graph.plan(str(state["root"]))
        frame = Frame(self._core, plan, Pool.load(state["pool"], variables))
        frame.load(state["frame"])
        return frame

    @property
    def pool(self) -> Pool:
        """The variables as they stand."""
        return self._frame.pool

    async def run(self) -> AsyncGenerator[Event, None]:
        """The events, in order; the last is RunFinished or RunPaused. Closing the iterator cancels the run."""
        loop = asyncio.get_running_loop()
        self._driver = driver = loop.create_task(self._drive())
        driver.add_done_callback(lambda _: self._rouse())
        timer = loop.call_later(max(0.0, self._core.limits.seconds - self._elapsed), self._time_out)
        told = self._told
        try:
            while True:
                while told:
                    yield told.popleft()
                if driver.done():
                    break
                self._wake = loop.create_future()
                await self._wake
        finally:
            timer.cancel()
            if not driver.done():
                driver.cancel()
                await asyncio.wait([driver])
        driver.result()

    def stop(self, reason: str = "Stopped by user.") -> None:
        """End the run as stopped, as soon as the event loop comes round; its nodes are cancelled."""
        self._end(Ending("stopped", reason))

    def _time_out(self) -> None:
        elapsed = self._elapsed + self._core.clock() - self._core.started_at
        limit = self._core.limits.seconds
        error = f"Aborted: Maximum execution time exceeded: {max(elapsed, limit):.2f}s > {limit:g}s"
        self._end(Ending("failed", error, aborted=True))

    def _end(self, ending: Ending) -> None:
        self._core.end(ending)
        # A task that is cancelled before its first step would say nothing.
        if self._driver is not None and self._has_begun and not self._driver.done():
            self._driver.cancel()

    def _tell(self, event: Event) -> None:
        self._told.append(event)
        self._rouse()

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _drive(self) -> None:
        """Run the graph and say how it ended."""
        core = self._core
        self._has_begun = True
        self._open()
        error = await self._finish()
        if error:
            self._close("failed", error)
        elif core.ending is not None:
            self._close(core.ending.status, core.ending.error, aborted=core.ending.aborted)
        elif self._frame.paused:
            self._pause()
        else:
            self._close("partial-succeeded" if core.exceptions else "succeeded", "")

    async def _finish(self) -> str:
        """Run the graph; the error that it failed by. An ending from outside is not one."""
        core = self._core
        if core.run.depth > core.limits.depth:
            return f"Max workflow call depth {core.limits.depth} reached."
        try:
            if core.ending is None:
                await self._frame.run()
        except NodeFailedError as failure:
            return str(failure)
        except RunOverError:
            pass
        except asyncio.CancelledError:
            if core.ending is None:
                raise
        except Exception:
            _log.exception("run %s failed unexpectedly", core.run.run_id)
            return "The run failed for a reason of ours; the server's log says more."
        return ""

    def _open(self) -> None:
        core = self._core
        for node_id, answer in core.answers.items():
            paused = self._frame.paused.get(node_id)
            if paused is not None:
                told = core.graph.nodes[node_id].node.told(answer, paused.reason)  # type: ignore[attr-defined]
                self._tell(FormFilled(node_id, paused.ref.title, answer.data, is_timeout=answer.is_timeout, **told))
        self._tell(RunStarted(core.inputs, core.clock(), "resumption" if self._is_resumed else "initial"))

    def _pause(self) -> None:
        core, paused = self._core, self._frame.paused
        reasons = [item.reason for item in paused.values()]
        self._tell(RunPaused(list(paused), reasons, self._dump(), core.tokens, core.steps, core.clock()))

    def _dump(self) -> dict[str, Any]:
        core = self._core
        return {
            "version": STATE_VERSION, "root": self._frame.plan.root, **core.dump(),
            "elapsed": self._elapsed + core.clock() - core.started_at,
            "pool": self._frame.pool.dump(), "frame": self._frame.dump(),
        }  # fmt: skip

    def _close(self, status: str, error: str, *, aborted: bool = False) -> None:
        core, now = self._core, self._core.clock()
        for waiting in self._frame.paused.values():
            self._tell(NodeAborted(waiting.ref, error, waiting.started_at, now))
        self._tell(RunFinished(
            status, core.outputs, error, core.tokens, core.steps, core.exceptions, core.spent, now, aborted,
        ))  # fmt: skip


def single_node(
    graph: Graph, node_id: str, ports: Ports, run: RunInfo, variables: Variables, *,
    values: Mapping[Selector, Any] | None = None, limits: Limits | None = None,
) -> Engine:  # fmt: skip
    """A run of nothing but one node (with its children, when it is a container), for debugging.

    ``values`` are the variables of other nodes that it reads. Its events are those of a run: RunStarted, NodeStarted,
    NodeFinished, RunFinished; a start or trigger node reads ``variables.inputs``. Raises GraphError.
    """
    if node_id not in graph.nodes:
        raise GraphError([Problem(f"Node '{node_id}' is not in the graph.")])
    engine = Engine(graph, ports, run, variables, limits=limits, only=node_id)
    for selector, value in (values or {}).items():
        engine.pool.put(selector, value)
    return engine
