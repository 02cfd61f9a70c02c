"""What all parts of one run share: counters, limits, the way out for events, and how it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, NoReturn

from server.engine import values
from server.engine.events import Event, NodeRef
from server.engine.graph import Graph
from server.engine.node import FormAnswer, NodeError, RunInfo, Spent
from server.engine.ports import CodeFaultError, HttpFaultError, Ports, ToolFaultError
from server.kit.errors import AppError
from server.llm.port import Usage

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use. ``depth`` is the nesting of workflows as tools."""

    steps: int = 500
    seconds: float = 1200.0
    depth: int = 5


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a run ends before its graph does. ``aborted``: by a limit."""

    status: str
    error: str
    aborted: bool = False


class RunOverError(Exception):
    """Raised through everything that runs when a limit is met; no node may handle it."""


@dataclass(slots=True)
class Running:
    """An execution that has begun and not ended."""

    ref: NodeRef
    started_at: float
    kind: str = ""


class Core:
    """One run, as its frames see it."""

    __slots__ = (
        "answers", "cause", "clock", "emit", "ending", "exceptions", "graph", "ids", "inputs", "limits", "outputs",
        "ports", "run", "spent", "started_at", "steps", "tokens",
    )  # fmt: skip

    def __init__(
        self, graph: Graph, ports: Ports, run: RunInfo, inputs: Mapping[str, Any], limits: Limits,
        answers: Sequence[FormAnswer], clock: Callable[[], float], ids: Callable[[], str],
        emit: Callable[[Event], None],
    ) -> None:  # fmt: skip
        """A run in which nothing has happened."""
        self.graph, self.ports, self.run, self.inputs, self.limits = graph, ports, run, inputs, limits
        self.answers = {answer.node_id: answer for answer in answers}
        self.clock, self.ids, self.emit = clock, ids, emit
        self.started_at = clock()
        self.steps = self.exceptions = self.tokens = 0
        self.spent: list[Spent] = []
        self.outputs: dict[str, Any] = {}
        self.ending: Ending | None = None
        # The error of the run, for nodes that are cut off by it.
        self.cause = ""

    def step(self) -> int:
        """Count a node that starts. Raises RunOverError beyond the limit."""
        self.steps += 1
        if self.steps > self.limits.steps:
            self.too_many(self.steps)
        return self.steps

    def too_many(self, steps: int) -> NoReturn:
        """End the run for that many steps. Raises RunOverError."""
        error = f"Aborted: Maximum execution steps exceeded: {steps} > {self.limits.steps}"
        self.end(Ending("failed", error, aborted=True))
        raise RunOverError

    def end(self, ending: Ending) -> None:
        """The first reason counts."""
        if self.ending is None:
            self.ending = ending
            self.cause = ending.error

    def pay(self, spent: Spent | None) -> None:
        """Count what a model call cost."""
        if spent is not None:
            self.spent.append(spent)
            self.tokens += spent.usage.total_tokens

    def answered(self, outputs: Mapping[str, Any]) -> None:
        """Merge the outputs of an answer or end node: texts of answers follow each other, the rest is overwritten."""
        earlier = self.outputs.get("answer")
        self.outputs.update(outputs)
        if earlier and "answer" in outputs and self.run.mode == "advanced-chat":
            self.outputs["answer"] = f"{earlier}{outputs['answer']}"

    def dump(self) -> dict[str, Any]:
        """The counters as JSON."""
        return {
            "steps": self.steps, "exceptions": self.exceptions, "outputs": values.encode(self.outputs),
            "spent": [asdict(item) for item in self.spent],
        }  # fmt: skip

    def load(self, state: Mapping[str, Any]) -> None:
        """The counters that ``dump`` wrote down."""
        self.steps, self.exceptions = state["steps"], state["exceptions"]
        self.outputs = dict(values.decode(state["outputs"]))
        for item in state["spent"]:
            self.pay(Spent(**{**item, "usage": Usage(**item["usage"])}))


def cost(spent: Iterable[Spent]) -> dict[str, Any]:
    """The keys of ``execution_metadata`` for model calls."""
    items = list(spent)
    prices = [Decimal(str(item.shown.get("total_price") or 0)) for item in items]
    total = prices[0] if len(prices) == 1 else sum(prices, Decimal(0))
    return {
        "total_tokens": sum(item.usage.total_tokens for item in items),
        "total_price": f"{total:f}",
        "currency": str(items[-1].shown.get("currency") or "USD") if items else "USD",
    }


def as_node_error(error: Exception, node: str) -> NodeError:
    """Whatever a node raised as the fault that is recorded and shown."""
    if isinstance(error, NodeError):
        return error
    if isinstance(error, (CodeFaultError, HttpFaultError)):
        return NodeError(str(error), error.kind)
    if isinstance(error, ToolFaultError):
        return NodeError(str(error), "ToolInvokeError")
    if isinstance(error, AppError):
        return NodeError(str(error), type(error).__name__)
    if isinstance(error, TimeoutError):
        return NodeError("It took too long.", "TimeoutError")
    _log.error("node %s failed unexpectedly", node, exc_info=error)
    return NodeError("The node failed for a reason of ours; the server's log says more.", type(error).__name__)
