"""Nodes that ask models in whole runs: what is streamed and cited, faults of the wire, stopping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.engine.engine import Engine, Variables
from server.engine.events import AgentLogged, Event, NodeFinished, ReasoningStreamed, RunFinished
from server.llm.calls import Timings
from server.llm.openai_provider import OpenAICompatibleProvider
from tests.doubles.behaviour import Behaviour
from tests.doubles.openai_server import OpenAIServer
from tests.engine.flows import CHAT, Told, answer, end, graph, node, start
from tests.engine.models.world import MODEL, TOOLS, FakeKnowledge, FakeTools, ScriptedModel, World, asks

LLM = {"model": MODEL, "prompt_template": [{"role": "user", "text": "{{#sys.query#}}"}], "context": {"enabled": False}}
FOUND = {"metadata": {"_source": "knowledge", "dataset_id": "d", "document_id": "x"}, "content": "Cats purr."}


def engine(world: World, *parts: Any) -> Engine:
    return Engine(graph(*parts), world.ports, CHAT, Variables(system={"query": "Why?", "files": []}))


async def told(world: World, *parts: Any) -> Told:
    async with asyncio.timeout(10):
        return Told([event async for event in engine(world, *parts).run()])


async def test_answer_streams_what_the_model_says() -> None:
    world = World(ScriptedModel(["<think>hm</think>", "Be", "cause."]))
    run = await told(
        world, start(), node("llm", "llm", **LLM, reasoning_format="separated"), answer("A: {{#llm.text#}}!"),
        "start > llm > answer",
    )
    assert run.pieces == ["A: ", "Be", "cause.", "", "!"] and run.end.status == "succeeded"
    assert [(event.text, event.is_final) for event in run.of(ReasoningStreamed)] == [("hm", False), ("", True)]
    finished = run.finished("llm")
    assert finished.metadata["total_tokens"] == run.end.tokens == 15 and finished.metadata["currency"] == "USD"


async def test_context_of_an_answer_is_cited() -> None:
    world = World(ScriptedModel("They are happy."), knowledge=FakeKnowledge(FOUND))
    run = await told(
        world, start(),
        node("kb", "knowledge-retrieval", dataset_ids=["d"], retrieval_mode="multiple",
             query_variable_selector=["sys", "query"]),
        node("llm", "llm", **LLM | {"context": {"enabled": True, "variable_selector": ["kb", "result"]}}),
        answer("{{#llm.text#}}"), "start > kb > llm > answer",
    )  # fmt: skip
    assert run.text == "They are happy." and not run.finished("kb").resources
    (cited,) = run.finished("llm").resources
    assert (cited["document_id"], cited["content"]) == ("x", "Cats purr.")


async def test_class_decides_the_way() -> None:
    world = World(ScriptedModel('{"category_id": "b", "category_name": "B"}'))
    classes = [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}]
    run = await told(
        world, start(),
        node("sort", "question-classifier", model=MODEL, classes=classes, query_variable_selector=["sys", "query"]),
        answer("is a", "one"), answer("is b", "two"), "start > sort", "sort:a > one", "sort:b > two",
    )  # fmt: skip
    assert run.text == "is b"


AGENT = node(
    "agent", "agent", agent_strategy_provider_name="langgenius/agent/agent", agent_strategy_name="function_calling",
    agent_parameters={
        "model": {"type": "constant", "value": MODEL}, "query": {"type": "variable", "value": ["sys", "query"]},
        "tools": {"type": "constant", "value": [
            {"enabled": True, "provider_name": "w", "tool_name": "weather", "type": "builtin",
             "parameters": {"city": {"auto": 1}}},
        ]},
    },
)  # fmt: skip


async def test_agent_tells_its_steps_and_answer() -> None:
    model = ScriptedModel([asks("weather", city="Rome")], "Sunny.", features=TOOLS)
    world = World(model, tools=FakeTools(weather=lambda given: "sun"))
    run = await told(world, start(), AGENT, answer("{{#agent.text#}}"), "start > agent > answer")
    assert run.text == "Sunny." and run.end.tokens == 30
    assert [event.entry["label"] for event in run.of(AgentLogged) if event.entry["status"] == "start"] == [
        "ROUND 1", "gpt Thought", "CALL weather", "ROUND 2", "gpt Thought",
    ]  # fmt: skip
    assert len(run.finished("agent").metadata["agent_log"]) == 5


# The wire

@pytest.fixture
async def wire() -> AsyncIterator[tuple[World, OpenAIServer]]:
    """A world whose model is behind OpenAI's wire."""
    provider = OpenAICompatibleProvider(Timings(first_token=0.3, idle=0.3, retries=1, backoff=0.01))
    async with OpenAIServer() as double:
        form = {"endpoint_url": double.base_url, "context_size": "8192"}
        world = World()

        class Models:
            async def chat_model(self, tenant_id: str, name: str, model: str) -> Any:
                return provider.chat(provider.custom_card(model, "llm", form), form)

        world.ports.models = Models()  # type: ignore[misc]
        yield world, double
    await provider.close()


