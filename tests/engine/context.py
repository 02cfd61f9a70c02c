"""A context over variables, for nodes that need no run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from server.engine import template
from server.engine.node import Context
from server.engine.pool import Pool


class PoolContext:
    """The part of a context that reads variables."""

    def __init__(self, scopes: Mapping[str, Mapping[str, Any]], types: Mapping[tuple[str, str], str] | None = None) -> None:
        self.pool = Pool(scopes)
        for (prefix, name), kind in (types or {}).items():
            self.pool.declare(prefix, name, kind)

    def has(self, selector: Sequence[str]) -> bool:
        return self.pool.find(selector)[0]

    def get(self, selector: Sequence[str], default: Any = None) -> Any:
        known, value = self.pool.find(selector)
        return value if known else default

    def type_of(self, selector: Sequence[str]) -> str:
        return self.pool.type_of(selector)

    def render(self, text: str) -> str:
        return template.render(text, self.pool.find)


def context(scopes: Mapping[str, Mapping[str, Any]], types: Mapping[tuple[str, str], str] | None = None) -> Context:
    return cast("Context", PoolContext(scopes, types))
