"""Annotations: answers that people wrote (service-api.md 10.7, feature-semantics.md 3.5, console-api.md section 9)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from server.db.annotation_tables import annotation_hits, annotation_settings, app_annotations
from server.db.workflow_tables import workflow_runs
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import COMPATIBLE, App
from tests.rest.flows import chain, flow, llm, node, start
from tests.rest.knowledge import EMBEDDER, Knowledge
from tests.rest.parties import database
from tests.rest.sse import events

LIST = "/v1/apps/annotations"
REPLY = "/v1/apps/annotation-reply"
ON = {"score_threshold": 0.8, "embedding_provider_name": COMPATIBLE, "embedding_model_name": EMBEDDER}
ITEM_KEYS = ["id", "question", "answer", "hit_count", "created_at"]
SEA = {"question": "What is the sea?", "answer": "Salt water."}
ZERO = {
    "prompt_tokens": 0, "prompt_unit_price": "0.0", "prompt_price_unit": "0.0", "prompt_price": "0.0",
    "completion_tokens": 0, "completion_unit_price": "0.0", "completion_price_unit": "0.0", "completion_price": "0.0",
    "total_tokens": 0, "total_price": "0.0", "currency": "USD", "time_to_first_token": None, "time_to_generate": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def model(indexed: Knowledge, brain: OpenAIServer) -> str:
    """The model of the apps; what it was asked is in ``brain.calls``."""
    return indexed.add_model(brain.url, f"annotated-{uuid.uuid4().hex[:8]}", "llm")


@pytest.fixture
def app(indexed: Knowledge, model: str) -> App:
    """An app without annotations."""
    return indexed.workspace.app(model=model)


@pytest.fixture(scope="module")
def sea(indexed: Knowledge, model: str) -> App:
    """An app whose annotation answers; no test changes it."""
    made = indexed.workspace.app(model=model)
    added(made)
    assert switched(made, "enable") == ("completed", "")
    return made


def added(app: App, **fields: str) -> dict[str, Any]:
    """A new annotation."""
    reply = app.http.post(LIST, json=SEA | fields)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


def switched(app: App, action: str, **fields: Any) -> tuple[str, str]:
    """How a job ended."""
    reply = app.http.post(f"{REPLY}/{action}", json=ON | fields)
    assert reply.status_code == 200, reply.text
    path = f"{REPLY}/{action}/status/{reply.json()['job_id']}"
    found = eventually(lambda: one if (one := app.http.get(path).json())["job_status"] in ENDS else None)
    return found["job_status"], found["error_msg"]


ENDS = ("completed", "error")


def eventually(look: Callable[[], Any], *, seconds: float = 30) -> Any:
    """What a look finds, as soon as it finds anything."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
    return found


def answer(app: App, query: str = "What is the sea?") -> dict[str, Any]:
    """The blocking reply."""
    reply = app.send(query)
    assert reply.status_code == 200, reply.text
    said: dict[str, Any] = reply.json()
    return said


def is_annotated(app: App, query: str = "What is the sea?") -> Any:
    """The reply's word on annotations."""
    return answer(app, query)["metadata"]["annotation_reply"]


def refusal(reply: httpx.Response) -> tuple[int, str, str]:
    body = reply.json()
    assert body["status"] == reply.status_code
    return reply.status_code, body["code"], body["message"]


def console(indexed: Knowledge, app: App, method: str, path: str, **options: Any) -> Any:
    """A good reply of the console about an app."""
    return indexed.workspace.ok(
        indexed.workspace.console.request(method, f"/console/api/apps/{app.id}/{path}", **options)
    )


# The list


def test_list_is_kept_newest_first_and_searched_in_any_case(app: App) -> None:
    empty = app.http.get(LIST)
    assert empty.json() == {"data": [], "has_more": False, "limit": 20, "total": 0, "page": 1}
    first, second = added(app), added(app, question="How HIGH is it?", answer="100% high")
    assert list(first) == ITEM_KEYS
    assert first["hit_count"] == 0
    assert app.http.get(LIST).json()["data"] == [second, first]
    page = app.http.get(LIST, params={"limit": 1, "page": 2}).json()
    assert page == {"data": [first], "has_more": True, "limit": 1, "total": 2, "page": 2}
    found = {word: app.http.get(LIST, params={"keyword": word}).json()["data"] for word in ("high", "SALT", "%", "none")}
    assert found == {"high": [second], "SALT": [first], "%": [second], "none": []}
    assert app.http.get(LIST, params={"limit": 500}).json()["limit"] == 500


