"""The variables of a run: ``(node id or prefix, name)`` to value (workflow-engine.md 1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from server.engine import values
from server.engine.values import FILE_ATTRIBUTES, File

SYSTEM, ENVIRONMENT, CONVERSATION = "sys", "env", "conversation"
_NOTHING: tuple[bool, Any] = (False, None)


@dataclass(frozen=True, slots=True)
class Variables:
    """What a run starts with. Names are without their prefix; ``system`` has query, files, user_id and so on.

    ``inputs`` are the caller's. ``conversation_types`` are the declared types of the conversation variables.
    """

    inputs: Mapping[str, Any] = field(default_factory=dict)
    system: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    conversation: Mapping[str, Any] = field(default_factory=dict)
    conversation_types: Mapping[str, str] = field(default_factory=dict)


class Pool:
    """Variables. A copy shares what neither side has written since: copies are cheap, writes do not leak."""

    __slots__ = ("_own", "_scopes", "_types")

    def __init__(self, scopes: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """A pool with these variables."""
        self._scopes: dict[str, dict[str, Any]] = {name: dict(scope) for name, scope in (scopes or {}).items()}
        self._own = set(self._scopes)
        self._types: dict[tuple[str, str], str] = {}

    @classmethod
    def start(cls, given: Variables) -> Self:
        """The pool of a run that begins."""
        pool = cls({SYSTEM: given.system, ENVIRONMENT: given.environment, CONVERSATION: given.conversation})
        for name, kind in given.conversation_types.items():
            pool.declare(CONVERSATION, name, kind)
        return pool

    def copy(self) -> Pool:
        """A pool of its own for a round that must not see or change another one."""
        other = Pool()
        other._scopes = dict(self._scopes)
        other._types = dict(self._types)
        self._own = set()
        return other

    def find(self, selector: Sequence[str]) -> tuple[bool, Any]:
        """Whether the selector leads to something, and to what. A written None counts."""
        scope = self._scopes.get(selector[0])
        if scope is None or len(selector) < 2 or selector[1] not in scope:
            return _NOTHING
        value = scope[selector[1]]
        return (True, value) if len(selector) == 2 else _walk(value, selector[2:])

    def scope(self, prefix: str) -> Mapping[str, Any]:
        """All variables of a node or prefix."""
        return self._scopes.get(prefix, {})

    def set(self, prefix: str, name: str, value: Any) -> None:
        """Write one variable."""
        self._writable(prefix)[name] = value

    def put(self, selector: Sequence[str], value: Any) -> None:
        """Write what a selector of any length leads to, with the objects on the way."""
        prefix, name, *path = selector
        for step in reversed(path):
            value = {step: value}
        known = self._scopes.get(prefix, {}).get(name)
        self.set(prefix, name, _merge(known, value) if path else value)

    def update(self, prefix: str, new: Mapping[str, Any]) -> None:
        """Write outputs of a node."""
        if new:
            self._writable(prefix).update(new)

    def forget(self, prefix: str) -> None:
        """Drop all variables of a node."""
        self._scopes.pop(prefix, None)
        self._own.discard(prefix)

    def declare(self, prefix: str, name: str, kind: str) -> None:
        """Say the type of a variable, whatever it holds at the moment."""
        self._types[prefix, name] = kind

    def type_of(self, selector: Sequence[str]) -> str:
        """The declared type, else that of the value."""
        declared = self._types.get((selector[0], selector[1])) if len(selector) == 2 else None
        return declared or values.type_of(self.find(selector)[1])

    def _writable(self, prefix: str) -> dict[str, Any]:
        if prefix not in self._own:
            self._scopes[prefix] = dict(self._scopes.get(prefix, {}))
            self._own.add(prefix)
        return self._scopes[prefix]

    def dump(self) -> dict[str, Any]:
        """All of it as JSON, without environment variables: they may be secrets."""
        kept = {name: scope for name, scope in sorted(self._scopes.items()) if name != ENVIRONMENT}
        return {
            "values": values.encode(kept),
            "types": [[*key, kind] for key, kind in sorted(self._types.items())],
        }

    @classmethod
    def load(cls, state: Mapping[str, Any], given: Variables) -> Self:
        """The pool that ``dump`` wrote down, with environment variables given anew."""
        pool = cls({**values.decode(state["values"]), ENVIRONMENT: given.environment})
        for prefix, name, kind in state["types"]:
            pool.declare(prefix, name, kind)
        return pool


def _walk(value: Any, path: Sequence[str]) -> tuple[bool, Any]:
    for step in path:
        if isinstance(value, File) and step in FILE_ATTRIBUTES:
            value = getattr(value, step)
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return _NOTHING
    return True, value


def _merge(known: Any, new: Any) -> Any:
    if not isinstance(known, Mapping) or not isinstance(new, Mapping):
        return new
    return {**known, **{key: _merge(known.get(key), value) for key, value in new.items()}}
