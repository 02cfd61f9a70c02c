"""What an app file says: nodes and edges, parsed once and run many times (workflow-engine.md 2, app-dsl.md 2, 8)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from server.engine.node import Node, NodeDataError
from server.engine.nodes import registry
from server.engine.plan import Edge, Plan
from server.engine.values import Selector

START_LIKE = frozenset({"start", "datasource", "trigger-webhook", "trigger-schedule", "trigger-plugin"})
TRIGGERS = START_LIKE - {"start", "datasource"}
CONTAINERS = frozenset({"iteration", "loop"})
BRANCHES = frozenset({"if-else", "question-classifier", "human-input"})
RESPONSES = frozenset({"answer", "end"})
PREFIXES = frozenset({"sys", "env", "conversation", "rag"})
_STRATEGIES = ("", "default-value", "fail-branch")
_log = logging.getLogger(__name__)
_NOTE = "custom-note"
# The class of a node by type and version.
FindClass = Callable[[str, str], type[Node] | None]
_ENTRY_MARKS = {"iteration": ("iteration-start", "isIterationStart"), "loop": ("loop-start", "isLoopStart")}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a graph. An ``error`` means that it cannot run, a ``warning`` that it will surprise."""

    message: str
    node_id: str = ""
    title: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"Node '{self.title or self.node_id}' ({self.node_id}): {self.message}" if self.node_id else self.message


class GraphError(Exception):
    """A graph that cannot run; the text names the nodes."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node with what the engine itself reads of its data."""

    id: str
    type: str
    title: str
    node: Node
    data: Mapping[str, Any]
    # "", "default-value" or "fail-branch".
    strategy: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 0
    # Seconds.
    retry_interval: float = 0.0
    # First node of the rounds of a container.
    entry: str = ""
    # What its start tells besides: the icon of a tool, the strategy of an agent.
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_container(self) -> bool:
        """Whether it runs rounds of other nodes."""
        return self.type in CONTAINERS

    @property
    def is_branch(self) -> bool:
        """Whether it picks one of several handles."""
        return self.type in BRANCHES or self.strategy == "fail-branch"


class Graph:
    """A graph that can run. Shared by all its runs."""

    def __init__(self, nodes: Mapping[str, GraphNode], edges: Sequence[Edge]) -> None:
        self.nodes = nodes
        self.edges = edges
        self._plans: dict[str, Plan] = {}

    @classmethod
    def parse(cls, document: Mapping[str, Any], find_class: FindClass = registry.node_class) -> Self:
        """The ``graph`` object of an app file. Raises GraphError that lists everything that is wrong."""
        nodes, edges, problems = _read(document, find_class)
        if problems:
            raise GraphError(problems)
        return cls(nodes, edges)

    def root(self, wanted: str = "") -> str:
        """The node that a run begins with. Raises GraphError."""
        return _root(self.nodes, self.edges, wanted)

    def plan(self, root: str) -> Plan:
        """What runs from a root on."""
        plan = self._plans.get(root)
        if plan is None:
            plan = self._plans[root] = Plan.make(root, self.edges, {
                node_id: node.node for node_id, node in self.nodes.items() if node.type in RESPONSES
            }, self._blocking, self._writers())  # fmt: skip
        return plan

    def reads(self, node_id: str) -> Sequence[Selector]:
        """Selectors that a node reads."""
        return self.nodes[node_id].node.uses()

    @property
    def _blocking(self) -> frozenset[str]:
        """Nodes after which it is open which way a run goes on (workflow-engine.md 6)."""
        return frozenset(
            node.id for node in self.nodes.values() if node.is_branch or node.is_container or node.type in RESPONSES
        )

    def _writers(self) -> Mapping[str, frozenset[Selector]]:
        return {
            node.id: frozenset(tuple(target[:2]) for target in node.node.targets)  # type: ignore[attr-defined]
            for node in self.nodes.values()
            if node.type == "assigner"
        }


def check(document: Mapping[str, Any], find_class: FindClass = registry.node_class) -> list[Problem]:
    """Everything that is wrong with a graph, for the time of publishing. Without an error it can run."""
    nodes, edges, problems = _read(document, find_class)
    if problems:
        return problems
    graph = Graph(nodes, edges)
    try:
        root = graph.root()
    except GraphError as error:
        return list(error.problems)
    return [*_nested_pauses(graph), *_dangling(graph), *_never_run(graph, root)]


