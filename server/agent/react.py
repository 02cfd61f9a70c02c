"""Tools by text: the model writes a thought and an action, and reads an observation (ReAct)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from server.agent import react_text
from server.agent.function_calling import alone
from server.agent.model import AgentTool, Call, Task, ToolAnswer
from server.agent.react_text import Action, ThoughtStream
from server.kit.loose_json import object_of
from server.llm.meter import Heard
from server.llm.port import ChatRequest, PromptMessage

_STOP = "Observation"
# Of an author's template; what stands for the conversation is empty, for that follows as messages.
_PLACE = re.compile(r"\{\{(instruction|tools|tool_names|historic_messages|query|agent_scratchpad)\}\}")
_SYSTEM = """{instruction}You answer the user, step by step, and may use tools for that.

Tools, as JSON:
{tools}

Write each step in exactly this form, and nothing after it:

Thought: what you know, and what is missing
Action:
```json
{{"action": "name of one tool", "action_input": {{"parameter": "value"}}}}
```

You are then told what the tool said, after the word Observation, and go on with the next step. One action a step; \
its name is one of: {names}, Final Answer. Never write an observation yourself.

When you know enough, or need no tool at all, end with:

Thought: I know the answer
Action:
```json
{{"action": "Final Answer", "action_input": "the answer for the user"}}
```"""
_LAST = "Answer now with what you know, by the action Final Answer. No other action is possible any more."
_GO_ON = "Go on."


class React:
    """Offers tools in the prompt. Port: ``server.agent.loop.Way``."""

    tells_answer = False

    def __init__(self, task: Task) -> None:
        self._task = task
        self._tools = {tool.name: tool for tool in task.tools}
        self._steps: list[str] = []
        self._stream = ThoughtStream()

    def request(self, *, last: bool) -> ChatRequest:
        """The question, and all steps so far as one message of the assistant."""
        task = self._task
        self._stream = ThoughtStream()
        messages = [PromptMessage("system", self._system()), *task.history, task.question]
        if self._steps:
            messages += [PromptMessage("assistant", "\n\n".join(self._steps)), PromptMessage("user", _GO_ON)]
        if last:
            messages.append(PromptMessage("user", _LAST))
        stop = [*task.stop, *(() if _STOP in task.stop else (_STOP,))]
        return ChatRequest(messages, task.parameters, stop, task.user)

    def _system(self) -> str:
        listed = [
            {"name": tool.name, "description": tool.description, "parameters": tool.schema} for tool in self._task.tools
        ]
        tools = json.dumps(listed, ensure_ascii=False)
        names = ", ".join(tool.name for tool in self._task.tools)
        if self._task.template:
            filled = {"instruction": self._task.instruction, "tools": tools, "tool_names": names}
            return _PLACE.sub(lambda place: filled.get(place[1], ""), self._task.template)
        instruction = f"{self._task.instruction}\n\n" if self._task.instruction else ""
        return _SYSTEM.format(instruction=instruction, tools=tools, names=names)

    def pieces(self, text: str, *, is_end: bool = False) -> list[tuple[bool, str]]:
        """Thoughts; the answer stands inside of the last action and is told when that is read."""
        told = "" if is_end else self._stream.feed(text)
        return [(False, told)] if told else []

    def read(self, heard: Heard) -> tuple[str, Sequence[Call], str]:
        """The action, if it is a tool's; a reply without one is the answer."""
        written = react_text.read(heard.text)
        action = written.action
        if action is None:
            return written.thought, (), written.thought
        if action.is_final:
            return written.thought, (), _as_text(action.input)
        self._steps.append(react_text.step_of(written.thought, action.name, action.input))
        tool = self._tools.get(action.name)
        return written.thought, [Call(f"step_{len(self._steps)}", action.name, _arguments(tool, action), tool)], ""

    def answered(self, answers: Sequence[tuple[Call, ToolAnswer]]) -> None:
        """Observations of the last step."""
        self._steps[-1] += "".join(f"\nObservation: {answer.observation}" for _, answer in answers)


def _arguments(tool: AgentTool | None, action: Action) -> dict[str, object]:
    given = action.input
    if isinstance(given, str) and given.lstrip().startswith("{"):
        given = object_of(given) or given
    return dict(given) if isinstance(given, dict) else alone(tool, given)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
