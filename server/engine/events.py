"""What a run of a graph tells, in order. One event log of these replays to the same state.

Times are Unix seconds as floats. ``Scope`` says in which round of which container something happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.engine.node import Spent
from server.engine.values import File, Selector


@dataclass(frozen=True, slots=True)
class Scope:
    """The innermost round that an event belongs to; both empty outside of containers."""

    iteration_id: str = ""
    iteration_index: int = 0
    loop_id: str = ""
    loop_index: int = 0


@dataclass(frozen=True, slots=True)
class NodeRef:
    """One execution of one node. ``index`` counts started nodes of the run from 1."""

    execution_id: str
    node_id: str
    node_type: str
    title: str
    index: int
    scope: Scope = Scope()
    predecessor: str = ""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """``reason`` is initial or resumption."""

    inputs: Mapping[str, Any]
    at: float
    reason: str = "initial"


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A node began."""

    node: NodeRef
    at: float
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NodeFinished:
    """``status`` is succeeded, failed or exception. ``metadata`` is the whole ``execution_metadata``.

    ``writes`` of a node that succeeded are kept with the conversation; others only hold for the rest of the run.
    """

    node: NodeRef
    status: str
    inputs: Mapping[str, Any]
    process_data: Mapping[str, Any]
    outputs: Mapping[str, Any]
    metadata: Mapping[str, Any]
    error: str
    started_at: float
    at: float
    handle: str = "source"
    writes: Sequence[tuple[Selector, Any]] = ()
    resources: Sequence[Mapping[str, Any]] = ()
    files: Sequence[File] = ()
    spent: Spent | None = None


@dataclass(frozen=True, slots=True)
class NodeAborted:
    """A node was cut off because the run ended. Recorded as failed with ``error``; streams do not tell it.

    ``kind`` is iteration or loop for those, else empty.
    """

    node: NodeRef
    error: str
    started_at: float
    at: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class NodeRetried:
    """An attempt failed and another will be made. ``retry_index`` counts from 1."""

    node: NodeRef
    retry_index: int
    error: str
    inputs: Mapping[str, Any]
    started_at: float
    at: float
    spent: Spent | None = None


@dataclass(frozen=True, slots=True)
class ContainerStarted:
    """``length`` is the number of items (iteration) or the most rounds (loop)."""

    node: NodeRef
    kind: str
    length: int
    inputs: Mapping[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class ContainerNext:
    """A round of an iteration or loop begins."""

    node: NodeRef
    kind: str
    round: int
    at: float


@dataclass(frozen=True, slots=True)
class ContainerFinished:
    """An iteration or loop ended; ``status`` is succeeded, failed or exception.

    ``quiet``: an iteration over nothing. It had no ContainerStarted, is recorded, and streams do not tell it.
    """

    node: NodeRef
    kind: str
    status: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    metadata: Mapping[str, Any]
    error: str
    steps: int
    started_at: float
    at: float
    handle: str = "source"
    # What its rounds changed of conversation variables; their assigners have told the same.
    writes: Sequence[tuple[Selector, Any]] = ()
    quiet: bool = False


@dataclass(slots=True)
class TextStreamed:
    """A piece of the answer, in the order of the answer and end nodes; ``selector`` is its source, if it has one.

    Nobody changes one; it is not frozen because there is one a token, and a frozen one takes three times as long.
    """

    text: str
    selector: Selector = ()


@dataclass(frozen=True, slots=True)
class ReasoningStreamed:
    """A piece of the reasoning of a model."""

    node_id: str
    text: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class AgentLogged:
    """An entry of the log of an agent; the same id again replaces it."""

    node: NodeRef
    entry: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FormFilled:
    """Somebody answered a human-input node, or its time was over (``is_timeout``).

    Told before the RunStarted of the resumption. ``rendered`` is the form's text with the answers in their places.
    """

    node_id: str
    title: str
    data: Mapping[str, Any]
    action_id: str = ""
    action_text: str = ""
    rendered: str = ""
    is_timeout: bool = False


@dataclass(frozen=True, slots=True)
class RunPaused:
    """Nothing can go on before somebody answers; ``state`` is all that is needed to resume (JSON)."""

    node_ids: Sequence[str]
    reasons: Sequence[Mapping[str, Any]]
    state: Mapping[str, Any]
    tokens: int
    steps: int
    at: float


@dataclass(frozen=True, slots=True)
class RunFinished:
    """``status`` is succeeded, partial-succeeded, failed or stopped.

    ``aborted``: a limit ended the run. Streams say failed, the record says stopped (workflow-engine.md 4). The record
    of a run that a user stopped has the error ``Aborted: User requested stop`` instead of ``error``.
    """

    status: str
    outputs: Mapping[str, Any]
    error: str
    tokens: int
    steps: int
    exceptions: int
    spent: Sequence[Spent]
    at: float
    aborted: bool = False


Event = (
    RunStarted | NodeStarted | NodeFinished | NodeAborted | NodeRetried
    | ContainerStarted | ContainerNext | ContainerFinished
    | TextStreamed | ReasoningStreamed | AgentLogged | FormFilled | RunPaused | RunFinished
)  # fmt: skip
