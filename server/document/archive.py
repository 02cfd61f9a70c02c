"""Original files as one ZIP, made while it is read: nothing is held but one piece."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from server.document.model import Source
from server.file.threads import FileThreads


class _Tail(io.RawIOBase):
    """A file that only remembers what was written since it was last emptied."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Keep a piece."""
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Archive:
    """A ZIP to be read once; ``name`` is 32 hex digits and ``.zip``."""

    name: str
    threads: FileThreads
    sources: Sequence[Source]

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes. Raises FileNotFoundError when an original is gone."""
        tail = _Tail()
        with zipfile.ZipFile(tail, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, source in zip(entry_names([one.name for one in self.sources]), self.sources, strict=True):
                with archive.open(name, "w") as entry:
                    async for piece in self.threads.pieces(source.key):
                        await self.threads(entry.write, piece)
                        if data := tail.take():
                            yield data
        yield tail.take()


def zipped(threads: FileThreads, sources: Sequence[Source]) -> Archive:
    """An archive of files."""
    return Archive(f"{uuid.uuid4().hex}.zip", threads, sources)


def entry_names(names: Sequence[str]) -> list[str]:
    """File names without folders; of equal ones the later get `` (1)``, `` (2)`` before the extension."""
    taken: set[str] = set()
    found = []
    for name in names:
        path = PurePosixPath(name.replace("\\", "/").rpartition("/")[2] or "file")
        entry, number = path.name, 0
        while entry in taken:
            number += 1
            entry = f"{path.stem} ({number}){path.suffix}"
        taken.add(entry)
        found.append(entry)
    return found