def test_annotation_is_replaced_and_deleted_once(app: App) -> None:
    made = added(app)
    path = f"{LIST}/{made['id']}"
    changed = app.http.put(path, json={"question": "Sea?", "answer": "Water."})
    assert (changed.status_code, changed.json()) == (200, made | {"question": "Sea?", "answer": "Water."})
    gone = app.http.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    unknown = (404, "not_found", "Annotation not found")
    assert refusal(app.http.delete(path)) == unknown
    assert refusal(app.http.put(path, json=SEA)) == unknown
    assert refusal(app.http.delete(f"{LIST}/nothing")) == unknown


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", LIST, {"json": {"question": "a"}}),
        ("POST", LIST, {"json": {"answer": "a"}}),
        ("PUT", f"{LIST}/{uuid.uuid4()}", {"json": {"question": "a"}}),
        ("GET", LIST, {"params": {"page": 0}}),
        ("GET", LIST, {"params": {"limit": 0}}),
        ("POST", f"{REPLY}/explain", {"json": ON}),
        ("POST", f"{REPLY}/disable", {"json": {}}),
        ("POST", f"{REPLY}/enable", {"json": {**ON, "score_threshold": None}}),
    ],
)
def test_bad_calls_are_invalid(method: str, path: str, options: Any, app: App) -> None:
    assert refusal(app.http.request(method, path, **options))[:2] == (400, "invalid_param")


# Answers


def test_near_question_is_answered_by_the_annotation_and_no_model_is_asked(sea: App, brain: OpenAIServer) -> None:
    before = len(brain.calls)
    with sea.stream("What is sea?") as reply:
        first, last = events(reply.iter_text())
    assert (first["event"], first["answer"], last["event"]) == ("message", "Salt water.", "message_end")
    (listed,) = sea.http.get(LIST).json()["data"]
    metadata = last["metadata"]
    assert metadata["annotation_reply"]["id"] == listed["id"]
    assert metadata["annotation_reply"]["account"]["name"] == "owner"
    latency = metadata["usage"].pop("latency")
    assert latency >= 0
    assert metadata["usage"] == ZERO
    assert metadata["retriever_resources"] == []
    assert len(brain.calls) == before
    blocking = answer(sea, "what is the SEA")
    assert (blocking["answer"], blocking["metadata"]["annotation_reply"]["id"]) == ("Salt water.", listed["id"])


def test_far_question_is_answered_by_the_model(sea: App, brain: OpenAIServer) -> None:
    before = len(brain.calls)
    assert is_annotated(sea, "Where do mountains stand, and why?") is None
    assert len(brain.calls) > before


def test_stored_message_says_that_an_annotation_answered(sea: App) -> None:
    said = answer(sea)
    params = {"conversation_id": said["conversation_id"], "user": "u"}
    (message,) = sea.http.get("/v1/messages", params=params).json()["data"]
    assert (message["answer"], message["status"]) == ("Salt water.", "normal")


def test_agents_say_it_as_a_message(indexed: Knowledge, model: str) -> None:
    agent = indexed.workspace.app("agent-chat", model=model)
    added(agent)
    assert switched(agent, "enable")[0] == "completed"
    with agent.stream("What is the sea?") as reply:
        said = events(reply.iter_text())
    assert [event["event"] for event in said] == ["message", "message_end"]
    assert said[0]["answer"] == "Salt water."


@pytest.fixture(scope="module")
def sea_flow(indexed: Knowledge, model: str) -> App:
    """A chatflow whose annotation answers; no test changes it."""
    graph = chain(start(), llm("llm", model), node("answer", "answer", answer="{{#llm.text#}}"))
    made = flow(indexed.workspace, graph, "advanced-chat")
    added(made)
    assert switched(made, "enable") == ("completed", "")
    return made


