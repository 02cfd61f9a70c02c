"""A world for nodes that ask models: variables, a model that answers as told, and doubles of the other ports."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from server.engine import template
from server.engine.node import Node, NodeError, Result, RunInfo, Spent
from server.engine.nodes import registry
from server.engine.pool import Pool
from server.engine.ports import (
    CodeFaultError,
    Ports,
    Search,
    ToolCall,
    ToolFaultError,
    ToolMessage,
    ToolParameter,
    ToolSpec,
)
from server.engine.values import File
from server.kit.errors import AppError
from server.llm import tokens
from server.llm.port import ChatRequest, Chunk, FunctionCall, ModelCard, PromptMessage, Usage

MODEL = {"provider": "openai", "name": "gpt", "mode": "chat", "completion_params": {"temperature": 0.5}}
TOOLS = ("tool-call", "multi-tool-call", "stream-tool-call")


def asks(name: str, **arguments: Any) -> FunctionCall:
    """A request of a model for a tool."""
    return FunctionCall(f"call_{name}", name, json.dumps(arguments))


# What a model says in one call: a text, pieces of one, requests for tools, or a fault.
Said = str | Sequence[str | FunctionCall] | AppError


class ScriptedModel:
    """Says one thing after another and keeps the requests."""

    def __init__(self, *said: Said, features: Sequence[str] = (), context_size: int = 8_000) -> None:
        self.card = ModelCard("gpt", "llm", features=tuple(features), context_size=context_size)
        self.said = list(said)
        self.requests: list[ChatRequest] = []

    async def stream(self, request: ChatRequest) -> AsyncIterator[Chunk]:
        self.requests.append(request)
        said = self.said.pop(0)
        if isinstance(said, AppError):
            raise said
        pieces = [said] if isinstance(said, str) else said
        calls = tuple(piece for piece in pieces if isinstance(piece, FunctionCall))
        for piece in pieces:
            if isinstance(piece, str):
                yield Chunk(piece)
        yield Chunk(usage=Usage(10, 5, 15), finish_reason="tool_calls" if calls else "stop", calls=calls)

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> int:
        return await tokens.count_messages(messages)

    @property
    def prompt(self) -> list[tuple[str, str]]:
        """Roles and texts of the last request."""
        return [(message.role, message.text) for message in self.requests[-1].messages]


class FakeModels:
    def __init__(self, model: Any) -> None:
        self.model = model
        self.asked: list[tuple[str, str, str]] = []

    async def chat_model(self, tenant_id: str, provider: str, model: str) -> Any:
        self.asked.append((tenant_id, provider, model))
        if isinstance(self.model, AppError):
            raise self.model
        return self.model


class FakeCode:
    """Templates with ``{{ name }}`` only."""

    async def render(self, text: str, variables: Mapping[str, Any]) -> str:
        if "{%" in text:
            raise CodeFaultError("unexpected '%'")
        for name, value in variables.items():
            text = text.replace("{{ " + name + " }}", str(value))
        return text


class FakeFiles:
    async def read(self, run: RunInfo, file: File) -> bytes:
        return f"bytes of {file.name}".encode()

    async def save(self, run: RunInfo, data: bytes, name: str, mime_type: str) -> File:
        return File("image", "tool_file", name=name, id="saved", mime_type=mime_type)

    async def text(self, run: RunInfo, file: File) -> str:
        if file.extension == ".bad":
            raise NodeError("Unsupported Extension Type: .bad")
        return f"text of {file.name}"


class FakeKnowledge:
    def __init__(self, *items: Mapping[str, Any] | AppError) -> None:
        self.items = items
        self.searches: list[Search] = []

    async def search(self, run: RunInfo, search: Search) -> Sequence[Mapping[str, Any]]:
        self.searches.append(search)
        if self.items and isinstance(self.items[0], AppError):
            raise self.items[0]
        return self.items  # type: ignore[return-value]


class FakeMemory:
    """Turns of a conversation, oldest first."""

    def __init__(self, *turns: tuple[str, str]) -> None:
        self.turns = turns

    async def history(self, run: RunInfo, *, window: int | None) -> Sequence[PromptMessage]:
        turns = self.turns if window is None else self.turns[-window:]
        return [PromptMessage(role, text) for turn in turns for role, text in zip(("user", "assistant"), turn, strict=True)]


class FakeTools:
    """Tools by name: a function of the parameters that gives what the tool says."""

    def __init__(self, **tools: Callable[[Mapping[str, Any]], Sequence[ToolMessage] | str]) -> None:
        self.tools = tools
        self.calls: list[ToolCall] = []

    async def spec(self, run: RunInfo, provider_type: str, provider_id: str, tool_name: str) -> ToolSpec:
        if tool_name not in self.tools:
            raise ToolFaultError(f"tool {tool_name} not found")
        parameters = (ToolParameter("city", required=True), ToolParameter("unit", form="llm", default="C"))
        properties = {"city": {"type": "string"}, "unit": {"type": "string"}}
        return ToolSpec(
            provider_type, provider_id, tool_name, tool_name.capitalize(), f"About {tool_name}", parameters,
            {"type": "object", "properties": properties, "required": ["city"]}, icon=f"{tool_name}.svg",
        )

    async def invoke(self, run: RunInfo, call: ToolCall) -> AsyncIterator[ToolMessage]:
        self.calls.append(call)
        said = self.tools[call.tool_name](call.parameters)
        for message in [ToolMessage("text", said)] if isinstance(said, str) else said:
            yield message


class World:
    """The context of one node. ``values`` are variables by ``node.name``."""

    def __init__(
        self, model: Any = None, values: Mapping[str, Any] | None = None, *, memory: FakeMemory | None = None,
        knowledge: FakeKnowledge | None = None, tools: FakeTools | None = None, mode: str = "advanced-chat",
    ) -> None:
        self.run = RunInfo("tenant", "app", "flow", "run", "user", mode=mode, conversation_id="conversation")
        self.node_id, self.execution_id = "node", "execution"
        self.models = FakeModels(model)
        self.knowledge = knowledge or FakeKnowledge()
        self.ports: Ports = SimpleNamespace(
            models=self.models, code=FakeCode(), files=FakeFiles(), knowledge=self.knowledge,
            memory=memory or FakeMemory(), tools=tools or FakeTools(),
        )  # type: ignore[assignment]
        self.pool = Pool()
        for path, value in (values or {}).items():
            prefix, name = path.split(".")
            self.pool.set(prefix, name, value)
        self.streamed: list[str] = []
        self.reasoned: list[tuple[str, bool]] = []
        self.logs: list[Mapping[str, Any]] = []
        self.paid: list[Spent] = []

    def type_of(self, selector: Sequence[str]) -> str:
        return self.pool.type_of(selector)

    def has(self, selector: Sequence[str]) -> bool:
        return self.pool.find(selector)[0]

    def get(self, selector: Sequence[str], default: Any = None) -> Any:
        known, value = self.pool.find(selector)
        return value if known else default

    def render(self, text: str) -> str:
        return template.render(text, self.pool.find)

    def references(self, text: str) -> Any:
        return template.references(text)

    def stream(self, output: str, piece: str) -> None:
        assert output == "text"
        self.streamed.append(piece)

    def reason(self, piece: str, *, is_final: bool = False) -> None:
        self.reasoned.append((piece, is_final))

    def pay(self, spent: Spent) -> None:
        self.paid.append(spent)

    def log(self, entry: Mapping[str, Any]) -> None:
        self.logs.append(entry)

    async def result(self, node_type: str, **data: Any) -> Result:
        """Run a node of this type."""
        return await parsed(node_type, **data).run(self)  # type: ignore[arg-type]

    async def error(self, node_type: str, **data: Any) -> NodeError:
        """How a node fails."""
        try:
            result = await self.result(node_type, **data)
        except NodeError as error:
            return error
        raise AssertionError(f"it did not fail: {result}")


def parsed(node_type: str, **data: Any) -> Node:
    """A node from its data."""
    found = registry.node_class(node_type, str(data.get("version", "1")))
    assert found is not None
    return found.parse(data, "node")
