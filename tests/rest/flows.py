"""Workflows for tests: small graphs, and apps that run them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.harness.product import COMPATIBLE, App, Workspace

Graph = dict[str, Any]


def node(node_id: str, kind: str, **data: Any) -> dict[str, Any]:
    """A node of a graph."""
    return {"id": node_id, "type": "custom", "data": {"type": kind, "title": node_id.title(), **data}}


def chain(*nodes: Mapping[str, Any]) -> Graph:
    """A graph in which each node follows the one before."""
    pairs = zip(nodes, nodes[1:], strict=False)
    return {"nodes": list(nodes), "edges": [edge(one["id"], other["id"]) for one, other in pairs]}


def edge(source: str, target: str, handle: str = "source") -> dict[str, str]:
    """A way from a node to another."""
    return {"id": f"{source}-{handle}-{target}", "source": source, "sourceHandle": handle, "target": target}


def start(*variables: str, **fields: Any) -> dict[str, Any]:
    """A start node with text variables."""
    asked = [{"variable": name, "label": name, "type": "text-input", "required": False} for name in variables]
    return node("start", "start", variables=[*asked, *fields.get("more", [])])


def end(**outputs: Sequence[str]) -> dict[str, Any]:
    """An end node: outputs by their selectors."""
    listed = [{"variable": name, "value_selector": list(selector)} for name, selector in outputs.items()]
    return node("end", "end", outputs=listed)


def llm(node_id: str, model: str, prompt: str = "{{#sys.query#}}", **data: Any) -> dict[str, Any]:
    """A node that asks a model of the loopback double."""
    return node(
        node_id, "llm", model={"provider": COMPATIBLE, "name": model, "mode": "chat", "completion_params": {}},
        prompt_template=[{"role": "user", "text": prompt}], context={"enabled": False, "variable_selector": []}, **data,
    )


PASS = chain(start("name"), end(output=("start", "name")))


def human(node_id: str, content: str = "Please say {{#$output.said#}}", **data: Any) -> dict[str, Any]:
    """A node that asks somebody for one text."""
    return node(
        node_id, "human-input", form_content=content, delivery_methods=[],
        inputs=[{"type": "paragraph", "output_variable_name": "said"}],
        user_actions=[{"id": "ok", "title": "Go on", "button_style": "primary"}], **data,
    )


# Passes its input on, at once or, when that is "slow", after a while; when it is "ask" it asks somebody.
PATIENT = {
    "nodes": [
        start("name"),
        node("if", "if-else", cases=[{"case_id": "slow", "logical_operator": "and", "conditions": [
            {"variable_selector": ["start", "name"], "comparison_operator": "is", "value": "slow"},
        ]}, {"case_id": "ask", "logical_operator": "and", "conditions": [
            {"variable_selector": ["start", "name"], "comparison_operator": "is", "value": "ask"},
        ]}]),
        human("ask"), {**end(said=("ask", "said")), "id": "asked"},
        node(
            "wait", "code", code_language="python3", variables=[], outputs={"said": {"type": "string"}},
            code="def main():\n    import time\n    time.sleep(12)\n    return {'said': 'done'}",
        ),
        {**end(output=("wait", "said")), "id": "late"},
        end(output=("start", "name")),
    ],
    "edges": [edge("start", "if"), edge("if", "wait", "slow"), edge("wait", "late"), edge("if", "end", "false"),
              edge("if", "ask", "ask"), edge("ask", "asked", "ok")],
}  # fmt: skip


def flow(
    workspace: Workspace, graph: Graph, mode: str = "workflow", *, features: Mapping[str, Any] | None = None,
    conversation_variables: Sequence[Mapping[str, Any]] = (), environment_variables: Sequence[Mapping[str, Any]] = (),
) -> App:
    """A new app that runs a graph."""
    app = workspace.app(mode)
    place = f"/console/api/apps/{app.id}/workflows"
    workspace.ok(workspace.console.post(f"{place}/draft", json={
        "graph": graph, "features": features or {}, "environment_variables": list(environment_variables),
        "conversation_variables": list(conversation_variables),
    }))  # fmt: skip
    workspace.ok(workspace.console.post(f"{place}/publish", json={}))
    return app
