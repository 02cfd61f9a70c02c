"""Values of variables: plain Python values and files (workflow-engine.md 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Selector = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file as a value. Its attributes can be selected by the names of workflow-engine.md 1.2.

    ``id`` is the uploaded or produced file in our store, empty for a remote one, which has a ``remote_url``.
    """

    type: str
    transfer_method: str
    name: str = ""
    extension: str = ""
    mime_type: str = ""
    size: int = -1
    id: str = ""
    remote_url: str = ""
    url: str = ""
    belongs_to: str = "user"
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def related_id(self) -> str:
        """The id under its selectable name."""
        return self.id
