"""Answers of agent apps: a model that works with tools, told as thoughts (feature-semantics.md section 8)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from server.agent import AgentLimitError, work
from server.agent.model import (
    AgentTool,
    Call,
    Decided,
    Finished,
    RoundBegan,
    Said,
    Task,
    ToolAnswer,
    ToolEnded,
)
from server.agent.tools import ToolUse, bind
from server.chat.model_config import ModelConfig
from server.engine.node import RunInfo
from server.engine.ports import ToolFaultError, ToolMessage, Tools
from server.engine.values import File
from server.kit.errors import AppError, Reason, invalid_param
from server.kit.ids import new_id
from server.kit.plain import clean, clean_text
from server.llm.meter import Heard
from server.llm.port import ChatModel, PromptMessage, Usage
from server.retrieval.found import Asked, Retrieved
from server.retrieval.settings import AppSearch
from server.runs.run import Outlet, Run
from transom.common.v1.common_pb2 import Json
from transom.run.v1.event_pb2 import AgentThought, MessageFile

_MOST_ROUNDS = 99
_QUERY = {
    "type": "object", "required": ["query"],
    "properties": {"query": {"type": "string", "description": "Query for the dataset to be used to retrieve it."}},
}  # fmt: skip


class Datasets(Protocol):
    """What an agent needs of the datasets."""

    async def retrieve(self, asked: Asked, search: AppSearch, query: str) -> Retrieved:
        """What datasets say about a query."""
        ...

    async def described(self, tenant_id: str, ids: Sequence[str]) -> Sequence[tuple[str, str, str]]:
        """(id, name, description) of those datasets that can be searched."""
        ...


@dataclass(slots=True)
class Thought:
    """One round of an agent, as it is stored and told."""

    position: int
    id: str = field(default_factory=new_id)
    thought: str = ""
    calls: Sequence[Call] = ()
    observations: dict[str, str] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    created_at: float = field(default_factory=time.time)

    @property
    def tool(self) -> str:
        """Names of the tools, joined by semicolons."""
        return ";".join(call.name for call in self.calls)

    @property
    def tool_labels(self) -> dict[str, Any]:
        """Labels of the tools by their names."""
        return {call.name: {"en_US": call.label, "zh_Hans": call.label} for call in self.calls}

    @property
    def tool_input(self) -> str:
        """JSON of the arguments by tool; empty without tools."""
        return _dumped({call.name: dict(call.arguments) for call in self.calls}) if self.calls else ""

    @property
    def observation(self) -> str:
        """JSON of what the tools said by tool; empty before they did."""
        return _dumped(self.observations) if self.observations else ""


@dataclass(slots=True)
class AgentWork:
    """What an agent did so far."""

    thoughts: list[Thought] = field(default_factory=list)
    usage: Usage | None = None
    resources: list[dict[str, Any]] = field(default_factory=list)
    first_token: float | None = None
    # How often the model was asked.
    calls: int = 0

    @property
    def files(self) -> list[File]:
        """Files that tools made."""
        return [file for thought in self.thoughts for file in thought.files]

    def forget_words(self) -> None:
        """Keep of the rounds what they did, not what was said in them."""
        for thought in self.thoughts:
            thought.thought = ""

    def spend(self, heard: Heard) -> None:
        """Add what one answer cost."""
        self.calls += 1
        old = self.usage or Usage()
        self.usage = Usage(
            old.prompt_tokens + heard.usage.prompt_tokens, old.completion_tokens + heard.usage.completion_tokens,
            old.total_tokens + heard.usage.total_tokens, estimated=old.estimated or heard.usage.estimated,
        )


@dataclass(frozen=True, slots=True)
class Order:
    """One question to an agent: the prompt is instruction, earlier turns, the question."""

    config: ModelConfig
    model: ChatModel
    prompt: Sequence[PromptMessage]
    parameters: Mapping[str, Any]
    stop: Sequence[str]
    user: str
    via: str
    # What takes the pieces of the answer.
    say: Outlet


class Agents:
    """Runs agents with the workspace's tools and the app's datasets."""

    def __init__(self, tools: Tools, datasets: Datasets, link: Callable[[str], str]) -> None:
        self._tools = tools
        self._datasets = datasets
        self._link = link

    async def answer(self, run: Run, order: Order, done: AgentWork) -> None:
        """Work until there is an answer; ``done`` tells what was done, however it ends. Raises AppError."""
        key = run.key
        info = RunInfo(
            tenant_id=key.tenant_id, app_id=key.app_id, workflow_id="", run_id=key.task_id,
            user_id=key.end_user_id or order.user, user_role="end_user" if key.end_user_id else "account",
            invoke_from=order.via, mode=key.mode,
            conversation_id=key.conversation_id, message_id=key.message_id,
        )  # fmt: skip
        instruction, history, question = _parts(order.prompt)
        limit = min(order.config.agent_mode.max_iteration, _MOST_ROUNDS)
        task = Task(
            model=order.model, question=question, tools=await self._bound(info, order.config, done),
            instruction=instruction, history=history, parameters=order.parameters, stop=order.stop, user=order.user,
            rounds=limit + 1, limit=limit, template=_template(order.config), on_cut=done.spend,
        )
        try:
            # A model that can call tools does, whatever was chosen.
            async with aclosing(work(task, "function_calling")) as events:  # type: ignore[type-var]
                async for event in events:
                    await self._take(run, event, done, order.say)
        except AgentLimitError as error:
            raise AppError(Reason.INTERNAL_SERVER_ERROR, detail=str(error)) from error

    async def _take(self, run: Run, event: Any, done: AgentWork, say: Outlet) -> None:
        match event:
            case RoundBegan():
                done.thoughts.append(Thought(event.number))
                _tell(run, done.thoughts[-1])
            case Said() if event.text:
                done.first_token = done.first_token or time.monotonic()
                thought = done.thoughts[-1]
                if event.is_answer:
                    # Texts of several rounds are lines of one answer.
                    say(f"\n{event.text}" if run.answer and not thought.thought else event.text)
                thought.thought += event.text
            case Decided():
                done.spend(event.heard)
                thought = done.thoughts[-1]
                thought.thought, thought.calls, thought.usage = event.thought, event.calls, event.heard.usage
                _tell(run, thought)
            case ToolEnded():
                thought = done.thoughts[-1]
                thought.observations[event.call.name] = event.answer.observation
                thought.files += event.answer.files
                for file in event.answer.files:
                    run.emit(message_file=self._file(file))
                if len(thought.observations) == len({call.name for call in thought.calls}):
                    _tell(run, thought)
            case Finished() if not run.answer and event.answer:
                say(event.answer)

    def _file(self, file: File) -> MessageFile:
        url = self._link(file.id) if file.id else file.url or file.remote_url
        return MessageFile(id=file.id, type=file.type, belongs_to="assistant", url=url)

    async def _bound(self, info: RunInfo, config: ModelConfig, done: AgentWork) -> list[AgentTool]:
        uses = [use for item in config.agent_mode.tools if (use := _use(item))]

        try:
            tools = await bind(self._tools, info, uses, _kept)
        except ToolFaultError as fault:
            raise invalid_param(str(fault)) from fault
        return [*tools, *await self._dataset_tools(info, config, done)]

    async def _dataset_tools(self, info: RunInfo, config: ModelConfig, done: AgentWork) -> list[AgentTool]:
        search = config.knowledge
        if search is None:
            return []
        found = await self._datasets.described(info.tenant_id, search.dataset_ids)
        return [
            AgentTool(
                name=f"dataset_{re.sub('[^0-9a-f]', '_', id_)}", label=name, schema=_QUERY,
                description=description or f"useful for when you want to answer queries about the {name}",
                call=self._searches(info, replace(search, dataset_ids=(id_,)), done),
            )
            for id_, name, description in found
        ]

    def _searches(
        self, info: RunInfo, search: AppSearch, done: AgentWork
    ) -> Callable[[Mapping[str, Any]], Awaitable[ToolAnswer]]:
        asked = Asked(info.tenant_id, info.app_id, info.user_id or None)

        async def call(arguments: Mapping[str, Any]) -> ToolAnswer:
            try:
                found = await self._datasets.retrieve(asked, search, str(arguments.get("query") or ""))
            except AppError as fault:
                return ToolAnswer(f"tool invoke error: {fault}", error=str(fault))
            _cite(done.resources, found.resources)
            return ToolAnswer(found.context)

        return call


async def _kept(message: ToolMessage) -> File:
    """The file of a message: bytes are in the store by now, else it lies elsewhere."""
    if message.file is not None:
        return message.file
    kind, name = "image" if message.kind == "image" else "custom", message.text.rpartition("/")[2]
    return File(kind, "remote_url", name=name, remote_url=message.text, url=message.text)


def _parts(prompt: Sequence[PromptMessage]) -> tuple[str, Sequence[PromptMessage], PromptMessage]:
    """Instruction, earlier turns and the question."""
    instruction = prompt[0].text if prompt and prompt[0].role == "system" else ""
    rest = prompt[1:] if instruction else prompt
    return instruction, rest[:-1], rest[-1]


def _template(config: ModelConfig) -> str:
    """The author's own ReAct prompt (feature-semantics.md section 8)."""
    template = (config.agent_mode.prompt or {}).get("first_prompt")
    return template if isinstance(template, str) else ""


