"""G4 on a running product: stop from any process, at any moment, by the right user only."""

from __future__ import annotations

import threading
import time

from tests.durability.cluster import Cluster, Viewer, numbers, polled, words
from tests.harness.product import App
from tests.rest.sse import answer

# architecture.md, G4
EFFECTIVE_MS = 1000


def _stop(app: App, viewer: Viewer, user: str = "") -> None:
    done = app.http.post(f"/v1/chat-messages/{viewer.task_id}/stop", json={"user": user or viewer.user})
    assert (done.status_code, done.json()) == (200, {"result": "success"})


def test_g4_stop_from_another_process_is_effective_within_a_second_and_closes_the_model_call(
    standing: Cluster, long: App
) -> None:
    viewer = Viewer(long)
    viewer.wait_events(3)
    owner = standing.server_of(viewer.task_id)
    standing.stop(standing.other_than(owner), long, viewer.task_id, viewer.user)
    acknowledged = time.time() * 1000
    events = viewer.join()
    assert events[-1]["event"] == "message_end"
    (end,) = standing.resume(owner, long, viewer.task_id, viewer.user, numbers(events)[-2])
    assert end.time_ms - acknowledged < EFFECTIVE_MS
    polled(lambda: standing.model_calls("long@tokens=600,delay=50")[-1]["disconnected"], True, "the call was closed")
    message = viewer.message()
    assert message["status"] == "normal"
    assert message["answer"] == answer(events).strip()
    assert words(600).startswith(answer(events))
    usage = events[-1]["metadata"]["usage"]
    assert (message["answer_tokens"], message["message_tokens"]) == (usage["completion_tokens"], usage["prompt_tokens"])
    assert 0 < usage["completion_tokens"] < 600


def test_g4_stop_reaches_a_process_that_hears_nothing_of_the_others(standing: Cluster, long: App) -> None:
    """Redis hangs, so the command cannot be told: the other process finds it in the database."""
    viewer = Viewer(long)
    viewer.wait_events(3)
    owner = standing.server_of(viewer.task_id)
    standing.stores.pause("redis")
    try:
        standing.stop(standing.other_than(owner), long, viewer.task_id, viewer.user)
        acknowledged = time.time()
        polled(
            lambda: standing.rows("SELECT status FROM runs WHERE task_id = %s", viewer.task_id)[0]["status"],
            "stopped", "the run is stopped",
        )
        (run,) = standing.rows(
            "SELECT extract(epoch FROM finished_at) AS at FROM runs WHERE task_id = %s", viewer.task_id
        )
        assert (float(run["at"]) - acknowledged) * 1000 < EFFECTIVE_MS
        assert viewer.join()[-1]["event"] == "message_end"
    finally:
        standing.stores.resume("redis")


def test_g4_model_that_hangs_before_its_first_word_is_stopped(standing: Cluster) -> None:
    # The first call is the test call that adds the model.
    app = standing.workspace.app(model="silent@hang,skip=1")
    viewer = Viewer(app)
    polled(
        lambda: len(standing.rows("SELECT 1 FROM runs WHERE app_id = %s AND status = 'running'", app.id)), 1,
        "the run works",
    )
    polled(
        lambda: [call["finished"] for call in standing.model_calls("silent@hang,skip=1")], [True, False],
        "the model was asked",
    )
    (run,) = standing.rows("SELECT task_id::text, conversation_id::text FROM runs WHERE app_id = %s", app.id)
    owner = standing.server_of(run["task_id"])
    standing.stop(standing.other_than(owner), app, run["task_id"], viewer.user)
    acknowledged = time.time() * 1000
    (end,) = standing.resume(owner, app, run["task_id"], viewer.user, 0)
    assert end.WhichOneof("body") == "message_end"
    assert end.time_ms - acknowledged < EFFECTIVE_MS
    assert [item["event"] for item in viewer.join()] == ["message_end"]
    polled(lambda: standing.model_calls("silent@hang,skip=1")[1]["disconnected"], True, "the call was closed")
    message = viewer.message()
    assert (message["status"], message["answer"], message["answer_tokens"]) == ("normal", "", 0)


def test_g4_stop_twice_and_after_the_end_is_success_and_changes_nothing(standing: Cluster, long: App) -> None:
    viewer = Viewer(long)
    viewer.wait_events(3)
    _stop(long, viewer)
    _stop(long, viewer)
    viewer.join()
    before = viewer.message()
    _stop(long, viewer)
    assert viewer.message() == before
    events = standing.resume("server-1", long, viewer.task_id, viewer.user, 0)
    assert [item.WhichOneof("body") for item in events].count("message_end") == 1


def test_g4_stop_by_another_user_is_silent_and_changes_nothing(standing: Cluster, paced: App) -> None:
    viewer = Viewer(paced)
    viewer.wait_events(3)
    for name in ("server-1", "server-2"):
        standing.stop(name, paced, viewer.task_id, "somebody else")
    assert answer(viewer.join()) == words(60)


def test_g4_stop_at_the_moment_of_the_end_gives_one_end_and_the_text_that_was_shown(standing: Cluster) -> None:
    """Stops race with answers that take some ten milliseconds; whoever wins, stream and database agree."""
    short = standing.workspace.app(model="short@tokens=10,delay=3")

    def stop_soon(viewer: Viewer, name: str, pause: float) -> None:
        viewer.wait_events(1)
        time.sleep(pause)
        standing.stop(name, short, viewer.task_id, viewer.user)

    viewers = [Viewer(short) for _ in range(16)]
    racers = [
        threading.Thread(target=stop_soon, args=(viewer, f"server-{at % 2 + 1}", at * 0.004))
        for at, viewer in enumerate(viewers)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    for viewer in viewers:
        events = viewer.join()
        assert numbers(events) == list(range(1, len(events) + 1))
        assert [item["event"] for item in events] == ["message"] * (len(events) - 1) + ["message_end"]
        message = viewer.message()
        assert (message["status"], message["answer"]) == ("normal", answer(events).strip())
        assert message["answer_tokens"] == events[-1]["metadata"]["usage"]["completion_tokens"]


def test_g4_run_that_outlasts_the_end_of_its_process_is_stopped_and_kept(standing: Cluster, long: App) -> None:
    """SIGTERM gives a run some time; then it ends as if it had been stopped, and its stream with it."""
    viewer = Viewer(long)
    viewer.wait_events(3)
    owner = standing.server_of(viewer.task_id)
    assert standing.product.terminate(owner) == 0
    events = viewer.join()
    assert events[-1]["event"] == "message_end"
    message = viewer.message()
    assert (message["status"], message["answer"]) == ("normal", answer(events).strip())
