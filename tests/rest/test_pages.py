"""The pages of published apps and of the API, in headless Chromium, on a desktop and on a phone.

Pictures of what a visitor sees are kept below pytest's temporary folder (``screens*``), for a look at them.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.doubles.behaviour import Behaviour
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import PASSWORD, App, Workspace
from tests.harness.stores import wait_until
from tests.rest.flows import chain, end, flow, llm, start
from tests.rest.knowledge import Knowledge
from tests.rest.test_knowledge_apps import SEA, TEXT, configs

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f8cf00000206010027"
    "3486c70000000049454e44ae426082"
)


@dataclass
class Visit:
    """One page, and what went wrong in it."""

    page: Page
    url: str
    folder: Path
    faults: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def picture(self, name: str) -> None:
        """Keep what a visitor sees. Nothing may hang over the side."""
        self.page.screenshot(path=self.folder / f"{name}.png")
        wide = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], f"{name} is {wide[0]} wide on a screen of {wide[1]}"

    def ask(self, text: str) -> None:
        self.page.get_by_label("Message").fill(text)
        self.page.get_by_role("button", name="Send").click()

    def wait(self, condition: str) -> None:
        """Until it holds. The policy of the pages lets no script in that looks for itself."""
        wait_until(lambda: bool(self.page.evaluate(condition)), condition, every=0.05)

    @property
    def answers(self) -> Any:
        return self.page.locator(".answer")


Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        # A microphone that beeps, and nobody who must be asked for it.
        spoken = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *spoken])
        yield running
        running.close()


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("screens")


@pytest.fixture
def visit(browser: Browser, indexed: Knowledge, screens: Path) -> Iterator[Open]:
    """Opens pages of the product as new visitors; in none of them may anything go wrong unseen."""
    made: list[Visit] = []

    def opened(*, phone: bool = False) -> Visit:
        context = browser.new_context(viewport=PHONE if phone else DESKTOP, has_touch=phone, is_mobile=phone)
        context.set_default_timeout(10_000)
        found = Visit(context.new_page(), indexed.workspace.product.url, screens)
        found.page.on("pageerror", lambda error: found.faults.append(str(error)))
        found.page.on("console", lambda said: found.faults.append(said.text) if said.type == "error" else None)
        made.append(found)
        return found

    yield opened
    for each in made:
        each.page.context.close()
        assert each.faults == []


def code_of(workspace: Workspace, app: App) -> str:
    site = workspace.ok(workspace.console.get(f"/console/api/apps/{app.id}"))["site"]
    return str(site.get("code") or site["access_token"])


def scripted(knowledge: Knowledge, brain: OpenAIServer, **script: Any) -> str:
    """A model of this process that does as it is told."""
    model = knowledge.add_model(brain.url, f"pages-{uuid.uuid4().hex[:8]}", "llm")
    brain.script(model, Behaviour(**script))
    return model


def test_a_visitor_chats_and_rates_the_answer(visit: Open, indexed: Knowledge, brain: OpenAIServer) -> None:
    bad = "<img src='data:,' onerror=alert(1)><a href='javascript:alert(1)'>more</a><script>alert(1)</script>"
    text = bad + "\n\n## The sea\n\nIt is **blue**.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n"
    model = scripted(indexed, brain, text=text, delay=5)
    workspace = indexed.workspace
    app = workspace.app(model=model, opening_statement="Hello! Ask me about the sea.", suggested_questions=["Is it blue?"])
    seen = visit()
    seen.go(f"/chat/{code_of(workspace, app)}")
    expect(seen.answers).to_have_text("Hello! Ask me about the sea.")
    seen.picture("chat-desktop-empty")
    seen.ask("What is the sea?")
    expect(seen.page.locator(".answer h2")).to_have_text("The sea")
    expect(seen.page.get_by_title("Good answer")).to_be_visible()
    expect(seen.page.locator(".answer table td").first).to_have_text("1")
    for bad in ("img[onerror]", "a[href^=javascript]", "script"):
        assert seen.page.locator(f".answer {bad}").count() == 0
    with seen.page.expect_response(re.compile("/feedbacks$")) as rated:
        seen.page.get_by_title("Good answer").click()
    assert rated.value.ok
    expect(seen.page.locator(".side li")).to_have_count(1)
    seen.picture("chat-desktop-answer")
    seen.page.reload()
    seen.page.locator(".side li button").first.click()
    expect(seen.page.locator(".answer h2")).to_have_text("The sea")
    expect(seen.page.get_by_title("Good answer")).to_have_class(re.compile(r"\bon\b"))


def test_a_visitor_speaks_and_has_the_answer_read(visit: Open, indexed: Knowledge, brain: OpenAIServer) -> None:
    workspace = indexed.workspace
    for kind, script in (("speech2text", Behaviour(text="What is the sea?")), ("tts", Behaviour())):
        model = indexed.add_model(brain.url, f"pages-{uuid.uuid4().hex[:8]}", kind)
        brain.script(model, script)
        workspace.use_default(model, kind)
    voice = model
    app = workspace.app(
        model=scripted(indexed, brain, text="It is blue."), speech_to_text={"enabled": True},
        text_to_speech={"enabled": True, "autoPlay": "enabled"},
    )  # fmt: skip
    seen = visit(phone=True)
    seen.page.add_init_script(
        "window.played = []; HTMLMediaElement.prototype.play = async function () { played.push(this.src); };"
    )
    seen.go(f"/chat/{code_of(workspace, app)}")
    seen.page.get_by_title("Speak", exact=True).click()
    seen.picture("chat-phone-speaking")
    seen.page.wait_for_timeout(500)
    seen.page.get_by_title("Stop speaking").click()
    expect(seen.page.get_by_label("Message")).to_have_value("What is the sea?")
    heard = next(call for call in reversed(brain.calls) if call.path.endswith("/audio/transcriptions"))
    assert b"audio/wav" in heard.body and b"RIFF" in heard.body and len(heard.body) > 10_000
    seen.page.get_by_role("button", name="Send").click()
    seen.wait("played.length === 1 && played[0].startsWith('blob:')")
    with seen.page.expect_response(re.compile("/text-to-audio$")) as read:
        seen.page.get_by_title("Read aloud").click()
    assert read.value.headers["content-type"] == "audio/mpeg"
    seen.wait("played.length === 2")
    seen.picture("chat-phone-read")
    said = next(call for call in reversed(brain.calls) if call.model == voice)
    assert said.json()["input"].strip() == "It is blue."


def test_an_answer_is_stopped_and_its_part_stays(visit: Open, indexed: Knowledge) -> None:
    workspace = indexed.workspace
    app = workspace.app(model="pageslow@tokens=300,delay=30")
    seen = visit()
    seen.go(f"/chat/{code_of(workspace, app)}")
    seen.ask("Count")
    expect(seen.answers).to_contain_text("tok3")
    seen.picture("chat-desktop-streaming")
    seen.page.get_by_role("button", name="Stop").click()
    expect(seen.page.get_by_role("button", name="Send")).to_be_visible()
    expect(seen.page.get_by_title("Good answer")).to_be_visible()
    assert "tok299" not in seen.answers.inner_text()


def test_an_answer_goes_on_after_the_page_was_loaded_again(visit: Open, indexed: Knowledge) -> None:
    workspace = indexed.workspace
    app = workspace.app(model="pagelong@tokens=60,delay=50")
    seen = visit(phone=True)
    seen.go(f"/chat/{code_of(workspace, app)}")
    seen.ask("Count")
    expect(seen.answers).to_contain_text("tok5")
    seen.page.reload()
    expect(seen.answers).to_contain_text("tok9")
    expect(seen.page.get_by_role("button", name="Stop")).to_be_visible()
    expect(seen.page.get_by_title("Good answer")).to_be_visible()
    assert seen.answers.inner_text().split() == [f"tok{at}" for at in range(60)]
    expect(seen.page.locator(".said")).to_have_text("Count")


def test_a_phone_shows_one_thing_at_a_time(visit: Open, indexed: Knowledge) -> None:
    workspace = indexed.workspace
    app = workspace.app(
        user_input_form=[
            {"text-input": {"label": "Your name", "variable": "name", "required": True, "default": "", "max_length": 48}},
            {"select": {"label": "Language", "variable": "language", "required": False, "options": ["English", "中文"], "default": ""}},
        ],
    )  # fmt: skip
    seen = visit(phone=True)
    seen.go(f"/chat/{code_of(workspace, app)}")
    expect(seen.page.get_by_label("Your name")).to_be_visible()
    expect(seen.page.locator(".side")).to_be_hidden()
    seen.picture("chat-phone-form")
    seen.ask("Hello")
    expect(seen.page.get_by_role("alert")).to_have_text("Your name is needed.")
    seen.page.get_by_label("Your name").fill("Ann")
    seen.ask("A rather long question, as they are typed on the way home: what would you say to somebody who asks?")
    expect(seen.answers).to_contain_text("tok9")
    seen.picture("chat-phone-answer")
    seen.page.get_by_title("Conversations").click()
    expect(seen.page.locator(".side li")).to_have_count(1)
    seen.picture("chat-phone-conversations")


def test_a_visitor_sends_a_file(visit: Open, indexed: Knowledge, brain: OpenAIServer) -> None:
    workspace = indexed.workspace
    model = scripted(indexed, brain, text="I see it.")
    upload = {"enabled": True, "number_limits": 3, "transfer_methods": ["local_file", "remote_url"], "detail": "low"}
    app = workspace.app(model=model, file_upload={"image": upload, "enabled": True, "allowed_file_types": ["image"],
                        "allowed_file_upload_methods": ["local_file"], "number_limits": 3})
    seen = visit(phone=True)
    seen.go(f"/chat/{code_of(workspace, app)}")
    seen.page.locator("input[type=file]").set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": PIXEL})
    expect(seen.page.locator(".files")).to_contain_text("dot.png")
    seen.picture("chat-phone-file")
    with seen.page.expect_request(re.compile("/api/chat-messages$")) as sent:
        seen.ask("What is this?")
    (file,) = json.loads(sent.value.post_data or "")["files"]
    assert (file["type"], file["transfer_method"]) == ("image", "local_file")
    expect(seen.answers).to_have_text("I see it.")
    expect(seen.page.locator(".said")).to_contain_text("dot.png")


def test_an_answer_shows_its_sources(visit: Open, indexed: Knowledge, brain: OpenAIServer) -> None:
    workspace = indexed.workspace
    dataset = indexed.economy()
    document = indexed.add_text(dataset, TEXT)
    app = workspace.app(
        model=scripted(indexed, brain, text="It is blue."), dataset_configs=configs(dataset),
        retriever_resource={"enabled": True},
    )
    seen = visit()
    seen.go(f"/chat/{code_of(workspace, app)}")
    seen.ask("sea")
    seen.page.locator("details.sources summary").click()
    expect(seen.page.locator("details.sources li").first).to_contain_text(document["name"])
    expect(seen.page.locator("details.sources")).to_contain_text(SEA)
    seen.picture("chat-desktop-sources")


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_a_visitor_runs_a_workflow(visit: Open, indexed: Knowledge, brain: OpenAIServer, phone: bool) -> None:
    model = scripted(indexed, brain, text="A poem about {user}", delay=20)
    graph = chain(start("topic"), llm("think", model, "{{#start.topic#}}"), end(poem=("think", "text")))
    app = flow(indexed.workspace, graph)
    seen = visit(phone=phone)
    seen.go(f"/workflow/{code_of(indexed.workspace, app)}")
    seen.page.get_by_label("topic").fill("rivers")
    seen.picture(f"workflow-{'phone' if phone else 'desktop'}-form")
    seen.page.get_by_role("button", name="Run").click()
    expect(seen.answers).to_have_text("A poem about rivers")
    expect(seen.page.get_by_role("button", name="Run")).to_be_enabled()
    seen.picture(f"workflow-{'phone' if phone else 'desktop'}-result")


def test_a_visitor_has_a_text_written(visit: Open, indexed: Knowledge, brain: OpenAIServer) -> None:
    app = indexed.workspace.app(
        "completion", model=scripted(indexed, brain, text="Written: {user}"), pre_prompt="About {{topic}}",
        user_input_form=[{"paragraph": {"label": "Topic", "variable": "topic", "required": True, "default": ""}}],
    )
    seen = visit(phone=True)
    seen.go(f"/completion/{code_of(indexed.workspace, app)}")
    seen.page.get_by_role("button", name="Run").click()
    expect(seen.page.get_by_role("alert")).to_have_text("Topic is needed.")
    seen.page.get_by_label("Topic").fill("rivers")
    seen.page.get_by_role("button", name="Run").click()
    expect(seen.answers).to_contain_text("About rivers")
    with seen.page.expect_response(re.compile("/feedbacks$")) as rated:
        seen.page.get_by_title("Bad answer").click()
    assert rated.value.ok
    expect(seen.page.get_by_title("Bad answer")).to_have_attribute("aria-pressed", "true")
    seen.picture("completion-phone-result")


def test_the_page_of_an_unknown_app_says_so(visit: Open) -> None:
    seen = visit()
    seen.go("/chat/nosuchcode123456")
    expect(seen.page.locator("body")).to_contain_text("There is no such page")
    seen.picture("unknown-desktop")
    # The browser says so too.
    assert len(seen.faults) == 1 and "404" in seen.faults.pop()


class Docs:
    """The page of the API."""

    def __init__(self, seen: Visit) -> None:
        self.seen, self.page = seen, seen.page
        seen.go("/docs")

    def chapter(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def open(self, verb: str, path: str) -> Any:
        self.page.get_by_label("Find").fill(path)
        summaries = self.page.locator("summary").filter(has=self.page.get_by_text(path, exact=True))
        summary = summaries.filter(has=self.page.get_by_text(verb.upper(), exact=True))
        summary.click()
        return self.page.locator("details").filter(has=summary)

    def send(self, row: Any, verb: str) -> str:
        row.get_by_role("button", name=f"Send {verb.upper()}").click()
        expect(row.get_by_role("status")).to_contain_text("ms, request")
        return str(row.locator("pre.reply").inner_text())


def test_the_docs_send_calls_of_every_api(visit: Open, indexed: Knowledge) -> None:
    workspace = indexed.workspace
    app = workspace.app()
    docs = Docs(visit())
    docs.page.get_by_label("App key").fill(app.key)
    docs.seen.picture("docs-desktop")
    row = docs.open("post", "/v1/chat-messages")
    assert "tok9" in docs.send(row, "post")
    docs.seen.picture("docs-desktop-stream")
    row.get_by_label("Body").fill(json.dumps({"inputs": {}, "query": "hi", "user": "me", "response_mode": "blocking"}))
    assert json.loads(docs.send(row, "post"))["answer"].startswith("tok0")
    row = docs.open("post", "/v1/files/upload")
    row.get_by_label("File").set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": PIXEL})
    row.get_by_label("user").fill("me")
    assert json.loads(docs.send(row, "post"))["name"] == "dot.png"
    docs.chapter("Knowledge API")
    docs.page.get_by_label("Dataset key").fill(indexed.key)
    assert "data" in json.loads(docs.send(docs.open("get", "/v1/datasets"), "get"))
    docs.chapter("Web API")
    docs.page.get_by_label("App code").fill(code_of(workspace, app))
    assert json.loads(docs.send(docs.open("get", "/api/site"), "get"))["app_id"] == app.id
    docs.chapter("Console API")
    with docs.page.context.expect_page() as opened:
        docs.page.get_by_role("link", name="sign in").click()
    opened.value.get_by_label("E-mail").fill("owner@example.com")
    opened.value.get_by_label("Password").fill(PASSWORD)
    opened.value.get_by_role("button").click()
    expect(opened.value.locator("body")).to_contain_text("You are signed in")
    assert app.id in docs.send(docs.open("get", "/console/api/apps"), "get")
    docs.seen.picture("docs-desktop-console")


def test_the_docs_can_be_used_on_a_phone(visit: Open, indexed: Knowledge) -> None:
    docs = Docs(visit(phone=True))
    docs.page.get_by_label("App key").fill(indexed.workspace.app().key)
    docs.seen.picture("docs-phone")
    row = docs.open("get", "/v1/parameters")
    assert "user_input_form" in docs.send(row, "get")
    docs.seen.picture("docs-phone-call")
