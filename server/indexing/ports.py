"""What indexing needs of the rest, as it sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from server.index.port import Vector

# A prompt in, an answer out: the workspace's default model, not streamed.
Ask = Callable[[str, str, str], str]


class Embedded(NamedTuple):
    """Vectors in the order of the texts; None where the model computed none."""

    vectors: Sequence[Vector | None]
    tokens: int


class Models(Protocol):
    """Models for threads (server/embedding/blocking.py)."""

    def documents(self, tenant_id: str, provider: str, model: str, texts: Sequence[str]) -> Embedded:
        """Embed texts for indexing."""
        ...


class Files(Protocol):
    """The file store."""

    def path(self, key: str) -> Path:
        """A local file with the bytes of ``key``."""
        ...

    def delete(self, key: str) -> None:
        """Remove a file."""
        ...
