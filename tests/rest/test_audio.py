"""Speech through Envoy: recordings as text, texts and answers as sound, in the Service API and on pages.

The packaged voice and ear are real, in their real process, reached as models of an OpenAI-compatible provider.
"""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import time
import urllib.request
import wave
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest
from google.api.httpbody_pb2 import HttpBody

from server.embedded.state import free_ports
from tests.doubles.openai_server import OpenAIServer
from tests.harness.product import COMPATIBLE, App, Product, Workspace
from tests.harness.stores import wait_until
from tests.rest.flows import chain, llm, start
from tests.rest.parties import PROVIDERS, OtherWorkspace
from tests.rest.sse import event, events, frames
from tests.rest.test_web_api import Visitor
from transom.audio.v1 import audio_http_service_pb2, audio_http_service_pb2_grpc

SENTENCE = "The refund window is fourteen days. Please contact our support team."
KEY = "local-key"
LISTENS = {"speech_to_text": {"enabled": True}}
SPEAKS = {"text_to_speech": {"enabled": True, "voice": "", "language": ""}}
PLAYS = {"text_to_speech": {"enabled": True, "voice": "bob", "language": "", "autoPlay": "enabled"}}


@pytest.fixture(scope="module")
def packaged() -> Iterator[str]:
    """The process of the packaged models."""
    (port,) = free_ports(1)
    environment = {**os.environ, "TRANSOM_LOCAL_MODEL_KEY": KEY}
    child = subprocess.Popen([sys.executable, "-m", "server", "model", "--port", str(port)], env=environment)

    def listens() -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=1).close()
        except OSError as error:
            return "401" in str(error)
        return False

    try:
        wait_until(listens, "the packaged models answer", seconds=60)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        child.terminate()
        child.wait(10)


class Speech:
    """A workspace of its own speech models: the double's are chosen unless ``packaged`` is asked for."""

    def __init__(self, workspace: Workspace, double: OpenAIServer, packaged: str) -> None:
        self.workspace = workspace
        self.double = double
        self._add("pocketsphinx-en-us", "speech2text", packaged)
        self._add("hibari", "tts", packaged, voices="heart")
        self._add("double-ear", "speech2text", double.base_url)
        self._add("double-voice", "tts", double.base_url, voices="ann, bob")

    def _add(self, model: str, model_type: str, url: str, **form: str) -> None:
        credentials = {"endpoint_url": url, "api_key": KEY, "context_size": "4096", **form}
        body = {"model": model, "model_type": model_type, "credentials": credentials}
        console = self.workspace.console
        self.workspace.ok(console.post(f"{PROVIDERS}/{COMPATIBLE}/models/credentials", json=body))

    def voice(self, model: str) -> None:
        """Add a scripted voice of the double and choose it."""
        self._add(model, "tts", self.double.base_url, voices="ann, bob")
        self.workspace.use_default(model, "tts")

    def use(self, *, packaged: bool) -> None:
        """Choose the models."""
        self.workspace.use_default("pocketsphinx-en-us" if packaged else "double-ear", "speech2text")
        self.workspace.use_default("hibari" if packaged else "double-voice", "tts")


@pytest.fixture(scope="module")
def speech(product: Product, workspace: Workspace, model_url: str, brain: OpenAIServer, packaged: str) -> Speech:
    """A workspace beside the first one, which the instance must have."""
    return Speech(OtherWorkspace(product, model_url), brain, packaged)


@pytest.fixture(autouse=True)
def place(speech: Speech) -> Workspace:
    """The workspace, with the double's models chosen."""
    speech.use(packaged=False)
    return speech.workspace


@pytest.fixture(scope="module")
def app(speech: Speech) -> App:
    return speech.workspace.app(**LISTENS, **SPEAKS)


def speak(app: App, **body: Any) -> httpx.Response:
    return app.http.post("/v1/text-to-audio", json={"user": "u", **body})


def hear(app: App, data: bytes = b"sound", kind: str = "audio/mp3", **form: str) -> httpx.Response:
    return app.http.post("/v1/audio-to-text", files={"file": ("a", data, kind)}, data=form)


def error(reply: httpx.Response) -> tuple[int, str, str]:
    body = reply.json()
    assert set(body) == {"code", "message", "status"} and body["status"] == reply.status_code
    return reply.status_code, body["code"], body["message"]


def words(spoken: list[dict[str, Any]]) -> str:
    sound = b"".join(base64.b64decode(item["audio"]) for item in spoken if item["event"] == "tts_message")
    return sound.decode().replace("[bob]", "").strip()


# The packaged models


