"""How a model double behaves, by the name of the model asked for.

A name may carry its script after ``@``: ``gpt-4o-mini@tokens=200,delay=20``. A name
without one answers ten tokens, ``tok0 tok1 ... tok9 ``, as the recordings' model did.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class Behaviour:
    """A script. Positions count tokens already sent; times are milliseconds.

    ``text`` is a template with ``{user}`` (last user message), ``{system}``, ``{model}``
    and ``{count}`` (messages); it is sent word by word. With ``times`` the fault happens
    for that many calls only, then the model answers; with ``skip`` that many calls are good
    first (a test call, for instance).

    ``call`` asks for tools, several joined by ``+``, when the request offers them and fewer than ``rounds``
    earlier answers did; ``args`` is the JSON of the arguments, else they are made up from the tool's schema.
    ``{tool}`` in ``text`` is what the last tool answered. A request for JSON by a schema without a ``text``
    gets an object made up from it.

    Of embeddings and rankings: ``lose`` leaves that many out, ``size`` sets the length of vectors,
    ``ragged`` makes the last one shorter, ``nan`` puts NaN (as JSON ``NaN``) or null into the vector
    or score at that index, ``zero`` makes that vector all zeros, ``garbage`` is no JSON at all, and
    ``longest`` refuses texts with more characters as too long. They count as faults, for ``times``.
    """

    tokens: int = 10
    text: str = ""
    delay: float = 0.0
    first: float = 0.0
    status: int = 0
    error: str = ""
    retry_after: float = -1.0
    times: int = 0
    hang: bool = False
    hang_at: int = -1
    cut: int = -1
    short: int = -1
    malformed: int = -1
    fault_at: int = -1
    block: bool = False
    finish: str = ""
    usage: bool = True
    cached: int = 0
    thoughts: int = 0
    skip: int = 0
    lose: int = 0
    size: int = 0
    ragged: bool = False
    nan: int = -1
    null: int = -1
    zero: int = -1
    garbage: bool = False
    longest: int = 0
    call: str = ""
    args: str = ""
    rounds: int = 1

    @classmethod
    def parse(cls, script: str) -> Behaviour:
        """Parse ``name=value,name=value``; a name alone means true. Unknown names fail."""
        kinds = {item.name: type(item.default) for item in fields(cls)}
        values: dict[str, object] = {}
        for part in filter(None, script.split(",")):
            name, given, value = part.partition("=")
            kind = kinds[name]
            if kind is bool:
                values[name] = value in ("1", "true") if given else True
            else:
                values[name] = kind(value)
        return cls(**values)  # type: ignore[arg-type]

    def pieces(
        self, *, user: str, system: str, model: str, count: int, tool: str = "", schema: dict | None = None
    ) -> list[str]:
        """The tokens of the answer."""
        if not self.text and schema is None:
            return [f"tok{index} " for index in range(self.tokens)]
        filled = self.text or json.dumps(made_up(schema or {}, user), ensure_ascii=False)
        filled_in = {"user": user, "system": system, "model": model, "count": str(count), "tool": tool}
        for name, value in filled_in.items():
            filled = filled.replace("{" + name + "}", value)
        return re.findall(r"\s*\S+\s*$|\s*\S+", filled)

    def wanted(self, offered: Mapping[str, dict], earlier: int, user: str) -> list[tuple[str, str]]:
        """(name, arguments) of the tools asked for now. ``offered`` are schemas by name."""
        if not self.call or earlier >= self.rounds:
            return []
        names = [name for name in self.call.split("+") if name in offered]
        return [(name, self.args or json.dumps(made_up({"type": "object"} | offered[name], user), ensure_ascii=False)) for name in names]

    @property
    def faulty(self) -> bool:
        return bool(self.status or self.hang or self.error)

    @property
    def spoils(self) -> bool:
        return bool(self.lose or self.ragged or self.garbage or max(self.nan, self.null, self.zero) >= 0)


def made_up(schema: dict, text: str) -> object:
    """A value that fits a schema; strings are ``text``."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if kind == "object":
        return {name: made_up(inner, text) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [made_up(schema.get("items", {}), text)]
    return {"integer": 7, "number": 7.5, "boolean": True, "null": None}.get(kind, text)


class FaultCounter:
    """Counts the faulty answers given per model, for ``times``."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    def fails_now(self, model: str, behaviour: Behaviour) -> bool:
        if not (behaviour.faulty or behaviour.spoils):
            return False
        self._seen[model] += 1
        if self._seen[model] <= behaviour.skip:
            return False
        self._given[model] += 1
        return not behaviour.times or self._given[model] <= behaviour.times


def prompt_tokens(texts: Sequence[str]) -> int:
    """The recordings' model counted a quarter of the characters of each message."""
    return sum(len(text) // 4 for text in texts)


_WORD = re.compile(r"[a-z0-9]+|[^\W\x00-\x7f]")


@lru_cache(maxsize=200_000)
def _place(word: str) -> int:
    """The number that stands for a word; its last bit is the sign."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=6).digest())


def embeddings(texts: Sequence[str], dimensions: int) -> np.ndarray:
    """Unit vectors of hashed words, float32: texts that share words are near each other.

    Tens of thousands of texts a second. Letters outside of ASCII are a word each, so that Chinese texts are near each other too.
    """
    found = [_WORD.findall(text.lower()) or [""] for text in texts]
    places = np.fromiter((_place(word) for words in found for word in words), np.int64)
    rows = np.repeat(np.arange(len(found)), [len(words) for words in found])
    cells = rows * dimensions + (places >> 1) % dimensions
    signs = np.where(places & 1, 1.0, -1.0)
    vectors = np.bincount(cells, signs, len(found) * dimensions).reshape(len(found), dimensions)
    # Words of opposite sign in one place may leave nothing; a model's vector is never zero.
    vectors[~vectors.any(axis=1), 0] = 1.0
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def spoiled(vectors: np.ndarray, behaviour: Behaviour) -> list[list[float | None]]:
    """The vectors with what the script puts into them."""
    rows: list[list[float | None]] = vectors.tolist()
    if 0 <= behaviour.nan < len(rows):
        rows[behaviour.nan][0] = math.nan
    if 0 <= behaviour.null < len(rows):
        rows[behaviour.null][0] = None
    if 0 <= behaviour.zero < len(rows):
        rows[behaviour.zero] = [0.0] * len(rows[behaviour.zero])
    if behaviour.ragged:
        rows[-1] = rows[-1][:-1]
    return rows[: len(rows) - behaviour.lose]
