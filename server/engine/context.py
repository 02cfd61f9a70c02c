"""What a running node sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from server.engine import template
from server.engine.events import AgentLogged, NodeRef, ReasoningStreamed
from server.engine.node import FormAnswer, RunInfo, Spent
from server.engine.ports import Ports
from server.engine.values import Selector

if TYPE_CHECKING:
    from server.engine.frame import Frame
    from server.engine.rounds import FrameRounds


class NodeContext:
    """The context of one execution in a frame."""

    __slots__ = ("_frame", "_ref", "rounds")

    def __init__(self, frame: Frame, ref: NodeRef, rounds: FrameRounds) -> None:
        self._frame = frame
        self._ref = ref
        self.rounds = rounds

    @property
    def run(self) -> RunInfo:
        """Whose run this is."""
        return self._frame.core.run

    @property
    def node_id(self) -> str:
        """The node that runs."""
        return self._ref.node_id

    @property
    def execution_id(self) -> str:
        """This execution of it."""
        return self._ref.execution_id

    @property
    def ports(self) -> Ports:
        """The world."""
        return self._frame.core.ports

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What the caller gave to the run."""
        return self._frame.core.inputs

    @property
    def answer(self) -> FormAnswer | None:
        """What somebody answered to this node."""
        return self._frame.core.answers.get(self._ref.node_id)

    def type_of(self, selector: Sequence[str]) -> str:
        """The type of a variable: as declared, else as its value tells."""
        return self._frame.pool.type_of(selector)

    def selectors(self, prefix: str) -> Mapping[str, Any]:
        """Every variable of a node or prefix by name."""
        return self._frame.pool.scope(prefix)

    def has(self, selector: Sequence[str]) -> bool:
        """Whether the variable was ever written."""
        return self._frame.pool.find(selector)[0]

    def get(self, selector: Sequence[str], default: Any = None) -> Any:
        """The value behind a selector."""
        known, value = self._frame.pool.find(selector)
        return value if known else default

    def render(self, text: str) -> str:
        """A template in text form."""
        return template.render(text, self._frame.pool.find)

    def render_markdown(self, text: str) -> str:
        """A template in markdown form."""
        return template.render_markdown(text, self._frame.pool.find)

    def references(self, text: str) -> list[Selector]:
        """Selectors of the references in a template."""
        return template.references(text)

    def stream(self, output: str, piece: str) -> None:
        """Tell a piece of a string output before the node ends."""
        self._frame.streams.piece(self._ref.node_id, output, piece)

    def reason(self, piece: str, *, is_final: bool = False) -> None:
        """Tell a piece of a model's reasoning."""
        self._frame.emit(ReasoningStreamed(self._ref.node_id, piece, is_final))

    def pay(self, spent: Spent) -> None:
        """Count what a model call cost that the result does not tell."""
        self._frame.core.pay(spent)

    def log(self, entry: Mapping[str, Any]) -> None:
        """Tell an agent log entry."""
        self._frame.emit(AgentLogged(self._ref, entry))
