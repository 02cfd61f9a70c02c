"""What stands around the graph of a chatflow (feature-semantics.md sections 2, 3.5 and 3.6).

Before it the question is moderated, and an annotation may answer it; then no node runs. While it runs its answer is
watched. A workflow has none of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import orjson

from server.annotation.model import Hit, Match
from server.engine.values import files_in
from server.moderation.model import Subject, Verdict, replaced
from server.moderation.service import ModerationService
from server.moderation.watch import OutputWatch
from server.runs.registry import Runs
from server.runs.run import Run
from server.workflow_run.plain import dump
from server.workflow_run.plan import Plan, Turn

BY_MODERATION = "Stopped by input moderation."
BY_ANNOTATION = "Stopped by annotation reply."
BY_OUTPUT_MODERATION = "Stopped by output moderation."


class Annotations(Protocol):
    """What a turn needs of answers that people wrote."""

    async def match(self, tenant_id: str, app_id: str, query: str) -> Match | None:
        """The annotation that answers; never raises."""
        ...

    async def keep(self, hit: Hit) -> None:
        """Count an answer that was given."""
        ...


@dataclass(frozen=True, slots=True)
class Direct:
    """An answer without the graph: ``reason`` is what the record of the run says."""

    text: str
    reason: str
    annotation: Match | None = None


class Around:
    """One a process."""

    def __init__(self, moderation: ModerationService, annotations: Annotations, runs: Runs) -> None:
        self._moderation = moderation
        self._annotations = annotations
        self._runs = runs

    async def before(self, run: Run, plan: Plan) -> Direct | None:
        """What answers instead of the graph; it may also replace the question. Raises AppError."""
        turn = plan.turn
        # One that goes on after a pause was looked at when it began.
        if turn is None or plan.state is not None or plan.root:
            return None
        rule = plan.version.features.moderation
        if rule is not None:
            shown = orjson.loads(dump(plan.inputs))
            verdict = await self._moderation.inputs(Subject(plan.tenant_id, plan.app_id), rule, shown, turn.query)
            if verdict is not None and verdict.is_final:
                # No model sees the question, nor makes a name of it.
                turn.auto_name = False
                return Direct(verdict.text, BY_MODERATION)
            if verdict is not None:
                _replace(plan, turn, verdict)
        match = await self._annotations.match(plan.tenant_id, plan.app_id, turn.query)
        if match is None:
            return None
        source = "api" if plan.author.role == "end_user" else "console"
        hit = Hit(plan.tenant_id, plan.app_id, turn.message_id, run.key.end_user_id, source, turn.query, match)
        self._runs.spawn(self._annotations.keep(hit), "count an annotation's hit")
        return Direct(match.answer, BY_ANNOTATION, match)

    def watch(self, run: Run, plan: Plan) -> OutputWatch | None:
        """Who checks the answer; None: nobody does."""
        rule = plan.version.features.moderation
        if plan.turn is None or rule is None or not rule.outputs.enabled:
            return None
        subject = Subject(plan.tenant_id, plan.app_id)
        return OutputWatch(
            run, lambda text: self._moderation.output(subject, rule, text), run.cut, reason="output_moderation"
        )


def _replace(plan: Plan, turn: Turn, verdict: Verdict) -> None:
    """Go on with another question. Files stay: an extension sees them as JSON and cannot make one."""
    given = replaced(plan.inputs, verdict.inputs)
    plan.inputs = {name: value if files_in(plan.inputs[name]) else given[name] for name, value in plan.inputs.items()}
    if verdict.query is not None:
        turn.query = verdict.query
    plan.told_inputs = ""
