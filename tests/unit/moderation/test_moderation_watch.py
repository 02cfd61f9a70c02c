"""Watching an answer: what is checked when, and what a moderator that is slow or away changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from server.moderation import watch as module
from server.moderation.model import Verdict
from server.moderation.watch import EVERY, OutputWatch
from server.runs.run import Run, RunKey

PIECE = "x" * 10
MANY = EVERY // len(PIECE)


class Moderator:
    """Notes what it is asked; answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[str], Verdict | None] = lambda _: None
        self.gate: asyncio.Event | None = None

    async def check(self, text: str) -> Verdict | None:
        self.asked.append(text)
        if self.gate is not None:
            await self.gate.wait()
        return self.answer(text)


@pytest.fixture
def run() -> Run:
    return Run(RunKey("t", "w", "a", "chat", "m", "c", "u", 1))


@pytest.fixture
def moderator() -> Moderator:
    return Moderator()


def told(run: Run) -> list[str]:
    return [event.message_replace.answer if event.HasField("message_replace") else "piece" for event in run.events]


async def settled(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


def watching(run: Run, moderator: Moderator) -> tuple[OutputWatch, Callable[[str], None]]:
    watch = OutputWatch(run, moderator.check, run.cut)
    return watch, watch.around(run.delta)


async def test_short_answer_is_checked_once_at_its_end(run: Run, moderator: Moderator) -> None:
    watch, say = watching(run, moderator)
    for _ in range(MANY - 1):
        say(PIECE)
    await asyncio.sleep(0)
    assert moderator.asked == []
    await watch.close()
    assert moderator.asked == [PIECE * (MANY - 1)]


async def test_pieces_are_told_while_a_check_waits_and_the_next_check_sees_them_all(
    run: Run, moderator: Moderator
) -> None:
    moderator.gate = asyncio.Event()
    _watch, say = watching(run, moderator)
    for _ in range(3 * MANY):
        say(PIECE)
        await asyncio.sleep(0)
    assert len(run.events) == 3 * MANY and len(moderator.asked) == 1
    moderator.gate.set()
    await settled(lambda: len(moderator.asked) == 2)
    assert moderator.asked == [PIECE * MANY, PIECE * 3 * MANY]


async def test_text_that_came_during_a_check_stays_behind_what_replaces_the_rest(
    run: Run, moderator: Moderator
) -> None:
    moderator.gate, moderator.answer = asyncio.Event(), lambda _: Verdict(is_final=False, text="clean ")
    _watch, say = watching(run, moderator)
    for _ in range(MANY):
        say(PIECE)
    await settled(lambda: moderator.asked)
    say("and more")
    moderator.gate.set()
    await settled(lambda: "clean and more" in told(run))
    say("!")
    assert run.answer == "clean and more!" and not run.cut_requested


async def test_nothing_is_told_after_the_answer_was_replaced_for_good(run: Run, moderator: Moderator) -> None:
    moderator.answer = lambda _: Verdict(is_final=True, text="preset")
    watch, say = watching(run, moderator)
    for _ in range(MANY):
        say(PIECE)
    await settled(lambda: watch.is_over)
    say("too late")
    await watch.close()
    assert (run.answer, told(run)[-1], run.cut_requested, watch.said) == ("preset", "preset", True, PIECE * MANY)
    assert len(moderator.asked) == 1


@pytest.mark.parametrize("quick", [False, True])
async def test_check_that_takes_too_long_finds_nothing(
    run: Run, moderator: Moderator, quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_QUICK_SECONDS" if quick else "CHECK_SECONDS", 0.05)
    moderator.gate = asyncio.Event()
    watch, say = watching(run, moderator)
    say("told")
    began = time.monotonic()
    await watch.close(quick=quick)
    assert time.monotonic() - began < 5 and run.answer == "told" and run.interrupt is None


async def test_check_that_fails_finds_nothing_and_the_next_one_is_made(run: Run, moderator: Moderator) -> None:
    def broken(text: str) -> Verdict | None:
        if len(moderator.asked) == 1:
            raise ValueError(text)
        return Verdict(is_final=True, text="preset")

    moderator.answer = broken
    watch, say = watching(run, moderator)
    for _ in range(MANY):
        say(PIECE)
    await settled(lambda: moderator.asked)
    await watch.close()
    assert run.answer == "preset"


async def test_stop_ends_the_wait_for_the_last_check(run: Run, moderator: Moderator) -> None:
    moderator.gate = asyncio.Event()
    watch, say = watching(run, moderator)
    say("told")
    closing: Awaitable[None] = asyncio.ensure_future(watch.close())
    await settled(lambda: moderator.asked)
    run.request_stop()
    async with asyncio.timeout(1):
        await closing
    assert run.answer == "told"
