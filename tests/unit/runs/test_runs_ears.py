"""Where the pieces of an answer go."""

from __future__ import annotations

from server.runs.ears import outlet
from server.runs.run import Run, RunKey


class Listener:
    """Notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def hear(self, text: str) -> None:
        self.heard.append(text)


def made() -> Run:
    return Run(RunKey("t", "w", "a", "chat", "m", "c", "u", 1))


def test_pieces_go_straight_to_the_run_while_nobody_listens() -> None:
    run = made()
    assert outlet(run, ()) == run.delta


def test_pieces_are_told_and_heard_by_everybody() -> None:
    run, ears = made(), (Listener(), Listener())
    say = outlet(run, ears)
    say("a ")
    say("b", ("llm", "text"))
    assert run.answer == "a b"
    assert [ear.heard for ear in ears] == [["a ", "b"]] * 2
    assert list(run.events[-1].message.from_variable_selector) == ["llm", "text"]
