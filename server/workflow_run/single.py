"""What the author of a draft gives to one of its nodes to run it alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from server.engine.values import Selector, decode

# Names that the console gives to what some nodes read, by the key of their data that says where.
_READS = {
    "iterator_selector": "input_selector", "query_variable_selector": "query", "query": "query",
    "variable_selector": "files",
}  # fmt: skip


def values_of(document: str | None, node_id: str, inputs: Mapping[str, Any]) -> dict[Selector, Any]:
    """Values of variables, from ``{"<node>.<variable>": value}``, ``#..#`` around it or not.

    A node's own names for what it reads stand for that: ``who`` or ``<node id>.who``. ``document`` is the draft's graph
    as JSON text.
    """
    own = dict(_own(_data(document, node_id)))
    found: dict[Selector, Any] = {}
    for name, value in inputs.items():
        first, *rest = name.strip("#").split(".")
        selector = (first, *rest)
        if not rest:
            selector = own.get(first, ())
        elif first == node_id and len(rest) == 1:
            selector = own.get(rest[0], selector)
        if selector:
            found[selector] = decode(value)
    return found


def _data(document: str | None, node_id: str) -> Mapping[str, Any]:
    nodes = orjson.loads(document or "{}").get("nodes") or ()
    return next((node.get("data") or {} for node in nodes if node.get("id") == node_id), {})


def _own(data: Mapping[str, Any]) -> Iterator[tuple[str, Selector]]:
    config = data.get("prompt_config")
    jinja = config.get("jinja2_variables") if isinstance(config, Mapping) else None
    for items, named, read in (
        (data.get("variables"), "variable", "value_selector"), (jinja, "variable", "value_selector"),
        (data.get("loop_variables"), "label", "value"),
    ):  # fmt: skip
        for item in items if isinstance(items, list) else ():
            if isinstance(item, Mapping) and (selector := _selector(item.get(read))):
                yield str(item.get(named)), selector
    for key, name in _READS.items():
        if selector := _selector(data.get(key)):
            yield name, selector


def _selector(value: Any) -> Selector:
    is_one = isinstance(value, list) and len(value) > 1 and all(isinstance(part, str) for part in value)
    return tuple(value) if is_one else ()
