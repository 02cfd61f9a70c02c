"""What readers do with pictures: which are given along, and as what."""

from __future__ import annotations

from collections.abc import Iterator

from server.ingest.extract.limits import Limits
from server.ingest.part import Picture

# By how their bytes begin; others (EMF, WMF, TIFF) are shown by no browser.
_KINDS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"), (b"RIFF", "webp"))


class Pictures:
    """The pictures of one file, each given along once."""

    def __init__(self, limits: Limits) -> None:
        self._left = limits.pictures
        self._most = limits.picture_mib * 2**20
        self._known: set[str] = set()
        self._new: list[Picture] = []

    @property
    def wanted(self) -> bool:
        """Whether there is anybody who keeps any more."""
        return self._left > 0

    def mark(self, data: bytes) -> str:
        """What stands for a picture in the text; empty for one that is not given along."""
        kind = next((kind for start, kind in _KINDS if data.startswith(start)), None)
        if kind is None or len(data) > self._most:
            return ""
        picture = Picture.of(kind, data)
        if picture.name not in self._known:
            if not self.wanted:
                return ""
            self._left -= 1
            self._known.add(picture.name)
            self._new.append(picture)
        return picture.mark

    def new(self) -> Iterator[Picture]:
        """Those that were met since the last call, to be given before the text that names them."""
        found, self._new = self._new, []
        yield from found
