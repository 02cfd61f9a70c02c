"""The work of a turn's run: what is asked, whom it is asked, what is told.

Order of the steps: feature-semantics.md section 2. How it ends is stored by server.chat.storing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from server.annotation.model import Hit
from server.chat.agent import Order
from server.chat.ports import Parts
from server.chat.preparing import Preparing
from server.chat.prompt import Prompt
from server.chat.storing import Endings
from server.chat.turn import Turn
from server.kit.errors import AppError, Reason
from server.llm import fitting
from server.llm.port import ChatRequest
from server.moderation.model import Subject, replaced
from server.moderation.watch import OutputWatch
from server.runs.registry import INTERNAL, Runs
from server.runs.run import Outlet, Run
from server.settings import Settings

log = logging.getLogger("transom.chat")


class Answers:
    """Answers stored questions."""

    def __init__(self, runs: Runs, parts: Parts, endings: Endings, settings: Settings) -> None:
        self._runs = runs
        self._parts = parts
        self._endings = endings
        self._settings = settings
        self._preparing = Preparing(parts)

    async def answer(self, run: Run, turn: Turn) -> None:
        """Ask the model, then store how it ended; runs as its own task."""
        status, error = "succeeded", None
        limit = asyncio.timeout(self._settings.run_max_seconds)
        run.interrupt = asyncio.current_task()
        try:
            if run.stop_requested:
                raise asyncio.CancelledError
            async with limit:
                await self._ask(run, turn)
        except asyncio.CancelledError:
            if not (run.stop_requested or run.cut_requested or run.lost):
                raise
            _forget_cancellation()
            status = "stopped" if run.stop_requested or run.lost else "succeeded"
        except AppError as fault:
            status, error = "failed", fault
        except Exception as fault:
            if limit.expired():
                status = "stopped"
                log.warning("run %s: stopped after %s s", run.key.task_id, self._settings.run_max_seconds)
            else:
                log.exception("run %s failed", run.key.task_id)
                status, error = "failed", AppError(Reason.INTERNAL_SERVER_ERROR, INTERNAL, detail=repr(fault))
        finally:
            run.interrupt = None
        if turn.watch is not None and not run.lost:
            await turn.watch.close(quick=status != "succeeded")
        await self._endings.finish(run, turn, status, error)

    async def _ask(self, run: Run, turn: Turn) -> None:
        """The steps of a turn, in their order; each may end it."""
        if await self._is_blocked(run, turn) or await self._is_annotated(run, turn):
            return
        await self._preparing.fill(run.key, turn)
        turn.found = await self._preparing.search(run.key, turn)
        turn.prompt = await self._preparing.prompt(turn)
        await self._speak(run, turn, turn.prompt)

    async def _speak(self, run: Run, turn: Turn, prompt: Prompt) -> None:
        """Have the model, or an agent, answer."""
        parameters = await fitting.shrink_max_tokens(
            turn.config.model.parameters, prompt.messages, turn.model.card.context_size, turn.model.count_tokens
        )
        turn.watch = self._watch(run, turn)
        # While nobody watches, a token costs nothing more.
        say: Outlet = run.delta if turn.watch is None else turn.watch.around(run.delta)
        if turn.mode == "agent-chat" and self._parts.agents is not None:
            order = Order(
                turn.config, turn.model, prompt.messages, parameters, prompt.stop, turn.session_id, turn.via, say
            )
            await self._parts.agents.answer(run, order, turn.done)
            return
        request = ChatRequest(messages=prompt.messages, parameters=parameters, stop=prompt.stop, user=turn.session_id)
        async with contextlib.aclosing(turn.model.stream(request)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if chunk.usage is not None:
                    turn.usage = chunk.usage
                if chunk.text:
                    if turn.first_token is None:
                        turn.first_token = time.monotonic()
                    say(chunk.text)

    async def _is_blocked(self, run: Run, turn: Turn) -> bool:
        """Check the question (feature-semantics.md 3.6): it may be replaced, or a preset text may answer it.

        Raises AppError when it cannot be checked: then nothing is answered.
        """
        rule, moderation = turn.config.moderation, self._parts.moderation
        if rule is None or moderation is None:
            return False
        subject = Subject(run.key.tenant_id, run.key.app_id)
        verdict = await moderation.inputs(subject, rule, turn.inputs, turn.query)
        if verdict is None:
            return False
        if not verdict.is_final:
            turn.inputs = replaced(turn.inputs, verdict.inputs)
            turn.query = turn.query if verdict.query is None else verdict.query
            return False
        # No model sees the question, nor makes a name of it.
        turn.auto_name = False
        run.say(verdict.text)
        return True

    def _watch(self, run: Run, turn: Turn) -> OutputWatch | None:
        """Who checks the answer of the model."""
        rule, moderation = turn.config.moderation, self._parts.moderation
        if rule is None or moderation is None or not rule.outputs.enabled:
            return None
        subject = Subject(run.key.tenant_id, run.key.app_id)
        return OutputWatch(run, lambda text: moderation.output(subject, rule, text), run.cut)

    async def _is_annotated(self, run: Run, turn: Turn) -> bool:
        """Answer by an annotation, when one fits (feature-semantics.md 3.5); whether one did."""
        if self._parts.annotations is None or turn.mode == "completion":
            return False
        key = run.key
        turn.annotation = await self._parts.annotations.match(key.tenant_id, key.app_id, turn.query)
        if turn.annotation is None:
            return False
        run.say(turn.annotation.answer)
        hit = Hit(
            key.tenant_id, key.app_id, key.message_id, key.end_user_id,
            source="console" if turn.via == "debugger" else "api", query=turn.query, match=turn.annotation,
        )
        self._runs.spawn(self._parts.annotations.keep(hit), "count an annotation's hit")
        return True


def _forget_cancellation() -> None:
    """The stop was meant for the model call only; what follows must not be cancelled by it."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()
