"""OpenAI's moderation models: ``POST {address}/moderations`` ``{model, input[]}`` -> ``{"results": [{"flagged"}]}``."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from server.llm.calls import counted
from server.llm.openai_chat import Endpoint, OpenAIClients
from server.llm.port import ModelCard
from server.llm.vectors import decoded, malformed

_PIECE = 2_000
_PIECES = 32


class OpenAIModeration:
    """A moderation model. Port: ``ModerationModel``. A long text is sent in pieces of 2,000 characters, 32 a call."""

    def __init__(self, card: ModelCard, endpoint: Endpoint, clients: OpenAIClients) -> None:
        self.card = card
        self._endpoint = endpoint
        self._clients = clients

    async def is_flagged(self, text: str) -> bool:
        pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
        for at in range(0, len(pieces), _PIECES):
            if await self._any(pieces[at : at + _PIECES]):
                return True
        return False

    async def _any(self, pieces: Sequence[str]) -> bool:
        with counted(self.card):
            body = orjson.dumps({"model": self._endpoint.name, "input": pieces})
            content = await self._clients.post(self._endpoint, "/moderations", body)
            try:
                return any(result["flagged"] is True for result in decoded(content)["results"])
            except (KeyError, TypeError) as error:
                raise malformed(f"malformed moderation {content[:200]!r}") from error
