"""How a turn ended: its answer, what it cost and what is known of it, stored once; then readers are told."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from server.chat.agent import AgentWork
from server.chat.ports import Namer, Shown
from server.chat.template import stored_answer
from server.chat.thought_store import ThoughtStore
from server.chat.turn import Turn
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.db.faults import is_away
from server.kit.errors import AppError, Reason
from server.kit.plain import clean_text
from server.llm import pricing, tokens
from server.llm.port import Usage
from server.runs.ledger import Cost
from server.runs.registry import INTERNAL, Runs
from server.runs.run import Outcome, Run, RunKey
from server.runs.store import FinalMessage, RunStore
from server.runs.wire import to_metadata

log = logging.getLogger("transom.chat")

# Of what a provider said, for the log.
_CAUSE_CHARACTERS = 200


class Endings:
    """Ends runs of easy apps."""

    def __init__(self, db: Database, uow: UowFactory, runs: Runs, namer: Namer, shown: Shown) -> None:
        self._db = db
        self._uow = uow
        self._runs = runs
        self._namer = namer
        self._shown = shown

    async def finish(self, run: Run, turn: Turn, status: str, error: AppError | None) -> None:
        """Store the outcome, once, however long the database is away; then tell the readers."""
        usage = turn.usage = turn.usage or turn.done.usage
        turn.first_token = turn.first_token or turn.done.first_token
        if usage is None and turn.prompt is not None and (status != "failed" or run.answer):
            # What a moderator has cut off was said, and is paid for.
            said = turn.watch.said if turn.watch and turn.watch.is_over else run.answer
            usage = await tokens.estimate(turn.prompt.messages, said)
        if turn.watch is not None and turn.watch.is_over:
            # An agent has thought what it was not to say.
            turn.done.forget_words()
        final = self._final_message(run, turn, usage or Usage(), error)
        stored = await self._store_end(run, status, final, turn.done)
        if not stored:
            run.lost = True
            status, error = "failed", AppError(Reason.INTERNAL_SERVER_ERROR, INTERNAL)
        outcome = Outcome(status=status, answer=run.answer, metadata=to_metadata(final.metadata), error=error)
        http_status, message = self._shown(error) if error else (0, "")
        run.end(outcome, http_status=http_status, message=clean_text(message))
        log.info(
            "run %s %s: app %s, %d+%d tokens, %.2f s", run.key.task_id, status, run.key.app_id,
            final.prompt_tokens, final.answer_tokens, final.latency,
        )
        if error is not None:
            cause = (error.detail or str(error))[:_CAUSE_CHARACTERS]
            log.warning("run %s failed by %s: %s", run.key.task_id, error.reason.value, cause)
        if turn.is_first and turn.auto_name and status == "succeeded":
            self._runs.spawn(self._namer(run.key.tenant_id, run.key.conversation_id, turn.query), "auto-name")

    def _final_message(self, run: Run, turn: Turn, usage: Usage, error: AppError | None) -> FinalMessage:
        now = time.monotonic()
        latency = now - turn.started
        # Without a prompt no model was asked.
        prices = turn.model.card.pricing if turn.prompt else None
        shown = pricing.usage_dict(
            usage, prices, latency=latency,
            time_to_first_token=turn.first_token - turn.started if turn.first_token else None,
            time_to_generate=now - turn.first_token if turn.first_token else None,
        )
        cause = None
        found = turn.found.resources if turn.found else turn.done.resources
        cited = found if turn.config.retriever_resource else []
        metadata: dict[str, Any] = {
            "annotation_reply": turn.annotation.reply() if turn.annotation else None, "retriever_resources": cited,
            "usage": shown,
        }  # fmt: skip
        if error is not None:
            cause = clean_text(error.detail if error.reason == Reason.INTERNAL_SERVER_ERROR else str(error))
            http_status, message = self._shown(error)
            metadata["error"] = {"code": error.reason.value, "status": http_status, "message": clean_text(message)}
        return FinalMessage(
            answer=stored_answer(run.answer), metadata=metadata,
            prompt_tokens=usage.prompt_tokens, answer_tokens=usage.completion_tokens,
            price=pricing.total_price(usage, prices), currency=str(shown["currency"]),
            latency=latency, error=cause, costs=[_cost(turn, usage)] if turn.prompt else [],
        )

    async def _store_end(self, run: Run, status: str, final: FinalMessage, done: AgentWork) -> bool:
        delay = 0.1
        while True:
            try:
                if done.thoughts:
                    return await self._db(self._end, run.key, status, final, run.last + 1, done)
                ((changed,),) = await self._db.send(RunStore.finishing(run.key, status, final, run.last + 1))
                return bool(changed)
            except Exception as error:
                if not is_away(error) and not (isinstance(error, AppError) and error.retry_after):
                    raise
                log.warning("run %s: its end waits for the database", run.key.task_id)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)

    def _end(self, key: RunKey, status: str, final: FinalMessage, last_sequence: int, done: AgentWork) -> bool:
        with self._uow() as uow:
            changed = RunStore(uow).finish(key, status, final, last_sequence)
            if changed:
                ThoughtStore(uow).keep(key.tenant_id, key.app_id, key.message_id, done.thoughts)
            uow.commit()
            return changed


def _cost(turn: Turn, usage: Usage) -> Cost:
    card = turn.model.card
    return Cost(
        card.provider, card.model, usage.prompt_tokens, usage.completion_tokens,
        pricing.total_price(usage, card.pricing), card.pricing.currency if card.pricing else "USD",
        calls=turn.done.calls or 1, is_estimated=usage.estimated,
    )
