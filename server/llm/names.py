"""Provider ids on the wire and their short forms (app-dsl.md section 5, architecture.md section 5)."""

from __future__ import annotations

GOOGLE = "langgenius/gemini/google"
OPENAI = "langgenius/openai/openai"
OPENAI_COMPATIBLE = "langgenius/openai_api_compatible/openai_api_compatible"
COHERE = "langgenius/cohere/cohere"
JINA = "langgenius/jina/jina"
LOCAL = "transom/local/local"

_SHORT = {"google": GOOGLE, "gemini": GOOGLE, "langgenius/google/google": GOOGLE, "local": LOCAL}


def full_name(provider: str) -> str:
    """The full id of a provider: ``openai`` and ``langgenius/openai`` -> ``langgenius/openai/openai``."""
    name = provider.strip().strip("/")
    if name in _SHORT:
        return _SHORT[name]
    parts = name.split("/")
    if len(parts) == 1:
        return f"langgenius/{name}/{name}"
    if len(parts) == 2:
        return _SHORT.get(parts[1], f"{name}/{parts[1]}")
    return name