def _use(item: Mapping[str, Any]) -> ToolUse | None:
    """A tool that the author has switched on. What is filled in is fixed, the model fills in the rest."""
    kind, name = item.get("provider_type"), item.get("tool_name")
    provider = item.get("provider_id") or item.get("provider_name")
    if not item.get("enabled") or not all(isinstance(value, str) and value for value in (kind, name, provider)):
        return None
    given = item.get("tool_parameters")
    filled = given.items() if isinstance(given, Mapping) else ()
    fixed = {key: value for key, value in filled if value not in ("", None)}
    credential = str(item.get("credential_id") or "")
    return ToolUse(str(kind), str(provider), str(name), fixed, fixed, credential_id=credential)


def _cite(cited: list[dict[str, Any]], found: Sequence[Mapping[str, Any]]) -> None:
    """Add citations; a document that an earlier search cited is left out (sse-events.md 8.2)."""
    known = {(one["dataset_id"], one["document_id"]) for one in cited}
    fresh = [dict(one) for one in found if (one.get("dataset_id"), one.get("document_id")) not in known]
    for one in fresh:
        cited.append({**one, "position": len(cited) + 1})


def _tell(run: Run, thought: Thought) -> None:
    run.emit(
        agent_thought=AgentThought(
            id=thought.id, position=thought.position, thought=clean_text(thought.thought),
            observation=clean_text(thought.observation), tool=thought.tool,
            tool_labels=Json(text=_dumped(thought.tool_labels)), tool_input=clean_text(thought.tool_input),
            message_files=[file.id for file in thought.files if file.id],
        )
    )


def _dumped(value: Any) -> str:
    return json.dumps(clean(value), ensure_ascii=False, default=str)
