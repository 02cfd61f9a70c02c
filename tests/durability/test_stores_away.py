"""Redis and PostgreSQL are killed, or hang, in mid-stream: answers are whole in the end, clients see it or a clear error."""

from __future__ import annotations

import time

import psycopg2

from server.settings import load
from server.worker.app import make_app
from tests.durability.cluster import Cluster, Viewer, numbers, polled, words
from tests.harness.product import App
from tests.harness.stores import wait_until
from tests.rest.sse import answer


def test_g3_redis_killed_in_mid_stream_costs_no_event(standing: Cluster, paced: App) -> None:
    viewer = Viewer(paced)
    viewer.wait_events(10)
    standing.stores.kill("redis")
    viewer.wait_events(35)
    standing.stores.start_redis()
    events = viewer.join()
    assert numbers(events) == list(range(1, 62))
    assert answer(events) == words(60)
    assert viewer.message()["answer"] == words(60).strip()
    for name in ("server-1", "server-2"):
        again = standing.resume(name, paced, viewer.task_id, viewer.user, 0)
        assert [item.sequence for item in again] == numbers(events)


def test_g1_redis_away_to_the_end_of_a_run_leaves_the_whole_answer(
    standing: Cluster, paced: App, quick: App
) -> None:
    viewer = Viewer(paced)
    viewer.wait_events(10)
    owner = standing.server_of(viewer.task_id)
    standing.stores.kill("redis")
    assert answer(viewer.join()) == words(60)
    assert viewer.message()["answer"] == words(60).strip()
    # A reader of the other process cannot see the log; the row tells it the answer.
    there = standing.resume(standing.other_than(owner), paced, viewer.task_id, viewer.user, 20)
    assert [item.WhichOneof("body") for item in there] == ["message_replace", "message_end"]
    assert there[0].message_replace.answer == words(60).strip()
    assert quick.send("and now?", user="meanwhile").status_code == 200, "a run needs no Redis"


def test_g3_redis_that_hangs_for_some_seconds_holds_up_no_stream(standing: Cluster, paced: App) -> None:
    viewer = Viewer(paced)
    viewer.wait_events(5)
    owner = standing.server_of(viewer.task_id)
    standing.stores.pause("redis")
    try:
        viewer.wait_events(40)
    finally:
        standing.stores.resume("redis")
    events = viewer.join()
    assert answer(events) == words(60)
    again = standing.resume(standing.other_than(owner), paced, viewer.task_id, viewer.user, 0)
    assert [item.sequence for item in again] == numbers(events)


def test_g1_database_killed_in_mid_stream_and_away_at_the_final_commit(standing: Cluster, paced: App) -> None:
    """Away for longer than a lease: no living run is taken for dead, and the end waits for the database."""
    viewers = [Viewer(paced) for _ in range(4)]
    for viewer in viewers:
        viewer.wait_events(10)
    before = viewers[0].message()
    assert before["query"] == "hello"
    standing.stores.kill("postgres")
    refused = paced.send("meanwhile", user="meanwhile")
    assert (refused.status_code, refused.json()["code"]) == (503, "service_unavailable"), refused.text
    for viewer in viewers:
        viewer.wait_events(60)
    killed_for = time.monotonic()
    while time.monotonic() - killed_for < 2:
        assert not any(viewer.has_ended for viewer in viewers), "an end that is not stored must not be told"
        time.sleep(0.1)
    standing.stores.start_postgres()
    for viewer in viewers:
        events = viewer.join()
        assert numbers(events) == list(range(1, 62))
        assert events[-1]["event"] == "message_end"
        message = viewer.message()
        assert (message["status"], message["answer"]) == ("normal", words(60).strip())
        assert message["answer_tokens"] == events[-1]["metadata"]["usage"]["completion_tokens"] == 60
    polled(lambda: paced.send("again", user="again").status_code, 200, "new messages are taken")


