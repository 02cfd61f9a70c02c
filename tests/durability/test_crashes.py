"""Parts of a running product are killed in mid-stream: what was accepted is kept, no run stays open, readers go on.

Leases are three seconds here; test_many_chats.py holds the promised 30 s with the default settings.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.durability.cluster import Cluster, Viewer, numbers, polled, words
from tests.harness.product import App
from tests.rest.sse import answer


@dataclass(frozen=True)
class Fallen:
    """What a server process left that was killed in mid-stream."""

    watched: Viewer
    stopped: Viewer
    blocking: Sequence[Viewer]


@pytest.fixture(scope="module")
def fallen(_standing: Cluster, long: App) -> Fallen:
    """Streams and blocking calls of a server process that was killed; one of the runs was stopped just after."""
    _standing.mend()
    watched, stopped = _two_of_one_server(_standing, long)
    # Three calls in a row: the gateway gives each process one of them at least.
    blocking = [Viewer(long, response_mode="blocking") for _ in range(3)]
    polled(lambda: len(_running(_standing, long)), 5, "all runs work")
    for viewer in (watched, stopped):
        viewer.wait_events(60)
    name = _standing.server_of(watched.task_id)
    _standing.product.kill(name)
    for viewer in (watched, stopped):
        viewer.join()
        assert not viewer.has_ended, "the stream broke with its process"
    _standing.stop(_standing.other_than(name), long, stopped.task_id, stopped.user)
    return Fallen(watched, stopped, blocking)


def _running(standing: Cluster, app: App) -> list[str]:
    found = standing.rows("SELECT task_id::text FROM runs WHERE status = 'running' AND app_id = %s", app.id)
    return [row["task_id"] for row in found]


def _two_of_one_server(standing: Cluster, app: App) -> tuple[Viewer, Viewer]:
    viewers: dict[str, Viewer] = {}
    for _ in range(20):
        viewer = Viewer(app)
        viewer.wait_events(1)
        name = standing.server_of(viewer.task_id)
        if name in viewers:
            for other in viewers.values():
                if other is not viewers[name]:
                    standing.stop(name, app, other.task_id, other.user)
            polled(lambda: len(_running(standing, app)), 2, "two runs work")
            return viewers[name], viewer
        viewers[name] = viewer
    raise AssertionError("the gateway gives all calls to different processes")


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
    # Up to 40 ms of the last words may have been shown, but not logged, when the process died.
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


def test_g5_blocking_call_whose_server_is_killed_is_refused_clearly(
    standing: Cluster, fallen: Fallen, long: App
) -> None:
    refused = [viewer for viewer in fallen.blocking if viewer.status]
    assert refused, "a call of the killed process came back"
    for viewer in refused:
        assert (viewer.status, viewer.body["status"]) == (503, 503), viewer.body
        assert viewer.body["code"]
    for task_id in _running(standing, long):
        (row,) = standing.rows("SELECT end_user_id::text FROM runs WHERE task_id = %s", task_id)
        (user,) = standing.rows("SELECT session_id FROM end_users WHERE id = %s", row["end_user_id"])
        standing.stop("server-1", long, task_id, user["session_id"])
    for viewer in fallen.blocking:
        viewer.join()
    assert {viewer.status for viewer in fallen.blocking} <= {200, 503}
    polled(lambda: _running(standing, long), [], "every run ended")


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
    assert {standing.server_of(viewer.task_id) for viewer in viewers} == {"server-1", "server-2"}
    refused: list[str] = []
    deadline = time.monotonic() + 3
    ended: list[int] = []
    leaving = threading.Thread(target=lambda: ended.append(standing.product.terminate("server-1")))
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
