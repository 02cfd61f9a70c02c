"""The node ``llm`` (workflow-engine.md 8.4)."""

from __future__ import annotations

from typing import Any

import pytest

from server.engine.node import NodeDataError
from server.engine.values import File
from server.kit.errors import AppError, Reason
from server.llm.port import ModelFault
from tests.engine.models.world import MODEL, FakeMemory, ScriptedModel, World, parsed

IMAGE = File("image", "local_file", name="cat.png", extension=".png", mime_type="image/png", id="f1")
PDF = File("document", "local_file", name="a.pdf", extension=".pdf", mime_type="application/pdf", id="f2")
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "ok": {"type": "boolean"}}}


def item(content: str, **more: Any) -> dict[str, Any]:
    """A result of retrieval."""
    metadata = {
        "_source": "knowledge", "dataset_id": "d", "document_id": "doc", "score": 0.5, "position": 1,
        "segment_hit_count": 3, "segment_index_node_hash": "h", "retriever_from": "workflow",
    }
    return {"metadata": metadata, "title": "Doc", "content": content, "files": None, **more}


def lines(*texts: str, **more: Any) -> dict[str, Any]:
    roles = ("system", "user", "assistant")
    prompt = [{"role": role, "text": text} for role, text in zip(roles, texts, strict=False)]
    return {"model": MODEL, "prompt_template": prompt, "context": {"enabled": False}, **more}


def context(text: str = "{{#context#}}", **more: Any) -> dict[str, Any]:
    return lines(text, **{"context": {"enabled": True, "variable_selector": ["kb", "result"]}, **more})


async def test_prompt_is_filled_in_streamed_and_recorded() -> None:
    model = ScriptedModel(["Hel", "lo"])
    world = World(model, {"start.name": "Ann", "start.n": 3})
    result = await world.result("llm", **lines("You help {{#start.name#}}.", "{{#start.n#}} times"))
    assert model.prompt == [("system", "You help Ann."), ("user", "3 times")]
    assert model.requests[0].parameters == {"temperature": 0.5} and model.requests[0].user == "user"
    assert world.streamed == ["Hel", "lo"]
    assert result.outputs["text"] == "Hello" and result.outputs["reasoning_content"] == ""
    assert result.outputs["finish_reason"] == "stop" and result.outputs["usage"]["total_tokens"] == 15
    assert result.inputs == {"#start.name#": "Ann", "#start.n#": 3}
    assert result.spent is not None and result.spent.usage.total_tokens == 15
    assert result.process_data["prompts"][0] == {"role": "system", "text": "You help Ann.", "files": []}
    assert (result.process_data["model_provider"], result.process_data["model_name"]) == ("openai", "gpt")
    assert result.process_data["finish_reason"] == "stop" and "structured_output" not in result.outputs


async def test_stop_words_leave_the_parameters() -> None:
    model = ScriptedModel("x")
    data = lines("a") | {"model": {**MODEL, "completion_params": {"stop": ["END"], "top_p": 0.1}}}
    await World(model).result("llm", **data)
    assert model.requests[0].stop == ("END",) and model.requests[0].parameters == {"top_p": 0.1}


@pytest.mark.parametrize("data", [
    lines("{{#gone.x#}}"), lines("a", memory={"query_prompt_template": "{{#gone.x#}}"}),
], ids=["prompt", "query"])  # fmt: skip
async def test_missing_variable_fails_the_node(data) -> None:
    error = await World(ScriptedModel("x")).error("llm", **data)
    assert (str(error), error.error_type) == ("Variable #gone.x# not found", "VariableNotFoundError")


async def test_null_variable_is_empty() -> None:
    model = ScriptedModel("x")
    await World(model, {"a.b": None}).result("llm", **lines("<{{#a.b#}}>"))
    assert model.prompt == [("system", "<>")]


