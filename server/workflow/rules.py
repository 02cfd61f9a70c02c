"""What a draft must satisfy to be saved: graph, features, variables (app-dsl.md sections 2, 4 and 6).

Only the structure is checked; whether every node can run is asked when it is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from server.kit.errors import invalid_param
from server.kit.ids import new_id
from server.kit.plain import clean
from server.workflow.model import Content, Variable

_LONGEST_VARIABLE = 200 * 1024
_NODE_TYPES = frozenset({
    "", "start", "end", "answer", "llm", "knowledge-retrieval", "question-classifier", "if-else", "code",
    "template-transform", "variable-aggregator", "variable-assigner", "assigner", "iteration", "iteration-start",
    "loop", "loop-start", "loop-end", "parameter-extractor", "http-request", "tool", "agent", "document-extractor",
    "list-operator", "human-input", "trigger-webhook", "trigger-schedule", "trigger-plugin", "datasource",
    "knowledge-index", "knowledge-base", "start-placeholder", "datasource-empty",
})  # fmt: skip
_SWITCHES: Mapping[str, tuple[str, ...]] = {
    "workflow": ("text_to_speech", "sensitive_word_avoidance"),
    "advanced-chat": (
        "suggested_questions_after_answer", "speech_to_text", "text_to_speech", "retriever_resource",
        "sensitive_word_avoidance",
    ),
}  # fmt: skip
_LISTS = ("allowed_file_types", "allowed_file_extensions", "allowed_file_upload_methods")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "secret": str, "number": (int, float), "integer": int, "float": (int, float), "boolean": bool,
    "object": dict, "array[string]": list, "array[number]": list, "array[object]": list, "array[boolean]": list,
}  # fmt: skip
_ITEMS: Mapping[str, type | tuple[type, ...]] = {
    "array[string]": str, "array[number]": (int, float), "array[object]": dict, "array[boolean]": bool,
}  # fmt: skip


def content(
    mode: str, graph: object, features: object, environment_variables: object, conversation_variables: object
) -> Content:
    """Everything that a draft is made of. Raises invalid_param with the first problem."""
    return Content(
        graph=checked_graph(graph), features=checked_features(features, mode),
        environment_variables=environment(environment_variables),
        conversation_variables=conversation(conversation_variables),
    )  # fmt: skip


def of_section(mode: str, section: Mapping[str, Any]) -> Content:
    """The `workflow` section of an app file. Raises invalid_param."""
    return content(
        mode, section.get("graph"), section.get("features") or {}, section.get("environment_variables") or [],
        section.get("conversation_variables") or [],
    )  # fmt: skip


def checked_graph(graph: object) -> Mapping[str, Any]:
    """A graph whose nodes are of known types, and which begins in one way. Raises invalid_param."""
    graph = _object(graph, "graph")
    for key in ("nodes", "edges"):
        items = graph.get(key)
        if items is not None and not (isinstance(items, list) and all(isinstance(item, dict) for item in items)):
            raise invalid_param(f"{key} of the graph must be a list of objects")
    starts, triggers = [], []
    for node_id, data in nodes_of(graph):
        kind = data.get("type") or ""
        if not isinstance(kind, str) or kind not in _NODE_TYPES:
            title = data.get("title") or node_id
            raise invalid_param(f"Node '{title}' ({node_id}): node type '{str(kind)[:64]}' is not known.")
        if kind == "start":
            starts.append(node_id)
        elif kind.startswith("trigger-"):
            triggers.append(node_id)
    if starts and triggers:
        raise invalid_param(
            f"[TRIGGER_START_NODE_CONFLICT] UserInput (start) node '{starts[0]}' cannot coexist with trigger nodes: "
            f"{', '.join(triggers)}."
        )
    return graph


def nodes_of(graph: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Id and data of every node of a graph that has data; notes are left out."""
    nodes = graph.get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        if isinstance(node, dict) and isinstance(node.get("data"), dict) and node.get("type") != "custom-note":
            yield str(node.get("id") or ""), node["data"]


def has_trigger(graph: Mapping[str, Any]) -> bool:
    """Whether something else than a user starts the workflow."""
    return any(str(data.get("type") or "").startswith("trigger-") for _, data in nodes_of(graph))


