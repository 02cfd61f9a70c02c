"""Builds the tools of workflows and agents, and the console over their providers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from server.engine.ports import CodeRunner
from server.kit.crypto import Sealer
from server.tools.builtin.part import World
from server.tools.registry import ToolRegistry
from server.tools.service import ToolService

if TYPE_CHECKING:
    from server.bootstrap import Core


@dataclass(slots=True)
class Tools:
    """What workspaces have stored of their tools, and the port that calls them.

    Who runs workflows sets ``registry.files`` and ``registry.workflows``.
    """

    stored: ToolService
    registry: ToolRegistry


def build_tools(core: Core, code: CodeRunner) -> Tools:
    """One of each a process."""
    stored = ToolService(core.uow, Sealer(core.settings.secret_key))
    world = World(core.outbound, code, lambda: datetime.now(UTC))
    return Tools(stored, ToolRegistry(world, core.db, stored))
