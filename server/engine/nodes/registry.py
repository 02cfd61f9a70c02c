"""Every node type that can run: type, version, class.

To add one, import its class and add its line; a second version of a type is another entry of its mapping.
"""

from __future__ import annotations

from collections.abc import Mapping

from server.engine.node import Node
from server.engine.nodes.code import Code
from server.engine.nodes.template_transform import TemplateTransform

NODES: Mapping[str, Mapping[str, type[Node]]] = {
    "code": {"1": Code},
    "template-transform": {"1": TemplateTransform},
}

# Old names of types.
ALIASES: Mapping[str, str] = {"variable-assigner": "variable-aggregator"}


def canonical(node_type: str) -> str:
    """The name of a type that classes are listed by."""
    return ALIASES.get(node_type, node_type)


def node_class(node_type: str, version: str) -> type[Node] | None:
    """The class of a type in a version, in the newest one when it has no such version; None for an unknown type."""
    versions = NODES.get(canonical(node_type))
    return None if versions is None else versions.get(version) or versions[max(versions)]
