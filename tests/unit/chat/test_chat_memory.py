"""Threads, budgets and pruning of a conversation's memory (feature-semantics.md 4 and 6.4)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from server.chat import memory
from server.chat.memory import Turn
from server.kit.ids import NIL_UUID
from server.llm import fitting
from server.llm.port import FilePart, PromptMessage

IMAGE = FilePart("image", "image/png", data=b"x")


class Counter:
    """Counts one token per character, and remembers how much it was asked to count."""

    def __init__(self) -> None:
        self.calls = 0
        self.counted = 0

    async def __call__(self, messages: Sequence[PromptMessage]) -> int:
        self.calls += 1
        tokens = sum(len(message.text) for message in messages)
        self.counted += tokens
        return tokens


def turn(name: str, parent: str | None = NIL_UUID) -> Turn:
    return Turn(name, parent, f"q-{name}", f"a-{name}")


def ids(turns: Sequence[Turn]) -> str:
    return "".join(turn.id for turn in turns)


def texts(*sizes: int) -> list[PromptMessage]:
    return [PromptMessage("user" if i % 2 == 0 else "assistant", "x" * size) for i, size in enumerate(sizes)]


def test_thread_of_service_calls_is_every_message_oldest_first() -> None:
    assert ids(memory.thread([turn("c"), turn("b"), turn("a")])) == "abc"


def test_thread_follows_parents_and_skips_regenerated_siblings() -> None:
    messages = [turn("d", "b"), turn("c", "a"), turn("b", "a"), turn("a", None)]
    assert ids(memory.thread(messages, "d")) == "abd"
    assert ids(memory.thread(messages, "c")) == "ac"
    assert ids(memory.thread(messages)) == "abd"


def test_thread_ends_where_a_branch_started() -> None:
    messages = [turn("c", "b"), turn("b", None), turn("a", None)]
    assert ids(memory.thread(messages)) == "bc"
    assert ids(memory.thread([turn("c", "a"), turn("b", None), turn("a", None)])) == "ac"


def test_thread_of_a_new_branch_is_empty() -> None:
    assert memory.thread([turn("a")], None) == []
    assert memory.thread([], NIL_UUID) == []
    assert memory.thread([turn("a")], "unknown") == []


def test_thread_looks_at_the_500_latest_messages() -> None:
    messages = [Turn(str(number), NIL_UUID, "q", "a") for number in range(600)]
    assert len(memory.thread(messages)) == 500


def test_turns_become_pairs_with_their_files() -> None:
    messages = memory.as_messages([Turn("a", None, "q", "a", (IMAGE,), (IMAGE,))])
    assert messages == [PromptMessage("user", "q", (IMAGE,)), PromptMessage("assistant", "a", (IMAGE,))]


def test_failed_turn_keeps_what_answer_it_has() -> None:
    messages = memory.as_messages([Turn("a", None, "q1", ""), Turn("b", None, "q2", "half")])
    assert [(message.role, message.text) for message in messages] == [
        ("user", "q1"), ("user", "q2"), ("assistant", "half"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("context", "answer", "prompt", "left"),
    [(4096, 512, 100, 3484), (0, 512, 100, 2000), (-1, 0, 0, 2000), (1000, 900, 200, 0)],
)
def test_budget_is_what_prompt_and_answer_leave(context: int, answer: int, prompt: int, left: int) -> None:
    assert fitting.budget(context, answer, prompt) == left


@pytest.mark.parametrize("limit", range(1, 2000, 37))
async def test_fit_drops_the_oldest_single_messages(limit: int) -> None:
    history = texts(*[300, 20, 150, 70, 10, 400, 30, 90, 60, 210, 40])
    expected = list(history)
    while len(expected) > 1 and sum(len(message.text) for message in expected) > limit:
        expected.pop(0)
    assert await fitting.fit(history, limit, Counter()) == expected


@pytest.mark.parametrize("size", [0, 1, 2, 3])
async def test_fit_leaves_the_last_message(size: int) -> None:
    history = texts(*[5000] * size)
    assert await fitting.fit(history, 0, Counter()) == history[-1:]


async def test_fit_counts_nothing_when_the_bytes_fit() -> None:
    count = Counter()
    history = texts(*[100] * 20)
    assert await fitting.fit(history, 100_000, count) == history
    assert count.calls == 0


async def test_fit_counts_messages_with_files() -> None:
    count = Counter()
    history = [PromptMessage("user", "q", (IMAGE,)), PromptMessage("assistant", "a")]
    assert await fitting.fit(history, 100_000, count) == history
    assert count.calls == 1


async def test_fit_costs_what_the_limit_allows() -> None:
    count = Counter()
    await fitting.fit(texts(*[1000] * 500), 3000, count)
    assert count.counted < 20_000


async def test_max_tokens_shrinks_to_what_the_context_leaves() -> None:
    messages = texts(1000)
    given = {"max_tokens": 500, "temperature": 0.1}
    assert await fitting.shrink_max_tokens(given, messages, 1200, Counter()) == {"max_tokens": 200, "temperature": 0.1}
    assert await fitting.shrink_max_tokens(given, messages, 1010, Counter()) == {"max_tokens": 16, "temperature": 0.1}
    assert given["max_tokens"] == 500


@pytest.mark.parametrize(
    ("parameters", "context"),
    [({}, 10), ({"max_tokens": "9"}, 10), ({"max_tokens": 500}, 0), ({"max_tokens": 10}, 100_000)],
)
async def test_max_tokens_stays_without_counting(parameters: dict[str, object], context: int) -> None:
    count = Counter()
    assert await fitting.shrink_max_tokens(parameters, texts(1000), context, count) is parameters
    assert count.calls == 0


async def test_max_tokens_that_fits_exactly_stays() -> None:
    parameters = {"max_tokens": 500}
    assert await fitting.shrink_max_tokens(parameters, texts(1000), 1500, Counter()) is parameters
