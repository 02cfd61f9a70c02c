"""What a configuration must satisfy to be saved (app-dsl.md section 5, feature-semantics.md 3.6 and 5.1).

``validate`` checks, fills defaults and normalises; every refusal is an invalid_param.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from server.chat.model_config import MAX_STOPS, to_console
from server.kit.errors import invalid_param
from server.kit.ids import is_uuid
from server.kit.plain import clean
from server.llm.names import full_name

KnownModels = Mapping[str, Mapping[str, str]]
"""Language models of the workspace: full provider name -> model name -> mode."""

_VARIABLE = re.compile(r"(?!\d)[\u4e00-\u9fa5A-Za-z0-9_\U0001F300-\U0001F64F\U0001F680-\U0001F6FF]{1,100}")
_FORM_KINDS = ("text-input", "select", "paragraph", "number", "external_data_tool", "checkbox")
_STRATEGIES = ("function_call", "react", "cot", "router", "react_router")
_TOOL_KEYS = ("provider_type", "provider_id", "tool_name", "tool_parameters")
_MODERATION_TYPES = ("keywords", "openai_moderation", "api")
_MAX_PROMPT_MESSAGES = 10
_MAX_KEYWORDS = 10_000
_MAX_KEYWORD_ROWS = 100
_MAX_PRESET = 100

_CHAT_ONLY = ("opening_statement", "suggested_questions", "suggested_questions_after_answer")
_NOT_USED: Mapping[str, tuple[str, ...]] = {
    "chat": ("more_like_this",),
    "agent-chat": ("more_like_this",),
    "completion": _CHAT_ONLY,
}
"""Features without a meaning in a mode (feature-semantics.md section 1): saved at their default."""


def validate(
    document: object,
    mode: str,
    known_models: KnownModels | None = None,
    *,
    extensions: Collection[str] = (),
) -> dict[str, Any]:
    """Check a posted configuration and return the document to store.

    ``known_models`` None skips the check against the workspace's models. ``extensions`` are the
    ids of its API-based extensions. Raises invalid_param with the first problem.
    """
    if not isinstance(document, Mapping):
        raise invalid_param("model_config must be of object type")
    config = _cleaned(document)
    for key in _NOT_USED.get(mode, ()):
        config.pop(key, None)
    _check_model(config, known_models)
    _check_form(config)
    _check_tools(config, extensions)
    _check_uploads(config)
    _check_prompt(config)
    _check_datasets(config, mode)
    _check_agent(config)
    _check_opening(config)
    for key in ("suggested_questions_after_answer", "speech_to_text", "text_to_speech", "more_like_this"):
        config[key] = _switch(config, key)
    config["retriever_resource"] = _switch(config, "retriever_resource")
    config["sensitive_word_avoidance"] = _moderation(config, extensions)
    return to_console(config)


def normalise(document: object) -> dict[str, Any]:
    """Prepare an imported configuration: as it is, cleaned, with full provider names.

    An import keeps what an older version wrote, so only what cannot be read at all is refused.
    A missing retriever_resource stays null, which reads as on. Raises invalid_param.
    """
    if not isinstance(document, Mapping):
        raise invalid_param("model_config must be of object type")
    config = _cleaned(document)
    model = config.get("model")
    if not isinstance(model, dict):
        raise invalid_param("model is required" if model is None else "model must be of object type")
    _expand_provider(model)
    for key, kind in _IMPORT_TYPES.items():
        if config.get(key) is not None and not isinstance(config[key], kind):
            raise invalid_param(f"{key} must be of {_TYPE_NAMES[kind]} type")
    return config


_TYPE_NAMES: Mapping[type, str] = {dict: "object", list: "list", str: "string"}
_IMPORT_TYPES: Mapping[str, type] = {
    **dict.fromkeys(("opening_statement", "pre_prompt", "dataset_query_variable", "prompt_type"), str),
    **dict.fromkeys(("suggested_questions", "user_input_form", "external_data_tools"), list),
    **dict.fromkeys(
        (
            "suggested_questions_after_answer", "speech_to_text", "text_to_speech", "retriever_resource",
            "annotation_reply", "more_like_this", "sensitive_word_avoidance", "agent_mode", "chat_prompt_config",
            "completion_prompt_config", "dataset_configs", "file_upload",
        ),
        dict,
    ),
}  # fmt: skip


def _cleaned(document: Mapping[str, Any]) -> dict[str, Any]:
    try:
        copy: dict[str, Any] = clean(document)
    except ValueError as error:
        raise invalid_param(f"model_config is not valid: {error}") from error
    return copy


def _expand_provider(model: dict[str, Any]) -> None:
    if isinstance(model.get("provider"), str) and model["provider"]:
        model["provider"] = full_name(model["provider"])


# --- model ---------------------------------------------------------------------------


def _check_model(config: dict[str, Any], known: KnownModels | None) -> None:
    if not config.get("model"):
        raise invalid_param("model is required")
    model = _of_type(config, "model", dict)
    _expand_provider(model)
    provider, name = model.get("provider"), model.get("name")
    if not isinstance(provider, str) or not provider or (known is not None and provider not in known):
        raise invalid_param(f"model.provider is required and must be in {sorted(known or ())}")
    if not isinstance(name, str) or not name:
        raise invalid_param("model.name is required")
    if known is not None and name not in known[provider]:
        raise invalid_param("model.name must be in the specified model list")
    if not model.get("mode"):
        model["mode"] = (known or {}).get(provider, {}).get(name) or "chat"
    if model["mode"] not in ("chat", "completion"):
        raise invalid_param("model.mode must be in ['chat', 'completion']")
    _check_parameters(model)


def _check_parameters(model: dict[str, Any]) -> None:
    if model.get("completion_params") is None:
        raise invalid_param("model.completion_params is required")
    if not isinstance(model["completion_params"], dict):
        raise invalid_param("model.completion_params must be of object type")
    stop = model["completion_params"].setdefault("stop", [])
    if not isinstance(stop, list) or not all(isinstance(word, str) for word in stop):
        raise invalid_param("stop in model.completion_params must be of list type")
    if len(stop) > MAX_STOPS:
        raise invalid_param(f"stop sequences in model.completion_params must be at most {MAX_STOPS}")


# --- form, prompts -------------------------------------------------------------------


def _check_form(config: dict[str, Any]) -> None:
    form = config.get("user_input_form") or []
    if not isinstance(form, list) or not all(isinstance(entry, dict) and len(entry) == 1 for entry in form):
        raise invalid_param("user_input_form must be a list of objects")
    seen: set[str] = set()
    for entry in form:
        ((kind, control),) = entry.items()
        _check_control(kind, control)
        if control["variable"] in seen:
            raise invalid_param(f"variable {control['variable']} in user_input_form is duplicated")
        seen.add(control["variable"])
    config["user_input_form"] = form


def _check_control(kind: str, control: Any) -> None:
    if kind not in _FORM_KINDS:
        raise invalid_param(f"Keys in user_input_form list can only be {', '.join(_FORM_KINDS)}")
    if not isinstance(control, dict):
        raise invalid_param("user_input_form must be a list of objects")
    if not control.get("label"):
        raise invalid_param("label is required in user_input_form")
    if not isinstance(control["label"], str):
        raise invalid_param("label in user_input_form must be of string type")
    if not control.get("variable"):
        raise invalid_param("variable is required in user_input_form")
    if not isinstance(control["variable"], str) or not _VARIABLE.fullmatch(control["variable"]):
        raise invalid_param("variable in user_input_form must be a string, and cannot start with a number")
    if not isinstance(control.setdefault("required", False), bool):
        raise invalid_param("required in user_input_form must be of boolean type")
    if kind == "select":
        _check_options(control)


def _check_options(control: dict[str, Any]) -> None:
    options = control.setdefault("options", [])
    if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
        raise invalid_param("options in user_input_form must be a list of strings")
    if control.get("default") and control["default"] not in options:
        raise invalid_param("default value in user_input_form must be in the options list")


def _check_tools(config: dict[str, Any], extensions: Collection[str]) -> None:
    """External data tools, in their list and in the form."""
    tools = config.get("external_data_tools") or []
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise invalid_param("external_data_tools must be of list type")
    for tool in tools:
        if not isinstance(tool.setdefault("enabled", False), bool):
            raise invalid_param("enabled in external_data_tools must be of boolean type")
        if tool["enabled"]:
            _check_tool(tool, extensions)
    controls = (entry.get("external_data_tool") for entry in config["user_input_form"])
    for control in filter(None, controls):
        if control.get("config") is not None and control.get("enabled") is not False:
            _check_tool(control, extensions)
    config["external_data_tools"] = tools


def _check_tool(tool: Mapping[str, Any], extensions: Collection[str]) -> None:
    if not tool.get("type"):
        raise invalid_param("external_data_tools[].type is required")
    if tool["type"] != "api":
        raise invalid_param("external_data_tools[].type must be api")
    if not isinstance(tool.get("variable"), str) or not _VARIABLE.fullmatch(tool["variable"]):
        raise invalid_param("external_data_tools[].variable must be a string, and cannot start with a number")
    settings = tool.get("config")
    if not isinstance(settings, dict):
        raise invalid_param("external_data_tools[].config must be of dict type")
    _check_extension(settings, extensions)


def _check_prompt(config: dict[str, Any]) -> None:
    config["prompt_type"] = config.get("prompt_type") or "simple"
    if config["prompt_type"] not in ("simple", "advanced"):
        raise invalid_param("prompt_type must be in ['simple', 'advanced']")
    for key in ("chat_prompt_config", "completion_prompt_config"):
        config[key] = config.get(key) or {}
        _of_type(config, key, dict)
    config["pre_prompt"] = config.get("pre_prompt") or ""
    _of_type(config, "pre_prompt", str)
    if config["prompt_type"] == "advanced":
        _check_advanced(config)


def _check_advanced(config: dict[str, Any]) -> None:
    chat, completion = config["chat_prompt_config"], config["completion_prompt_config"]
    if not chat and not completion:
        raise invalid_param("chat_prompt_config or completion_prompt_config is required when prompt_type is advanced")
    messages = chat.get("prompt") or []
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise invalid_param("prompt in chat_prompt_config must be a list of objects")
    if config["model"]["mode"] == "chat" and len(messages) > _MAX_PROMPT_MESSAGES:
        raise invalid_param("number of messages must be less than 10")
    if not isinstance(completion.get("prompt") or {}, dict):
        raise invalid_param("prompt in completion_prompt_config must be of object type")


# --- features ------------------------------------------------------------------------


def _of_type(config: dict[str, Any], key: str, kind: type) -> Any:
    if not isinstance(config[key], kind):
        raise invalid_param(f"{key} must be of {_TYPE_NAMES[kind]} type")
    return config[key]


def _switch(config: dict[str, Any], key: str) -> dict[str, Any]:
    """A feature object with an ``enabled`` boolean, off by default."""
    feature = config.get(key) or {}
    if not isinstance(feature, dict):
        raise invalid_param(f"{key} must be of dict type")
    if not isinstance(feature.get("enabled") or False, bool):
        raise invalid_param(f"enabled in {key} must be of boolean type")
    return {**feature, "enabled": bool(feature.get("enabled"))}


def _check_opening(config: dict[str, Any]) -> None:
    config["opening_statement"] = config.get("opening_statement") or ""
    _of_type(config, "opening_statement", str)
    questions = config.get("suggested_questions") or []
    if not isinstance(questions, list):
        raise invalid_param("suggested_questions must be of list type")
    if not all(isinstance(question, str) for question in questions):
        raise invalid_param("Elements in suggested_questions list must be of string type")
    config["suggested_questions"] = questions


def _check_uploads(config: dict[str, Any]) -> None:
    if config.get("file_upload") is None:
        return
    upload = _of_type(config, "file_upload", dict)
    for key in ("allowed_file_types", "allowed_file_extensions", "allowed_file_upload_methods"):
        if upload.get(key) is not None and not isinstance(upload[key], list):
            raise invalid_param(f"{key} in file_upload must be of list type")
    limit = upload.get("number_limits")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise invalid_param("number_limits in file_upload must be a whole number")


def _check_datasets(config: dict[str, Any], mode: str) -> None:
    """Fill dataset settings; which default applies: feature-semantics.md section 7."""
    given = config.get("dataset_configs")
    config["dataset_configs"] = {"retrieval_model": "multiple"} if given is None else given
    settings = _of_type(config, "dataset_configs", dict)
    settings.setdefault("retrieval_model", "single")
    datasets = settings.get("datasets") or {"strategy": "router", "datasets": []}
    if not isinstance(datasets, dict) or not isinstance(datasets.get("datasets") or [], list):
        raise invalid_param("datasets in dataset_configs must be of object type")
    settings["datasets"] = datasets
    config["dataset_query_variable"] = config.get("dataset_query_variable") or ""
    _of_type(config, "dataset_query_variable", str)
    if mode == "completion" and datasets.get("datasets") and not config["dataset_query_variable"]:
        raise invalid_param("Dataset query variable is required when dataset is exist")


def _check_agent(config: dict[str, Any]) -> None:
    config["agent_mode"] = config.get("agent_mode") or {"enabled": False, "tools": []}
    agent = _of_type(config, "agent_mode", dict)
    if not isinstance(agent.setdefault("enabled", False), bool):
        raise invalid_param("enabled in agent_mode must be of boolean type")
    if agent.get("strategy") and agent["strategy"] not in _STRATEGIES:
        raise invalid_param("strategy in agent_mode must be in the specified strategy list")
    tools = agent.setdefault("tools", [])
    if not isinstance(tools, list) or not all(isinstance(tool, dict) and tool for tool in tools):
        raise invalid_param("tools in agent_mode must be a list of objects")
    for tool in tools:
        _check_agent_tool(tool)


def _check_agent_tool(tool: dict[str, Any]) -> None:
    """A tool, or a dataset in the old form ``{dataset: {enabled, id}}``."""
    dataset = tool.get("dataset")
    entry = tool if dataset is None else dataset
    if not isinstance(entry, dict) or not isinstance(entry.setdefault("enabled", False), bool):
        raise invalid_param("enabled in agent_mode.tools must be of boolean type")
    if dataset is not None:
        if not is_uuid(str(dataset.get("id") or "")):
            raise invalid_param("id in dataset must be of UUID type")
        return
    for key in _TOOL_KEYS:
        if key not in tool:
            raise invalid_param(f"{key} is required in agent_mode.tools")


# --- moderation ----------------------------------------------------------------------


def _moderation(config: dict[str, Any], extensions: Collection[str]) -> dict[str, Any]:
    feature = _switch(config, "sensitive_word_avoidance")
    if not feature["enabled"]:
        return {"enabled": False, "type": "", "configs": [], **feature}
    kind = feature.get("type")
    if not kind:
        raise invalid_param("sensitive_word_avoidance.type is required")
    if kind not in _MODERATION_TYPES:
        raise invalid_param(f"sensitive_word_avoidance.type must be in {list(_MODERATION_TYPES)}")
    settings = feature.get("config") or {}
    if not isinstance(settings, dict):
        raise invalid_param("sensitive_word_avoidance.config must be of dict type")
    if kind == "api":
        _check_extension(settings, extensions)
    _check_sides(settings, preset=kind != "api")
    if kind == "keywords":
        _check_keywords(settings.get("keywords"))
    return feature


def _check_extension(settings: Mapping[str, Any], extensions: Collection[str]) -> None:
    extension = settings.get("api_based_extension_id")
    if not extension:
        raise invalid_param("api_based_extension_id is required")
    if not isinstance(extension, str) or extension not in extensions:
        raise invalid_param("API-based Extension not found. Please check it again.")


def _check_keywords(keywords: object) -> None:
    if not isinstance(keywords, str) or not keywords:
        raise invalid_param("keywords is required")
    if len(keywords) > _MAX_KEYWORDS:
        raise invalid_param("keywords length must be less than 10000")
    if keywords.count("\n") >= _MAX_KEYWORD_ROWS:
        raise invalid_param("the number of rows for the keywords must be less than 100")


def _check_sides(settings: Mapping[str, Any], *, preset: bool) -> None:
    """The input and the output side; at least one is on, and each that is on has its answer."""
    sides = {name: settings.get(name) or {} for name in ("inputs_config", "outputs_config")}
    for name, side in sides.items():
        if not isinstance(side, dict):
            raise invalid_param(f"{name} must be of dict type")
    active = {name: side for name, side in sides.items() if side.get("enabled")}
    if not active:
        raise invalid_param("At least one of inputs_config or outputs_config must be enabled")
    for name, side in active.items():
        if preset:
            _check_preset(name, side.get("preset_response"))


def _check_preset(name: str, text: object) -> None:
    if not isinstance(text, str) or not text:
        raise invalid_param(f"{name}.preset_response is required")
    if len(text) > _MAX_PRESET:
        raise invalid_param(f"{name}.preset_response must be less than 100 characters")
