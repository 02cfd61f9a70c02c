"""Annotations as files, and how near a question must be, in the console through Envoy (console-api.md section 9)."""

from __future__ import annotations

import httpx
import pytest

from tests.harness.product import App
from tests.rest.knowledge import Knowledge
from tests.rest.test_annotations import app, console, eventually, is_annotated, model, refusal, switched

__all__ = ["app", "model"]
CSV = 'question,answer\r\n"What is, say, the sea?","Salt\nwater."\r\n\r\n鯨は？,大きい\r\n'


def send(indexed: Knowledge, app: App, data: bytes, name: str = "notes.csv") -> httpx.Response:
    path = f"/console/api/apps/{app.id}/annotations/batch-import"
    return indexed.workspace.console.post(path, files={"file": (name, data, "text/csv")})


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_file_of_annotations_comes_in_and_goes_out(indexed: Knowledge, app: App, mark: str) -> None:
    reply = send(indexed, app, (mark + CSV).encode())
    assert reply.status_code == 200, reply.text
    taken = reply.json()
    assert (taken["job_status"], taken["record_count"]) == ("completed", 2)
    status = console(indexed, app, "GET", f"annotations/batch-import-status/{taken['job_id']}")
    assert status == {"job_id": taken["job_id"], "job_status": "completed", "error_msg": ""}
    exported = console(indexed, app, "GET", "annotations/export")
    assert list(exported) == ["data"]
    assert {(one["question"], one["answer"]) for one in exported["data"]} == {
        ("What is, say, the sea?", "Salt\nwater."), ("鯨は？", "大きい"),
    }  # fmt: skip
    assert sorted(exported["data"][0]) == ["answer", "created_at", "hit_count", "id", "question"]
    assert console(indexed, app, "GET", "annotations/count") == {"count": 2}


def test_export_has_all_annotations_however_many_there_are(indexed: Knowledge, app: App) -> None:
    lines = "".join(f"question {at},answer {at}\n" for at in range(1203))
    assert send(indexed, app, f"q,a\n{lines}".encode()).json()["record_count"] == 1203
    told = [one["question"] for one in console(indexed, app, "GET", "annotations/export")["data"]]
    assert len(told) == 1203 and set(told) == {f"question {at}" for at in range(1203)}
    console(indexed, app, "DELETE", "annotations")
    assert console(indexed, app, "GET", "annotations/export") == {"data": []}


@pytest.mark.parametrize(
    ("data", "name", "status", "code"),
    [
        (b"question,answer\nonly one\n", "a.csv", 400, "invalid_param"), (b"", "a.csv", 400, "invalid_param"),
        (b"question,answer\n", "a.csv", 400, "invalid_param"), (b"q,a\n\xff\xfe,b\n", "a.csv", 400, "invalid_param"),
        (b"q,a\nx,y\n", "a.txt", 400, "invalid_param"), (b'q,a\n"open,y\n', "a.csv", 400, "invalid_param"),
        (b"q,a\n" + b"x,y\n" * 10_001, "a.csv", 400, "invalid_param"),
        (b"q,a\n" + b"x" * (2 * 1024 * 1024), "a.csv", 413, "file_too_large"),
    ],
)  # fmt: skip
def test_file_that_is_none_adds_nothing(
    indexed: Knowledge, app: App, data: bytes, name: str, status: int, code: str
) -> None:
    assert refusal(send(indexed, app, data, name))[:2] == (status, code)
    assert console(indexed, app, "GET", "annotations/count") == {"count": 0}


def test_import_without_a_file_or_of_nobody_is_refused(indexed: Knowledge, app: App) -> None:
    path = f"/console/api/apps/{app.id}/annotations/batch-import"
    nothing = indexed.workspace.console.post(path, files={"other": ("a.csv", b"q,a\nx,y\n", "text/csv")})
    assert refusal(nothing)[:2] == (400, "no_file_uploaded")
    unknown = indexed.workspace.console.get(f"{path}-status/{app.id}")
    assert refusal(unknown) == (400, "invalid_param", "The job does not exist.")


def test_annotations_of_a_file_answer_and_their_threshold_moves(indexed: Knowledge, app: App) -> None:
    assert switched(app, "enable") == ("completed", "")
    assert send(indexed, app, CSV.encode()).is_success
    # The worker embeds what came in.
    eventually(lambda: is_annotated(app, "What is, say, the sea?"))
    setting = console(indexed, app, "GET", "annotation-setting")
    moved = console(indexed, app, "POST", f"annotation-settings/{setting['id']}", json={"score_threshold": 0.31})
    assert moved == {**setting, "score_threshold": 0.31}
    assert console(indexed, app, "GET", "annotation-setting") == moved
    path = f"/console/api/apps/{app.id}/annotation-settings"
    nobody = indexed.workspace.console.post(f"{path}/{app.id}", json={"score_threshold": 0.5})
    assert refusal(nobody) == (404, "not_found", "App annotation not found")
    missing = indexed.workspace.console.post(f"{path}/{setting['id']}", json={})
    assert refusal(missing)[:2] == (400, "invalid_param")
