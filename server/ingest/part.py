"""What extraction gives and chunking takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a document that chunks never cross: a page, a slide, a row, a section.

    ``metadata`` says where it is from, as far as the type knows: ``page``, ``slide``, ``row`` (from 1),
    ``sheet``, ``heading``, ``subject``.
    """

    text: str
    metadata: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a document. Texts that come after it say by ``mark`` where it stands."""

    name: str
    extension: str
    data: bytes

    @classmethod
    def of(cls, extension: str, data: bytes) -> Picture:
        """Named by what it shows, so that one that comes on every page is one."""
        return cls(sha256(data).hexdigest(), extension, data)

    @property
    def mark(self) -> str:
        """What stands for it in a text until it has a link."""
        return f"\ufdd0{self.name}\ufdd1"
