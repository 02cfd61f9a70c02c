"""Tools and structured output through the real clients, on the wire of each provider."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping

import pytest

from server.agent import work
from server.agent.model import AgentTool, Decided, Finished, Task, ToolAnswer
from server.llm.calls import Timings
from server.llm.catalogue import find
from server.llm.google_provider import GoogleProvider
from server.llm.names import GOOGLE, OPENAI
from server.llm.openai_calls import CallDeltas
from server.llm.openai_provider import OpenAICompatibleProvider, OpenAIProvider
from server.llm.openai_wire import ChatStream, message_of
from server.llm.port import ChatModel, ChatRequest, Chunk, Function, FunctionCall, ModelFault, PromptMessage
from tests.doubles.behaviour import Behaviour
from tests.doubles.gemini_server import SIGNATURE, GeminiServer
from tests.doubles.loopback import LoopbackServer
from tests.doubles.openai_server import OpenAIServer

WEATHER = Function(
    "weather",
    "The weather of a city",
    {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]},
)
CLOCK = Function("clock", "The time")
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
QUESTION = PromptMessage("user", "Rome")


async def collect(model: ChatModel, request: ChatRequest) -> list[Chunk]:
    return [chunk async for chunk in model.stream(request)]


@pytest.fixture
async def openai(timings: Timings, openai_double: OpenAIServer) -> AsyncIterator[tuple[ChatModel, OpenAIServer]]:
    provider = OpenAIProvider(timings)
    card = find(OPENAI, "gpt-4o-mini", "llm")
    assert card is not None
    yield provider.chat(card, {"openai_api_key": "sk-x", "openai_api_base": openai_double.url}), openai_double
    await provider.close()


@pytest.fixture
async def gemini(timings: Timings, gemini_double: GeminiServer) -> AsyncIterator[tuple[ChatModel, GeminiServer]]:
    provider = GoogleProvider(timings)
    card = find(GOOGLE, "gemini-2.5-flash", "llm")
    assert card is not None
    yield provider.chat(card, {"google_api_key": "key", "google_base_url": gemini_double.url}), gemini_double
    await provider.close()


@pytest.fixture(params=["openai", "gemini"])
def either(request: pytest.FixtureRequest) -> tuple[ChatModel, LoopbackServer]:
    model, double = request.getfixturevalue(request.param)
    return model, double


async def test_round_with_two_tools_is_asked_for_answered_and_told(either) -> None:
    model, double = either
    double.script(model.card.model, Behaviour(text="It is {tool}", call="weather+clock"))
    asked = ChatRequest([QUESTION], tools=[WEATHER, CLOCK])
    chunks = await collect(model, asked)
    last = chunks[-1]
    assert "".join(chunk.text for chunk in chunks) == "I call weather."
    assert last.finish_reason == "tool_calls" and last.usage is not None and not last.usage.estimated
    assert [call.name for call in last.calls] == ["weather", "clock"]
    assert json.loads(last.calls[0].arguments) == {"city": "Rome", "days": 7}
    assert last.calls[0].id and last.calls[0].id != last.calls[1].id

    turn = PromptMessage("assistant", "I call weather.", calls=last.calls)
    answers = [PromptMessage("tool", f"sunny {n}", call_id=c.id, name=c.name) for n, c in enumerate(last.calls)]
    chunks = await collect(model, ChatRequest([QUESTION, turn, *answers], tools=[WEATHER, CLOCK]))
    assert "".join(chunk.text for chunk in chunks) == "It is sunny 1"
    assert chunks[-1].finish_reason == "stop" and not chunks[-1].calls


async def test_server_that_cannot_stream_calls_answers_whole(timings: Timings, openai_double: OpenAIServer) -> None:
    provider = OpenAICompatibleProvider(timings)
    form = {"endpoint_url": openai_double.base_url, "context_size": "8192", "function_calling_type": "tool_call"}
    model = provider.chat(provider.custom_card("m@call=weather,text=Fine.", "llm", form), form)
    last = (await collect(model, ChatRequest([QUESTION], tools=[WEATHER])))[-1]
    body = openai_double.calls[-1].json()
    assert body["stream"] is False and "stream_options" not in body
    assert [call.name for call in last.calls] == ["weather"] and last.usage is not None and not last.usage.estimated
    turn = [PromptMessage("assistant", "", calls=last.calls), PromptMessage("tool", "x", call_id=last.calls[0].id)]
    chunks = await collect(model, ChatRequest([QUESTION, *turn], tools=[WEATHER]))
    assert "".join(chunk.text for chunk in chunks) == "Fine." and chunks[-1].finish_reason == "stop"
    await provider.close()


async def test_openai_request_names_tools_calls_and_results(openai) -> None:
    model, double = openai
    call = FunctionCall("call_1", "weather", '{"city": "Rome"}')
    messages = [
        QUESTION,
        PromptMessage("assistant", "", calls=(call,)),
        PromptMessage("tool", "sunny", call_id="call_1"),
    ]
    await collect(model, ChatRequest(messages, tools=[WEATHER, CLOCK]))
    body = double.calls[-1].json()
    assert body["tools"][0] == {
        "type": "function",
        "function": {"name": "weather", "description": "The weather of a city", "parameters": dict(WEATHER.parameters)},
    }
    assert body["tools"][1]["function"]["parameters"] == {"type": "object", "properties": {}}
    function = {"name": "weather", "arguments": '{"city": "Rome"}'}
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ]


async def test_gemini_request_keeps_signatures_and_joins_results_in_one_turn(gemini) -> None:
    model, double = gemini
    double.script(model.card.model, Behaviour(text="done", call="weather+clock"))
    calls = (await collect(model, ChatRequest([QUESTION], tools=[WEATHER, CLOCK])))[-1].calls
    answers = [PromptMessage("tool", "sunny", call_id=call.id, name=call.name) for call in calls]
    await collect(
        model, ChatRequest([QUESTION, PromptMessage("assistant", "", calls=calls), *answers], tools=[WEATHER])
    )
    contents = double.calls[-1].json()["contents"]
    assert [content["role"] for content in contents] == ["user", "model", "user"]
    assert contents[1]["parts"][0]["thoughtSignature"] == SIGNATURE
    assert [part["functionCall"]["name"] for part in contents[1]["parts"]] == ["weather", "clock"]
    assert [part["functionResponse"]["response"] for part in contents[2]["parts"]] == [{"result": "sunny"}] * 2


async def test_gemini_call_that_is_none_is_tried_again(gemini) -> None:
    model, double = gemini
    double.script(model.card.model, Behaviour(tokens=0, finish="MALFORMED_FUNCTION_CALL"))
    with pytest.raises(ModelFault, match="malformed answer") as caught:
        await collect(model, ChatRequest([QUESTION], tools=[WEATHER]))
    assert caught.value.fault == "unavailable" and len(double.calls) == 3


async def test_schema_makes_the_answer_fit(either) -> None:
    model, _ = either
    chunks = await collect(model, ChatRequest([QUESTION], schema=SCHEMA))
    assert json.loads("".join(chunk.text for chunk in chunks)) == {"name": "Rome", "age": 7}


@pytest.mark.parametrize(
    ("deltas", "calls"),
    [
        # Every call at once, without an index.
        ([[{"id": "a", "f": ("x", "{}")}, {"id": "b", "f": ("y", "[1]")}]], [("a", "x", "{}"), ("b", "y", "[1]")]),
        # Every call at index 0, told apart by ids.
        ([[{"index": 0, "id": "a", "f": ("x", "1")}], [{"index": 0, "id": "b", "f": ("y", "2")}]], [("a", "x", "1"), ("b", "y", "2")]),
        # Interleaved pieces.
        (
            [[{"index": 0, "id": "a", "f": ("x", "")}, {"index": 1, "id": "b", "f": ("y", "")}],
             [{"index": 1, "f": (None, "{2")}, {"index": 0, "f": (None, "{1")}], [{"index": 0, "f": (None, "}")}]],
            [("a", "x", "{1}"), ("b", "y", "{2")],
        ),
        # The id repeated in each piece; no arguments at all.
        ([[{"index": 0, "id": "a", "f": ("x", None)}], [{"index": 0, "id": "a", "f": ("", None)}]], [("a", "x", "{}")]),
    ],
)  # fmt: skip
def test_calls_are_put_together_from_deltas(deltas, calls) -> None:
    found = CallDeltas()
    for pieces in deltas:
        items = [
            {key: value for key, value in piece.items() if key != "f"}
            | {"function": {"name": piece["f"][0], "arguments": piece["f"][1]}}
            for piece in pieces
        ]
        found.add({"tool_calls": items})
    assert [(call.id, call.name, call.arguments) for call in found.whole()] == calls


def test_older_function_call_is_a_call() -> None:
    found = CallDeltas()
    found.add({"function_call": {"name": "x", "arguments": '{"a"'}})
    found.add({"function_call": {"arguments": ": 1}"}})
    assert found.whole() == (FunctionCall("call_0", "x", '{"a": 1}'),)


def test_thought_before_a_tool_call_is_closed() -> None:
    stream = ChatStream()
    events = [
        {"choices": [{"delta": {"reasoning_content": "hm"}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "x"}}]}}]},
        {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
    ]
    text = "".join(chunk.text for chunk in stream.chunks([json.dumps(event).encode() for event in events]))
    assert text == "<think>\nhm\n</think>"
    (call,) = stream.calls
    assert (call.id, call.name, call.arguments) == ("a", "x", "{}")
    # A server that tells its reasoning refuses its own calls without it.
    sent = message_of(find(OPENAI, "gpt-4o", "llm"), PromptMessage("assistant", "", calls=stream.calls))  # type: ignore[arg-type]
    assert sent["reasoning_content"] == "hm" and "reasoning" not in sent


async def test_agent_works_over_the_wire(either) -> None:
    """Two rounds of a real client: the tool's answer reaches the model, the model's reaches us."""
    model, double = either
    double.script(model.card.model, Behaviour(text="It is {tool}", call="weather"))

    async def weather(arguments: Mapping[str, object]) -> ToolAnswer:
        return ToolAnswer(f"sunny in {arguments['city']}")

    tool = AgentTool("weather", WEATHER.description, WEATHER.parameters, weather)
    events = [event async for event in work(Task(model, QUESTION, [tool], "Be kind."), "function_calling")]
    assert events[-1] == Finished("I call weather.\nIt is sunny in Rome", [])
    spent = [event.heard.usage for event in events if isinstance(event, Decided)]
    assert len(spent) == 2 and not any(usage.estimated for usage in spent)
