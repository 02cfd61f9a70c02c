"""Gates of the edge through which nobody comes, for servers of a few services."""

from __future__ import annotations

from typing import Any

from server.kit.errors import AppError, Reason


class NoPassports:
    """No pages here."""

    async def read(self, _: object) -> Any:
        """Nobody visits."""
        raise AppError(Reason.UNAUTHORIZED)
