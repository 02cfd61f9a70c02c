"""What a remote file of a message is: asked of its address by HEAD before the turn is stored.

Nobody's message fails because an address is slow or away: then the address itself tells name and type.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from email.message import Message
from mimetypes import guess_type
from pathlib import PurePosixPath

from server.chat.files import RemoteFile, guess_remote
from server.kit.outbound import Answer, Outbound, OutboundError, Request, Timeouts
from server.kit.plain import clean_text

# Twice this at most, redirects and all: the question waits for it.
_LIMITS = Timeouts(connect=1.0, read=1.0, write=0.0)
# More than any app takes by default; of others the address alone is believed.
_MOST = 20
_LONGEST_NAME = 255
_UNKNOWN = "application/octet-stream"


class RemoteFiles:
    """Asks addresses of users what lies behind them."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def look(self, urls: Sequence[str]) -> dict[str, RemoteFile]:
        """What could be found out about each address, asked side by side."""
        asked = urls[:_MOST]
        return dict(zip(asked, await asyncio.gather(*map(self._look, asked)), strict=True))

    async def _look(self, url: str) -> RemoteFile:
        try:
            answer = await self._outbound.request(Request("HEAD", url, timeouts=_LIMITS), 0)
        except OutboundError:
            return guess_remote(url)
        return described(url, answer) if answer.status == 200 else guess_remote(url)


def described(url: str, answer: Answer) -> RemoteFile:
    """Name, type and size as the headers of a HEAD tell them, else as the address does."""
    guessed = guess_remote(url)
    name = _name(answer.header("content-disposition")) or guessed.name
    told = answer.header("content-type").partition(";")[0].strip().lower()
    kind = told if "/" in told and told != _UNKNOWN else guess_type(name)[0] or _UNKNOWN
    length = answer.header("content-length")
    size = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else -1
    return RemoteFile(url, name, clean_text(kind)[:_LONGEST_NAME], size)


def _name(disposition: str) -> str:
    """The name of a file in a Content-Disposition, without folders."""
    if not disposition:
        return ""
    header = Message()
    header["content-disposition"] = disposition
    name = PurePosixPath(clean_text(header.get_filename() or "").replace("\\", "/")).name
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    return stem[: _LONGEST_NAME - len(suffix)] + suffix[:_LONGEST_NAME]
