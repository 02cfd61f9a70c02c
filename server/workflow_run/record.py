"""Executions of nodes on their way to the database: collected while a run goes on, written now and then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from server.engine import events as said
from server.engine.values import exposed, type_of
from server.kit.plain import clean_text
from server.workflow.draft_variable_store import DraftValue
from server.workflow_run.plain import dump

_OPEN = frozenset({"running", "paused"})


@dataclass(slots=True)
class NodeRow:
    """One execution of one node. Free values are JSON text; times are Unix seconds."""

    id: str
    index: int
    node_id: str
    node_type: str
    title: str
    predecessor: str
    status: str
    created_at: float
    error: str = ""
    elapsed_time: float = 0.0
    finished_at: float | None = None
    inputs: str = ""
    process_data: str = ""
    outputs: str = ""
    metadata: str = ""

    def stored(self) -> dict[str, Any]:
        """The row, as the statement that writes it reads it."""
        return {
            "id": self.id, "index": self.index, "node_id": self.node_id, "node_type": self.node_type,
            "title": self.title, "predecessor": self.predecessor or None, "status": self.status,
            "error": self.error or None, "elapsed_time": self.elapsed_time, "created_at": self.created_at,
            "finished_at": self.finished_at, "inputs": _raw(self.inputs), "process_data": _raw(self.process_data),
            "outputs": _raw(self.outputs), "metadata": _raw(self.metadata),
        }


def _raw(text: str) -> orjson.Fragment | None:
    return orjson.Fragment(text) if text else None


class Record:
    """The executions of one run; ``take`` gives those that changed since it was last asked."""

    def __init__(self) -> None:
        self._rows: dict[str, NodeRow] = {}
        self._changed: dict[str, NodeRow] = {}

    @property
    def has_changed(self) -> bool:
        """Whether something waits to be written."""
        return bool(self._changed)

    @property
    def all(self) -> list[NodeRow]:
        """Every execution so far, in the order of their beginning."""
        return list(self._rows.values())

    @property
    def culprit(self) -> str:
        """The node that failed last, for a log: its type and id, not what it said; empty without one."""
        failed = [row for row in self._rows.values() if row.status == "failed"]
        return f"{failed[-1].node_type} node {failed[-1].node_id}" if failed else ""

    def started(self, node: said.NodeRef, at: float, inputs: Mapping[str, Any] | None = None) -> NodeRow:
        """A node or a container begins."""
        row = NodeRow(
            id=node.execution_id, index=node.index, node_id=node.node_id, node_type=node.node_type,
            title=clean_text(node.title), predecessor=node.predecessor, status="running", created_at=at,
            inputs=dump(inputs) if inputs else "",
        )
        self._rows[row.id] = self._changed[row.id] = row
        return row

    def finished(self, event: said.NodeFinished) -> NodeRow:
        """A node ended."""
        row = self._ended(event.node, event.status, event.error, event.started_at, event.at)
        row.inputs, row.outputs = dump(event.inputs), dump(event.outputs)
        row.process_data = dump(event.process_data)
        row.metadata = dump(event.metadata) if event.metadata else ""
        return row

    def retried(self, event: said.NodeRetried) -> NodeRow:
        """An attempt failed: what is told of it. The row itself goes on as running."""
        self._rows.get(event.node.execution_id) or self.started(event.node, event.started_at)
        node = event.node
        return NodeRow(
            id=node.execution_id, index=node.index, node_id=node.node_id, node_type=node.node_type,
            title=clean_text(node.title), predecessor=node.predecessor, status="retry", created_at=event.started_at,
            error=clean_text(event.error), elapsed_time=event.at - event.started_at, finished_at=event.at,
            inputs=dump(event.inputs), process_data="{}", outputs="{}",
        )

    def container_finished(self, event: said.ContainerFinished) -> NodeRow:
        """An iteration or a loop ended."""
        row = self._ended(event.node, event.status, event.error, event.started_at, event.at)
        row.inputs, row.outputs = dump(event.inputs), dump(event.outputs)
        row.metadata = dump(event.metadata) if event.metadata else ""
        return row

    def aborted(self, event: said.NodeAborted) -> NodeRow:
        """A node was cut off by the end of its run."""
        return self._ended(event.node, "failed", event.error, event.started_at, event.at)

    def _ended(self, node: said.NodeRef, status: str, error: str, started_at: float, at: float) -> NodeRow:
        row = self._rows.get(node.execution_id) or self.started(node, started_at)
        row.status, row.error = status, clean_text(error)
        row.finished_at, row.elapsed_time = at, at - started_at
        self._changed[row.id] = row
        return row

    def paused(self, node_ids: Sequence[str]) -> None:
        """Nodes wait for somebody."""
        for row in self._rows.values():
            if row.status == "running" and row.node_id in node_ids:
                row.status = "paused"
                self._changed[row.id] = row

    def fail_open(self, error: str, at: float) -> None:
        """The run ended without them: whatever still runs or waits has failed with it."""
        for row in self._rows.values():
            if row.status in _OPEN:
                row.status, row.error, row.finished_at = "failed", clean_text(error), at
                row.elapsed_time = at - row.created_at
                self._changed[row.id] = row

    def take(self) -> str:
        """What changed since the last call, as JSON text of a list."""
        rows, self._changed = self._changed, {}
        return orjson.dumps([row.stored() for row in rows.values()]).decode()

    def retake(self) -> None:
        """What was taken may not have been written: all of it will be taken again."""
        self._changed = dict(self._rows)


def values_left(event: said.NodeFinished) -> list[DraftValue]:
    """The outputs of a node of a draft."""
    return [
        DraftValue(
            node_id=event.node.node_id, name=name, value_type=exposed(type_of(value)), value=orjson.loads(dump(value)),
            node_execution_id=event.node.execution_id,
        )
        for name, value in event.outputs.items()
    ]
