"""What indexing needs of the rest, as it sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from server.dataset.model import ModelRef
from server.embedding.service import Documents


class Ask(Protocol):
    """A prompt in, an answer out, not streamed."""

    def __call__(self, tenant_id: str, system: str, user: str, model: ModelRef | None = None) -> str:
        """Ask a model; None is the workspace's default. Raises AppError, ModelFault, TimeoutError."""
        ...


class Models(Protocol):
    """Models for threads (server/embedding/blocking.py)."""

    def documents(self, tenant_id: str, provider: str, model: str, texts: Sequence[str]) -> Documents:
        """Embed texts for indexing."""
        ...


class Draft(Protocol):
    """A file that is being written."""

    def write(self, data: bytes) -> None:
        """Append."""
        ...

    def publish(self, key: str) -> None:
        """Make it readable under ``key``."""
        ...

    def discard(self) -> None:
        """Remove it, unless it was published."""
        ...


class Files(Protocol):
    """The file store."""

    def path(self, key: str) -> Path:
        """A local file with the bytes of ``key``."""
        ...

    def begin(self) -> Draft:
        """Start a new file."""
        ...

    def delete(self, key: str) -> None:
        """Remove a file."""
        ...
