"""Parts of a running product are killed in mid-stream: what was accepted is kept, no run stays open, readers go on.

Leases are three seconds here; test_many_chats.py holds the promised 30 s with the default settings.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.durability.cluster import Cluster, Viewer, numbers, polled, words
from tests.harness.product import App
from tests.harness.stores import wait_until
from tests.rest.sse import answer


@dataclass(frozen=True)
class Fallen:
    """What a server process left that was killed in mid-stream."""

    watched: Viewer
    stopped: Viewer
    blocking: Viewer


@pytest.fixture(scope="module")
def fallen(_standing: Cluster, long: App) -> Fallen:
    """Two streams and a blocking call of a process that was killed; one of the runs was stopped just after."""
    _standing.mend()
    watched = Viewer(long)
    name = _server_of(_standing, watched)
    stopped = _on_server(_standing, name, lambda: Viewer(long))
    blocking = _on_server(_standing, name, lambda: Viewer(long, response_mode="blocking"))
    for viewer in (watched, stopped):
        viewer.wait_events(60)
    _standing.product.kill(name)
    for viewer in (watched, stopped, blocking):
        viewer.join()
        assert not viewer.has_ended, "the call broke with its process"
    _standing.stop(_standing.other_than(name), long, stopped.task_id, stopped.user)
    return Fallen(watched, stopped, blocking)


def _on_server(standing: Cluster, name: str, ask: Callable[[], Viewer]) -> Viewer:
    """A viewer whose run works on that process; those that the gateway sent elsewhere are stopped."""
    for _ in range(20):
        viewer = ask()
        if _server_of(standing, viewer) == name:
            return viewer
        standing.stop(name, viewer.app, _run_of(standing, viewer), viewer.user)
        viewer.join()
    raise AssertionError(f"the gateway gives {name} no call")


def _server_of(standing: Cluster, viewer: Viewer) -> str:
    wait_until(lambda: bool(_run_of(standing, viewer)), "the run works", every=0.02)
    return standing.server_of(_run_of(standing, viewer))


def _run_of(standing: Cluster, viewer: Viewer) -> str:
    """The task of a viewer, also of one that streams nothing; "" before there is one."""
    found = standing.rows(
        "SELECT task_id::text FROM runs JOIN end_users ON end_users.id = runs.end_user_id WHERE session_id = %s",
        viewer.user,
    )
    return str(found[0]["task_id"]) if found else ""


def test_g1_g5_server_killed_in_mid_stream_leaves_a_message_with_its_part_and_a_clear_end(
    standing: Cluster, fallen: Fallen
) -> None:
    viewer = fallen.watched
    events = viewer.rejoin()
    assert numbers(events) == list(range(1, len(events) + 1))
    assert (events[-1]["event"], events[-1]["status"]) == ("error", 500)
    assert events[-1]["message"] == "The server stopped while the answer was being written."
    message = viewer.message()
    assert (message["status"], message["error"]) == ("error", events[-1]["message"])
    polled(lambda: len(viewer.message()["answer"]) > 200, True, "the part is stored as the log has it")
    # The last words may have been shown, but not logged, when the process died.
    assert words(600).startswith(viewer.message()["answer"])
    assert words(600).startswith(answer(events))
    follow_up = Viewer(viewer.app, "go on", user=viewer.user, conversation_id=viewer.conversation_id)
    follow_up.wait_events(1)
    assert follow_up.conversation_id == viewer.conversation_id
    standing.stop("server-1", viewer.app, follow_up.task_id, viewer.user)
    assert [item["query"] for item in viewer.messages()] == ["hello", "go on"]


def test_g4_stop_of_a_run_whose_process_was_killed_ends_it_as_stopped(standing: Cluster, fallen: Fallen) -> None:
    viewer = fallen.stopped
    events = viewer.rejoin()
    assert numbers(events) == list(range(1, len(events) + 1))
    assert events[-1]["event"] == "message_end"
    # What the provider counted died with the process.
    assert events[-1]["metadata"]["usage"]["total_tokens"] == 0
    message = viewer.message()
    assert message["status"] == "normal"
    polled(lambda: len(viewer.message()["answer"]) > 200, True, "the part is stored as the log has it")
    assert words(600).startswith(viewer.message()["answer"])


def test_g5_blocking_call_whose_server_is_killed_is_refused_clearly(standing: Cluster, fallen: Fallen) -> None:
    viewer = fallen.blocking
    assert (viewer.status, viewer.body["status"], viewer.body["code"]) == (503, 503, "service_unavailable"), viewer.body
    statement = "SELECT status FROM runs WHERE task_id = %s"
    polled(lambda: standing.rows(statement, _run_of(standing, viewer))[0]["status"], "failed", "the run ended")


def test_g3_reader_of_another_process_gets_exactly_the_missing_events(standing: Cluster, paced: App) -> None:
    viewer = Viewer(paced)
    viewer.wait_events(5)
    owner = standing.server_of(viewer.task_id)
    there = standing.resume(standing.other_than(owner), paced, viewer.task_id, viewer.user, 5)
    here = standing.resume(owner, paced, viewer.task_id, viewer.user, 5)
    assert [item.sequence for item in there] == list(range(6, 62))
    assert there == here
    assert "".join(item.message.answer for item in there) == words(60, start=5)
    assert answer(viewer.join()) == words(60)


def test_g3_gateway_killed_in_mid_stream_costs_no_event(standing: Cluster, paced: App) -> None:
    viewer = Viewer(paced)
    viewer.wait_events(10)
    standing.product.kill("envoy")
    viewer.join()
    assert not viewer.has_ended
    standing.mend()
    events = viewer.rejoin()
    assert numbers(events) == list(range(1, 62))
    assert answer(events) == words(60)
    assert viewer.message()["answer"] == words(60).strip()


def test_g5_server_that_ends_in_good_order_lets_its_streams_finish_and_refuses_no_new_call(
    standing: Cluster, paced: App, quick: App
) -> None:
    viewers = [Viewer(paced) for _ in range(6)]
    for viewer in viewers:
        viewer.wait_events(3)
    name = standing.server_of(viewers[0].task_id)
    refused: list[str] = []
    deadline = time.monotonic() + 3
    ended: list[int] = []
    leaving = threading.Thread(target=lambda: ended.append(standing.product.terminate(name)))
    leaving.start()
    while leaving.is_alive() or time.monotonic() < deadline:
        reply = quick.send(user="meanwhile")
        if reply.status_code != 200:
            refused.append(f"{reply.status_code} {reply.text}")
    assert ended == [0]
    assert refused == []
    for viewer in viewers:
        assert numbers(viewer.join()) == list(range(1, 62))
        assert viewer.message()["answer"] == words(60).strip()
