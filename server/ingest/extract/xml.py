"""XML: the source as it is, tags and all. It is not parsed, so nothing in it can expand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from server.ingest.extract.encoding import decode
from server.ingest.extract.limits import Limits
from server.ingest.extract.titles import by_title
from server.ingest.part import Part

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}encoding\s*=\s*["']([A-Za-z0-9._-]+)""")


def read(path: Path, _: Limits) -> Iterator[Part]:
    """Parts of whole lines, as many as fit."""
    data = path.read_bytes()
    found = _DECLARED.match(data)
    text = decode(data, found[1].decode() if found else "")
    yield from by_title(((False, line) for line in text.splitlines()), joint="\n")
