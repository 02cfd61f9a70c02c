"""YAML from outside, read within limits, and YAML for export.

A file may be hostile: deep nesting crashes the C parser, aliases and merge keys expand without
end. So the event stream is measured first, and only then are objects built.
"""

from __future__ import annotations

from typing import Any

import yaml

from server.kit.plain import clean

MAX_BYTES = 10 * 1024 * 1024
_MAX_DEPTH = 100
_MAX_NODES = 1_000_000
_MAX_EXPANSION = 10 * 1024 * 1024
"""Characters that aliases may add to a file, all uses together."""

_NODE_WEIGHT = 8
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_FAULTS = (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError, IndexError, OverflowError)
"""What PyYAML raises for bad input; for wrongly tagged scalars that is whatever Python raised."""


class _Loader(yaml.CSafeLoader):
    """The safe loader without dates: JSON has none, so they stay text."""


class _Dumper(yaml.SafeDumper):
    """The safe dumper without anchors. The C one would escape emoji."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str) -> Any:
    """Read one YAML document as JSON-like data. Raises ValueError with the parser's text."""
    try:
        _measure(text)
        return clean(_Loader(text).get_single_data())
    except _FAULTS as error:
        raise ValueError(str(error) or type(error).__name__) from error


def write(data: Any) -> str:
    """Write data as YAML: Unicode kept, keys in alphabetical order."""
    text: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=True)
    return text


def _measure(text: str) -> None:
    """Walk the events of a text without building anything. Raises ValueError past a limit."""
    anchors: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = []
    nodes = total = expansion = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            if nodes > _MAX_NODES:
                raise ValueError("the document has too many values")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise ValueError(f"alias {event.anchor!r} has no value, or holds itself")
            expansion += anchors[event.anchor]
            if expansion > _MAX_EXPANSION:
                raise ValueError("aliases expand to too much data")
            total += anchors[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            total += _NODE_WEIGHT + len(event.value)
            if event.anchor:
                anchors[event.anchor] = _NODE_WEIGHT + len(event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(stack) >= _MAX_DEPTH:
                raise ValueError(f"values are nested deeper than {_MAX_DEPTH} levels")
            stack.append((event.anchor, total))
            total += _NODE_WEIGHT
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = stack.pop()
            if anchor:
                anchors[anchor] = total - before
