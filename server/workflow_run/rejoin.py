"""Streams of runs that somebody joins again, in whatever process (sse-events.md section 10)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.caller import Caller
from server.kit.errors import not_found
from server.kit.ids import canonical, is_uuid
from server.runs.reader import PING, Batches
from server.runs.registry import Runs
from server.runs.run import is_pause, is_terminal
from server.runs.store import RunStore, StoredRun
from server.runs.wire import workflow_finished
from server.workflow_run.snapshot import Snapshots
from transom.run.v1.event_pb2 import MessageReplace, RunEvent

_SNAPSHOT = frozenset({
    "workflow_started", "node_started", "node_finished", "node_retry", "iteration_started", "iteration_next",
    "iteration_completed", "loop_started", "loop_next", "loop_completed",
})  # fmt: skip
_EXECUTIONS = _SNAPSHOT - {"workflow_started", "iteration_next", "loop_next"}
_GOING_ON = frozenset({"running", "paused"})
_ENDS = frozenset({"workflow_finished", "message_end", "error"})
_ASKING = frozenset({"human_input_required", "workflow_paused"})


class Rejoin:
    """Follows runs of workflows."""

    def __init__(self, db: Database, uow: UowFactory, runs: Runs) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self._snapshots = Snapshots(db, uow)

    async def open(
        self, caller: Caller, run_id: str, *, after: int | None, snapshot: bool, across_pauses: bool
    ) -> Batches:
        """The events of the calling end user's run. Raises not_found.

        ``after``: exactly what follows that event. Without it what comes from now on, with ``snapshot`` after what the
        run has done so far; of a run that has ended nothing but its end.
        """
        stored = None
        if is_uuid(run_id):
            stored = await self._db(self._find, caller.the_app.app_id, caller.the_user.id, canonical(run_id))
        if stored is None:
            raise not_found("Workflow run not found")
        if after is not None:
            return await self._exactly(stored, after, across_pauses=across_pauses)
        if stored.status not in _GOING_ON:
            return _ended(stored)
        return self._live(stored, snapshot, across_pauses)

    async def rejoin(self, caller: Caller, task_id: str, after: int) -> Batches:
        """What follows an event of the calling end user's task, across pauses. Raises not_found."""
        stored = await self._runs.find(caller, task_id)
        if stored.workflow is None:
            return self._runs.local(stored, after) or self._runs.remote(stored, after)
        return await self._exactly(stored, after, across_pauses=True)

    async def _exactly(self, stored: StoredRun, after: int, *, across_pauses: bool) -> Batches:
        """What follows an event; where the log has lost some of that, after what the run has done so far."""
        if stored.status in _GOING_ON and not await self._runs.is_told_from(stored, after):
            return self._live(stored, snapshot=True, across_pauses=across_pauses)
        return self._follow(stored, after, across_pauses)

    def _find(self, app_id: str, end_user_id: str, run_id: str) -> StoredRun | None:
        with self._uow() as uow:
            return RunStore(uow).find_workflow(app_id, end_user_id, run_id)

    async def follow(self, batches: Batches, stored: StoredRun | None = None, after: int = 0) -> Batches:
        """A stream to its end or to a pause; with ``stored`` across pauses. It follows event ``after``."""
        last: RunEvent | None = None
        async for batch in batches:
            yield batch
            if batch and batch[-1] is not PING:
                last = batch[-1]
                if is_pause(last) and stored is None:
                    return
        # What this process had of a run ends at its pause; what follows may come from any.
        if stored is not None and (last is None or not is_terminal(last)):
            async for batch in self._runs.remote(stored, last.sequence if last else after):
                yield batch

    async def _follow(self, stored: StoredRun, after: int, across_pauses: bool) -> Batches:
        batches = self._runs.local(stored, after) or self._runs.remote(stored, after)
        async for batch in self.follow(batches, stored if across_pauses else None, after):
            yield batch

    async def _live(self, stored: StoredRun, snapshot: bool, across_pauses: bool) -> Batches:
        yield [PING]
        told = await self._runs.logged(stored.key.task_id)
        # A run that waits knows the number of its last event, also when the log is gone.
        after = told[-1].sequence if told else stored.last_sequence
        if not snapshot:
            run = self._runs.active.get(stored.key.task_id)
            after = max(after, run.last if run else 0)
        else:
            shown = await self._so_far(told, stored)
            yield shown
            last = told[-1] if told else shown[-1] if shown else None
            if last is not None and (is_terminal(last) or (is_pause(last) and not across_pauses)):
                return
        async for batch in self._follow(stored, after, across_pauses):
            yield batch

    async def _so_far(self, told: Sequence[RunEvent], stored: StoredRun) -> list[RunEvent]:
        """What a run has done, by its log as far as that is there, what is missing by the database."""
        if told and told[0].sequence == 1:
            return _snapshot(told, stored)
        before = await self._snapshots.told(stored)
        known = {_about(event) for event in told} - {None}
        return [
            *(event for event in before if _about(event) not in known),
            *(event for event in _snapshot(told, stored) if not event.HasField("message_replace")),
        ]


def _about(event: RunEvent) -> tuple[str, str] | None:
    """What an event tells of which execution."""
    kind = event.WhichOneof("body")
    return (kind, str(getattr(event, kind).id)) if kind in _EXECUTIONS else None


def _snapshot(told: Sequence[RunEvent], stored: StoredRun) -> list[RunEvent]:
    """What a run has done so far, shorter than it was told: the answer as one text, of forms those that wait."""
    kept = [event for event in told if event.WhichOneof("body") in _SNAPSHOT]
    answer = ""
    for event in told:
        if event.HasField("message"):
            answer += event.message.answer
        elif event.HasField("message_replace"):
            answer = event.message_replace.answer
    if stored.key.message_id and kept:
        kept.insert(1, stored.key.event(kept[0].sequence, message_replace=MessageReplace(answer=answer)))
    if told and is_pause(told[-1]):
        waiting: list[RunEvent] = []
        for event in reversed(told):
            if event.WhichOneof("body") not in _ASKING:
                break
            waiting.insert(0, event)
        kept += waiting
    elif told and is_terminal(told[-1]):
        kept += [event for event in told[-2:] if event.WhichOneof("body") in _ENDS]
    return kept


async def _ended(stored: StoredRun) -> AsyncIterator[list[RunEvent]]:
    assert stored.workflow is not None, "a workflow run has its record"
    finished = workflow_finished(stored.workflow)
    yield [
        RunEvent(
            sequence=max(stored.last_sequence, 1), task_id=stored.workflow.id, workflow_run_id=stored.workflow.id,
            workflow_finished=finished, last=True,
        )
    ]