def _read(
    document: Mapping[str, Any], find_class: FindClass
) -> tuple[dict[str, GraphNode], list[Edge], list[Problem]]:
    problems: list[Problem] = []
    raw = _nodes_of(document, problems)
    nodes: dict[str, GraphNode] = {}
    for node_id, data in raw.items():
        try:
            nodes[node_id] = _node(node_id, data, raw, find_class)
        except NodeDataError as error:
            problems.append(Problem(str(error), node_id, _title(data)))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            _log.warning("data of a %s node cannot be read", data.get("type"), exc_info=error)
            problems.append(Problem("Its data cannot be read.", node_id, _title(data)))
    edges = _edges_of(document, raw, problems)
    problems += _trigger_conflict(nodes)
    return nodes, edges, problems


def _nodes_of(document: Mapping[str, Any], problems: list[Problem]) -> dict[str, Mapping[str, Any]]:
    """``data`` of each node by id, notes left out. ``parentId`` of the outer node is kept in it."""
    found: dict[str, Mapping[str, Any]] = {}
    for item in _list(document, "nodes", problems):
        node_id, data = item.get("id"), item.get("data")
        if item.get("type") == _NOTE or (isinstance(data, Mapping) and data.get("type") == _NOTE):
            continue
        if not isinstance(node_id, (str, int)) or not isinstance(data, Mapping):
            problems.append(Problem(f"Node {node_id!r} has no id or no data."))
            continue
        parent = item.get("parentId")
        found[str(node_id)] = {"parentId": str(parent), **data} if parent else data
    if not found and not problems:
        problems.append(Problem("The graph has no nodes."))
    return found


def _list(document: Mapping[str, Any], key: str, problems: list[Problem]) -> Iterable[Mapping[str, Any]]:
    items = document.get(key)
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        problems.append(Problem(f"The {key} of the graph must be a list of objects."))
        return []
    return items


def _node(
    node_id: str, data: Mapping[str, Any], raw: Mapping[str, Mapping[str, Any]], find_class: FindClass
) -> GraphNode:
    node_type = str(data.get("type") or "")
    version = str(data.get("version") or "1")
    made = find_class(node_type, version)
    if made is None:
        raise NodeDataError(f"Node type '{node_type}' is not supported." if node_type else "It has no type.")
    canonical = registry.canonical(node_type)
    entry = _entry(node_id, canonical, data, raw) if canonical in CONTAINERS else ""
    strategy = str(data.get("error_strategy") or "")
    if strategy not in _STRATEGIES:
        raise NodeDataError(f"Error strategy '{strategy}' is not known.")
    retries, interval = _retry(data.get("retry_config"))
    return GraphNode(
        id=node_id, type=canonical, title=_title(data), node=made.parse(data, node_id), data=data, strategy=strategy,
        defaults=_defaults(data.get("default_value")) if strategy == "default-value" else {},
        retries=retries, retry_interval=interval, entry=entry, extras=_extras(canonical, data),
    )  # fmt: skip


def _extras(node_type: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    if node_type == "agent":
        return {"agent_strategy": {"name": str(data.get("agent_strategy_name") or ""), "icon": None}}
    icon = data.get("provider_icon") if node_type == "tool" else None
    return {"icon": icon} if icon else {}


def _title(data: Mapping[str, Any]) -> str:
    return str(data.get("title") or data.get("type") or "")


def _entry(node_id: str, node_type: str, data: Mapping[str, Any], raw: Mapping[str, Mapping[str, Any]]) -> str:
    """Where rounds begin: as named (by old files an ordinary child), else the child that says that it is the start."""
    named = str(data.get("start_node_id") or "")
    if named in raw:
        return named
    start_type, mark = _ENTRY_MARKS[node_type]
    for child_id, child in raw.items():
        parents = {str(child.get(key)) for key in ("parentId", "iteration_id", "loop_id")}
        if node_id in parents and (child.get("type") == start_type or child.get(mark)):
            return child_id
    raise NodeDataError(f"Its start node '{named}' is not in the graph.")


def _retry(config: Any) -> tuple[int, float]:
    if not isinstance(config, Mapping) or not config.get("retry_enabled"):
        return 0, 0.0
    try:
        return max(0, int(config.get("max_retries") or 0)), max(0.0, float(config.get("retry_interval") or 0) / 1000)
    except (TypeError, ValueError):
        raise NodeDataError("retry_config must have whole numbers max_retries and retry_interval.") from None


def _defaults(items: Any) -> dict[str, Any]:
    if items is None:
        return {}
    if not isinstance(items, list) or not all(isinstance(item, Mapping) and item.get("key") for item in items):
        raise NodeDataError("default_value must be a list of {key, type, value}.")
    return {str(item["key"]): _default(str(item.get("type") or "string"), item.get("value")) for item in items}


_DEFAULT_CHECKS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "string": (str, "string"), "number": ((int, float), "number"), "object": (dict, "dict"),
}  # fmt: skip


