"""Parameter rules of models (console-api.md section 10, shape ``parameter rule``) and their check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.kit.errors import invalid_param

Rule = Mapping[str, object]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "string": (str,),
    "text": (str,),
    "boolean": (bool,),
}


def rule(
    name: str,
    label: str,
    label_zh: str,
    kind: str,
    help_text: str,
    *,
    default: object = None,
    low: float | None = None,
    high: float | None = None,
    precision: int | None = None,
    options: Sequence[str] = (),
    template: str | None = None,
) -> dict[str, object]:
    """One rule in the console's shape."""
    return {
        "name": name,
        "use_template": template,
        "label": {"en_US": label, "zh_Hans": label_zh},
        "type": kind,
        "help": {"en_US": help_text, "zh_Hans": help_text},
        "required": False,
        "default": default,
        "min": low,
        "max": high,
        "precision": precision,
        "options": list(options),
    }


def temperature(default: float = 1.0, high: float = 2.0) -> dict[str, object]:
    """``temperature``: higher is more random."""
    return rule(
        "temperature", "Temperature", "温度", "float", "Higher values make the answer more random.",
        default=default, low=0.0, high=high, precision=2, template="temperature",
    )  # fmt: skip


def top_p(default: float = 1.0) -> dict[str, object]:
    """``top_p``: share of probability that is sampled from."""
    return rule(
        "top_p", "Top P", "Top P", "float", "Only tokens within this share of probability are sampled.",
        default=default, low=0.0, high=1.0, precision=2, template="top_p",
    )  # fmt: skip


def top_k() -> dict[str, object]:
    """``top_k``: number of likeliest tokens that are sampled from."""
    return rule("top_k", "Top K", "取样数量", "int", "Only the k likeliest tokens are sampled.", low=1, high=100)


def penalty(name: str, label: str, label_zh: str) -> dict[str, object]:
    """``presence_penalty`` or ``frequency_penalty``."""
    return rule(
        name, label, label_zh, "float", "Positive values make repetition less likely.",
        default=0.0, low=-2.0, high=2.0, precision=2, template=name,
    )  # fmt: skip


def max_tokens(high: int, *, default: int | None = None, name: str = "max_tokens") -> dict[str, object]:
    """Upper limit of the answer's length."""
    return rule(
        name, "Max Tokens", "最大标记", "int", "Upper limit of tokens in the answer.",
        default=default, low=1, high=high, precision=0, template="max_tokens",
    )  # fmt: skip


def response_format(options: Sequence[str] = ("text", "json_object", "json_schema")) -> dict[str, object]:
    """``response_format``: what the answer must be."""
    return rule(
        "response_format", "Response Format", "回复格式", "string", "Form the answer must have.", options=options
    )


def json_schema() -> dict[str, object]:
    """``json_schema``: JSON text of the schema the answer must fit."""
    return rule(
        "json_schema", "JSON Schema", "JSON Schema", "text", "Schema the answer must fit.", template="json_schema"
    )


def choice(
    name: str, label: str, label_zh: str, options: Sequence[str], default: str | None = None
) -> dict[str, object]:
    """A parameter with a fixed set of values."""
    return rule(name, label, label_zh, "string", label + ".", options=options, default=default)


def switch(name: str, label: str, label_zh: str) -> dict[str, object]:
    """A parameter that is on or off."""
    return rule(name, label, label_zh, "boolean", label + ".", default=False)


def checked(rules: Sequence[Rule], given: Mapping[str, object]) -> dict[str, Any]:
    """The given parameters a model knows, checked. Unknown ones and nulls are dropped.

    Raises ``invalid_param`` with Dify's texts for a wrong type, range or option.
    """
    result: dict[str, Any] = {}
    for item in rules:
        name = str(item["name"])
        value = given.get(name)
        if value is None and item["use_template"]:
            value = given.get(str(item["use_template"]))
        if value is not None:
            result[name] = _valid(item, name, value)
    return result


def _valid(item: Rule, name: str, value: object) -> object:
    kind = str(item["type"])
    if kind == "int" and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        raise invalid_param(f"Model Parameter {name} should be {kind}.")
    low, high, options = item["min"], item["max"], item["options"]
    if isinstance(value, (int, float)) and isinstance(low, (int, float)) and value < low:
        raise invalid_param(f"Model Parameter {name} should be greater than or equal to {low}.")
    if isinstance(value, (int, float)) and isinstance(high, (int, float)) and value > high:
        raise invalid_param(f"Model Parameter {name} should be less than or equal to {high}.")
    if isinstance(options, list) and options and value not in options:
        raise invalid_param(f"Model Parameter {name} should be one of {options}.")
    return value