def test_chatflow_is_answered_by_the_annotation_and_its_graph_does_not_run(
    indexed: Knowledge, sea_flow: App, brain: OpenAIServer
) -> None:
    before = len(brain.calls)
    with sea_flow.stream("What is sea?", user="flow") as reply:
        first, last = events(reply.iter_text())
    shared = ["event", "conversation_id", "message_id", "created_at", "task_id", "id"]
    assert list(first) == [*shared, "answer", "from_variable_selector"]
    assert (first["event"], first["answer"], last["event"]) == ("message", "Salt water.", "message_end")
    (listed,) = sea_flow.http.get(LIST).json()["data"]
    assert last["metadata"]["annotation_reply"]["id"] == listed["id"]
    usage = last["metadata"]["usage"]
    assert usage.pop("latency") >= 0 and usage == ZERO
    params = {"conversation_id": last["conversation_id"], "user": "flow"}
    (message,) = sea_flow.http.get("/v1/messages", params=params).json()["data"]
    assert (message["query"], message["answer"], message["status"], message["error"]) == (
        "What is sea?", "Salt water.", "normal", None,
    )  # fmt: skip
    with database(indexed.workspace.product) as connection:
        run = connection.execute(sa.select(workflow_runs).where(workflow_runs.c.message_id == message["id"])).one()
    assert (run.status, run.error, run.total_steps) == ("stopped", "Stopped by annotation reply.", 0)
    hits = eventually(lambda: console(indexed, sea_flow, "GET", f"annotations/{listed['id']}/hit-histories")["data"])
    assert [(hit["source"], hit["question"]) for hit in hits] == [("api", "What is sea?")]
    assert len(brain.calls) == before
    blocking = answer(sea_flow, "what is the SEA")
    assert (blocking["answer"], blocking["metadata"]["annotation_reply"]["id"]) == ("Salt water.", listed["id"])


def test_annotated_turn_of_a_chatflow_is_told_again_without_its_graph(sea_flow: App) -> None:
    with sea_flow.stream("What is the sea?", user="again") as reply:
        told = events(reply.iter_text())
    path = f"/v1/chat-messages/{told[0]['task_id']}/events"
    with sea_flow.http.stream("GET", path, params={"user": "again"}) as reply:
        assert reply.status_code == 200, reply.read()
        assert events(reply.iter_text()) == told


def test_far_question_to_a_chatflow_is_answered_by_its_graph(sea_flow: App, brain: OpenAIServer) -> None:
    before = len(brain.calls)
    assert is_annotated(sea_flow, "Where do mountains stand, and why?") is None
    assert len(brain.calls) > before


def test_hits_are_counted_and_kept(indexed: Knowledge, app: App) -> None:
    made = added(app)
    assert switched(app, "enable")[0] == "completed"
    message = answer(app, "What is sea?")["message_id"]
    counted = eventually(lambda: next((one for one in app.http.get(LIST).json()["data"] if one["hit_count"]), None))
    assert counted["hit_count"] == 1
    page = console(indexed, app, "GET", f"annotations/{made['id']}/hit-histories")
    (hit,) = page.pop("data")
    assert page == {"has_more": False, "limit": 20, "total": 1, "page": 1}
    assert (hit["source"], hit["question"], hit["match"], hit["response"]) == (
        "api", "What is sea?", "What is the sea?", "Salt water.",
    )
    assert 0.8 < hit["score"] < 0.9
    with database(indexed.workspace.product) as connection:
        row = connection.execute(sa.select(annotation_hits).where(annotation_hits.c.annotation_id == made["id"])).one()
    assert row.message_id == message


def test_no_threshold_asks_for_the_same_words(app: App) -> None:
    added(app)
    assert switched(app, "enable", score_threshold=0)[0] == "completed"
    assert is_annotated(app, "What is sea?") is None
    assert is_annotated(app, "What is the sea?") is not None


