"""What a configuration must satisfy to be saved, and its messages."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from server.chat.model_rules import normalise, validate
from server.kit.errors import AppError, Reason

OPENAI = "langgenius/openai/openai"
KNOWN = {OPENAI: {"m": "chat", "old": "completion"}, "transom/local/local": {"l": "chat"}}
MODEL = {"provider": OPENAI, "name": "m", "mode": "chat", "completion_params": {}}


def saved(mode: str = "chat", **keys: Any) -> dict[str, Any]:
    return validate({"model": copy.deepcopy(MODEL), **keys}, mode, KNOWN)


def refusal(mode: str = "chat", extensions: Any = (), **keys: Any) -> str:
    with pytest.raises(AppError) as caught:
        validate({"model": copy.deepcopy(MODEL), **keys}, mode, KNOWN, extensions=extensions)
    assert caught.value.reason is Reason.INVALID_PARAM
    return caught.value.message or ""


def control(kind: str = "text-input", **keys: Any) -> dict[str, Any]:
    return {"user_input_form": [{kind: {"label": "L", "variable": "v", **keys}}]}


def moderation(kind: str | None, **config: Any) -> dict[str, Any]:
    return {"sensitive_word_avoidance": {"enabled": True, "type": kind, "config": config}}


def data_tool(**keys: Any) -> dict[str, Any]:
    config = {"api_based_extension_id": "e1"}
    return {"enabled": True, "type": "api", "variable": "w", "config": config, **keys}


KINDS = "text-input, select, paragraph, number, external_data_tool, checkbox"
PRESET = {"enabled": True, "preset_response": "no"}


def test_minimal_document_is_filled_with_defaults() -> None:
    document = saved()
    assert document["model"]["completion_params"] == {"stop": []}
    assert document["retriever_resource"] == {"enabled": False}
    assert document["dataset_configs"]["retrieval_model"] == "multiple"
    assert document["dataset_configs"]["datasets"] == {"strategy": "router", "datasets": []}
    assert document["agent_mode"] == {"enabled": False, "tools": []}
    assert document["opening_statement"] == ""
    assert document["prompt_type"] == "simple"
    assert document["sensitive_word_avoidance"] == {"enabled": False, "type": "", "configs": []}


def test_document_given_is_not_changed() -> None:
    given = {"model": copy.deepcopy(MODEL), **control()}
    before = copy.deepcopy(given)
    validate(given, "chat", KNOWN)
    assert given == before


def test_dataset_settings_without_retrieval_model_are_single() -> None:
    assert saved(dataset_configs={})["dataset_configs"]["retrieval_model"] == "single"
    assert saved(dataset_configs={"top_k": 2})["dataset_configs"]["top_k"] == 2


def test_features_a_mode_does_not_have_are_saved_as_default() -> None:
    assert saved(more_like_this={"enabled": True})["more_like_this"] == {"enabled": False}
    assert saved("completion", more_like_this={"enabled": True})["more_like_this"] == {"enabled": True}
    completion = saved("completion", opening_statement="Hi", suggested_questions=["a"])
    assert (completion["opening_statement"], completion["suggested_questions"]) == ("", [])


def test_feature_settings_are_kept_beside_the_switch() -> None:
    speech = {"enabled": True, "voice": "v", "language": "en", "autoPlay": "enabled"}
    assert saved(text_to_speech=speech)["text_to_speech"] == speech


def test_short_provider_name_is_expanded() -> None:
    document = saved(model={"provider": "openai", "name": "m", "completion_params": {"stop": ["a"]}})
    assert document["model"]["provider"] == OPENAI


def test_missing_model_mode_comes_from_the_model_list() -> None:
    document = saved(model={"provider": OPENAI, "name": "old", "completion_params": {}})
    assert document["model"]["mode"] == "completion"


def test_unknown_models_pass_without_a_model_list() -> None:
    document = validate({"model": {"provider": "x", "name": "y", "completion_params": {}}}, "chat", None)
    assert document["model"] == {
        "provider": "langgenius/x/x", "name": "y", "completion_params": {"stop": []}, "mode": "chat",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (None, "model is required"),
        ({}, "model is required"),
        ("x", "model must be of object type"),
        ({"name": "m"}, f"model.provider is required and must be in {sorted(KNOWN)}"),
        ({"provider": "nobody"}, f"model.provider is required and must be in {sorted(KNOWN)}"),
        ({"provider": {}}, f"model.provider is required and must be in {sorted(KNOWN)}"),
        ({"provider": OPENAI}, "model.name is required"),
        ({"provider": OPENAI, "name": "z"}, "model.name must be in the specified model list"),
        (MODEL | {"mode": ["chat"]}, "model.mode must be in ['chat', 'completion']"),
        (MODEL | {"mode": "x"}, "model.mode must be in ['chat', 'completion']"),
        (MODEL | {"completion_params": None}, "model.completion_params is required"),
        (MODEL | {"completion_params": []}, "model.completion_params must be of object type"),
        (MODEL | {"completion_params": {"stop": "a"}}, "stop in model.completion_params must be of list type"),
        (MODEL | {"completion_params": {"stop": list("abcde")}}, "stop sequences in model.completion_params"),
    ],
)
def test_bad_model_is_refused(model: Any, message: str) -> None:
    assert refusal(model=model).startswith(message)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"user_input_form": "x"}, "user_input_form must be a list of objects"),
        ({"user_input_form": [1]}, "user_input_form must be a list of objects"),
        ({"user_input_form": [{}]}, "user_input_form must be a list of objects"),
        ({"user_input_form": [{"text-input": "x"}]}, "user_input_form must be a list of objects"),
        (
            {"user_input_form": [{"file": {}}]},
            f"Keys in user_input_form list can only be {KINDS}",
        ),
        (control(label=""), "label is required in user_input_form"),
        (control(label=3), "label in user_input_form must be of string type"),
        (control(variable=""), "variable is required in user_input_form"),
        (control(variable="1a"), "variable in user_input_form must be a string, and cannot start with a number"),
        (control(variable="a b"), "variable in user_input_form must be a string, and cannot start with a number"),
        (control(variable=7), "variable in user_input_form must be a string, and cannot start with a number"),
        (control(variable="a" * 101), "variable in user_input_form must be a string, and cannot start with a number"),
        (control(required="yes"), "required in user_input_form must be of boolean type"),
        (control("select", options="ab"), "options in user_input_form must be a list of strings"),
        (control("select", options=[1]), "options in user_input_form must be a list of strings"),
        (
            control("select", options=["a"], default="b"),
            "default value in user_input_form must be in the options list",
        ),
        (
            {"user_input_form": control()["user_input_form"] * 2},
            "variable v in user_input_form is duplicated",
        ),
    ],
)
def test_bad_form_is_refused(keys: dict[str, Any], message: str) -> None:
    assert refusal(**keys) == message


@pytest.mark.parametrize("variable", ["_a", "名字", "🚀go", "a1", "a" * 100])
def test_good_variable_names_pass(variable: str) -> None:
    assert saved(**control(variable=variable))["user_input_form"][0]["text-input"]["variable"] == variable


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"opening_statement": 5}, "opening_statement must be of string type"),
        ({"suggested_questions": "q"}, "suggested_questions must be of list type"),
        ({"suggested_questions": [1]}, "Elements in suggested_questions list must be of string type"),
        ({"speech_to_text": "x"}, "speech_to_text must be of dict type"),
        ({"speech_to_text": {"enabled": "x"}}, "enabled in speech_to_text must be of boolean type"),
        ({"retriever_resource": {"enabled": 1}}, "enabled in retriever_resource must be of boolean type"),
        ({"prompt_type": "odd"}, "prompt_type must be in ['simple', 'advanced']"),
        ({"prompt_type": ["x"]}, "prompt_type must be in ['simple', 'advanced']"),
        ({"pre_prompt": ["x"]}, "pre_prompt must be of string type"),
        ({"chat_prompt_config": "x"}, "chat_prompt_config must be of object type"),
        (
            {"prompt_type": "advanced"},
            "chat_prompt_config or completion_prompt_config is required when prompt_type is advanced",
        ),
        (
            {"prompt_type": "advanced", "chat_prompt_config": {"prompt": [{"role": "user", "text": "a"}] * 11}},
            "number of messages must be less than 10",
        ),
        ({"file_upload": []}, "file_upload must be of object type"),
        ({"file_upload": {"number_limits": "3"}}, "number_limits in file_upload must be a whole number"),
        (
            {"file_upload": {"allowed_file_types": "image"}},
            "allowed_file_types in file_upload must be of list type",
        ),
        ({"dataset_configs": [1]}, "dataset_configs must be of object type"),
        ({"dataset_configs": {"datasets": [1]}}, "datasets in dataset_configs must be of object type"),
        ({"agent_mode": [1]}, "agent_mode must be of object type"),
        ({"agent_mode": {"enabled": 1}}, "enabled in agent_mode must be of boolean type"),
        ({"agent_mode": {"strategy": "odd"}}, "strategy in agent_mode must be in the specified strategy list"),
        ({"agent_mode": {"tools": {}}}, "tools in agent_mode must be a list of objects"),
        ({"agent_mode": {"tools": [{"enabled": 1}]}}, "enabled in agent_mode.tools must be of boolean type"),
        ({"agent_mode": {"tools": [{"enabled": True}]}}, "provider_type is required in agent_mode.tools"),
        ({"agent_mode": {"tools": [{"dataset": {"id": "x"}}]}}, "id in dataset must be of UUID type"),
        ({"external_data_tools": "x"}, "external_data_tools must be of list type"),
        ({"external_data_tools": [{"enabled": True}]}, "external_data_tools[].type is required"),
        ({"external_data_tools": [{"enabled": 1}]}, "enabled in external_data_tools must be of boolean type"),
        ({"external_data_tools": [data_tool(type="odd")]}, "external_data_tools[].type must be api"),
        (
            {"external_data_tools": [data_tool(variable="1a")]},
            "external_data_tools[].variable must be a string, and cannot start with a number",
        ),
        ({"external_data_tools": [data_tool(config=None)]}, "external_data_tools[].config must be of dict type"),
        ({"external_data_tools": [data_tool(config={})]}, "api_based_extension_id is required"),
        (
            {"user_input_form": [{"external_data_tool": {"label": "w", **data_tool()}}]},
            "API-based Extension not found. Please check it again.",
        ),
    ],
)
def test_bad_feature_is_refused(keys: dict[str, Any], message: str) -> None:
    assert refusal(**keys) == message


def test_completion_app_with_datasets_needs_a_query_variable() -> None:
    datasets = {"datasets": {"datasets": [{"dataset": {"id": "x", "enabled": True}}]}}
    message = "Dataset query variable is required when dataset is exist"
    assert refusal("completion", dataset_configs=datasets) == message
    assert saved("completion", dataset_configs=datasets, dataset_query_variable="q")
    assert saved("chat", dataset_configs=datasets)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (moderation(None), "sensitive_word_avoidance.type is required"),
        (moderation("odd"), "sensitive_word_avoidance.type must be in"),
        (moderation("keywords"), "At least one of inputs_config or outputs_config must be enabled"),
        (moderation("keywords", inputs_config={"enabled": True}), "inputs_config.preset_response is required"),
        (
            moderation("keywords", outputs_config={"enabled": True, "preset_response": "x" * 101}),
            "outputs_config.preset_response must be less than 100 characters",
        ),
        (moderation("keywords", inputs_config=PRESET), "keywords is required"),
        (
            moderation("keywords", inputs_config=PRESET, keywords="x" * 10001),
            "keywords length must be less than 10000",
        ),
        (
            moderation("keywords", inputs_config=PRESET, keywords="\n" * 100),
            "the number of rows for the keywords must be less than 100",
        ),
        (moderation("api"), "api_based_extension_id is required"),
        (moderation("api", api_based_extension_id="e2"), "API-based Extension not found. Please check it again."),
        (moderation("api", api_based_extension_id={}), "api_based_extension_id is required"),
        (
            moderation("api", api_based_extension_id="e1"),
            "At least one of inputs_config or outputs_config must be enabled",
        ),
        (moderation("openai_moderation", inputs_config="x"), "inputs_config must be of dict type"),
    ],
)
def test_bad_moderation_is_refused(keys: dict[str, Any], message: str) -> None:
    assert refusal(extensions={"e1"}, **keys).startswith(message)


def test_data_tools_are_kept_when_they_are_off_or_their_extension_is_known() -> None:
    off, on = {"enabled": False, "type": "old"}, data_tool()
    document = validate({"model": copy.deepcopy(MODEL), "external_data_tools": [off, on]}, "chat", KNOWN, extensions={"e1"})
    assert document["external_data_tools"] == [off, on]


def test_good_moderation_is_kept() -> None:
    keys = moderation("keywords", inputs_config=PRESET, keywords="a\nb")
    assert saved(**keys)["sensitive_word_avoidance"] == keys["sensitive_word_avoidance"]


@pytest.mark.parametrize("document", [None, [], "x"])
def test_document_that_is_no_object_is_refused(document: Any) -> None:
    for check in (lambda: validate(document, "chat", KNOWN), lambda: normalise(document)):
        with pytest.raises(AppError, match="model_config must be of object type"):
            check()


def test_numbers_json_cannot_carry_are_refused() -> None:
    assert refusal(pre_prompt="a", dataset_configs={"top_k": float("nan")}).startswith("model_config is not valid")


def test_import_keeps_what_is_there_and_what_is_missing() -> None:
    given = {"model": {"provider": "openai", "name": "gone"}, "retriever_resource": None, "odd\x00": "a\x00"}
    assert normalise(given) == {
        "model": {"provider": OPENAI, "name": "gone"}, "retriever_resource": None, "odd": "a",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "model is required"),
        ({"model": []}, "model must be of object type"),
        ({"model": {}, "agent_mode": []}, "agent_mode must be of object type"),
        ({"model": {}, "user_input_form": {}}, "user_input_form must be of list type"),
        ({"model": {}, "pre_prompt": 5}, "pre_prompt must be of string type"),
    ],
)
def test_import_that_cannot_be_read_is_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(AppError) as caught:
        normalise(document)
    assert caught.value.message == message
