"""Text of answer and end nodes while a graph runs, in order (workflow-engine.md 6).

Each of these nodes is a session of parts. A session begins when everything that decides whether its node will run has
been decided for it; one session streams at a time, part by part; what comes too early waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from server.engine import values
from server.engine.events import TextStreamed
from server.engine.plan import Plan, Session
from server.engine.template import Find
from server.engine.values import Selector


class Streams:
    """The sessions of one run of a plan."""

    __slots__ = (
        "_active", "_closed", "_current", "_emit", "_find", "_over", "_pieces", "_place", "_plan", "_queue", "_running",
        "_seen", "_waiting",
    )  # fmt: skip

    def __init__(self, plan: Plan, find: Find, emit: Callable[[Any], None], over: AbstractSet[str]) -> None:
        """No session begins before ``decided``. ``over``: ended or skipped, kept by the frame."""
        self._plan = plan
        self._find = find
        self._emit = emit
        self._waiting: list[Session] = list(plan.sessions)
        self._queue: deque[Session] = deque()
        self._active: Session | None = None
        # Where the active session stands: its part, and how many pieces of that part's variable are out.
        self._place = 0
        self._seen = 0
        # The variable that the active session waits for.
        self._current: Selector | None = None
        self._pieces: dict[Selector, list[str]] = {}
        self._closed: set[Selector] = set()
        self._over = over
        # Answer and end nodes that began.
        self._running: set[str] = set()

    def piece(self, node_id: str, output: str, text: str) -> None:
        """A running node tells a piece of an output."""
        key = (node_id, output)
        if key not in self._plan.wanted:
            return
        self._pieces.setdefault(key, []).append(text)
        if self._current == key:
            self._seen += 1
            self._emit(TextStreamed(text, key))

    def again(self, node_id: str) -> None:
        """A node is tried again: what it told and nobody has seen is void."""
        for key in [key for key in self._pieces if key[0] == node_id]:
            self._pieces[key] = self._pieces[key][: self._seen] if key == self._current else []

    def ended(self, node_id: str) -> None:
        """A node ended and its outputs are written, or it was skipped."""
        if not self._plan.sessions:
            return
        self._closed.update(key for key in self._pieces if key[0] == node_id)
        if self._current is not None:
            self._pump()

    def started(self, node_id: str) -> None:
        """An answer or end node begins: what has not come by now will not come."""
        self._running.add(node_id)
        if self._active is not None:
            self._pump()

    def decided(self, node_id: str, taken: set[int]) -> None:
        """Edges of a node are resolved; sessions that this lets begin do."""
        if not self._waiting:
            return
        for session in self._waiting[:]:
            if (node_id == self._plan.root or node_id in session.blocking) and self._is_due(session, taken):
                self._waiting.remove(session)
                self._queue.append(session)
        if self._active is None and self._queue:
            self._pump()

    def _is_due(self, session: Session, taken: set[int]) -> bool:
        """Whether a way leads from the root to the node that only crosses what was decided in its favour."""
        found, waiting = {session.node_id}, [session.node_id]
        while waiting:
            node = waiting.pop()
            if node == self._plan.root:
                return True
            for edge in self._plan.incoming[node]:
                source = edge.source
                if source not in found and (source not in session.blocking or edge.index in taken):
                    found.add(source)
                    waiting.append(source)
        return False

    def _pump(self) -> None:
        """Tell all that can be told now."""
        while self._active is not None or self._queue:
            if self._active is None:
                self._active, self._place, self._seen = self._queue.popleft(), 0, 0
            if not self._advance(self._active):
                return
            self._active = self._current = None

    def _advance(self, session: Session) -> bool:
        while self._place < len(session.parts):
            part = session.parts[self._place]
            if isinstance(part, str):
                self._emit(TextStreamed(part, (session.node_id, "answer")))
            elif not self._print(part, session):
                self._current = part
                return False
            self._place += 1
            self._seen = 0
        return True

    def _print(self, selector: Selector, session: Session) -> bool:
        """Tell what is known of a variable; whether that is all."""
        pieces = self._pieces.get(selector)
        if pieces is not None:
            return self._print_pieces(selector, pieces, session)
        if selector[0] in self._plan.nodes and selector[0] not in self._over and session.node_id not in self._running:
            return False
        known, value = self._find(selector)
        if known and (text := values.markdown(value)):
            self._emit(TextStreamed(text, selector))
        return True

    def _print_pieces(self, selector: Selector, pieces: list[str], session: Session) -> bool:
        while self._seen < len(pieces):
            self._seen += 1
            self._emit(TextStreamed(pieces[self._seen - 1], selector))
        if selector in self._closed:
            # As Dify: an empty piece closes what came in pieces.
            self._emit(TextStreamed("", selector))
            return True
        return session.node_id in self._running

    def dump(self) -> dict[str, Any]:
        """Where it stands while no node runs, as JSON: what came in pieces is whole by then."""
        return {
            "waiting": [session.node_id for session in self._waiting],
            "queue": [session.node_id for session in self._queue],
            "active": self._active.node_id if self._active is not None else "",
            "place": self._place if self._active is not None else 0,
            "running": sorted(self._running),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from where ``dump`` stood."""
        by_node = {session.node_id: session for session in self._plan.sessions}
        self._waiting = [by_node[node] for node in state["waiting"]]
        self._queue = deque(by_node[node] for node in state["queue"])
        self._active = by_node.get(state["active"])
        self._place, self._running = state["place"], set(state["running"])
        if self._active is not None and self._place < len(self._active.parts):
            part = self._active.parts[self._place]
            self._current = None if isinstance(part, str) else part
