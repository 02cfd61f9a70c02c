"""The rounds of an agent: ask the model, call the tools that it asks for, tell it what they said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Protocol

from server.agent.function_calling import FunctionCalling
from server.agent.model import (
    AgentEvent,
    Call,
    Decided,
    Finished,
    RoundBegan,
    RoundEnded,
    Said,
    Strategy,
    Task,
    ToolAnswer,
    ToolBegan,
    ToolEnded,
)
from server.agent.react import React
from server.engine.values import File
from server.kit.errors import AppError
from server.llm.meter import Heard, Meter
from server.llm.port import ChatRequest


class AgentLimitError(Exception):
    """The model still asked for tools when its rounds were over."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"Agent exceeded the maximum iteration limit of {limit}. The agent was unable to complete the task within "
            "the allowed number of iterations."
        )


class Way(Protocol):
    """How a model asks for tools. Made for one task; keeps what was said.

    ``tells_answer``: the pieces tell the answer, so that it is not told once more at the end.
    """

    tells_answer: bool

    def request(self, *, last: bool) -> ChatRequest:
        """What the model is asked now; without tools the ``last`` time."""
        ...

    def pieces(self, text: str, *, is_end: bool = False) -> list[tuple[bool, str]]:
        """What can be told of a piece of what the model says: (is of the answer, text)."""
        ...

    def read(self, heard: Heard) -> tuple[str, Sequence[Call], str]:
        """(thought, tools asked for, answer) of what the model said."""
        ...

    def answered(self, answers: Sequence[tuple[Call, ToolAnswer]]) -> None:
        """What the tools said."""
        ...


async def work(task: Task, strategy: Strategy) -> AsyncIterator[AgentEvent]:
    """Do a task. A model that cannot call tools reasons in text, whatever the strategy.

    The answer is the texts of all rounds, joined by newlines.
    Raises AppError for a fault of the model, AgentLimitError. Closing the iterator cancels what runs.
    """
    can_call = {"tool-call", "multi-tool-call"} & {*task.model.card.features}
    way: Way = FunctionCalling(task) if strategy == "function_calling" and can_call else React(task)
    files: list[File] = []
    answers: list[str] = []
    for number in range(1, max(task.rounds, 1) + 1):
        yield RoundBegan(number)
        said: list[Heard] = []
        async with aclosing(_ask(task, way, number, said)) as events:
            async for event in events:
                yield event
        thought, calls, answer = way.read(said[0])
        yield Decided(number, thought, calls, said[0])
        if answer:
            answers.append(answer)
            if not way.tells_answer:
                yield Said(number, answer)
        if not calls:
            yield RoundEnded(number, thought, ())
            yield Finished("\n".join(answers), files)
            return
        if number >= task.rounds:
            raise AgentLimitError(task.limit)
        for call in calls:
            yield ToolBegan(number, call)
        done = await asyncio.gather(*map(_use, calls))
        for call, (result, seconds) in zip(calls, done, strict=True):
            files += result.files
            yield ToolEnded(number, call, result, seconds)
        results = [(call, result) for call, (result, _) in zip(calls, done, strict=True)]
        way.answered(results)
        yield RoundEnded(number, thought, results)


async def _ask(task: Task, way: Way, number: int, said: list[Heard]) -> AsyncGenerator[AgentEvent, None]:
    """Ask the model once; ``said`` gets what it says, whole."""
    request = way.request(last=number >= task.rounds)
    meter = Meter(task.model.card)
    try:
        async with aclosing(task.model.stream(request)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if piece := meter.take(chunk):
                    for is_answer, text in way.pieces(piece):
                        yield Said(number, text, is_answer)
    except (AppError, asyncio.CancelledError) as error:
        if task.on_cut is not None and (meter.has_begun or not isinstance(error, AppError)):
            task.on_cut(meter.cut(request))
        raise
    for is_answer, text in way.pieces("", is_end=True):
        yield Said(number, text, is_answer)
    said.append(await meter.whole(request))


async def _use(call: Call) -> tuple[ToolAnswer, float]:
    began = time.perf_counter()
    if call.tool is None:
        text = f"there is not a tool named {call.name}"
        return ToolAnswer(text, error=text), 0.0
    answer = await call.tool.call(call.arguments)
    return answer, time.perf_counter() - began
