"""Vectors as they are compared and kept: unit length, float32, little-endian bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from server.llm.port import Matrix

    Vector = NDArray[np.float32]


def text_hash(text: str) -> bytes:
    """What a text is looked up by (rag-engine.md 1): SHA-256 of the text with ``None`` appended."""
    return hashlib.sha256(f"{text}None".encode("utf-8", "surrogatepass")).digest()


def normalised(vectors: Matrix) -> list[Vector | None]:
    """Each row at length 1; None for a row without a direction: with NaN or infinity, or all zeros."""
    import numpy as np

    if not len(vectors):
        return []
    with np.errstate(all="ignore"):
        wide = vectors.astype(np.float64)
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        rows = (wide / lengths).astype(np.float32)
    good = np.isfinite(rows).all(axis=1)
    return [row if fine else None for row, fine in zip(rows, good, strict=True)]


def packed(vector: Vector) -> bytes:
    """The bytes that are kept of a vector."""
    return vector.astype("<f4").tobytes()


def unpacked(data: bytes) -> Vector:
    """A vector from its bytes."""
    import numpy as np

    return np.frombuffer(data, "<f4").astype(np.float32, copy=False)
