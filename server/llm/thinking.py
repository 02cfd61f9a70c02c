"""Reasoning between ``<think>`` tags, told apart from the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BLOCK = re.compile(r"<think[^>]*>(.*?)(?:</think>|\Z)", re.IGNORECASE | re.DOTALL)
_BLANK_LINES = re.compile(r"\n\s*\n")
_OPEN = re.compile(r"<think[^>]*>", re.IGNORECASE)
_CLOSE = re.compile(r"</think>", re.IGNORECASE)
# As much of an opening tag is waited for.
_LONGEST_TAG = 200


def split(text: str) -> tuple[str, str]:
    """(answer, reasoning): blocks are taken out; one without an end goes to the end of the text."""
    thoughts = [thought.strip() for thought in _BLOCK.findall(text)]
    answer = _BLANK_LINES.sub("\n\n", _BLOCK.sub("", text)).strip()
    return answer, "\n".join(filter(None, thoughts))


def without(text: str) -> str:
    """The text without its blocks, otherwise as it is."""
    return _BLOCK.sub("", text) if "<think" in text.lower() else text


class ThinkStream:
    """Splits pieces as they come: (is reasoning, piece). White space before the answer is left out."""

    def __init__(self) -> None:
        self._rest = ""
        self._inside = False
        self._begun = False

    def feed(self, piece: str) -> Iterator[tuple[bool, str]]:
        """What is decided so far."""
        self._rest += piece
        while found := (_CLOSE if self._inside else _OPEN).search(self._rest):
            yield from self._told(self._rest[: found.start()])
            self._rest = self._rest[found.end() :]
            self._inside = not self._inside
        keep = self._undecided()
        told, self._rest = self._rest[: len(self._rest) - keep], self._rest[len(self._rest) - keep :]
        yield from self._told(told)

    def finish(self) -> Iterator[tuple[bool, str]]:
        """The rest."""
        rest, self._rest = self._rest, ""
        yield from self._told(rest)

    def _told(self, text: str) -> Iterator[tuple[bool, str]]:
        if not self._inside and not self._begun:
            text = text.lstrip()
        if text:
            self._begun = self._begun or not self._inside
            yield self._inside, text

    def _undecided(self) -> int:
        """Length of the end that may be the beginning of a tag."""
        at = self._rest.rfind("<")
        if at < 0:
            return 0
        tail = self._rest[at:].lower()
        tag = "</think>" if self._inside else "<think"
        is_tag = tag.startswith(tail) or (not self._inside and tail.startswith(tag) and len(tail) < _LONGEST_TAG)
        return len(tail) if is_tag else 0