def start_variables(graph: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """What the start node asks for."""
    for _, data in nodes_of(graph):
        if data.get("type") == "start":
            variables = data.get("variables")
            return tuple(item for item in variables if isinstance(item, dict)) if isinstance(variables, list) else ()
    return ()


# --- features ------------------------------------------------------------------------


def checked_features(features: object, mode: str) -> Mapping[str, Any]:
    """Features as sent, those that a mode has with an ``enabled``. Raises invalid_param."""
    found = dict(_object(features, "features"))
    if found.get("file_upload") is not None:
        _check_upload(_object(found["file_upload"], "file_upload"))
    for key in _SWITCHES[mode]:
        found[key] = _switch(found.get(key), key)
    moderation = found["sensitive_word_avoidance"]
    if moderation["enabled"] and not moderation.get("type"):
        raise invalid_param("sensitive_word_avoidance.type is required")
    if mode == "advanced-chat":
        _check_opening(found)
    return found


def _switch(feature: object, key: str) -> dict[str, Any]:
    feature = _object(feature or {}, key)
    if not isinstance(feature.get("enabled") or False, bool):
        raise invalid_param(f"enabled in {key} must be of boolean type")
    return {**feature, "enabled": bool(feature.get("enabled"))}


def _check_upload(upload: Mapping[str, Any]) -> None:
    for key in _LISTS:
        if upload.get(key) is not None and not isinstance(upload[key], list):
            raise invalid_param(f"{key} in file_upload must be of list type")
    limit = upload.get("number_limits")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise invalid_param("number_limits in file_upload must be a whole number")


def _check_opening(features: dict[str, Any]) -> None:
    opening = features["opening_statement"] = features.get("opening_statement") or ""
    if not isinstance(opening, str):
        raise invalid_param("opening_statement must be of string type")
    questions = features["suggested_questions"] = features.get("suggested_questions") or []
    if not isinstance(questions, list) or not all(isinstance(question, str) for question in questions):
        raise invalid_param("suggested_questions must be a list of strings")


# --- variables -----------------------------------------------------------------------


def environment(items: object) -> list[Variable]:
    """Environment variables, secrets in clear or as the mark that keeps them. Raises invalid_param."""
    return [_variable(item, "env") for item in _items(items, "environment_variables")]


def conversation(items: object) -> list[Variable]:
    """Conversation variables. Raises invalid_param."""
    return [_variable(item, "conversation") for item in _items(items, "conversation_variables")]


def _items(items: object, field: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, Mapping) for item in items):
        raise invalid_param(f"{field} must be a list of objects")
    return items


def _variable(item: Mapping[str, Any], prefix: str) -> Variable:
    item = _cleaned(item, f"a variable in {prefix}")
    name, kind = item.get("name"), item.get("value_type")
    if not isinstance(name, str) or not name:
        raise invalid_param("missing name")
    if not kind:
        raise invalid_param(f"missing value type of variable '{name}'")
    if item.get("value") is None:
        raise invalid_param(f"missing value of variable '{name}'")
    if not isinstance(kind, str) or kind not in _KINDS or (kind == "secret" and prefix != "env"):
        raise invalid_param(f"value type '{kind}' of variable '{name}' is not supported")
    check_value(item["value"], kind, name)
    given = item.get("id")
    return {
        "id": given if isinstance(given, str) and given else new_id(), "name": name,
        "value_type": "number" if kind in {"integer", "float"} else kind, "value": item["value"],
        "description": str(item.get("description") or ""), "selector": [prefix, name],
    }  # fmt: skip


def check_value(value: object, kind: str, name: str) -> None:
    """A value must be of a variable's type and of a bearable size. Raises invalid_param."""
    fits = isinstance(value, _KINDS.get(kind, object)) and (kind == "boolean" or not isinstance(value, bool))
    if fits and kind in _ITEMS and isinstance(value, list):
        fits = all(isinstance(item, _ITEMS[kind]) for item in value)
    if not fits:
        raise invalid_param(f"invalid {kind} value of variable '{name}'")
    if len(orjson.dumps(value)) > _LONGEST_VARIABLE:
        raise invalid_param(f"variable '{name}' is larger than {_LONGEST_VARIABLE} bytes")


def _object(value: object, field: str) -> Mapping[str, Any]:
    if value is None:
        raise invalid_param(f"{field} is required")
    if not isinstance(value, Mapping):
        raise invalid_param(f"{field} must be of object type")
    return _cleaned(value, field)


def _cleaned(value: Mapping[str, Any], field: str) -> dict[str, Any]:
    try:
        copy: dict[str, Any] = clean(value)
    except ValueError as error:
        raise invalid_param(f"{field} is not valid: {error}") from error
    return copy
