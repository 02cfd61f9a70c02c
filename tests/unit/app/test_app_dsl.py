"""App files: import messages, version comparison, limits and export (app-dsl.md sections 1, 5, 6, 7)."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
import yaml

from server.app import dsl
from server.app.dsl import AppFile, DslError, NamedModel
from server.chat.model_config import parse, to_console

OPENAI = "langgenius/openai/openai"
CHAT = """
kind: app
version: 0.6.0
app: {name: Helper, mode: chat, icon: 🤖, icon_background: '#FFEAD5', description: ''}
model_config:
  model: {provider: openai, name: gpt-4o-mini, mode: chat, completion_params: {temperature: 0.2, stop: []}}
  pre_prompt: "Answer in {{lang}}."
  user_input_form: [{text-input: {label: Language, variable: lang, required: true, default: '', max_length: 20}}]
"""
WORKFLOW = """
version: 0.5.0
app: {name: Echo, mode: workflow}
dependencies: [{type: marketplace, value: {version: null}}, 3]
workflow:
  features: {file_upload: {enabled: false}}
  graph:
    nodes:
    - {id: a, data: {type: llm, model: {provider: openai, name: g, mode: chat}}}
    - {id: r, data: {type: knowledge-retrieval,
        single_retrieval_config: {model: {provider: google, name: s}},
        multiple_retrieval_config: {reranking_model: {provider: cohere, model: rr}}}}
    - {id: n}
    - 5
    edges: []