async def test_jinja_messages_see_values_and_found_texts() -> None:
    model = ScriptedModel("x")
    world = World(model, {"kb.result": [item("one"), item("two")], "a.list": ["x", "y"], "a.text": "t"})
    data = lines() | {
        "prompt_template": [
            {"role": "user", "edition_type": "jinja2", "text": "no", "jinja2_text": "{{ t }}|{{ found }}|{{ l }}"}
        ],
        "prompt_config": {"jinja2_variables": [
            {"variable": "t", "value_selector": ["a", "text"]}, {"variable": "l", "value_selector": ["a", "list"]},
            {"variable": "found", "value_selector": ["kb", "result"]},
        ]},
    }  # fmt: skip
    result = await world.result("llm", **data)
    assert model.prompt == [("user", "t|one\ntwo|['x', 'y']")]
    assert result.inputs == {"t": "t", "l": "x\ny", "found": "one\ntwo"}


async def test_bad_jinja_fails_with_its_words() -> None:
    data = lines() | {"prompt_template": [{"role": "user", "edition_type": "jinja2", "jinja2_text": "{% x"}]}
    assert str(await World(ScriptedModel("x")).error("llm", **data)) == "unexpected '%'"


@pytest.mark.parametrize(("value", "prompt"), [
    ("plain", "A {plain} Z"),
    (["a", "b"], "A {a\nb} Z"),
    ([item("one", summary="short"), item("two")], "A {short\none\ntwo} Z"),
    ("see {{#start.name#}} {{#env.KEY#}}", "A {see Ann {{ #env.KEY#}}} Z"),
    ("", "A {{#context#}} Z"),
    ([], "A {{#context#}} Z"),
], ids=["text", "texts", "found", "references", "empty", "nothing"])  # fmt: skip
async def test_context_stands_between_one_pair_of_braces(value, prompt) -> None:
    model = ScriptedModel("x")
    world = World(model, {"kb.result": value, "start.name": "Ann", "env.KEY": "secret"})
    await world.result("llm", **context("A {{#context#}} Z"))
    assert model.prompt == [("system", prompt)]


async def test_context_of_retrieval_is_cited() -> None:
    world = World(ScriptedModel("x"), {"kb.result": [item("one")]})
    result = await world.result("llm", **context())
    (cited,) = result.resources
    assert cited["content"] == "one" and cited["hit_count"] == 3 and cited["index_node_hash"] == "h"
    assert cited["retriever_from"] == "workflow" and cited["title"] == "Doc"
    assert result.inputs["#context#"] == "one"


async def test_context_without_content_fails() -> None:
    error = await World(ScriptedModel("x"), {"kb.result": [{"a": 1}]}).error("llm", **context())
    assert (str(error), error.error_type) == (
        "Invalid context structure: {'a': 1}", "InvalidContextStructureError",
    )  # fmt: skip


@pytest.mark.parametrize(("memory", "prompt"), [
    ({"window": {"enabled": False, "size": 1}},
     [("system", "s"), ("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2"), ("user", "now")]),
    ({"window": {"enabled": True, "size": 1}}, [("system", "s"), ("user", "q2"), ("assistant", "a2"), ("user", "now")]),
    ({"window": {"enabled": True, "size": 0}, "query_prompt_template": "Say {{#sys.query#}}"},
     [("system", "s"), ("user", "Say now")]),
], ids=["all", "window", "template"])  # fmt: skip
async def test_memory_stands_before_the_query(memory, prompt) -> None:
    model = ScriptedModel("x")
    history = FakeMemory(("q1", "a1"), ("q2", "a2")) if memory["window"]["size"] else FakeMemory()
    await World(model, {"sys.query": "now"}, memory=history).result("llm", **lines("s", memory=memory))
    assert model.prompt == prompt


async def test_memory_is_cut_to_what_fits() -> None:
    model = ScriptedModel("x", context_size=60)
    memory = FakeMemory(("old " * 40, "old " * 40), ("new", "newer"))
    await World(model, {"sys.query": "q"}, memory=memory).result("llm", **lines("s", memory={"window": {}}))
    assert model.prompt == [("system", "s"), ("user", "new"), ("assistant", "newer"), ("user", "q")]


async def test_without_memory_there_is_no_query() -> None:
    model = ScriptedModel("x")
    await World(model, {"sys.query": "now"}, memory=FakeMemory(("q", "a"))).result("llm", **lines("s"))
    assert model.prompt == [("system", "s")]


