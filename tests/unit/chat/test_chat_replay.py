"""Earlier turns of agents, as models are shown them."""

from __future__ import annotations

from server.chat.memory import Step, Turn
from server.chat.replay import replayed, whole
from server.llm.port import PromptMessage

LOOK = Step("I look.", {"time": {"format": "%Y"}, "place": {}}, {"time": "2026"})


def turn(answer: str, *steps: Step) -> Turn:
    return Turn("m", None, "Which year?", answer, steps=steps)


def shown(*turns: Turn, can_call: bool = True) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in replayed(turns, can_call=can_call)]


def test_calls_and_what_came_of_them_are_messages_with_ids_of_their_own() -> None:
    found = replayed([turn("I look.\nIt is 2026.", LOOK, Step("It is 2026."))] * 2, can_call=True)
    assert [(one.role, one.text) for one in found[:5]] == [
        ("user", "Which year?"), ("assistant", "I look."), ("tool", "2026"), ("tool", ""), ("assistant", "It is 2026."),
    ]  # fmt: skip
    calls = [call for one in found for call in one.calls]
    assert [(call.name, call.arguments) for call in calls[:2]] == [("time", '{"format": "%Y"}'), ("place", "{}")]
    assert len({call.id for call in calls}) == 4
    assert [one.call_id for one in found if one.role == "tool"] == [call.id for call in calls]


def test_turn_without_tools_is_its_question_and_answer() -> None:
    plain = [("user", "Which year?"), ("assistant", "2026.")]
    assert shown(turn("2026.", Step("2026."))) == shown(turn("2026.")) == shown(turn("2026."), can_call=False) == plain


def test_answer_that_a_moderator_gave_stands_for_what_was_said() -> None:
    silent = Step("", LOOK.calls, LOOK.observations)
    assert shown(turn("No.", silent, Step("")))[-1] == ("assistant", "No.")


def test_turn_that_was_stopped_before_its_answer_ends_with_its_tools() -> None:
    assert [role for role, _ in shown(turn("I look.", LOOK))] == ["user", "assistant", "tool", "tool"]


def test_history_cut_behind_a_call_begins_with_the_next_message() -> None:
    messages = [PromptMessage(role, "x") for role in ("tool", "tool", "assistant", "tool")]  # type: ignore[arg-type]
    assert whole(messages) == messages[2:]
    assert whole(messages[:2]) == []