def test_what_the_packaged_voice_says_the_packaged_ear_writes_down(speech: Speech, app: App) -> None:
    speech.use(packaged=True)
    with app.http.stream("POST", "/v1/text-to-audio", json={"text": SENTENCE}) as reply:
        assert (reply.status_code, reply.headers["content-type"]) == (200, "audio/mpeg")
        assert "content-length" not in reply.headers
        mp3 = b"".join(reply.iter_raw())
    assert mp3[:2] == b"\xff\xf3" and 30_000 < len(mp3) < 60_000
    heard = hear(app, mp3).json()
    assert list(heard) == ["text"]
    assert heard["text"].startswith("the refund window is fourteen days please contact")
    assert heard["text"].endswith("support team")


def test_wav_that_comes_whole_has_its_length_and_can_be_heard(speech: Speech, app: App) -> None:
    speech.use(packaged=True)
    reply = speak(app, text="What is the capital of France?", response_format="wav", streaming=False)
    assert reply.headers["content-type"] == "audio/wav" and int(reply.headers["content-length"]) == len(reply.content)
    with wave.open(io.BytesIO(reply.content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert file.getnframes() * 2 + 44 == len(reply.content)
    assert hear(app, reply.content, "audio/wav").json() == {"text": "what is the capital of france"}


def test_the_packaged_models_say_what_they_cannot_do(speech: Speech, app: App) -> None:
    speech.use(packaged=True)
    status, code, message = error(speak(app, text="你好，世界。"))
    assert (status, code) == (400, "completion_request_error") and "English only" in message
    status, code, message = error(hear(app, b"no sound at all" * 100))
    assert (status, code) == (400, "completion_request_error") and "cannot be read" in message
    silence = io.BytesIO()
    with wave.open(silence, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(64_000))
    assert hear(app, silence.getvalue(), "audio/wav").json() == {"text": ""}


# audio-to-text


def test_recordings_are_refused_in_the_documented_words(place: Workspace, app: App) -> None:
    assert error(hear(place.app())) == (400, "speech_to_text_disabled", "Speech to text is disabled.")
    nothing = app.http.post("/v1/audio-to-text", files={"other": (None, "x")})
    assert error(nothing) == (400, "no_audio_uploaded", "Please upload your audio.")
    assert error(app.http.post("/v1/audio-to-text", json={})) == (400, "no_audio_uploaded", "Please upload your audio.")
    for kind in ("audio/mpeg", "audio/webm", "audio/mp4", "text/plain"):
        assert error(hear(app, kind=kind)) == (415, "unsupported_audio_type", "Audio type not allowed.")
    large = b"x" * (30 * 1024 * 1024 + 1)
    assert error(hear(app, large)) == (413, "audio_too_large", "Audio size larger than 30 mb")


@pytest.mark.parametrize("kind", ["audio/mp3", "audio/m4a", "audio/wav", "audio/amr", "audio/mpga"])
def test_every_documented_type_is_taken_and_the_model_is_told(app: App, kind: str) -> None:
    reply = hear(app, kind=kind, user="somebody")
    assert reply.json() == {"text": f"audio.{kind.partition('/')[2]} of {kind}"}


def test_recording_of_thirty_megabytes_is_heard(app: App) -> None:
    assert hear(app, b"x" * (30 * 1024 * 1024)).json()["text"] == "audio.mp3 of audio/mp3"


# text-to-audio


def test_texts_are_refused_in_the_documented_words(place: Workspace, app: App) -> None:
    assert error(speak(app)) == (400, "invalid_param", "Text is required")
    assert error(speak(app, text=" ... ")) == (400, "invalid_param", "Text is required")
    assert error(speak(app, text="x" * 10_001)) == (400, "invalid_param", "text must have at most 10,000 characters")
    assert error(speak(place.app(), text="hi")) == (400, "invalid_param", "TTS is not enabled")
    for message in ("no id", "6f7b1f34-52a0-4b8a-8a4b-6a2f4b0f1a11"):
        assert error(speak(app, message_id=message, text="hi")) == (404, "not_found", "Message Not Exists.")
    status, code, message = error(speak(app, text="hi", voice="nobody"))
    assert (status, code) == (400, "invalid_param") and message.startswith("voice must be one of ann, bob")
    assert error(speak(app, text="hi", response_format="ogg"))[:2] == (400, "invalid_param")


def test_voice_is_the_asked_one_else_the_apps_else_the_models_first(place: Workspace, app: App) -> None:
    assert speak(app, text="hi").content == b"[ann]hi "
    assert speak(app, text="hi", voice="bob").content == b"[bob]hi "
    chosen = place.app(text_to_speech={"enabled": True, "voice": "bob"})
    assert speak(chosen, text="hi").content == b"[bob]hi "
    # As Dify: an empty voice does not ask whether the feature is on.
    assert speak(place.app(), text="hi", voice="").content == b"[ann]hi "
    gone = place.app(text_to_speech={"enabled": True, "voice": "alloy"})
    assert speak(gone, text="hi").content == b"[ann]hi "


def test_answer_is_read_to_its_own_user_only(app: App) -> None:
    sent = app.send(user="alice").json()
    reply = speak(app, message_id=sent["message_id"], user="alice", text="something else")
    assert reply.content.decode().replace("[ann]", "") == sent["answer"]
    assert error(speak(app, message_id=sent["message_id"], user="bob"))[:2] == (404, "not_found")
    assert error(speak(app, message_id=sent["message_id"]))[:2] == (404, "not_found")


def test_sound_leaves_as_it_is_made_and_who_leaves_stops_the_voice(speech: Speech, app: App) -> None:
    speech.voice("leaving-voice@delay=200")
    began = time.monotonic()
    with app.http.stream("POST", "/v1/text-to-audio", json={"text": "word " * 100}) as reply:
        first = next(reply.iter_raw())
        assert first == b"[ann]word " and time.monotonic() - began < 5
    call = next(call for call in speech.double.calls if call.model.startswith("leaving-voice") and b"word" in call.body)
    wait_until(lambda: call.disconnected_at is not None, "the call of the model is closed", seconds=5)
    assert call.sent < 50


def test_fault_of_the_voice_is_an_error_before_the_sound(speech: Speech, app: App) -> None:
    speech.voice("limited-voice@error=rate,skip=1")
    assert error(speak(app, text="hi"))[:2] == (429, "rate_limit_error")


def test_workspace_without_speech_models_says_so(product: Product, model_url: str) -> None:
    app = OtherWorkspace(product, model_url).app(**LISTENS, **SPEAKS)
    assert error(hear(app)) == (400, "provider_not_support_speech_to_text", "Provider not support speech to text.")
    assert error(speak(app, text="hi"))[:2] == (400, "provider_not_initialize")
    # What is played cannot be, and the answer comes all the same.
    with OtherWorkspace(product, model_url).app(**PLAYS).stream() as reply:
        names = [item["event"] for item in events(reply.iter_text())]
    assert names[-2:] == ["message_end", "tts_message_end"]


# Workflows


def test_chatflow_and_workflow_speak_by_their_published_features(place: Workspace) -> None:
    flow = Flow(place, "advanced-chat", {**LISTENS, **SPEAKS})
    assert error(speak(flow.app, text="hi")) == (400, "app_unavailable", "Workflow not published")
    flow.publish()
    assert speak(flow.app, text="hi").content == b"[ann]hi "
    assert hear(flow.app).status_code == 200
    silent = Flow(place, "workflow", {})
    silent.publish()
    assert error(speak(silent.app, text="hi")) == (400, "invalid_param", "TTS is not enabled")
    assert error(hear(silent.app))[1] == "speech_to_text_disabled"


class Flow:
    """A chatflow or workflow that asks the double."""

    def __init__(self, workspace: Workspace, mode: str, features: dict[str, Any], model: str = "flowing") -> None:
        self._workspace = workspace
        self.app = workspace.app(mode)
        workspace.add_model(model)
        nodes = [start(), llm("llm", model, "hello")]
        if mode == "advanced-chat":
            nodes.append(
                {"id": "answer", "type": "custom", "data": {"type": "answer", "title": "A", "answer": "{{#llm.text#}}"}}
            )
        else:
            outputs = [{"variable": "text", "value_selector": ["llm", "text"]}]
            nodes.append({"id": "end", "type": "custom", "data": {"type": "end", "title": "E", "outputs": outputs}})
        body = {"graph": chain(*nodes), "features": features, "environment_variables": [], "conversation_variables": []}
        workspace.ok(workspace.console.post(f"/console/api/apps/{self.app.id}/workflows/draft", json=body))

    def publish(self) -> None:
        path = f"/console/api/apps/{self.app.id}/workflows/publish"
        self._workspace.ok(self._workspace.console.post(path, json={}))


# Auto-play


ANSWER = "One is first. Two is second. Three comes then. Four ends it"


def test_stream_of_an_app_that_plays_is_spoken_and_no_other(speech: Speech) -> None:
    script = f"plays@text={ANSWER},delay=20"
    app = speech.workspace.app(model=script, **PLAYS)
    with app.stream() as reply:
        found = events(reply.iter_text())
    assert words(found) == ANSWER
    names = [item["event"] for item in found]
    assert names[-1] == "tts_message_end" and found[-1]["audio"] == ""
    assert "message" not in names[names.index("message_end") :]
    envelopes = [
        {name: item[name] for name in ("task_id", "conversation_id", "message_id", "created_at")} for item in found
    ]
    assert all(envelope == envelopes[0] for envelope in envelopes)
    quiet = speech.workspace.app(model=script, text_to_speech={**PLAYS["text_to_speech"], "autoPlay": "disabled"})
    with quiet.stream() as reply:
        assert {item["event"] for item in events(reply.iter_text())} == {"message", "message_end"}
    assert app.send().json()["answer"].strip() == ANSWER


def test_speech_is_not_in_the_log_and_has_no_number(speech: Speech) -> None:
    app = speech.workspace.app(model="numbered@text=One is first. Two is second. Three.", **PLAYS)
    with app.stream(headers={"Last-Event-ID": "0"}) as reply:
        found = [event(frame) for frame in frames(reply.iter_text())]
    spoken = [item for item in found if item["event"].startswith("tts")]
    assert spoken and all("_id" not in item for item in spoken)
    logged = [item for item in found if not item["event"].startswith("tts")]
    assert [item["_id"] for item in logged] == list(range(1, len(logged) + 1))
    path = f"/v1/chat-messages/{found[0]['task_id']}/events"
    with app.http.stream("GET", path, params={"user": "u"}, headers={"Last-Event-ID": "0"}) as reply:
        assert [event(frame) for frame in frames(reply.iter_text())] == logged


def test_slow_voice_delays_no_text(speech: Speech) -> None:
    speech.voice("slow-voice@first=1500")
    app = speech.workspace.app(model=f"unhindered@text={ANSWER}", **PLAYS)
    began, ended = time.monotonic(), 0.0
    with app.stream() as reply:
        for frame in frames(reply.iter_text()):
            if event(frame)["event"] == "message_end":
                ended = time.monotonic()
    assert ended - began < 1.4 < time.monotonic() - began


def test_stop_ends_the_speech_of_a_run_that_goes_on_and_of_one_that_has_ended(speech: Speech) -> None:
    speech.voice("patient-voice@delay=400")
    running = speech.workspace.app(model="talks@tokens=300,delay=30", **PLAYS)
    ended = speech.workspace.app(model=f"talked@text={'Some words are said here. ' * 8}", **PLAYS)
    for app, wait in ((running, "message"), (ended, "message_end")):
        stopped = 0.0
        with app.stream() as reply:
            for frame in frames(reply.iter_text()):
                item = event(frame)
                if item["event"] == wait and not stopped:
                    stopped = time.monotonic()
                    app.http.post(f"/v1/chat-messages/{item['task_id']}/stop", json={"user": "u"})
        assert item["event"] == "tts_message_end" and time.monotonic() - stopped < 3


def test_reader_who_leaves_stops_the_speech_and_not_the_answer(speech: Speech) -> None:
    speech.voice("left-voice@delay=200")
    app = speech.workspace.app(model=f"left@text={'Some words are said here. ' * 8}", **PLAYS)
    with app.stream() as reply:
        for frame in frames(reply.iter_text()):
            if event(frame)["event"] == "tts_message":
                break
    spoken = [call for call in speech.double.calls if call.model.startswith("left-voice")][-1]
    wait_until(lambda: spoken.disconnected_at is not None, "the call of the voice is closed", seconds=5)
    assert app.http.get("/v1/conversations", params={"user": "u"}).json()["data"]


def test_text_that_takes_the_place_of_the_answer_is_spoken_instead(speech: Speech) -> None:
    speech.voice("held-voice@first=300")
    rule = {
        "keywords": "secret", "inputs_config": {"enabled": False},
        "outputs_config": {"enabled": True, "preset_response": "This is not said."},
    }  # fmt: skip
    app = speech.workspace.app(
        model="held@text=The secret is out. It is known. Nobody minds.", **PLAYS,
        sensitive_word_avoidance={"enabled": True, "type": "keywords", "config": rule},
    )  # fmt: skip
    with app.stream() as reply:
        found = events(reply.iter_text())
    assert "message_replace" in [item["event"] for item in found]
    assert words(found) == "This is not said."


def test_stop_of_somebody_else_does_not_silence_an_answer(speech: Speech) -> None:
    app = speech.workspace.app(model=f"undisturbed@text={ANSWER}", **PLAYS)
    speech.voice("steady-voice@delay=50")
    with app.stream() as reply:
        found = []
        for frame in frames(reply.iter_text()):
            found.append(event(frame))
            if found[-1]["event"] == "message_end":
                app.http.post(f"/v1/chat-messages/{found[-1]['task_id']}/stop", json={"user": "mallory"})
    assert words(found) == ANSWER


def test_broken_voice_ends_the_speech_and_not_the_answer(speech: Speech) -> None:
    speech.voice("broken-voice@error=server,skip=1")
    app = speech.workspace.app(model=f"unbroken@text={ANSWER}", **PLAYS)
    with app.stream() as reply:
        names = [item["event"] for item in events(reply.iter_text())]
    assert names[-2:] == ["message_end", "tts_message_end"] and "tts_message" not in names


def test_failed_answer_ends_with_the_end_of_speech(speech: Speech) -> None:
    app = speech.workspace.app(model="fails@fault_at=2", **PLAYS)
    with app.stream() as reply:
        names = [item["event"] for item in events(reply.iter_text())]
    assert names[-2:] == ["error", "tts_message_end"]


def test_agents_chatflows_workflows_and_completions_are_spoken(speech: Speech) -> None:
    workspace, script = speech.workspace, f"modes@text={ANSWER}"
    agent = workspace.app(
        "agent-chat", model=script, agent_mode={"enabled": True, "strategy": "function_call", "tools": []}, **PLAYS
    )
    completion = workspace.app("completion", model=script, **PLAYS)
    flows = [Flow(workspace, mode, PLAYS, script) for mode in ("advanced-chat", "workflow")]
    for flow in flows:
        flow.publish()
    body = {"inputs": {"query": "q"}, "query": "q", "user": "u", "response_mode": "streaming"}
    asked = [
        (agent, "/v1/chat-messages"),
        (completion, "/v1/completion-messages"),
        (flows[0].app, "/v1/chat-messages"),
        (flows[1].app, "/v1/workflows/run"),
    ]
    for app, path in asked:
        with app.http.stream("POST", path, json=body) as reply:
            found = events(reply.iter_text())
        assert words(found) == ANSWER, path
        assert found[-1]["event"] == "tts_message_end", path
    assert found[-1]["workflow_run_id"] and "message_id" not in found[-1]


# gRPC


def test_audio_crosses_grpc_as_bytes(app: App, product: Product) -> None:
    metadata = [("authorization", f"Bearer {app.key}")]
    head = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\ncontent-type: audio/wav\r\n\r\n'
    body = head + b"x" * 100_000 + b"\r\n--b--\r\n"
    pieces = [HttpBody(data=body[at : at + 30_000]) for at in range(0, len(body), 30_000)]
    pieces[0].content_type = "multipart/form-data; boundary=b"
    with grpc.insecure_channel(product.url.removeprefix("http://")) as channel:
        stub = audio_http_service_pb2_grpc.AudioServiceStub(channel)
        heard = stub.ConvertAudioToText(iter(pieces), metadata=metadata, timeout=30)
        order = audio_http_service_pb2.ConvertTextToAudioRequest(text="one two", voice="bob", user="u")
        spoken = list(stub.ConvertTextToAudio(order, metadata=metadata, timeout=30))
    assert heard.text == "audio.wav of audio/wav"
    assert spoken[0].content_type == "audio/mpeg"
    assert b"".join(piece.data for piece in spoken) == b"[bob]one [bob]two "


# Pages


def test_visitor_speaks_and_is_spoken_to(speech: Speech, app: App) -> None:
    visitor = Visitor(speech.workspace, app)
    heard = visitor.http.post("/api/audio-to-text", files={"file": ("a", b"sound", "audio/wav")})
    assert heard.json() == {"text": "audio.wav of audio/wav"}
    sent = visitor.send().json()
    spoken = visitor.http.post("/api/text-to-audio", json={"message_id": sent["message_id"], "streaming": True})
    assert spoken.headers["content-type"] == "audio/mpeg"
    assert spoken.content.decode().replace("[ann]", "") == sent["answer"]
    other = Visitor(speech.workspace, app)
    assert error(other.http.post("/api/text-to-audio", json={"message_id": sent["message_id"]}))[0] == 404
    plays = Visitor(speech.workspace, speech.workspace.app(model=f"page@text={ANSWER}", **PLAYS))
    body = {"inputs": {}, "query": "q", "response_mode": "streaming"}
    with plays.http.stream("POST", "/api/chat-messages", json=body) as reply:
        assert words(events(reply.iter_text())) == ANSWER
