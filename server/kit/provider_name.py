"""Names of model providers (architecture.md section 5, app-dsl.md section 5)."""

from __future__ import annotations

import re

LOCAL = "transom/local/local"

_BARE = re.compile(r"[a-z0-9_-]+")
_SPECIAL = {
    "google": "langgenius/gemini/google",
    "gemini": "langgenius/gemini/google",
    "local": LOCAL,
}


def full_provider_name(name: str) -> str:
    """Expand a short provider name: ``openai`` is ``langgenius/openai/openai``.

    A name that is neither bare nor full is returned as it is, for the caller to refuse.
    """
    name = name.strip()
    if name in _SPECIAL:
        return _SPECIAL[name]
    return f"langgenius/{name}/{name}" if _BARE.fullmatch(name) else name
