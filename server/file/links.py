"""Signed links to files: whoever has one may read the file until it ages out (service-api.md 9.1)."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from urllib.parse import quote, unquote

from server.kit.crypto import same, sign

_LINK = re.compile(
    r"(?P<base>[^\s\"'()<>]*)/files/(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/file-preview"
    r"\?timestamp=(?P<timestamp>\d{1,12})&nonce=(?P<nonce>[0-9a-f]{32})&sign=(?P<sign>[\w%=-]{40,60})"
)
# How far ahead of ours another server's clock may be.
_SKEW_SECONDS = 60


class FileLinks:
    """Makes, checks and renews links."""

    def __init__(
        self, secret_key: str, public_url: str, seconds: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._secret = secret_key
        self._base = public_url.rstrip("/")
        self._seconds = seconds
        self._clock = clock

    def link(self, file_id: str) -> str:
        """A link to a file that is valid from now on, for the configured seconds."""
        timestamp, nonce = str(int(self._clock())), secrets.token_hex(16)
        signature = quote(self._sign(file_id, timestamp, nonce), safe="")
        return f"{self._base}/files/{file_id}/file-preview?timestamp={timestamp}&nonce={nonce}&sign={signature}"

    def is_valid(self, file_id: str, timestamp: str, nonce: str, signature: str) -> bool:
        """Whether we signed this link, and not too long ago."""
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return False
        age = self._clock() - int(timestamp)
        return -_SKEW_SECONDS <= age <= self._seconds and self._is_ours(file_id, timestamp, nonce, signature)

    def renewed(self, text: str) -> str:
        """The text with fresh links for those in it (service-api.md 6.1, `answer`).

        Only links that we once signed are renewed: a model that was talked into writing the id
        of someone else's file gives access to nothing.
        """
        return _LINK.sub(self._renew, text) if "/file-preview?" in text else text

    def _renew(self, found: re.Match[str]) -> str:
        ours = self._is_ours(found["id"], found["timestamp"], found["nonce"], unquote(found["sign"]))
        return self.link(found["id"]) if ours else found[0]

    def _is_ours(self, file_id: str, timestamp: str, nonce: str, signature: str) -> bool:
        return same(self._sign(file_id, timestamp, nonce), signature)

    def _sign(self, file_id: str, timestamp: str, nonce: str) -> str:
        return sign(self._secret, f"file-preview|{file_id}|{timestamp}|{nonce}")
