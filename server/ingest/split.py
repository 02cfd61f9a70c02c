"""The two splitters (rag-engine.md section 4). Lengths are characters.

Both are lazy: the chunks of a long text are never held together.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from server.ingest.rules import Segmentation

SEPARATORS = ("\n\n", "。", ". ", " ", "")
"""What a text is cut at, the first that occurs in it; the empty one cuts between characters."""

_ESCAPE = re.compile(r"""\\(?:[\\'"abfnrtv]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{1,3})""")


def split(text: str, segmentation: Segmentation, *, automatic: bool) -> Iterator[str]:
    """Cut as the rule's mode says."""
    size, overlap = segmentation.max_tokens, segmentation.chunk_overlap
    if automatic:
        return automatic_split(text, size, overlap)
    return fixed_split(text, segmentation.separator, size, overlap)


def automatic_split(text: str, size: int, overlap: int) -> Iterator[str]:
    """Cut at the best separators and merge the pieces up to ``size``; chunks are stripped, none is blank."""
    return _recursive(text, size, overlap, SEPARATORS)


def fixed_split(text: str, separator: str, size: int, overlap: int) -> Iterator[str]:
    """Cut at every separator, which goes away; only a piece longer than ``size`` is split further.

    Pieces that fit are given as they are: blank or not, never merged with their neighbours.
    """
    for piece in _between(text, unescape(separator)):
        if len(piece) <= size:
            yield piece
        else:
            yield from _recursive(piece, size, overlap, SEPARATORS)


def unescape(separator: str) -> str:
    r"""Turn escapes typed by a user, like the two characters ``\n``, into what they mean."""
    return _ESCAPE.sub(lambda found: codecs.decode(found[0], "unicode_escape"), separator)


def _between(text: str, separator: str) -> Iterator[str]:
    start = 0
    while (end := text.find(separator, start)) >= 0:
        yield text[start:end]
        start = end + len(separator)
    yield text[start:]


def _recursive(text: str, size: int, overlap: int, separators: Sequence[str]) -> Iterator[str]:
    """Rule 4.2: pieces shorter than ``size`` are merged, longer ones cut at the next separators."""
    at = next(index for index, separator in enumerate(separators) if separator in text)
    separator, rest = separators[at], separators[at + 1 :]
    if not separator:
        yield from _windows(text, size, overlap)
        return
    for fits, run in groupby(_pieces(text, separator), key=lambda piece: len(piece) < size):
        if fits:
            yield from merge(run, size, overlap)
        else:
            for piece in run:
                yield from _recursive(piece, size, overlap, rest)


def _pieces(text: str, separator: str) -> Iterator[str]:
    """Cut behind every separator; a line break alone is no piece."""
    start = 0
    while (end := text.find(separator, start)) >= 0:
        end += len(separator)
        yield text[start:end]
        start = end
    if text[start:] not in {"", "\n"}:
        yield text[start:]


def merge(pieces: Iterable[str], size: int, overlap: int) -> Iterator[str]:
    """Rule 4.1: join pieces up to ``size``; whole pieces of at most ``overlap`` together begin the next chunk."""
    kept: deque[str] = deque()
    total = 0
    for piece in pieces:
        length = len(piece)
        if total + length > size and kept:
            if chunk := "".join(kept).strip():
                yield chunk
            while total > overlap or (total and total + length > size):
                total -= len(kept.popleft())
        kept.append(piece)
        total += length
    if chunk := "".join(kept).strip():
        yield chunk


def _windows(text: str, size: int, overlap: int) -> Iterator[str]:
    """``merge`` of single characters, by arithmetic. Line breaks count like any other (Dify drops them)."""
    step = size - min(overlap, size - 1)
    for start in range(0, max(len(text) - size, 0) + step, step):
        if chunk := text[start : start + size].strip():
            yield chunk
