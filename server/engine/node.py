"""The contract of a node: data in, one ``run``, a result out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from server.engine.values import File, Selector
from server.llm.port import Usage

if TYPE_CHECKING:
    from server.engine.ports import Ports


class NodeDataError(Exception):
    """The ``data`` of a node says something impossible. Told at publish time, with the node's id and title."""


class NodeError(Exception):
    """A node failed while it ran: ``str(error)`` is recorded and shown, ``error_type`` goes to error branches.

    What the node knew when it failed may be given too, to be recorded.
    """

    def __init__(
        self, message: str, error_type: str = "NodeError", *, inputs: Mapping[str, Any] | None = None,
        process_data: Mapping[str, Any] | None = None, outputs: Mapping[str, Any] | None = None,
        usage: Spent | None = None, writes: Sequence[tuple[Selector, Any]] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.inputs = inputs
        self.process_data = process_data
        self.outputs = outputs
        self.usage = usage
        # What it had written to variables of others before it failed: it stays, but is not persisted.
        self.writes = writes
        self.metadata = metadata


class PauseNode(Exception):
    """Raised by a node that waits for somebody; the run pauses when nothing else can go on."""

    def __init__(self, reason: Mapping[str, Any]) -> None:
        super().__init__("paused")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Spent:
    """What one model call cost, or some ``calls`` of one model.

    ``shown`` is the ``usage`` object of sse-events.md 8.1 with decimal strings.
    """

    usage: Usage
    shown: Mapping[str, Any]
    provider: str = ""
    model: str = ""
    calls: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """How a node ended well."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    process_data: Mapping[str, Any] = field(default_factory=dict)
    # Edges with this sourceHandle are taken; the others of a branch node are skipped.
    handle: str = "source"
    # Keys of ``execution_metadata`` besides those that the engine fills in (tokens, iteration, loop).
    metadata: Mapping[str, Any] = field(default_factory=dict)
    spent: Spent | None = None
    # Writes to variables of others: assigners only. Applied in order before anything downstream runs.
    writes: Sequence[tuple[Selector, Any]] = ()
    # Citations (sse-events.md 8.2) that this node found.
    resources: Sequence[Mapping[str, Any]] = ()
    files: Sequence[File] = ()


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Whose run this is. ``user_id`` is the end user or account that the run belongs to."""

    tenant_id: str
    app_id: str
    workflow_id: str
    run_id: str
    user_id: str
    # "end_user" or "account".
    user_role: str = "end_user"
    # "service-api", "web-app", "debugger", "webhook", "schedule".
    invoke_from: str = "service-api"
    # "workflow" or "advanced-chat".
    mode: str = "workflow"
    conversation_id: str = ""
    message_id: str = ""
    # Workflow-as-tool nesting, from 0; at most 5.
    depth: int = 0


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """The answer to a human-input node: an action and the values of its fields, or that its time is over."""

    node_id: str
    action_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    is_timeout: bool = False


class Round(Protocol):
    """A round of a container that has ended."""

    @property
    def error(self) -> NodeError | None:
        """Why it failed."""
        ...

    @property
    def ended(self) -> bool:
        """Whether it came by a loop-end."""
        ...

    @property
    def seconds(self) -> float:
        """How long it took."""
        ...

    def find(self, selector: Sequence[str]) -> tuple[bool, Any]:
        """A variable as the round left it."""
        ...


class Rounds(Protocol):
    """What a container asks of the engine."""

    def begin(self, length: int, inputs: Mapping[str, Any]) -> None:
        """Tell that it starts (``ContainerStarted``). Never called for an iteration over nothing."""
        ...

    def next(self, index: int) -> None:
        """Tell that a round begins (``ContainerNext``)."""
        ...

    def put(self, name: str, value: Any, kind: str = "") -> None:
        """Write a variable of the container itself, of a declared type."""
        ...

    async def run(self, index: int, variables: Mapping[str, Any], *, isolated: bool, together: bool = False) -> Round:
        """Run the nodes from the start node on, with these variables of the container.

        ``isolated``: in a copy of all variables; else in the same ones, after the outputs of the last round are
        forgotten. Changes of conversation variables come back unless rounds run ``together``; then the events of a
        round are told when it is over.
        """
        ...


class Context(Protocol):
    """What a running node sees. Made by the engine for one execution."""

    @property
    def run(self) -> RunInfo:
        """Whose run this is."""
        ...

    @property
    def node_id(self) -> str:
        """The node that runs."""
        ...

    @property
    def execution_id(self) -> str:
        """This execution of it."""
        ...

    @property
    def ports(self) -> Ports:
        """The world."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What the caller gave to the run, for start and trigger nodes."""
        ...

    @property
    def answer(self) -> FormAnswer | None:
        """What somebody answered to this node; None before that."""
        ...

    @property
    def rounds(self) -> Rounds:
        """Its rounds, when it is a container."""
        ...

    def type_of(self, selector: Sequence[str]) -> str:
        """The type (workflow-engine.md 1.2) of a variable: as declared, else as its value tells."""
        ...

    def selectors(self, prefix: str) -> Mapping[str, Any]:
        """Every variable of a node or of ``sys``, ``env``, ``conversation`` by name."""
        ...

    def has(self, selector: Sequence[str]) -> bool:
        """Whether the variable was ever written; a written None counts."""
        ...

    def get(self, selector: Sequence[str], default: Any = None) -> Any:
        """The value behind a selector, walking into objects and files; ``default`` when nothing was written."""
        ...

    def render(self, template: str) -> str:
        """A template in the text form of workflow-engine.md 1.3."""
        ...

    def render_markdown(self, template: str) -> str:
        """The same in the markdown form (answers)."""
        ...

    def references(self, template: str) -> list[Selector]:
        """Selectors of the well-formed references in a template, in order, with repetitions."""
        ...

    def stream(self, output: str, piece: str) -> None:
        """Tell a piece of a string output before the node ends (``llm``, ``agent``, ``tool`` only)."""
        ...

    def reason(self, piece: str, *, is_final: bool = False) -> None:
        """Tell a piece of a model's reasoning (``reasoning_chunk``)."""
        ...

    def pay(self, spent: Spent) -> None:
        """Count what a model call cost that the result does not tell: of a node that was cut off, of a port."""
        ...

    def log(self, entry: Mapping[str, Any]) -> None:
        """Tell an agent log entry: id, label, parent_id, error, status, data, metadata (``agent_log``)."""
        ...


class Node(Protocol):
    """A node of a graph. Made once a graph, run any number of times, at once too: it keeps no state of a run."""

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:
        """A node from its ``data``. Raises NodeDataError; its text is shown behind the node's title."""
        ...

    async def run(self, ctx: Context) -> Result:
        """Do it. Raises NodeError; anything else that is raised is our fault and fails the node as well.

        Cancelled when the run is stopped.
        """
        ...

    def uses(self) -> Sequence[Selector]:
        """Selectors that the node reads, for checks at publish time."""
        ...
