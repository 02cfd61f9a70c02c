"""Prompts of simple and advanced mode for chat and completion models (feature-semantics.md section 6)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from server.chat.model_config import parse
from server.chat.prompt import build
from server.chat.template import introduction, remove_marks, render, stored_answer
from server.llm.port import FilePart, PromptMessage

IMAGE = FilePart("image", "image/png", data=b"x")
PAST = (PromptMessage("user", "q1"), PromptMessage("assistant", "a1"))


def config(mode: str = "chat", stop: tuple[str, ...] = (), name: str = "m", **keys: Any) -> Any:
    model = {"provider": "openai", "name": name, "mode": mode, "completion_params": {"stop": list(stop)}}
    return parse({"model": model, **keys})


def advanced(mode: str = "chat", stop: tuple[str, ...] = (), **keys: Any) -> Any:
    return config(mode, stop, prompt_type="advanced", **keys)


def sent(*args: Any, **options: Any) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in build(*args, **options).messages]


# --- placeholders --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{name}}", "Hi Ann"),
        ("{{name}}{{name}}", "AnnAnn"),
        ("{{ name }} {{unknown}} {{1a}} {{na-me}}", "{{ name }} {{unknown}} {{1a}} {{na-me}}"),
        ("{{#query#}} {{#context#}}", "{{#query#}} {{#context#}}"),
        ("{" * 3 + "name" + "}" * 3, "{Ann}"),
        ("no placeholder", "no placeholder"),
        ("", ""),
        ("{{" + "a" * 31 + "}}", "{{" + "a" * 31 + "}}"),
    ],
)
def test_render_fills_known_placeholders(template: str, text: str) -> None:
    assert render(template, {"name": "Ann", "a" * 31: "no"}) == text


def test_values_are_never_expanded_again() -> None:
    assert render("{{a}}", {"a": "{{b}} {{#query#}}", "b": "secret"}) == "{b} {#query#}"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a<|im_start|>b", "ab"),
        ("<||>", ""),
        ("<|>", "<|>"),
        ("<|a\nb|>", "<|a\nb|>"),
        ("<|a\n<|b|>c", "<|a\nc"),
        ("<|a<|b|>c|>", "c|>"),
        ("<|a|><|b|>", ""),
        ("|> <|", "|> <|"),
        ("", ""),
    ],
)
def test_control_marks_are_removed_within_a_line(text: str, kept: str) -> None:
    assert remove_marks(text) == kept


@pytest.mark.parametrize("text", ["<|" * 200_000, "|>" + "<|" * 200_000, "<|\n" * 200_000 + "|>", "<|a|>" * 100_000])
def test_control_marks_are_removed_in_linear_time(text: str) -> None:
    started = time.process_time()
    remove_marks(text)
    assert time.process_time() - started < 1


def test_stored_answer_is_trimmed_and_defused() -> None:
    assert stored_answer(" \n{{name}} is {{#query#}} and {{ x }}\n") == "{name} is {#query#} and {{ x }}"


def test_introduction_fills_the_opening_statement() -> None:
    inputs = {"name": "Ann", "age": 3, "none": None}
    assert introduction("Hi {{name}}, {{age}}{{none}} {{who}}", inputs) == "Hi Ann, 3 {{who}}"


# --- simple mode ---------------------------------------------------------------------


def test_simple_chat_is_system_history_user() -> None:
    prompt = config(pre_prompt="You help. {{topic}}", stop=("X",))
    built = build(prompt, "chat", {"topic": "sea"}, "hi", history=PAST, files=[IMAGE])
    assert built.stop == ("X",)
    assert [(message.role, message.text) for message in built.messages] == [
        ("system", "You help. sea\n"), ("user", "q1"), ("assistant", "a1"), ("user", "hi"),
    ]  # fmt: skip
    assert built.messages[-1].files == (IMAGE,)


def test_simple_chat_without_instructions_has_no_system_message() -> None:
    assert sent(config(), "chat", {}, "hi") == [("user", "hi")]


def test_inputs_are_rendered_by_pythons_string_conversion() -> None:
    inputs = {"a": True, "b": None, "c": 1.5, "d": 7}
    ((_, text), _user) = sent(config(pre_prompt="{{a}} {{b}} {{c}} {{d}}"), "chat", inputs, "hi")
    assert text == "True None 1.5 7\n"


def test_query_of_a_chat_is_sent_as_it_is() -> None:
    assert sent(config(), "chat", {"a": "x"}, "{{a}} <|b|>") == [("user", "{{a}} <|b|>")]


def test_simple_chat_without_query_sends_the_prompt_as_user() -> None:
    prompt = config(pre_prompt="Write about {{query}}")
    built = build(prompt, "completion", {"query": "the sea"}, "", files=[IMAGE])
    assert built.messages == (PromptMessage("user", "Write about the sea\n", (IMAGE,)),)
    assert built.stop == ()


@pytest.mark.parametrize("context", ["fact {{topic}}", ""])
def test_context_block_stands_before_the_instructions(context: str) -> None:
    ((_, system), user) = sent(config(pre_prompt="P"), "chat", {"topic": "x"}, "hi", context=context)
    assert f"<context>\n{context.replace('{{topic}}', '{topic}')}\n</context>" in system
    assert system.endswith("\n\nP\n")
    assert user == ("user", "hi")


def test_without_datasets_there_is_no_context_block() -> None:
    assert "<context>" not in str(sent(config(pre_prompt="P"), "chat", {}, "hi"))


def test_simple_prompt_for_a_completion_model_in_a_chat_app() -> None:
    built = build(config("completion", ("X",), pre_prompt="P"), "chat", {}, "hi {{a}}", history=PAST, files=[IMAGE])
    (message,) = built.messages
    assert message.text.startswith("P\n")
    assert "<histories>\nHuman: q1\nAssistant: a1\n</histories>" in message.text
    assert message.text.endswith("\n\nHuman: hi {a}\n\nAssistant: ")
    assert message.files == (IMAGE,)
    assert built.stop == ("X", "\nHuman:", "</histories>")


def test_simple_prompt_for_a_completion_model_without_history_has_no_block() -> None:
    assert sent(config("completion", pre_prompt="P"), "chat", {}, "hi") == [("user", "P\n\n\nHuman: hi\n\nAssistant: ")]


def test_simple_prompt_for_a_completion_model_in_a_completion_app() -> None:
    built = build(config("completion", pre_prompt="P"), "completion", {}, "hi", context="C")
    assert built.stop == ()
    assert built.messages[0].text.endswith("\n\nP\nhi")
    assert "<context>\nC\n</context>" in built.messages[0].text


def test_baichuan_models_get_chinese_wording() -> None:
    built = build(config("completion", name="Baichuan2-Turbo"), "chat", {}, "hi", context="C", history=PAST)
    assert "用户: q1\n助手: a1" in built.messages[0].text
    assert built.messages[0].text.endswith("用户: hi\n\n助手: ")
    assert "\n用户:" in built.stop


def test_control_marks_are_removed_from_prompts() -> None:
    ((_, system), _user) = sent(config(pre_prompt="a<|x|>{{v}}"), "chat", {"v": "<|y|>b"}, "hi", context="<|z|>c")
    assert "<|" not in system
    assert system.endswith("ab\n")


# --- advanced mode -------------------------------------------------------------------


def chat_prompt(*lines: tuple[str, str]) -> dict[str, Any]:
    return {"chat_prompt_config": {"prompt": [{"role": role, "text": text} for role, text in lines]}}


def test_advanced_chat_renders_lines_then_history_then_query() -> None:
    prompt = advanced(stop=("X",), **chat_prompt(("system", "{{v}} {{#context#}}"), ("user", "u"), ("assistant", "")))
    built = build(prompt, "chat", {"v": "x"}, "hi", context="C", history=PAST, files=[IMAGE])
    assert [(message.role, message.text) for message in built.messages] == [
        ("system", "x C"), ("user", "u"), ("assistant", ""), ("user", "q1"), ("assistant", "a1"), ("user", "hi"),
    ]  # fmt: skip
    assert [bool(message.files) for message in built.messages] == [False] * 5 + [True]
    assert built.stop == ("X",)


def test_advanced_chat_drops_empty_system_messages_and_empties_context() -> None:
    prompt = advanced(**chat_prompt(("system", "{{#context#}}"), ("user", "{{#query#}}")))
    assert sent(prompt, "completion", {}, "") == [("user", "{{#query#}}")]


def test_advanced_chat_without_query_gives_files_to_the_last_user_message() -> None:
    built = build(advanced(**chat_prompt(("user", "u"))), "completion", {}, "", files=[IMAGE])
    assert built.messages == (PromptMessage("user", "u", (IMAGE,)),)
    alone = build(advanced(**chat_prompt(("system", "s"))), "completion", {}, "", files=[IMAGE])
    assert alone.messages[-1] == PromptMessage("user", "", (IMAGE,))


def test_advanced_completion_fills_every_special_placeholder() -> None:
    prompt = advanced(
        "completion",
        completion_prompt_config={
            "prompt": {"text": "{{v}}|{{#context#}}|{{#histories#}}|{{#query#}}"},
            "conversation_histories_role": {"user_prefix": "U", "assistant_prefix": "A"},
        },
    )
    built = build(prompt, "chat", {"v": "x"}, "{{v}}", context="C", history=PAST, files=[IMAGE])
    assert built.messages == (PromptMessage("user", "x|C|U: q1\nA: a1|{v}", (IMAGE,)),)
    assert sent(prompt, "chat", {"v": "x"}, "hi") == [("user", "x|||hi")]
