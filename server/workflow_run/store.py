"""SQL of workflow runs: one statement begins a run, one ends it, whatever it went through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from server.db.direct import Order
from server.db.engine import UnitOfWork
from server.runs.run import RunKey
from server.workflow_run.plain import dump
from server.workflow_run.plan import Plan
from server.workflow_run.statements import (
    CONVERSATION,
    FINISH,
    FINISH_TURN,
    KEEP,
    PAUSE,
    START,
    START_CONVERSATION,
    START_TURN,
    STEP,
    VALUES,
)


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """What a turn continues."""

    status: str
    dialogue_count: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, for its rows. ``status`` is the run's, ``record_status`` that of its record."""

    status: str
    record_status: str
    error: str | None
    outputs: str
    elapsed: float
    tokens: int
    steps: int
    exceptions: int
    finished_at: float
    last_sequence: int
    # What models cost, for the ledger, as JSON text.
    usage: str = "[]"


@dataclass(frozen=True, slots=True)
class TurnEnding:
    """What a chatflow's message gets at the end."""

    answer: str
    metadata: Mapping[str, Any]
    prompt_tokens: int
    answer_tokens: int
    price: str
    currency: str
    files: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Pausing:
    """What is kept of a run that waits. ``state``, ``plan`` and so on are JSON text."""

    state: str
    plan: str
    reasons: str
    forms: str
    answer: str
    elapsed: float
    tokens: int
    steps: int
    last_sequence: int


class WorkflowRunStore:
    """Workflow runs in one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def conversation(self, app_id: str, user_id: str, conversation_id: str) -> StoredConversation | None:
        """Somebody's conversation and the values of its variables; None when it is not theirs."""
        found = {"id": conversation_id, "app": app_id}
        row = self._uow.execute(CONVERSATION, {**found, "user": user_id}).one_or_none()
        if row is None:
            return None
        values = {one.name: one.value for one in self._uow.execute(VALUES, found)}
        return StoredConversation(row.status, row.dialogue_count, values)

    def start(self, plan: Plan, key: RunKey, owner: str, name: str = "") -> None:
        """Send ``starting``."""
        self._uow.execute(*self.starting(plan, key, owner, name))

    @staticmethod
    def starting(plan: Plan, key: RunKey, owner: str, name: str = "") -> Order:
        """What stores a run that begins, with its message and conversation."""
        values = {
            **_ids(plan, key), "mode": plan.mode, "end_user": key.end_user_id,
            "api_key": key.api_key_id or None, "owner": owner,
            "inputs": plan.shown_inputs, "graph": plan.version.document, "type": plan.kind,
            "triggered_from": plan.triggered_from, "created_from": plan.invoke_from, "version": plan.version.number,
            "created_at": plan.created_at,
        }
        turn = plan.turn
        statement = START if turn is None else START_CONVERSATION if turn.is_first else START_TURN
        if turn is not None:
            by_account = plan.author.role == "account"
            values |= {
                "parent": turn.parent_id, "given": dump(plan.inputs), "query": turn.query, "name": name,
                "introduction": turn.introduction, "source": "console" if by_account else "api",
                "account": plan.author.id if by_account else None,
                "variables": dump([
                    {
                        "id": one.id, "name": one.name, "value_type": one.value_type, "value": one.value,
                        "description": one.description,
                    }
                    for one in plan.version.conversation_variables
                ]),
            }  # fmt: skip
        return Order(statement, values)

    @staticmethod
    def keeping(plan: Plan, key: RunKey, nodes: str, writes: Mapping[str, str]) -> Order:
        """What stores what a run that goes on has done so far."""
        return Order(KEEP, {**_nodes(plan, key, nodes), "writes": _written(writes)})

    @staticmethod
    def finishing(
        plan: Plan, key: RunKey, ending: Ending, turn: TurnEnding | None, nodes: str, writes: Mapping[str, str]
    ) -> Order:
        """What enters a terminal state, once, with everything that is left to store.

        Tells whether the run was in none before; else it changes nothing. To send it again is harmless.
        """
        values = {
            **_nodes(plan, key, nodes), "status": ending.status, "record_status": ending.record_status,
            "error": ending.error, "last": ending.last_sequence, "outputs": ending.outputs, "elapsed": ending.elapsed,
            "tokens": ending.tokens, "steps": ending.steps, "exceptions": ending.exceptions,
            "finished_at": ending.finished_at, "usage": ending.usage,
        }
        if turn is not None:
            values |= {
                "answer": turn.answer, "prompt_tokens": turn.prompt_tokens, "answer_tokens": turn.answer_tokens,
                "price": turn.price, "currency": turn.currency, "metadata": dump(turn.metadata),
                "message_status": "error" if ending.status == "failed" else "normal",
                "files": dump(list(turn.files)), "writes": _written(writes),
            }
        return Order(FINISH if turn is None else FINISH_TURN, values)

    @staticmethod
    def pausing(plan: Plan, key: RunKey, pausing: Pausing, nodes: str, writes: Mapping[str, str]) -> Order:
        """What lets go of a run until somebody answers; tells whether it was neither to be stopped nor had ended."""
        return Order(
            PAUSE,
            {
                **_nodes(plan, key, nodes), "writes": _written(writes), "last": pausing.last_sequence,
                "elapsed": pausing.elapsed, "tokens": pausing.tokens, "steps": pausing.steps, "state": pausing.state,
                "plan": pausing.plan, "reasons": pausing.reasons, "forms": pausing.forms, "answer": pausing.answer,
            },
        )

    @staticmethod
    def stepping(plan: Plan, nodes: str) -> Order:
        """What stores the execution of a single node, which belongs to no run."""
        return Order(STEP, _nodes(plan, None, nodes))


def _ids(plan: Plan, key: RunKey | None) -> dict[str, Any]:
    return {
        "task": key.task_id if key else None, "tenant": plan.tenant_id, "app": plan.app_id, "run": plan.run_id,
        "workflow": plan.version.id, "role": plan.author.role, "author": plan.author.id,
        "message": (key.message_id or None) if key else None,
        "conversation": (key.conversation_id or None) if key else None,
    }


def _nodes(plan: Plan, key: RunKey | None, nodes: str) -> dict[str, Any]:
    return {
        **_ids(plan, key), "nodes": nodes, "node_run": plan.run_id if key else None,
        "step": "workflow-run" if key else "single-step", "is_draft": plan.version.is_draft,
    }


def _written(writes: Mapping[str, str]) -> str:
    return orjson.dumps([{"name": name, "value": orjson.Fragment(value)} for name, value in writes.items()]).decode()
