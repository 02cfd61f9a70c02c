"""Earlier turns of an agent as its model is shown them: with their tools (feature-semantics.md section 8)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from server.agent.react_text import final_of, step_of
from server.chat.memory import Turn, as_messages
from server.llm.port import FunctionCall, PromptMessage

MAX_TURNS = 50
"""How many of the latest turns are replayed with their tools; older ones by their answers."""


def replayed(turns: Sequence[Turn], *, can_call: bool) -> list[PromptMessage]:
    """Turns as prompt messages, oldest first.

    ``can_call``: calls and what came of them are messages of their own. Else, for a model that reasons in text, a
    turn is one text in the form that it is asked to write.
    """
    found: list[PromptMessage] = []
    for at, turn in enumerate(turns):
        if not any(step.calls for step in turn.steps):
            found += as_messages([turn])
        elif can_call:
            found += [PromptMessage("user", turn.query, turn.files), *_called(at, turn)]
        else:
            found += [PromptMessage("user", turn.query, turn.files), PromptMessage("assistant", _written(turn))]
    return found


def whole(history: Sequence[PromptMessage]) -> list[PromptMessage]:
    """A history that was cut at its beginning, without what a tool said whose call is gone: providers refuse that."""
    first = next((at for at, message in enumerate(history) if message.role != "tool"), len(history))
    return list(history[first:])


def _called(at: int, turn: Turn) -> Iterator[PromptMessage]:
    for number, step in enumerate(turn.steps):
        if not step.calls:
            continue
        calls = [
            FunctionCall(f"call_{at}_{number}_{place}", name, _text(arguments))
            for place, (name, arguments) in enumerate(step.calls.items())
        ]
        yield PromptMessage("assistant", step.thought, calls=tuple(calls))
        for call in calls:
            yield PromptMessage("tool", _text(step.observations.get(call.name, "")), call_id=call.id, name=call.name)
    if answer := _answer(turn):
        yield PromptMessage("assistant", answer)


def _written(turn: Turn) -> str:
    steps = [
        step_of(step.thought, name, arguments, _text(step.observations.get(name, "")))
        for step in turn.steps
        for name, arguments in step.calls.items()
    ]
    answer = _answer(turn)
    return "\n\n".join([*steps, *([final_of(answer)] if answer else [])])


def _answer(turn: Turn) -> str:
    """What was said behind the last tool. The answer of a model that calls functions has what it said before, too."""
    rest = turn.answer
    for step in turn.steps:
        said = step.thought.strip() if step.calls else ""
        rest = rest[len(said) :].lstrip() if said and rest.startswith(said) else rest
    return rest


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
