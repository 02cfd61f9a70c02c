"""Plain text: one part, the whole file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from server.ingest.extract.encoding import read_text
from server.ingest.extract.limits import Limits
from server.ingest.part import Part


def read(path: Path, _: Limits) -> Iterator[Part]:
    """One part."""
    yield Part(read_text(path))
