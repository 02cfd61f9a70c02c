"""Where the bytes of files are. ``LocalStorage`` keeps them in a directory that all processes share.

Everything here blocks: call it through ``server.file.threads``.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import BinaryIO, Protocol

_DRAFTS = ".drafts"
_STALE_SECONDS = 24 * 3600


class Draft(Protocol):
    """A file that is being written; nobody else sees it."""

    def write(self, data: bytes) -> None:
        """Append."""
        ...

    def publish(self, key: str) -> None:
        """Make it durable, and readable under ``key``, all at once."""
        ...

    def discard(self) -> None:
        """Remove it, unless it was published. May be called at any time, from any thread, twice."""
        ...


class Storage(Protocol):
    """A store of files by key; a key is ``/``-separated and made by us."""

    def begin(self) -> Draft:
        """Start a new file."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Read a file. Raises FileNotFoundError."""
        ...

    def path(self, key: str) -> Path:
        """A local file with the same bytes, for programs that want one; not to be changed."""
        ...

    def delete(self, key: str) -> None:
        """Remove a file; one that is not there is fine."""
        ...


class LocalDraft:
    """A temporary file in the store's own file system, so that publishing is a rename."""

    def __init__(self, root: Path) -> None:
        self._root = root
        handle, name = tempfile.mkstemp(dir=root / _DRAFTS)
        self._file: BinaryIO | None = os.fdopen(handle, "wb")
        self._path = Path(name)
        # A cancelled upload is discarded while its last write may still run on another thread.
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Append."""
        with self._lock:
            if self._file is not None:
                self._file.write(data)

    def publish(self, key: str) -> None:
        """Make it durable, and readable under ``key``, all at once."""
        with self._lock:
            if self._file is None:
                raise FileNotFoundError(key)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
            target = self._root / key
            target.parent.mkdir(parents=True, exist_ok=True)
            self._path.rename(target)

    def discard(self) -> None:
        """Remove it, unless it was published."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
                self._path.unlink(missing_ok=True)


class LocalStorage:
    """Files in a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._is_ready = False

    def begin(self) -> Draft:
        """Start a new file."""
        if not self._is_ready:
            (self._root / _DRAFTS).mkdir(parents=True, exist_ok=True)
            self._remove_stale_drafts()
            self._is_ready = True
        return LocalDraft(self._root)

    def open(self, key: str) -> BinaryIO:
        """Read a file. Raises FileNotFoundError."""
        return (self._root / key).open("rb")

    def path(self, key: str) -> Path:
        """A local file with the same bytes."""
        return self._root / key

    def delete(self, key: str) -> None:
        """Remove a file; one that is not there is fine."""
        (self._root / key).unlink(missing_ok=True)

    def _remove_stale_drafts(self) -> None:
        """What processes left behind that died in an upload."""
        before = time.time() - _STALE_SECONDS
        for path in (self._root / _DRAFTS).iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
