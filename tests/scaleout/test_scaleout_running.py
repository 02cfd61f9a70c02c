"""Two servers and a prefork worker on an external PostgreSQL and Redis, behind Envoy."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import Any

import httpx
import psycopg2
import pytest

from tests.harness.product import App, Workspace
from tests.harness.stores import wait_until
from tests.scaleout.conftest import Composed

_CALLS = 20


@pytest.fixture(scope="module")
def app(workspace: Workspace) -> App:
    return workspace.app()


@pytest.fixture(scope="module")
def paced(workspace: Workspace) -> App:
    """An app whose answer takes two seconds."""
    return workspace.app(model="paced@tokens=40,delay=50")


@pytest.fixture(autouse=True)
def _whole(composed: Composed) -> None:
    composed.wait_healthy()


def _upstreams(composed: Composed) -> Counter[str]:
    """Calls by the server process that took them."""
    lines = composed.place.access_log.read_text().splitlines()
    taken = Counter(json.loads(line)["upstream"] for line in lines)
    return Counter({f"127.0.0.1:{port}": taken[f"127.0.0.1:{port}"] for port in composed.ports})


def _events(app: App, found: list[dict[str, Any]]) -> None:
    with app.stream() as reply:
        assert reply.status_code == 200
        for line in reply.iter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line[6:]))


@pytest.mark.parametrize("part", ["server-1", "server-2", "worker"])
def test_declared_health_check_finds_the_part_well(composed: Composed, part: str) -> None:
    wait_until(lambda: composed.health_check(part) == 0, f"{part} is well", seconds=30)


def test_check_command_in_a_container_finds_everything_well(composed: Composed) -> None:
    done = composed.run("server", ["check", "--gateway", composed.url])
    assert done.returncode == 0, done.stdout + done.stderr


def test_migrating_again_finds_nothing_to_do(composed: Composed) -> None:
    done = composed.run("migrate", composed.declared["migrate"]["command"])
    assert done.stdout.startswith("nothing to do")


def test_chats_are_answered_by_both_servers(composed: Composed, app: App) -> None:
    replies = [app.send() for _ in range(_CALLS)]
    assert {reply.status_code for reply in replies} == {200}

    wait_until(lambda: min(_upstreams(composed).values()) > 0, "both servers took calls")


def test_answer_is_stopped_whichever_server_takes_the_stop(composed: Composed, paced: App) -> None:
    for _ in range(4):
        with paced.stream() as reply:
            lines = (line for line in reply.iter_lines() if line.startswith("data: "))
            task_id = json.loads(next(lines)[6:])["task_id"]
            stopped = paced.http.post(f"/v1/chat-messages/{task_id}/stop", json={"user": "u"})
            assert stopped.status_code == 200
            events = [json.loads(line[6:]) for line in lines]
        assert events[-1]["event"] == "message_end"
        assert len(events) < 40


def test_uploaded_file_is_served_by_every_server(composed: Composed, workspace: Workspace) -> None:
    takes = {"enabled": True, "allowed_file_types": ["document"], "allowed_file_upload_methods": ["local_file"]}
    app = workspace.app(file_upload={**takes, "number_limits": 1})
    uploaded = app.http.post("/v1/files/upload", files={"file": ("a.txt", b"shared", "text/plain")}, data={"user": "u"})
    assert uploaded.status_code == 201, uploaded.text
    file_id = uploaded.json()["id"]
    sent = app.send(files=[{"type": "document", "transfer_method": "local_file", "upload_file_id": file_id}])
    assert sent.status_code == 200, sent.text
    before = _upstreams(composed)
    previews = [app.http.get(f"/v1/files/{file_id}/preview", params={"user": "u"}) for _ in range(_CALLS)]
    assert {preview.status_code for preview in previews} == {200}
    assert {preview.content for preview in previews} == {b"shared"}
    wait_until(lambda: len(_upstreams(composed) - before) == 2, "both servers took some")


def test_prefork_worker_deletes_what_a_deleted_app_had(composed: Composed, workspace: Workspace) -> None:
    doomed = workspace.app()
    assert doomed.send().status_code == 200
    assert _messages(composed, doomed.id) == 1
    deleted = workspace.console.delete(f"/console/api/apps/{doomed.id}")
    assert deleted.status_code == 204
    wait_until(lambda: _messages(composed, doomed.id) == 0, "the worker deleted the app's messages", seconds=30)


def _messages(composed: Composed, app_id: str) -> int:
    assert composed.stores is not None
    connection = psycopg2.connect(composed.stores.database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM messages WHERE app_id = %s", (app_id,))
        (count,) = cursor.fetchone()  # type: ignore[misc]
    connection.close()
    return int(count)


def test_server_that_is_stopped_finishes_its_answers_and_the_other_goes_on(composed: Composed, paced: App) -> None:
    streams: list[list[dict[str, Any]]] = [[] for _ in range(4)]
    readers = [threading.Thread(target=_events, args=(paced, found)) for found in streams]
    for reader in readers:
        reader.start()
    wait_until(lambda: all(streams), "the streams began")
    assert composed.terminate("server-1") == 0
    replies = [paced.http.get("/v1/info") for _ in range(_CALLS)]
    assert {reply.status_code for reply in replies} == {200}
    for reader in readers:
        reader.join(30)
    assert [found[-1]["event"] for found in streams] == ["message_end"] * 4
    assert composed.health_check("server-1") == 1
    composed.start("server-1")


def test_server_that_dies_is_left_out_and_comes_back(composed: Composed, app: App) -> None:
    composed.kill("server-2")
    wait_until(lambda: composed.healthy_servers() == 1, "the dead server gets no calls", seconds=20)
    assert {app.send().status_code for _ in range(_CALLS)} == {200}
    composed.start("server-2")
    composed.wait_healthy()
    wait_until(lambda: composed.health_check("server-2") == 0, "the server is well again", seconds=20)


def test_worker_that_is_stopped_exits_0_and_its_health_check_says_so(composed: Composed) -> None:
    assert composed.terminate("worker") == 0
    assert composed.health_check("worker") == 1
    composed.start("worker")


def test_published_health_check_of_the_gateway_works_as_declared(composed: Composed) -> None:
    kind, program, option, code = composed.declared["envoy"]["healthcheck"]["test"]
    assert (kind, program, option) == ("CMD", "python", "-c")
    compiled = compile(code.replace("127.0.0.1:8080", composed.url.removeprefix("http://")), "health check", "exec")
    exec(compiled, {})
    assert httpx.get(f"{composed.url}/health").status_code == 200
