"""Parsing, defaults and the console's shape of a configuration (app-dsl.md section 5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.chat.external_data import DataTool
from server.chat.files import FileRule
from server.chat.model_config import default_document, effective_mode, parse, to_console
from server.chat.model_rules import validate
from server.moderation.model import Rule, Side

# What the console shows for an imported app: the recorded bytes, nested key order included.
RECORDED = (
    '{"opening_statement":"Hello there","suggested_questions":["What is x?"],'
    '"suggested_questions_after_answer":{"enabled":false},"speech_to_text":{"enabled":false},'
    '"text_to_speech":{"enabled":false,"language":"","voice":""},"retriever_resource":{"enabled":true},'
    '"annotation_reply":{"enabled":false},"more_like_this":{"enabled":false},'
    '"sensitive_word_avoidance":{"configs":[],"enabled":false,"type":""},"external_data_tools":[],'
    '"model":{"completion_params":{"stop":[]},"mode":"chat","name":"fake-200-0",'
    '"provider":"langgenius/openai/openai"},"user_input_form":[{"text-input":{"default":"","label":"topic",'
    '"max_length":48,"required":false,"variable":"topic"}}],"dataset_query_variable":"",'
    '"pre_prompt":"You are a helper. {{topic}}","agent_mode":{"enabled":false,"max_iteration":5,'
    '"strategy":"function_call","tools":[]},"prompt_type":"simple","chat_prompt_config":{},'
    '"completion_prompt_config":{},"dataset_configs":{"datasets":{"datasets":[]},"reranking_enable":false,'
    '"retrieval_model":"multiple","top_k":4},"file_upload":{"image":{"detail":"high","enabled":false,'
    '"number_limits":3,"transfer_methods":["remote_url","local_file"]}}}'
)
MODEL = {"provider": "openai", "name": "m", "mode": "chat", "completion_params": {"temperature": 0.2, "stop": ["X"]}}


def test_console_shape_of_a_stored_document_is_the_recorded_one() -> None:
    document = json.loads(RECORDED)
    scrambled = dict(sorted(document.items()))
    assert json.dumps(to_console(scrambled), separators=(",", ":")) == RECORDED


def test_console_fills_null_keys_with_defaults() -> None:
    shown = to_console({"model": MODEL})
    assert shown["retriever_resource"] == {"enabled": True}
    assert shown["dataset_configs"] == {"retrieval_model": "multiple"}
    assert shown["sensitive_word_avoidance"] == {"enabled": False, "type": "", "configs": []}
    assert shown["opening_statement"] is None
    assert shown["file_upload"]["image"]["number_limits"] == 3
    assert to_console({})["suggested_questions"] is not to_console({})["suggested_questions"]


def test_parse_splits_stop_from_the_parameters() -> None:
    model = parse({"model": MODEL}).model
    assert (model.provider, model.name, model.mode) == ("langgenius/openai/openai", "m", "chat")
    assert (model.parameters, model.stop) == ({"temperature": 0.2}, ("X",))


@pytest.mark.parametrize(("value", "tokens"), [(256, 256), (2.0, 2), (0, 0), (-1, 0), ("9", 0), (None, 0)])
def test_max_tokens_is_a_positive_number_or_unset(value: Any, tokens: int) -> None:
    assert parse({"model": {"completion_params": {"max_tokens": value}}}).model.max_tokens == tokens


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"model": "x", "user_input_form": {}, "chat_prompt_config": [], "agent_mode": 3, "file_upload": "x"},
        {"model": {"completion_params": [], "stop": 1}, "suggested_questions": "abc", "external_data_tools": [1]},
        {"chat_prompt_config": {"prompt": ["x", {"role": 1, "text": 2}]}, "sensitive_word_avoidance": []},
    ],
)
def test_parse_never_fails_on_stored_data(document: dict[str, Any]) -> None:
    config = parse(document)
    assert config.prompt_type == "simple"
    assert config.form == ()


def test_parse_reads_every_feature() -> None:
    config = parse(
        {
            "model": MODEL | {"mode": "completion"},
            "prompt_type": "advanced",
            "chat_prompt_config": {"prompt": [{"role": "user", "text": "a"}, {"role": "odd", "text": "b"}]},
            "completion_prompt_config": {
                "prompt": {"text": "t"}, "conversation_histories_role": {"user_prefix": "U", "assistant_prefix": "A"},
            },
            "user_input_form": [{"select": {"variable": "v", "label": "V", "options": ["a"]}}],
            "agent_mode": {"enabled": True, "strategy": "cot", "tools": [{"a": 1}, 2], "max_iteration": 3},
            "suggested_questions": ["q", 1],
            "suggested_questions_after_answer": {"enabled": True, "model": {"provider": "google", "name": "g"}},
            "text_to_speech": {"enabled": True, "voice": "v", "language": "en", "autoPlay": "enabled"},
            "retriever_resource": {"enabled": False},
            "more_like_this": {"enabled": True},
            "sensitive_word_avoidance": {
                "enabled": True, "type": "keywords",
                "config": {"keywords": "Xx\n\n y ", "outputs_config": {"enabled": True, "preset_response": "No."}},
            },
            "external_data_tools": [
                {"enabled": True, "type": "api", "variable": "w", "config": {"api_based_extension_id": "e1"}},
                {"enabled": False, "type": "api", "variable": "off", "config": {"api_based_extension_id": "e1"}},
                {"enabled": True, "type": "weather", "variable": "odd", "config": {}},
            ],
            "file_upload": {"enabled": True, "number_limits": 2},
        }
    )  # fmt: skip
    assert [(line.role, line.text) for line in config.chat_prompt] == [("user", "a"), ("system", "b")]
    assert (config.completion_prompt.text, config.completion_prompt.user_prefix) == ("t", "U")
    assert config.form[0].options == ("a",)
    assert (config.agent_mode.strategy, config.agent_mode.max_iteration) == ("react", 3)
    assert config.suggested_questions == ("q",)
    assert config.suggested_questions_after_answer.model is not None
    assert config.suggested_questions_after_answer.model.provider == "langgenius/gemini/google"
    assert config.text_to_speech.auto_play
    assert not config.retriever_resource
    assert config.more_like_this
    assert config.moderation == Rule("keywords", Side(), Side(True, "No."), keywords=("xx", "y"))
    assert config.data_tools == (DataTool("w", "e1"),)
    assert config.file_upload == FileRule(images=2, count=2)


def test_missing_retriever_resource_reads_as_on() -> None:
    assert parse({"retriever_resource": None}).retriever_resource
    assert parse({}).retriever_resource


@pytest.mark.parametrize(
    ("mode", "agent", "effective"),
    [
        ("chat", {"enabled": True, "strategy": "function_call"}, "agent-chat"),
        ("chat", {"enabled": True, "strategy": "react"}, "agent-chat"),
        ("chat", {"enabled": True, "strategy": "router"}, "chat"),
        ("chat", {"enabled": False, "strategy": "react"}, "chat"),
        ("completion", {"enabled": True, "strategy": "react"}, "completion"),
    ],
)
def test_agent_mode_switches_a_chat_app(mode: str, agent: dict[str, Any], effective: str) -> None:
    assert effective_mode(mode, parse({"agent_mode": agent})) == effective


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "completion"])
def test_default_document_of_a_new_app_is_valid(mode: str) -> None:
    document = default_document(mode, {"provider": "langgenius/openai/openai", "name": "m", "mode": "chat"})
    validate(document, mode, {"langgenius/openai/openai": {"m": "chat"}})
    config = parse(document)
    assert config.model.name == "m"
    assert config.pre_prompt == ("{{query}}" if mode == "completion" else "")
    assert [field.variable for field in config.form] == (["query"] if mode == "completion" else [])
    assert config.retriever_resource
