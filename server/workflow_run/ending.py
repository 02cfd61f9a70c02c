"""The end of a run: its rows, its last events, its outcome."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.chat.template import stored_answer
from server.engine import events as said
from server.engine.values import files_in
from server.kit.errors import AppError, invalid_param
from server.kit.plain import clean_text
from server.llm import port, pricing
from server.runs.ledger import ledger_text
from server.runs.run import Outcome, Run
from server.runs.store import STOPPED
from server.runs.wire import to_metadata
from server.workflow_run import events
from server.workflow_run.around import Direct
from server.workflow_run.plain import as_json, dump, file_object
from server.workflow_run.plan import Plan
from server.workflow_run.store import Ending, TurnEnding
from server.workflow_run.turn import answer_files, cost, file_rows, total
from transom.common.v1.common_pb2 import Json
from transom.run.v1.event_pb2 import MessageEnd, RunError

BY_USER = "Stopped by user."

# The status of the run behind a record's.
_RUN_STATUS = {"partial-succeeded": "succeeded"}


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run went, for whoever waits for it; free values as JSON text. ``finished_at`` None: it is paused."""

    run_id: str
    workflow_id: str
    status: str
    outputs: str
    error: str | None
    elapsed_time: float
    total_tokens: int
    total_steps: int
    created_at: int
    finished_at: int | None = None
    paused_nodes: Sequence[str] = ()
    reasons: str = ""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """All that an end is."""

    ending: Ending
    turn: TurnEnding | None
    outcome: Outcome
    bodies: list[Mapping[str, object]]


def concluded(
    run: Run, plan: Plan, event: said.RunFinished, *, elapsed: float, resources: Sequence[Mapping[str, Any]],
    first_token: float | None, generated: float | None,
) -> Conclusion:
    """The end that the engine told."""
    outputs = dump(event.outputs)
    error = clean_text(event.error) or None
    # A limit ends a run as failed for its readers, as stopped for the record (workflow-engine.md 4).
    record_status = "stopped" if event.aborted else event.status
    status = "failed" if event.aborted else _RUN_STATUS.get(event.status, event.status)
    files = [as_json(file_object(file)) for file in _output_files(event.outputs)]
    finished = events.workflow_finished(plan, event, elapsed, outputs, files)
    result = RunResult(
        run_id=plan.run_id, workflow_id=plan.version.id, status=event.status, outputs=outputs, error=error,
        elapsed_time=elapsed, total_tokens=event.tokens, total_steps=event.steps, created_at=int(plan.created_at),
        finished_at=int(event.at),
    )
    bodies: list[Mapping[str, object]] = [{"workflow_finished": finished}]
    turn, outcome = None, Outcome(status=status, result=result, outputs=event.outputs)
    if plan.turn:
        turn, outcome, end = _of_turn(run, event, status, result, resources, first_token, generated)
        bodies.insert(0 if status == "succeeded" else 1, end)
    ending = Ending(
        status=status, record_status=record_status,
        error=STOPPED if event.status == "stopped" and event.error == BY_USER else error, outputs=outputs,
        elapsed=elapsed, tokens=event.tokens, steps=event.steps, exceptions=event.exceptions, finished_at=event.at,
        last_sequence=run.last + len(bodies), usage=ledger_text(map(cost, event.spent)),
    )
    return Conclusion(ending, turn, outcome, bodies)


def answered(run: Run, plan: Plan, direct: Direct, *, elapsed: float) -> Conclusion:
    """The end of a turn that the graph has no part in: no event tells of the workflow."""
    metadata: dict[str, Any] = {
        "annotation_reply": direct.annotation.reply() if direct.annotation else None, "retriever_resources": [],
        "usage": pricing.usage_dict(port.Usage(), None, latency=elapsed),
    }  # fmt: skip
    end = {"message_end": MessageEnd(metadata=to_metadata(metadata), outcome=MessageEnd.OUTCOME_SUCCEEDED)}
    return _without_graph(run, plan, metadata, end, "stopped", direct.reason, elapsed, None)


def refused(run: Run, plan: Plan, fault: AppError, shown: tuple[int, str], *, elapsed: float) -> Conclusion:
    """The end of a turn that failed before its graph."""
    status, message = shown[0], clean_text(shown[1])
    metadata: dict[str, Any] = {
        "annotation_reply": None, "retriever_resources": [], "usage": pricing.usage_dict(port.Usage(), None),
        "error": {"code": fault.reason.value, "status": status, "message": message},
    }  # fmt: skip
    end = {"error": RunError(code=fault.reason.value, status=status, message=message)}
    return _without_graph(run, plan, metadata, end, "failed", message, elapsed, fault)


def _without_graph(
    run: Run, plan: Plan, metadata: Mapping[str, Any], end: Mapping[str, object], record_status: str, error: str,
    elapsed: float, fault: AppError | None,
) -> Conclusion:
    status = "failed" if fault else "succeeded"
    now = time.time()
    result = RunResult(
        run_id=plan.run_id, workflow_id=plan.version.id, status=record_status, outputs="{}", error=error,
        elapsed_time=elapsed, total_tokens=0, total_steps=0, created_at=int(plan.created_at), finished_at=int(now),
    )
    ending = Ending(
        status=status, record_status=record_status, error=error, outputs="{}", elapsed=elapsed, tokens=0, steps=0,
        exceptions=0, finished_at=now, last_sequence=run.last + 1,
    )
    turn = TurnEnding(
        answer=stored_answer(run.answer), metadata=metadata, prompt_tokens=0, answer_tokens=0, price="0",
        currency="USD", files=(),
    )
    outcome = Outcome(status=status, answer=run.answer, metadata=to_metadata(metadata), error=fault, result=result)
    return Conclusion(ending, turn, outcome, [end])


def _output_files(outputs: Mapping[str, Any]) -> list[Any]:
    return [file for value in outputs.values() for file in files_in(value)]


def _of_turn(
    run: Run, event: said.RunFinished, status: str, result: RunResult,
    resources: Sequence[Mapping[str, Any]], first_token: float | None, generated: float | None,
) -> tuple[TurnEnding, Outcome, dict[str, object]]:
    """What a chatflow has besides: its message, and ``message_end`` or ``error``."""
    usage, shown = total(event.spent, first_token, generated)
    metadata: dict[str, Any] = {"annotation_reply": None, "retriever_resources": list(resources), "usage": shown}
    files = answer_files(event.outputs)
    fault = None
    if status == "failed":
        message = f"Run failed: {clean_text(event.error)}"
        fault = invalid_param(message)
        metadata["error"] = {"code": fault.reason.value, "status": 400, "message": message}
        end: dict[str, object] = {"error": RunError(code=fault.reason.value, status=400, message=message)}
    else:
        how = MessageEnd.OUTCOME_STOPPED if status == "stopped" else MessageEnd.OUTCOME_SUCCEEDED
        told = [Json(text=dump(file_object(file))) for file in files]
        end = {"message_end": MessageEnd(metadata=to_metadata(metadata), outcome=how, files=told)}
    ending = TurnEnding(
        answer=stored_answer(run.answer), metadata=metadata, prompt_tokens=usage.prompt_tokens,
        answer_tokens=usage.completion_tokens, price=str(shown["total_price"]), currency=str(shown["currency"]),
        files=file_rows(files),
    )
    outcome = Outcome(status=status, answer=run.answer, metadata=to_metadata(metadata), error=fault, result=result)
    return ending, outcome, end
