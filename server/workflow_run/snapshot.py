"""What a run has done so far, told from the database: its log may be gone when somebody was asked for long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.runs.run import RunKey
from server.runs.store import StoredRun
from server.workflow_run.lookup_store import SoFar, WorkflowLookup
from server.workflow_run.pausing import required
from server.workflow_run.plain import EMPTY, dump
from transom.common.v1.common_pb2 import Json
from transom.run.v1 import event_pb2 as pb

_CONTAINERS = frozenset({"iteration", "loop"})
Body = Mapping[str, Any]


class Snapshots:
    """Tells runs from their rows."""

    def __init__(self, db: Database, uow: UowFactory) -> None:
        self._db = db
        self._uow = uow

    async def told(self, stored: StoredRun) -> list[pb.RunEvent]:
        """The events of sse-events.md section 10 for a state snapshot.

        They have no numbers but the last of a run that waits, which has that of its pause.
        """
        so_far = await self._db(self._so_far, stored)
        if so_far is None:
            return []
        events = [stored.key.event(0, **body) for body in _bodies(stored.key, so_far)]
        if so_far.run.reasons is not None:
            events[-1].sequence = stored.last_sequence
        return events

    def _so_far(self, stored: StoredRun) -> SoFar | None:
        with self._uow.reading() as uow:
            return WorkflowLookup(uow).so_far(stored.key.app_id, stored.key.workflow_run_id)


def _bodies(key: RunKey, so_far: SoFar) -> Iterator[Body]:
    run = so_far.run
    yield {"workflow_started": pb.WorkflowStarted(
        id=run.id, workflow_id=run.workflow_id, inputs=_json(run.inputs) or EMPTY,
        created_at=_seconds(run.created_at), reason="initial",
    )}  # fmt: skip
    if key.message_id:
        yield {"message_replace": pb.MessageReplace(answer=run.answer or "")}
    for row in so_far.executions:
        yield from _container(row) if row.node_type in _CONTAINERS else _node(row)
    if run.reasons is not None:
        yield from _pause(run)


def _node(row: Any) -> Iterator[Body]:
    metadata = orjson.loads(row.execution_metadata or "null") or {}
    head = {
        "id": row.id, "node_id": row.node_id, "node_type": row.node_type, "title": row.title, "index": row.index,
        "created_at": _seconds(row.created_at), "iteration_id": metadata.get("iteration_id"),
        "loop_id": metadata.get("loop_id"),
    }  # fmt: skip
    yield {"node_started": pb.NodeStarted(**head, extras=EMPTY)}
    if row.finished_at is not None:
        yield {"node_finished": pb.NodeFinished(
            **head, inputs=_json(row.inputs), process_data=_json(row.process_data), outputs=_json(row.outputs),
            status=row.status, error=row.error, elapsed_time=row.elapsed_time,
            execution_metadata=_json(row.execution_metadata), finished_at=_seconds(row.finished_at),
        )}  # fmt: skip


def _container(row: Any) -> Iterator[Body]:
    head = {"id": row.node_id, "node_id": row.node_id, "node_type": row.node_type, "title": row.title}
    head["created_at"] = _seconds(row.created_at)
    inputs = _json(row.inputs) or EMPTY
    yield {f"{row.node_type}_started": pb.ContainerStarted(**head, extras=EMPTY, metadata=EMPTY, inputs=inputs)}
    if row.finished_at is not None:
        yield {f"{row.node_type}_completed": pb.ContainerCompleted(
            **head, outputs=_json(row.outputs) or EMPTY, extras=EMPTY, inputs=inputs,
            status="succeeded" if row.status == "succeeded" else "failed", error=row.error,
            elapsed_time=row.elapsed_time, execution_metadata=_json(row.execution_metadata) or EMPTY,
            finished_at=_seconds(row.finished_at),
        )}  # fmt: skip


def _pause(run: Any) -> Iterator[Body]:
    reasons: Sequence[Mapping[str, Any]] = run.reasons
    for reason in reasons:
        yield {"human_input_required": required(reason)}
    yield {"workflow_paused": pb.WorkflowPaused(
        workflow_run_id=run.id, paused_nodes=[str(reason.get("node_id") or "") for reason in reasons], outputs=EMPTY,
        reasons=[Json(text=dump(reason)) for reason in reasons], status="paused", created_at=_seconds(run.paused_at),
        elapsed_time=run.elapsed_time, total_tokens=run.total_tokens, total_steps=run.total_steps,
    )}  # fmt: skip


def _json(text: str | None) -> Json | None:
    return None if text is None else Json(text=text)


def _seconds(at: Any) -> int:
    return int(at.timestamp())
