"""What a model writes in the form Thought, Action, Observation (ReAct): told while it comes, read at the end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.kit.loose_json import repaired
from server.llm import thinking

FINAL = "final answer"
_FENCE = re.compile(r"```(?:json)?\s*(.*?)(?:```|\Z)", re.IGNORECASE | re.DOTALL)
_THOUGHT = re.compile(r"^[ \t]*thought[ \t]*:[ \t]*", re.IGNORECASE | re.MULTILINE)
_ACTION = re.compile(r"^[ \t]*action[ \t]*:[ \t]*", re.IGNORECASE | re.MULTILINE)
_FINAL = re.compile(r"^[ \t]*final answer[ \t]*:[ \t]*", re.IGNORECASE | re.MULTILINE)
_OBSERVATION = re.compile(r"^[ \t]*observation[ \t]*:?.*", re.IGNORECASE | re.MULTILINE | re.DOTALL)
# Where a line that is not told to the user may begin.
_MARKS = ("action:", "```", "{", "[", "final answer:", "observation")
_LABEL = "thought:"


@dataclass(frozen=True, slots=True)
class Action:
    """What a model wants to do. ``input`` is an object or anything else."""

    name: str
    input: Any

    @property
    def is_final(self) -> bool:
        """Whether it is the answer."""
        return self.name.strip().lower() == FINAL


@dataclass(frozen=True, slots=True)
class Written:
    """A whole reply: ``action`` is None when the model wrote none."""

    thought: str
    action: Action | None


def step_of(thought: str, name: str, given: Any, observation: str | None = None) -> str:
    """A step as a model is to write it, and what it was told then."""
    shown = json.dumps({"action": name, "action_input": given}, ensure_ascii=False)
    written = f"Thought: {thought}\nAction:\n```json\n{shown}\n```"
    return written if observation is None else f"{written}\nObservation: {observation}"


def final_of(answer: str) -> str:
    """The last step."""
    return step_of("I know the answer", "Final Answer", answer)


def read(text: str) -> Written:
    """The thought and the action of a reply."""
    text = _OBSERVATION.sub("", thinking.without(text))
    for found in _FENCE.finditer(text):
        if (action := _action(found[1])) is not None:
            return Written(_thought(text[: found.start()]), action)
    if final := _FINAL.search(text):
        return Written(_thought(text[: final.start()]), Action("Final Answer", text[final.end() :].strip()))
    for found in re.finditer(r"[\[{]", text):
        if (action := _action(text[found.start() :])) is not None:
            return Written(_thought(text[: found.start()]), action)
        break
    return Written(_thought(text), None)


def _thought(text: str) -> str:
    return _ACTION.sub("", _THOUGHT.sub("", text)).strip()


def _action(text: str) -> Action | None:
    try:
        found = json.loads(text, strict=False)
    except ValueError:
        found = repaired(text)
    if isinstance(found, list):
        found = next((item for item in found if isinstance(item, Mapping)), None)
    if not isinstance(found, Mapping):
        return None
    name = next((value for key, value in found.items() if "input" not in key.lower()), None)
    given = next((value for key, value in found.items() if "input" in key.lower()), None)
    return Action(name.strip(), given) if isinstance(name, str) and name.strip() else None


class ThoughtStream:
    """Tells the thought in a reply as it comes, and nothing from the first line on that acts."""

    def __init__(self) -> None:
        self._line = ""
        self._waiting = ""
        self._is_over = False
        self._is_open = False

    def feed(self, text: str) -> str:
        """What may be told now."""
        told: list[str] = []
        for piece in re.findall(r"[^\n]*\n|[^\n]+", text):
            if self._is_over:
                break
            self._line += piece
            if self._is_open:
                told.append(piece)
            elif self._decides():
                told.append(self._waiting + self._line)
                self._waiting = ""
                self._is_open = True
            if piece.endswith("\n") and not self._is_over:
                # A line break is told with the line after it.
                self._end_line(told)
        return "".join(told)

    def _decides(self) -> bool:
        """Whether the line is known to be a thought; one that acts ends it all."""
        line = self._line.lstrip()
        if line.lower().startswith(_LABEL):
            body = line[len(_LABEL) :].lstrip()
            self._line = body or self._line
            return bool(body)
        lower = line.lower()
        if any(lower.startswith(mark) for mark in _MARKS):
            self._is_over = True
            return False
        return bool(lower.strip()) and not any(mark.startswith(lower) for mark in (*_MARKS, _LABEL))

    def _end_line(self, told: list[str]) -> None:
        if told and told[-1].endswith("\n"):
            told[-1] = told[-1][:-1]
            self._waiting = "\n"
        elif not self._is_open and self._line.strip().lower() not in ("", _LABEL):
            told.append(self._waiting + self._line.rstrip("\n"))
            self._waiting = "\n"
        elif self._waiting:
            self._waiting += "\n"
        self._line = ""
        self._is_open = False
