"""What indexing needs of the rest, as it sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from server.embedding.service import Documents

# A prompt in, an answer out: the workspace's default model, not streamed.
Ask = Callable[[str, str, str], str]


class Models(Protocol):
    """Models for threads (server/embedding/blocking.py)."""

    def documents(self, tenant_id: str, provider: str, model: str, texts: Sequence[str]) -> Documents:
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
