"""Markdown: one part for what stands before the first heading, one for each heading's section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from server.ingest.extract.encoding import read_text
from server.ingest.extract.limits import Limits
from server.ingest.part import Part

_HEADING = re.compile(r"#+\s")
_TAG = re.compile(r"<[^>\n]*>")


def read(path: Path, _: Limits) -> Iterator[Part]:
    """Sections, in order; headings inside ``` fences are text."""
    heading = ""
    body: list[str] = []
    fenced = False
    for line in read_text(path).split("\n"):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and _HEADING.match(line):
            yield _part(heading, body)
            heading, body = line, []
            continue
        body.append(_without_tags(line))
    yield _part(heading, body)


def _part(heading: str, body: list[str]) -> Part:
    text = "\n".join(body).strip()
    if not heading:
        return Part(text)
    title = heading.replace("#", "").strip()
    return Part(f"\n\n{title}\n{text}", {"heading": title})


def _without_tags(line: str) -> str:
    """Up to the last ``>`` every ``<`` closes, so that this takes time linear in the line."""
    end = line.rfind(">") + 1
    return _TAG.sub("", line[:end]) + line[end:] if end else line
