"""Prompt templates: placeholders and what must not survive in a final text (feature-semantics.md 6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NAME = r"[a-zA-Z_][a-zA-Z0-9_]{0,29}"
_PLACEHOLDER = re.compile(r"\{\{(" + _NAME + r"|#histories#|#query#|#context#)\}\}")


def render(template: str, values: Mapping[str, str]) -> str:
    """Fill placeholders in one pass. Unknown ones stay as written; values are never expanded again.

    Special placeholders are named with their marks: ``{"#context#": "..."}``.
    """
    if "{{" not in template:
        return remove_marks(template)

    def fill(match: re.Match[str]) -> str:
        value = values.get(match[1])
        return match[0] if value is None else defuse(value)

    return remove_marks(_PLACEHOLDER.sub(fill, template))


def as_values(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Inputs in their text form: Python's string conversion, so true is ``True`` and null ``None`` (5.3)."""
    return {name: value if isinstance(value, str) else str(value) for name, value in inputs.items()}


def defuse(text: str) -> str:
    """Turn ``{{x}}`` into ``{x}``, so that text from outside is no placeholder for anyone."""
    return _PLACEHOLDER.sub(r"{\1}", text) if "{{" in text else text


def remove_marks(text: str) -> str:
    """Remove ``<|...|>`` within a line: models take it for a control token. Linear in the text."""
    if "<|" not in text or "|>" not in text:
        return text
    return "\n".join(_remove_marks_of_line(line) if "<|" in line else line for line in text.split("\n"))


def _remove_marks_of_line(line: str) -> str:
    kept, done = [], 0
    start = line.find("<|")
    while start >= 0:
        end = line.find("|>", start + 2)
        if end < 0:
            break
        kept.append(line[done:start])
        done = end + 2
        start = line.find("<|", done)
    return "".join((*kept, line[done:]))


def stored_answer(text: str) -> str:
    """The form in which an answer is stored: trimmed and defused (feature-semantics.md section 2)."""
    return defuse(text.strip())


def introduction(opening_statement: str, inputs: Mapping[str, Any]) -> str:
    """A new conversation's introduction: the opening statement with its inputs (3.1); null is left empty."""
    return render(opening_statement, as_values({name: "" if v is None else v for name, v in inputs.items()}))
