"""Vectors as providers send them, as one float32 matrix."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from server.llm.faults import MALFORMED
from server.llm.port import ModelFault

if TYPE_CHECKING:
    from server.llm.port import Matrix


def matrix(rows: Sequence[Sequence[float] | str], expected: int) -> Matrix:
    """Rows of numbers, or of base64-coded little-endian float32, as one matrix.

    Raises ModelFault when their number is not ``expected``, they differ in length or are empty.
    """
    import numpy as np

    if len(rows) != expected:
        raise malformed(f"{len(rows)} vectors for {expected} texts")
    try:
        if rows and all(isinstance(row, str) for row in rows):
            plain = [np.frombuffer(base64.b64decode(row), "<f4") for row in rows]  # type: ignore[arg-type]
            found = np.stack(plain) if plain else np.empty((0, 0), np.float32)
        else:
            # A missing number (null) becomes NaN: the row is unusable, not the whole answer.
            found = np.array(rows, dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise malformed(f"vectors of different lengths or of no numbers: {error}") from error
    if expected and (found.ndim != 2 or not found.shape[1]):
        raise malformed(f"vectors of shape {found.shape}")
    return found


def decoded(content: bytes) -> Any:
    """The JSON of an answer; also with ``NaN``, which some servers write. Raises ModelFault."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        try:
            return json.loads(content)
        except ValueError as error:
            raise malformed(f"no JSON {content[:200]!r}") from error


def malformed(detail: str) -> ModelFault:
    """An answer that does not say what was asked for."""
    return ModelFault("broken_stream", MALFORMED, detail=detail)
