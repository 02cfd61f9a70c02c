"""Tools by the model's own function calling."""

from __future__ import annotations

from collections.abc import Sequence

from server.agent.model import AgentTool, Call, Task, ToolAnswer
from server.kit.loose_json import object_of
from server.llm import thinking
from server.llm.meter import Heard
from server.llm.port import ChatRequest, Function, FunctionCall, PromptMessage


class FunctionCalling:
    """Offers tools as functions. Port: ``server.agent.loop.Way``."""

    tells_answer = True

    def __init__(self, task: Task) -> None:
        self._task = task
        self._tools = {tool.name: tool for tool in task.tools}
        self._functions = [Function(tool.name, tool.description, tool.schema) for tool in task.tools]
        system = [PromptMessage("system", task.instruction)] if task.instruction else []
        self._messages = [*system, *task.history, task.question]

    def request(self, *, last: bool) -> ChatRequest:
        """Everything said so far."""
        task = self._task
        tools = () if last else self._functions
        return ChatRequest([*self._messages], task.parameters, task.stop, task.user, tools)

    def pieces(self, text: str, *, is_end: bool = False) -> list[tuple[bool, str]]:
        """All that the model writes is of the answer."""
        return [(True, text)] if text and not is_end else []

    def read(self, heard: Heard) -> tuple[str, Sequence[Call], str]:
        """The functions that the model calls; what it writes beside them is said to the user, too."""
        # Reasoning is not sent back: providers refuse it or count it twice.
        said = thinking.without(heard.text).strip()
        self._messages.append(PromptMessage("assistant", said, calls=heard.calls))
        return heard.text, [self._call(call) for call in heard.calls], heard.text

    def _call(self, call: FunctionCall) -> Call:
        tool = self._tools.get(call.name)
        arguments = object_of(call.arguments)
        if arguments is None:
            arguments = alone(tool, call.arguments)
        return Call(call.id, call.name, arguments, tool)

    def answered(self, answers: Sequence[tuple[Call, ToolAnswer]]) -> None:
        """A message for each call."""
        self._messages += [
            PromptMessage("tool", answer.observation, call_id=call.id, name=call.name) for call, answer in answers
        ]


def alone(tool: AgentTool | None, value: object) -> dict[str, object]:
    """Arguments that are no object: the value of the only parameter, or of the only one that is needed."""
    if tool is None or value in (None, ""):
        return {}
    needed = list(tool.schema.get("required") or ())
    names = needed if len(needed) == 1 else tool.parameters
    return {names[0]: value} if len(names) == 1 else {}
