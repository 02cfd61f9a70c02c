"""Postings: for one term, which nodes of a block hold it, how often, and how long they are. Pure arithmetic.

The score is BM25 as Lucene computes it, with k1 = 1.2 and b = 0.75:

    score(node) = sum over the query's tokens t of
        idf(t) * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / average))
    idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5))

tf: how often the node holds t; length: its tokens; N, average, df: number of nodes, their mean length and
how many of them hold t, over the whole dataset. A token that the query has twice counts twice.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

K1, B = 1.2, 0.75
# Lengths and counts are stored in 16 bits; a longer node counts as one of this many tokens.
MOST_TOKENS = 65_535
ENTRY_BYTES = 8
_ENTRY = np.dtype([("offset", "<u4"), ("count", "<u2"), ("tokens", "<u2")])
# Scores are summed in one array over all numbers from the first to the last node while it is at most so
# many times longer than the postings.
_DENSE = 16
# Bytes of a term in the index; of a longer one its beginning and a hash.
_TERM_BYTES = 128

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Postings:
    """Entries of one or several terms, as columns."""

    numbers: Numbers
    counts: NDArray[np.int64]
    tokens: NDArray[np.int64]

    def where(self, kept: NDArray[np.bool_]) -> Postings:
        """Some of the entries."""
        return Postings(self.numbers[kept], self.counts[kept], self.tokens[kept])


def term_of(token: str) -> str:
    """How a token is stored and looked up; empty for one that cannot be."""
    term = token.replace("\0", "").encode("utf-8", "replace")
    if len(term) > _TERM_BYTES:
        digest = hashlib.blake2b(term, digest_size=16).hexdigest()
        return term[: _TERM_BYTES - len(digest)].decode("utf-8", "ignore") + digest
    return term.decode()


def count_terms(texts: Sequence[Sequence[str]], numbers: Numbers) -> tuple[list[str], NDArray[np.int64], Postings]:
    """Terms, and one entry a node and term with the position of its term. ``texts`` hold terms."""
    ids: dict[str, int] = {}
    occurrences = np.fromiter(
        (ids.setdefault(term, len(ids)) for text in texts for term in text), np.int64, sum(map(len, texts))
    )
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    nodes = np.repeat(np.arange(len(texts)), lengths)
    pairs, counts = np.unique(occurrences * len(texts) + nodes, return_counts=True)
    of_node = pairs % len(texts)
    capped = np.minimum(lengths, MOST_TOKENS)
    return list(ids), pairs // len(texts), Postings(
        numbers[of_node], np.minimum(counts, MOST_TOKENS), capped[of_node]
    )  # fmt: skip


def pack(
    terms: Sequence[str], term_ids: NDArray[np.int64], postings: Postings, first: int
) -> Iterator[tuple[str, bytes]]:
    """Each term that has entries, with its entries by number, relative to ``first``."""
    order = np.lexsort((postings.numbers, term_ids))
    ids = term_ids[order]
    entries = np.empty(len(order), _ENTRY)
    entries["offset"] = postings.numbers[order] - first
    entries["count"] = postings.counts[order]
    entries["tokens"] = postings.tokens[order]
    whole = entries.tobytes()
    starts = np.flatnonzero(np.diff(ids, prepend=-1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(ids)], strict=True):
        yield terms[ids[start]], whole[start * ENTRY_BYTES : end * ENTRY_BYTES]


def unpack(blocks: Sequence[tuple[int, bytes | memoryview]]) -> Postings:
    """The entries of several rows, each with the number its offsets are relative to."""
    parts = [np.frombuffer(entries, _ENTRY) for _, entries in blocks] or [np.empty(0, _ENTRY)]
    whole = np.concatenate(parts)
    firsts = np.repeat([first for first, _ in blocks] or [0], [len(part) for part in parts])
    return Postings(
        whole["offset"].astype(np.int64) + firsts, whole["count"].astype(np.int64), whole["tokens"].astype(np.int64)
    )


def contained(numbers: Numbers, among: Numbers) -> NDArray[np.bool_]:
    """Which of ``numbers`` are in ``among``, which is sorted."""
    if not len(among):
        return np.zeros(len(numbers), np.bool_)
    at = np.minimum(np.searchsorted(among, numbers), len(among) - 1)
    return among[at] == numbers


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scored nodes; ``best`` gives them in their order."""

    numbers: Numbers
    scores: Floats

    def best(self, count: int) -> Ranking:
        """The first ``count``: by score, then as they were written."""
        chosen = np.arange(len(self.numbers))
        if count < len(chosen):
            least = np.partition(self.scores, len(chosen) - count)[len(chosen) - count]
            chosen = np.flatnonzero(self.scores >= least)
        order = chosen[np.lexsort((self.numbers[chosen], -self.scores[chosen]))][:count]
        return Ranking(self.numbers[order], self.scores[order])

    def among(self, numbers: Numbers) -> Ranking:
        """Those in ``numbers``, which is sorted."""
        kept = contained(self.numbers, numbers)
        return Ranking(self.numbers[kept], self.scores[kept])


def rank(found: Mapping[str, Postings], query: Mapping[str, int], nodes: int, tokens: int, dead: Numbers) -> Ranking:
    """Score every node that holds a term of the query.

    ``nodes`` and ``tokens`` are the dataset's, without the ``dead``, which are sorted.
    """
    numbers, scores = [], []
    for term, entries in found.items():
        living = entries.where(~contained(entries.numbers, dead)) if len(dead) else entries
        df = len(living.numbers)
        total = max(nodes, df)  # a write may have come between the two readings
        idf = math.log(1 + (total - df + 0.5) / (df + 0.5))
        length = 1 - B + B * living.tokens * (total / max(tokens, 1))
        numbers.append(living.numbers)
        scores.append(query[term] * idf * living.counts * (K1 + 1) / (living.counts + K1 * length))
    if not numbers:
        return Ranking(np.empty(0, np.int64), np.empty(0))
    return _summed(np.concatenate(numbers), np.concatenate(scores))


def _summed(numbers: Numbers, scores: Floats) -> Ranking:
    """One entry a number."""
    if not len(numbers):
        return Ranking(numbers, scores)
    first = numbers.min()
    if numbers.max() - first < _DENSE * len(numbers):
        sums: Floats = np.bincount(numbers - first, scores).astype(np.float64, copy=False)
        present = np.flatnonzero(sums)  # no score is 0
        return Ranking(present + first, sums[present])
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    return Ranking(ordered[starts], np.add.reduceat(scores[order], starts))