def test_g1_every_part_killed_at_once_loses_no_accepted_message(standing: Cluster, long: App) -> None:
    viewers = [Viewer(long, f"question {at}") for at in range(12)]
    for viewer in viewers:
        viewer.wait_events(15)
    for name in ("server-1", "server-2", "worker", "envoy"):
        standing.product.kill(name)
    for name in ("postgres", "redis"):
        standing.stores.kill(name)
    for viewer in viewers:
        viewer.join()
    standing.mend()
    for at, viewer in enumerate(viewers):
        events = viewer.rejoin()
        assert events[-1]["event"] == "error"
        assert numbers(events) == list(range(1, len(events) + 1))
        message = viewer.message()
        assert (message["query"], message["status"]) == (f"question {at}", "error")
        assert message["answer"].startswith("tok0")
    assert standing.rows("SELECT 1 FROM runs WHERE status = 'running'") == []


def test_g5_jobs_of_a_killed_worker_and_a_killed_redis_are_done_by_the_next_worker(
    standing: Cluster, quick: App
) -> None:
    sent = quick.send("to be deleted", user="deleter").json()
    with psycopg2.connect(standing.product.postgres_url) as lock, lock.cursor() as cursor:
        # The worker's delete waits for this row, so that it is killed in the middle of its job.
        cursor.execute("SELECT 1 FROM messages WHERE id = %s FOR UPDATE", (sent["message_id"],))
        gone = quick.http.request(
            "DELETE", f"/v1/conversations/{sent['conversation_id']}", json={"user": "deleter"}
        )
        assert gone.status_code == 204
        wait_until(lambda: _job_attempts(standing) == [1], "the worker began the job", every=0.05)
        standing.product.kill("worker")
        standing.stores.kill("redis")
    lock.close()
    assert _left(standing, sent["message_id"]) == 1
    standing.mend()
    wait_until(lambda: _left(standing, sent["message_id"]) == 0, "the messages are deleted", seconds=30, every=0.05)
    wait_until(lambda: _job_attempts(standing) == [], "the job is done", every=0.05)


def test_g5_job_that_is_announced_many_times_is_done_once(standing: Cluster, quick: App) -> None:
    environment = {
        name: value for name, value in standing.product._environment().items() if name.startswith("TRANSOM_")
    }
    sent = quick.send("to be deleted", user="doubler").json()
    done = "(purge_conversation) done"
    before = standing.product.log("worker").count(done)
    gone = quick.http.request("DELETE", f"/v1/conversations/{sent['conversation_id']}", json={"user": "doubler"})
    assert gone.status_code == 204
    wait_until(lambda: standing.product.log("worker").count(done) > before, "the job is done", seconds=30, every=0.05)
    assert _left(standing, sent["message_id"]) == 0
    job = int(standing.product.log("worker").rpartition("job ")[2].partition(" ")[0])
    with make_app(load(environment)) as app:
        for attempts in (0, 0, 1, 1, 2):
            app.send_task("transom.job", (job, attempts))
    # The next job comes through after them: all of them were looked at.
    more = quick.send("to be deleted", user="doubler").json()
    quick.http.request("DELETE", f"/v1/conversations/{more['conversation_id']}", json={"user": "doubler"})
    wait_until(lambda: _left(standing, more["message_id"]) == 0, "the next job is done", seconds=30, every=0.05)
    assert standing.product.log("worker").count(f"job {job} {done}") == 1


def test_g5_more_jobs_than_the_queue_takes_are_all_done(standing: Cluster) -> None:
    standing.change(
        "INSERT INTO jobs (kind, payload) SELECT 'purge_conversation',"
        " jsonb_build_object('tenant_id', gen_random_uuid(), 'conversation_id', gen_random_uuid())"
        " FROM generate_series(1, 250)"
    )
    wait_until(lambda: _job_attempts(standing) == [], "all jobs are done", seconds=30, every=0.05)


def _job_attempts(standing: Cluster) -> list[int]:
    return [row["attempts"] for row in standing.rows("SELECT attempts FROM jobs WHERE kind = 'purge_conversation'")]


def _left(standing: Cluster, message_id: str) -> int:
    return len(standing.rows("SELECT 1 FROM messages WHERE id = %s", message_id))
