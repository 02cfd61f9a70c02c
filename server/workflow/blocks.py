"""What a new node begins with in an editor (console-api.md section 8)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

_ROLES = {"user_prefix": "Human", "assistant_prefix": "Assistant"}
_PYTHON = '\ndef main(arg1: str, arg2: str):\n    return {\n        "result": arg1 + arg2,\n    }\n'
_JAVASCRIPT = "\nfunction main({arg1, arg2}) {\n    return {\n        result: arg1 + arg2\n    }\n}\n"
_ARGUMENTS = [{"variable": "arg1", "value_selector": []}, {"variable": "arg2", "value_selector": []}]
_CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "llm": {
        "prompt_templates": {
            "chat_model": {
                "prompts": [{"role": "system", "text": "You are a helpful AI assistant.", "edition_type": "basic"}],
            },
            "completion_model": {
                "conversation_histories_role": _ROLES,
                "prompt": {"text": "{{#histories#}}\n\nHuman: {{#sys.query#}}\n\nAssistant:", "edition_type": "basic"},
                "stop": ["Human:"],
            },
        },
    },
    "code": {
        "variables": _ARGUMENTS, "code_language": "python3", "code": _PYTHON,
        "outputs": {"result": {"type": "string", "children": None}},
    },
    "template-transform": {"variables": _ARGUMENTS[:1], "template": "{{ arg1 }}"},
    "question-classifier": {"instructions": ""},
    "http-request": {
        "method": "get", "authorization": {"type": "no-auth"}, "body": {"type": "none"},
        "timeout": {
            "connect": 10, "read": 600, "write": 600, "max_connect_timeout": 10, "max_read_timeout": 600,
            "max_write_timeout": 600,
        },
        "retry_config": {"max_retries": 3, "retry_interval": 100, "retry_enabled": True},
    },
    "parameter-extractor": {
        "model": {
            "prompt_templates": {
                "completion_model": {"conversation_histories_role": _ROLES, "stop": ["Human:"]},
            },
        },
    },
    "iteration": {
        "is_parallel": False, "parallel_nums": 10, "error_handle_mode": "terminated", "flatten_output": True,
    },
    "list-operator": {
        "filter_by": {"enabled": False, "conditions": []}, "order_by": {"enabled": False},
        "limit": {"enabled": False, "size": 10}, "extract_by": {"enabled": False, "serial": "1"},
    },
}  # fmt: skip


def block_configs() -> list[dict[str, Any]]:
    """{type, config} of every type that has defaults."""
    return [{"type": kind, "config": copy.deepcopy(dict(config))} for kind, config in _CONFIGS.items()]


def block_config(kind: str, filters: Mapping[str, Any]) -> dict[str, Any] | None:
    """{type, config} of a type; None when it has no defaults."""
    config = _CONFIGS.get(kind)
    if config is None:
        return None
    found = copy.deepcopy(dict(config))
    if kind == "code" and filters.get("code_language") == "javascript":
        found |= {"code_language": "javascript", "code": _JAVASCRIPT}
    return {"type": kind, "config": found}