"""


def failure(text: str, **options: Any) -> DslError:
    with pytest.raises(DslError) as caught:
        dsl.load(text, **options)
    return caught.value


def test_chat_app_is_read() -> None:
    file = dsl.load(CHAT)
    assert (file.name, file.mode, file.icon, file.icon_type) == ("Helper", "chat", "🤖", "emoji")
    assert (file.version, file.status, file.workflow) == ("0.6.0", "completed", None)
    assert file.model_config is not None
    assert file.model_config["model"]["provider"] == OPENAI
    config = parse(file.model_config)
    assert (config.model.name, config.form[0].variable) == ("gpt-4o-mini", "lang")
    assert config.retriever_resource


def test_workflow_is_kept_as_data_with_full_provider_names() -> None:
    file = dsl.load(WORKFLOW)
    assert (file.status, file.model_config, len(file.dependencies)) == ("completed-with-warnings", None, 1)
    assert file.workflow is not None
    assert file.workflow["features"] == {"file_upload": {"enabled": False}}
    assert file.workflow["graph"]["nodes"][0]["data"]["model"]["provider"] == OPENAI


@pytest.mark.parametrize("prefix", ["", "kind: rag_pipeline\n", "version: ''\n"])
def test_missing_version_and_kind_are_allowed(prefix: str) -> None:
    file = dsl.load(f"{prefix}app: {{mode: chat}}\nmodel_config: {{model: {{provider: openai, name: m}}}}")
    assert (file.version, file.status, file.name) == ("0.1.0", "completed-with-warnings", "")


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("0.6.0", "completed"),
        ("0.6", "completed"),
        ("0.5.9", "completed-with-warnings"),
        ("0.1.0", "completed-with-warnings"),
        ("0.6.1", "pending"),
        ("0.7.0", "pending"),
        ("0.10.0", "pending"),
        ("1.0.0", "pending"),
        ("nonsense", None),
        ("", None),
        ("9" * 100, None),
    ],
)
def test_version_is_compared_in_full_order(version: str, status: str | None) -> None:
    assert dsl.compare(version) == status


def test_lower_patch_is_completed_and_older_major_is_pending() -> None:
    assert dsl.compare("0.6.0", "0.6.2") == "completed"
    assert dsl.compare("0.9.0", "1.0.0") == "pending"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b", "Invalid YAML format: content must be a mapping"),
        ("", "Invalid YAML format: content must be a mapping"),
        ("just text", "Invalid YAML format: content must be a mapping"),
        ("version: 0.6.0", "Missing app data in YAML content"),
        ("app: {}", "Missing app data in YAML content"),
        ("app: text", "Missing app data in YAML content"),
        ("version: 0.1\napp: {mode: chat}", "Invalid version type, expected str, got <class 'float'>"),
        ("version: nonsense\napp: {mode: chat}", ""),
        ("app: {name: x}", "loss app mode"),
        ("app: {mode: odd}", "Invalid app mode: odd"),
        ("app: {mode: workflow}", "Missing workflow data for workflow/advanced chat app"),
        ("app: {mode: advanced_chat}\nworkflow: []", "Missing workflow data for workflow/advanced chat app"),
        ("app: {mode: chat}", "Missing model_config for chat/agent-chat/completion app"),
        ("app: {mode: agent-chat}", "Missing model_config for chat/agent-chat/completion app"),
        ("app: {mode: completion}\nmodel_config: x", "Missing model_config for chat/agent-chat/completion app"),
        ("app: {mode: chat}\nmodel_config: {pre_prompt: x}", "model is required"),
        ("app: {mode: chat}\nmodel_config: {model: {}, agent_mode: []}", "agent_mode must be of object type"),
    ],
)
def test_import_failure_has_its_message(text: str, message: str) -> None:
    assert failure(text).message == message


@pytest.mark.parametrize(
    "text",
    [
        "a: [1",
        "a: b: c",
        "a: *missing",
        "a: &a [*a]",
        "a: !!python/object/apply:os.system [ls]",
        "a: !!timestamp x",
        "a: !!int x",
        "a: !!bool maybe",
        "a: !!int ''",
        "a: !!binary aGk=",
        "a: !!set {b}",
        "a: .inf",
        "a: " + "9" * 5000,
        "? [a]\n: b",
        "a: 1\n---\nb: 2",
        "a: \x01",
        "a: \ud800",
        "\t",
    ],
)
def test_text_that_is_no_plain_yaml_is_an_invalid_format(text: str) -> None:
    assert failure(text).message.startswith("Invalid YAML format: ")


def test_pending_file_is_checked_when_it_is_confirmed() -> None:
    text = "version: 99.0.0\napp: {mode: chat, name: N}"
    file = dsl.load(text)
    assert (file.status, file.version, file.name, file.model_config) == ("pending", "99.0.0", "N", None)
    error = failure(text, confirmed=True)
    assert error.message == "Missing model_config for chat/agent-chat/completion app"
    assert error.version == "99.0.0"
    assert dsl.load(CHAT.replace("0.6.0", "99.0.0"), confirmed=True).model_config is not None


def test_file_beyond_10_mib_is_refused() -> None:
    limit = 10 * 1024 * 1024
    assert failure("é" * (limit // 2 + 1)).message == "File size exceeds the limit of 10MB"
    assert failure("#" * limit).message == "Invalid YAML format: content must be a mapping"


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_deep_nesting_is_refused_before_the_parser_breaks(opening: str) -> None:
    assert "nested deeper than 100 levels" in failure("a: " + opening * 100_000).message


def bomb(template: str) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 12):
        inner = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(template.format(level=level, inner=inner))
    return "\n".join(lines)


@pytest.mark.parametrize("template", ["a{level}: &a{level} [{inner}]", "a{level}: &a{level} {{<<: [{inner}]}}"])
def test_alias_bomb_is_refused_at_once(template: str) -> None:
    started = time.process_time()
    text = bomb(template).replace("[x, x, x, x, x, x, x, x, x]", "{k: v}") if "<<" in template else bomb(template)
    assert "aliases expand to too much data" in failure(text).message
    assert time.process_time() - started < 2


def test_long_text_repeated_by_aliases_is_refused() -> None:
    text = f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 50)}]"
    assert "aliases expand to too much data" in failure(text).message


def test_ordinary_aliases_are_read() -> None:
    text = CHAT + "x: &x {a: 1}\ny: {<<: *x, b: 2}\n"
    assert dsl.load(text).name == "Helper"


def test_values_become_json_values() -> None:
    text = CHAT + '  odd: {2: one, true: yes, null: no, date: 2024-01-01, nul: "a\\0b", big: 99999999999999999999}\n'
    config = dsl.load(text).model_config
    assert config is not None
    assert config["odd"] == {
        "2": "one",
        "true": True,
        "null": False,
        "date": "2024-01-01",
        "nul": "ab",
        "big": float("99999999999999999999"),
    }


def test_app_fields_of_other_types_are_read_as_text() -> None:
    file = dsl.load(CHAT.replace("name: Helper", "name: 123, icon_type: odd").replace("🤖", "[1]"))
    assert (file.name, file.icon, file.icon_type) == ("123", "", "emoji")


@pytest.mark.parametrize(("spelling", "mode"), [("agent_chat", "agent-chat"), ("agent-chat", "agent-chat")])
def test_mode_may_be_spelled_with_underscore(spelling: str, mode: str) -> None:
    assert dsl.load(CHAT.replace("mode: chat, icon", f"mode: {spelling}, icon")).mode == mode


@pytest.mark.parametrize(
    ("mode", "content", "url", "message"),
    [
        ("yaml-url", "x", None, "yaml_url is required when import_mode is yaml-url"),
        ("yaml-content", "", "u", "yaml_content is required when import_mode is yaml-content"),
        ("odd", "x", "u", "Invalid import_mode: odd"),
    ],
)
def test_source_of_an_import_is_checked(mode: str, content: str | None, url: str | None, message: str) -> None:
    with pytest.raises(DslError) as caught:
        dsl.check_source(mode, content, url)
    assert caught.value.message == message
    dsl.check_source("yaml-url", None, "u")
    dsl.check_source("yaml-content", "x", None)


def test_page_of_a_file_is_fetched_in_its_raw_form() -> None:
    page = "https://github.com/o/r/blob/main/a/blob/b.yml"
    assert dsl.raw_address(page) == "https://raw.githubusercontent.com/o/r/main/a/blob/b.yml"
    assert dsl.raw_address("https://x.example/blob/b.yml") == "https://x.example/blob/b.yml"


def test_request_overrides_what_the_file_says() -> None:
    file = dsl.overridden(dsl.load(CHAT), name="Other", icon=None, description="")
    assert (file.name, file.icon, file.description) == ("Other", "🤖", "")


# --- export --------------------------------------------------------------------------


def exported(**fields: Any) -> AppFile:
    file = dsl.load(CHAT)
    return replace(file, model_config=to_console(file.model_config or {}), **fields)


def test_export_is_read_back_as_it_was() -> None:
    file = exported(description="多行\ntext", use_icon_as_answer_icon=True, icon_type="image")
    assert dsl.load(dsl.dump(file)) == file


def test_export_keeps_unicode_and_sorts_keys() -> None:
    text = dsl.dump(exported(name="名字"))
    assert "icon: 🤖\n" in text
    assert "name: 名字\n" in text
    assert text.startswith("app:\n  description: ''\n")
    assert text.endswith("version: 0.6.0\n")
    document = yaml.safe_load(text)
    assert list(document) == ["app", "dependencies", "kind", "model_config", "version"]
    assert list(document["model_config"]) == sorted(document["model_config"])
    assert (document["kind"], document["dependencies"], document["app"]["icon_type"]) == ("app", [], "emoji")


def test_export_has_no_anchors() -> None:
    shared = ["a"]
    file = exported()
    text = dsl.dump(replace(file, model_config={"model": {"x": shared}, "suggested_questions": shared}))
    assert "&" not in text
    assert "*" not in text


def test_export_leaves_out_credentials_of_agent_tools() -> None:
    tool = {"tool_name": "t", "credential_id": "secret-id"}
    config = {"model": {}, "agent_mode": {"enabled": True, "tools": [tool, 5]}}
    text = dsl.dump(replace(exported(), mode="agent-chat", model_config=config))
    assert "credential_id" not in text
    assert tool["credential_id"] == "secret-id"


def test_export_of_a_workflow_has_its_section() -> None:
    file = dsl.load(WORKFLOW)
    document = yaml.safe_load(dsl.dump(file))
    assert document["workflow"] == file.workflow
    assert "model_config" not in document


# --- models --------------------------------------------------------------------------


def test_models_of_a_configuration_are_named_once() -> None:
    config = {
        "model": {"provider": "openai", "name": "g"},
        "suggested_questions_after_answer": {"model": {"provider": OPENAI, "name": "g"}},
        "dataset_configs": {
            "reranking_model": {"reranking_provider_name": "cohere", "reranking_model_name": "rr"},
            "weights": {"vector_setting": {"embedding_provider_name": "openai", "embedding_model_name": "e"}},
        },
    }
    assert dsl.models_named(config) == (
        NamedModel(OPENAI, "g"),
        NamedModel("langgenius/cohere/cohere", "rr", "rerank"),
        NamedModel(OPENAI, "e", "text-embedding"),
    )
    assert dsl.models_named({"model": "x", "dataset_configs": {"reranking_model": {"reranking_model_name": ""}}}) == ()


def test_models_of_a_graph_are_named() -> None:
    assert dsl.models_named(None, dsl.load(WORKFLOW).workflow) == (
        NamedModel(OPENAI, "g"),
        NamedModel("langgenius/gemini/google", "s"),
        NamedModel("langgenius/cohere/cohere", "rr", "rerank"),
    )


def test_default_model_replaces_only_unknown_models_of_its_type() -> None:
    file = dsl.load(WORKFLOW)
    local = NamedModel("transom/local/local", "l")
    changed = dsl.with_default_models(file, {NamedModel(OPENAI, "g")}, {"llm": local})
    assert dsl.models_named(None, changed.workflow) == (
        NamedModel(OPENAI, "g"),
        local,
        NamedModel("langgenius/cohere/cohere", "rr", "rerank"),
    )
    assert dsl.models_named(None, file.workflow)[1].name == "s"
    chat = dsl.with_default_models(dsl.load(CHAT), set(), {"llm": local})
    assert chat.model_config is not None
    assert chat.model_config["model"]["completion_params"] == {"temperature": 0.2, "stop": []}
    assert dsl.models_named(chat.model_config) == (local,)
