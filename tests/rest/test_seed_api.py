"""Rows of the API document that no test of a feature shows, through Envoy (``tests/ROWS.md`` lists all of them)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.harness.product import COMPATIBLE, App, Workspace
from tests.harness.stores import wait_until
from tests.rest.flows import PASS, chain, end, flow, llm, start
from tests.rest.knowledge import EMBEDDER, LINES, Knowledge, new_name, search_by
from tests.rest.parties import PNG, UPLOADS


def upload(app: App, user: str) -> dict[str, Any]:
    """A picture as calls name it."""
    made = app.http.post("/v1/files/upload", files={"file": ("dot.png", PNG, "image/png")}, data={"user": user})
    assert made.status_code == 201, made.text
    return {"type": "image", "transfer_method": "local_file", "upload_file_id": made.json()["id"]}


# Completion and workflows


def test_completion_takes_a_query_and_files(workspace: Workspace) -> None:
    app = workspace.app(
        "completion",
        model="asked-once@text={system}|{user}",
        pre_prompt="Speak of {{topic}}",
        file_upload=UPLOADS,
        user_input_form=[{"text-input": {"label": "topic", "variable": "topic", "required": False}}],
    )
    body = {"inputs": {"topic": "whales"}, "query": "two words", "user": "u", "files": [upload(app, "u")]}
    reply = app.http.post("/v1/completion-messages", json=body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["answer"].split() == ["Speak", "of", "whales", "|two", "words"]
    bad = {**body, "files": [upload(app, "somebody else")]}
    refused = app.http.post("/v1/completion-messages", json=bad)
    assert (refused.status_code, refused.json()["message"]) == (400, "Invalid upload file"), refused.text


def test_files_of_a_run_are_a_system_variable(workspace: Workspace) -> None:
    features = {"file_upload": UPLOADS}
    app = flow(workspace, chain(start(), end(files=("sys", "files"))), features=features)
    body = {"inputs": {}, "files": [upload(app, "u")], "user": "u"}
    data = app.http.post("/v1/workflows/run", json=body).json()["data"]
    assert data["status"] == "succeeded", data
    (file,) = data["outputs"]["files"]
    assert (file["filename"], file["type"], file["transfer_method"]) == ("dot.png", "image", "local_file")


def test_detail_of_a_run_has_the_fields_of_the_document(workspace: Workspace) -> None:
    app = flow(workspace, PASS)
    began = int(time.time())
    made = app.http.post("/v1/workflows/run", json={"inputs": {"name": "bo"}, "user": "u"}).json()
    found = app.http.get(f"/v1/workflows/run/{made['workflow_run_id']}").json()
    assert (found["id"], found["workflow_id"]) == (made["workflow_run_id"], made["data"]["workflow_id"])
    assert began - 1 <= found["created_at"] <= found["finished_at"] <= time.time() + 1
    assert (type(found["created_at"]), type(found["finished_at"])) == (int, int)
    assert 0 < found["elapsed_time"] < 10
    assert (found["total_steps"], found["total_tokens"], found["outputs"]) == (2, 0, {"output": "bo"})
    assert found["inputs"]["name"] == "bo"


def test_log_has_pages_of_twenty(workspace: Workspace) -> None:
    app = flow(workspace, PASS)
    made = [
        app.http.post("/v1/workflows/run", json={"inputs": {}, "user": "u"}).json()["workflow_run_id"] for _ in range(3)
    ]
    page = app.http.get("/v1/workflows/logs").json()
    assert (page["page"], page["limit"], page["total"], page["has_more"]) == (1, 20, 3, False)
    second = app.http.get("/v1/workflows/logs", params={"page": 2, "limit": 2}).json()
    assert [row["workflow_run"]["id"] for row in second["data"]] == made[:1]
    assert (second["page"], second["has_more"]) == (2, False)


def test_log_is_filtered_by_each_status(workspace: Workspace) -> None:
    model = "seed-flow@tokens=100,delay=50"
    workspace.add_model(model)
    app = flow(workspace, chain(start("name"), llm("llm", model, "{{#start.name#}}"), end(text=("llm", "text"))))
    body = {"inputs": {"name": "x"}, "user": "u", "response_mode": "streaming"}
    with app.http.stream("POST", "/v1/workflows/run", json=body) as reply:
        chunks = reply.iter_text()
        task = next(chunk for chunk in chunks if '"task_id"' in chunk).split('"task_id":"')[1][:36]
        app.http.post(f"/v1/workflows/tasks/{task}/stop", json={"user": "u"})
        assert '"stopped"' in "".join(chunks)

    def found(status: str) -> int:
        return int(app.http.get("/v1/workflows/logs", params={"status": status}).json()["total"])

    assert (found("succeeded"), found("failed"), found("stopped")) == (0, 0, 1)


# Conversations


@pytest.fixture(scope="module")
def talks(workspace: Workspace) -> tuple[App, list[str]]:
    """An app and three conversations of one user, oldest first; the oldest was talked in last."""
    app = workspace.app()
    made = []
    for at in range(3):
        made.append(app.send(f"q{at}", user="lister", auto_generate_name=False).json()["conversation_id"])
        time.sleep(0.01)
    app.send("again", user="lister", conversation_id=made[0])
    return app, made


@pytest.mark.parametrize(
    ("sort_by", "order"),
    [
        ("created_at", [0, 1, 2]), ("-created_at", [2, 1, 0]), ("updated_at", [1, 2, 0]), ("-updated_at", [0, 2, 1]),
        (None, [0, 2, 1]),
    ],
)  # fmt: skip
def test_conversations_are_sorted_as_asked(talks: tuple[App, list[str]], sort_by: str | None, order: list[int]) -> None:
    app, made = talks
    query = {"user": "lister", **({"sort_by": sort_by} if sort_by else {})}
    page = app.http.get("/v1/conversations", params=query).json()
    assert [one["id"] for one in page["data"]] == [made[at] for at in order]
    assert (page["limit"], page["has_more"]) == (20, False)
    walked: list[str] = []
    while len(walked) < 3:
        last = {"last_id": walked[-1]} if walked else {}
        step = app.http.get("/v1/conversations", params={**query, "limit": 1, **last}).json()
        assert step["has_more"] is (len(walked) < 2)
        walked.append(step["data"][0]["id"])
    assert walked == [made[at] for at in order]


def test_conversations_of_no_user_are_those_of_the_default_session(workspace: Workspace) -> None:
    app = workspace.app()
    app.send(user="somebody")
    page = app.http.get("/v1/conversations")
    assert (page.status_code, page.json()["data"]) == (200, [])
    made = app.send(user="DEFAULT-USER").json()["conversation_id"]
    assert [one["id"] for one in app.http.get("/v1/conversations").json()["data"]] == [made]


def test_conversation_is_renamed_by_hand_or_by_itself(workspace: Workspace) -> None:
    app = workspace.app()
    made = app.send("what is the sea", user="u", auto_generate_name=False).json()["conversation_id"]
    path = f"/v1/conversations/{made}/name"
    named = app.http.post(path, json={"name": "Mine", "user": "u"}).json()
    assert (named["id"], named["name"]) == (made, "Mine")
    # The model of this workspace gives no title, so the question is one.
    assert app.http.post(path, json={"auto_generate": True, "user": "u"}).json()["name"] == "what is the sea"


# Datasets


def test_dataset_is_made_as_its_fields_say(indexed: Knowledge) -> None:
    model = search_by("hybrid_search", top_k=7, score_threshold_enabled=True, score_threshold=0.25)
    made = indexed.ok(
        "POST", "/datasets",
        json={
            "name": new_name(), "description": "about the sea", "indexing_technique": "high_quality",
            "permission": "all_team_members", "provider": "vendor", "embedding_model": EMBEDDER,
            "embedding_model_provider": COMPATIBLE, "retrieval_model": model,
        },
    )  # fmt: skip
    shown = indexed.ok("GET", f"/datasets/{made['id']}")
    for one in (made, shown):
        assert (one["description"], one["permission"], one["provider"]) == (
            "about the sea",
            "all_team_members",
            "vendor",
        )
        assert (one["indexing_technique"], one["embedding_model"]) == ("high_quality", EMBEDDER)
        assert one["embedding_model_provider"] == COMPATIBLE
        stored = one["retrieval_model_dict"]
        assert (stored["search_method"], stored["top_k"], stored["score_threshold"]) == ("hybrid_search", 7, 0.25)


def test_document_is_made_as_its_fields_say(indexed: Knowledge) -> None:
    dataset_id = indexed.dataset()["id"]
    model = search_by("full_text_search", top_k=6)
    document = indexed.add_text(
        dataset_id, "Das Meer ist blau.", indexing_technique="high_quality", doc_form="text_model",
        doc_language="German", retrieval_model=model, process_rule=LINES,
    )  # fmt: skip
    assert (document["doc_form"], document["doc_language"]) == ("text_model", "German")
    plain = indexed.add_text(dataset_id, "The sea is blue.")
    assert (plain["doc_form"], plain["doc_language"]) == ("text_model", "English")
    stored = indexed.ok("GET", f"/datasets/{dataset_id}")
    assert (stored["indexing_technique"], stored["retrieval_model_dict"]["search_method"]) == (
        "high_quality", "full_text_search",
    )  # fmt: skip
    assert stored["retrieval_model_dict"]["top_k"] == 6
    listed = indexed.ok("GET", f"/datasets/{dataset_id}/documents", params={"page": 2, "limit": 1})
    assert [one["id"] for one in listed["data"]] == [document["id"]]
    assert indexed.ok("GET", f"/datasets/{dataset_id}/documents")["limit"] == 20


def test_archived_document_comes_back_as_it_was(indexed: Knowledge) -> None:
    dataset_id = indexed.economy()
    document = indexed.add_text(dataset_id, "A lonely lighthouse.")

    def after(action: str) -> tuple[bool, bool]:
        body = {"document_ids": [document["id"]]}
        assert indexed.ok("PATCH", f"/datasets/{dataset_id}/documents/status/{action}", json=body) == {
            "result": "success"
        }
        shown = indexed.ok("GET", f"/datasets/{dataset_id}/documents/{document['id']}")
        return shown["enabled"], shown["archived"]

    assert [after(action) for action in ("disable", "enable", "archive", "un_archive")] == [
        (False, False), (True, False), (True, True), (True, False),
    ]  # fmt: skip
    wait_until(lambda: bool(indexed.retrieve(dataset_id, "lighthouse")), "it is found again")
