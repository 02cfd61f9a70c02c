"""A run that waits for somebody: what is kept of it, and what its readers are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.engine import events as said
from server.kit.ids import new_id, random_text
from server.runs.run import Outcome, Run
from server.runs.wire import to_metadata
from server.workflow_run.ending import RunResult
from server.workflow_run.plain import EMPTY, as_json, dump
from server.workflow_run.plan import Plan
from server.workflow_run.store import Pausing
from transom.run.v1.event_pb2 import HumanInputRequired, WorkflowPaused

_TOKEN = 32
# What the engine says of a form for us alone.
_OURS = ("delivery_methods", "timeout_seconds")
# What a form says; the rest of a reason is about the form.
_DEFINITION = ("form_content", "inputs", "actions", "resolved_default_values", "display_in_ui")


@dataclass(frozen=True, slots=True)
class Kept:
    """All that a pause is."""

    pausing: Pausing
    outcome: Outcome
    bodies: list[Mapping[str, object]]


def paused(
    run: Run, plan: Plan, event: said.RunPaused, *, elapsed: float, cited: Sequence[Mapping[str, Any]]
) -> Kept:
    """The pause that the engine told; ``cited``: what knowledge nodes found so far."""
    reasons = [_with_form(plan, reason, event.at) for reason in event.reasons]
    bodies: list[Mapping[str, object]] = [{"human_input_required": required(reason)} for reason in reasons]
    bodies.append({"workflow_paused": WorkflowPaused(
        workflow_run_id=plan.run_id, paused_nodes=event.node_ids, outputs=EMPTY,
        reasons=[as_json(reason) for reason in reasons], status="paused", created_at=int(event.at),
        elapsed_time=elapsed, total_tokens=event.tokens, total_steps=event.steps,
    )})  # fmt: skip
    result = RunResult(
        run_id=plan.run_id, workflow_id=plan.version.id, status="paused", outputs="{}", error=None,
        elapsed_time=elapsed, total_tokens=event.tokens, total_steps=event.steps, created_at=int(plan.created_at),
        paused_nodes=list(event.node_ids), reasons=dump(reasons),
    )
    pausing = Pausing(
        state=dump(event.state), plan=dump({**_plan(plan), "cited": cited}), reasons=dump(reasons),
        forms=dump([_form(reason) for reason in reasons]), answer=run.answer,
        elapsed=elapsed, tokens=event.tokens, steps=event.steps, last_sequence=run.last + len(bodies),
    )
    outcome = Outcome(status="paused", answer=run.answer, metadata=to_metadata({}), result=result)
    return Kept(pausing, outcome, bodies)


def _with_form(plan: Plan, reason: Mapping[str, Any], at: float) -> dict[str, Any]:
    """A reason with its form: the one that waits already, else a new one."""
    known = plan.forms.get(str(reason.get("node_id")))
    by_page = [one for one in reason.get("delivery_methods") or () if one.get("type") == "webapp"]
    is_open = not reason.get("delivery_methods") or any(one.get("enabled", True) for one in by_page)
    form = known or {
        "form_id": new_id(), "form_token": random_text(_TOKEN) if is_open else None,
        "expiration_time": int(at) + int(reason.get("timeout_seconds") or 0),
    }
    rest = {name: value for name, value in reason.items() if name not in _OURS}
    return {**rest, "display_in_ui": is_open, **form}


def required(reason: Mapping[str, Any]) -> HumanInputRequired:
    """Somebody is asked (sse-events.md 4.1)."""
    return HumanInputRequired(
        form_id=str(reason["form_id"]), node_id=str(reason.get("node_id") or ""),
        node_title=str(reason.get("node_title") or ""), form_content=str(reason.get("form_content") or ""),
        inputs=[as_json(item) for item in reason.get("inputs") or ()],
        actions=[as_json(item) for item in reason.get("actions") or ()],
        display_in_ui=reason.get("display_in_ui") is True, form_token=reason.get("form_token") or None,
        resolved_default_values=as_json(reason.get("resolved_default_values") or {}),
        expiration_time=int(reason.get("expiration_time") or 0),
    )


def _form(reason: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": reason["form_id"], "node_id": reason.get("node_id") or "", "node_title": reason.get("node_title") or "",
        "token": reason.get("form_token") or None, "definition": {name: reason.get(name) for name in _DEFINITION},
        "expires_at": float(reason.get("expiration_time") or 0),
    }


def _plan(plan: Plan) -> dict[str, Any]:
    """What the server must know again besides its rows."""
    turn = plan.turn
    return {
        "invoke_from": plan.invoke_from, "depth": plan.depth,
        "turn": None if turn is None else {
            "query": turn.query, "dialogue_count": turn.dialogue_count, "is_first": turn.is_first,
            "auto_name": turn.auto_name,
        },
    }  # fmt: skip
