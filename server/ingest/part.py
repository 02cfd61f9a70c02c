"""What extraction gives and chunking takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a document that chunks never cross: a page, a slide, a row, a section.

    ``metadata`` says where it is from, as far as the type knows: ``page``, ``slide``, ``row`` (from 1),
    ``sheet``, ``heading``, ``subject``.
    """

    text: str
    metadata: Mapping[str, str | int] = field(default_factory=dict)
