"""What turns need of other parts of the product."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.annotation.model import Hit, Match
from server.chat.agent import Agents
from server.chat.external_data import Extensions
from server.chat.files import RemoteFile
from server.kit.errors import AppError
from server.llm.port import ChatModel
from server.moderation.service import ModerationService
from server.retrieval.found import Asked, Retrieved
from server.retrieval.settings import AppSearch

Namer = Callable[[str, str, str], Awaitable[None]]
# The HTTP status and text that a caller is shown of an error.
Shown = Callable[[AppError], tuple[int, str]]


class Models(Protocol):
    """What a turn needs of the model providers."""

    async def chat_model(self, tenant_id: str, provider: str, model: str) -> ChatModel:
        """The model with the workspace's credential. Raises provider_not_initialize and the like."""
        ...


class Knowledge(Protocol):
    """What a turn needs of the datasets."""

    async def retrieve(self, asked: Asked, search: AppSearch, query: str) -> Retrieved:
        """What an app's datasets say about a query."""
        ...


class Annotations(Protocol):
    """What a turn needs of answers that people wrote."""

    async def match(self, tenant_id: str, app_id: str, query: str) -> Match | None:
        """The annotation that answers; never raises."""
        ...

    async def keep(self, hit: Hit) -> None:
        """Count an answer that was given."""
        ...


class Uploads(Protocol):
    """What a turn needs of the file store."""

    async def read(self, key: str) -> bytes:
        """The bytes of a stored file."""
        ...


class Remotes(Protocol):
    """What a turn needs to know of files elsewhere."""

    async def look(self, urls: Sequence[str]) -> Mapping[str, RemoteFile]:
        """Name, type and size of what lies behind addresses, as far as they tell."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Those parts; what is None is not there, and turns go on without it."""

    models: Models
    uploads: Uploads
    knowledge: Knowledge | None = None
    remotes: Remotes | None = None
    agents: Agents | None = None
    annotations: Annotations | None = None
    moderation: ModerationService | None = None
    extensions: Extensions | None = None
