"""Agents: the loop, the text form, and the node ``agent`` (workflow-engine.md 8.17)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.agent import AgentLimitError, react_text, work
from server.agent.model import AgentTool, Finished, Said, Task, ToolAnswer, ToolEnded
from server.agent.react_text import ThoughtStream
from server.engine.node import NodeDataError
from server.engine.ports import ToolFaultError, ToolMessage
from server.engine.values import File
from server.llm.port import FunctionCall, ModelFault, PromptMessage
from tests.engine.models.world import TOOLS, FakeMemory, FakeTools, ScriptedModel, World, asks, parsed

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


async def weather(arguments: Any) -> ToolAnswer:
    return ToolAnswer(f"sunny in {arguments.get('city')}")


def task(model: ScriptedModel, **more: Any) -> Task:
    tool = AgentTool("weather", "The weather", CITY, weather, label="Weather")
    return Task(model=model, question=PromptMessage("user", "Rome?"), tools=[tool], instruction="Be kind.", **more)


async def events(model: ScriptedModel, strategy: Any = "function_calling", **more: Any) -> list[Any]:
    return [event async for event in work(task(model, **more), strategy)]


def action(name: str, given: Any, thought: str = "hm") -> str:
    return f'Thought: {thought}\nAction:\n```json\n{json.dumps({"action": name, "action_input": given})}\n```'


# Function calling

async def test_functions_are_called_until_the_model_answers() -> None:
    model = ScriptedModel(["Let me see.", asks("weather", city="Rome")], "It is sunny.", features=TOOLS)
    told = await events(model)
    assert told[-1] == Finished("Let me see.\nIt is sunny.", [])
    assert [event.text for event in told if isinstance(event, Said)] == ["Let me see.", "It is sunny."]
    messages = [(one.role, one.text) for one in model.requests[1].messages]
    assert messages == [
        ("system", "Be kind."), ("user", "Rome?"), ("assistant", "Let me see."), ("tool", "sunny in Rome"),
    ]  # fmt: skip
    assert model.requests[1].messages[2].calls == (asks("weather", city="Rome"),)
    assert model.requests[1].messages[3].call_id == "call_weather"
    assert [tool.name for tool in model.requests[0].tools] == ["weather"]


async def test_two_calls_of_a_round_are_both_answered() -> None:
    model = ScriptedModel([asks("weather", city="Rome"), asks("clock")], "ok", features=TOOLS)
    ended = [event for event in await events(model) if isinstance(event, ToolEnded)]
    assert [event.answer.observation for event in ended] == ["sunny in Rome", "there is not a tool named clock"]
    assert ended[1].answer.error and [one.role for one in model.requests[1].messages[-2:]] == ["tool", "tool"]


@pytest.mark.parametrize("arguments", ['{"city": "Rome"', '"Rome"', "Rome", "{'city': 'Rome'}"])
async def test_broken_arguments_are_mended(arguments) -> None:
    model = ScriptedModel([FunctionCall("1", "weather", arguments)], "ok", features=TOOLS)
    (ended,) = [event for event in await events(model) if isinstance(event, ToolEnded)]
    assert ended.answer.observation.startswith("sunny in ") and "Rome" in ended.answer.observation


async def test_last_round_has_no_tools() -> None:
    model = ScriptedModel([asks("weather", city="Rome")], "I guess.", features=TOOLS)
    assert (await events(model, rounds=2))[-1] == Finished("I guess.", [])
    assert model.requests[0].tools and not model.requests[1].tools


async def test_model_that_never_ends_is_ended() -> None:
    model = ScriptedModel(*[[asks("weather", city="Rome")]] * 3, features=TOOLS)
    with pytest.raises(AgentLimitError, match=r"maximum iteration limit of 2\. The agent was unable"):
        await events(model, rounds=3, limit=2)


async def test_reasoning_is_not_sent_back() -> None:
    model = ScriptedModel(["<think>deep</think>Now.", asks("weather", city="Rome")], "ok", features=TOOLS)
    await events(model)
    assert model.requests[1].messages[2].text == "Now."


# ReAct

async def test_actions_in_text_are_done() -> None:
    model = ScriptedModel(action("weather", {"city": "Rome"}, "I ask"), action("Final Answer", "Sunny."))
    told = await events(model, "react")
    assert told[-1] == Finished("Sunny.", [])
    assert [(event.text, event.is_answer) for event in told if isinstance(event, Said)] == [
        ("I ask", False), ("hm", False), ("Sunny.", True),
    ]  # fmt: skip
    assert "Observation" in model.requests[0].stop and not model.requests[0].tools
    assert "Be kind." in model.requests[0].messages[0].text and '"weather"' in model.requests[0].messages[0].text
    steps = model.requests[1].messages[2]
    assert steps.role == "assistant" and steps.text.endswith("```\nObservation: sunny in Rome")


async def test_model_without_functions_reasons_in_text() -> None:
    model = ScriptedModel(action("Final Answer", "Hi."))
    assert (await events(model, "function_calling"))[-1] == Finished("Hi.", [])


async def test_last_step_must_answer() -> None:
    model = ScriptedModel(action("weather", {}), action("weather", {}))
    with pytest.raises(AgentLimitError):
        await events(model, "react", rounds=2)
    assert "Final Answer" in model.requests[1].messages[-1].text


@pytest.mark.parametrize(("text", "thought", "name", "given"), [
    (action("weather", {"city": "Rome"}, "I ask"), "I ask", "weather", {"city": "Rome"}),
    (action("Final Answer", "Done"), "hm", "Final Answer", "Done"),
    ('I ask {"action": "weather", "action_input": "Rome"}', "I ask", "weather", "Rome"),
    ('Thought: a\nAction: {"action": "weather", "action_input": {"city": "Rome"}}\nObservation: rain', "a", "weather",
     {"city": "Rome"}),
    ('```\n[{"tool_name": "weather", "action_input": 1}]\n```', "", "weather", 1),
    ('Action:\n```json\n{"action": "weather", "action_input": {"city": "Ro', "", "weather", {"city": "Ro"}),
    ("Thought: easy\nFinal Answer: It is 4.\nReally.", "easy", "Final Answer", "It is 4.\nReally."),
    ("<think>{}</think>" + action("weather", 1, "x"), "x", "weather", 1),
], ids=["step", "final", "bare", "inline", "list", "cut", "words", "reasoning"])  # fmt: skip
def test_reply_is_read(text, thought, name, given) -> None:
    found = react_text.read(text)
    assert found.action is not None
    assert (found.thought, found.action.name, found.action.input) == (thought, name, given)


def test_reply_without_an_action_is_a_thought() -> None:
    assert react_text.read("Thought: just 4") == react_text.Written("just 4", None)


@pytest.mark.parametrize(("text", "told"), [
    (action("weather", {"city": "Rome"}, "I think\nand ask"), "I think\nand ask"),
    ('Plain talk, acting on nothing\n{"action": 1}', "Plain talk, acting on nothing"),
    ("thought:   x\n\nmore\nFinal Answer: y", "x\n\nmore"),
    ("Action planned\nActions", "Action planned\nActions"),
], ids=["step", "json", "final", "like a mark"])  # fmt: skip
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_thought_is_told_while_it_comes(text, told, size) -> None:
    stream = ThoughtStream()
    pieces = [stream.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert "".join(pieces) == told


# The node

def node(*tools: dict[str, Any], strategy: str = "function_calling", **more: Any) -> dict[str, Any]:
    model = {"provider": "openai", "model": "gpt", "mode": "chat", "completion_params": {"temperature": 0}}
    parameters = {
        "model": {"type": "constant", "value": model}, "tools": {"type": "constant", "value": [*tools]},
        "instruction": {"type": "mixed", "value": "Help {{#start.name#}}."},
        "query": {"type": "variable", "value": ["sys", "query"]},
        "maximum_iterations": {"type": "constant", "value": "3"}, **more,
    }
    return {
        "agent_strategy_provider_name": "langgenius/agent/agent", "agent_strategy_name": strategy,
        "agent_strategy_label": strategy, "agent_parameters": parameters,
    }


def chosen(name: str, **more: Any) -> dict[str, Any]:
    return {
        "enabled": True, "provider_name": "time", "tool_name": name, "type": "builtin",
        "parameters": {"city": {"auto": 1, "value": None}}, "settings": {}, **more,
    }


VALUES = {"sys.query": "Rome?", "start.name": "Ann"}


async def test_node_answers_with_tools_and_logs_each_step() -> None:
    model = ScriptedModel(["Wait.", asks("weather", city="Rome")], ["It is", " sunny."], features=TOOLS)
    tools = FakeTools(weather=lambda given: f"sunny {given['city']} {given['unit']}")
    unit = {"auto": 0, "value": {"type": "mixed", "value": "for {{#start.name#}}"}}
    data = node(
        chosen("weather", parameters={"city": {"auto": 1}, "unit": unit}, settings={"key": {"value": "k"}},
               extra={"description": "Ask me"}, credential_id="c"),
        chosen("gone", enabled=False),
    )  # fmt: skip
    world = World(model, VALUES, tools=tools)
    result = await world.result("agent", **data)
    assert result.outputs["text"] == "".join(world.streamed) == "Wait.\nIt is sunny."
    (call,) = tools.calls
    assert call.parameters == {"city": "Rome", "unit": "for Ann"} and call.configurations == {"key": "k"}
    assert (call.provider_id, call.credential_id) == ("time", "c")
    (function,) = model.requests[0].tools
    assert function.description == "Ask me" and [*function.parameters["properties"]] == ["city"]
    assert model.requests[1].messages[-1].text == "sunny Rome for Ann"
    assert model.requests[0].messages[0].text == "Help Ann."
    assert result.outputs["usage"]["total_tokens"] == 30 and result.spent is not None
    assert result.spent.usage.total_tokens == 30

    labels = [(entry["label"], entry["status"]) for entry in result.outputs["json"]]
    assert labels == [
        ("ROUND 1", "success"), ("gpt Thought", "success"), ("CALL weather", "success"),
        ("ROUND 2", "success"), ("gpt Thought", "success"),
    ]  # fmt: skip
    first, thought, called = result.outputs["json"][:3]
    assert first["parent_id"] is None and thought["parent_id"] == called["parent_id"] == first["id"]
    assert called["data"]["output"] == "sunny Rome for Ann" and called["data"]["tool_call_args"] == {"city": "Rome"}
    assert thought["data"]["tool_input"] == [{"name": "weather", "args": {"city": "Rome"}}]
    assert thought["metadata"]["total_tokens"] == 15 and first["node_id"] == "node"
    assert result.metadata["agent_log"] == result.outputs["json"]
    assert [entry["status"] for entry in world.logs if entry["id"] == first["id"]] == ["start", "success"]


async def test_failing_tool_is_an_observation_and_the_answer_goes_on() -> None:
    def fails(given: Any) -> str:
        raise ToolFaultError("no network")

    model = ScriptedModel([asks("weather", city="Rome")], "Sorry.", features=TOOLS)
    result = await World(model, VALUES, tools=FakeTools(weather=fails)).result("agent", **node(chosen("weather")))
    assert result.outputs["text"] == "Sorry."
    assert model.requests[1].messages[-1].text == "tool invoke error: no network"
    assert [entry["error"] for entry in result.outputs["json"] if entry["label"] == "CALL weather"] == ["no network"]


async def test_files_and_data_of_tools_are_told() -> None:
    image = File("image", "tool_file", name="p.png", id="f")
    said = [
        ToolMessage("json", value={"a": 1}), ToolMessage("image", file=image), ToolMessage("link", text="http://x"),
    ]
    model = ScriptedModel([asks("draw", city="Rome")], "Look.", features=TOOLS)
    result = await World(model, VALUES, tools=FakeTools(draw=lambda given: said)).result("agent", **node(chosen("draw")))
    assert result.outputs["files"] == [image] and [*result.files] == [image]
    observation = model.requests[1].messages[-1].text
    assert '{"a": 1}' in observation and "sent to user already" in observation and "http://x" in observation


async def test_react_streams_the_answer_only() -> None:
    model = ScriptedModel(action("weather", {"city": "Rome"}), action("Final Answer", "Sunny."))
    world = World(model, VALUES, tools=FakeTools(weather=lambda given: "sun"))
    result = await world.result("agent", **node(chosen("weather"), strategy="ReAct"))
    assert result.outputs["text"] == "Sunny." and world.streamed == ["Sunny."]
    assert len(result.outputs["json"]) == 5


async def test_memory_and_context_reach_the_model() -> None:
    model = ScriptedModel("ok", features=TOOLS)
    world = World(model, VALUES, memory=FakeMemory(("q1", "a1"), ("q2", "a2")))
    data = node(context={"type": "constant", "value": ["fact"]}) | {"memory": {"window": {"enabled": True, "size": 1}}}
    await world.result("agent", **data)
    assert model.prompt == [
        ("system", "Help Ann.\n\n<context>\nfact\n</context>"), ("user", "q2"), ("assistant", "a2"), ("user", "Rome?"),
    ]  # fmt: skip


@pytest.mark.parametrize(("said", "message", "kind"), [
    ([ModelFault("auth", "no")], "Incorrect API key provided", "InvokeAuthorizationError"),
    ([[asks("weather", city="x")]] * 3, "Failed to invoke agent: Agent exceeded the maximum iteration limit of 3.",
     "AgentMaxIterationError"),
], ids=["model", "limit"])  # fmt: skip
async def test_failure_keeps_the_log(said, message, kind) -> None:
    world = World(ScriptedModel(*said, features=TOOLS), VALUES, tools=FakeTools(weather=lambda given: "x"))
    error = await world.error("agent", **node(chosen("weather")))
    assert str(error).startswith(message) and error.error_type == kind
    assert error.metadata is not None and error.inputs is not None
    statuses = {entry["status"] for entry in error.metadata["agent_log"]}
    assert "error" in statuses and "start" not in statuses


async def test_tool_that_is_not_there_is_told() -> None:
    error = await World(ScriptedModel(features=TOOLS), VALUES).error("agent", **node(chosen("gone")))
    assert str(error) == "Failed to get agent tool: tool gone not found"


async def test_tools_have_names_of_their_own_that_models_take() -> None:
    model = ScriptedModel("ok", features=TOOLS)
    tools = FakeTools(**{name: lambda given: "x" for name in ("weather", "查询 now", "2fa")})
    names = ("weather", "weather", "查询 now", "2fa")
    await World(model, VALUES, tools=tools).result("agent", **node(*map(chosen, names)))
    assert [tool.name for tool in model.requests[0].tools] == ["weather", "weather_2", "_now", "tool_2fa"]


@pytest.mark.parametrize(("change", "message"), [
    ({"agent_strategy_name": "tree_of_thought"}, "Agent strategy 'tree_of_thought' of 'langgenius/agent/agent' is not"),
    ({"agent_strategy_provider_name": "acme/clever/clever"}, "of 'acme/clever/clever' is not supported"),
    ({"agent_parameters": {}}, "agent_parameters: model is missing"),
    ({"agent_parameters": {"model": {"value": 1}}}, "model must have a value and a type"),
])  # fmt: skip
def test_bad_data_is_told_at_publish_time(change, message) -> None:
    with pytest.raises(NodeDataError, match=message):
        parsed("agent", **node() | change)


def test_uses_names_every_variable() -> None:
    assert set(parsed("agent", **node()).uses()) == {("sys", "query"), ("start", "name")}