def _default(kind: str, value: Any) -> Any:
    if isinstance(value, str) and kind != "string":
        value = _number(value) if kind == "number" else _json(value)
    expected, name = _DEFAULT_CHECKS.get(kind, (list, "list"))
    if not isinstance(value, expected):
        raise NodeDataError(f"Value must be {name} type for {value}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise NodeDataError(f"Cannot convert to number: {text}") from None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise NodeDataError(f"Invalid JSON format for value: {text}") from None


def _edges_of(
    document: Mapping[str, Any], raw: Mapping[str, Mapping[str, Any]], problems: list[Problem]
) -> list[Edge]:
    notes = {str(item.get("id")) for item in _list(document, "nodes", []) if item.get("type") == _NOTE}
    edges: list[Edge] = []
    for item in _list(document, "edges", problems):
        source, target = str(item.get("source")), str(item.get("target"))
        if source in notes or target in notes:
            continue
        edge_id = str(item.get("id") or f"{source}-{target}")
        unknown = [(end, node) for end, node in (("source", source), ("target", target)) if node not in raw]
        for end, node in unknown:
            problems.append(Problem(f"[MISSING_NODE] Edge {edge_id} references unknown {end} node '{node}'."))
        if not unknown:
            edges.append(Edge(len(edges), edge_id, source, target, str(item.get("sourceHandle") or "source")))
    return edges


def _trigger_conflict(nodes: Mapping[str, GraphNode]) -> list[Problem]:
    starts = [node for node in nodes.values() if node.type == "start"]
    triggers = [node.id for node in nodes.values() if node.type in TRIGGERS]
    if not starts or not triggers:
        return []
    return [Problem(
        f"[TRIGGER_START_NODE_CONFLICT] UserInput (start) node '{starts[0].id}' cannot coexist with trigger nodes: "
        f"{', '.join(triggers)}.", starts[0].id, starts[0].title,
    )]  # fmt: skip


def _root(nodes: Mapping[str, GraphNode], edges: Sequence[Edge], wanted: str) -> str:
    targets = {edge.target for edge in edges}
    free = [node for node in nodes.values() if node.id not in targets]
    chosen = wanted or next((node.id for node in free if node.type in START_LIKE), free[0].id if free else "")
    if chosen not in nodes:
        raise GraphError([Problem(f"[MISSING_NODE] Root node '{chosen}' is not in the graph.")])
    if nodes[chosen].type not in START_LIKE:
        message = f"[INVALID_ROOT] Root node '{chosen}' must declare execution type 'root'."
        raise GraphError([Problem(message, chosen, nodes[chosen].title)])
    return chosen


def _nested_pauses(graph: Graph) -> Iterable[Problem]:
    for container in (node for node in graph.nodes.values() if node.is_container):
        for node_id in graph.plan(container.entry).nodes:
            node = graph.nodes[node_id]
            if node.type == "human-input":
                yield Problem(f"It cannot wait for somebody inside of a {container.type}.", node.id, node.title)


def _dangling(graph: Graph) -> Iterable[Problem]:
    for node in graph.nodes.values():
        for selector in dict.fromkeys(tuple(selector) for selector in node.node.uses()):
            if selector and selector[0] not in PREFIXES and selector[0] not in graph.nodes:
                message = f"It refers to '{'.'.join(selector)}', but there is no node '{selector[0]}'."
                yield Problem(message, node.id, node.title, "warning")


def _never_run(graph: Graph, root: str) -> Iterable[Problem]:
    """Nodes without a way from a start, and those in a circle or behind one: they can never become ready."""
    starts = [root, *(node.id for node in graph.nodes.values() if node.type in START_LIKE and node.id != root)]
    starts += [node.entry for node in graph.nodes.values() if node.is_container]
    reached: set[str] = set()
    for start in starts:
        plan = graph.plan(start)
        reached |= plan.nodes
        for node_id in plan.circular():
            node = graph.nodes[node_id]
            message = "It stands in a circle of edges or behind one and never runs."
            yield Problem(message, node_id, node.title, "warning")
    for node in graph.nodes.values():
        if node.id not in reached:
            yield Problem("No way leads to it; it never runs.", node.id, node.title, "warning")
