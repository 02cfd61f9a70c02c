"""The node ``agent`` (workflow-engine.md 8.17): the standard strategies, run natively."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self

from server.agent import AgentLimitError, work
from server.agent.model import Finished, Said, Strategy, Task
from server.agent.tools import ToolUse, bind
from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes.agent_data import Parameter, filled, read_parameters, tool_uses
from server.engine.nodes.agent_log import AgentLog
from server.engine.nodes.data import required, whole
from server.engine.nodes.model_call import ModelConfig, failed, open_model
from server.engine.nodes.prompting import Found, Memory, Prompting, context_of
from server.engine.nodes.tool import kept_file
from server.engine.ports import ToolFaultError
from server.engine.values import Selector
from server.engine.values import text as shown
from server.kit.errors import AppError
from server.llm.port import PromptMessage

_STRATEGIES: Mapping[str, Strategy] = {
    "function_calling": "function_calling", "function_call": "function_calling", "react": "react", "cot": "react",
}  # fmt: skip
_ROUNDS, _MOST_ROUNDS = 5, 99


@dataclass(frozen=True, slots=True)
class AgentNode:
    """Lets a model work with tools."""

    strategy: Strategy
    parameters: Mapping[str, Parameter]
    memory: Memory | None

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract of nodes
        """Raises NodeDataError."""
        provider = required(data, "agent_strategy_provider_name")
        name = required(data, "agent_strategy_name")
        strategy = _STRATEGIES.get(name.lower())
        if strategy is None or not provider.rstrip("/").endswith("agent"):
            raise NodeDataError(
                f"Agent strategy '{name}' of '{provider}' is not supported; function_calling and ReAct of "
                "'langgenius/agent/agent' are."
            )
        parameters = read_parameters(data.get("agent_parameters"))
        for needed in ("model", "query"):
            if needed not in parameters:
                raise NodeDataError(f"agent_parameters: {needed} is missing.")
        model = parameters["model"]
        if model.kind != "variable":
            ModelConfig.parse(model.value, "model")
        return cls(strategy, parameters, Memory.parse(data.get("memory")))

    def uses(self) -> Sequence[Selector]:
        """What its parameters refer to."""
        return [one for parameter in self.parameters.values() for one in parameter.references]

    async def run(self, ctx: Context) -> Result:
        """Raises NodeError."""
        values = {name: filled(ctx, one) for name, one in self.parameters.items()}
        log = AgentLog(ctx)
        try:
            return await self._run(ctx, values, log)
        except AgentLimitError as error:
            raise log.error(NodeError(f"Failed to invoke agent: {error}", "AgentMaxIterationError"), values) from error
        except ToolFaultError as error:
            raise log.error(NodeError(f"Failed to get agent tool: {error}", "ToolRuntimeError"), values) from error
        except NodeError as error:
            raise log.error(error, values) from None
        except asyncio.CancelledError:
            if (spent := log.spent) is not None:
                ctx.pay(spent)
            raise

    async def _run(self, ctx: Context, values: Mapping[str, Any], log: AgentLog) -> Result:
        config = _model(values["model"])
        model = await open_model(ctx, config)
        log.provider = config.provider
        log.card = model.card
        question = PromptMessage("user", shown(values["query"]))
        found = context_of(values.get("context"))
        instruction = _instruction(values.get("instruction"), found)
        system = [PromptMessage("system", instruction)] if instruction else []
        history = await Prompting(ctx, config, model).history(self.memory, [*system, question])
        limit = _limit(values.get("maximum_iterations"))
        task = Task(
            model=model, question=question, instruction=instruction, history=history,
            tools=await bind(ctx.ports.tools, ctx.run, self._tools(values), lambda message: kept_file(ctx, message)),
            parameters=config.parameters, stop=config.stop, user=ctx.run.user_id, rounds=limit, limit=limit,
            on_cut=log.cut,
        )
        finished = await self._work(ctx, config, task, log)
        text = finished.answer
        outputs = {"text": text, "usage": log.usage, "files": list(finished.files), "json": log.entries}
        return Result(
            outputs, values, metadata=log.metadata, spent=log.spent, files=finished.files, resources=found.resources
        )

    async def _work(self, ctx: Context, config: ModelConfig, task: Task, log: AgentLog) -> Finished:
        told = 0
        try:
            async with aclosing(work(task, self.strategy)) as events:  # type: ignore[type-var]
                async for event in events:
                    if isinstance(event, Finished):
                        return event
                    if isinstance(event, Said):
                        if event.is_answer:
                            # Texts of several rounds are lines of one answer.
                            ctx.stream("text", f"\n{event.text}" if 0 < told < event.number else event.text)
                            told = event.number
                    else:
                        log.take(event)
        except AppError as error:
            raise failed(error, config) from error
        raise NodeError("Failed to invoke agent: it ended without an answer.", "AgentNodeError")

    def _tools(self, values: Mapping[str, Any]) -> list[ToolUse]:
        found = values.get("tools")
        items = found if isinstance(found, list) else [found] if isinstance(found, Mapping) else []
        if single := values.get("tool"):
            items = [*items, single]
        return tool_uses(items)


def _model(value: Any) -> ModelConfig:
    try:
        return ModelConfig.parse(value, "model")
    except NodeDataError as error:
        raise NodeError(f"Failed to invoke agent: {error}", "AgentInputError") from None


def _limit(value: Any) -> int:
    try:
        return min(max(whole(value, "maximum_iterations", _ROUNDS), 1), _MOST_ROUNDS)
    except NodeDataError as error:
        raise NodeError(f"Failed to invoke agent: {error}", "AgentInputError") from None


def _instruction(value: Any, found: Found) -> str:
    text = shown(value)
    if not found.text:
        return text
    return f"{text}\n\n<context>\n{found.text}\n</context>".strip()
