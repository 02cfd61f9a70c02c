"""Uploads as handlers get them: a stream of pieces, of which the first may say more than bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from server.kit.errors import bad_request

T = TypeVar("T")


def checked(piece: T | None) -> T:
    """The piece. None, which stands for what could not be parsed or never came: ``bad_request``."""
    if piece is None:
        raise bad_request("The upload is not valid.")
    return piece


async def data_of(
    first: T, rest: AsyncIterator[T | None], body: Callable[[T], Any] = lambda piece: piece
) -> AsyncIterator[bytes]:
    """The bytes of all pieces. ``body`` is the HttpBody in a piece; without it, pieces are one."""
    yield body(first).data
    async for piece in rest:
        yield body(checked(piece)).data
