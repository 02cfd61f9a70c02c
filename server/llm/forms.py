"""Credential forms of the providers (console-api.md section 10, shape ``credential form``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from server.kit.errors import invalid_param

Field = dict[str, object]


def _field(
    variable: str,
    label: str,
    label_zh: str,
    kind: str,
    *,
    required: bool = False,
    default: str | None = None,
    placeholder: str = "",
    options: Sequence[tuple[str, str]] = (),
    on: str = "",
) -> Field:
    return {
        "variable": variable,
        "label": {"en_US": label, "zh_Hans": label_zh},
        "type": kind,
        "required": required,
        "default": default,
        "options": [
            {"label": {"en_US": text, "zh_Hans": text}, "value": value, "show_on": []} for value, text in options
        ],
        "placeholder": {"en_US": placeholder, "zh_Hans": placeholder} if placeholder else None,
        "max_length": 0,
        "show_on": [{"variable": "__model_type", "value": on}] if on else [],
    }


def secret(variable: str, label: str, label_zh: str, *, required: bool = True) -> Field:
    """A field that is stored sealed and shown obfuscated."""
    return _field(variable, label, label_zh, "secret-input", required=required, placeholder=f"Enter your {label}")


def text(
    variable: str,
    label: str,
    label_zh: str,
    *,
    required: bool = False,
    default: str | None = None,
    placeholder: str = "",
    on: str = "",
) -> Field:
    """A plain text field."""
    return _field(
        variable, label, label_zh, "text-input", required=required, default=default, placeholder=placeholder, on=on
    )


def select(
    variable: str, label: str, label_zh: str, options: Sequence[tuple[str, str]], *, default: str, on: str = ""
) -> Field:
    """A choice of ``(value, shown text)``."""
    return _field(variable, label, label_zh, "select", options=options, default=default, on=on)


_SUPPORT = (("support", "Support"), ("no_support", "Not Support"))

GOOGLE_FORM = (
    secret("google_api_key", "API Key", "API Key"),
    text("google_base_url", "API Base URL", "API Base URL", placeholder="https://generativelanguage.googleapis.com"),
    text("api_version", "API version", "API 版本", placeholder="v1, v1beta"),
)

OPENAI_FORM = (
    secret("openai_api_key", "API Key", "API Key"),
    text("openai_organization", "Organization", "组织 ID", placeholder="Enter your Organization ID"),
    text("openai_api_base", "API Base", "API Base", placeholder="https://api.openai.com"),
)

COHERE_FORM = (
    secret("api_key", "API Key", "API Key"),
    text("base_url", "API Base", "API Base", placeholder="https://api.cohere.com/v2"),
)

JINA_FORM = (
    secret("api_key", "API Key", "API Key"),
    text("base_url", "API Base", "API Base", placeholder="https://api.jina.ai/v1"),
)

COMPATIBLE_FORM = (
    text("display_name", "Model display name", "模型显示名称"),
    secret("api_key", "API Key", "API Key", required=False),
    text(
        "endpoint_url", "API endpoint URL", "API endpoint URL", required=True, placeholder="https://api.example.com/v1"
    ),
    text("endpoint_model_name", "model name for API endpoint", "API endpoint 中的模型名称"),
    select(
        "mode",
        "Completion mode",
        "对话类型",
        (("chat", "Chat"), ("completion", "Completion")),
        default="chat",
        on="llm",
    ),
    text("context_size", "Model context size", "模型上下文长度", required=True, default="4096"),
    text("max_tokens_to_sample", "Upper bound for max tokens", "最大 token 上限", default="4096", on="llm"),
    text("voices", "Available voices (comma-separated)", "可用声音（用英文逗号分隔）", default="alloy", on="tts"),
    text("max_chunks", "Model max chunks per batch", "每批的最大分块数", default="16", on="text-embedding"),
    select(
        "encoding_format",
        "Encoding of vectors",
        "向量编码",
        (("float", "float"), ("base64", "base64")),
        default="float",
        on="text-embedding",
    ),
    select(
        "token_param_name",
        "Token parameter name",
        "token 参数名",
        (("auto", "Auto"), ("max_tokens", "max_tokens"), ("max_completion_tokens", "max_completion_tokens")),
        default="auto",
        on="llm",
    ),
    select(
        "stream_include_usage",
        "Include usage in stream",
        "流式中包含用量",
        (("enabled", "Enabled"), ("disabled", "Disabled")),
        default="enabled",
        on="llm",
    ),
    select("user_identity_support", "User identity support", "用户标识支持", _SUPPORT, default="support", on="llm"),
    select(
        "function_calling_type",
        "Function calling",
        "函数调用",
        (("function_call", "Function Call"), ("tool_call", "Tool Call"), ("no_call", "Not Support")),
        default="no_call",
        on="llm",
    ),
    select(
        "stream_function_calling",
        "Stream function calling",
        "流式函数调用",
        (("supported", "Support"), ("not_supported", "Not Support")),
        default="not_supported",
        on="llm",
    ),
    select("vision_support", "Vision Support", "视觉支持", _SUPPORT, default="no_support", on="llm"),
    select("document_support", "Document Support", "文档支持", _SUPPORT, default="no_support", on="llm"),
    select("audio_support", "Audio Support", "音频支持", _SUPPORT, default="no_support", on="llm"),
    select(
        "structured_output_support",
        "Structured Output",
        "结构化输出",
        (("supported", "Support"), ("not_supported", "Not Support")),
        default="not_supported",
        on="llm",
    ),
    text(
        "stream_mode_delimiter", "Delimiter for streaming results", "流模式返回结果的分隔符", default="\\n\\n", on="llm"
    ),
)


def shown(field: Mapping[str, object], model_type: str) -> bool:
    """Whether a field belongs to the form of this model type."""
    conditions = field["show_on"]
    return not conditions or any(item["value"] == model_type for item in conditions)  # type: ignore[attr-defined]


def checked_form(
    form: Sequence[Mapping[str, object]], credentials: Mapping[str, object], model_type: str = ""
) -> dict[str, str]:
    """The filled form: known fields only, defaults applied.

    Raises ``invalid_param`` naming the field that is missing, no text, or no option.
    """
    filled: dict[str, str] = {}
    for field in form:
        if not shown(field, model_type):
            continue
        name = str(field["variable"])
        value = credentials.get(name)
        if value is None or value == "":
            if field["default"] is not None:
                filled[name] = str(field["default"])
            elif field["required"]:
                raise invalid_param(f"Variable {name} is required")
            continue
        filled[name] = _text(name, value, field)
    return filled


def _text(name: str, value: object, field: Mapping[str, object]) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise invalid_param(f"Variable {name} should be string")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    words = str(value).strip()
    allowed = [item["value"] for item in field["options"]]  # type: ignore[attr-defined]
    if allowed and words not in allowed:
        raise invalid_param(f"Variable {name} is not in options")
    return words


def secret_names(form: Sequence[Mapping[str, object]]) -> frozenset[str]:
    """Names of the fields that hold secrets."""
    return frozenset(str(field["variable"]) for field in form if field["type"] == "secret-input")
