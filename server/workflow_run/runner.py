"""Drives the engine: what it tells becomes events of the run and rows, its end the end of the run."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from server.db.bridge import Database
from server.db.direct import Order
from server.db.engine import UowFactory
from server.db.faults import is_away
from server.engine import events as said
from server.engine.engine import Engine, Limits, single_node
from server.engine.ports import Ports
from server.engine.values import Selector
from server.kit.errors import AppError, Reason
from server.kit.plain import clean_text
from server.moderation.watch import OutputWatch
from server.runs.registry import INTERNAL, Runs
from server.runs.run import Outlet, Run
from server.settings import Settings
from server.workflow.draft_variable_store import DraftValue, DraftVariableStore
from server.workflow_run import events
from server.workflow_run.around import BY_OUTPUT_MODERATION, Around, Direct
from server.workflow_run.ending import BY_USER, Conclusion, answered, concluded, refused
from server.workflow_run.pausing import paused
from server.workflow_run.plain import dump
from server.workflow_run.plan import Plan
from server.workflow_run.record import Record, values_left
from server.workflow_run.store import Pausing, WorkflowRunStore
from server.workflow_run.turn import Citations
from transom.run.v1.event_pb2 import ReasoningChunk, TextChunk

log = logging.getLogger("transom.workflows")

Namer = Callable[[str, str, str], Awaitable[None]]
# The HTTP status and text that a caller is shown of an error.
Shown = Callable[[AppError], tuple[int, str]]


class _Stop:
    """What interrupts a run: asks its engine to stop."""

    def __init__(self, engine: Engine, run: Run) -> None:
        self._engine = engine
        self._run = run

    def cancel(self) -> None:
        """Stop it."""
        is_cut = self._run.cut_requested and not self._run.stop_requested
        self._engine.stop(BY_OUTPUT_MODERATION if is_cut else BY_USER)


class Runner:
    """Works on the workflow runs of this process."""

    def __init__(
        self, db: Database, uow: UowFactory, runs: Runs, ports: Ports, settings: Settings, namer: Namer,
        around: Around, shown: Shown,
    ) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self.ports = ports
        self._settings = settings
        self._namer = namer
        self.around = around
        self.shown = shown

    async def work(self, run: Run, plan: Plan) -> None:
        """Run it to its end or to a pause; runs as its own task."""
        await _Work(self, run, plan).go()

    def engine(self, plan: Plan) -> Engine:
        """The engine of a run. Raises GraphError for a node that is not there."""
        limits = Limits(seconds=self._settings.run_max_seconds)
        if plan.only:
            return single_node(
                plan.version.graph, plan.only, self.ports, plan.info, plan.variables, values=plan.given, limits=limits
            )
        return Engine(
            plan.version.graph, self.ports, plan.info, plan.variables, limits=limits, root=plan.root,
            state=plan.state, answers=plan.answers,
        )

    async def insist(self, order: Order, what: str) -> bool:
        """Send what tells whether it changed something, however long the database is away."""
        delay = 0.1
        while True:
            try:
                rows = await self._db.send(order)
                return bool(rows[0][0])
            except Exception as error:
                if not is_away(error) and not (isinstance(error, AppError) and error.retry_after):
                    raise
                log.warning("%s waits for the database", what)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)

    async def keep(self, order: Order) -> None:
        """Store what a run did so far."""
        await self._db.send(order)

    async def leave(self, plan: Plan, values: Sequence[DraftValue]) -> None:
        """Store what a run of a draft left; without it the editor shows what an earlier one did."""
        try:
            await self._db(self._leave, plan, values)
        except Exception as error:
            log.warning("run %s: its variables are not stored: %s", plan.run_id, error)

    def _leave(self, plan: Plan, values: Sequence[DraftValue]) -> None:
        with self._uow() as uow:
            DraftVariableStore(uow).save(plan.tenant_id, plan.app_id, values)
            uow.commit()

    def after(self, run: Run, plan: Plan, status: str) -> None:
        """What follows a good end: a new conversation gets its name."""
        turn = plan.turn
        if turn and turn.is_first and turn.auto_name and status == "succeeded":
            self._runs.spawn(self._namer(plan.tenant_id, run.key.conversation_id, turn.query), "auto-name")

    @property
    def flush_seconds(self) -> float:
        """How long what a run did may wait before it is stored."""
        return self._settings.answer_flush_seconds


_CUT_SHORT = ("failed", "stopped")


class _Work:
    """One run of this process."""

    def __init__(self, runner: Runner, run: Run, plan: Plan) -> None:
        self._runner = runner
        self._run = run
        self._plan = plan
        self._record = Record()
        self._citations = Citations(plan.cited)
        self._writes: dict[str, str] = {}
        # Values that the author of a draft finds in the editor afterwards.
        self._left: list[DraftValue] = []
        self._started = time.monotonic()
        self._first_text: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._flush: asyncio.Task[None] | None = None
        self._watch = runner.around.watch(run, plan)
        self._say: Outlet = self._watch.around(run.delta) if self._watch else run.delta

    async def go(self) -> None:
        """Answer without the graph, or run it."""
        before = self._runner.around.before(self._run, self._plan) if self._plan.turn else None
        if before is None or not await self._is_answered(before):
            await self._run_graph()

    async def _is_answered(self, before: Awaitable[Direct | None]) -> bool:
        """Whether the turn ends before its graph; a stop meanwhile is for the graph, which ends at once."""
        run, plan = self._run, self._plan
        asked = run.interrupt = asyncio.ensure_future(before)
        try:
            if run.stop_requested or run.lost:
                asked.cancel()
            await asyncio.wait([asked])
        finally:
            asked.cancel()
            run.interrupt = None
        if asked.cancelled():
            return False
        try:
            direct = asked.result()
        except Exception as error:
            fault = self._fault(error)
            await self._store(refused(run, plan, fault, self._runner.shown(fault), elapsed=self._elapsed))
            return True
        if direct is None:
            return False
        run.say(direct.text)
        await self._store(answered(run, plan, direct, elapsed=self._elapsed))
        return True

    def _fault(self, error: Exception) -> AppError:
        if isinstance(error, AppError):
            return error
        log.error("run %s broke before its graph", self._run.key.task_id, exc_info=error)
        return AppError(Reason.INTERNAL_SERVER_ERROR, INTERNAL, detail=repr(error))

    async def _run_graph(self) -> None:
        run, plan = self._run, self._plan
        end: said.RunFinished | said.RunPaused | None = None
        try:
            engine = self._runner.engine(plan)
            run.interrupt = stop = _Stop(engine, run)
            if run.stop_requested or run.lost:
                stop.cancel()
            self._arm()
            async for event in engine.run():
                if isinstance(event, (said.RunFinished, said.RunPaused)):
                    end = event
                else:
                    _TELL[type(event)](self, event)
        except Exception as error:
            log.exception("run %s broke", run.key.task_id)
            end = self._broken(repr(error))
        finally:
            run.interrupt = None
            if self._timer is not None:
                self._timer.cancel()
        if self._flush is not None:
            await asyncio.wait([self._flush])
        if end is not None and self._watch is not None and not run.lost:
            end = await self._watched(end, self._watch)
        if isinstance(end, said.RunPaused):
            if await self._pause(end):
                return
            end = self._stopped(end)
        await self._finish(end or self._broken("the engine told no end"))

    async def _watched(
        self, end: said.RunFinished | said.RunPaused, watch: OutputWatch
    ) -> said.RunFinished | said.RunPaused:
        """The end when the answer has been checked for the last time."""
        await watch.close(quick=isinstance(end, said.RunFinished) and end.status in _CUT_SHORT)
        if isinstance(end, said.RunPaused):
            return self._stopped(end, BY_OUTPUT_MODERATION) if watch.is_over else end
        if watch.has_replaced and "answer" in end.outputs:
            return replace(end, outputs={**end.outputs, "answer": self._run.answer})
        return end

    def _broken(self, cause: str) -> said.RunFinished:
        log.warning("run %s: %s", self._run.key.task_id, cause)
        now = time.time()
        self._record.fail_open(INTERNAL, now)
        return said.RunFinished(
            status="failed", outputs={}, error=INTERNAL, tokens=0, steps=len(self._record.all), exceptions=1, spent=(),
            at=now,
        )

    def _stopped(self, paused: said.RunPaused, error: str = BY_USER) -> said.RunFinished:
        now = time.time()
        self._record.fail_open(error, now)
        return said.RunFinished(
            status="stopped", outputs={}, error=error, tokens=paused.tokens, steps=paused.steps,
            exceptions=0, spent=(), at=now,
        )

    # What the engine tells

    def _run_started(self, event: said.RunStarted) -> None:
        self._run.emit(workflow_started=events.workflow_started(self._plan, event.at, event.reason))

    def _node_started(self, event: said.NodeStarted) -> None:
        self._record.started(event.node, event.at)
        self._run.emit(node_started=events.node_started(event))

    def _node_finished(self, event: said.NodeFinished) -> None:
        row = self._record.finished(event)
        self._run.emit(node_finished=events.node_finished(event, row))
        if self._plan.version.is_draft:
            self._left += values_left(event)
        if event.writes and event.status == "succeeded":
            self._note(event.writes)
        if event.resources:
            self._citations.add(event.resources)

    def _note(self, writes: Any) -> None:
        """Values of conversation variables, for the database."""
        changed: Mapping[Selector, Any] = {tuple(selector): value for selector, value in writes}
        for selector, value in changed.items():
            if len(selector) == 2 and selector[0] == "conversation":
                self._writes[selector[1]] = dump(value)

    def _node_aborted(self, event: said.NodeAborted) -> None:
        self._record.aborted(event)

    def _node_retried(self, event: said.NodeRetried) -> None:
        self._run.emit(node_retry=events.node_retry(event, self._record.retried(event)))

    def _container_started(self, event: said.ContainerStarted) -> None:
        self._record.started(event.node, event.at, event.inputs)
        self._run.emit(**events.container(event))

    def _container_next(self, event: said.ContainerNext) -> None:
        self._run.emit(**events.container(event))

    def _container_finished(self, event: said.ContainerFinished) -> None:
        self._record.container_finished(event)
        if not event.quiet:
            self._run.emit(**events.container(event))

    def _text(self, event: said.TextStreamed) -> None:
        if self._plan.turn:
            if self._first_text is None:
                self._first_text = time.monotonic()
            self._say(event.text, event.selector)
        elif event.text:
            self._run.emit(text_chunk=TextChunk(text=clean_text(event.text), from_variable_selector=event.selector))

    def _reasoning(self, event: said.ReasoningStreamed) -> None:
        self._run.emit(reasoning_chunk=ReasoningChunk(
            message_id=self._run.key.message_id or None, reasoning=clean_text(event.text), node_id=event.node_id,
            is_final=event.is_final,
        ))  # fmt: skip

    def _agent(self, event: said.AgentLogged) -> None:
        self._run.emit(agent_log=events.agent_log(event))

    def _form(self, event: said.FormFilled) -> None:
        self._run.emit(**events.form_answered(event))

    # What it did is stored now and then, in case this process dies

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._runner.flush_seconds, self._begin_flush)

    def _begin_flush(self) -> None:
        if (self._flush is None or self._flush.done()) and (self._record.has_changed or self._writes):
            self._flush = asyncio.create_task(self._keep())
        self._arm()

    async def _keep(self) -> None:
        nodes, writes = self._record.take(), dict(self._writes)
        plan, key = self._plan, self._run.key
        try:
            await self._runner.keep(WorkflowRunStore.keeping(plan, key, nodes, writes))
        except Exception as error:
            self._record.retake()
            log.warning("run %s: what it did so far is not stored: %s", key.task_id, error)

    # The end

    @property
    def _elapsed(self) -> float:
        return round(self._plan.worked + time.monotonic() - self._started, 6)

    async def _finish(self, event: said.RunFinished) -> None:
        await self._store(self._conclusion(event))

    async def _store(self, end: Conclusion) -> None:
        run, plan = self._run, self._plan
        nodes, writes = self._record.take(), self._writes
        stored = await self._runner.insist(
            WorkflowRunStore.finishing(plan, run.key, end.ending, end.turn, nodes, writes),
            f"the end of run {run.key.task_id}",
        )
        if not stored:
            # Another process has ended it; readers will find what that one told.
            run.lost = True
            end = self._conclusion(self._broken("ended by another process"))
        run.conclude(end.outcome, end.bodies)
        if self._left:
            await self._runner.leave(plan, self._left)
        log.info(
            "run %s %s: app %s, %d tokens, %d steps, %.2f s", run.key.task_id, end.ending.record_status, plan.app_id,
            end.ending.tokens, end.ending.steps, end.ending.elapsed,
        )
        if end.ending.record_status == "failed":
            log.warning("run %s failed by %s", run.key.task_id, self._record.culprit or "its end")
        self._runner.after(run, plan, end.ending.status)

    def _conclusion(self, event: said.RunFinished) -> Conclusion:
        first = self._first_text
        return concluded(
            self._run, self._plan, event, elapsed=self._elapsed, resources=self._citations.shown(self._plan),
            first_token=None if first is None else first - self._started,
            generated=None if first is None else time.monotonic() - first,
        )

    async def _pause(self, event: said.RunPaused) -> bool:
        """Let go of the run; False when it was to be stopped meanwhile."""
        run, plan = self._run, self._plan
        if run.stop_requested or run.lost:
            return False
        self._record.paused(event.node_ids)
        kept = paused(run, plan, event, elapsed=self._elapsed, cited=self._citations.found)
        nodes, writes = self._record.take(), self._writes
        pausing: Pausing = kept.pausing
        stored = await self._runner.insist(
            WorkflowRunStore.pausing(plan, run.key, pausing, nodes, writes),
            f"the pause of run {run.key.task_id}",
        )
        if stored:
            run.conclude(kept.outcome, kept.bodies)
            if self._left:
                await self._runner.leave(plan, self._left)
        else:
            self._record.retake()
        return stored


_TELL: Mapping[type, Callable[[_Work, Any], None]] = {
    said.RunStarted: _Work._run_started,
    said.NodeStarted: _Work._node_started,
    said.NodeFinished: _Work._node_finished,
    said.NodeAborted: _Work._node_aborted,
    said.NodeRetried: _Work._node_retried,
    said.ContainerStarted: _Work._container_started,
    said.ContainerNext: _Work._container_next,
    said.ContainerFinished: _Work._container_finished,
    said.TextStreamed: _Work._text,
    said.ReasoningStreamed: _Work._reasoning,
    said.AgentLogged: _Work._agent,
    said.FormFilled: _Work._form,
}