def test_embedder_that_fails_is_no_match(indexed: Knowledge, app: App) -> None:
    frail = indexed.add_embedder(f"frail-{uuid.uuid4().hex[:8]}", default=False)
    added(app)
    assert switched(app, "enable", embedding_model_name=frail)[0] == "completed"
    assert eventually(lambda: is_annotated(app))
    indexed.remove_model(frail, "text-embedding")
    assert is_annotated(app, "What is the sea, again?") is None


# What answers follows what is changed


def test_changes_answer_soon_and_deleted_ones_no_more(app: App) -> None:
    assert switched(app, "enable")[0] == "completed"
    assert is_annotated(app) is None
    made = added(app)
    path = f"{LIST}/{made['id']}"
    assert eventually(lambda: is_annotated(app))["id"] == made["id"]
    app.http.put(path, json={**SEA, "answer": "Very wet."})
    assert answer(app)["answer"] == "Very wet."
    app.http.put(path, json={"question": "How tall are mountains?", "answer": "Tall."})
    assert eventually(lambda: is_annotated(app, "How tall are mountains?"))["id"] == made["id"]
    assert is_annotated(app) is None
    app.http.delete(path)
    assert eventually(lambda: is_annotated(app, "How tall are mountains?") is None)


def test_disabled_annotations_stay_and_do_not_answer(indexed: Knowledge, app: App) -> None:
    made = added(app)
    assert switched(app, "enable")[0] == "completed"
    assert eventually(lambda: is_annotated(app))
    assert switched(app, "disable")[0] == "completed"
    assert eventually(lambda: is_annotated(app) is None)
    assert app.http.get(LIST).json()["data"][0]["id"] == made["id"]
    assert console(indexed, app, "GET", "annotation-setting") == {"enabled": False}
    with database(indexed.workspace.product) as connection:
        mine = sa.select(app_annotations.c.vector).where(app_annotations.c.app_id == app.id)
        assert connection.execute(mine).scalars().all() == [None]


def test_another_model_embeds_anew(indexed: Knowledge, app: App) -> None:
    other = indexed.add_embedder(f"other-{uuid.uuid4().hex[:8]}", default=False)
    added(app)
    assert switched(app, "enable")[0] == "completed"
    assert switched(app, "enable", embedding_model_name=other)[0] == "completed"
    assert eventually(lambda: is_annotated(app))
    shown = app.http.get("/v1/parameters").json()["annotation_reply"]
    assert shown["embedding_model"]["embedding_model_name"] == other


def test_parameters_and_console_show_the_setting(indexed: Knowledge, app: App) -> None:
    assert app.http.get("/v1/parameters").json()["annotation_reply"] == {"enabled": False}
    assert console(indexed, app, "GET", "annotation-setting") == {"enabled": False}
    assert switched(app, "enable", score_threshold=1)[0] == "completed"
    shown = eventually(
        lambda: one if (one := app.http.get("/v1/parameters").json()["annotation_reply"])["enabled"] else None
    )
    model = {"embedding_provider_name": COMPATIBLE, "embedding_model_name": EMBEDDER}
    assert shown == {"id": shown["id"], "enabled": True, "score_threshold": 1, "embedding_model": model}
    assert console(indexed, app, "GET", "annotation-setting") == shown


# Jobs


@pytest.fixture
def stuck(indexed: Knowledge, app: App) -> str:
    """A job that no worker has taken yet, made as a call makes it."""
    job = str(uuid.uuid4())
    with database(indexed.workspace.product) as connection:
        tenant = sa.text("(SELECT tenant_id FROM apps WHERE id = :app)").bindparams(app=app.id).columns(sa.Uuid)
        row = {"app_id": app.id, "id": str(uuid.uuid4()), "job_id": job, "job_action": "enable"}
        connection.execute(sa.insert(annotation_settings).values(tenant_id=tenant.scalar_subquery(), **row))
        connection.commit()
    return job


def test_second_job_of_a_kind_is_the_first(app: App, stuck: str) -> None:
    again = app.http.post(f"{REPLY}/enable", json=ON)
    assert (again.status_code, again.json()) == (200, {"job_id": stuck, "job_status": "processing"})
    status = app.http.get(f"{REPLY}/enable/status/{stuck}").json()
    assert status == {"job_id": stuck, "job_status": "waiting", "error_msg": ""}