async def test_vision_files_join_the_last_user_message() -> None:
    model = ScriptedModel("x", features=["vision"])
    world = World(model, {"sys.files": [IMAGE, PDF]})
    result = await world.result("llm", **lines("s", "look", vision={"enabled": True, "configs": {"detail": "low"}}))
    last = model.requests[0].messages[-1]
    assert (last.role, last.text) == ("user", "look")
    (part,) = last.files
    assert (part.kind, part.data, part.detail) == ("image", b"bytes of cat.png", "low")
    assert result.inputs["#files#"] == [IMAGE, PDF]


async def test_vision_files_are_a_message_where_none_is_the_users() -> None:
    model = ScriptedModel("x", features=["vision", "document"])
    world = World(model, {"a.file": PDF})
    vision = {"enabled": True, "configs": {"variable_selector": ["a", "file"]}}
    await world.result("llm", **lines("s", vision=vision))
    assert model.prompt == [("system", "s"), ("user", "")]
    assert [part.kind for part in model.requests[0].messages[-1].files] == ["document"]


async def test_files_in_a_text_follow_it_with_its_role() -> None:
    model = ScriptedModel("x", features=["vision"])
    await World(model, {"start.img": IMAGE}).result("llm", **lines("s", "this: {{#start.img#}}"))
    assert model.prompt == [("system", "s"), ("user", "this: "), ("user", "")]
    assert len(model.requests[0].messages[-1].files) == 1


async def test_model_that_sees_nothing_gets_no_files() -> None:
    model = ScriptedModel("x")
    await World(model, {"sys.files": [IMAGE]}).result("llm", **lines("s", "u", vision={"enabled": True}))
    assert not any(message.files for message in model.requests[0].messages)


async def test_nothing_to_say_is_told() -> None:
    error = await World(ScriptedModel("x"), {"a.b": ""}).error("llm", **lines("{{#a.b#}}"))
    assert error.error_type == "NoPromptFoundError" and str(error).startswith("No prompt found in the LLM configuration")


@pytest.mark.parametrize(("text", "prompt"), [
    ("Past: #histories# Ask: #sys.query#", "Past: Human: q\nBot: a Ask: now"),
    ("Answer.", "now\nHuman: q\nBot: a\nAnswer."),
], ids=["marks", "in front"])  # fmt: skip
async def test_completion_model_gets_one_text(text, prompt) -> None:
    model = ScriptedModel("x")
    data = lines() | {
        "model": {**MODEL, "mode": "completion"}, "prompt_template": {"text": text, "edition_type": "basic"},
        "memory": {"window": {"enabled": False}, "role_prefix": {"user": "", "assistant": "Bot"}},
    }
    await World(model, {"sys.query": "now"}, memory=FakeMemory(("q", "a"))).result("llm", **data)
    assert model.prompt == [("user", prompt)]


# Reasoning

THOUGHT = ["<thi", "nk>let me", " see</th", "ink>\n\nIt ", "is\n\n\n4 <b"]


async def test_tagged_reasoning_stays_in_the_text() -> None:
    world = World(ScriptedModel(THOUGHT))
    result = await world.result("llm", **lines("s"))
    assert result.outputs["text"] == "".join(THOUGHT) and result.outputs["reasoning_content"] == ""
    assert world.streamed == THOUGHT and not world.reasoned


async def test_separated_reasoning_is_told_apart() -> None:
    world = World(ScriptedModel(THOUGHT))
    result = await world.result("llm", **lines("s", reasoning_format="separated"))
    assert result.outputs["text"] == "It is\n\n4 <b" and result.outputs["reasoning_content"] == "let me see"
    assert "".join(world.streamed) == "It is\n\n\n4 <b"
    assert "".join(piece for piece, _ in world.reasoned) == "let me see"
    assert [final for _, final in world.reasoned].count(True) == 1 and world.reasoned[-1] == ("", True)


async def test_reasoning_without_an_end_is_reasoning() -> None:
    world = World(ScriptedModel("<think>cut off"))
    result = await world.result("llm", **lines("s", reasoning_format="separated"))
    assert (result.outputs["text"], result.outputs["reasoning_content"]) == ("", "cut off")
    assert not world.streamed and world.reasoned == [("cut off", False), ("", True)]


# Structured output

STRUCTURED = {"structured_output_enabled": True, "structured_output": {"schema": SCHEMA}}


