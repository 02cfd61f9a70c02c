"""JSONPath, as far as app files use it: ``$``, ``.name``, ``['name']``, ``[n]``, ``[a:b:c]``, ``*``, ``..``, unions.

A match is told with its parent, so that it can be replaced or taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<root>\$)|(?P<deep>\.\.)|(?P<dot>\.)|(?P<star>\*)|(?P<bracket>\[[^\]\"']*\]|\[(?:\s*(?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')\s*,?)+\])"
    r"|(?P<quoted>\"[^\"]*\"|'[^']*')|(?P<name>[^\s.\[\]*$\"',]+))"
)
_QUOTED = re.compile(r"\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'")
_MOST = 100_000

Key = str | int


class PathError(ValueError):
    """The path cannot be read, or it finds more than anybody can want."""


@dataclass(frozen=True, slots=True)
class Match:
    """A value and where it is; the root has no parent."""

    value: Any
    parent: Any = None
    key: Key = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Picks children by names, numbers, slices or ``*``; of everything below when ``deep``."""

    picks: tuple[str | int | slice | None, ...]
    deep: bool = False


def parse(path: str) -> list[Step]:
    """The steps of a path. Raises PathError."""
    steps: list[Step] = []
    deep, position = False, 0
    while position < len(path.rstrip()):
        token = _TOKEN.match(path, position)
        if token is None:
            raise PathError(f"Parse error near {path[position:]!r}")
        position = token.end()
        kind = token.lastgroup
        if kind == "root" and not steps:
            continue
        if kind in ("dot", "deep"):
            deep = deep or kind == "deep"
            continue
        steps.append(Step(_picks(str(kind), token[str(kind)]), deep))
        deep = False
    if deep:
        raise PathError("The path ends with '..'")
    return steps


def _picks(kind: str, text: str) -> tuple[str | int | slice | None, ...]:
    if kind == "star":
        return (None,)
    if kind == "name":
        return (text,)
    if quoted := _QUOTED.findall(text):
        return tuple(re.sub(r"\\(.)", r"\1", double or single) for double, single in quoted)
    return tuple(_number(part.strip()) for part in text[1:-1].split(","))


def _number(text: str) -> str | int | slice | None:
    if text == "*":
        return None
    try:
        if ":" in text:
            return slice(*(int(part) if part.strip() else None for part in text.split(":")))
        return int(text)
    except (ValueError, TypeError):
        if re.fullmatch(r"\w+", text):
            return text
        raise PathError(f"Parse error near {text!r}") from None


def find(path: str, document: Any) -> list[Match]:
    """Everything that the path names, in the order of the document. Raises PathError."""
    found = [Match(document)]
    for step in parse(path):
        following: list[Match] = []
        for match in found:
            for base in _below(match.value) if step.deep else (match.value,):
                following += _children(base, step.picks)
                if len(following) > _MOST:
                    raise PathError("The path matches too much")
        found = following
    return found


def _below(value: Any) -> Iterator[Any]:
    """A value and everything in it."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        yield one
        inside = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting.extend(reversed(inside))


def _children(value: Any, picks: Sequence[str | int | slice | None]) -> Iterator[Match]:
    for pick in picks:
        if isinstance(value, dict):
            keys: Sequence[Key] = list(value) if pick is None else [pick] if pick in value else []  # type: ignore[list-item]
        elif isinstance(value, list):
            keys = _indexes(len(value), pick)
        else:
            return
        yield from (Match(value[key], value, key) for key in keys)


def _indexes(length: int, pick: str | int | slice | None) -> Sequence[int]:
    if pick is None:
        return range(length)
    if isinstance(pick, slice):
        return range(length)[pick]
    if isinstance(pick, int) and -length <= pick < length:
        return [pick % length]
    return []
