"""Text with references: ``{{#node.name#}}`` (workflow-engine.md 1.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from server.engine import values
from server.engine.values import Selector

_REFERENCE = re.compile(r"\{\{#([A-Za-z0-9_]{1,50}(?:\.[A-Za-z0-9_]{1,30}){1,10})#\}\}")
# Texts that come out of a run are templates too: only short ones are worth keeping.
_KEPT, _LONG = 2048, 4096

# A piece of literal text or a reference.
Part = str | Selector
# Finds the value of a selector: whether it was ever written, and what.
Find = Callable[[Sequence[str]], tuple[bool, Any]]


def parse(template: str) -> tuple[Part, ...]:
    """Literal pieces and selectors of a template, in order, without empty pieces."""
    return _parse(template) if len(template) > _LONG else _parse_once(template)


def _parse(template: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    for position, piece in enumerate(_REFERENCE.split(template)):
        if position % 2:
            parts.append(tuple(piece.split(".")))
        elif piece:
            parts.append(piece)
    return tuple(parts)


_parse_once = lru_cache(maxsize=_KEPT)(_parse)


def references(template: str) -> list[Selector]:
    """Selectors of the references in a template, in order, with repetitions."""
    return [part for part in parse(template) if not isinstance(part, str)] if "{{#" in template else []


def render(template: str, find: Find) -> str:
    """The template with its references in text form."""
    return _render(template, find, values.text)


def render_markdown(template: str, find: Find) -> str:
    """The template with its references in markdown form."""
    return _render(template, find, values.markdown)


def _render(template: str, find: Find, form: Callable[[Any], str]) -> str:
    if "{{#" not in template:
        return template
    pieces: list[str] = []
    for part in parse(template):
        if isinstance(part, str):
            pieces.append(part)
            continue
        known, value = find(part)
        pieces.append(form(value) if known else ".".join(part))
    return "".join(pieces)