async def test_native_schema_goes_to_the_model_with_texts_for_booleans() -> None:
    model = ScriptedModel('{"name": "Ann", "ok": "true"}', features=["structured-output"])
    result = await World(model).result("llm", **lines("s", **STRUCTURED))
    assert model.requests[0].schema == {
        "type": "object", "properties": {"name": {"type": "string"}, "ok": {"type": "string"}},
    }  # fmt: skip
    assert model.prompt == [("system", "s")]
    assert result.outputs["structured_output"] == {"name": "Ann", "ok": "true"}


async def test_other_models_are_told_the_schema_first() -> None:
    model = ScriptedModel('{"name": "Ann"}')
    result = await World(model).result("llm", **lines("s", "u", **STRUCTURED))
    assert model.requests[0].schema is None
    (role, told), user = model.prompt
    assert role == "system" and '"ok"' in told and told.endswith("\n\ns") and user == ("user", "u")
    assert result.outputs["structured_output"] == {"name": "Ann"}


@pytest.mark.parametrize(("said", "found"), [
    ('Here:\n```json\n{"name": "Ann",}\n```', {"name": "Ann"}),
    ("<think>{}</think>{'name': 'Ann'}", {"name": "Ann"}),
    ('[1, {"name": "Ann"}]', {"name": "Ann"}),
    ('{"name": "An', {"name": "An"}),
], ids=["fence", "quotes", "list", "cut"])  # fmt: skip
async def test_answer_is_repaired(said, found) -> None:
    result = await World(ScriptedModel(said)).result("llm", **lines("s", **STRUCTURED))
    assert result.outputs["structured_output"] == found and result.outputs["text"] == said


async def test_answer_without_json_fails_and_keeps_what_was_said_and_spent() -> None:
    error = await World(ScriptedModel("I cannot")).error("llm", **lines("s", **STRUCTURED))
    assert (str(error), error.error_type) == ("Failed to parse structured output: I cannot", "LLMNodeError")
    assert error.outputs is not None and error.outputs["text"] == "I cannot"
    assert error.usage is not None and error.usage.usage.total_tokens == 15


# Faults

@pytest.mark.parametrize(("fault", "message", "kind"), [
    (AppError(Reason.PROVIDER_NOT_INITIALIZE, "Model gpt not exist."), "Model gpt not exist.", "ModelNotExistError"),
    (AppError(Reason.PROVIDER_NOT_INITIALIZE), "Model gpt credentials is not initialized.", "ProviderTokenNotInitError"),
])  # fmt: skip
async def test_model_that_cannot_be_had_is_told(fault, message, kind) -> None:
    error = await World(fault).error("llm", **lines("s"))
    assert (str(error), error.error_type) == (message, kind)


async def test_fault_of_the_call_keeps_inputs_and_prompt() -> None:
    world = World(ScriptedModel(ModelFault("rate_limit", "Slow down.")), {"a.b": "v"})
    error = await world.error("llm", **lines("{{#a.b#}}"))
    assert (str(error), error.error_type) == ("Slow down.", "InvokeRateLimitError")
    assert error.inputs == {"#a.b#": "v"}
    assert error.process_data is not None and error.process_data["prompts"][0]["text"] == "v"


@pytest.mark.parametrize(("change", "message"), [
    ({"model": {"provider": "openai"}}, "name is missing."),
    ({"model": None}, "provider is missing."),
    ({"prompt_template": None}, "prompt_template is missing."),
    ({"prompt_template": [{"role": "robot", "text": "x"}]}, "prompt_template: role must be one of system, user"),
    ({"context": {"enabled": True, "variable_selector": ["x"]}}, "context.variable_selector must be a list"),
])  # fmt: skip
def test_bad_data_is_told_at_publish_time(change, message) -> None:
    with pytest.raises(NodeDataError, match=message):
        parsed("llm", **lines("s") | change)


def test_uses_names_every_variable() -> None:
    node = parsed("llm", **context(
        "{{#a.b#}}", vision={"enabled": True}, memory={"query_prompt_template": "{{#c.d#}}"},
        prompt_config={"jinja2_variables": [{"variable": "v", "value_selector": ["e", "f"]}]},
    ))  # fmt: skip
    assert set(node.uses()) == {("a", "b"), ("c", "d"), ("e", "f"), ("kb", "result"), ("sys", "files")}
