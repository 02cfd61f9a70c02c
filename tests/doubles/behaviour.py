"""How a model double behaves, by the name of the model asked for.

A name may carry its script after ``@``: ``gpt-4o-mini@tokens=200,delay=20``. A name
without one answers ten tokens, ``tok0 tok1 ... tok9 ``, as the recordings' model did.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Behaviour:
    """A script. Positions count tokens already sent; times are milliseconds.

    ``text`` is a template with ``{user}`` (last user message), ``{system}``, ``{model}``
    and ``{count}`` (messages); it is sent word by word. With ``times`` the fault happens
    for that many calls only, then the model answers; with ``skip`` that many calls are good
    first (a test call, for instance).
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

    def pieces(self, *, user: str, system: str, model: str, count: int) -> list[str]:
        """The tokens of the answer."""
        if not self.text:
            return [f"tok{index} " for index in range(self.tokens)]
        filled = self.text
        for name, value in (("user", user), ("system", system), ("model", model), ("count", str(count))):
            filled = filled.replace("{" + name + "}", value)
        return re.findall(r"\s*\S+\s*$|\s*\S+", filled)

    @property
    def faulty(self) -> bool:
        return bool(self.status or self.hang or self.error)


class FaultCounter:
    """Counts the faulty answers given per model, for ``times``."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    def fails_now(self, model: str, behaviour: Behaviour) -> bool:
        if not behaviour.faulty:
            return False
        self._seen[model] += 1
        if self._seen[model] <= behaviour.skip:
            return False
        self._given[model] += 1
        return not behaviour.times or self._given[model] <= behaviour.times


def prompt_tokens(texts: Sequence[str]) -> int:
    """The recordings' model counted a quarter of the characters of each message."""
    return sum(len(text) // 4 for text in texts)


def embedding(text: str, dimensions: int) -> list[float]:
    """A unit vector of hashed words: texts that share words are near each other."""
    vector = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [""]:
        digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
        vector[int.from_bytes(digest[:4], "big") % dimensions] += 1.0 if digest[4] & 1 else -1.0
    norm = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / norm for value in vector]
