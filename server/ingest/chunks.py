"""From parts to the chunks that become segments and child chunks (rag-engine.md section 5)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from server.ingest.clean import clean
from server.ingest.part import Part
from server.ingest.rules import HIERARCHICAL, ProcessRule
from server.ingest.split import fixed_split, split

FULL_DOC_TOKENS = 10_000
"""What a full-doc parent keeps of its document."""

_STEP = 4_000  # characters counted at once when looking for the end of a full-doc parent

# "…" (U+2026) and "【" (U+3010) are not in it, nor are - ! { |
_LEADING = re.compile(
    "[\\[\\]\u2000-\u2025\u2027-\u206f\u2e00-\u2e7f\u3000-\u300f\u3011-\u303f\"#$%&'()*+,./:;<=>?@^_`~]+"
)
_LINK = re.compile(r"\[[^\]]+\]\(https?://[^)]+\)")
_STOPS = (".", "。")

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The content of one segment, with its children when the form is hierarchical."""

    content: str
    children: tuple[str, ...] = ()


def chunks(parts: Iterable[Part], rule: ProcessRule, doc_form: str, *, count_tokens: CountTokens) -> Iterator[Chunk]:
    """The chunks of a document, in order, none of them blank; lazy, one part in hand at a time.

    For ``qa_model`` they are what a model makes pairs from (qa.py). ``count_tokens`` decides where a
    full-doc parent ends; the parts behind that place are not asked for.
    """
    if doc_form == HIERARCHICAL:
        return _parents(parts, rule, count_tokens)
    return (Chunk(content) for part in parts for content in _plain(part.text, rule))


def child_chunks(content: str, rule: ProcessRule) -> tuple[str, ...]:
    """The children of a parent segment, in order; none when the rule has no ``subchunk_segmentation``."""
    if rule.subchunk is None:
        return ()
    pieces = fixed_split(content, rule.subchunk.separator, rule.subchunk.max_tokens, rule.subchunk.chunk_overlap)
    return tuple(child for child in map(_without_stop, pieces) if child)


def without_leading_symbols(text: str) -> str:
    """Drop the punctuation at the very start, unless it begins a markdown link."""
    start = _LEADING.match(text)
    return text if start is None or _LINK.match(text) else text[start.end() :]


def text_hash(text: str) -> str:
    """The hash of segments, child chunks and cached embeddings: SHA-256 of the text and the word None."""
    return hashlib.sha256(f"{text}None".encode()).hexdigest()


def _split(text: str, rule: ProcessRule) -> Iterator[str]:
    return split(clean(text, rule), rule.segmentation, automatic=rule.mode == "automatic")


def _plain(text: str, rule: ProcessRule) -> Iterator[str]:
    for piece in _split(text, rule):
        if content := without_leading_symbols(piece).strip():
            yield content


def _parents(parts: Iterable[Part], rule: ProcessRule, count_tokens: CountTokens) -> Iterator[Chunk]:
    if rule.is_full_doc:
        text = _head((part.text for part in parts), count_tokens)
        contents: Iterable[str] = [text] if text.strip() else []
    else:
        contents = (_without_stop(piece) for part in parts for piece in _split(part.text, rule))
    return (Chunk(content, child_chunks(content, rule)) for content in contents if content)


def _without_stop(piece: str) -> str:
    """Drop one leading full stop; "" for a blank piece, else the piece as it is."""
    if piece.startswith(_STOPS):
        return piece[1:].strip()
    return "" if piece.isspace() else piece


def _head(texts: Iterable[str], count_tokens: CountTokens) -> str:
    """The texts joined by line breaks, cut at FULL_DOC_TOKENS (counted in steps, so within 1 %)."""
    head: list[str] = []
    left = FULL_DOC_TOKENS
    for index, text in enumerate(texts):
        rest = f"\n{text}" if index else text
        for start in range(0, len(rest), _STEP):
            step = rest[start : start + _STEP]
            tokens = count_tokens(step)
            if tokens > left:
                head.append(_fitting(step, left, count_tokens))
                return "".join(head)
            head.append(step)
            left -= tokens
    return "".join(head)


def _fitting(text: str, tokens: int, count_tokens: CountTokens) -> str:
    """The longest beginning of at most that many tokens, by halving."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if count_tokens(text[:middle]) <= tokens:
            low = middle
        else:
            high = middle - 1
    return text[:low]
