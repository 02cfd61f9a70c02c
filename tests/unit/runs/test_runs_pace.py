"""Readers write at once while the loop keeps up, and rarer when it does not."""

from __future__ import annotations

from server.runs.pace import Pace


def _after(*looks: float) -> Pace:
    pace = Pace()
    for late in looks:
        pace.note(late)
    return pace


def test_pause_while_the_loop_keeps_up_is_zero() -> None:
    assert _after(*[0.001] * 1000).pause == 0


def test_pause_after_one_late_look_is_zero() -> None:
    assert _after(0.015).pause == 0


def test_pause_of_a_late_loop_grows_with_the_lateness_up_to_40_ms() -> None:
    some, much, more = (_after(*[late] * 200).pause for late in (0.004, 0.006, 5.0))
    assert 0 < some < much
    assert round(much, 3) == more == 0.04


def test_pause_ends_when_the_loop_keeps_up_again() -> None:
    assert _after(*[0.02] * 200, *[0.0] * 60).pause == 0
