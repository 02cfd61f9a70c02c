"""Vectors and texts whose shape is that of real ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

# 5,200 passages embedded by multilingual-e5-small have a local intrinsic dimension of 29 (maximum-likelihood
# estimate over 50 neighbours). Gaussian vectors whose variances fall with this power have 28; plain Gaussian
# ones have 100, and no index finds their neighbours.
_POWER = 1.15
# Frequencies of words in a text fall with this power (Zipf).
_WORDS, _WORD_POWER = 30_000, 1.07


def vectors(count: int, dimension: int, seed: int) -> NDArray[np.float32]:
    """Rows of length 1."""
    spread = (np.arange(1, dimension + 1) ** (-_POWER / 2)).astype(np.float32)
    rows = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32) * spread
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def chunks(count: int, dimension: int, size: int = 20_000) -> Iterator[NDArray[np.float32]]:
    """``count`` rows in pieces, always the same."""
    for seed, at in enumerate(range(0, count, size)):
        yield vectors(min(size, count - at), dimension, 1000 + seed)


def nearest(
    count: int, dimension: int, queries: NDArray[np.float32], limit: int, modulus: int = 1
) -> NDArray[np.int64]:
    """The exact answers: row numbers, best first. ``modulus``: only rows whose number it divides."""
    best = np.full((len(queries), limit), -2.0, np.float32)
    rows = np.zeros((len(queries), limit), np.int64)
    at = 0
    for chunk in chunks(count, dimension):
        numbers = np.arange(at, at + len(chunk))
        kept = numbers % modulus == 0
        scores = np.concatenate([best, queries @ chunk[kept].T], axis=1)
        names = np.concatenate([rows, np.broadcast_to(numbers[kept], (len(queries), int(kept.sum())))], axis=1)
        order = np.argsort(-scores, axis=1)[:, :limit]
        best, rows = np.take_along_axis(scores, order, 1), np.take_along_axis(names, order, 1)
        at += len(chunk)
    return rows


class Texts:
    """Segments of about 300 characters, cut into tokens."""

    def __init__(self, seed: int = 5) -> None:
        self._random = np.random.default_rng(seed)
        weights = 1 / np.arange(1, _WORDS + 1) ** _WORD_POWER
        self._weights = weights / weights.sum()
        self._words = np.array([f"word{at}" if at % 3 else f"词{at}" for at in range(_WORDS)])

    def segments(self, count: int) -> list[list[str]]:
        """3,300 of them are about 1 MiB of text."""
        lengths = np.maximum(5, self._random.normal(62, 20, count).astype(int))
        words = self._words[self._random.choice(_WORDS, lengths.sum(), p=self._weights)]
        return [part.tolist() for part in np.split(words, np.cumsum(lengths)[:-1])]

    def queries(self, count: int) -> list[Sequence[str]]:
        """Six tokens each; one is among the most frequent words, as in a question of a person."""
        return [
            [str(self._words[int(at)]) for at in (self._random.integers(0, 20), *self._random.integers(20, 3000, 5))]
            for _ in range(count)
        ]
