"""The public app files come in, are published and do what their authors meant, through Envoy.

Models are a double that is told what to say; the one address that a file names is one of a server here.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.doubles.behaviour import Behaviour
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import COMPATIBLE, App
from tests.rest.knowledge import Knowledge

FILES = Path(__file__).resolve().parents[1] / "fixtures" / "dsl"
WEATHER = {
    "data": {
        "beginYear": 1991, "endYear": 2020,
        "data": [{"month": month, "maxTemp": month + 10, "minTemp": month, "rainfall": 5.5} for month in (1, 2)],
    }
}  # fmt: skip


class Published:
    """Makes clients of public files; what a node's model says is set by the node's id, or "" for all others."""

    def __init__(self, knowledge: Knowledge, brain: OpenAIServer) -> None:
        self._knowledge = knowledge
        self._brain = brain

    def __call__(self, name: str, says: dict[str, str], **addresses: str) -> App:
        document = yaml.safe_load((FILES / f"{name}.yml").read_text(encoding="utf-8"))
        for node in document["workflow"]["graph"]["nodes"]:
            data = node["data"]
            for holder in (data, data.get("single_retrieval_config") or {}):
                if "model" in holder:
                    holder["model"] |= {"provider": COMPATIBLE, "name": self._model(says.get(node["id"], says[""]))}
            if data["type"] == "http-request":
                data["url"] = addresses["url"]
        workspace = self._knowledge.workspace
        body = {"mode": "yaml-content", "yaml_content": yaml.safe_dump(document, allow_unicode=True)}
        made = workspace.ok(workspace.console.post("/console/api/apps/imports", json=body))
        assert made["warnings"] == []
        root = f"/console/api/apps/{made['app_id']}"
        workspace.ok(workspace.console.post(f"{root}/workflows/publish", json={}))
        key = workspace.ok(workspace.console.post(f"{root}/api-keys"))["token"]
        return App(workspace.product.url, made["app_id"], key)

    def _model(self, text: str) -> str:
        name = f"file-{uuid.uuid4().hex[:8]}"
        self._brain.script(name, Behaviour(text=text))
        return self._knowledge.add_model(self._brain.url, name, "llm")


@pytest.fixture
def published(indexed: Knowledge, brain: OpenAIServer) -> Published:
    return Published(indexed, brain)


@pytest.fixture
def weather() -> Iterator[str]:
    """The address of a server that tells the weather."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(WEATHER).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/climate?stationid=58367"
        server.shutdown()


def outputs(app: App, **inputs: str) -> dict[str, Any]:
    reply = app.http.post("/v1/workflows/run", json={"inputs": inputs, "user": "u"})
    assert reply.status_code == 200, reply.text
    data = reply.json()["data"]
    assert (data["status"], data["error"]) == ("succeeded", None), data
    found: dict[str, Any] = data["outputs"]
    return found


def answer(app: App, query: str, **fields: str) -> tuple[str, str]:
    """The answer, and the conversation that it is in."""
    reply = app.send(query, **fields)
    assert reply.status_code == 200, reply.text
    return reply.json()["answer"], reply.json()["conversation_id"]


def test_simple_chatflow_answers(published: Published) -> None:
    app = published("gra-chatflow-dsl-simple", {"": "You said {user}."})
    assert answer(app, "hello")[0] == "You said hello."


def test_translation_takes_the_branch_of_its_country(published: Published) -> None:
    says = {"1721117961155": "first try", "1721118559807": "plain", "1721118668192": "local", "": "{user}"}
    app = published("svc-translation-workflow", says)
    given = {"source_lang": "English", "target_lang": "Deutsch", "source_text": "Good day"}
    for more, suggestion in (({}, "plain"), ({"country": "Austria"}, "local")):
        edited = outputs(app, **given, **more)["output"]
        assert "first try" in edited
        assert f"{suggestion}\n" in edited
        assert "{{#" not in edited


def test_course_is_written_chapter_by_chapter(published: Published) -> None:
    plan = [{"chapter": "1", "title": "Ships", "contents": ["1.1 Hull", "1.2 Sail"]}]
    says = {"1728198088794": f"```json\n{json.dumps(plan)}\n```", "": "About {user}"}
    found = outputs(published("svc-dify-course-demo", says), course_name="Sailing")
    assert found["course_name"] == "Sailing"
    parts = ["1.1 Hull", "1.2 Sail"]
    assert len(found["course"]) == len(parts)
    for part, written in zip(parts, found["course"], strict=True):
        assert f"Ships {part}" in written["course"]
        assert written["info"]["subtitle"] == part


def test_form_logs_in_once_a_conversation(published: Published) -> None:
    app = published("svc-form-chat-demo", {"": "Let us talk about {user}"})
    form, conversation = answer(app, "hi")
    assert "<form" in form
    refused = answer(app, json.dumps({"username": "x", "password": "y"}), conversation_id=conversation)[0]
    assert "<form" in refused
    login = json.dumps({"username": "svcvit", "password": "y"})
    assert answer(app, login, conversation_id=conversation)[0] == "登录成功，我们聊点什么？"
    assert answer(app, "ships", conversation_id=conversation)[0] == "Let us talk about ships"
    assert "<form" in answer(app, "ships")[0]


@pytest.mark.parametrize(("category", "said"), [("1715846546749", "healthy"), ("1715846565625", "helpful")])
def test_reply_is_written_by_intent(published: Published, category: str, said: str) -> None:
    says = {
        "1718246909580": json.dumps({"category_id": category, "category_name": "-"}),
        "1718246916748": "healthy", "1718246959048": "helpful", "1718853322658": "{system}", "": "summary",
    }  # fmt: skip
    assert said in outputs(published("svc-reply-by-intent", says), query="My band does not pair")["output"]


def test_chart_is_drawn_of_what_an_address_tells(published: Published, weather: str) -> None:
    drawn, _ = answer(published("svc-chart-demo", {"": ""}, url=weather), "draw")
    assert drawn.startswith("```echarts")
    assert "1991年-2020年" in drawn
    assert "2月" in drawn
