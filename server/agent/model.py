"""What an agent is given and what it tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from server.engine.values import File
from server.llm.meter import Heard
from server.llm.port import ChatModel, PromptMessage

Strategy = Literal["function_calling", "react"]


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a tool said: the ``observation`` is what the model reads; ``error`` is told when it failed."""

    observation: str
    files: Sequence[File] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class AgentTool:
    """A tool in an agent's hands. ``schema`` is what the model fills in; what the author fixed is inside ``call``.

    ``call`` raises nothing: a failure is an answer with an ``error``.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    call: Callable[[Mapping[str, Any]], Awaitable[ToolAnswer]]
    label: str = ""
    provider: str = ""

    @property
    def parameters(self) -> list[str]:
        """Names of what the model fills in."""
        return [*(self.schema.get("properties") or {})]


@dataclass(frozen=True, slots=True)
class Task:
    """One question to an agent. ``rounds`` is how often the model is asked at most; the last time without tools.

    ``template`` is an author's own system prompt for a model that reasons in text, with ``{{instruction}}``,
    ``{{tools}}`` and ``{{tool_names}}`` in it; empty: ours.
    ``limit`` is the number that is told when that was not enough. ``on_cut`` gets what came of an answer that broke off
    or is being cancelled.
    """

    model: ChatModel
    question: PromptMessage
    tools: Sequence[AgentTool]
    instruction: str = ""
    history: Sequence[PromptMessage] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stop: Sequence[str] = ()
    user: str = ""
    rounds: int = 11
    limit: int = 10
    template: str = ""
    on_cut: Callable[[Heard], None] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """The model asks for a tool. ``tool`` is None when there is none of that name."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    tool: AgentTool | None

    @property
    def label(self) -> str:
        """How the tool is shown."""
        return (self.tool.label if self.tool else "") or self.name


@dataclass(frozen=True, slots=True)
class RoundBegan:
    """The model is asked. Counts from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of what the model says as it says it: of the answer, or of a thought before it uses a tool."""

    number: int
    text: str
    is_answer: bool = True


@dataclass(frozen=True, slots=True)
class Decided:
    """The model has spoken: its thought, the tools that it asks for, what it cost."""

    number: int
    thought: str
    calls: Sequence[Call]
    heard: Heard


@dataclass(frozen=True, slots=True)
class ToolBegan:
    """A tool is called."""

    number: int
    call: Call


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """A tool answered, after so many seconds."""

    number: int
    call: Call
    answer: ToolAnswer
    seconds: float


@dataclass(frozen=True, slots=True)
class RoundEnded:
    """A round is over. Of the last one there are no answers of tools."""

    number: int
    thought: str
    answers: Sequence[tuple[Call, ToolAnswer]]


@dataclass(frozen=True, slots=True)
class Finished:
    """The agent is done: its answer, and the files that tools made."""

    answer: str
    files: Sequence[File]


AgentEvent = RoundBegan | Said | Decided | ToolBegan | ToolEnded | RoundEnded | Finished
