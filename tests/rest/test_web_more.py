"""More of the Web API through Envoy: another answer, files elsewhere, forms without a passport (web-api.md 4, 7, 8)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.doubles.loopback import in_thread
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.web_server import WebServer
from tests.harness.product import COMPATIBLE, App, Workspace
from tests.harness.stores import wait_until
from tests.rest.flows import chain, end, flow, human, node, start
from tests.rest.knowledge import Knowledge
from tests.rest.sse import answer, events
from tests.rest.test_remote_files import _Files, files
from tests.rest.test_web_api import Visitor, error
from tests.rest.test_workflow_runs import run

__all__ = ["files"]
TOKENS = "".join(f"tok{at} " for at in range(10))
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@pytest.fixture(scope="module")
def workspace(indexed: Knowledge) -> Workspace:
    """On a product that may call addresses on loopback."""
    return indexed.workspace


@pytest.fixture(scope="module")
def site() -> Iterator[WebServer]:
    """A web server in this process."""
    with in_thread(WebServer()) as double:
        double.pages = {
            "/whale.png": (200, {"Content-Type": "image/png"}, PNG),
            "/report": (200, {"Content-Type": "application/pdf; charset=x"}, b"%PDF-1.4"),
            "/run.exe": (200, {"Content-Type": "application/octet-stream"}, b"MZ"),
            "/big.png": (200, {"Content-Type": "image/png"}, b"0" * (10 * 1024 * 1024 + 1)),
        }  # fmt: skip
        yield double


@pytest.fixture(scope="module")
def visitor(workspace: Workspace) -> Visitor:
    return Visitor(workspace, workspace.app())


# Another answer


def completion(indexed: Knowledge, model: str, **config: Any) -> App:
    form = [{"paragraph": {"label": "Query", "variable": "query", "required": True, "default": ""}}]
    app = indexed.workspace.app("completion", user_input_form=form, **config)
    place = f"/console/api/apps/{app.id}"
    document = indexed.workspace.ok(indexed.workspace.console.get(place))["model_config"]
    chosen = {"provider": COMPATIBLE, "name": model, "mode": "chat", "completion_params": {"temperature": 0.2}}
    indexed.workspace.ok(
        indexed.workspace.console.post(f"{place}/model-config", json={**document, "model": chosen})
    )
    return app


def test_more_like_this_answers_the_same_question_warmer_as_another_message(
    indexed: Knowledge, brain: OpenAIServer
) -> None:
    model = indexed.add_model(brain.url, f"more-{uuid.uuid4().hex[:8]}", "llm")
    page = Visitor(indexed.workspace, completion(indexed, model, more_like_this={"enabled": True}))
    first = page.http.post("/api/completion-messages", json={"inputs": {"query": "sum up whales"}}).json()
    path = f"/api/messages/{first['message_id']}/more-like-this"
    whole = page.http.get(path, params={"response_mode": "blocking"})
    assert whole.status_code == 200, whole.text
    assert (whole.json()["answer"], whole.json()["mode"]) == (TOKENS, "completion")
    assert whole.json()["message_id"] != first["message_id"]
    with page.http.stream("GET", path, params={"response_mode": "streaming"}) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        told = events(reply.iter_text())
    assert (answer(told), told[-1]["event"], told[-1]["metadata"]) == (TOKENS, "message_end", {"retriever_resources": []})
    calls = [call.json() for call in brain.calls if call.model == model and not call.json().get("max_tokens")]
    assert [call["temperature"] for call in calls[-3:]] == [0.2, 0.9, 0.9]
    assert len({str(call["messages"]) for call in calls[-3:]}) == 1
    listed = indexed.workspace.console.get(f"/console/api/apps/{page.app_id}/completion-conversations").json()
    assert listed["total"] == 1


def test_more_like_this_is_refused_where_it_is_off_or_makes_no_sense(
    indexed: Knowledge, workspace: Workspace, visitor: Visitor
) -> None:
    page = Visitor(workspace, completion(indexed, workspace.model))
    other = Visitor(workspace, completion(indexed, workspace.model, more_like_this={"enabled": True}))
    made = page.http.post("/api/completion-messages", json={"inputs": {"query": "x"}}).json()["message_id"]
    mode = {"response_mode": "blocking"}
    off = page.http.get(f"/api/messages/{made}/more-like-this", params=mode)
    message = "The 'More like this' feature is disabled. Please refresh your page."
    assert error(off) == (403, "app_more_like_this_disabled", message)
    for id_ in (made, str(uuid.uuid4()), "nothing"):
        reply = other.http.get(f"/api/messages/{id_}/more-like-this", params=mode)
        assert error(reply) == (404, "not_found", "Message Not Exists.")
    assert error(page.http.get(f"/api/messages/{made}/more-like-this"))[:2] == (400, "invalid_param")
    chat = visitor.http.get(f"/api/messages/{made}/more-like-this", params=mode)
    assert error(chat)[:2] == (400, "not_completion_app")


# Files elsewhere


@pytest.mark.parametrize("api", ["/api", "/console/api"])
def test_file_elsewhere_is_looked_at_and_copied(workspace: Workspace, visitor: Visitor, site: WebServer, api: str) -> None:
    http = visitor.http if api == "/api" else workspace.console
    picture = f"{site.url}/whale.png?size=1&name=a%20b"
    told = workspace.ok(http.get(f"{api}/remote-files/{quote(picture, safe='')}"))
    assert told == {"file_type": "image/png", "file_length": len(PNG)}
    made = http.post(f"{api}/remote-files/upload", json={"url": picture})
    assert made.status_code == 201, made.text
    body = made.json()
    assert sorted(body) == ["created_at", "created_by", "extension", "id", "mime_type", "name", "size", "url"]
    assert (body["name"], body["extension"], body["mime_type"], body["size"]) == ("whale.png", "png", "image/png", len(PNG))
    assert httpx.get(body["url"]).content == PNG
    named = workspace.ok(http.post(f"{api}/remote-files/upload", json={"url": f"{site.url}/report"}))
    assert (named["extension"], named["mime_type"]) == ("pdf", "application/pdf")


def test_address_that_knows_head_is_asked_by_it(visitor: Visitor, files: str) -> None:
    """What HEAD tells is believed: the file itself is not fetched."""
    asked = _Files.asked
    asked.clear()
    reply = visitor.http.get(f"/api/remote-files/{quote(f'{files}/download?id=7', safe='')}")
    assert reply.json() == {"file_type": "application/pdf", "file_length": 4711}
    assert asked == [("HEAD", "/download?id=7")]


def test_copy_of_a_visitor_goes_with_a_message(workspace: Workspace, site: WebServer) -> None:
    uploads = {
        "enabled": True, "allowed_file_types": ["image"], "allowed_file_upload_methods": ["local_file"],
        "number_limits": 1,
    }  # fmt: skip
    page = Visitor(workspace, workspace.app(file_upload=uploads))
    made = workspace.ok(page.http.post("/api/remote-files/upload", json={"url": f"{site.url}/whale.png"}))
    file = {"type": "image", "transfer_method": "local_file", "upload_file_id": made["id"]}
    sent = workspace.ok(page.send(files=[file]))
    query = {"conversation_id": sent["conversation_id"]}
    (message,) = workspace.ok(page.http.get("/api/messages", params=query))["data"]
    assert [item["upload_file_id"] for item in message["message_files"]] == [made["id"]]


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("http://10.0.0.1/a.png", 400, "remote_file_upload_error"), ("/gone.png", 400, "remote_file_upload_error"),
        ("http://169.254.169.254/latest", 400, "remote_file_upload_error"), ("", 400, "invalid_param"),
        ("file:///etc/passwd", 400, "remote_file_upload_error"), ("/big.png", 413, "file_too_large"),
        ("http://127.0.0.1:1/a.png", 400, "remote_file_upload_error"),
    ],
)  # fmt: skip
def test_file_that_may_not_or_cannot_be_had_is_refused(
    visitor: Visitor, site: WebServer, url: str, status: int, code: str
) -> None:
    address = site.url + url if url.startswith("/") else url
    reply = visitor.http.post("/api/remote-files/upload", json={"url": address})
    assert error(reply)[:2] == (status, code)
    if code == "remote_file_upload_error":
        looked = visitor.http.get(f"/api/remote-files/{quote(address, safe='')}")
        assert error(looked)[:2] == (status, code)


def test_file_that_ends_too_early_is_not_kept(visitor: Visitor, site: WebServer) -> None:
    reply = visitor.http.post("/api/remote-files/upload", json={"url": f"{site.url}/cut"})
    assert error(reply)[:2] == (400, "remote_file_upload_error")


# Forms without a passport


@pytest.fixture(scope="module")
def asking(workspace: Workspace) -> App:
    graph = chain(start("name"), human("ask", "Hi {{#start.name#}}"), end(said=("ask", "said")))
    for edge in graph["edges"]:
        if edge["source"] == "ask":
            edge["sourceHandle"] = "ok"
    return flow(workspace, graph)


def test_form_is_filled_in_by_whoever_has_its_token(workspace: Workspace, asking: App) -> None:
    paused = run(asking, {"name": "bo"})["data"]
    token = paused["reasons"][0]["form_token"]
    nobody = httpx.Client(base_url=workspace.product.url)
    form = workspace.ok(nobody.get(f"/api/form/human_input/{token}"))
    assert (form["form_content"], form["user_actions"][0]["id"]) == ("Hi bo", "ok")
    assert (form["site"]["app_id"], form["site"]["end_user_id"]) == (asking.id, None)
    bad = nobody.post(f"/api/form/human_input/{token}", json={"inputs": {"said": "x"}, "action": "no such"})
    assert error(bad)[:2] == (400, "invalid_form_data")
    sent = nobody.post(f"/api/form/human_input/{token}", json={"inputs": {"said": "yes"}, "action": "ok"})
    assert (sent.status_code, sent.json()) == (200, {})
    place = f"/v1/workflows/run/{paused['id']}"
    wait_until(lambda: asking.http.get(place).json()["status"] == "succeeded", "the run goes on")
    again = nobody.post(f"/api/form/human_input/{token}", json={"inputs": {"said": "no"}, "action": "ok"})
    assert error(again)[:2] == (412, "human_input_form_submitted")
    assert error(nobody.get("/api/form/human_input/nobodys")) == (404, "not_found", "Form not found")


@pytest.fixture(scope="module")
def handing_in(workspace: Workspace) -> App:
    """Asks for a picture and for papers."""
    fields = [
        {"type": "file", "output_variable_name": "photo", "allowed_file_types": ["image"]},
        {"type": "file-list", "output_variable_name": "papers", "allowed_file_types": ["document"], "number_limits": 2},
    ]  # fmt: skip
    asks = node(
        "ask", "human-input", form_content="Hand in {{#$output.photo#}}", delivery_methods=[], inputs=fields,
        user_actions=[{"id": "ok", "title": "Go on", "button_style": "primary"}],
    )
    graph = chain(start("name"), asks, end(photo=("ask", "photo"), papers=("ask", "papers")))
    for edge in graph["edges"]:
        if edge["source"] == "ask":
            edge["sourceHandle"] = "ok"
    return flow(workspace, graph)


def _local(http: httpx.Client, path: str, name: str, kind: str, **form: str) -> dict[str, str]:
    """An upload, as an input names it."""
    sent = http.post(path, files={"file": (name, PNG, "image/png" if kind == "image" else "text/plain")}, data=form)
    assert sent.status_code == 201, sent.text
    return {"type": kind, "transfer_method": "local_file", "upload_file_id": sent.json()["id"]}


def _ended(app: App, run_id: str) -> dict[str, Any]:
    place = f"/v1/workflows/run/{run_id}"
    wait_until(lambda: app.http.get(place).json()["status"] == "succeeded", "the run goes on")
    return dict(app.http.get(place).json()["outputs"])


def test_files_of_a_form_are_uploaded_without_a_passport_and_reach_the_run(
    workspace: Workspace, handing_in: App
) -> None:
    paused = run(handing_in, {"name": "bo"})["data"]
    form = f"/api/form/human_input/{paused['reasons'][0]['form_token']}"
    nobody = httpx.Client(base_url=workspace.product.url)
    given = workspace.ok(nobody.post(f"{form}/upload-token", json={}))
    assert 0 < given["expires_at"] - time.time() <= 600
    nobody.headers["Authorization"] = f"Bearer {given['upload_token']}"
    photo = _local(nobody, "/api/files/upload", "whale.png", "image")
    papers = [_local(nobody, "/api/files/upload", f"{at}.txt", "document") for at in range(2)]
    sent = nobody.post(form, json={"inputs": {"photo": photo, "papers": papers}, "action": "ok"})
    assert (sent.status_code, sent.json()) == (200, {})
    outputs = _ended(handing_in, paused["id"])
    assert (outputs["photo"]["filename"], outputs["photo"]["type"]) == ("whale.png", "image")
    assert [paper["filename"] for paper in outputs["papers"]] == ["0.txt", "1.txt"]
    assert error(nobody.post(f"{form}/upload-token", json={}))[:2] == (412, "human_input_form_submitted")
    assert error(nobody.post("/api/form/human_input/nobodys/upload-token", json={}))[:2] == (404, "not_found")


def test_files_of_a_form_are_those_of_who_fills_it_in_and_as_it_asks(handing_in: App) -> None:
    paused = run(handing_in, {"name": "bo"})["data"]
    form = f"/v1/form/human_input/{paused['reasons'][0]['form_token']}"
    mine = _local(handing_in.http, "/v1/files/upload", "whale.png", "image", user="bo")
    theirs = _local(handing_in.http, "/v1/files/upload", "whale.png", "image", user="somebody else")
    paper = _local(handing_in.http, "/v1/files/upload", "paper.txt", "document", user="bo")
    for photo, papers in ((theirs, []), (paper, []), (mine, [paper] * 3), ("mine", []), (mine, "paper")):
        body = {"inputs": {"photo": photo, "papers": papers}, "action": "ok", "user": "bo"}
        assert error(handing_in.http.post(form, json=body))[:2] == (400, "invalid_form_data"), body
    sent = handing_in.http.post(form, json={"inputs": {"photo": mine, "papers": []}, "action": "ok", "user": "bo"})
    assert (sent.status_code, sent.json()) == (200, {})
    outputs = _ended(handing_in, paused["id"])
    assert (outputs["photo"]["filename"], outputs["papers"]) == ("whale.png", [])


def test_forms_are_not_asked_for_too_often_from_one_address(workspace: Workspace) -> None:
    with httpx.Client(base_url=workspace.product.url) as nobody:
        # 30 and what comes back meanwhile, one in two seconds.
        replies = [nobody.get("/api/form/human_input/nobodys") for _ in range(60)]
    refused = [reply for reply in replies if reply.status_code == 429]
    assert len(refused) >= 10
    assert error(refused[-1])[:2] == (429, "web_form_rate_limit_exceeded")
    assert int(refused[-1].headers["retry-after"]) >= 1
