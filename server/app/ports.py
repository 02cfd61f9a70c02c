"""What apps need from other slices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from server.llm.port import ModelType


class WorkspaceModels(Protocol):
    """The models of one workspace, as they were a moment ago."""

    def default(self, model_type: ModelType) -> tuple[str, str] | None:
        """(full provider name, model) that the workspace uses by default; None when it has none."""
        ...

    def known(self, model_type: ModelType) -> Mapping[str, Mapping[str, str]]:
        """Models that can be called: full provider name -> model name -> mode (``chat`` or ``completion``)."""
        ...


LookModels = Callable[[str], WorkspaceModels]
"""Reads the models of a workspace, by tenant id. Takes a connection: never called inside a transaction."""

LookExtensions = Callable[[str], Collection[str]]
"""Reads the ids of a workspace's API-based extensions, by tenant id; as ``LookModels`` does."""