def asked(script: str, **more: Any) -> dict[str, Any]:
    return node("llm", "llm", **LLM | {"model": {**MODEL, "name": f"m@{script}", "completion_params": {}}} | more)


@pytest.mark.parametrize(("script", "error", "kind"), [
    ("hang", "The model provider did not answer in time.", "InvokeServerUnavailableError"),
    ("hang_at=2", "The model provider did not answer in time.", "InvokeServerUnavailableError"),
    ("error=rate", "Rate limit reached for m@error=rate.", "InvokeRateLimitError"),
    ("error=quota", "You exceeded your current quota, please check your plan.", "QuotaExceededError"),
    ("error=auth", "Incorrect API key provided", "InvokeAuthorizationError"),
    ("error=context", "This model's maximum context length is 8 tokens.", "InvokeBadRequestError"),
    ("malformed=2", "The model provider sent a malformed answer.", "InvokeConnectionError"),
    ("cut=2", "The model provider ended the answer before it was complete.", "InvokeConnectionError"),
], ids=["silent", "falls silent", "429", "quota", "key", "too long", "bad JSON", "cut"])  # fmt: skip
async def test_fault_of_the_wire_fails_the_node_with_its_kind(wire, script, error, kind) -> None:
    world, _ = wire
    run = await told(
        world, start(), asked(script, error_strategy="fail-branch"), answer("{{#llm.text#}}"),
        end("failed", error="llm.error_message", kind="llm.error_type"), "start > llm > answer", "llm:fail-branch > failed",
    )
    finished = run.finished("llm")
    assert (finished.status, finished.error) == ("exception", error)
    assert run.end.outputs == {"error": error, "kind": kind} and run.end.status == "partial-succeeded"
    assert finished.inputs == {"#sys.query#": "Why?"}
    # An answer that broke off was paid for all the same.
    assert (run.end.tokens > 0) == ("=2" in script)


async def test_passing_fault_is_retried_by_the_node(wire) -> None:
    world, double = wire
    retry = {"retry_enabled": True, "max_retries": 3, "retry_interval": 1}
    run = await told(
        world, start(), asked("error=context,times=2,text=Done.", retry_config=retry), answer("{{#llm.text#}}"),
        "start > llm > answer",
    )
    assert run.text == "Done." and len(double.calls) == 3
    assert run.end.status == "partial-succeeded" and run.end.exceptions == 2


async def test_stop_closes_the_request_and_keeps_what_was_said(wire) -> None:
    world, double = wire
    flow = engine(world, start(), asked("hang_at=3"), answer("{{#llm.text#}}"), "start > llm > answer")
    events: list[Event] = []
    async with asyncio.timeout(5):
        async for event in flow.run():
            events.append(event)
            if len(Told(events).pieces) == 3:
                flow.stop()
    run = Told(events)
    assert run.text == "tok0 tok1 tok2 " and isinstance(run.events[-1], RunFinished) and run.end.status == "stopped"
    assert not [event for event in run.of(NodeFinished) if event.node.node_id == "llm"]
    # What was said is paid for: three tokens and the prompt, as far as can be told.
    assert run.end.spent and run.end.tokens == run.end.spent[0].usage.total_tokens > 3
    await double.wait_for(lambda: double.calls[-1].disconnected_at is not None)


async def test_stop_counts_every_round_of_an_agent(wire) -> None:
    world, double = wire
    double.script("m", Behaviour(call="weather", hang_at=2))
    provider = OpenAICompatibleProvider(Timings())
    form = {
        "endpoint_url": double.base_url, "context_size": "8192", "function_calling_type": "tool_call",
        "stream_function_calling": "supported",
    }

    class Models:
        async def chat_model(self, tenant_id: str, name: str, model: str) -> Any:
            return provider.chat(provider.custom_card("m", "llm", form), form)

    world.ports.models = Models()  # type: ignore[misc]
    world.ports.tools = FakeTools(weather=lambda given: "sun")  # type: ignore[misc]
    flow = engine(world, start(), AGENT, answer("{{#agent.text#}}"), "start > agent > answer")
    events: list[Event] = []
    async with asyncio.timeout(5):
        async for event in flow.run():
            events.append(event)
            if len(Told(events).pieces) == 2:
                flow.stop()
    run = Told(events)
    assert run.end.status == "stopped" and run.text == "tok0 tok1 "
    (spent,) = run.end.spent
    assert spent.usage.estimated and spent.usage.completion_tokens > 1
    await provider.close()