def test_job_of_the_other_kind_takes_over(app: App, stuck: str) -> None:
    assert switched(app, "disable") == ("completed", "")
    assert refusal(app.http.get(f"{REPLY}/enable/status/{stuck}"))[0] == 400


def test_unknown_and_old_jobs_do_not_exist(indexed: Knowledge, app: App) -> None:
    gone = (400, "invalid_param", "The job does not exist.")
    assert refusal(app.http.get(f"{REPLY}/enable/status/{uuid.uuid4()}")) == gone
    assert refusal(app.http.get(f"{REPLY}/enable/status/nothing")) == gone
    assert switched(app, "enable")[0] == "completed"
    ended = annotation_settings.c.app_id == app.id
    with database(indexed.workspace.product) as connection:
        job = connection.execute(sa.select(annotation_settings.c.job_id).where(ended)).scalar_one()
        assert refusal(app.http.get(f"{REPLY}/disable/status/{job}")) == gone
        long_ago = sa.text("now() - interval '11 minutes'")
        connection.execute(sa.update(annotation_settings).where(ended).values(job_ended_at=long_ago))
        connection.commit()
    assert refusal(app.http.get(f"{REPLY}/enable/status/{job}")) == gone


def test_job_that_fails_says_why_and_the_next_one_may_succeed(app: App) -> None:
    added(app)
    status, error = switched(app, "enable", embedding_model_name="nobody-has-this")
    assert status == "error"
    assert error
    assert is_annotated(app) is None
    assert switched(app, "enable") == ("completed", "")
    assert eventually(lambda: is_annotated(app))


# The console


def test_console_keeps_annotations_of_an_app(indexed: Knowledge, app: App) -> None:
    first = console(indexed, app, "POST", "annotations", json=SEA)
    assert list(first) == ITEM_KEYS
    changed = console(indexed, app, "POST", f"annotations/{first['id']}", json={"question": "q", "answer": "a"})
    assert (changed["question"], changed["answer"]) == ("q", "a")
    second, third, fourth = added(app), added(app), added(app)
    assert console(indexed, app, "GET", "annotations", params={"limit": 1})["data"] == [fourth]
    console(indexed, app, "DELETE", "annotations", params={"annotation_id": [second["id"], third["id"]]})
    assert console(indexed, app, "GET", "annotations")["data"] == [fourth, changed]
    console(indexed, app, "DELETE", f"annotations/{fourth['id']}")
    assert console(indexed, app, "GET", "annotations/count") == {"count": 1}
    console(indexed, app, "DELETE", "annotations")
    assert console(indexed, app, "GET", "annotations")["total"] == 0


def test_console_annotates_a_message_once(indexed: Knowledge, app: App) -> None:
    message = answer(app, "What is deep?")["message_id"]
    first = console(indexed, app, "POST", "annotations", json={"message_id": message, "answer": "The sea."})
    assert (first["question"], first["answer"]) == ("What is deep?", "The sea.")
    again = console(indexed, app, "POST", "annotations", json={"message_id": message, "answer": "The ocean."})
    assert again == first | {"answer": "The ocean."}
    unknown = {"message_id": str(uuid.uuid4()), "answer": "a"}
    path = f"/console/api/apps/{app.id}/annotations"
    assert refusal(indexed.workspace.console.post(path, json=unknown)) == (404, "not_found", "Message Not Exists.")


def test_console_switches_the_reply(indexed: Knowledge, app: App) -> None:
    added(app)
    job = console(indexed, app, "POST", "annotation-reply/enable", json=ON)
    assert job["job_status"] == "waiting"
    path = f"annotation-reply/enable/status/{job['job_id']}"
    done = eventually(
        lambda: one if (one := console(indexed, app, "GET", path))["job_status"] == "completed" else None
    )
    assert done == {"job_id": job["job_id"], "job_status": "completed", "error_msg": ""}
    assert eventually(lambda: is_annotated(app))
